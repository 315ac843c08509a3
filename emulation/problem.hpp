// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the array's units see of a product: operands widened to the accumulator type, and the memory of sums.
#pragma once

#include "formats/storage.hpp"
#include "septet/emulation/report.hpp"

#include <algorithm>

namespace septet::emulation {

using detail::Fold;
using detail::LiveLists;
using detail::Plan;

/// A dense operand as a load unit delivers it: exact in T, less the zero point.
template <class T>
class Operand {
 public:
  Operand(const ConstMatrix& view, int zero_point) : view_(view), zero_point_(zero_point) {}

  T operator()(Index i, Index j) const {
    const Index at = i * view_.row_stride + j * view_.col_stride;
    if constexpr (std::is_same_v<T, std::int32_t>) {
      if (view_.type == Type::s16) return element<std::int16_t>(at);
      return (view_.type == Type::s8 ? element<std::int8_t>(at) : element<std::uint8_t>(at)) - zero_point_;
    } else if constexpr (std::is_same_v<T, float>) {
      if (view_.type == Type::bf16) return element<bf16>(at);
      if (view_.type == Type::f16) return element<f16>(at);
      return element<float>(at);
    } else {
      return element<T>(at);
    }
  }

 private:
  template <class Stored>
  T element(Index at) const {
    return static_cast<T>(static_cast<const Stored*>(view_.data)[at]);
  }

  ConstMatrix view_;
  int zero_point_;
};

/// One emulated product. `sums` is the m x n memory behind the array, row-major: it holds the preload (or zeros) at
/// the beginning and the results at the end.
template <class T>
struct Problem {
  const Plan& plan;
  Operand<T> a;
  Operand<T> b;
  bool preload;
  bool gates_zeros;  ///< a zero weight leaves its sum as it is (strict_nonfinite, and B is not finite)
  T* sums;

  T& sum(Index m, Index n) const { return sums[m * plan.n + n]; }
};

/// Rows of B that the top links hand down together: the longest step of csOS, else 1.
inline Index lanes_of(const Plan& plan) {
  Index lanes = 1;
  if (plan.dataflow != Dataflow::csOS || !plan.live) return lanes;
  const LiveLists& live = *plan.live;
  for (std::size_t s = 0; s + 1 < live.step_ptr.size(); ++s) {
    lanes = std::max(lanes, live.step_ptr[s + 1] - live.step_ptr[s]);
  }
  return lanes;
}

/// Words that moved and MACs that were done; what the units count while they work.
struct Counts {
  Index folds = 0;
  Index macs_issued = 0;
  Index reads_a = 0, reads_b = 0, reads_c = 0, writes_c = 0;
  Index zeros_injected = 0;
};

/// A weight as the decompression unit hands it on: a zero of a sparse format is injected (+0), others are read.
template <class T>
T load_weight(const Problem<T>& problem, Index m, Index k, Counts& counts) {
  const T value = problem.a(m, k);
  if (problem.plan.live && value == T{0}) {
    ++counts.zeros_injected;
    return T{0};
  }
  ++counts.reads_a;
  return value;
}

}  // namespace septet::emulation
