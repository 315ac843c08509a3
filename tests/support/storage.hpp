// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Matrices for tests: deterministic random numbers (no std distribution: those differ between libraries), and a
// buffer with any strides whose padding is poisoned and can be checked.
#pragma once

#include "septet/gemm.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

namespace septet::support {

/// The same numbers for the same seed, everywhere.
class Rng {
 public:
  explicit Rng(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t bits() { return engine_(); }
  /// 0 … n - 1 (n >= 1).
  Index below(Index n) { return static_cast<Index>(bits() % static_cast<std::uint64_t>(n)); }
  Index between(Index low, Index high) { return low + below(high - low + 1); }
  /// [0, 1), 53 bits.
  double unit() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  bool chance(double probability) { return unit() < probability; }
  template <class T>
  T pick(std::initializer_list<T> list) {
    return list.begin()[below(static_cast<Index>(list.size()))];
  }
  template <class T>
  T pick(const std::vector<T>& list) {
    return list[static_cast<std::size_t>(below(static_cast<Index>(list.size())))];
  }

 private:
  std::mt19937_64 engine_;
};

/// What lies in padding: a NaN, or 0x5A in every byte.
template <class T>
T poison() {
  T value;
  std::memset(&value, 0x5A, sizeof value);
  if constexpr (std::is_floating_point_v<T>) value = std::numeric_limits<T>::quiet_NaN();
  return value;
}

/// `strided`: a gap in both directions. `reversed`: any of the others with one or both strides negative.
/// `per_row`, `per_col`: one value repeated through a stride of 0; inputs only.
enum class Layout : std::uint8_t {
  row_major,
  column_major,
  row_padded,
  column_padded,
  strided,
  reversed,
  per_row,
  per_col
};
const char* name(Layout layout);

/// Any layout that an output may have: all but the last two.
Layout random_layout(Rng& rng);

struct Strides {
  Index row = 0;
  Index col = 0;
};
Strides random_strides(Rng& rng, Layout layout, Index rows, Index cols);

/// Owns a rows x cols matrix of any strides (also negative or 0), surrounded and interleaved with poison. Elements
/// are poison, too, until somebody writes them.
template <class T>
class Storage {
 public:
  Storage() : Storage(0, 0, Strides{0, 1}) {}
  Storage(Index rows, Index cols, Strides strides) : rows_(rows), cols_(cols), strides_(strides) {
    const bool empty = rows == 0 || cols == 0;
    const Index down = empty ? 0 : (rows - 1) * strides.row;
    const Index right = empty ? 0 : (cols - 1) * strides.col;
    const Index low = std::min<Index>(0, down) + std::min<Index>(0, right);
    const Index high = std::max<Index>(0, down) + std::max<Index>(0, right);
    origin_ = kMargin - low;
    buffer_.assign(static_cast<std::size_t>(high - low + 1 + 2 * kMargin), poison<T>());
  }
  Storage(Index rows, Index cols) : Storage(rows, cols, Strides{cols, 1}) {}
  Storage(Index rows, Index cols, Layout layout, Rng& rng)
      : Storage(rows, cols, random_strides(rng, layout, rows, cols)) {}

  MatrixView<T> view() { return {buffer_.data() + origin_, rows_, cols_, strides_.row, strides_.col}; }
  MatrixView<const T> view() const { return {buffer_.data() + origin_, rows_, cols_, strides_.row, strides_.col}; }
  T& operator()(Index i, Index j) { return view()(i, j); }
  const T& operator()(Index i, Index j) const { return view()(i, j); }
  Index rows() const { return rows_; }
  Index cols() const { return cols_; }
  Strides strides() const { return strides_; }

  /// True if nothing outside the elements has changed.
  bool padding_intact() const {
    std::vector<bool> is_element(buffer_.size(), false);
    for (Index i = 0; i < rows_; ++i) {
      for (Index j = 0; j < cols_; ++j) {
        is_element[static_cast<std::size_t>(origin_ + i * strides_.row + j * strides_.col)] = true;
      }
    }
    const T expected = poison<T>();
    for (std::size_t i = 0; i < buffer_.size(); ++i) {
      if (!is_element[i] && std::memcmp(&buffer_[i], &expected, sizeof(T)) != 0) return false;
    }
    return true;
  }
  /// True if every byte, elements and padding, is as in `other`.
  bool same_bytes(const Storage& other) const {
    return buffer_.size() == other.buffer_.size() &&
           std::memcmp(buffer_.data(), other.buffer_.data(), buffer_.size() * sizeof(T)) == 0;
  }

 private:
  static constexpr Index kMargin = 9;  ///< poisoned elements before and after; odd, so that data is seldom aligned

  Index rows_ = 0;
  Index cols_ = 0;
  Strides strides_;
  Index origin_ = 0;
  std::vector<T> buffer_;
};

/// `mixed`: floats of 25 binades with full mantissas, so that the order of additions shows; integers of full range.
/// `small_integers`: −8 … 8 (integers: around the zero point), whose float sums are exact. `extremes`: the ends of the
/// range; floats whose products reach into the subnormals and, seldom, overflow. All finite.
enum class ValueKind : std::uint8_t { mixed, small_integers, extremes };
const char* name(ValueKind kind);

/// ±1.f × 2^e, f random in every bit, e in [low, high].
template <class T>
T random_float(Rng& rng, int low, int high) {
  const int digits = std::numeric_limits<T>::digits - 1;
  const std::uint64_t fraction = rng.bits() >> (64 - digits);
  const int exponent = static_cast<int>(rng.between(low, high));
  const T magnitude = std::ldexp(static_cast<T>((std::uint64_t{1} << digits) + fraction), exponent - digits);
  return rng.chance(0.5) ? -magnitude : magnitude;
}

template <class T>
T random_value(Rng& rng, ValueKind kind, int zero_point = 0) {
  using Range = std::numeric_limits<T>;
  if constexpr (std::is_floating_point_v<T>) {
    if (kind == ValueKind::mixed) return random_float<T>(rng, -12, 12);
    if (kind == ValueKind::small_integers) return static_cast<T>(rng.between(-8, 8));
    // Products reach into the subnormals and seldom overflow; a few largest values do the rest.
    if (rng.chance(0.8)) return random_float<T>(rng, Range::min_exponent / 2 - 8, Range::max_exponent / 2 - 4);
    const T small = rng.pick({Range::denorm_min(), Range::min(), T{1}, T{1} + Range::epsilon()});
    const T magnitude = rng.chance(0.05) ? Range::max() : small;
    return rng.chance(0.5) ? -magnitude : magnitude;
  } else {
    constexpr Index low = Range::min(), high = Range::max();
    if (kind == ValueKind::mixed) return static_cast<T>(rng.between(low, high));
    if (kind == ValueKind::small_integers) {
      return static_cast<T>(std::clamp<Index>(zero_point + rng.between(-8, 8), low, high));
    }
    return rng.chance(0.2) ? T{0} : static_cast<T>(rng.chance(0.5) ? low : high);
  }
}

/// One zero of A or B: the zero point; for floats sometimes −0.
template <class T>
T random_zero(Rng& rng, int zero_point) {
  const T zero = static_cast<T>(zero_point);
  if constexpr (std::is_floating_point_v<T>) {
    if (rng.chance(0.1)) return -zero;
  }
  return zero;
}

/// Fills every element; a share of them are zeros.
template <class T>
void fill_random(Rng& rng, const MatrixView<T>& view, ValueKind kind, int zero_point = 0, double zeros = 0.05) {
  for (Index i = 0; i < view.rows; ++i) {
    for (Index j = 0; j < view.cols; ++j) {
      const bool zero = rng.chance(zeros);
      view(i, j) = zero ? random_zero<T>(rng, zero_point) : random_value<T>(rng, kind, zero_point);
    }
  }
}

}  // namespace septet::support
