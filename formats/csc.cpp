// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "slots.hpp"

namespace septet::detail {

void pack_csc(const CsrArrays& csr, PackedStorage& packed) {
  CscArrays csc;
  csc.col_ptr.assign(csr.cols + 1, 0);
  for (const std::int32_t k : csr.col_idx) ++csc.col_ptr[k + 1];
  for (Index k = 0; k < csr.cols; ++k) csc.col_ptr[k + 1] += csc.col_ptr[k];
  csc.row_idx.resize(csr.nnz());
  packed.values.resize(csr.values.size());
  const SlotWriter writer(csr, packed.values);
  std::vector<Index> next(csc.col_ptr.begin(), csc.col_ptr.end() - 1);
  for (Index i = 0; i < csr.rows; ++i) {
    for (Index p = csr.row_ptr[i]; p < csr.row_ptr[i + 1]; ++p) {
      const Index slot = next[csr.col_idx[p]]++;
      csc.row_idx[slot] = static_cast<std::int32_t>(i);
      writer.copy(p, slot);
    }
  }
  packed.arrays = std::move(csc);
}

void csc_places(const PackedStorage& packed, SlotPlaces& places) {
  const auto& csc = std::get<CscArrays>(packed.arrays);
  places.row = csc.row_idx;
  for (Index k = 0; k < packed.cols; ++k) {
    places.k.insert(places.k.end(), csc.col_ptr[k + 1] - csc.col_ptr[k], static_cast<std::int32_t>(k));
  }
}

}  // namespace septet::detail
