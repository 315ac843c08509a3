// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// From a matrix to the four formats and back.
#include "bits.hpp"
#include "src/arithmetic.hpp"
#include "storage.hpp"

#include <algorithm>

namespace septet::detail {
namespace {

// Calls f(element in the panels, row, column) for every element of a matrix that is packed as Format::dense.
template <class T, class Bytes, class F>
void for_each_panel_element(const DensePanels& panels, bool right, Bytes* bytes, F&& f) {
  for (Index i = 0; i < panels.outer; ++i) {
    for (Index k = 0; k < panels.k; ++k) {
      using Element = std::conditional_t<std::is_const_v<Bytes>, const T, T>;
      f(*reinterpret_cast<Element*>(bytes + panels.offset(i, k)), right ? k : i, right ? i : k);
    }
  }
}

template <class T>
void fill_panels(const ConstMatrix& a, PackedStorage& packed) {
  const bool right = packed.options.side == Side::right;
  for_each_panel_element<T>(packed.panels(), right, packed.bytes.data(), [&](T& to, Index i, Index j) {
    to = static_cast<const T*>(a.data)[i * a.row_stride + j * a.col_stride];
    packed.nnz += !is_zero(to, packed.options.zero_point);
  });
}

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

void append_csb_elements(const PackedStorage& packed, Index t, std::vector<Element>& scratch,
                         std::vector<Element>& elements) {
  csb_weights(packed, t, scratch);
  for (Element element : scratch) {
    element.row += static_cast<std::int32_t>(t * packed.live->tile);
    elements.push_back(element);
  }
}

}  // namespace

Index PackedStorage::tile_size(Index t) const {
  return std::min(live->tile, (by_rows() ? cols : rows) - t * live->tile);
}

Footprint PackedStorage::footprint() const {
  const Index size = size_of(type);
  if (options.format == Format::dense) return {rows * cols * size, 0};
  if (options.format == Format::csr) {
    return {nnz * size,
            static_cast<Index>(csr.row_ptr.size() * sizeof(Index) + csr.col_idx.size() * sizeof(std::int32_t))};
  }
  return {nnz * size, static_cast<Index>(bytes.size()) - nnz * size};
}

PackOptions resolved(PackOptions options, bool sparse_view) {
  if (options.side == Side::right && options.format == Format::automatic && !is_sparse(options.dataflow)) {
    options.format = Format::dense;
  }
  if (options.dataflow == Dataflow::automatic) {
    switch (options.format) {
      case Format::automatic:
        options.dataflow = sparse_view ? Dataflow::csOS : Dataflow::dOS;
        break;
      case Format::dense:
        options.dataflow = Dataflow::dOS;
        break;
      case Format::tsb:
        options.dataflow = Dataflow::sOS;
        break;
      default:
        options.dataflow = Dataflow::csOS;
        break;
    }
    // Nobody asked for the array's format: plain CSR keeps the same order and is what the CPU reads quickest.
    if (options.format == Format::automatic && sparse_view && options.combine.policy == CombinePolicy::in_order) {
      options.format = Format::csr;
    }
  }
  if (options.format == Format::automatic) {
    options.format = !is_sparse(options.dataflow)         ? Format::dense
                     : options.dataflow == Dataflow::csOS ? Format::csb
                                                          : Format::tsb;
  }
  return options;
}

std::shared_ptr<const PackedStorage> pack_csr(CsrArrays csr, const PackOptions& options) {
  auto packed = std::make_shared<PackedStorage>();
  packed->options = options;
  packed->type = csr.type;
  packed->rows = csr.rows, packed->cols = csr.cols, packed->nnz = csr.nnz();
  if (options.format == Format::csr) {
    packed->csr = std::move(csr);
    return packed;
  }
  packed->live = make_live_lists(csr, options.dataflow, options.array, options.combine);
  if (options.format == Format::tsb) append_tsb(csr, *packed);
  if (options.format == Format::csb) append_csb(csr, *packed);
  return packed;
}

std::shared_ptr<const PackedStorage> pack_dense(const ConstMatrix& a, const PackOptions& options) {
  auto packed = std::make_shared<PackedStorage>();
  packed->options = options;
  packed->type = a.type;
  packed->rows = a.rows, packed->cols = a.cols;
  packed->bytes.resize(packed->panels().bytes() + kPanelSlack);
  with_type(a.type, [&](auto* tag) { fill_panels<std::remove_pointer_t<decltype(tag)>>(a, *packed); });
  return packed;
}

void unpack_dense(const PackedStorage& packed, const Matrix& a) {
  with_type(a.type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    const bool right = packed.options.side == Side::right;
    for_each_panel_element<T>(packed.panels(), right, packed.bytes.data(), [&](const T& from, Index i, Index j) {
      static_cast<T*>(a.data)[i * a.row_stride + j * a.col_stride] = from;
    });
  });
}

CsrArrays csr_from(const PackedStorage& packed) {
  if (packed.options.format == Format::csr) return packed.csr;
  std::vector<Element> elements, scratch;
  for (Index t = 0; t < packed.tile_count(); ++t) {
    if (packed.options.format == Format::tsb) append_tsb_elements(packed, t, elements);
    if (packed.options.format == Format::csb) append_csb_elements(packed, t, scratch, elements);
  }
  std::sort(elements.begin(), elements.end(),
            [](const Element& x, const Element& y) { return x.row != y.row ? x.row < y.row : x.k < y.k; });
  CsrArrays csr;
  csr.rows = packed.rows, csr.cols = packed.cols, csr.type = packed.type;
  csr.row_ptr.assign(packed.rows + 1, 0);
  const Index size = size_of(packed.type);
  csr.values.resize(elements.size() * size);
  for (std::size_t p = 0; p < elements.size(); ++p) {
    ++csr.row_ptr[elements[p].row + 1];
    csr.col_idx.push_back(elements[p].k);
    std::memcpy(csr.values.data() + p * size, &elements[p].bits, size);
  }
  for (Index i = 0; i < packed.rows; ++i) csr.row_ptr[i + 1] += csr.row_ptr[i];
  return csr;
}

}  // namespace septet::detail
