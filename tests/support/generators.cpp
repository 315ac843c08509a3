// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "generators.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace septet::support {

const char* name(Layout layout) {
  switch (layout) {
    case Layout::row_major:
      return "row_major";
    case Layout::column_major:
      return "column_major";
    case Layout::row_padded:
      return "row_padded";
    case Layout::column_padded:
      return "column_padded";
    case Layout::strided:
      return "strided";
    case Layout::reversed:
      return "reversed";
    case Layout::per_row:
      return "per_row";
    case Layout::per_col:
      return "per_col";
  }
  return "?";
}

const char* name(ValueKind kind) {
  switch (kind) {
    case ValueKind::mixed:
      return "mixed";
    case ValueKind::small_integers:
      return "small_integers";
    case ValueKind::extremes:
      return "extremes";
    case ValueKind::halves:
      return "halves";
  }
  return "?";
}

const char* name(PatternKind kind) {
  switch (kind) {
    case PatternKind::all_zero:
      return "all_zero";
    case PatternKind::dense:
      return "dense";
    case PatternKind::one_element:
      return "one_element";
    case PatternKind::uniform:
      return "uniform";
    case PatternKind::empty_rows_cols:
      return "empty_rows_cols";
    case PatternKind::empty_tiles:
      return "empty_tiles";
    case PatternKind::blocks:
      return "blocks";
    case PatternKind::banded:
      return "banded";
    case PatternKind::power_law:
      return "power_law";
  }
  return "?";
}

// ---- layouts ----

Layout random_layout(Rng& rng) {
  return rng.pick({Layout::row_major, Layout::row_major, Layout::column_major, Layout::row_padded,
                   Layout::column_padded, Layout::strided, Layout::reversed});
}

Strides random_strides(Rng& rng, Layout layout, Index rows, Index cols) {
  const Index gap = rng.between(1, 9), step = rng.between(2, 3);
  switch (layout) {
    case Layout::row_major:
      return {cols, 1};
    case Layout::column_major:
      return {1, rows};
    case Layout::row_padded:
      return {cols + gap, 1};
    case Layout::column_padded:
      return {1, rows + gap};
    case Layout::strided:
      return rng.chance(0.5) ? Strides{cols * step + gap, step} : Strides{step, rows * step + gap};
    case Layout::per_row:
      return {rng.between(1, 2), 0};
    case Layout::per_col:
      return {0, rng.between(1, 2)};
    case Layout::reversed:
      break;
  }
  const Layout forward =
      rng.pick({Layout::row_major, Layout::column_major, Layout::row_padded, Layout::column_padded, Layout::strided});
  const Strides s = random_strides(rng, forward, rows, cols);
  const Index signs = rng.between(1, 3);  // bit 0: rows, bit 1: columns
  return {(signs & 1) != 0 ? -s.row : s.row, (signs & 2) != 0 ? -s.col : s.col};
}

// ---- how much ----

double effort() {
  static const char* const given = std::getenv("SEPTET_TEST_PROBLEMS");
  static const double times = given == nullptr ? 1 : std::atof(given);
  return times > 0 ? times : 1;
}

int problem_count(int usual) { return std::max(1, static_cast<int>(usual * effort())); }
bool is_sampled(Rng& rng) { return effort() >= 1 || rng.chance(effort()); }

// ---- patterns ----

namespace {

Pattern uniform(Rng& rng, Index rows, Index cols, double density) {
  Pattern pattern(rows, cols);
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < cols; ++j) pattern.set(i, j, rng.chance(density));
  }
  return pattern;
}

/// Sets the part of [i, i + height) x [j, j + width) that lies inside.
void set_block(Pattern& pattern, Index i, Index j, Index height, Index width, bool value) {
  for (Index row = i; row < std::min(i + height, pattern.rows); ++row) {
    for (Index col = j; col < std::min(j + width, pattern.cols); ++col) pattern.set(row, col, value);
  }
}

/// Clears, or sets, a share of the tiles of a grid.
void change_tiles(Rng& rng, Pattern& pattern, Index height, Index width, double share, bool value) {
  for (Index i = 0; i < pattern.rows; i += height) {
    for (Index j = 0; j < pattern.cols; j += width) {
      if (rng.chance(share)) set_block(pattern, i, j, height, width, value);
    }
  }
}

void clear_rows_and_columns(Rng& rng, Pattern& pattern) {
  for (Index i = 0; i < pattern.rows; ++i) {
    if (rng.chance(0.4)) set_block(pattern, i, 0, 1, pattern.cols, false);
  }
  for (Index j = 0; j < pattern.cols; ++j) {
    if (rng.chance(0.4)) set_block(pattern, 0, j, pattern.rows, 1, false);
  }
}

Pattern banded(Rng& rng, Index rows, Index cols) {
  Pattern pattern(rows, cols);
  const Index reach = rng.between(0, 3);
  for (Index i = 0; i < rows; ++i) {
    const Index diagonal = i * cols / rows;
    const Index first = std::max<Index>(0, diagonal - reach);
    set_block(pattern, i, first, 1, diagonal + reach + 1 - first, true);
  }
  return pattern;
}

/// A row of rank r (1, 2, …, in random order) draws cols / r columns.
Pattern power_law(Rng& rng, Index rows, Index cols) {
  Pattern pattern(rows, cols);
  std::vector<Index> order;
  for (Index i = 0; i < rows; ++i) {
    order.push_back(i);
    std::swap(order.back(), order[static_cast<std::size_t>(rng.below(i + 1))]);
  }
  for (Index rank = 1; rank <= rows; ++rank) {
    for (Index draw = 0; draw < cols / rank; ++draw) {
      pattern.set(order[static_cast<std::size_t>(rank - 1)], rng.below(cols));
    }
  }
  return pattern;
}

}  // namespace

Pattern make_pattern(Rng& rng, PatternKind kind, Index rows, Index cols, double density, const ArrayShape& array) {
  Pattern pattern(rows, cols, kind == PatternKind::dense);
  if (rows == 0 || cols == 0) return pattern;
  switch (kind) {
    case PatternKind::all_zero:
    case PatternKind::dense:
      break;
    case PatternKind::one_element: {
      const Index row = rng.below(rows);  // not as arguments: their order is the compiler's choice
      pattern.set(row, rng.below(cols));
      break;
    }
    case PatternKind::uniform:
      return uniform(rng, rows, cols, density);
    case PatternKind::empty_rows_cols:
      pattern = uniform(rng, rows, cols, density);
      clear_rows_and_columns(rng, pattern);
      break;
    case PatternKind::empty_tiles:
      pattern = uniform(rng, rows, cols, density);
      change_tiles(rng, pattern, rng.pick({array.height, array.width}), array.height, 0.5, false);
      break;
    case PatternKind::blocks: {
      const Index height = rng.between(1, 8);  // as above
      const Index width = rng.between(1, 8);
      change_tiles(rng, pattern, height, width, density, true);
      break;
    }
    case PatternKind::banded:
      return banded(rng, rows, cols);
    case PatternKind::power_law:
      return power_law(rng, rows, cols);
  }
  return pattern;
}

// ---- problems ----

namespace {

/// 0, 1, 2, a prime, or next to a tile's edge.
Index random_dim(Rng& rng, Index tile, const Limits& limits) {
  static const std::vector<Index> primes = {3,  5,  7,  11, 13, 17, 19, 23, 29, 31, 37, 41, 43,
                                            47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101};
  Index dim = 0;
  if (rng.chance(0.03)) return dim;
  if (rng.chance(0.5)) {
    dim = rng.pick({Index{1}, Index{2}, tile - 1, tile, tile + 1, 2 * tile, 2 * tile + 1, 3 * tile - 1});
  } else {
    do dim = rng.pick(primes);
    while (dim > std::max<Index>(3, limits.max_dim));
  }
  return std::clamp<Index>(dim, 0, limits.max_dim);
}

/// 1 x 1, 1 x n, n x 1, square, or anything.
ArrayShape random_array(Rng& rng, const Limits& limits) {
  const Index height = rng.between(1, limits.max_array), width = rng.between(1, limits.max_array);
  switch (rng.below(8)) {
    case 0:
      return {1, 1};
    case 1:
      return {1, width};
    case 2:
      return {height, 1};
    case 3:
      return {height, height};
    default:
      return {height, width};
  }
}

int random_zero_point(Rng& rng, Type type) {
  if (type != Type::s8 && type != Type::u8) return 0;
  const int low = type == Type::s8 ? -128 : 0, high = type == Type::s8 ? 127 : 255;
  if (rng.chance(0.4)) return 0;
  return rng.chance(0.4) ? rng.pick({low, high}) : static_cast<int>(rng.between(low, high));
}

double random_scalar(Rng& rng, bool integer) {
  if (integer) return rng.pick({0.0, -1.0, 2.0, 3.0, -7.0, 2147483647.0, -2147483648.0});
  return rng.pick({0.0, -1.0, 2.0, 0.5, 0.1, -0.3, 1e-3});
}

void draw_numbers(Rng& rng, ProblemInfo& info, const Limits& limits) {
  GemmOptions& o = info.options;
  const bool integer = is_integer(info.a_type);
  o.a_zero_point = random_zero_point(rng, info.a_type);
  o.b_zero_point = random_zero_point(rng, info.b_type);
  o.mac = rng.chance(0.25) ? Mac::unfused : Mac::fused;
  const bool preload = rng.chance(0.25);
  if (preload) {
    info.preload_layout = rng.pick({random_layout(rng), random_layout(rng), Layout::per_row, Layout::per_col});
  } else {
    o.alpha = rng.chance(0.6) ? 1 : random_scalar(rng, integer);
    o.beta = rng.chance(0.4) ? 0 : rng.chance(0.4) ? 1 : random_scalar(rng, integer);
  }
  info.values = rng.pick({ValueKind::mixed, ValueKind::mixed, ValueKind::small_integers, ValueKind::extremes});
  if (limits.only_exact_values) {
    info.values = ValueKind::small_integers;
    o.alpha = std::nearbyint(std::clamp(o.alpha, -8.0, 8.0)) + 0.0;  // + 0: no -0
    o.beta = std::nearbyint(std::clamp(o.beta, -8.0, 8.0)) + 0.0;
  }
}

void draw_order(Rng& rng, ProblemInfo& info, const Limits& limits) {
  GemmOptions& o = info.options;
  const std::optional<Accumulate> accumulate = limits.accumulate;
  do {
    o.dataflow = limits.dataflow ? *limits.dataflow : static_cast<Dataflow>(rng.below(8));
  } while (!limits.dataflow && accumulate == Accumulate::fold_then_add && is_output_stationary(o.dataflow));
  const bool fold = rng.chance(0.4) && !is_output_stationary(o.dataflow);
  o.accumulate = accumulate ? *accumulate : fold ? Accumulate::fold_then_add : Accumulate::chained;
  if (o.accumulate == Accumulate::fold_then_add && rng.chance(0.6)) {
    const Index other = rng.pick({Index{1}, Index{2}, Index{3}, Index{7}, info.k + 1, o.array.height});
    o.fold_depth = limits.any_fold_depth ? other : o.array.height;
  }
  o.combine.lanes = rng.pick({1, 2, 3, 4, 4, 5, 8, 256});
  o.combine.policy = rng.chance(0.5) ? CombinePolicy::first_fit : CombinePolicy::in_order;
  o.combine.window = rng.pick({1, 2, 3, 16, 16, 1 << 20});
  o.threads = rng.pick({0, 1, 2, 3});
}

Accumulator random_accumulator(Rng& rng, Type type) {
  const Overflow overflow = rng.pick({Overflow::clamp, Overflow::wrap});
  if (is_integer(type)) return {rng.pick({0, 16, 17, 20, 20, 24, 31, 32}), overflow};
  if (!is_narrow_float(type) || rng.chance(0.25)) return {};
  return {16, overflow};
}

void draw_accumulators(Rng& rng, ProblemInfo& info) {
  GemmOptions& o = info.options;
  o.accumulator = random_accumulator(rng, info.a_type);
  if (o.accumulate == Accumulate::fold_then_add) o.fold_accumulator = random_accumulator(rng, info.a_type);
  o.flush_subnormals = !is_integer(info.a_type) && rng.chance(0.4);
  o.mac = rng.chance(0.5) ? Mac::unfused : Mac::fused;
  info.values = rng.pick({ValueKind::mixed, ValueKind::extremes, ValueKind::halves, ValueKind::halves});
}

}  // namespace

ProblemInfo random_info(std::uint64_t seed, Type a_type, Type b_type, const Limits& limits) {
  Rng rng(seed);
  ProblemInfo info;
  info.seed = seed;
  info.a_type = a_type;
  info.b_type = b_type;
  info.a_is_sparse = limits.a_is_sparse;
  info.limits = limits;
  info.options.array = random_array(rng, limits);
  const ArrayShape array = info.options.array;
  info.m = random_dim(rng, rng.pick({array.height, array.width}), limits);
  info.n = random_dim(rng, array.width, limits);
  info.k = random_dim(rng, array.height, limits);
  info.pattern = limits.pattern ? *limits.pattern : static_cast<PatternKind>(rng.below(kPatternKinds));
  info.density = rng.pick({0.02, 0.1, 0.3, 0.5, 0.9});
  draw_numbers(rng, info, limits);
  draw_order(rng, info, limits);
  if (limits.any_accumulator) draw_accumulators(rng, info);
  info.a_layout = random_layout(rng);
  info.b_layout = random_layout(rng);
  info.c_layout = random_layout(rng);
  info.a_strides = random_strides(rng, info.a_layout, info.m, info.k);
  info.b_strides = random_strides(rng, info.b_layout, info.k, info.n);
  info.c_strides = random_strides(rng, info.c_layout, info.m, info.n);
  if (info.preload_layout) info.preload_strides = random_strides(rng, *info.preload_layout, info.m, info.n);
  info.array_options.timing = rng.pick({Timing::serial, Timing::overlapped, Timing::overlapped, Timing::scalesim});
  info.array_options.bandwidth = rng.chance(0.5) ? 0 : rng.pick<Index>({1, 2, 3, 7, 16, 64, 1000});
  return info;
}

namespace {

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

std::string accumulator_text(const Accumulator& accumulator) {
  return std::to_string(accumulator.bits) + "," + septet::name(accumulator.overflow);
}

std::string layout_text(const char* what, Layout layout, Strides strides) {
  return std::string(" ") + what + "=" + name(layout) + "(" + std::to_string(strides.row) + "," +
         std::to_string(strides.col) + ")";
}

std::string limits_text(const Limits& limits) {
  const auto given = [](const char* text) { return std::string(text) + ","; };
  std::string text = " limits={" + std::to_string(limits.max_dim) + "," + std::to_string(limits.max_array) + ",";
  text += given(limits.dataflow ? septet::name(*limits.dataflow) : "any");
  text += given(limits.accumulate ? septet::name(*limits.accumulate) : "any");
  text += given(limits.pattern ? name(*limits.pattern) : "any");
  text += given(limits.a_type ? septet::name(*limits.a_type) : "any");
  text += given(limits.any_fold_depth ? "any_depth" : "depth=height");
  text += given(limits.a_is_sparse ? "sparse_view" : "dense_view");
  text += given(limits.any_accumulator ? "any_accumulator" : "full");
  return text + (limits.only_exact_values ? "exact}" : "any}");
}

}  // namespace

std::string describe(const ProblemInfo& info) {
  const GemmOptions& o = info.options;
  const auto field = [](const char* key, const std::string& value) { return std::string(" ") + key + "=" + value; };
  const auto count = [&](const char* key, Index value) { return field(key, std::to_string(value)); };
  std::string text = "seed=" + std::to_string(info.seed);
  text += field("types", std::string(septet::name(info.a_type)) + "*" + septet::name(info.b_type));
  text += count("m", info.m) + count("n", info.n) + count("k", info.k);
  text += field("pattern", name(info.pattern)) + field("density", number(info.density));
  text += field("values", name(info.values)) + field("dataflow", septet::name(o.dataflow));
  text += count("sparse_view", info.a_is_sparse ? 1 : 0);
  text += field("array", std::to_string(o.array.height) + "x" + std::to_string(o.array.width));
  text += field("accumulate", septet::name(o.accumulate)) + count("fold_depth", o.fold_depth);
  text += field("mac", septet::name(o.mac)) + count("lanes", o.combine.lanes);
  text += field("accumulator", accumulator_text(o.accumulator));
  text += field("fold_accumulator", accumulator_text(o.fold_accumulator)) + count("flush", o.flush_subnormals ? 1 : 0);
  text += field("policy", septet::name(o.combine.policy)) + count("window", o.combine.window);
  text += field("alpha", number(o.alpha)) + field("beta", number(o.beta));
  text += count("a_zero_point", o.a_zero_point) + count("b_zero_point", o.b_zero_point);
  text += count("threads", o.threads) + field("timing", septet::name(info.array_options.timing));
  text += count("bandwidth", info.array_options.bandwidth);
  text += layout_text("a", info.a_layout, info.a_strides) + layout_text("b", info.b_layout, info.b_strides);
  text += layout_text("c", info.c_layout, info.c_strides);
  if (info.preload_layout) text += layout_text("preload", *info.preload_layout, info.preload_strides);
  return text + limits_text(info.limits);
}

}  // namespace septet::support
