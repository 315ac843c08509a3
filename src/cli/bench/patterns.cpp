// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "patterns.hpp"

#include "cli/errors.hpp"
#include "cli/operands.hpp"
#include "io/element.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

namespace septet::cli {
namespace {

// Uniform in [0, 1), from the generator's own bits: the standard distributions differ between libraries.
double next_share(std::mt19937_64& generator) { return static_cast<double>(generator() >> 11) * 0x1p-53; }

// Calls f(i) for `wanted` of 0 … count - 1, in ascending order, every choice as likely as any other (Knuth, The Art of
// Computer Programming 2, 3.4.2, Algorithm S).
template <class F>
void choose(Index wanted, Index count, std::mt19937_64& generator, F&& f) {
  for (Index i = 0; i < count && wanted > 0; ++i) {
    if (static_cast<double>(count - i) * next_share(generator) >= static_cast<double>(wanted)) continue;
    f(i);
    --wanted;
  }
}

Index share_of(Index count, double share) {
  return static_cast<Index>(std::llround(share * static_cast<double>(count)));
}

// Blocks that hang over the edge are cut off there.
void fill_blocks(Pattern& pattern, const BlockShape& block, double density, std::mt19937_64& generator) {
  const Index across = (pattern.cols + block.cols - 1) / block.cols;
  const Index blocks = (pattern.rows + block.rows - 1) / block.rows * across;
  choose(share_of(blocks, density), blocks, generator, [&](Index b) {
    const Index row = b / across * block.rows, col = b % across * block.cols;
    for (Index i = row; i < std::min(row + block.rows, pattern.rows); ++i) {
      std::fill_n(pattern.live.begin() + i * pattern.cols + col, std::min(block.cols, pattern.cols - col), 1);
    }
  });
}

// Of equally near pairs the one in groups of 4, which hardware has; then the smaller group.
GroupShape nearest_group(double density) {
  GroupShape best{1, 4};
  const auto distance = [&](const GroupShape& g) { return std::abs(static_cast<double>(g.n) / g.m - density); };
  for (const int m : {4, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}) {
    for (int n = 1; n <= m; ++n) {
      if (distance({n, m}) < distance(best) - 1e-9) best = {n, m};
    }
  }
  return best;
}

void fill_groups(Pattern& pattern, std::mt19937_64& generator) {
  const auto [n, m] = pattern.group;
  for (Index i = 0; i < pattern.rows; ++i) {
    for (Index j = 0; j < pattern.cols; j += m) {
      const Index size = std::min<Index>(m, pattern.cols - j);
      choose(std::min<Index>(n, size), size, generator, [&](Index at) { pattern.live[i * pattern.cols + j + at] = 1; });
    }
  }
}

// Lengths add up to the whole; what a row has too little of, a later one gets.
void fill_band(Pattern& pattern, double density) {
  const double per_row = density * static_cast<double>(pattern.cols);
  for (Index i = 0; i < pattern.rows; ++i) {
    const Index length =
        std::llround(static_cast<double>(i + 1) * per_row) - std::llround(static_cast<double>(i) * per_row);
    const Index middle = (2 * i + 1) * pattern.cols / (2 * pattern.rows);
    const Index begin = std::clamp<Index>(middle - length / 2, 0, pattern.cols - length);
    std::fill_n(pattern.live.begin() + i * pattern.cols + begin, length, 1);
  }
}

// min(cols, scale * rank^-exponent), with the scale by bisection so that the sum is right; rounded like a band's.
std::vector<Index> power_law_lengths(Index rows, Index cols, double density, double exponent) {
  std::vector<double> weights(static_cast<std::size_t>(rows));
  for (Index r = 0; r < rows; ++r) weights[r] = std::pow(static_cast<double>(r + 1), -exponent);
  const double most = static_cast<double>(cols), wanted = density * static_cast<double>(rows) * most;
  const auto sum = [&](double scale) {
    double total = 0;
    for (const double weight : weights) total += std::min(most, scale * weight);
    return total;
  };
  double low = 0, high = most / weights.back();
  for (int i = 0; i < 100; ++i) (sum((low + high) / 2) < wanted ? low : high) = (low + high) / 2;
  std::vector<Index> lengths;
  double before = 0;
  for (const double weight : weights) {
    const double after = before + std::min(most, high * weight);
    lengths.push_back(std::min<Index>(cols, std::llround(after) - std::llround(before)));
    before = after;
  }
  return lengths;
}

void fill_power_law(Pattern& pattern, double density, double exponent, std::mt19937_64& generator) {
  std::vector<Index> order(static_cast<std::size_t>(pattern.rows));
  std::iota(order.begin(), order.end(), 0);
  for (Index i = pattern.rows - 1; i > 0; --i) {  // Fisher and Yates
    std::swap(order[i], order[static_cast<Index>(next_share(generator) * static_cast<double>(i + 1))]);
  }
  const std::vector<Index> lengths = power_law_lengths(pattern.rows, pattern.cols, density, exponent);
  for (Index r = 0; r < pattern.rows; ++r) {
    choose(lengths[r], pattern.cols, generator, [&](Index j) { pattern.live[order[r] * pattern.cols + j] = 1; });
  }
}

void mark_dense(const io::FileMatrix& file, Pattern& pattern) {
  io::OwnedMatrix dense;
  throw_if_error(io::convert(file, own_type(file).value_or(Type::f64), true, dense));
  io::visit_type(dense.type, [&](auto value) {
    for (std::size_t i = 0; i < pattern.live.size(); ++i) {
      std::memcpy(&value, dense.values.data() + i * sizeof value, sizeof value);
      pattern.live[i] = io::as_double(value) != 0;
    }
  });
}

}  // namespace

const char* name(PatternKind kind) {
  constexpr const char* kNames[] = {"uniform", "vector", "block", "nm", "banded", "power-law", "file"};
  return kNames[static_cast<int>(kind)];
}

void check_dense_size(const std::string& what, Index rows, Index cols) {
  const auto bytes = static_cast<__int128>(rows) * cols * size_of(Type::f64);
  if (rows == 0 || cols == 0) refuse(what, fmt::format("{} x {}: there is nothing to measure", rows, cols));
  if (bytes <= io::kMaxDenseBytes) return;
  throw Error(
      Status(Cause::out_of_memory, what,
             fmt::format("{} x {} as a dense matrix of f64 is more than {} bytes", rows, cols, io::kMaxDenseBytes)));
}

Pattern make_pattern(PatternKind kind, const PatternOptions& options, Index rows, Index cols, double sparsity,
                     std::uint64_t seed) {
  Pattern pattern{kind, "", rows, cols, 0, {}, {}};
  pattern.live.resize(static_cast<std::size_t>(rows * cols));
  std::mt19937_64 generator(seed);
  const double density = 1 - sparsity;
  switch (kind) {
    case PatternKind::vector:
      pattern.detail = fmt::format("{}x1", options.vector_height);
      fill_blocks(pattern, {options.vector_height, 1}, density, generator);
      break;
    case PatternKind::block:
      pattern.detail = fmt::format("{}x{}", options.block.rows, options.block.cols);
      fill_blocks(pattern, options.block, density, generator);
      break;
    case PatternKind::nm:
      pattern.group = options.group.value_or(nearest_group(density));
      pattern.detail = fmt::format("{}:{}", pattern.group.n, pattern.group.m);
      fill_groups(pattern, generator);
      break;
    case PatternKind::banded:
      fill_band(pattern, density);
      break;
    case PatternKind::power_law:
      pattern.detail = fmt::format("rank^-{:g}", options.exponent);
      fill_power_law(pattern, density, options.exponent, generator);
      break;
    default:
      fill_blocks(pattern, {1, 1}, density, generator);
      break;
  }
  pattern.nnz = std::count(pattern.live.begin(), pattern.live.end(), 1);
  return pattern;
}

Pattern read_pattern(const std::string& path) {
  const io::FileMatrix file = read_file(path);
  check_dense_size(path, file.rows, file.cols);
  Pattern pattern{PatternKind::file, path, file.rows, file.cols, 0, {}, {}};
  pattern.live.resize(static_cast<std::size_t>(file.rows * file.cols));
  if (!file.coordinate) mark_dense(file, pattern);
  for (const io::Entry& entry : file.entries) {
    if (entry.value != 0) pattern.live[static_cast<Index>(entry.row) * file.cols + entry.col] = 1;
  }
  pattern.nnz = std::count(pattern.live.begin(), pattern.live.end(), 1);
  return pattern;
}

}  // namespace septet::cli
