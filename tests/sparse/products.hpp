// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Random sparse products and what they must give, format by format: docs/dataflows.md, sections 4 and 6, in scalar
// loops. The order of a row's multiply-accumulates, those on zeros that a format stores included, is derived here from
// the pattern of A alone.
#pragma once

#include "epilogue/reference.hpp"
#include "formats/any_format.hpp"
#include "support/comparison.hpp"

#include <string>
#include <vector>

namespace septet::support {

inline std::vector<std::string> all_targets() {
  std::vector<std::string> names;
  for (const char* const* name = supported_targets(); *name != nullptr; ++name) names.emplace_back(*name);
  return names;
}

// ---- orders ----

/// Each row's own elements alone: nothing is multiplied that A does not have.
inline bool stores_no_zeros(Format format) {
  return format != Format::dense && format != Format::bsr && format != Format::nm && format != Format::tsb;
}

/// bsr: every k of every block that has an element.
inline RowOrder block_order(const Pattern& a, Index m, const BlockShape& block) {
  RowOrder order;
  const Index m0 = m / block.rows * block.rows, height = std::min(block.rows, a.rows - m0);
  for (Index k0 = 0; k0 < a.cols; k0 += block.cols) {
    const Index width = std::min(block.cols, a.cols - k0);
    if (count_nonzeros(a, m0, k0, height, width) == 0) continue;
    for (Index k = k0; k < k0 + width; ++k) order.push_back({k, false});
  }
  return order;
}

/// nm: n of every group; what is missing is taken from the group's first zeros.
inline RowOrder group_order(const Pattern& a, Index m, const GroupShape& group) {
  RowOrder order;
  for (Index k0 = 0; k0 < a.cols; k0 += group.m) {
    const Index width = std::min<Index>(group.m, a.cols - k0);
    Index zeros = group.n - count_nonzeros(a, m, k0, 1, width);
    for (Index k = k0; k < k0 + width; ++k) {
      if (a(m, k) || zeros-- > 0) order.push_back({k, false});
    }
  }
  return order;
}

/// strict_nonfinite where B is not finite: of every row its own elements alone, in the same order.
inline void skip_zeros(const Pattern& a, std::vector<RowOrder>& orders) {
  for (Index m = 0; m < a.rows; ++m) {
    RowOrder& order = orders[m];
    order.erase(std::remove_if(order.begin(), order.end(), [&](const RowStep& step) { return !a(m, step.k); }),
                order.end());
  }
}

/// The multiply-accumulates of every row, in order.
inline std::vector<RowOrder> orders_of(const Pattern& a, const PackOptions& packing) {
  GemmOptions options;
  options.array = packing.array, options.combine = packing.combine;
  Dataflow dataflow = Dataflow::csOS;
  if (packing.format == Format::tsb) dataflow = packing.dataflow;
  if (packing.format == Format::dense) dataflow = Dataflow::dOS;
  if (packing.format != Format::csb) options.combine.policy = CombinePolicy::in_order;
  std::vector<RowOrder> orders;
  const Index tile = rows_per_tile(dataflow, options.array);
  for (Index m = 0; m < a.rows; m += tile) {
    for (RowOrder& order : row_orders(a, m, std::min(tile, a.rows - m), dataflow, options)) {
      orders.push_back(std::move(order));
    }
  }
  for (Index m = 0; m < a.rows; ++m) {
    if (packing.format == Format::bsr) orders[m] = block_order(a, m, packing.block);
    if (packing.format == Format::nm) orders[m] = group_order(a, m, packing.group);
  }
  return orders;
}

// ---- packings ----

inline constexpr GroupShape kGroups[] = {{1, 2}, {2, 4}, {1, 4}, {4, 8}, {3, 16}};

/// Leaves at most n elements in every group of m.
inline void thin_out(Pattern& a, const GroupShape& group) {
  for (Index i = 0; i < a.rows; ++i) {
    for (Index k0 = 0; k0 < a.cols; k0 += group.m) {
      Index kept = 0;
      for (Index k = k0; k < std::min<Index>(k0 + group.m, a.cols); ++k) {
        if (a(i, k) && ++kept > group.n) a.set(i, k, false);
      }
    }
  }
}

/// As random_packing(), with the shapes that people use.
inline PackOptions likely_packing(Rng& rng, Format format, const Pattern& a, int zero_point) {
  PackOptions options = random_packing(rng, format, a, zero_point);
  if (rng.chance(0.7)) {
    options.block = rng.pick<BlockShape>({{1, 1}, {3, 2}, {8, 1}, {16, 1}, {1, 4}, {4, 4}, {5, 7}, {13, 1}, {256, 3}});
  }
  options.slice.height = rng.between(1, 20);
  options.slice.window = options.slice.height * rng.pick<Index>({1, 2, 3, 7, 1000});
  if (rng.chance(0.7)) {
    for (const GroupShape& group : kGroups) {
      if (fullest_group(a, group.m) <= group.n) options.group = group;
    }
  }
  options.tile_cols = rng.pick<Index>({0, 1, 7, 96, 65536});
  if (rng.chance(0.3)) options.array.height = options.array.width = 64;
  return options;
}

inline std::string describe(const PackOptions& o) {
  const auto pair = [](Index x, Index y) { return std::to_string(x) + "x" + std::to_string(y); };
  return std::string(name(o.format)) + "(" + name(o.dataflow) + " array=" + pair(o.array.height, o.array.width) + " " +
         name(o.combine.policy) + " lanes=" + std::to_string(o.combine.lanes) +
         " window=" + std::to_string(o.combine.window) + " block=" + pair(o.block.rows, o.block.cols) +
         " slice=" + pair(o.slice.height, o.slice.window) + " group=" + pair(o.group.n, o.group.m) +
         " tile_cols=" + std::to_string(o.tile_cols) + ")";
}

// ---- problems ----

/// The type of the sums as C holds it.
template <class T>
using SumOf = std::conditional_t<kIsFloat<T>, NumberOf<T>, std::int32_t>;

struct SparseLimits {
  Index max_rows = 100;
  Index max_k = 160;
  bool specials = false;         ///< NaN, infinities and -0 in A and B
  bool any_accumulator = false;  ///< narrow, saturating, flushed
};

/// One random call but for A's format. Cannot be copied: the options point into it.
template <class TA, class TB, class TC>
struct SparseProblem {
  using AType = TA;
  using BType = TB;
  using CType = TC;
  using Sum = SumOf<TA>;
  static constexpr bool kRequantised = std::is_integral_v<TC> && sizeof(TC) < 4;

  SparseProblem(std::uint64_t seed_, const SparseLimits& limits) : seed(seed_) {
    Rng rng(seed ^ 0x59a25e);
    draw_shape(rng, limits);
    draw_a(rng, limits);
    draw_b(rng, limits);
    draw_options(rng);
    if (limits.any_accumulator) draw_accumulator(rng);
  }
  SparseProblem(const SparseProblem&) = delete;
  SparseProblem& operator=(const SparseProblem&) = delete;

  std::uint64_t seed;
  Index m = 0, n = 0, k = 0;
  PatternKind pattern_kind = PatternKind::dense;
  ValueKind values = ValueKind::mixed;
  Layout b_layout = Layout::row_major, c_layout = Layout::row_major;
  Pattern pattern;
  GemmOptions options;
  Storage<TA> a;
  Storage<TB> b;
  Storage<TC> c;  ///< before the call; poison under beta = 0
  Storage<Sum> preload, scale, bias, residual;
  Storage<std::int32_t> multiplier, shift;
  bool finite = true;    ///< all of A, B and C
  bool b_finite = true;  ///< as strict_nonfinite looks at it

  /// C as it must be: `orders` as orders_of() gives them.
  Storage<TC> expected(const std::vector<RowOrder>& orders, bool dense = false) const {
    Storage<Sum> sums(m, n);
    for (Index i = 0; i < m; ++i) sum_row(orders[i], i, dense, sums);
    Storage<TC> result = c;
    if (is_exact(options.epilogue.activation)) {
      for (Index i = 0; i < m; ++i) {
        for (Index j = 0; j < n; ++j) result(i, j) = finished(sums(i, j), i, j);
      }
    } else {  // nothing to multiply: the sums go through the library's epilogue (tests/epilogue has its proof)
      GemmOptions ends;
      ends.epilogue = options.epilogue;
      ends.preload = sums.view();
      gemm(row_major(a.view().data, m, 0), row_major(b.view().data, 0, n), result.view(), ends);
    }
    return result;
  }

  /// Whether any order gives the same sums: integers, and floats that are whole from where the sums start.
  bool order_is_free() const {
    if (narrow()) return false;
    const bool starts_whole = options.alpha != 1 || options.beta == std::nearbyint(options.beta);
    return !kIsFloat<TA> || (values == ValueKind::small_integers && finite && starts_whole);
  }

  /// Whether a sum is kept in less than its type.
  bool narrow() const {
    const Accumulator& sum = options.accumulator;
    return sum.bits != 0 || sum.overflow == Overflow::clamp || options.flush_subnormals;
  }

  std::string describe() const {
    const auto field = [](const char* key, double value) { return std::string(" ") + key + "=" + bits_text(value); };
    std::string text = "seed=" + std::to_string(seed) + " " + name(type_of<TA>()) + "*" + name(type_of<TB>()) + "->" +
                       name(type_of<TC>()) + " m=" + std::to_string(m) + " n=" + std::to_string(n) +
                       " k=" + std::to_string(k) + " " + support::name(pattern_kind) + " " + support::name(values) +
                       " b=" + support::name(b_layout) + " c=" + support::name(c_layout) + " " + name(options.mac);
    text += field("alpha", options.alpha) + field("beta", options.beta);
    if (options.a_zero_point != 0) text += " a_zero_point=" + std::to_string(options.a_zero_point);
    if (options.b_zero_point != 0) text += " b_zero_point=" + std::to_string(options.b_zero_point);
    if (options.preload.data != nullptr) text += " preload";
    if (!options.epilogue.empty()) text += " epilogue";
    if (options.strict_nonfinite) text += " strict_nonfinite";
    if (narrow()) {
      text += " accumulator=" + std::to_string(options.accumulator.bits) + "," + name(options.accumulator.overflow) +
              (options.flush_subnormals ? " flush" : "");
    }
    return text + (finite ? "" : " not finite");
  }

 private:
  using Acc = std::conditional_t<kIsFloat<TA>, Sum, std::uint32_t>;

  void draw_shape(Rng& rng, const SparseLimits& limits) {
    m = rng.chance(0.03)  ? 0
        : rng.chance(0.4) ? rng.pick<Index>({1, 2, 7, 8, 9, 16, 33})
                          : rng.between(1, limits.max_rows);
    k = rng.chance(0.03) ? 0 : rng.chance(0.2) ? rng.between(1, 9) : rng.between(1, limits.max_k);
    m = std::min(m, limits.max_rows);
    n = rng.pick<Index>({0, 1, 1, 2, 3, 5, 15, 16, 17, 49, 129, 300});
    if (m * k * n > 700000) n = rng.pick<Index>({1, 3, 16, 17});
  }

  void draw_a(Rng& rng, const SparseLimits& limits) {
    pattern_kind = static_cast<PatternKind>(rng.below(kPatternKinds));
    pattern = make_pattern(rng, pattern_kind, m, k, rng.pick({0.02, 0.1, 0.3, 0.5, 0.9}), {4, 4});
    if (rng.chance(0.3)) thin_out(pattern, kGroups[rng.below(5)]);
    if (sizeof(TA) == 1 && rng.chance(0.7)) options.a_zero_point = any_of<TA>(rng);
    values = rng.pick({ValueKind::mixed, ValueKind::mixed, ValueKind::small_integers, ValueKind::extremes});
    a = Storage<TA>(m, k, random_layout(rng), rng);
    fill_pattern(rng, a.view(), pattern, values, options.a_zero_point);
    if (limits.specials) add_specials(rng, a.view());
    pattern = pattern_of(a.view(), options.a_zero_point);
  }

  void draw_b(Rng& rng, const SparseLimits& limits) {
    if (sizeof(TB) == 1 && rng.chance(0.7)) options.b_zero_point = any_of<TB>(rng);
    b_layout = rng.chance(0.1) ? rng.pick({Layout::per_row, Layout::per_col}) : random_layout(rng);
    b = Storage<TB>(k, n, b_layout, rng);
    fill_random(rng, b.view(), values, options.b_zero_point);
    if (limits.specials) add_specials(rng, b.view());
    options.strict_nonfinite = limits.specials && rng.chance(0.5);
    for (Index i = 0; kIsFloat<TB> && i < k; ++i) {
      for (Index j = 0; j < n; ++j) b_finite = b_finite && std::isfinite(static_cast<double>(number(b(i, j))));
    }
    c_layout = random_layout(rng);
    c = Storage<TC>(m, n, c_layout, rng);
  }

  void draw_options(Rng& rng) {
    constexpr bool kInteger = !kIsFloat<TA>;
    if (rng.chance(0.25)) options.mac = Mac::unfused;
    if (rng.chance(0.25)) {
      preload = operand<Sum>(rng);
      options.preload = preload.view();
    } else {
      options.alpha = rng.chance(0.6) ? 1 : kInteger ? rng.pick({0.0, -1.0, 3.0}) : rng.pick({0.0, -1.0, 0.5, 0.1});
      if (!kRequantised) {
        options.beta = rng.chance(0.5)   ? 0
                       : rng.chance(0.5) ? 1
                       : kInteger        ? rng.pick({-1.0, 7.0})
                                         : rng.pick({-1.0, -0.3});
      }
    }
    if (options.beta != 0) fill_random(rng, c.view(), values);
    if (kRequantised || rng.chance(0.4)) draw_epilogue(rng);
  }

  void draw_accumulator(Rng& rng) {
    Accumulator& sum = options.accumulator;
    if constexpr (!kIsFloat<TA>) {
      sum = {rng.pick({0, 16, 20, 32}), rng.pick({Overflow::clamp, Overflow::wrap})};
    } else {
      if (kIsNarrow<TA> && rng.chance(0.8)) sum = {16, rng.pick({Overflow::clamp, Overflow::wrap})};
      options.flush_subnormals = !options.strict_nonfinite && rng.chance(0.5);
    }
  }

  void draw_epilogue(Rng& rng) {
    Epilogue& e = options.epilogue;
    if (rng.chance(0.6)) bias = operand<Sum>(rng), e.bias = bias.view();
    if (rng.chance(0.3)) residual = operand<Sum>(rng), e.residual = residual.view();
    if constexpr (kIsFloat<TA>) {
      if (rng.chance(0.3)) scale = operand<Sum>(rng), e.scale = scale.view();
      e.activation = static_cast<Activation>(rng.below(6));
    } else {
      e.activation = static_cast<Activation>(rng.below(2));
    }
    if constexpr (kRequantised) {
      multiplier = operand<std::int32_t>(rng), e.requantise.multiplier = multiplier.view();
      shift = Storage<std::int32_t>(m, n, Layout::per_row, rng);
      for (Index i = 0; i < m && n != 0; ++i) shift(i, 0) = static_cast<std::int32_t>(rng.between(-31, 5));
      e.requantise.shift = shift.view();
      e.requantise.zero_point = any_of<TC>(rng);
      e.requantise.rounding = rng.pick({Rounding::gemmlowp_double, Rounding::single_half_up, Rounding::floor});
      e.requantise.overflow = rng.pick({Overflow::clamp, Overflow::wrap});
    }
  }

  template <class T>
  static int any_of(Rng& rng) {
    if constexpr (kIsFloat<T>) {
      return 0;
    } else {
      return static_cast<int>(rng.between(std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    }
  }

  template <class T>
  Storage<T> operand(Rng& rng) const {
    const Layout layout = rng.chance(0.6) ? rng.pick({Layout::per_row, Layout::per_col}) : random_layout(rng);
    Storage<T> result(m, n, layout, rng);
    fill_random(rng, result.view(), values);
    return result;
  }

  template <class T>
  void add_specials(Rng& rng, const MatrixView<T>& view) {
    if constexpr (kIsFloat<T>) {
      if (view.rows == 0 || view.cols == 0) return;
      using Limits = std::numeric_limits<NumberOf<T>>;
      for (Index i = rng.below(view.rows * view.cols / 20 + 2); i > 0; --i) {
        view(rng.below(view.rows), rng.below(view.cols)) =
            element<T>(rng.pick({Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), -NumberOf<T>{0}}));
      }
      finite = false;
    }
  }

  void sum_row(const RowOrder& order, Index i, bool dense, Storage<Sum>& sums) const {
    Acc alpha, beta;
    scalar(options.alpha, alpha), scalar(options.beta, beta);
    std::vector<Acc> weights;
    for (const RowStep& step : order) {
      const bool zero = !dense && !pattern(i, step.k);
      weights.push_back(zero ? Acc{0} : support::operand(a(i, step.k), options.a_zero_point, options.flush_subnormals));
    }
    const RowOrder none;
    for (Index j = 0; j < n; ++j) {
      const Acc beta_c = beta == Acc{0} ? Acc{0} : product(beta, static_cast<Acc>(number(c(i, j))));
      Acc start = alpha == Acc{1} ? beta_c : Acc{0};
      if (options.preload.data != nullptr) start = static_cast<Acc>(preload(i, j));
      const Acc acc = reference_sum(start, alpha == Acc{0} ? none : order, weights, b.view(), j, options);
      sums(i, j) = static_cast<Sum>(alpha == Acc{1} ? acc : fused(alpha, acc, beta_c));
    }
  }

  TC finished(Sum sum, Index i, Index j) const {
    const Epilogue& e = options.epilogue;
    sum = exact_activation(reference_steps(sum, e, i, j), e.activation);
    if constexpr (kRequantised) {
      return static_cast<TC>(reference_requantise(sum, e.requantise, i, j, type_of<TC>()));
    } else {
      return element<TC>(static_cast<NumberOf<TC>>(sum));
    }
  }
};

/// Calls f(problem) with a problem of random types.
template <class F>
void for_sparse_problem(std::uint64_t seed, const SparseLimits& limits, F&& f) {
  using s8 = std::int8_t;
  using u8 = std::uint8_t;
  using s16 = std::int16_t;
  using s32 = std::int32_t;
  switch (Rng(seed ^ 0x7e5).below(15)) {
    case 0:
    case 1:
    case 2:
      return f(SparseProblem<float, float, float>(seed, limits));
    case 3:
    case 4:
      return f(SparseProblem<double, double, double>(seed, limits));
    case 5:
      return f(SparseProblem<bf16, bf16, float>(seed, limits));
    case 6:
      return f(SparseProblem<bf16, bf16, bf16>(seed, limits));
    case 7:
      return f(SparseProblem<f16, f16, float>(seed, limits));
    case 8:
      return f(SparseProblem<f16, f16, f16>(seed, limits));
    case 9:
      return f(SparseProblem<s8, s8, s32>(seed, limits));
    case 10:
      return f(SparseProblem<s8, u8, s8>(seed, limits));
    case 11:
      return f(SparseProblem<u8, s8, s32>(seed, limits));
    case 12:
      return f(SparseProblem<u8, u8, u8>(seed, limits));
    case 13:
      return f(SparseProblem<s16, s16, s32>(seed, limits));
    default:
      return f(SparseProblem<s16, s16, s16>(seed, limits));
  }
}

}  // namespace septet::support
