// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "slots.hpp"

#include "bits.hpp"
#include "csr.hpp"
#include "src/arithmetic.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace septet::detail {
namespace {

// Every stored element of a TSB tile.
void append_tsb_elements(const PackedStorage& packed, Index t, std::vector<Element>& elements) {
  const Index size = size_of(packed.type), begin = t * packed.live->tile;
  const TsbTile tile = tsb_tile(packed, t);
  const std::byte* value = tile.values;
  BitReader stage2(tile.bits, tile.stage2);
  for (Index v = 0; v < packed.live->steps(t); ++v) {
    const std::int32_t vector = packed.live->begin(t)[v];
    for (Index e = 0; e < tile.vector_bits; ++e) {
      if (stage2.get(1) == 0) continue;
      const auto other = static_cast<std::int32_t>(begin + e);
      Element element = packed.by_rows() ? Element{vector, other, 0} : Element{other, vector, 0};
      std::memcpy(&element.bits, value, size);
      elements.push_back(element);
      value += size;
    }
  }
}

// Calls f(the elements of tile t of a bitmap format, in the order of their values) for every t.
template <class F>
void for_each_tile(const PackedStorage& packed, F&& f) {
  std::vector<Element> elements;
  for (Index t = 0; t < packed.tile_count(); ++t) {
    elements.clear();
    if (packed.options.format == Format::tsb) {
      append_tsb_elements(packed, t, elements);
    } else {
      csb_weights(packed, t, elements);
      for (Element& element : elements) element.row += static_cast<std::int32_t>(t * packed.live->tile);
    }
    f(t, elements);
  }
}

void tiled_places(const PackedStorage& packed, SlotPlaces& places) {
  for_each_tile(packed, [&](Index, const std::vector<Element>& elements) {
    for (const Element& element : elements) places.add(element.row, element.k);
  });
}

void csr_places(const PackedStorage& packed, SlotPlaces& places) {
  for (Index i = 0; i < packed.rows; ++i) {
    places.row.insert(places.row.end(), packed.csr.row_ptr[i + 1] - packed.csr.row_ptr[i],
                      static_cast<std::int32_t>(i));
  }
  places.k = packed.csr.col_idx;
}

// Slots whose value is not zero, by rows, k ascending within each: their numbers, and the offsets of the rows.
struct Sorted {
  std::vector<Index> row_ptr;
  std::vector<Index> slots;
};

Sorted sort_by_rows(const SlotPlaces& places, const std::vector<bool>& keep, Index rows) {
  Sorted sorted;
  sorted.row_ptr.assign(rows + 1, 0);
  for (Index p = 0; p < places.size(); ++p) {
    if (keep[p]) ++sorted.row_ptr[places.row[p] + 1];
  }
  std::partial_sum(sorted.row_ptr.begin(), sorted.row_ptr.end(), sorted.row_ptr.begin());
  sorted.slots.resize(sorted.row_ptr.back());
  std::vector<Index> next(sorted.row_ptr.begin(), sorted.row_ptr.end() - 1);
  for (Index p = 0; p < places.size(); ++p) {
    if (keep[p]) sorted.slots[next[places.row[p]]++] = p;
  }
  // All but first-fit CSB have the k of a row ascending.
  const auto by_k = [&](Index p, Index q) { return places.k[p] < places.k[q]; };
  for (Index i = 0; i < rows; ++i) {
    const auto begin = sorted.slots.begin() + sorted.row_ptr[i], end = sorted.slots.begin() + sorted.row_ptr[i + 1];
    if (!std::is_sorted(begin, end, by_k)) std::sort(begin, end, by_k);
  }
  return sorted;
}

template <class T>
std::vector<bool> non_zeros(const SlotPlaces& places, const std::vector<std::byte>& values, int zero_point) {
  std::vector<bool> result(places.size());
  const T* value = reinterpret_cast<const T*>(values.data());
  for (Index p = 0; p < places.size(); ++p) result[p] = places.row[p] >= 0 && !is_zero(value[p], zero_point);
  return result;
}

// Which of `a`'s non-zeros lies at each slot, or -1; `found` marks those that have one.
std::vector<Index> sources(const SlotPlaces& places, const CsrArrays& a, std::vector<bool>& found) {
  std::vector<Index> result(places.size(), -1);
  std::vector<Index> cursor(a.row_ptr.begin(), a.row_ptr.end() - 1);
  for (Index slot = 0; slot < places.size(); ++slot) {
    const std::int32_t row = places.row[slot], k = places.k[slot];
    if (row < 0) continue;
    Index& next = cursor[row];
    const auto end = a.col_idx.begin() + a.row_ptr[row + 1];
    if (next == a.row_ptr[row + 1] || a.col_idx[next] != k) {  // not the row's next one: elsewhere, or nowhere
      const auto at = std::lower_bound(a.col_idx.begin() + a.row_ptr[row], end, k);
      if (at == end || *at != k) continue;
      next = at - a.col_idx.begin();
    }
    found[next] = true;
    result[slot] = next++;
  }
  return result;
}

void require_all_found(const std::vector<bool>& found, const CsrArrays& a, Format format) {
  const Index missing = std::find(found.begin(), found.end(), false) - found.begin();
  if (missing == a.nnz()) return;
  const Index row = std::upper_bound(a.row_ptr.begin(), a.row_ptr.end(), missing) - a.row_ptr.begin() - 1;
  throw Error(Status(Cause::bad_structure, "a",
                     "row " + std::to_string(row) + ", column " + std::to_string(a.col_idx[missing]) +
                         " is not zero, and packed (" + name(format) + ") stores no element there"));
}

}  // namespace

Index fill_zeros(PackedStorage& packed, Index lines, Index width) {
  const Index size = size_of(packed.type);
  Index slots = 0, bytes = 0;
  if (!multiply(lines, width, slots) || !multiply(slots, std::max<Index>(size, sizeof(std::int32_t)), bytes)) {
    throw Error(Status(Cause::bad_shape, "a",
                       std::string(name(packed.options.format)) + ": " + std::to_string(lines) + " times " +
                           std::to_string(width) + " slots take more than 2^63 bytes"));
  }
  with_type(packed.type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    packed.values.resize(slots * size);
    std::fill_n(reinterpret_cast<T*>(packed.values.data()), slots, zero_element<T>(packed.options.zero_point));
  });
  return slots;
}

SlotPlaces slot_places(const PackedStorage& packed) {
  SlotPlaces places;
  places.row.reserve(packed.stored);
  places.k.reserve(packed.stored);
  switch (packed.options.format) {
    case Format::csr:
      csr_places(packed, places);
      break;
    case Format::csc:
      csc_places(packed, places);
      break;
    case Format::coo:
      coo_places(packed, places);
      break;
    case Format::bsr:
      bsr_places(packed, places);
      break;
    case Format::ell:
      ell_places(packed, places);
      break;
    case Format::sell:
      sell_places(packed, places);
      break;
    case Format::bitmap:
      bitmap_places(packed, places);
      break;
    case Format::nm:
      nm_places(packed, places);
      break;
    case Format::tcsr:
      tcsr_places(packed, places);
      break;
    default:
      tiled_places(packed, places);
      break;
  }
  return places;
}

std::vector<std::byte> slot_values(const PackedStorage& packed) {
  if (packed.options.format == Format::csr) return packed.csr.values;
  if (packed.options.format > Format::csb) return packed.values;
  const Index size = size_of(packed.type);
  std::vector<std::byte> values(packed.stored * size);
  std::byte* next = values.data();
  for_each_tile(packed, [&](Index, const std::vector<Element>& elements) {
    for (const Element& element : elements) {
      std::memcpy(next, &element.bits, size);
      next += size;
    }
  });
  return values;
}

void put_slot_values(const std::vector<std::byte>& values, PackedStorage& packed) {
  if (packed.options.format == Format::csr) {
    packed.csr.values = values;
  } else if (packed.options.format > Format::csb) {
    packed.values = values;
  } else {
    const std::byte* next = values.data();
    for (Index t = 0; t < packed.tile_count(); ++t) {
      if (packed.options.format == Format::csb) {
        next = put_csb_values(packed, t, next);
        continue;
      }
      const TsbTile tile = tsb_tile(packed, t);
      const Index bits = packed.live->steps(t) * tile.vector_bits;
      const Index bytes = count_ones(tile.bits, tile.stage2, tile.stage2 + bits) * size_of(packed.type);
      if (bytes == 0) continue;
      std::memcpy(packed.bytes.data() + (tile.values - packed.bytes.data()), next, bytes);
      next += bytes;
    }
  }
}

CsrArrays csr_from(const PackedStorage& packed) {
  if (packed.options.format == Format::csr && packed.stored == packed.nnz) return packed.csr;
  const SlotPlaces places = slot_places(packed);
  const std::vector<std::byte> values = slot_values(packed);
  const std::vector<bool> keep = with_type(packed.type, [&](auto* tag) {
    return non_zeros<std::remove_pointer_t<decltype(tag)>>(places, values, packed.options.zero_point);
  });
  const Sorted sorted = sort_by_rows(places, keep, packed.rows);
  CsrArrays csr;
  csr.rows = packed.rows, csr.cols = packed.cols, csr.type = packed.type;
  csr.row_ptr = sorted.row_ptr;
  csr.col_idx.reserve(csr.nnz());
  const Index size = size_of(packed.type);
  csr.values.resize(csr.nnz() * size);
  for (Index p = 0; p < csr.nnz(); ++p) {
    csr.col_idx.push_back(places.k[sorted.slots[p]]);
    std::memcpy(csr.values.data() + p * size, values.data() + sorted.slots[p] * size, size);
  }
  return csr;
}

// The array's own formats tile by tile: a list of all their elements would be several times as large as they are.
void expand(const PackedStorage& packed, const Matrix& a) {
  const int zero_point = packed.options.zero_point;
  if (packed.options.format != Format::tsb && packed.options.format != Format::csb) {
    return expand(csr_from(packed), zero_point, a);
  }
  with_type(packed.type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    T* to = static_cast<T*>(a.data);
    for (Index i = 0; i < a.rows; ++i) {
      for (Index k = 0; k < a.cols; ++k) to[i * a.row_stride + k * a.col_stride] = zero_element<T>(zero_point);
    }
    for_each_tile(packed, [&](Index, const std::vector<Element>& elements) {
      for (const Element& element : elements) {
        const T value = element.value<T>();
        if (!is_zero(value, zero_point)) to[element.row * a.row_stride + element.k * a.col_stride] = value;
      }
    });
  });
}

std::shared_ptr<const PackedStorage> with_values(const PackedStorage& packed, const CsrArrays& a) {
  std::vector<bool> found(a.nnz());
  const std::vector<Index> source = sources(slot_places(packed), a, found);
  require_all_found(found, a, packed.options.format);
  auto updated = std::make_shared<PackedStorage>(packed);
  updated->nnz = a.nnz();
  const Index size = size_of(packed.type);
  std::vector<std::byte> values(source.size() * size);
  with_type(packed.type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    const T zero = zero_element<T>(packed.options.zero_point);
    const T* from = reinterpret_cast<const T*>(a.values.data());
    T* to = reinterpret_cast<T*>(values.data());
    for (const Index p : source) *to++ = p < 0 ? zero : from[p];
  });
  put_slot_values(values, *updated);
  return updated;
}

}  // namespace septet::detail
