// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Random matrices and random options for every format that can hold them.
#pragma once

#include "septet/septet.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <limits>
#include <vector>

namespace septet::support {

inline constexpr std::array kFormats = {Format::dense, Format::csr,    Format::tsb, Format::csb,
                                        Format::csc,   Format::coo,    Format::bsr, Format::ell,
                                        Format::sell,  Format::bitmap, Format::nm,  Format::tcsr};

template <class T>
struct RandomMatrix {
  Storage<T> a;
  int zero_point = 0;
  Pattern pattern;

  ConstMatrix view() const { return a.view(); }
};

/// Of any pattern; rows may be full or empty, dimensions 0 or 1, floats NaN, infinite or -0.
template <class T>
RandomMatrix<T> random_matrix(std::uint64_t seed, Index most = 70) {
  Rng rng(seed);
  RandomMatrix<T> x;
  const Index m = rng.chance(0.3) ? rng.pick({0, 1, 2}) : rng.between(1, most);
  const Index k = rng.chance(0.3) ? rng.pick({0, 1, 2}) : rng.between(1, 2 * most);
  if (std::is_same_v<T, std::int8_t>) x.zero_point = static_cast<int>(rng.between(-128, 127));
  if (std::is_same_v<T, std::uint8_t>) x.zero_point = static_cast<int>(rng.between(0, 255));
  x.a = Storage<T>(m, k, random_layout(rng), rng);
  const auto kind = static_cast<PatternKind>(rng.below(kPatternKinds));
  fill_pattern(rng, x.a.view(), make_pattern(rng, kind, m, k, rng.unit(), {4, 4}), ValueKind::mixed, x.zero_point);
  if (kIsFloat<T> && m > 0 && k > 0) {
    for (const double special :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), -0.}) {
      if constexpr (kIsFloat<T>) {
        if (rng.chance(0.4)) x.a(rng.below(m), rng.below(k)) = element<T>(static_cast<NumberOf<T>>(special));
      }
    }
  }
  x.pattern = pattern_of(x.a.view(), x.zero_point);
  return x;
}

/// The most elements that a group of `size` columns has in any row.
inline Index fullest_group(const Pattern& pattern, Index size) {
  Index most = 0;
  for (Index i = 0; i < pattern.rows; ++i) {
    for (Index k = 0; k < pattern.cols; k += size) {
      most = std::max(most, count_nonzeros(pattern, i, k, 1, std::min(size, pattern.cols - k)));
    }
  }
  return most;
}

/// Options of the format that can hold the pattern.
inline PackOptions random_packing(Rng& rng, Format format, const Pattern& pattern, int zero_point) {
  PackOptions options;
  options.format = format;
  options.zero_point = zero_point;
  options.array = {rng.between(1, 20), rng.between(1, 20)};
  options.combine.lanes = static_cast<int>(rng.between(1, 9));
  options.combine.window = static_cast<int>(rng.between(1, 20));
  if (format == Format::tsb) options.dataflow = rng.pick({Dataflow::sOS, Dataflow::sWS, Dataflow::sIS});
  if (format == Format::csb) options.combine.policy = rng.pick({CombinePolicy::in_order, CombinePolicy::first_fit});
  options.block = {rng.between(1, 9), rng.between(1, 9)};
  options.slice.height = rng.between(1, 17);
  options.slice.window = options.slice.height * rng.between(1, 5);
  options.group.m = static_cast<int>(rng.between(1, 16));
  const Index least = std::max<Index>(1, fullest_group(pattern, options.group.m));
  options.group.n = static_cast<int>(rng.between(least, options.group.m));
  options.tile_cols = rng.chance(0.5) ? 0 : rng.between(1, 100);
  return options;
}

/// Does it hold `want` bit for bit, but that a zero is +0 or the zero point (Format::dense: any zero)?
template <class T>
bool holds(const PackedMatrix& packed, const Storage<T>& want, int zero_point) {
  Storage<T> back(want.rows(), want.cols());
  unpack(packed, back.view());
  for (Index i = 0; i < want.rows(); ++i) {
    for (Index j = 0; j < want.cols(); ++j) {
      const bool zero = is_zero(want(i, j), zero_point);
      if (packed.format() == Format::dense && zero && is_zero(back(i, j), zero_point)) continue;
      const T expected = zero ? whole<T>(zero_point) : want(i, j);
      if (std::memcmp(&back(i, j), &expected, sizeof(T)) != 0) return false;
    }
  }
  return true;
}

/// Calls f(a null pointer of the type) for every type of A.
template <class F>
void for_each_type(F&& f) {
  f(static_cast<float*>(nullptr)), f(static_cast<double*>(nullptr));
  f(static_cast<bf16*>(nullptr)), f(static_cast<f16*>(nullptr));
  f(static_cast<std::int8_t*>(nullptr)), f(static_cast<std::uint8_t*>(nullptr));
  f(static_cast<std::int16_t*>(nullptr));
}

}  // namespace septet::support
