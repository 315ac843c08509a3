// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "slots.hpp"

namespace septet::detail {

void pack_coo(const CsrArrays& csr, PackedStorage& packed) {
  CooArrays coo;
  coo.row_idx.reserve(csr.nnz());
  for (Index i = 0; i < csr.rows; ++i) {
    coo.row_idx.insert(coo.row_idx.end(), csr.row_ptr[i + 1] - csr.row_ptr[i], static_cast<std::int32_t>(i));
  }
  coo.col_idx = csr.col_idx;
  packed.values = csr.values;
  packed.arrays = std::move(coo);
}

void coo_places(const PackedStorage& packed, SlotPlaces& places) {
  const auto& coo = std::get<CooArrays>(packed.arrays);
  places.row = coo.row_idx;
  places.k = coo.col_idx;
}

}  // namespace septet::detail
