// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "problem.hpp"

#include "cli/comparison.hpp"
#include "cli/errors.hpp"
#include "io/element.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace septet::cli {
namespace {

// No element is zero.
bench::Buffer random_values(Index rows, Index cols, Type type, std::uint64_t seed) {
  io::FileMatrix file;
  throw_if_error(io::read_matrix(fmt::format("random:{}x{},seed={},dtype={}", rows, cols, seed, name(type)), file));
  bench::Buffer values(static_cast<Index>(file.bytes.size()));
  std::memcpy(values.data(), file.bytes.data(), file.bytes.size());
  return values;
}

double value_at(const void* data, Type type, Index at) {
  return io::visit_type(type, [&](auto value) {
    std::memcpy(&value, static_cast<const std::byte*>(data) + at * static_cast<Index>(sizeof value), sizeof value);
    return io::as_double(value);
  });
}

// Unit roundoff of the sums.
double roundoff(Type sums) {
  return sums == Type::f64 ? std::numeric_limits<double>::epsilon() / 2 : std::numeric_limits<float>::epsilon() / 2;
}

// |sum in any order - exact| <= gamma_k * sum of |products| (Higham, Accuracy and Stability of Numerical Algorithms,
// 2002, section 3.1).
double gamma(Index k, Type sums) {
  const double ku = static_cast<double>(k) * roundoff(sums);
  return ku / (1 - ku);
}

}  // namespace

WeightMatrix::WeightMatrix(const Pattern& pattern, Type type, std::uint64_t seed)
    : type_(type), rows_(pattern.rows), cols_(pattern.cols), values_(random_values(rows_, cols_, type, seed)) {
  const auto size = static_cast<std::size_t>(size_of(type));
  for (std::size_t i = 0; i < pattern.live.size(); ++i) {
    if (pattern.live[i] == 0) std::memset(values_.data<char>() + i * size, 0, size);
  }
}

Problem::Problem(const WeightMatrix& a, Index n, std::uint64_t seed)
    : a_(a.view()),
      n_(n),
      sums_(accumulator_of(a_.type)),
      b_(random_values(a_.cols, n, a_.type, seed)),
      c_(a_.rows * n * size_of(sums_)) {
  poison();
  gemm(a_, b(), c());
  expected_ = c_.copy();
  if (const std::string wrong = sampled_difference(seed); !wrong.empty()) throw CheckFailed("dense: " + wrong);
}

void Problem::poison() const { std::memset(c_.data(), 0xff, static_cast<std::size_t>(c_.bytes())); }

std::string Problem::sampled_difference(std::uint64_t seed) const {
  constexpr int kSamples = 64;
  std::mt19937_64 generator(seed);
  for (int s = 0; s < kSamples; ++s) {
    const auto i = static_cast<Index>(generator() % static_cast<std::uint64_t>(a_.rows));
    const auto j = static_cast<Index>(generator() % static_cast<std::uint64_t>(n_));
    long double sum = 0, magnitude = 0;
    std::uint32_t whole = 0;  // integers: modulo 2^32
    for (Index k = 0; k < a_.cols; ++k) {
      const double x = value_at(a_.data, a_.type, i * a_.cols + k), y = value_at(b_.data(), a_.type, k * n_ + j);
      sum += static_cast<long double>(x) * y;
      magnitude += std::abs(static_cast<long double>(x) * y);
      if (sums_ == Type::s32) whole += static_cast<std::uint32_t>(static_cast<std::int64_t>(x * y));
    }
    const double found = value_at(c_.data(), sums_, i * n_ + j);
    const bool right = sums_ == Type::s32 ? found == static_cast<std::int32_t>(whole)
                                          : std::abs(found - sum) <= 1.0001L * gamma(a_.cols, sums_) * magnitude;
    if (!right) return fmt::format("C({}, {}) (0-based) is {}, not {}", i, j, found, static_cast<double>(sum));
  }
  return "";
}

// In f64, which is exact enough for a bound.
const std::vector<double>& Problem::magnitudes() const {
  if (magnitudes_) return *magnitudes_;
  const auto absolute = [](const ConstMatrix& x) {
    std::vector<double> values(static_cast<std::size_t>(x.rows * x.cols));
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = std::abs(value_at(x.data, x.type, static_cast<Index>(i)));
    }
    return values;
  };
  const std::vector<double> x = absolute(a_), y = absolute(b());
  magnitudes_.emplace(static_cast<std::size_t>(a_.rows * n_));
  gemm(row_major(x.data(), a_.rows, a_.cols), row_major(y.data(), a_.cols, n_),
       row_major(magnitudes_->data(), a_.rows, n_));
  return *magnitudes_;
}

std::string Problem::difference(bool rounded) const {
  const std::size_t bytes = static_cast<std::size_t>(c_.bytes());
  if (std::memcmp(c_.data(), expected_.data(), bytes) == 0) return "";
  for (Index at = 0; at < a_.rows * n_; ++at) {
    const double found = value_at(c_.data(), sums_, at), expected = value_at(expected_.data(), sums_, at);
    if (found == expected) continue;  // -0 is 0
    const double bound = rounded ? 2.0001 * gamma(a_.cols, sums_) * magnitudes()[static_cast<std::size_t>(at)] : 0;
    if (std::abs(found - expected) <= bound) continue;
    return fmt::format("C({}, {}) (0-based) is {}, the dense kernel has {}", at / n_, at % n_, found, expected);
  }
  return "";
}

}  // namespace septet::cli
