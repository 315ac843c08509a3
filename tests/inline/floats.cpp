// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// f32 and f64, fused and unfused: the seven folds give the bits of a plain loop.
#include "random_folds.hpp"

using namespace inline_test;

namespace {

template <class T>
using FusedNumbers = Numbers<T, T, T, fold::Fused, PlainFused>;
template <class T>
using UnfusedNumbers = Numbers<T, T, T, fold::Unfused, PlainUnfused>;

}  // namespace

TEST_CASE("f32 fused") { random_folds<16, 40>(FusedNumbers<float>{}, 1, 100); }

TEST_CASE("f32 unfused") { random_folds<16, 40>(UnfusedNumbers<float>{}, 2, 100); }

TEST_CASE("f64 fused") { random_folds<13, 18>(FusedNumbers<double>{}, 3, 100); }

#if defined(SEPTET_TEST_ALL_NUMBERS)  // each is some five to ten seconds of compiling: not in every build
TEST_CASE("f64 unfused") { random_folds<13, 18>(UnfusedNumbers<double>{}, 4, 100); }

TEST_CASE("f32 operands, f64 sums") {
  random_folds<13, 19>(Numbers<float, float, double, fold::Fused, PlainFused>{}, 5, 100);
}

TEST_CASE("f32: small arrays") {
  random_folds<1, 1>(FusedNumbers<float>{}, 6, 20);
  random_folds<7, 5>(FusedNumbers<float>{}, 7, 100);
}
#endif
