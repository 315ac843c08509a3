// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// bf16 and f16: every value, every boundary between two values, and a dense sweep of floats, against the formats'
// definition computed in double.
#include "septet/types.hpp"
#include "support/number.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <limits>

namespace {

using namespace septet::support;
using septet::bf16;
using septet::f16;

std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

float float_of(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// The bit that makes a NaN quiet.
template <class T>
constexpr int kQuiet = 1 << (FloatFormat<T>::digits - 2);

template <class T>
void check_widening() {
  int wrong = 0;
  for (int bits = 0; bits < 0x10000; ++bits) {
    const float value = static_cast<float>(T::from_bits(static_cast<std::uint16_t>(bits)));
    const int magnitude = bits & 0x7fff;
    bool right = std::signbit(value) == (bits >= 0x8000);
    if (magnitude > kInfinityBits<T>) {
      right = right && std::isnan(value);
    } else if (magnitude == kInfinityBits<T>) {
      right = right && std::isinf(value);
    } else {
      right = right && value == value_of_bits<T>(bits);
    }
    wrong += !right;
  }
  CHECK(wrong == 0);
}

template <class T>
void check_round_trip() {
  int wrong = 0;
  for (int bits = 0; bits < 0x10000; ++bits) {
    const T back(static_cast<float>(T::from_bits(static_cast<std::uint16_t>(bits))));
    wrong += back.bits != ((bits & 0x7fff) > kInfinityBits<T> ? bits | kQuiet<T> : bits);
  }
  CHECK(wrong == 0);
}

// Between neighbours lies their midpoint, a float: ties go to even, and the floats beside it to the nearer one.
template <class T>
void check_boundaries() {
  int wrong = 0;
  for (int bits = 0; bits < kInfinityBits<T>; ++bits) {
    const double middle = (value_of_bits<T>(bits) + value_of_bits<T>(bits + 1)) / 2;
    const float tie = static_cast<float>(middle);
    wrong += tie != middle;
    const float below = std::nextafter(tie, 0.0f), above = std::nextafter(tie, std::numeric_limits<float>::infinity());
    for (const int sign : {0, 0x8000}) {
      const float s = sign == 0 ? 1.0f : -1.0f;
      wrong += T(s * below).bits != (sign | bits);
      wrong += T(s * tie).bits != (sign | (bits + (bits & 1)));
      wrong += T(s * above).bits != (sign | (bits + 1));
    }
  }
  CHECK(wrong == 0);
}

template <class T>
void check_sweep(std::uint32_t step) {
  int wrong = 0;
  for (std::uint64_t bits = 0; bits <= 0xffffffffu; bits += step) {
    const float value = float_of(static_cast<std::uint32_t>(bits));
    const int got = T(value).bits;
    if (std::isnan(value)) {
      wrong += (got & 0x7fff) <= kInfinityBits<T> || (got & kQuiet<T>) == 0 || (got >= 0x8000) != std::signbit(value);
    } else if (std::isinf(value)) {
      wrong += (got & 0x7fff) != kInfinityBits<T> || (got >= 0x8000) != std::signbit(value);
    } else {
      wrong += got != rounded_bits<T>(value);
    }
  }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE_TEMPLATE("narrow floats: every value widens exactly and comes back", T, bf16, f16) {
  check_widening<T>();
  check_round_trip<T>();
}

TEST_CASE_TEMPLATE("narrow floats: to nearest even, at every boundary and all over the floats", T, bf16, f16) {
  check_boundaries<T>();
  check_sweep<T>(997);
}

TEST_CASE("narrow floats: some by hand") {
  CHECK(bf16(1.0f).bits == 0x3f80);
  CHECK(bf16(1.00390625f).bits == 0x3f80);                        // 1 + 2^-8, a tie
  CHECK(bf16(std::numeric_limits<float>::max()).bits == 0x7f80);  // rounds beyond the range
  CHECK(bf16(std::numeric_limits<float>::denorm_min()).bits == 0);
  CHECK(f16(1.0f).bits == 0x3c00);
  CHECK(f16(65504.0f).bits == 0x7bff);
  CHECK(f16(65519.996f).bits == 0x7bff);
  CHECK(f16(65520.0f).bits == 0x7c00);
  CHECK(f16(0x1p-24f).bits == 1);
  CHECK(f16(0x1p-25f).bits == 0);  // a tie
  CHECK(f16(-0x1.8p-24f).bits == 0x8002);
  CHECK(f16(-0.0f).bits == 0x8000);
}

TEST_CASE("narrow floats: the caller's rounding mode and flush-to-zero change nothing") {
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    std::fesetround(mode);
#if defined(__SSE2__)
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
#endif
    int wrong = 0;
    for (int bits = 0; bits < 0x10000; ++bits) {
      const auto half = static_cast<std::uint16_t>(bits);
      const float b = static_cast<float>(bf16::from_bits(half)), h = static_cast<float>(f16::from_bits(half));
      if ((bits & 0x7fff) < 0x7f80) {
        wrong += bits_of(b) != std::uint32_t{half} << 16 || bf16(b).bits != half;
        wrong += bf16(float_of(bits_of(b) + 0x7fff)).bits != half;      // below the tie
        wrong += bf16(float_of(bits_of(b) + 0x8001)).bits != half + 1;  // above it
      }
      if ((bits & 0x7fff) < 0x7c00) {
        wrong += (bits_of(h) & 0x1fffu) != 0 || f16(h).bits != half;
        const bool normal = (bits & 0x7fff) >= 0x400;  // then 13 bits of a float lie behind a half
        wrong += normal && f16(float_of(bits_of(h) + 0xfff)).bits != half;
        wrong += normal && f16(float_of(bits_of(h) + 0x1001)).bits != half + 1;
      }
    }
    std::fesetenv(FE_DFL_ENV);
    CHECK(wrong == 0);
  }
}
