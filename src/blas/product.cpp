// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "product.hpp"

#include "src/explain.hpp"
#include "src/multiply.hpp"

namespace septet::blas {
namespace {

// What run_small() asks for (src/small.hpp); m and n are not 0.
bool may_be_small(const Product& x, double alpha, double beta) {
  constexpr Index kFar = 1 << 20;
  return x.k > 0 && x.k <= 64 && x.b_op == Op::none && alpha == 1 && (beta == 0 || beta == 1) &&
         (x.m | x.n | x.lda | x.ldb | x.ldc) < kFar;
}

}  // namespace

Status multiply_real(const Product& x, Type in, Type out, double alpha, double beta) {
  if (is_done(x, alpha, beta)) return {};
  return with_options(alpha, beta, [&](const GemmOptions& options) -> Status {
    const ConstMatrix a = x.left(in), b = x.right(in);
    const Matrix c = x.result(out);
    if (in == out && may_be_small(x, alpha, beta) && detail::multiply_if_small(a, b, c, options)) return {};
    return detail::multiply_checked(a, b, c, options);
  });
}

Explanation explain(const Product& x, const char* types) {
  const auto letter = [](Op op) { return op == Op::none ? 'N' : op == Op::transpose ? 'T' : 'C'; };
  Explanation result;
  result.add("product", detail::joined(types, " ", letter(x.a_op), letter(x.b_op), " ", x.m, "x", x.n, "x", x.k),
             "as rows of C");
  result.add("target", target());
  result.add("threads", detail::joined("up to ", threads()));
  return result;
}

Explanation explain_real(const Product& x, Type in, Type out, double alpha, double beta) {
  if (is_done(x, alpha, beta)) return explain(x, name(in));
  Explanation result;
  (void)with_options(alpha, beta, [&](const GemmOptions& options) -> Status {
    result = detail::explain_checked(x.left(in), x.right(in), x.result(out), options,
                                     in == out && may_be_small(x, alpha, beta));
    return {};
  });
  return result;
}

}  // namespace septet::blas
