// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Random folds of one kind of number: any part of an H x W array in use, any layout, any way to start; every output
// must have the bits of its sequence of MACs, and nothing else may be read or written.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>

#include "septet/inline/folds.hpp"
#include "support.hpp"

namespace inline_test {

namespace fold = septet::fold;

template <class A_, class B_, class C_, class Mac_, class Plain_>
struct Numbers {
  using A = A_;
  using B = B_;
  using C = C_;
  using Mac = Mac_;
  using Plain = Plain_;
  Mac mac;
  Plain plain;
  A a_zero = A();  ///< what an injected zero looks like
};

/// Compares c with expected(i, j), which was computed before the fold ran.
template <class C>
void compare(const Operand<C>& c, const std::vector<C>& expected, const char* what) {
  Index wrong = 0;
  for (Index i = 0; i < c.view.rows; ++i)
    for (Index j = 0; j < c.view.cols; ++j) {
      const C want = expected[static_cast<std::size_t>(i * c.view.cols + j)];
      if (same_bits(c.view(i, j), want)) continue;
      if (wrong++ == 0) {
        INFO(what << ": first bad index " << i << ", " << j << " of " << c.view.rows << " x " << c.view.cols);
        CHECK(c.view(i, j) == want);
      }
    }
  INFO(what);
  CHECK(wrong == 0);
  CHECK(c.padding_untouched());
}

/// What all but csOS share: rows x cols outputs of `depth` steps. k_list: live columns, or null; row_list: live rows,
/// or null. call(sum tag, a, b, c) runs the fold.
template <Sum kSum, class N, class Call>
void one_fold(Random& random, const N& numbers, const char* what, Index rows, Index cols, Index depth, Index all_k,
              Index all_m, const std::vector<int>* k_list, const std::vector<int>* row_list, Call call) {
  using C = typename N::C;
  Operand<typename N::A> a(random, rows, depth);
  Operand<typename N::B> b(random, all_k, cols);
  Operand<C> c(random, all_m, cols);
  a.fill(random, k_list != nullptr || row_list != nullptr ? 3 : 0, numbers.a_zero);
  b.fill(random);
  c.fill(random);
  c.remember();
  std::vector<C> expected;
  for (Index m = 0; m < all_m; ++m)
    for (Index j = 0; j < cols; ++j) expected.push_back(c.view(m, j));
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < cols; ++j) {
      const Index m = row_list != nullptr ? (*row_list)[static_cast<std::size_t>(i)] : i;
      expected[static_cast<std::size_t>(m * cols + j)] = sequence(
          numbers.plain, kSum, c.view(m, j), depth, [&](Index p) { return a.view(i, p); },
          [&](Index p) { return b.view(k_list != nullptr ? (*k_list)[static_cast<std::size_t>(p)] : p, j); },
          [](Index) { return true; });
    }
  call(a.view, b.view, c.view);
  CAPTURE(rows);
  CAPTURE(cols);
  CAPTURE(depth);
  CAPTURE(static_cast<int>(kSum));
  compare(c, expected, what);
}

/// `count` different numbers below n, ascending.
inline std::vector<int> random_list(Random& random, Index count, Index n) {
  std::vector<int> list;
  for (Index k = 0; k < n; ++k)
    if (random.below(n - k) < count - static_cast<Index>(list.size())) list.push_back(static_cast<int>(k));
  return list;
}

template <int H, int W, Sum kSum, class N>
void random_cs_os(Random& random, const N& numbers) {
  using A = typename N::A;
  using C = typename N::C;
  const Index rows = random.up_to(H), cols = random.up_to(W), steps = random.below(12), all_k = 1 + random.below(20);
  const Index lanes = 1 + random.below(5);
  std::vector<fold::Weight<A>> weights(static_cast<std::size_t>(rows * steps));
  for (auto& weight : weights) {
    weight.present = random.below(3) != 0;
    weight.lane = static_cast<std::uint8_t>(weight.present ? random.below(lanes) : 255);
    weight.value = random_value<A>(random);
  }
  std::vector<int> columns(static_cast<std::size_t>(steps * lanes));
  for (int& k : columns) k = static_cast<int>(random.below(all_k));
  const auto w = septet::column_major(weights.data(), rows, steps);
  const auto k = septet::row_major(columns.data(), steps, lanes);
  Operand<typename N::B> b(random, all_k, cols);
  Operand<C> c(random, rows, cols);
  b.fill(random);
  c.fill(random);
  c.remember();
  std::vector<C> expected;
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < cols; ++j)
      expected.push_back(sequence(
          numbers.plain, kSum, c.view(i, j), steps, [&](Index p) { return w(i, p).value; },
          [&](Index p) { return b.view(k(p, w(i, p).lane), j); }, [&](Index p) { return w(i, p).present; }));
  fold::csOS<H, W, kSum>(w, k, b.view, c.view, numbers.mac);
  CAPTURE(rows);
  CAPTURE(cols);
  CAPTURE(steps);
  compare(c, expected, "csOS");
}

template <int H, int W, Sum kSum, class N>
void random_os(Random& random, const N& numbers) {
  const auto& mac = numbers.mac;
  {
    const Index r = random.up_to(H), c = random.up_to(W), t = random.below(20);
    one_fold<kSum>(random, numbers, "dOS", r, c, t, t, r, nullptr, nullptr,
                   [&](auto va, auto vb, auto vc) { fold::dOS<H, W, kSum>(va, vb, vc, mac); });
  }
  {
    const Index r = random.up_to(H), c = random.up_to(W), k = random.below(30), t = random.below(k + 1);
    const auto live = random_list(random, t, k);
    one_fold<kSum>(random, numbers, "sOS", r, c, t, k, r, &live, nullptr,
                   [&](auto va, auto vb, auto vc) { fold::sOS<H, W, kSum>(va, live.data(), vb, vc, mac); });
  }
  random_cs_os<H, W, kSum>(random, numbers);
}

template <int H, int W, Sum kSum, class N>
void random_ws_is(Random& random, const N& numbers) {
  const auto& mac = numbers.mac;
  {
    const Index c = random.up_to(W), r = random.up_to(H), n = random.below(50);
    one_fold<kSum>(random, numbers, "dWS", c, n, r, r, c, nullptr, nullptr,
                   [&](auto va, auto vb, auto vc) { fold::dWS<H, W, kSum>(va, vb, vc, mac); });
  }
  {
    const Index c = random.up_to(W), r = random.up_to(H), n = random.below(50), k = r + random.below(20);
    const auto live = random_list(random, r, k);
    one_fold<kSum>(random, numbers, "sWS", c, n, r, k, c, &live, nullptr,
                   [&](auto va, auto vb, auto vc) { fold::sWS<H, W, kSum>(va, live.data(), vb, vc, mac); });
  }
  {
    const Index r = random.up_to(H), c = random.up_to(W), m = random.below(30);
    one_fold<kSum>(random, numbers, "dIS", m, c, r, r, m, nullptr, nullptr,
                   [&](auto va, auto vb, auto vc) { fold::dIS<H, W, kSum>(va, vb, vc, mac); });
  }
  {
    const Index r = random.up_to(H), c = random.up_to(W), m = random.below(30), t = random.below(m + 1);
    const auto live = random_list(random, t, m);
    one_fold<kSum>(random, numbers, "sIS", t, c, r, r, m, nullptr, &live,
                   [&](auto va, auto vb, auto vc) { fold::sIS<H, W, kSum>(va, live.data(), vb, vc, mac); });
  }
}

/// The seven, every way to start, `rounds` times.
template <int H, int W, class N>
void random_folds(const N& numbers, std::uint64_t seed, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(H);
    CAPTURE(W);
    CAPTURE(seed);
    CAPTURE(round);
    Random random{seed + static_cast<std::uint64_t>(round) * 1000003};
    random_os<H, W, Sum::chained>(random, numbers);
    random_os<H, W, Sum::from_zero>(random, numbers);
    random_ws_is<H, W, Sum::chained>(random, numbers);
    random_ws_is<H, W, Sum::from_zero>(random, numbers);
    random_ws_is<H, W, Sum::fold_then_add>(random, numbers);
  }
}

}  // namespace inline_test
