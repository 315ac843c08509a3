// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// From a matrix to any format, and the size of each.
#include "slots.hpp"
#include "src/arithmetic.hpp"

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

template <class T>
Index bytes_of(const std::vector<T>& array) {
  return static_cast<Index>(array.size() * sizeof(T));
}

// Bytes of what says where the values of each format belong.
Index metadata(std::monostate) { return 0; }
Index metadata(const CscArrays& of) { return bytes_of(of.col_ptr) + bytes_of(of.row_idx); }
Index metadata(const CooArrays& of) { return bytes_of(of.row_idx) + bytes_of(of.col_idx); }
Index metadata(const BsrArrays& of) { return bytes_of(of.block_ptr) + bytes_of(of.block_idx); }
Index metadata(const EllArrays& of) { return bytes_of(of.row_length) + bytes_of(of.col_idx); }
Index metadata(const SellArrays& of) {
  return bytes_of(of.slice_ptr) + bytes_of(of.row_order) + bytes_of(of.row_length) + bytes_of(of.col_idx);
}
Index metadata(const BitmapArrays& of) { return bytes_of(of.words); }
Index metadata(const NmArrays& of) { return bytes_of(of.positions); }
Index metadata(const TcsrArrays& of) {
  return bytes_of(of.run_ptr) + bytes_of(of.run_rows) + bytes_of(of.run_count) + bytes_of(of.row_ptr) +
         bytes_of(of.row_idx) + bytes_of(of.slot_ptr) + bytes_of(of.col_offset);
}

void pack_arrays(const CsrArrays& csr, PackedStorage& packed) {
  switch (packed.options.format) {
    case Format::csc:
      return pack_csc(csr, packed);
    case Format::coo:
      return pack_coo(csr, packed);
    case Format::bsr:
      return pack_bsr(csr, packed);
    case Format::ell:
      return pack_ell(csr, packed);
    case Format::sell:
      return pack_sell(csr, packed);
    case Format::bitmap:
      return pack_bitmap(csr, packed);
    case Format::nm:
      return pack_nm(csr, packed);
    default:
      return pack_tcsr(csr, packed);
  }
}

// Not less than what the array's formats take, and not much more: bytes that grow would take twice as much for a while.
// Lane numbers have up to 8 bits, a step's number of columns 9, an index of A 31.
Index bitmap_bytes_at_most(const PackedStorage& packed) {
  const LiveLists& live = *packed.live;
  const Index vectors = packed.by_rows() ? packed.rows : packed.cols;
  const Index elements = std::min(live.tile, packed.by_rows() ? packed.cols : packed.rows);
  const Index first_stage = packed.options.format == Format::tsb ? vectors / 8 : 0;
  return packed.nnz * (size_of(packed.type) + 1) + live.tile_ptr.back() * (elements / 8 + 3) +
         static_cast<Index>(live.index.size()) * 4 + live.tiles() * (first_stage + 16);
}

}  // namespace

Index PackedStorage::tile_size(Index t) const {
  return std::min(live->tile, (by_rows() ? cols : rows) - t * live->tile);
}

Footprint PackedStorage::footprint() const {
  const Index size = size_of(type);
  switch (options.format) {
    case Format::dense:
      return {rows * cols * size, 0};
    case Format::csr:
      return {stored * size, bytes_of(csr.row_ptr) + bytes_of(csr.col_idx)};
    case Format::tsb:
    case Format::csb:
      return {stored * size, bytes_of(bytes) - stored * size};
    default:
      return {stored * size, std::visit([](const auto& of) { return metadata(of); }, arrays)};
  }
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
  packed->rows = csr.rows, packed->cols = csr.cols, packed->nnz = packed->stored = csr.nnz();
  if (options.format == Format::csr) {
    packed->csr = std::move(csr);
    return packed;
  }
  if (options.format > Format::csb) {
    pack_arrays(csr, *packed);
    packed->stored = static_cast<Index>(packed->values.size()) / size_of(packed->type);
    return packed;
  }
  packed->live = make_live_lists(csr, options.dataflow, options.array, options.combine);
  packed->bytes.reserve(bitmap_bytes_at_most(*packed));
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

}  // namespace septet::detail
