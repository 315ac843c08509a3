// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Whole products of the folds, chained, all give one result; WS and IS fold-then-add theirs.
#include <doctest/doctest.h>

#include "septet/inline/folds.hpp"
#include "support.hpp"
#include "whole_products.hpp"

using namespace inline_test;

namespace {

/// Every output in one go, and in folds of `depth` that are added. No zeros are skipped: equal but for a zero's sign.
template <class A, class B, class C, class Plain>
std::vector<C> plain_product(MatrixView<A> a, MatrixView<B> b, const std::vector<C>& preload, const Plain& plain,
                             Index depth) {
  std::vector<C> out(preload);
  for (Index i = 0; i < a.rows; ++i)
    for (Index j = 0; j < b.cols; ++j) {
      C& acc = out[static_cast<std::size_t>(i * b.cols + j)];
      for (Index k = 0; k < a.cols; k += depth) {
        acc = sequence(
            plain, depth < a.cols ? Sum::fold_then_add : Sum::chained, acc, std::min(depth, a.cols - k),
            [&](Index p) { return a(i, k + p); }, [&](Index p) { return b(k + p, j); }, [](Index) { return true; });
      }
    }
  return out;
}

/// Random whole products: each of the seven, chained, gives the plain result; WS and IS fold-then-add theirs.
template <class A, class B, class C, class Mac, class Plain, class RandomA, class RandomB>
void products(const Mac& mac, const Plain& plain, A zero, RandomA random_a, RandomB random_b, std::uint64_t seed) {
  for (int round = 0; round < 40; ++round) {
    Random random{seed + static_cast<std::uint64_t>(round)};
    const Index rows = random.below(20), cols = random.below(40), depth = random.below(24);
    const Index one_in = 1 + random.below(6);
    std::vector<A> a(static_cast<std::size_t>(rows * depth));
    std::vector<B> b(static_cast<std::size_t>(depth * cols));
    std::vector<C> preload(static_cast<std::size_t>(rows * cols));
    for (A& value : a) value = random.below(one_in) == 0 ? random_a(random) : zero;
    for (B& value : b) value = random_b(random);
    for (C& value : preload) value = static_cast<C>(random_b(random));
    const auto va = septet::row_major(a.data(), rows, depth);
    const auto vb = septet::row_major(b.data(), depth, cols);
    const auto chained = plain_product(va, vb, preload, plain, std::max<Index>(depth, 1));
    const auto folded = plain_product(va, vb, preload, plain, kH);
    CAPTURE(seed);
    CAPTURE(round);
    std::vector<C> c;
    const auto check = [&](const char* what, const std::vector<C>& want, auto run) {
      c = preload;
      run(septet::row_major(c.data(), rows, cols));
      INFO(what);
      CHECK(c == want);
    };
    check("dOS", chained, [&](auto vc) { dos_product(va, vb, vc, mac); });
    check("dWS", chained, [&](auto vc) { dws_product<kH, kW>(va, vb, vc, mac); });
    check("dIS", chained, [&](auto vc) { dis_product(va, vb, vc, mac); });
    check("sOS", chained, [&](auto vc) { sos_product(va, zero, vb, vc, mac); });
    check("sWS", chained, [&](auto vc) { sws_product(va, zero, vb, vc, mac); });
    check("sIS", chained, [&](auto vc) { sis_product(va, zero, vb, vc, mac); });
    check("csOS", chained, [&](auto vc) { csos_product(va, zero, vb, vc, mac); });
    if (depth <= kH) continue;  // one fold or none: plain_product chains
    check("dWS, added", folded, [&](auto vc) { dws_product<kH, kW, Sum::fold_then_add>(va, vb, vc, mac); });
    check("dIS, added", folded, [&](auto vc) { dis_product<Sum::fold_then_add>(va, vb, vc, mac); });
    // A k-tile in which a row is dead adds nothing to it, or zeros: equal values either way.
    check("sIS, added", folded, [&](auto vc) { sis_product<Sum::fold_then_add>(va, zero, vb, vc, mac); });
    if (one_in > 1) continue;  // sWS cuts its folds from the live columns: the same ones only if all are live
    check("sWS, added", folded, [&](auto vc) { sws_product<Sum::fold_then_add>(va, zero, vb, vc, mac); });
  }
}

/// Not zero, and never so large or small that anything overflows or vanishes.
template <class T>
T moderate(Random& random) {
  const double fraction = 1 + static_cast<double>(random.next() >> 11) * 0x1p-53;
  return static_cast<T>((random.below(2) == 0 ? 1 : -1) * fraction);
}

}  // namespace

TEST_CASE("f32: seven dataflows, one result") {
  products<float, float, float>(fold::Fused{}, PlainFused{}, 0.0f, moderate<float>, moderate<float>, 61);
}

TEST_CASE("s8 times u8 with zero points: seven dataflows, one result") {
  const auto s8 = [](Random& random) { return static_cast<std::int8_t>(random.next()); };
  const auto u8 = [](Random& random) { return static_cast<std::uint8_t>(random.next()); };
  products<std::int8_t, std::uint8_t, std::int32_t>(fold::Exact{-3, 120}, PlainExact{-3, 120}, std::int8_t{-3}, s8, u8,
                                                    62);
}

TEST_CASE("the call of a fold needs no MAC where the sums say it all") {
  const float a[] = {1, 2, 3, 4}, b[] = {1, 0, 0, 1};
  float c[4], moved[4];
  fold::dOS<2, 2, Sum::from_zero>(septet::row_major(a, 2, 2), septet::row_major(b, 2, 2), septet::row_major(c, 2, 2));
  fold::product<2, 2, 2>(a, b, moved);
  for (int i = 0; i < 4; ++i) CHECK(c[i] == a[i]);
  for (int i = 0; i < 4; ++i) CHECK(moved[i] == a[i]);
  const std::int8_t x[] = {-128, 127};
  std::int32_t sum = 1;
  fold::dIS<4, 4>(septet::row_major(x, 1, 2), septet::column_major(x, 2, 1), septet::row_major(&sum, 1, 1));
  CHECK(sum == 1 + 128 * 128 + 127 * 127);
}
