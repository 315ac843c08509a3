// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "capi.hpp"

#include <string>

namespace septet::capi {
namespace {

constexpr bool same(septet_type c, Type type) { return static_cast<int>(c) == static_cast<int>(type); }
static_assert(same(SEPTET_F32, Type::f32) && same(SEPTET_F64, Type::f64) && same(SEPTET_S8, Type::s8) &&
                  same(SEPTET_U8, Type::u8) && same(SEPTET_S32, Type::s32) && same(SEPTET_BF16, Type::bf16) &&
                  same(SEPTET_F16, Type::f16) && same(SEPTET_S16, Type::s16),
              "septet: septet_type has the order of Type");

SparseView sparse_of(const septet_sparse& sparse, const char* argument) {
  if (sparse.major != SEPTET_CSR && sparse.major != SEPTET_CSC) {
    throw Error({Cause::bad_option, argument, "major " + std::to_string(sparse.major) + ": 0 is CSR, 1 is CSC"});
  }
  return {sparse.major == SEPTET_CSR ? SparseView::Layout::csr : SparseView::Layout::csc,
          type_of(sparse.type, argument),
          sparse.index_bytes,
          sparse.rows,
          sparse.cols,
          sparse.offsets,
          sparse.indices,
          sparse.values};
}

}  // namespace

Type type_of(std::int32_t type, const char* argument) {
  if (type >= SEPTET_F32 && type <= SEPTET_S16) return static_cast<Type>(type);
  throw Error({Cause::bad_type, argument, "type " + std::to_string(type) + " is none of 0 to 7"});
}

Matrix matrix_of(const septet_matrix* matrix, const char* argument) {
  const septet_matrix& m = required(matrix, argument);
  return {m.data, type_of(m.type, argument), m.rows, m.cols, m.row_stride, m.col_stride};
}

Weights weights_of(const septet_weights* weights, const char* argument) {
  const septet_weights& w = required(weights, argument);
  const int given = (w.dense != nullptr) + (w.sparse != nullptr) + (w.packed != nullptr);
  if (given != 1) {
    throw Error(
        {Cause::bad_pointer, argument, std::to_string(given) + " of dense, sparse and packed are given, not one"});
  }
  if (w.sparse != nullptr) return sparse_of(*w.sparse, argument);
  if (w.packed != nullptr) return w.packed->matrix;
  return ConstMatrix(matrix_of(w.dense, argument));
}

}  // namespace septet::capi
