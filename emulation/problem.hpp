// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the array's units see of a product: operands widened to the accumulator type, and the memory of sums.
#pragma once

#include "formats/storage.hpp"
#include "kernels/narrow.hpp"
#include "septet/emulation/report.hpp"
#include "src/element.hpp"

#include <cmath>

#include <algorithm>

namespace septet::emulation {

using detail::Fold;
using detail::LiveLists;
using detail::Plan;

/// Elements of one stored type, widened to the accumulator's, less the zero point.
template <class T, class Stored>
struct Elements {
  const Stored* data;
  Index row_stride, col_stride;
  int zero_point;
  T smallest;  ///< of floats: what is smaller becomes a zero of its sign; 0: nothing

  const Stored& stored(Index i, Index j) const { return data[i * row_stride + j * col_stride]; }
  bool is_zero(Index i, Index j) const { return detail::is_zero(stored(i, j), zero_point); }

  T operator()(Index i, Index j) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(stored(i, j)) - zero_point;
    } else {
      const T value = static_cast<T>(stored(i, j));
      return std::abs(value) < smallest ? std::copysign(T{0}, value) : value;
    }
  }
};

/// A dense operand as a load unit delivers it: exact in T, less the zero point.
template <class T>
class Operand {
 public:
  Operand(const ConstMatrix& view, int zero_point, bool flushes)
      : view_(view),
        zero_point_(zero_point),
        smallest_(flushes ? static_cast<T>(kernels::smallest_normal(view.type)) : T{0}) {}

  T operator()(Index i, Index j) const {
    return visit([&](const auto& elements) { return elements(i, j); });
  }
  bool is_zero(Index i, Index j) const {
    return visit([&](const auto& elements) { return elements.is_zero(i, j); });
  }
  /// f(elements), where elements(i, j) knows the stored type: for loops.
  template <class F>
  decltype(auto) visit(F&& f) const {
    if constexpr (std::is_same_v<T, std::int32_t>) {
      if (view_.type == Type::s16) return f(elements<std::int16_t>());
      if (view_.type == Type::s8) return f(elements<std::int8_t>());
      return f(elements<std::uint8_t>());
    } else if constexpr (std::is_same_v<T, float>) {
      if (view_.type == Type::bf16) return f(elements<bf16>());
      if (view_.type == Type::f16) return f(elements<f16>());
      return f(elements<float>());
    } else {
      return f(elements<T>());
    }
  }

 private:
  template <class Stored>
  Elements<T, Stored> elements() const {
    return {static_cast<const Stored*>(view_.data), view_.row_stride, view_.col_stride, zero_point_, smallest_};
  }

  ConstMatrix view_;
  int zero_point_;
  T smallest_;
};

/// A block of the memory of sums behind the array: rows from m0 on, columns from n0 on.
template <class T>
struct Sums {
  T* data = nullptr;
  Index m0 = 0, n0 = 0;
  Index ld = 0;

  T& operator()(Index m, Index n) const { return data[(m - m0) * ld + (n - n0)]; }
};

/// One emulated product. `sums` is the memory behind the array: it holds the preload (or zeros) at the beginning and
/// the results at the end.
template <class T>
struct Problem {
  const Plan& plan;
  Operand<T> a;
  Operand<T> b;
  bool preload;
  bool gates_zeros;  ///< a zero weight leaves its sum as it is (strict_nonfinite, and B is not finite)
  Sums<T> sums;

  T& sum(Index m, Index n) const { return sums(m, n); }
};

/// Words that moved and MACs that were done; what the units count while they work.
struct Counts {
  Index macs_issued = 0;
  Index reads_a = 0, reads_b = 0, reads_c = 0, writes_c = 0;
  Index zeros_injected = 0;

  Counts& operator+=(const Counts& more) {
    macs_issued += more.macs_issued;
    reads_a += more.reads_a, reads_b += more.reads_b, reads_c += more.reads_c, writes_c += more.writes_c;
    zeros_injected += more.zeros_injected;
    return *this;
  }
};

/// A zero of a sparse format, which is read from nowhere. (Flushed elements become zeros, too, but are read.)
template <class T>
bool is_injected(const Problem<T>& problem, Index m, Index k) {
  return problem.plan.live && problem.a.is_zero(m, k);
}

/// A weight as the decompression unit hands it on: a zero of a sparse format is injected (+0), others are read.
template <class T>
T load_weight(const Problem<T>& problem, Index m, Index k, Counts& counts) {
  if (is_injected(problem, m, k)) {
    ++counts.zeros_injected;
    return T{0};
  }
  ++counts.reads_a;
  return problem.a(m, k);
}

}  // namespace septet::emulation
