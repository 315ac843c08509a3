// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "slots.hpp"

#include <algorithm>

namespace septet::detail {

void pack_ell(const CsrArrays& csr, PackedStorage& packed) {
  EllArrays ell;
  for (Index i = 0; i < csr.rows; ++i) {
    const Index length = csr.row_ptr[i + 1] - csr.row_ptr[i];
    ell.width = std::max(ell.width, length);
    ell.row_length.push_back(static_cast<std::int32_t>(length));
  }
  ell.col_idx.assign(fill_zeros(packed, csr.rows, ell.width), 0);
  const SlotWriter writer(csr, packed.values);
  for (Index i = 0; i < csr.rows; ++i) {
    for (Index j = 0; j < ell.row_length[i]; ++j) {
      ell.col_idx[i * ell.width + j] = csr.col_idx[csr.row_ptr[i] + j];
      writer.copy(csr.row_ptr[i] + j, i * ell.width + j);
    }
  }
  packed.arrays = std::move(ell);
}

void ell_places(const PackedStorage& packed, SlotPlaces& places) {
  const auto& ell = std::get<EllArrays>(packed.arrays);
  for (Index i = 0; i < packed.rows; ++i) {
    for (Index j = 0; j < ell.width; ++j) {
      j < ell.row_length[i] ? places.add(i, ell.col_idx[i * ell.width + j]) : places.add_padding();
    }
  }
}

}  // namespace septet::detail
