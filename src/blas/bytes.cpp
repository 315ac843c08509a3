// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// cblas_gemm_s8u8s32, as MKL defines it (septet/blas.h). In C's row-major order, where A's rows meet B's columns, A is
// unsigned and B signed whichever layout was asked for.
#include "entry.hpp"
#include "septet/blas.h"
#include "src/multiply.hpp"

#include <cmath>
#include <limits>

namespace septet::blas {
namespace {

enum Offset : int { kRow = 171, kColumn = 172, kFixed = 173 };

// offset_c of a row-major product, as an m x n view.
ConstMatrix offset_view(int kind, const std::int32_t* values, const Product& x) {
  return {values, Type::s32, x.m, x.n, kind == kColumn ? 1 : 0, kind == kRow ? 1 : 0};
}

std::int32_t saturated(double value) {
  constexpr double kLow = std::numeric_limits<std::int32_t>::min(), kHigh = std::numeric_limits<std::int32_t>::max();
  if (!(value > kLow)) return std::numeric_limits<std::int32_t>::min();  // NaN too, as MKL does
  return value >= kHigh ? std::numeric_limits<std::int32_t>::max() : static_cast<std::int32_t>(std::round(value));
}

// sum <- round(alpha * sum + beta * C), on a tile before it is stored over C.
struct Scaling {
  double alpha, beta;
  const std::int32_t* c;
  Index ldc;

  static void call(void* user, const Tile& tile) {
    const Scaling& self = *static_cast<const Scaling*>(user);
    const MatrixView<std::int32_t> sums = tile.view<std::int32_t>();
    for (Index i = 0; i < sums.rows; ++i) {
      const std::int32_t* c = self.c + (tile.m0 + i) * self.ldc + tile.n0;
      for (Index j = 0; j < sums.cols; ++j) {
        const double old = self.beta == 0 ? 0 : self.beta * c[j];  // beta = 0 does not read C
        sums(i, j) = saturated(self.alpha * sums(i, j) + old);
      }
    }
  }
};

// C <- C + offset modulo 2^32, where the product itself could not add it.
void add(const ConstMatrix& offset, const Product& x) {
  for (Index i = 0; i < x.m; ++i) {
    std::int32_t* row = static_cast<std::int32_t*>(x.c) + i * x.ldc;
    for (Index j = 0; j < x.n; ++j) {
      const auto* from = static_cast<const std::int32_t*>(offset.data) + i * offset.row_stride + j * offset.col_stride;
      row[j] = static_cast<std::int32_t>(static_cast<std::uint32_t>(row[j]) + static_cast<std::uint32_t>(*from));
    }
  }
}

// `x` row-major.
Status multiply_bytes(const Product& x, float alpha, float beta, int offset_a, int offset_b,
                      const ConstMatrix& offset) {
  if (x.empty()) return {};
  GemmOptions options;
  options.a_zero_point = -offset_a, options.b_zero_point = -offset_b;
  const bool exact = alpha == 1 && (beta == 0 || beta == 1);
  Scaling scaling{alpha, beta, static_cast<const std::int32_t*>(x.c), x.ldc};
  if (exact) {
    options.beta = beta;
    options.epilogue.bias = offset;
  } else {
    options.epilogue.function = {&Scaling::call, &scaling};
    if (alpha == 0) scaling.alpha = 0, options.alpha = 0;  // reads neither A nor B
  }
  Status status = detail::multiply_checked(x.left(Type::u8), x.right(Type::s8), x.result(Type::s32), options);
  if (status.ok() && !exact) add(offset, x);
  return status;
}

template <class Int>
void gemm_s8u8s32(const char* function, int layout, int op_a, int op_b, int kind, Int m, Int n, Int k, float alpha,
                  const void* a, Int lda, int offset_a, const void* b, Int ldb, int offset_b, float beta,
                  std::int32_t* c, Int ldc, const std::int32_t* offset_c) noexcept {
  count_call();
  const Product product{op_of(op_a), op_of(op_b), m, n, k, a, lda, b, ldb, c, ldc};
  CCheck check = first_bad(layout, product);
  // Where this function's own arguments are: offset_kind is the fourth, the rest moves on.
  if ((check.info == 0 || check.info > 3) && kind != kRow && kind != kColumn && kind != kFixed) {
    check.info = 4;
  } else if (check.info > 3) {
    check.info = check.info <= 6 ? check.info + 1 : check.info == 9 ? 10 : check.info == 11 ? 13 : 17;
  }
  check.raw = check.info;
  if (check.info != 0) return report_c(function, check);
  const bool turns = layout == kColMajor;
  const Product x = turns ? transposed(product) : product;
  if (turns) {
    std::swap(offset_a, offset_b);
    kind = kind == kRow ? kColumn : kind == kColumn ? kRow : kFixed;
  }
  const Status status = detail::told(
      function, [&] { return multiply_bytes(x, alpha, beta, offset_a, offset_b, offset_view(kind, offset_c, x)); },
      [&] { return explain(x, "u8 x s8"); });
  if (!status.ok()) report(function, status);
}

}  // namespace
}  // namespace septet::blas

#define SEPTET_C(Int, fortran, c, unused)                                                                        \
  SEPTET_BLAS_EXPORT void SEPTET_BLAS_JOIN(cblas_gemm_, s8u8s32, c)(                                             \
      int layout, int op_a, int op_b, int offset_kind, Int m, Int n, Int k, float alpha, const void* a, Int lda, \
      std::int8_t offset_a, const void* b, Int ldb, std::int8_t offset_b, float beta, std::int32_t* c_, Int ldc, \
      const std::int32_t* offset_c) {                                                                            \
    septet::blas::gemm_s8u8s32("cblas_gemm_s8u8s32", layout, op_a, op_b, offset_kind, m, n, k, alpha, a, lda,    \
                               offset_a, b, ldb, offset_b, beta, c_, ldc, offset_c);                             \
  }
SEPTET_BLAS_INTEGERS(SEPTET_C, )
