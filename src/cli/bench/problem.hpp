// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The operands of one product, and its right result.
#pragma once

#include "bench/buffer.hpp"
#include "patterns.hpp"
#include "septet/gemm.hpp"

#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

/// A with a pattern and seeded values that are not zero.
class WeightMatrix {
 public:
  WeightMatrix(const Pattern& pattern, Type type, std::uint64_t seed);
  ConstMatrix view() const { return {values_.data(), type_, rows_, cols_, cols_, 1}; }

 private:
  Type type_;
  Index rows_, cols_;
  bench::Buffer values_;
};

/// C = A * B with a seeded B, all row-major. Keeps what the dense kernel gives, which is itself compared with sums in
/// twice the precision, element by element at sampled places.
class Problem {
 public:
  /// `a` has to outlive it. Throws CheckFailed where the dense kernel is wrong.
  Problem(const WeightMatrix& a, Index n, std::uint64_t seed);

  ConstMatrix a() const { return a_; }
  ConstMatrix b() const { return {b_.data(), a_.type, a_.cols, n_, n_, 1}; }
  Matrix c() const { return {c_.data(), sums_, a_.rows, n_, n_, 1}; }
  double bytes_of_b_and_c() const { return static_cast<double>(b_.bytes() + c_.bytes()); }

  /// Fills C with bytes that no product leaves (NaN, or -1).
  void poison() const;
  /// What is wrong with C: the first element that differs from the dense kernel's in more than the sign of a zero;
  /// empty: nothing. `rounded`: sums in another order are right too, within the bound of any order.
  std::string difference(bool rounded) const;

 private:
  std::string sampled_difference(std::uint64_t seed) const;
  const std::vector<double>& magnitudes() const;

  ConstMatrix a_;
  Index n_;
  Type sums_;
  bench::Buffer b_, c_, expected_;
  mutable std::optional<std::vector<double>> magnitudes_;  // |A| * |B|, when it is first wanted
};

}  // namespace septet::cli
