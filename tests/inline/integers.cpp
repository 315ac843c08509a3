// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Integers into s32: exact modulo 2^32, zero points subtracted; the seven folds give the bits of a plain loop.
#include "random_folds.hpp"

using namespace inline_test;

namespace {

template <class A, class B>
Numbers<A, B, std::int32_t, fold::Exact, PlainExact> exact(int a_zero_point, int b_zero_point) {
  return {{a_zero_point, b_zero_point}, {a_zero_point, b_zero_point}, static_cast<A>(a_zero_point)};
}

}  // namespace

TEST_CASE("s8 times u8, zero points far outside") {
  random_folds<14, 20>(exact<std::int8_t, std::uint8_t>(2147483647, -2147483647 - 1), 23, 100);
}

#if defined(SEPTET_TEST_ALL_NUMBERS)
TEST_CASE("s8 times s8") {
  random_folds<4, 7>(exact<std::int8_t, std::int8_t>(0, 0), 21, 100);
  random_folds<16, 35>(exact<std::int8_t, std::int8_t>(-7, 3), 22, 100);
}

TEST_CASE("u8 times u8") { random_folds<14, 20>(exact<std::uint8_t, std::uint8_t>(128, 113), 24, 100); }

TEST_CASE("s32 times s16 wraps") { random_folds<15, 18>(exact<std::int32_t, std::int16_t>(0, -40000), 25, 100); }
#endif
