// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A product whose arguments have been checked, for each of BLAS's types: what may be left out is left out, the rest
// goes to the kernels. alpha = 0 reads neither A nor B, beta = 0 does not read C.
#pragma once

#include "arguments.hpp"
#include "septet/explain.hpp"

#include <complex>

namespace septet::blas {

/// Nothing to do: no output, or C <- C.
template <class T>
bool is_done(const Product& x, T alpha, T beta) {
  return x.empty() || ((alpha == T(0) || x.k == 0) && beta == T(1));
}

/// C <- A * B + C.
constexpr GemmOptions adding() {
  GemmOptions options;
  options.beta = 1;
  return options;
}
inline constexpr GemmOptions kAdding = adding();

/// f(options) with these; filling in options takes longer than a small product, so the usual ones are kept.
template <class F>
Status with_options(double alpha, double beta, F&& f) {
  if (alpha == 1 && beta == 0) return f(detail::kDefaultOptions);
  if (alpha == 1 && beta == 1) return f(kAdding);
  GemmOptions options;
  options.alpha = alpha;
  options.beta = beta;
  return f(options);
}

/// What a product would do; of complex ones, and those that are no plain ?gemm, the little that is common to all.
Explanation explain(const Product& x, const char* types);
Explanation explain_real(const Product& x, Type in, Type out, double alpha, double beta);

/// Operands of `in`, C of `out`: f32 and f64 alike, or bf16 to f32.
Status multiply_real(const Product& x, Type in, Type out, double alpha, double beta);

inline Status multiply(const Product& product, float alpha, float beta) {
  return multiply_real(product, Type::f32, Type::f32, alpha, beta);
}
inline Status multiply(const Product& product, double alpha, double beta) {
  return multiply_real(product, Type::f64, Type::f64, alpha, beta);
}
inline Explanation explain(const Product& product, float alpha, float beta) {
  return explain_real(product, Type::f32, Type::f32, alpha, beta);
}
inline Explanation explain(const Product& product, double alpha, double beta) {
  return explain_real(product, Type::f64, Type::f64, alpha, beta);
}
/// See complex.cpp.
Status multiply(const Product& product, std::complex<float> alpha, std::complex<float> beta);
Status multiply(const Product& product, std::complex<double> alpha, std::complex<double> beta);

inline Explanation explain(const Product& product, std::complex<float> /*alpha*/, std::complex<float> /*beta*/) {
  return explain(product, "c32, as real products over copies of B");
}
inline Explanation explain(const Product& product, std::complex<double> /*alpha*/, std::complex<double> /*beta*/) {
  return explain(product, "c64, as real products over copies of B");
}

}  // namespace septet::blas
