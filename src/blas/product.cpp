// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "product.hpp"

#include "src/multiply.hpp"

namespace septet::blas {

Status multiply_real(const Product& x, Type in, Type out, double alpha, double beta) {
  if (is_done(x, alpha, beta)) return {};
  return with_options(alpha, beta, [&](const GemmOptions& options) {
    return detail::multiply_checked(x.left(in), x.right(in), x.result(out), options);
  });
}

}  // namespace septet::blas
