// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Products of fixed shape on other numbers: integers, exact modulo 2^32 up to their extremes; float operands with
// double sums; the user's own types.
#include <string>

#include "fixed_products.hpp"

using namespace inline_test;
using septet::fold::gemm_fixed;

namespace {

template <class A, class B>
using Integers = FixedNumbers<A, B, std::int32_t, septet::fold::Exact, PlainExact>;

template <class Numbers>
void integer_shapes(const Numbers& numbers, std::uint64_t seed) {
  fixed_sums<4, 4, 4, Sum::from_zero, Sum::chained>(numbers, seed);
  fixed_sums<3, 16, 5, Sum::fold_then_add>(numbers, seed);
  fixed_sums<17, 19, 13, Sum::chained>(numbers, seed);
  fixed_sums<1, 33, 64, Sum::from_zero>(numbers, seed);
  fixed_sums<9, 1, 31, Sum::chained>(numbers, seed);
  fixed_sums<15, 32, 8, Sum::chained>(numbers, seed);
}

/// Every element of A and of B one value, K of them: no step on the way may saturate.
template <int M, int N, int K, class A, class B>
void extreme(A a_value, B b_value) {
  const std::vector<A> a(M * K, a_value);
  const std::vector<B> b(K * N, b_value);
  std::vector<std::int32_t> c(M * N, -1);
  gemm_fixed<M, N, K>(a.data(), b.data(), c.data());
  const std::int32_t want = K * (std::int32_t{a_value} * std::int32_t{b_value});
  CAPTURE(want);
  for (const std::int32_t value : c) CHECK(value == want);
}

template <class A, class B>
void extremes() {
  constexpr A kLowA = std::numeric_limits<A>::min(), kHighA = std::numeric_limits<A>::max();
  constexpr B kLowB = std::numeric_limits<B>::min(), kHighB = std::numeric_limits<B>::max();
  for (const A a : {kLowA, kHighA, A(71)})
    for (const B b : {kLowB, kHighB, B(107)}) {
      extreme<1, 16, 63>(a, b);
      extreme<5, 21, 3>(a, b);
    }
}

/// A sum that writes down what was added, and operands that know where they are.
struct Place {
  int row, col;
};
struct Written {
  explicit Written(std::string text_) : text(std::move(text_)) {}
  std::string text;
};
struct Writing {
  Written operator()(const Written& acc, const Place& a, const Place& b) const {
    return Written(acc.text + " " + std::to_string(a.row) + "." + std::to_string(a.col) + "*" + std::to_string(b.row) +
                   "." + std::to_string(b.col));
  }
};

}  // namespace

TEST_CASE("gemm_fixed, integers") {
  integer_shapes(Integers<std::int8_t, std::int8_t>{}, 11);
#if defined(SEPTET_TEST_ALL_NUMBERS)  // seconds of compiling
  integer_shapes(Integers<std::uint8_t, std::int8_t>{}, 12);
#else
  fixed_sums<6, 20, 9, Sum::chained>(Integers<std::uint8_t, std::int8_t>{}, 12);
#endif
  fixed_sums<6, 20, 9, Sum::chained>(Integers<std::int8_t, std::uint8_t>{}, 13);
  fixed_sums<6, 20, 9, Sum::chained>(Integers<std::uint8_t, std::uint8_t>{}, 14);
  fixed_sums<6, 20, 9, Sum::chained>(Integers<std::int32_t, std::int16_t>{}, 15);
}

TEST_CASE("gemm_fixed, integers with zero points") {
  Integers<std::int8_t, std::uint8_t> numbers;
  numbers.mac = {-3, 120};
  numbers.plain = {-3, 120};
  fixed_sums<7, 18, 10, Sum::chained, Sum::from_zero>(numbers, 16);
}

TEST_CASE("gemm_fixed, integers at their extremes") {
  extremes<std::int8_t, std::int8_t>();
  extremes<std::uint8_t, std::int8_t>();
  extremes<std::int8_t, std::uint8_t>();
  extremes<std::uint8_t, std::uint8_t>();
}

TEST_CASE("gemm_fixed, f32 operands and f64 sums") {
  const FixedNumbers<float, float, double, septet::fold::Fused, PlainFused> numbers;
  fixed_sums<5, 11, 7, Sum::chained, Sum::from_zero>(numbers, 17);
  fixed_sums<2, 3, 9, Sum::chained>(numbers, 17);
}

TEST_CASE("gemm_fixed, own types: the order of MACs") {
  constexpr int kM = 5, kN = 3, kK = 4;
  std::vector<Place> a, b;
  std::vector<Written> c;
  for (int i = 0; i < kM * kK; ++i) a.push_back({i / kK, i % kK});
  for (int i = 0; i < kK * kN; ++i) b.push_back({i / kN, i % kN});
  for (int i = 0; i < kM * kN; ++i) c.emplace_back("C");
  gemm_fixed<kM, kN, kK, Sum::chained>(a.data(), b.data(), c.data(), Writing{});
  for (int i = 0; i < kM * kN; ++i) {
    Written want("C");
    for (int k = 0; k < kK; ++k) want = Writing()(want, a[i / kN * kK + k], b[k * kN + i % kN]);
    CHECK(c[i].text == want.text);
  }
}

TEST_CASE("gemm_fixed, own types: a lambda is a MAC") {
  const int a[] = {1, 2, 3, 4, 5, 6}, b[] = {1, 10, 100, 1000, 2, 20};
  long c[4] = {-1, -1, -1, -1};
  gemm_fixed<2, 2, 3>(a, b, c, [](long acc, int x, int y) { return acc + x * y; });
  CHECK(c[0] == 1 + 200 + 6);
  CHECK(c[1] == 10 + 2000 + 60);
  CHECK(c[2] == 4 + 500 + 12);
  CHECK(c[3] == 40 + 5000 + 120);
}
