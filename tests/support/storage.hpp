// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Matrices for tests: deterministic random numbers (no std distribution: those differ between libraries), and a
// buffer with any strides whose padding is poisoned and can be checked.
#pragma once

#include "number.hpp"
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
  if constexpr (kIsFloat<T>) value = element<T>(std::numeric_limits<NumberOf<T>>::quiet_NaN());
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
/// range; floats whose products reach into the subnormals and, seldom, overflow. `halves`: floats of few bits whose
/// products and sums reach both ends of binary16, and many ties; integers of full range. All finite.
enum class ValueKind : std::uint8_t { mixed, small_integers, extremes, halves };
const char* name(ValueKind kind);

/// ±1.f × 2^e, f random in every bit, e in [low, high].
template <class T>
T random_float(Rng& rng, int low, int high) {
  using Number = NumberOf<T>;
  const int digits = FloatFormat<T>::digits - 1;
  const std::uint64_t fraction = rng.bits() >> (64 - digits);
  const int exponent = static_cast<int>(rng.between(low, high));
  const Number magnitude = std::ldexp(static_cast<Number>((std::uint64_t{1} << digits) + fraction), exponent - digits);
  return element<T>(rng.chance(0.5) ? -magnitude : magnitude);
}

/// Products reach into the subnormals (of a C of this type, for f16: its products are far from f32's) and seldom
/// overflow; a few largest values do the rest.
template <class T>
T random_extreme(Rng& rng) {
  using Number = NumberOf<T>;
  using Format = FloatFormat<T>;
  if (rng.chance(0.8)) return random_float<T>(rng, Format::min_exponent / 2 - 8, Format::max_exponent / 2 - 4);
  const auto power = [](int exponent) { return std::ldexp(Number{1}, exponent); };
  const Number least = power(Format::min_exponent - Format::digits), normal = power(Format::min_exponent - 1);
  const Number small = rng.pick({least, normal, Number{1}, Number{1} + power(1 - Format::digits)});
  const Number largest = (2 - power(1 - Format::digits)) * power(Format::max_exponent - 1);
  const Number magnitude = rng.chance(0.05) ? largest : small;
  return element<T>(rng.chance(0.5) ? -magnitude : magnitude);
}

/// Products from 2^-28 to 2^18, of up to 12 bits.
template <class T>
T random_half(Rng& rng) {
  using Number = NumberOf<T>;
  const int exponent = static_cast<int>(rng.between(0, 2) + rng.pick({-14, -8, -2, -2, 4, 6}));
  const Number magnitude = std::ldexp(static_cast<Number>(rng.between(32, 63)), exponent - 5);
  return element<T>(rng.chance(0.5) ? -magnitude : magnitude);
}

template <class T>
T random_value(Rng& rng, ValueKind kind, int zero_point = 0) {
  if constexpr (kIsFloat<T>) {
    // Sums of f16 should fit a C of f16, mostly.
    if (kind == ValueKind::mixed) return random_float<T>(rng, -12, std::is_same_v<T, f16> ? 3 : 12);
    if (kind == ValueKind::small_integers) return whole<T>(static_cast<int>(rng.between(-8, 8)));
    if (kind == ValueKind::halves) return random_half<T>(rng);
    return random_extreme<T>(rng);
  } else {
    constexpr Index low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
    if (kind == ValueKind::mixed || kind == ValueKind::halves) return static_cast<T>(rng.between(low, high));
    if (kind == ValueKind::small_integers) {
      return static_cast<T>(std::clamp<Index>(zero_point + rng.between(-8, 8), low, high));
    }
    return rng.chance(0.2) ? T{0} : static_cast<T>(rng.chance(0.5) ? low : high);
  }
}

/// One zero of A or B: the zero point; for floats sometimes −0.
template <class T>
T random_zero(Rng& rng, int zero_point) {
  if constexpr (kIsFloat<T>) {
    if (rng.chance(0.1)) return element<T>(-NumberOf<T>{0});
  }
  return whole<T>(zero_point);
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
