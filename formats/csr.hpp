// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A's non-zeros by rows: the one form that every sparse format is made from.
#pragma once

#include "septet/spmm.hpp"
#include "src/element.hpp"

#include <vector>

namespace septet::detail {

/// Where A's non-zeros are: row i has columns col_idx[row_ptr[i] … row_ptr[i+1]), ascending, without zeros or
/// duplicates.
struct CsrPattern {
  Index rows = 0;
  Index cols = 0;
  std::vector<Index> row_ptr{0};
  std::vector<std::int32_t> col_idx;

  Index nnz() const { return row_ptr.back(); }
};

/// The pattern and the values, as stored (a zero point is not subtracted).
struct CsrArrays : CsrPattern {
  Type type = Type::f32;
  std::vector<std::byte> values;
};

/// The non-zeros of a validated dense or sparse view.
CsrArrays csr_from(const ConstMatrix& a, int zero_point);
CsrArrays csr_from(const SparseView& a, int zero_point);

/// Writes the matrix out: zeros (or zero points) everywhere, then the non-zeros. Same shape and type.
void expand(const CsrArrays& csr, int zero_point, const Matrix& a);

}  // namespace septet::detail
