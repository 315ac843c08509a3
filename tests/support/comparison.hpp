// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Exact comparisons that say where and what.
//
//   const auto difference = compare_bits(got.view(), want.view());
//   CHECK_MESSAGE(difference.equal, difference.text << " in " << describe(problem));
#pragma once

#include "number.hpp"
#include "septet/emulation/report.hpp"
#include "septet/matrix_view.hpp"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

namespace septet::support {

/// The first place where two things differ, or that there is none.
struct Difference {
  bool equal = true;
  Index row = -1;
  Index col = -1;
  std::string text;  ///< place, got, wanted; empty if equal

  explicit operator bool() const { return equal; }
};

/// A value, and for floats its bits.
template <class T>
std::string bits_text(T value) {
  if constexpr (kIsFloat<T>) {
    unsigned long long bits = 0;
    std::memcpy(&bits, &value, sizeof value);  // little-endian
    char text[80];
    std::snprintf(text, sizeof text, "%.17g (0x%0*llx)", static_cast<double>(number(value)),
                  static_cast<int>(2 * sizeof value), bits);
    return text;
  } else {
    return std::to_string(value);
  }
}

/// The same bits; any NaN equals any NaN.
template <class T>
bool same_bits(T x, T y) {
  if constexpr (kIsFloat<T>) {
    const bool x_nan = std::isnan(number(x)), y_nan = std::isnan(number(y));
    if (x_nan || y_nan) return x_nan && y_nan;
  }
  return std::memcmp(&x, &y, sizeof(T)) == 0;
}

/// As same_bits, but +0 equals −0.
template <class T>
bool same_up_to_zero_sign(T x, T y) {
  return same_bits(x, y) || (is_zero(x, 0) && is_zero(y, 0));
}

template <class T, class U, class Same>
Difference compare_with(const MatrixView<T>& got, const MatrixView<U>& want, Same same) {
  static_assert(std::is_same_v<std::remove_cv_t<T>, std::remove_cv_t<U>>, "septet: compare equal types");
  if (got.rows != want.rows || got.cols != want.cols) return {false, -1, -1, "shapes differ"};
  for (Index i = 0; i < got.rows; ++i) {
    for (Index j = 0; j < got.cols; ++j) {
      if (same(got(i, j), want(i, j))) continue;
      return {false, i, j,
              "(" + std::to_string(i) + ", " + std::to_string(j) + "): got " + bits_text(got(i, j)) + ", want " +
                  bits_text(want(i, j))};
    }
  }
  return {};
}

/// Bit for bit.
template <class T, class U>
Difference compare_bits(const MatrixView<T>& got, const MatrixView<U>& want) {
  return compare_with(got, want, same_bits<std::remove_cv_t<T>>);
}

/// Bit for bit up to the sign of an exact zero: what two dataflows owe each other for finite B.
template <class T, class U>
Difference compare_up_to_zero_sign(const MatrixView<T>& got, const MatrixView<U>& want) {
  return compare_with(got, want, same_up_to_zero_sign<std::remove_cv_t<T>>);
}

/// Every key, the utilization (to 1e-14 of itself: its factors may be multiplied in another order), and what the run
/// was. Names the first that differs.
inline Difference compare_reports(const emulation::Report& got, const emulation::Report& want) {
  struct Entry {
    std::string key;
    Index value;
  };
  const auto entries = [](const emulation::Report& r) {
    std::vector<Entry> list = {{"dataflow", static_cast<Index>(r.dataflow)},
                               {"array_height", r.array_height},
                               {"array_width", r.array_width},
                               {"timing", static_cast<Index>(r.timing)},
                               {"accumulate", static_cast<Index>(r.accumulate)},
                               {"mac", static_cast<Index>(r.mac)},
                               {"accumulator.bits", r.accumulator.bits},
                               {"accumulator.overflow", static_cast<Index>(r.accumulator.overflow)},
                               {"fold_accumulator.bits", r.fold_accumulator.bits},
                               {"fold_accumulator.overflow", static_cast<Index>(r.fold_accumulator.overflow)},
                               {"flush_subnormals", r.flush_subnormals ? 1 : 0},
                               {"m", r.m},
                               {"n", r.n},
                               {"k", r.k},
                               {"a_type", static_cast<Index>(r.a_type)},
                               {"b_type", static_cast<Index>(r.b_type)}};
    emulation::for_each_count(r, [&](const char* key, Index value) { list.push_back({key, value}); });
    return list;
  };
  const std::vector<Entry> x = entries(got), y = entries(want);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i].value == y[i].value) continue;
    return {false, -1, -1, x[i].key + ": got " + std::to_string(x[i].value) + ", want " + std::to_string(y[i].value)};
  }
  if (!(std::abs(got.utilization - want.utilization) <= 1e-14 * std::abs(want.utilization))) {
    return {false, -1, -1, "utilization: got " + bits_text(got.utilization) + ", want " + bits_text(want.utilization)};
  }
  return {};
}

}  // namespace septet::support
