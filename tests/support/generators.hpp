// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Random problems that are legal, hit the edges, and can be described in one line.
//
//   for_random_problem(seed, limits, [](auto& problem) {
//     septet::gemm(problem.a.view(), problem.b.view(), problem.c.view(), problem.options);   // compare with expected_c
//   });
#pragma once

#include "array_model.hpp"
#include "pattern.hpp"
#include "reference.hpp"
#include "storage.hpp"

#include <optional>
#include <string>
#include <vector>

namespace septet::support {

// ---- patterns ----

/// `empty_rows_cols`, `empty_tiles`: uniform with whole rows and columns, or tiles of the array, cleared. `blocks`:
/// dense rectangles. `banded`: near the diagonal. `power_law`: few rows hold most.
enum class PatternKind : std::uint8_t {
  all_zero,
  dense,
  one_element,
  uniform,
  empty_rows_cols,
  empty_tiles,
  blocks,
  banded,
  power_law
};
inline constexpr int kPatternKinds = 9;
const char* name(PatternKind kind);

/// An m x k pattern; `density` is the share of non-zeros where the kind leaves it open.
Pattern make_pattern(Rng& rng, PatternKind kind, Index rows, Index cols, double density, const ArrayShape& array);

/// Writes values that are zero exactly where the pattern says so. Some float zeros are −0.
template <class T>
void fill_pattern(Rng& rng, const MatrixView<T>& view, const Pattern& pattern, ValueKind kind, int zero_point = 0) {
  for (Index i = 0; i < view.rows; ++i) {
    for (Index j = 0; j < view.cols; ++j) {
      T value = random_zero<T>(rng, zero_point);
      while (pattern(i, j) && is_zero(value, zero_point)) value = random_value<T>(rng, kind, zero_point);
      view(i, j) = value;
    }
  }
}

// ---- how much ----

/// How many times the usual number of problems the long tests take: SEPTET_TEST_PROBLEMS, or 1. More for long runs; a
/// fraction of 1 in an emulator.
double effort();
/// So many times `usual`, but at least 1.
int problem_count(int usual);
/// One case of a sweep: under less effort than the usual, a random share of them is tested.
bool is_sampled(Rng& rng);

// ---- problems ----

/// What a test can take. Everything else is drawn.
struct Limits {
  Index max_dim = 40;    ///< of m, n, k
  Index max_array = 12;  ///< of height and width
  std::optional<Dataflow> dataflow;
  std::optional<Accumulate> accumulate;  ///< must suit `dataflow`
  std::optional<PatternKind> pattern;
  std::optional<Type> a_type;      ///< any but s32
  bool any_fold_depth = true;      ///< false: 0 or the array's height, as emulate() takes
  bool a_is_sparse = false;        ///< A is handed over as a sparse view (decides `automatic`; its zeros are +0)
  bool any_accumulator = false;    ///< narrow, saturating, flushed; false: the sums' type in full
  bool only_exact_values = false;  ///< small integers: every order gives the same bits, up to the sign of zero
};

/// All of a problem but the values.
struct ProblemInfo {
  std::uint64_t seed = 0;
  Index m = 0, n = 0, k = 0;
  Type a_type = Type::f32, b_type = Type::f32;
  PatternKind pattern = PatternKind::dense;
  double density = 1;
  ValueKind values = ValueKind::mixed;
  Layout a_layout = Layout::row_major, b_layout = Layout::row_major, c_layout = Layout::row_major;
  Strides a_strides, b_strides, c_strides, preload_strides;
  std::optional<Layout> preload_layout;
  GemmOptions options;  ///< options.preload is set with the values
  emulation::ArrayOptions array_options;
  bool a_is_sparse = false;
  Limits limits;  ///< what it was drawn under
};

/// One line with everything that reproduces the problem.
std::string describe(const ProblemInfo& info);

/// Draws shape, pattern, layouts and a legal combination of options.
ProblemInfo random_info(std::uint64_t seed, Type a_type, Type b_type, const Limits& limits);

/// A, B, the initial C and the preload with their options. Cannot be copied: options.preload points into it.
template <class TA, class TB, class TC>
struct Problem : ProblemInfo {
  using AType = TA;
  using BType = TB;
  using CType = TC;

  Problem() = default;
  Problem(const Problem&) = delete;
  Problem& operator=(const Problem&) = delete;
  Problem(Problem&&) = default;
  Problem& operator=(Problem&&) = default;

  Storage<TA> a;
  Storage<TB> b;
  Storage<TC> c;                  ///< the initial C (poison if beta is 0, sometimes)
  Storage<NumberOf<TC>> preload;  ///< of the sums' type; empty unless options.preload has data
  Pattern a_pattern;
};

template <class TA, class TB, class TC>
Problem<TA, TB, TC> make_problem(std::uint64_t seed, const Limits& limits = {}) {
  Problem<TA, TB, TC> p;
  static_cast<ProblemInfo&>(p) = random_info(seed, type_of<TA>(), type_of<TB>(), limits);
  Rng rng(seed ^ 0x5e97e7);
  const GemmOptions& options = p.options;
  p.a = Storage<TA>(p.m, p.k, p.a_strides);
  p.b = Storage<TB>(p.k, p.n, p.b_strides);
  p.c = Storage<TC>(p.m, p.n, p.c_strides);
  const Pattern pattern = make_pattern(rng, p.pattern, p.m, p.k, p.density, options.array);
  fill_pattern(rng, p.a.view(), pattern, p.values, options.a_zero_point);
  fill_random(rng, p.b.view(), p.values, options.b_zero_point);
  if (options.beta != 0 || rng.chance(0.5)) fill_random(rng, p.c.view(), p.values);
  if (p.preload_layout) {
    p.preload = Storage<NumberOf<TC>>(p.m, p.n, p.preload_strides);
    fill_random(rng, p.preload.view(), p.values);
    p.options.preload = p.preload.view();
  }
  p.a_pattern = pattern_of(p.a.view(), options.a_zero_point);
  return p;
}

/// Calls f(problem) with a problem of random types: f32, f64, bf16 or f16 (into f32 or their own), any of s8, u8 times
/// s8, u8, or s16, into s32.
template <class F>
void for_random_problem(std::uint64_t seed, const Limits& limits, F&& f) {
  using std::int32_t, std::int16_t, std::int8_t, std::uint8_t;
  Rng rng(seed ^ 0x7e5);
  const Type a =
      limits.a_type ? *limits.a_type
                    : rng.pick({Type::f32, Type::f32, Type::f64, Type::s8, Type::u8, Type::bf16, Type::f16, Type::s16});
  const Type b = size_of(a) == 1 ? rng.pick({Type::s8, Type::u8}) : a;
  const bool narrow_c = rng.chance(0.5);
  const auto call = [&](auto problem) { f(problem); };
  if (a == Type::f32) call(make_problem<float, float, float>(seed, limits));
  if (a == Type::f64) call(make_problem<double, double, double>(seed, limits));
  if (a == Type::bf16 && narrow_c) call(make_problem<bf16, bf16, bf16>(seed, limits));
  if (a == Type::bf16 && !narrow_c) call(make_problem<bf16, bf16, float>(seed, limits));
  if (a == Type::f16 && narrow_c) call(make_problem<f16, f16, f16>(seed, limits));
  if (a == Type::f16 && !narrow_c) call(make_problem<f16, f16, float>(seed, limits));
  if (a == Type::s8 && b == Type::s8) call(make_problem<int8_t, int8_t, int32_t>(seed, limits));
  if (a == Type::s8 && b == Type::u8) call(make_problem<int8_t, uint8_t, int32_t>(seed, limits));
  if (a == Type::u8 && b == Type::s8) call(make_problem<uint8_t, int8_t, int32_t>(seed, limits));
  if (a == Type::u8 && b == Type::u8) call(make_problem<uint8_t, uint8_t, int32_t>(seed, limits));
  if (a == Type::s16) call(make_problem<int16_t, int16_t, int32_t>(seed, limits));
}

/// What C must hold afterwards, padding included.
template <class TA, class TB, class TC>
Storage<TC> expected_c(const Problem<TA, TB, TC>& p) {
  Storage<TC> c = p.c;
  reference_gemm(p.a.view(), p.b.view(), c.view(), p.options, p.a_is_sparse);
  return c;
}

/// What the array must count.
template <class TA, class TB, class TC>
emulation::Report expected_report(const Problem<TA, TB, TC>& p) {
  return array_report({p.a_pattern, p.n, p.a_type, p.b_type, p.options, p.array_options, p.a_is_sparse});
}

}  // namespace septet::support
