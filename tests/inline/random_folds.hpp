// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Random folds of one kind of number: any part of an H x W array in use, any layout, any way to start; every output
// must have the bits of its sequence of MACs, and nothing else may be read or written.
#pragma once

#include <doctest/doctest.h>

#include <functional>

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
void compare(const Operand<C>& c, const std::vector<C>& expected, const char* what, Sum sum, Index depth) {
  Index wrong = 0;
  for (Index i = 0; i < c.view.rows; ++i)
    for (Index j = 0; j < c.view.cols; ++j) {
      const C want = expected[static_cast<std::size_t>(i * c.view.cols + j)];
      if (same_bits(c.view(i, j), want) || wrong++ != 0) continue;
      INFO("first bad index " << i << ", " << j);
      CHECK(c.view(i, j) == want);
    }
  INFO(what << ", sum " << static_cast<int>(sum) << ", C " << c.view.rows << " x " << c.view.cols << ", depth "
            << depth);
  CHECK(wrong == 0);
  CHECK(c.padding_untouched());
}

/// One fold on random operands: `rows` x `cols` sequences of `depth` MACs.
struct Shape {
  const char* what;
  Index rows, cols, depth;
  Index all_k, all_m;                        ///< rows of B, rows of C
  const std::vector<int>* live_k = nullptr;  ///< the rows of B that the steps use; null: all
  const std::vector<int>* live_m = nullptr;  ///< the rows of C that the rows of A belong to; null: all
};

template <class N>
using Call = std::function<void(MatrixView<typename N::A>, MatrixView<typename N::B>, MatrixView<typename N::C>)>;

/// All but csOS.
template <class N>
void one_fold(Random& random, const N& numbers, Sum sum, const Shape& shape, const Call<N>& call) {
  using C = typename N::C;
  const Index cols = shape.cols;
  Operand<typename N::A> a(random, shape.rows, shape.depth);
  Operand<typename N::B> b(random, shape.all_k, cols);
  Operand<C> c(random, shape.all_m, cols);
  a.fill(random, shape.live_k != nullptr || shape.live_m != nullptr ? 3 : 0, numbers.a_zero);
  b.fill(random);
  c.fill(random);
  c.remember();
  std::vector<C> expected;
  for (Index m = 0; m < shape.all_m; ++m)
    for (Index j = 0; j < cols; ++j) expected.push_back(c.view(m, j));
  const auto listed = [](const std::vector<int>* list, Index at) {
    return list != nullptr ? (*list)[static_cast<std::size_t>(at)] : at;
  };
  for (Index i = 0; i < shape.rows; ++i)
    for (Index j = 0; j < cols; ++j) {
      const Index m = listed(shape.live_m, i);
      expected[static_cast<std::size_t>(m * cols + j)] = sequence(
          numbers.plain, sum, c.view(m, j), shape.depth, [&](Index p) { return a.view(i, p); },
          [&](Index p) { return b.view(listed(shape.live_k, p), j); }, [](Index) { return true; });
    }
  call(a.view, b.view, c.view);
  compare(c, expected, shape.what, sum, shape.depth);
}

/// `count` different numbers below n, ascending.
inline std::vector<int> random_list(Random& random, Index count, Index n) {
  std::vector<int> list;
  for (Index k = 0; k < n; ++k)
    if (random.below(n - k) < count - static_cast<Index>(list.size())) list.push_back(static_cast<int>(k));
  return list;
}

template <int H, int W, class N>
void random_cs_os(Random& random, const N& numbers, Sum sum) {
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
          numbers.plain, sum, c.view(i, j), steps, [&](Index p) { return w(i, p).value; },
          [&](Index p) { return b.view(k(p, w(i, p).lane), j); }, [&](Index p) { return w(i, p).present; }));
  if (sum == Sum::chained) fold::csOS<H, W>(w, k, b.view, c.view, numbers.mac);
  if (sum == Sum::from_zero) fold::csOS<H, W, Sum::from_zero>(w, k, b.view, c.view, numbers.mac);
  compare(c, expected, "csOS", sum, steps);
}

template <int H, int W, class N>
void random_os(Random& random, const N& numbers, Sum sum) {
  const auto& mac = numbers.mac;
  {
    const Index r = random.up_to(H), c = random.up_to(W), t = random.below(20);
    one_fold(random, numbers, sum, {"dOS", r, c, t, t, r}, [&](auto va, auto vb, auto vc) {
      if (sum == Sum::chained) fold::dOS<H, W>(va, vb, vc, mac);
      if (sum == Sum::from_zero) fold::dOS<H, W, Sum::from_zero>(va, vb, vc, mac);
    });
  }
  {
    const Index r = random.up_to(H), c = random.up_to(W), k = random.below(30), t = random.below(k + 1);
    const auto live = random_list(random, t, k);
    one_fold(random, numbers, sum, {"sOS", r, c, t, k, r, &live}, [&](auto va, auto vb, auto vc) {
      if (sum == Sum::chained) fold::sOS<H, W>(va, live.data(), vb, vc, mac);
      if (sum == Sum::from_zero) fold::sOS<H, W, Sum::from_zero>(va, live.data(), vb, vc, mac);
    });
  }
  random_cs_os<H, W>(random, numbers, sum);
}

template <int H, int W, class N>
void random_ws(Random& random, const N& numbers, Sum sum) {
  const auto& mac = numbers.mac;
  {
    const Index c = random.up_to(W), r = random.up_to(H), n = random.below(50);
    one_fold(random, numbers, sum, {"dWS", c, n, r, r, c}, [&](auto va, auto vb, auto vc) {
      if (sum == Sum::chained) fold::dWS<H, W>(va, vb, vc, mac);
      if (sum == Sum::from_zero) fold::dWS<H, W, Sum::from_zero>(va, vb, vc, mac);
      if (sum == Sum::fold_then_add) fold::dWS<H, W, Sum::fold_then_add>(va, vb, vc, mac);
    });
  }
  {
    const Index c = random.up_to(W), r = random.up_to(H), n = random.below(50), k = r + random.below(20);
    const auto live = random_list(random, r, k);
    one_fold(random, numbers, sum, {"sWS", c, n, r, k, c, &live}, [&](auto va, auto vb, auto vc) {
      if (sum == Sum::chained) fold::sWS<H, W>(va, live.data(), vb, vc, mac);
      if (sum == Sum::from_zero) fold::sWS<H, W, Sum::from_zero>(va, live.data(), vb, vc, mac);
      if (sum == Sum::fold_then_add) fold::sWS<H, W, Sum::fold_then_add>(va, live.data(), vb, vc, mac);
    });
  }
}

template <int H, int W, class N>
void random_is(Random& random, const N& numbers, Sum sum) {
  const auto& mac = numbers.mac;
  {
    const Index r = random.up_to(H), c = random.up_to(W), m = random.below(30);
    one_fold(random, numbers, sum, {"dIS", m, c, r, r, m}, [&](auto va, auto vb, auto vc) {
      if (sum == Sum::chained) fold::dIS<H, W>(va, vb, vc, mac);
      if (sum == Sum::from_zero) fold::dIS<H, W, Sum::from_zero>(va, vb, vc, mac);
      if (sum == Sum::fold_then_add) fold::dIS<H, W, Sum::fold_then_add>(va, vb, vc, mac);
    });
  }
  {
    const Index r = random.up_to(H), c = random.up_to(W), m = random.below(30), t = random.below(m + 1);
    const auto live = random_list(random, t, m);
    one_fold(random, numbers, sum, {"sIS", t, c, r, r, m, nullptr, &live}, [&](auto va, auto vb, auto vc) {
      if (sum == Sum::chained) fold::sIS<H, W>(va, live.data(), vb, vc, mac);
      if (sum == Sum::from_zero) fold::sIS<H, W, Sum::from_zero>(va, live.data(), vb, vc, mac);
      if (sum == Sum::fold_then_add) fold::sIS<H, W, Sum::fold_then_add>(va, live.data(), vb, vc, mac);
    });
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
    for (const Sum sum : {Sum::chained, Sum::from_zero, Sum::fold_then_add}) {
      if (sum != Sum::fold_then_add) random_os<H, W>(random, numbers, sum);
      random_ws<H, W>(random, numbers, sum);
      random_is<H, W>(random, numbers, sum);
    }
  }
}

}  // namespace inline_test
