// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "slots.hpp"
#include "src/arithmetic.hpp"

namespace septet::detail {

Index words_per_row(Index cols) { return ceil_div(cols, 64); }

void pack_bitmap(const CsrArrays& csr, PackedStorage& packed) {
  BitmapArrays bitmap;
  const Index words = words_per_row(csr.cols);
  bitmap.words.assign(csr.rows * words, 0);
  for (Index i = 0; i < csr.rows; ++i) {
    for (Index p = csr.row_ptr[i]; p < csr.row_ptr[i + 1]; ++p) {
      bitmap.words[i * words + csr.col_idx[p] / 64] |= std::uint64_t{1} << (csr.col_idx[p] % 64);
    }
  }
  bitmap.row_ptr = csr.row_ptr;
  packed.values = csr.values;
  packed.arrays = std::move(bitmap);
}

void bitmap_places(const PackedStorage& packed, SlotPlaces& places) {
  const auto& bitmap = std::get<BitmapArrays>(packed.arrays);
  const Index words = words_per_row(packed.cols);
  for (Index i = 0; i < packed.rows; ++i) {
    for (Index w = 0; w < words; ++w) {
      for (std::uint64_t rest = bitmap.words[i * words + w]; rest != 0; rest &= rest - 1) {
        places.add(i, w * 64 + __builtin_ctzll(rest));
      }
    }
  }
}

}  // namespace septet::detail
