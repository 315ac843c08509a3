// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What every exported function does: count the call, check, run, report.
#pragma once

#include "calls.hpp"
#include "errors.hpp"
#include "names.hpp"
#include "product.hpp"

namespace septet::blas {

/// A column-major product that Fortran asked for: run(row-major product).
template <class F>
void fortran_call(const char* routine, const Product& by_columns, F&& run) noexcept {
  count_call();
  if (const int info = first_bad(by_columns); info != 0) return report_fortran(routine, info);
  if (const Status status = run(transposed(by_columns)); !status.ok()) report(routine, status);
}

/// A product that C asked for: run(row-major product).
template <class F>
void c_call(const char* function, int layout, const Product& product, F&& run) noexcept {
  count_call();
  if (const CCheck check = first_bad(layout, product); check.info != 0) return report_c(function, check);
  const Status status = run(layout == kRowMajor ? product : transposed(product));
  if (!status.ok()) report(function, status);
}

}  // namespace septet::blas
