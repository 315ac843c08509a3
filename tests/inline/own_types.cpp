// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The user's own numbers through the seven folds: a fixed-point type that saturates at every step, and a type that
// writes down every MAC, which proves their order and that nothing outside the tile in use is multiplied.
#include <doctest/doctest.h>

#include <string>

#include "septet/inline/folds.hpp"
#include "support.hpp"

using namespace inline_test;
namespace fold = septet::fold;

namespace {

/// 8 bits before the point, 8 after. Products are truncated towards minus infinity, sums stop at the ends.
class Q78 {
 public:
  Q78() = default;
  static Q78 of_bits(std::int32_t bits) {
    Q78 q;
    q.bits_ = static_cast<std::int16_t>(bits > 32767 ? 32767 : bits < -32768 ? -32768 : bits);
    return q;
  }
  std::int32_t bits() const { return bits_; }
  friend Q78 operator*(Q78 a, Q78 b) { return of_bits((a.bits() * b.bits()) >> 8); }
  friend Q78 operator+(Q78 a, Q78 b) { return of_bits(a.bits() + b.bits()); }
  friend bool operator==(Q78 a, Q78 b) { return a.bits_ == b.bits_; }

 private:
  std::int16_t bits_ = 0;
};

struct SaturatingMac {
  Q78 operator()(Q78 acc, Q78 a, Q78 b) const { return acc + a * b; }
};

/// An element of A and of B that know where they are, and a sum that remembers what was added. No default
/// constructors, no arithmetic: a fold needs the functor alone.
struct Left {
  Left(Index m_, Index k_) : m(m_), k(k_) {}
  Index m, k;
};
struct Right {
  Right(Index k_, Index n_) : k(k_), n(n_) {}
  Index k, n;
};
struct Trace {
  explicit Trace(std::string text_) : text(std::move(text_)) {}
  std::string text;
};
struct TraceMac {
  Trace operator()(const Trace& acc, const Left& a, const Right& b) const {
    return Trace(acc.text + " " + std::to_string(a.m) + "." + std::to_string(a.k) + "*" + std::to_string(b.k) + "." +
                 std::to_string(b.n));
  }
};

/// As Trace, but may start from nothing and be added.
struct Sums {
  std::string text = "0";
};
struct SumsMac {
  Sums operator()(const Sums& acc, const Left& a, const Right& b) const {
    return {TraceMac()(Trace(acc.text), a, b).text};
  }
  Sums add(const Sums& acc, const Sums& sum) const { return {acc.text + " + (" + sum.text + ")"}; }
};

template <class Make>
auto grid(Index rows, Index cols, Make make) {
  std::vector<decltype(make(Index{0}, Index{0}))> elements;
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < cols; ++j) elements.push_back(make(i, j));
  return elements;
}

std::string preload(Index m, Index n) { return "C" + std::to_string(m) + "." + std::to_string(n); }

/// What an output's trace must be: A's rows and B's columns are its own, k as listed.
std::string trace(std::string text, Index m, Index n, const std::vector<int>& ks) {
  for (const int k : ks) {
    text += " " + std::to_string(m) + "." + std::to_string(k) + "*" + std::to_string(k) + "." + std::to_string(n);
  }
  return text;
}

const Index kM = 3, kN = 5, kK = 4;
const std::vector<int> kAll = {0, 1, 2, 3};

struct TraceOperands {
  std::vector<Left> a = grid(kM, kK, [](Index m, Index k) { return Left(m, k); });
  std::vector<Right> b = grid(kK, kN, [](Index k, Index n) { return Right(k, n); });
  std::vector<Trace> c = grid(kM, kN, [](Index m, Index n) { return Trace(preload(m, n)); });
  MatrixView<Left> va = septet::row_major(a.data(), kM, kK);
  MatrixView<Right> vb = septet::row_major(b.data(), kK, kN);
  MatrixView<Trace> vc = septet::row_major(c.data(), kM, kN);

  void check(const std::vector<int>& ks) const {
    for (Index m = 0; m < kM; ++m)
      for (Index n = 0; n < kN; ++n) CHECK(vc(m, n).text == trace(preload(m, n), m, n, ks));
  }
};

}  // namespace

TEST_CASE("own type: the order of MACs, dense") {
  SUBCASE("dOS") {
    TraceOperands x;
    fold::dOS<4, 8>(x.va, x.vb, x.vc, TraceMac{});
    x.check(kAll);
  }
  SUBCASE("dWS") {
    TraceOperands x;
    fold::dWS<4, 3>(x.va, x.vb, x.vc, TraceMac{});
    x.check(kAll);
  }
  SUBCASE("dIS") {
    TraceOperands x;
    fold::dIS<4, 5>(x.va, x.vb, x.vc, TraceMac{});
    x.check(kAll);
  }
  SUBCASE("edge: what is not in the views is not touched") {
    TraceOperands x;
    fold::dOS<16, 16>(x.va.block(1, 0, 1, 2), x.vb.block(0, 2, 2, 2), x.vc.block(1, 2, 1, 2), TraceMac{});
    for (Index m = 0; m < kM; ++m)
      for (Index n = 0; n < kN; ++n) {
        const bool in_use = m == 1 && (n == 2 || n == 3);
        CHECK(x.vc(m, n).text == trace(preload(m, n), m, n, in_use ? std::vector<int>{0, 1} : std::vector<int>{}));
      }
  }
}

TEST_CASE("own type: the order of MACs, sparse") {
  const int live[] = {1, 3};
  const std::vector<int> ks = {1, 3};
  const auto packed = grid(kM, 2, [&](Index m, Index t) { return Left(m, live[t]); });
  const auto va = septet::row_major(packed.data(), kM, 2);
  SUBCASE("sOS") {
    TraceOperands x;
    fold::sOS<4, 8>(va, live, x.vb, x.vc, TraceMac{});
    x.check(ks);
  }
  SUBCASE("sWS") {
    TraceOperands x;
    fold::sWS<2, 4>(va, live, x.vb, x.vc, TraceMac{});
    x.check(ks);
  }
  SUBCASE("sIS: rows 0 and 2 live") {
    TraceOperands x;
    const std::int64_t rows[] = {0, 2};
    const auto two = grid(2, kK, [&](Index t, Index k) { return Left(rows[t], k); });
    fold::sIS<4, 8>(septet::row_major(two.data(), 2, kK), rows, x.vb, x.vc, TraceMac{});
    for (Index m = 0; m < kM; ++m)
      for (Index n = 0; n < kN; ++n) {
        CHECK(x.vc(m, n).text == trace(preload(m, n), m, n, m == 1 ? std::vector<int>{} : kAll));
      }
  }
  SUBCASE("csOS: columns 0 and 2 share a step, row 1 idles in the second") {
    TraceOperands x;
    struct OneWeight {  // the user's own: value, lane, present
      Left value;
      int lane;
      bool present;
    };
    // Step 0: k = 0 (lane 0: rows 0, 2) and k = 2 (lane 1: row 1). Step 1: k = 3 in rows 0 and 2.
    const std::vector<OneWeight> weights = {{{0, 0}, 0, true},  {{0, 3}, 0, true}, {{1, 2}, 1, true},
                                            {{9, 9}, 0, false}, {{2, 0}, 0, true}, {{2, 3}, 0, true}};
    const int columns[] = {0, 2, 3, -1};
    fold::csOS<3, 5>(septet::row_major(weights.data(), kM, 2), septet::row_major(columns, 2, 2), x.vb, x.vc,
                     TraceMac{});
    for (Index m = 0; m < kM; ++m)
      for (Index n = 0; n < kN; ++n) {
        CHECK(x.vc(m, n).text == trace(preload(m, n), m, n, m == 1 ? std::vector<int>{2} : std::vector<int>{0, 3}));
      }
  }
}

TEST_CASE("own type: from zero, and fold-then-add") {
  TraceOperands x;
  std::vector<Sums> c(kM * kN, Sums{"C"});
  const auto vc = septet::row_major(c.data(), kM, kN);
  SUBCASE("from zero") {
    fold::dOS<4, 8, fold::Sum::from_zero>(x.va, x.vb, vc, SumsMac{});
    for (Index m = 0; m < kM; ++m)
      for (Index n = 0; n < kN; ++n) CHECK(vc(m, n).text == trace("0", m, n, kAll));
  }
  SUBCASE("fold-then-add, two folds") {
    for (Index k = 0; k < kK; k += 2) {
      fold::dIS<2, 8, fold::Sum::fold_then_add>(x.va.block(0, k, kM, 2), x.vb.block(k, 0, 2, kN), vc, SumsMac{});
    }
    for (Index m = 0; m < kM; ++m)
      for (Index n = 0; n < kN; ++n) {
        CHECK(vc(m, n).text == "C + (" + trace("0", m, n, {0, 1}) + ") + (" + trace("0", m, n, {2, 3}) + ")");
      }
  }
}

namespace {

struct FixedOperands {
  Index rows, cols, depth;
  std::vector<Q78> a, b, c, expected;

  FixedOperands(Random& random, Index rows_, Index cols_, Index depth_) : rows(rows_), cols(cols_), depth(depth_) {
    const auto fill = [&](std::vector<Q78>& to, Index count) {
      for (Index i = 0; i < count; ++i) to.push_back(Q78::of_bits(static_cast<std::int16_t>(random.next())));
    };
    fill(a, rows * depth);
    fill(b, depth * cols);
    fill(c, rows * cols);
    expected = c;
  }
  MatrixView<Q78> va() { return septet::row_major(a.data(), rows, depth); }
  MatrixView<Q78> vb() { return septet::row_major(b.data(), depth, cols); }
  MatrixView<Q78> vc() { return septet::row_major(c.data(), rows, cols); }
  /// Saturation makes any other order another result.
  void expect(Index i, Index j, const std::vector<int>& ks) {
    Q78& acc = expected[static_cast<std::size_t>(i * cols + j)];
    for (const int k : ks) acc = acc + va()(i, k) * vb()(k, j);
  }
  void expect_all(const std::vector<int>& ks) {
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < cols; ++j) expect(i, j, ks);
  }
};

}  // namespace

TEST_CASE("own type: saturating fixed point, the seven") {
  Random random{41};
  const std::vector<int> all = {0, 1, 2, 3, 4, 5, 6, 7}, some = {0, 3, 4, 7};
  for (int round = 0; round < 20; ++round) {
    for (int dataflow = 0; dataflow < 7; ++dataflow) {
      FixedOperands x(random, 1 + random.below(6), 1 + random.below(9), 8);
      std::vector<Q78> packed;
      for (Index i = 0; i < x.rows; ++i)
        for (const int k : some) packed.push_back(x.va()(i, k));
      const auto live = septet::row_major(packed.data(), x.rows, 4);
      const SaturatingMac mac;
      if (dataflow < 3) x.expect_all(all);
      if (dataflow == 3 || dataflow == 4) x.expect_all(some);
      if (dataflow == 0) fold::dOS<6, 9>(x.va(), x.vb(), x.vc(), mac);
      if (dataflow == 1) fold::dWS<8, 6>(x.va(), x.vb(), x.vc(), mac);
      if (dataflow == 2) fold::dIS<8, 9>(x.va(), x.vb(), x.vc(), mac);
      if (dataflow == 3) fold::sOS<6, 9>(live, some.data(), x.vb(), x.vc(), mac);
      if (dataflow == 4) fold::sWS<4, 6>(live, some.data(), x.vb(), x.vc(), mac);
      if (dataflow == 5) {  // the last row only
        const int row = static_cast<int>(x.rows - 1);
        for (Index j = 0; j < x.cols; ++j) x.expect(row, j, all);
        fold::sIS<8, 9>(x.va().block(row, 0, 1, 8), &row, x.vb(), x.vc(), mac);
      }
      if (dataflow == 6) {  // two steps: even rows take k = 1 and 5, odd rows k = 2 and none
        std::vector<fold::Weight<Q78>> weights;
        for (Index i = 0; i < x.rows; ++i) {
          const bool odd = i % 2 != 0;
          weights.push_back({x.va()(i, odd ? 2 : 1), static_cast<std::uint8_t>(odd), true});
          weights.push_back({x.va()(i, 5), 0, !odd});
          for (Index j = 0; j < x.cols; ++j) x.expect(i, j, odd ? std::vector<int>{2} : std::vector<int>{1, 5});
        }
        const int columns[] = {1, 2, 5, 0};
        fold::csOS<6, 9>(septet::row_major(weights.data(), x.rows, 2), septet::row_major(columns, 2, 2), x.vb(), x.vc(),
                         mac);
      }
      CAPTURE(dataflow);
      CHECK(x.c == x.expected);
    }
  }
}

TEST_CASE("own type: a lambda is a MAC, and a product of fixed shape") {
  const Q78 one = Q78::of_bits(256), half = Q78::of_bits(128);
  const Q78 a[] = {one, half, half, one}, b[] = {one, one, half, half, one, half};
  Q78 c[6];
  fold::product<2, 3, 2>(a, b, c, [](Q78 acc, Q78 x, Q78 y) { return acc + x * y; });
  const int want[] = {320, 384, 192, 256, 384, 192};
  for (int i = 0; i < 6; ++i) CHECK(c[i].bits() == want[i]);
}
