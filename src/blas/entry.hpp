// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What every exported function does: count the call, check, run, report.
#pragma once

#include "calls.hpp"
#include "errors.hpp"
#include "names.hpp"
#include "product.hpp"
#include "src/explain.hpp"

namespace septet::blas {

/// A column-major product that Fortran asked for: run(row-major product), facts(it) for SEPTET_VERBOSE.
template <class F, class Facts>
void fortran_call(const char* routine, const Product& by_columns, F&& run, Facts&& facts) noexcept {
  count_call();
  if (const int info = first_bad(by_columns); info != 0) return report_fortran(routine, info);
  const Product product = transposed(by_columns);
  const Status status = detail::told(
      routine, [&] { return run(product); }, [&] { return facts(product); });
  if (!status.ok()) report(routine, status);
}

/// A product that C asked for.
template <class F, class Facts>
void c_call(const char* function, int layout, const Product& given, F&& run, Facts&& facts) noexcept {
  count_call();
  if (const CCheck check = first_bad(layout, given); check.info != 0) return report_c(function, check);
  const Product product = layout == kRowMajor ? given : transposed(given);
  const Status status = detail::told(
      function, [&] { return run(product); }, [&] { return facts(product); });
  if (!status.ok()) report(function, status);
}

}  // namespace septet::blas
