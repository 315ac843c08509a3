// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Values whose product is not exact: fused and unfused must differ, in full and partial vectors and in scalars, so a
// product that the compiler contracted, or a fused step that it split, shows. The build of this test allows both.
#include <doctest/doctest.h>

#include <string>

#include "septet/inline/folds.hpp"
#include "support.hpp"

using namespace inline_test;
namespace fold = septet::fold;

namespace {

/// x * x - preload: x = 1 + 2^-s, preload = -(1 + 2^(1-s)), so the product's last bit, 2^-2s, is all that is left: if
/// it was not rounded away.
template <class T>
constexpr int kShift = sizeof(T) == 4 ? 12 : 27;
template <class T>
const T kFactor = T(1) + std::ldexp(T(1), -kShift<T>);
template <class T>
const T kPreload = -(T(1) + std::ldexp(T(1), 1 - kShift<T>));
template <class T>
const T kLastBit = std::ldexp(T(1), -2 * kShift<T>);

constexpr int kH = 2, kW = 37;

/// Every dataflow for one layout of B and C (f64: dOS only, to compile less); every output must be `want`.
template <class T, class Mac>
void seven(Mac mac, T want, bool unit_stride) {
  const Index step = unit_stride ? 1 : 2;
  const int live[] = {0};
  std::vector<int> rows;
  for (int i = 0; i < kH; ++i) rows.push_back(i);
  for (int dataflow = 0; dataflow < (sizeof(T) == 4 ? 7 : 1); ++dataflow) {
    std::vector<T> a(kH, kFactor<T>), b(kW * 2, kFactor<T>), c(kH * kW * 2, kPreload<T>);
    const auto va = septet::row_major(a.data(), kH, 1);
    const MatrixView<T> vb{b.data(), 1, kW, kW * step, step}, vc{c.data(), kH, kW, kW * step, step};
    if (dataflow == 0) fold::dOS<kH, kW>(va, vb, vc, mac);
    if constexpr (sizeof(T) == 4) {
      if (dataflow == 1) fold::dWS<1, kH>(va, vb, vc, mac);
      if (dataflow == 2) fold::dIS<1, kW>(va, vb, vc, mac);
      if (dataflow == 3) fold::sOS<kH, kW>(va, live, vb, vc, mac);
      if (dataflow == 4) fold::sWS<1, kH>(va, live, vb, vc, mac);
      if (dataflow == 5) fold::sIS<1, kW>(va, rows.data(), vb, vc, mac);
      if (dataflow == 6) {
        std::vector<fold::Weight<T>> weights(kH, {kFactor<T>, 0, true});
        fold::csOS<kH, kW>(septet::row_major(weights.data(), kH, 1), septet::row_major(live, 1, 1), vb, vc, mac);
      }
    }
    CAPTURE(dataflow);
    CAPTURE(unit_stride);
    Index wrong = 0;
    for (Index i = 0; i < kH; ++i)
      for (Index j = 0; j < kW; ++j) wrong += same_bits(vc(i, j), want) ? 0 : 1;
    CHECK(wrong == 0);
  }
}

/// dWS along m: C and A with unit row strides.
template <class T, class Mac>
void along_m(Mac mac, T want) {
  std::vector<T> a(kH, kFactor<T>), b(3, kFactor<T>), c(kH * 3, kPreload<T>);
  fold::dWS<1, kH>(septet::column_major(a.data(), kH, 1), septet::column_major(b.data(), 1, 3),
                   septet::column_major(c.data(), kH, 3), mac);
  for (const T value : c) CHECK(same_bits(value, want));
}

template <class T>
void differ() {
  REQUIRE(PlainFused()(kPreload<T>, kFactor<T>, kFactor<T>) == kLastBit<T>);
  REQUIRE(PlainUnfused()(kPreload<T>, kFactor<T>, kFactor<T>) == 0);
  for (const bool unit_stride : {true, false}) {
    seven<T>(fold::Fused{}, kLastBit<T>, unit_stride);
    seven<T>(fold::Unfused{}, T(0), unit_stride);
  }
  along_m<T>(fold::Fused{}, kLastBit<T>);
  along_m<T>(fold::Unfused{}, T(0));
}

}  // namespace

TEST_CASE("f32: fused is fused, unfused is not") { differ<float>(); }
TEST_CASE("f64: fused is fused, unfused is not") { differ<double>(); }

TEST_CASE("unfused: a product that is the whole sum is not fused with the add of fold-then-add") {
  float a = kFactor<float>, b = kFactor<float>, c = kPreload<float>;
  fold::dWS<4, 4, fold::Sum::fold_then_add>(septet::row_major(&a, 1, 1), septet::row_major(&b, 1, 1),
                                            septet::row_major(&c, 1, 1), fold::Unfused{});
  CHECK(c == 0);
}

TEST_CASE("the lanes themselves") {
  const auto check = [](auto lane) {
    using L = decltype(lane);
    using T = typename L::Value;
    std::vector<T> in(L::kWidth, kFactor<T>), fused(L::kWidth), unfused(L::kWidth);
    const auto x = L::load(in.data()), c = L::broadcast(kPreload<T>);
    L::store(fused.data(), L::fma(x, x, c));
    L::store(unfused.data(), L::add(L::mul(x, x), c));
    for (int i = 0; i < L::kWidth; ++i) {
      CHECK(fused[static_cast<std::size_t>(i)] == kLastBit<T>);
      CHECK(unfused[static_cast<std::size_t>(i)] == 0);
    }
    for (int n = 0; n <= L::kWidth; ++n) {  // partial: the other elements are zero, or stay
      std::vector<T> out(L::kWidth, T(7)), whole(L::kWidth);
      const auto part = L::kWidth == 1 ? L::load(in.data()) : L::load(in.data(), n);
      L::store(whole.data(), part);
      if (L::kWidth > 1) L::store(out.data(), part, n);
      for (int i = 0; i < L::kWidth && L::kWidth > 1; ++i) {
        CHECK(whole[static_cast<std::size_t>(i)] == (i < n ? kFactor<T> : T(0)));
        CHECK(out[static_cast<std::size_t>(i)] == (i < n ? kFactor<T> : T(7)));
      }
    }
  };
  check(fold::Lane<float>{});
  check(fold::Lane<double>{});
  check(fold::ScalarLane<float>{});
  check(fold::ScalarLane<double>{});
  CHECK(fold::Lane<std::int32_t>::kWidth >= 1);
  CHECK(fold::Lane<std::string>::kWidth == 1);
}
