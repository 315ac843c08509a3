// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the formats of arrays.hpp have in common: values in slots, and where each slot lies in A.
#pragma once

#include "storage.hpp"

#include <string>

namespace septet::detail {

/// Row and column of every slot, in slot order. Padding has neither: -1.
struct SlotPlaces {
  std::vector<std::int32_t> row;
  std::vector<std::int32_t> k;

  void add(Index i, Index column) {
    row.push_back(static_cast<std::int32_t>(i));
    k.push_back(static_cast<std::int32_t>(column));
  }
  void add_padding() { add(-1, -1); }
  Index size() const { return static_cast<Index>(row.size()); }
};

/// Moves values from a CSR matrix to their slots.
class SlotWriter {
 public:
  SlotWriter(const CsrArrays& csr, std::vector<std::byte>& values)
      : from_(csr.values.data()), to_(values.data()), size_(size_of(csr.type)) {}

  void copy(Index p, Index slot) const { std::memcpy(to_ + slot * size_, from_ + p * size_, size_); }

 private:
  const std::byte* from_;
  std::byte* to_;
  Index size_;
};

/// `packed.values` of lines * width slots, all zero (the zero point); returns their number. Throws Error (bad_shape)
/// where their bytes, or those of an index for each, are not counted in 63 bits.
Index fill_zeros(PackedStorage& packed, Index lines, Index width);

/// The slots of a packed matrix of any format but dense: stored elements in the order of their values.
SlotPlaces slot_places(const PackedStorage& packed);
/// Their values; and back.
std::vector<std::byte> slot_values(const PackedStorage& packed);
void put_slot_values(const std::vector<std::byte>& values, PackedStorage& packed);

// One file each: to the format, and where its slots lie.
void pack_csc(const CsrArrays& csr, PackedStorage& packed);
void pack_coo(const CsrArrays& csr, PackedStorage& packed);
void pack_bsr(const CsrArrays& csr, PackedStorage& packed);
void pack_ell(const CsrArrays& csr, PackedStorage& packed);
void pack_sell(const CsrArrays& csr, PackedStorage& packed);
void pack_bitmap(const CsrArrays& csr, PackedStorage& packed);
void pack_nm(const CsrArrays& csr, PackedStorage& packed);
void pack_tcsr(const CsrArrays& csr, PackedStorage& packed);

void csc_places(const PackedStorage& packed, SlotPlaces& places);
void coo_places(const PackedStorage& packed, SlotPlaces& places);
void bsr_places(const PackedStorage& packed, SlotPlaces& places);
void ell_places(const PackedStorage& packed, SlotPlaces& places);
void sell_places(const PackedStorage& packed, SlotPlaces& places);
void bitmap_places(const PackedStorage& packed, SlotPlaces& places);
void nm_places(const PackedStorage& packed, SlotPlaces& places);
void tcsr_places(const PackedStorage& packed, SlotPlaces& places);

/// Words of a bitmap's row, bytes of a row's positions in nm, and how tcsr cuts its blocks and tiles.
Index words_per_row(Index cols);
Index nm_row_bytes(const PackedStorage& packed);
Index tcsr_block_rows(Index rows);
Index tcsr_tile_cols(Index rows, Index cols, Index nnz, Index wanted, Index row_bytes);

}  // namespace septet::detail
