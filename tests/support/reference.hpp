// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The values of a product, element by element, from the page dataflows.md (sections 3, 4 and 6) alone:
//
//     acc <- preload;   for each step that brings this PE a weight:  acc <- MAC(acc, a, b);   C <- epilogue(acc)
//
// Scalar loops, one order per row of A, no blocking. Rounded products pass through a volatile, so no compiler flag
// can contract a product and a sum; fused ones are std::fma. bf16 and f16 are read, and written, through number.hpp.
// Needs the caller to be in round-to-nearest.
#pragma once

#include "narrow_reference.hpp"
#include "pattern.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace septet::support {

/// One MAC of an output row: the k it belongs to, and whether its fold ends with it.
struct RowStep {
  Index k = 0;
  bool ends_fold = false;
};
using RowOrder = std::vector<RowStep>;

/// The rows of A whose orders belong together: H for OS, W for WS, 1 for IS (where k-tiles decide alone).
Index rows_per_tile(Dataflow dataflow, const ArrayShape& array);

/// For each row of [m0, m0 + height): its MACs in stream order, those on injected zeros included.
std::vector<RowOrder> row_orders(const Pattern& a, Index m0, Index height, Dataflow dataflow,
                                 const GemmOptions& options);

// ---- arithmetic of the accumulator types; integers live in uint32_t, whose wrapping is defined ----

inline float product(float x, float y) {
  volatile float rounded = x * y;
  return rounded;
}
inline double product(double x, double y) {
  volatile double rounded = x * y;
  return rounded;
}
inline std::uint32_t product(std::uint32_t x, std::uint32_t y) { return x * y; }

inline float fused(float x, float y, float z) { return std::fma(x, y, z); }
inline double fused(double x, double y, double z) { return std::fma(x, y, z); }
inline std::uint32_t fused(std::uint32_t x, std::uint32_t y, std::uint32_t z) { return x * y + z; }

/// An element less its zero point, in the accumulator type.
template <class T>
auto operand(T value, int zero_point, bool flushes = false) {
  if constexpr (kIsFloat<T>) {
    return flushes ? flushed(number(value), FloatFormat<T>::min_exponent) : number(value);
  } else {
    return static_cast<std::uint32_t>(int{value} - zero_point);
  }
}

/// alpha and beta, rounded to the accumulator type before anything asks for their value.
inline void scalar(double value, float& out) { out = static_cast<float>(value); }
inline void scalar(double value, double& out) { out = value; }
inline void scalar(double value, std::uint32_t& out) {
  out = static_cast<std::uint32_t>(static_cast<std::int64_t>(value));
}

template <class TC>
using AccumulatorOf = std::conditional_t<std::is_same_v<TC, std::int32_t>, std::uint32_t, NumberOf<TC>>;

/// The MACs of one output on top of `start`.
template <class Acc, class TB>
Acc reference_sum(Acc start, const RowOrder& order, const std::vector<Acc>& weights, const MatrixView<TB>& b, Index n,
                  const GemmOptions& options) {
  const bool chained = options.accumulate == Accumulate::chained;
  // chained: the running sum; else the accumulator that folds are added to
  Acc acc = kept(start, chained ? options.accumulator : options.fold_accumulator, options.flush_subnormals);
  Acc sum = Acc{0};  // fold-then-add: of the current fold
  for (std::size_t i = 0; i < order.size(); ++i) {
    Acc& target = chained ? acc : sum;
    const Acc y = operand(b(order[i].k, n), options.b_zero_point, options.flush_subnormals);
    target = narrow_mac(target, weights[i], y, options);
    if (!chained && order[i].ends_fold) {
      acc = narrow_add(acc, sum, options);
      sum = Acc{0};
    }
  }
  return acc;
}

/// C <- alpha * A * B + beta * C in the order that the options name. A sparse dataflow, or a sparse A, multiplies
/// injected zeros as +0 whatever zero A holds there. Aliasing: none.
template <class TA, class TB, class TC>
void reference_gemm(const MatrixView<TA>& a, const MatrixView<TB>& b, const MatrixView<TC>& c,
                    const GemmOptions& options, bool a_is_sparse = false) {
  using Acc = AccumulatorOf<TC>;
  const Dataflow dataflow = resolve(options.dataflow, options.accumulate, a_is_sparse);
  assert(options.accumulate == Accumulate::chained || !is_output_stationary(dataflow));
  Acc alpha, beta;
  scalar(options.alpha, alpha);
  scalar(options.beta, beta);
  const bool reads_a_and_b = alpha != Acc{0};
  const Pattern pattern = reads_a_and_b ? pattern_of(a, options.a_zero_point) : Pattern();
  const bool injects = is_sparse(dataflow) || a_is_sparse;
  const auto* preload = static_cast<const NumberOf<TC>*>(options.preload.data);
  const Index tile = rows_per_tile(dataflow, options.array);

  for (Index m0 = 0; m0 < c.rows; m0 += std::min(tile, c.rows - m0)) {
    const Index height = std::min(tile, c.rows - m0);
    std::vector<RowOrder> orders(static_cast<std::size_t>(height));
    if (reads_a_and_b) orders = row_orders(pattern, m0, height, dataflow, options);
    for (Index m = m0; m < m0 + height; ++m) {
      const RowOrder& order = orders[static_cast<std::size_t>(m - m0)];
      std::vector<Acc> weights;
      for (const RowStep& step : order) {
        const bool injected = injects && !pattern(m, step.k);
        weights.push_back(injected ? Acc{0} : operand(a(m, step.k), options.a_zero_point, options.flush_subnormals));
      }
      for (Index n = 0; n < c.cols; ++n) {
        const Acc beta_c = beta == Acc{0} ? Acc{0} : product(beta, static_cast<Acc>(number(c(m, n))));
        Acc start = alpha == Acc{1} ? beta_c : Acc{0};
        if (preload != nullptr) {
          start = static_cast<Acc>(preload[m * options.preload.row_stride + n * options.preload.col_stride]);
        }
        const Acc acc = reference_sum(start, order, weights, b, n, options);
        const Acc result = alpha == Acc{1} ? acc : fused(alpha, acc, beta_c);
        c(m, n) = element<TC>(static_cast<NumberOf<TC>>(result));
      }
    }
  }
}

}  // namespace septet::support
