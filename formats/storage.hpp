// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What a PackedMatrix owns: the bytes of its format, and what was found out about its pattern.
#pragma once

#include "arrays.hpp"
#include "csr.hpp"
#include "dense_panels.hpp"
#include "src/plan.hpp"

#include <cstring>
#include <variant>

namespace septet::detail {

/// A kernel loads whole vectors of a panel's last row.
constexpr Index kPanelSlack = 192;

/// One layout for each options.format:
///   dense  `bytes`: dense_panels.hpp, with kPanelSlack bytes behind them that kernels may read.
///   csr    `csr`: row offsets (8 bytes), column indices (4 bytes), values.
///   tsb    `bytes`: per tile of `live`, from tile_offset[t] on: the stage-1 bits, the stage-2 bits (docs/dataflows.md,
///          section 5; least significant bit first), zero bits up to a byte, then the values.
///   csb    `bytes`: per tile, its four parts, each from a byte on.
///   others `arrays` and `values`: arrays.hpp.
/// tile_offset and `live` (the Plan's part) are derived from the bytes and not counted by the footprint.
struct PackedStorage {
  PackOptions options;
  std::string why;  ///< how the format was chosen, if it was not given
  Type type = Type::f32;
  Index rows = 0;
  Index cols = 0;
  Index nnz = 0;     ///< elements that are not zero
  Index stored = 0;  ///< all but dense: slots; more than nnz by zeros injected, padding, and zeros of update_values()
  std::vector<std::byte> bytes;
  std::vector<Index> tile_offset;
  std::shared_ptr<const LiveLists> live;
  CsrArrays csr;
  std::variant<std::monostate, CscArrays, CooArrays, BsrArrays, EllArrays, SellArrays, BitmapArrays, NmArrays,
               TcsrArrays>
      arrays;
  std::vector<std::byte> values;

  /// Format::dense: the rows of A, or the columns of B.
  DensePanels panels() const {
    const bool right = options.side == Side::right;
    return {type, right ? cols : rows, right ? rows : cols};
  }
  Index tile_count() const { return live ? live->tiles() : 0; }
  /// Rows of m-tile t, or columns of k-tile t.
  Index tile_size(Index t) const;
  /// sIS's orientation: tiles of columns, whose vectors are rows.
  bool by_rows() const { return options.dataflow == Dataflow::sIS; }
  Footprint footprint() const;
};

/// Packs `csr` as the options say (format and dataflow not automatic, and fitting each other).
std::shared_ptr<const PackedStorage> pack_csr(CsrArrays csr, const PackOptions& options);
/// Packs a validated view (A, or B if options.side says so) as Format::dense.
std::shared_ptr<const PackedStorage> pack_dense(const ConstMatrix& a, const PackOptions& options);

/// Replaces what is `automatic` in `options`, for an A that is sparse (a sparse view) or not.
PackOptions resolved(PackOptions options, bool sparse_view);

/// Writes out a matrix that was packed as Format::dense.
void unpack_dense(const PackedStorage& packed, const Matrix& a);
/// The non-zeros of a packed matrix of any format but dense. Stored zeros are left out.
CsrArrays csr_from(const PackedStorage& packed);
/// A packed matrix of any format but dense, written out: zeros (or zero points) everywhere, then the non-zeros. Same
/// shape and type.
void expand(const PackedStorage& packed, const Matrix& a);

/// `packed` (not dense) with the values of `a`, of the same shape and type. Throws Error (bad_structure) where `a` has
/// a non-zero and `packed` no slot.
std::shared_ptr<const PackedStorage> with_values(const PackedStorage& packed, const CsrArrays& a);

// The two bitmap formats, one tile at a time (tsb.cpp, csb.cpp).
void append_tsb(const CsrArrays& csr, PackedStorage& packed);
void append_csb(const CsrArrays& csr, PackedStorage& packed);

/// Where the parts of TSB tile t begin: bits counted from tile_offset[t], values from `bytes`.
struct TsbTile {
  const std::byte* bits;  ///< stage 1, then stage 2
  Index stage2;           ///< bit where stage 2 begins
  Index vector_bits;      ///< bits per live vector: the tile's size
  const std::byte* values;
};
TsbTile tsb_tile(const PackedStorage& packed, Index t);

/// One element of A: its place, and its value's bits in the low bytes.
struct Element {
  std::int32_t row;
  std::int32_t k;
  std::uint64_t bits;

  template <class T>
  T value() const {
    T result;
    std::memcpy(&result, &bits, sizeof(T));  // little-endian, as everything this library runs on
    return result;
  }
};
/// The weights of CSB tile t as csOS streams them: steps in order, rows (counted from the tile's first) ascending.
/// Clears `weights` first.
void csb_weights(const PackedStorage& packed, Index t, std::vector<Element>& weights);
/// Replaces the values of tile t, in the same order; returns what follows the last one read.
const std::byte* put_csb_values(PackedStorage& packed, Index t, const std::byte* values);

}  // namespace septet::detail
