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

TEST_CASE("f32 fused: tiles of every kind") {
  random_folds<1, 1>(FusedNumbers<float>{}, 1, 20);
  random_folds<7, 5>(FusedNumbers<float>{}, 2, 100);
  random_folds<16, 40>(FusedNumbers<float>{}, 3, 100);
}

TEST_CASE("f32 unfused") { random_folds<16, 40>(UnfusedNumbers<float>{}, 4, 100); }

TEST_CASE("f64 fused") { random_folds<13, 18>(FusedNumbers<double>{}, 5, 100); }

#if defined(SEPTET_TEST_ALL_NUMBERS)  // each kind of number is some ten seconds of compiling: not in every build
TEST_CASE("f64 unfused") { random_folds<13, 18>(UnfusedNumbers<double>{}, 6, 100); }

TEST_CASE("f32 operands, f64 sums") {
  random_folds<6, 19>(Numbers<float, float, double, fold::Fused, PlainFused>{}, 7, 100);
}
#endif
