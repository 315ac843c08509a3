// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Products of fixed shape, f32 and f64: the bits of a plain chained loop, in vectors, overlapping, partial and narrow
// ones, and scalars.
#include "fixed_products.hpp"

using namespace inline_test;

namespace {

using F32 = FixedNumbers<float, float, float, septet::fold::Fused, PlainFused>;
using F64 = FixedNumbers<double, double, double, septet::fold::Fused, PlainFused>;

/// Every N, with few rows and steps: what matters is what is left over of a vector.
template <int... kN, class Numbers>
void widths(std::integer_sequence<int, kN...>, const Numbers& numbers) {
  (fixed_sums < 1 + (kN * 5 + 2) % 3, 1 + kN, 1 + (kN * 3 + 1) % 4,
   kN % 2 == 0 ? Sum::chained : Sum::from_zero > (numbers, 1), ...);
}

template <class Numbers>
void shapes(const Numbers& numbers) {
  fixed_dense<4, 4, 4, Sum::chained>(numbers, 2);  // four rows share a register
  fixed_sums<4, 4, 4, Sum::from_zero, Sum::fold_then_add>(numbers, 2);
  fixed_sums<11, 4, 7, Sum::chained>(numbers, 2);
  fixed_dense<8, 8, 8, Sum::from_zero>(numbers, 2);
  fixed_sums<9, 6, 8, Sum::chained>(numbers, 2);
  fixed_sums<3, 33, 2, Sum::chained>(numbers, 2);
  fixed_sums<29, 3, 1, Sum::from_zero>(numbers, 2);
}

#if defined(SEPTET_TEST_ALL_NUMBERS)
// Slow to compile: under the flags that make vectors of them only.
template <class Numbers>
void larger_shapes(const Numbers& numbers) {
  fixed_dense<16, 16, 16, Sum::from_zero>(numbers, 2);
  fixed_sums<33, 47, 17, Sum::chained>(numbers, 2);
  fixed_sums<48, 17, 49, Sum::from_zero>(numbers, 2);
  fixed_sums<63, 9, 31, Sum::chained>(numbers, 2);
  fixed_sums<15, 63, 64, Sum::fold_then_add>(numbers, 2);
  fixed_sums<64, 1, 13, Sum::chained>(numbers, 2);
  fixed_sums<1, 64, 64, Sum::chained>(numbers, 2);
}
#endif

}  // namespace

TEST_CASE("gemm_fixed, f32: shapes") { shapes(F32{}); }
TEST_CASE("gemm_fixed, f64: shapes") { shapes(F64{}); }
TEST_CASE("gemm_fixed, f32: unfused, in full and partial vectors") {
  const FixedNumbers<float, float, float, septet::fold::Unfused, PlainUnfused> numbers;
  fixed_sums<5, 4, 6, Sum::chained>(numbers, 3);
  fixed_sums<3, 7, 6, Sum::chained>(numbers, 3);
  fixed_sums<2, 37, 9, Sum::from_zero, Sum::fold_then_add>(numbers, 3);
}
TEST_CASE("gemm_fixed: C is not read from zero, and a batch of products") {
  float a[2][6] = {{1, 2, 3, 4, 5, 6}, {1, 0, 0, 0, 1, 0}}, b[2][6] = {{1, 0, 0, 1, 1, 1}, {7, 8, 9, 10, 11, 12}};
  float c[2][4] = {{NAN, NAN, NAN, NAN}, {NAN, NAN, NAN, NAN}};
  for (int i = 0; i < 2; ++i) septet::fold::gemm_fixed<2, 2, 3>(a[i], b[i], c[i]);
  const float want[2][4] = {{4, 5, 10, 11}, {7, 8, 9, 10}};
  for (int i = 0; i < 4; ++i) CHECK(c[0][i] == want[0][i]);
  for (int i = 0; i < 4; ++i) CHECK(c[1][i] == want[1][i]);
}

#if defined(SEPTET_TEST_ALL_NUMBERS)
/// 1 to one more than three whole vectors; the large shapes have what is wider.
template <class T>
using EveryWidth = std::make_integer_sequence<int, 3 * septet::fold::Lane<T>::kWidth + 1>;

TEST_CASE("gemm_fixed, f32: every width") { widths(EveryWidth<float>{}, F32{}); }
TEST_CASE("gemm_fixed, f64: every width") { widths(EveryWidth<double>{}, F64{}); }
TEST_CASE("gemm_fixed, f32: large") {
  larger_shapes(F32{});
  fixed_sums<64, 64, 64, Sum::chained>(F32{}, 4);
  fixed_sums<61, 53, 59, Sum::from_zero>(F32{}, 4);
  fixed_sums<32, 48, 33, Sum::chained>(F32{}, 4);
  fixed_sums<24, 24, 24, Sum::chained>(F32{}, 4);
}
TEST_CASE("gemm_fixed, f64: large") {
  larger_shapes(F64{});
  fixed_sums<64, 64, 64, Sum::from_zero>(F64{}, 4);
  fixed_sums<31, 49, 63, Sum::chained>(F64{}, 4);
}
#else
TEST_CASE("gemm_fixed, f32: narrow") { widths(std::make_integer_sequence<int, 9>{}, F32{}); }
TEST_CASE("gemm_fixed, f64: narrow") { widths(std::make_integer_sequence<int, 5>{}, F64{}); }
#endif
