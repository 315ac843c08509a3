// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The header-only folds, compiled with a consumer's flags, against the library's kernels: the same bits, in every
// dataflow, for f32 and s8.
#include <doctest/doctest.h>

#include <cstring>

#include "septet/gemm.hpp"
#include "septet/inline/gemm_fixed.hpp"
#include "support.hpp"
#include "whole_products.hpp"

using namespace inline_test;
using septet::Accumulate;
using septet::Dataflow;

namespace {

// A seeded problem on the folds' array, and both ways to its result.
template <class A, class C>
struct Problem {
  Index m, n, k;
  std::vector<A> a, b;
  std::vector<C> preload;
  A zero;

  MatrixView<A> left() { return septet::row_major(a.data(), m, k); }
  MatrixView<A> right() { return septet::row_major(b.data(), k, n); }

  std::vector<C> by_library(Dataflow dataflow, Accumulate accumulate, septet::GemmOptions options) {
    std::vector<C> c(preload);
    options.dataflow = dataflow;
    options.accumulate = accumulate;
    options.array = {kH, kW};
    options.combine.lanes = kLanes;
    options.beta = 1;  // sums start from C, as the folds' do
    septet::gemm(left(), right(), septet::row_major(c.data(), m, n), options);
    return c;
  }

  template <class Mac>
  std::vector<C> by_folds(Dataflow dataflow, const Mac& mac) {
    std::vector<C> result(preload);
    const auto c = septet::row_major(result.data(), m, n);
    switch (dataflow) {
      case Dataflow::dOS:
        dos_product(left(), right(), c, mac);
        break;
      case Dataflow::dWS:
        dws_product<kH, kW>(left(), right(), c, mac);
        break;
      case Dataflow::dIS:
        dis_product(left(), right(), c, mac);
        break;
      case Dataflow::sOS:
        sos_product(left(), zero, right(), c, mac);
        break;
      case Dataflow::sWS:
        sws_product<Sum::chained>(left(), zero, right(), c, mac);
        break;
      case Dataflow::sIS:
        sis_product<Sum::chained>(left(), zero, right(), c, mac);
        break;
      default:
        csos_product(left(), zero, right(), c, mac);
        break;
    }
    return result;
  }

  template <class Mac>
  std::vector<C> by_added_folds(Dataflow dataflow, const Mac& mac) {
    std::vector<C> result(preload);
    const auto c = septet::row_major(result.data(), m, n);
    switch (dataflow) {
      case Dataflow::dWS:
        dws_product<kH, kW, Sum::fold_then_add>(left(), right(), c, mac);
        break;
      case Dataflow::dIS:
        dis_product<Sum::fold_then_add>(left(), right(), c, mac);
        break;
      case Dataflow::sWS:
        sws_product<Sum::fold_then_add>(left(), zero, right(), c, mac);
        break;
      default:
        sis_product<Sum::fold_then_add>(left(), zero, right(), c, mac);
        break;
    }
    return result;
  }
};

template <class C>
bool same_bits(const std::vector<C>& x, const std::vector<C>& y) {
  return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(C)) == 0);
}

template <class A, class C, class Mac, class RandomA, class RandomC>
void compare(const Mac& mac, const septet::GemmOptions& options, A zero, std::uint64_t seed, RandomA random_a,
             RandomC random_c) {
  for (int round = 0; round < 40; ++round) {
    Random random{seed + static_cast<std::uint64_t>(round)};
    Problem<A, C> p{1 + random.below(20), 1 + random.below(40), 1 + random.below(30), {}, {}, {}, zero};
    const Index one_in = 1 + random.below(6);
    for (Index i = 0; i < p.m * p.k; ++i) p.a.push_back(random.below(one_in) == 0 ? random_a(random) : zero);
    for (Index i = 0; i < p.k * p.n; ++i) p.b.push_back(random_a(random));
    for (Index i = 0; i < p.m * p.n; ++i) p.preload.push_back(random_c(random));
    CAPTURE(seed);
    CAPTURE(round);
    for (const Dataflow d :
         {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS, Dataflow::sOS, Dataflow::sWS, Dataflow::sIS, Dataflow::csOS}) {
      INFO(std::string(septet::name(d)));
      CHECK(same_bits(p.by_folds(d, mac), p.by_library(d, Accumulate::chained, options)));
      if (septet::is_output_stationary(d)) continue;
      CHECK(same_bits(p.by_added_folds(d, mac), p.by_library(d, Accumulate::fold_then_add, options)));
    }
  }
}

float mixed_float(Random& random) {
  const float fraction = 1 + static_cast<float>(random.next() >> 41) * 0x1p-23f;
  return (random.below(2) == 0 ? 1.f : -1.f) * std::ldexp(fraction, static_cast<int>(random.below(20)) - 10);
}

}  // namespace

TEST_CASE("f32, fused and unfused: the folds and the kernels give the same bits") {
  septet::GemmOptions options;
  compare<float, float>(fold::Fused{}, options, 0.f, 71, mixed_float, mixed_float);
  options.mac = septet::Mac::unfused;
  compare<float, float>(fold::Unfused{}, options, 0.f, 72, mixed_float, mixed_float);
}

TEST_CASE("s8 with zero points: the folds and the kernels give the same bits") {
  septet::GemmOptions options;
  options.a_zero_point = -3;
  options.b_zero_point = 100;
  const auto s8 = [](Random& random) { return static_cast<std::int8_t>(random.next()); };
  const auto s32 = [](Random& random) { return static_cast<std::int32_t>(random.next()); };
  compare<std::int8_t, std::int32_t>(fold::Exact{-3, 100}, options, std::int8_t{-3}, 73, s8, s32);
}

namespace {

/// C + A * B by gemm_fixed and by septet::gemm.
template <int M, int N, int K, class A, class C, class RandomA>
void compare_fixed(RandomA random_a, std::uint64_t seed) {
  Random random{seed};
  std::vector<A> a, b;
  std::vector<C> c;
  for (int i = 0; i < M * K; ++i) a.push_back(random_a(random));
  for (int i = 0; i < K * N; ++i) b.push_back(random_a(random));
  for (int i = 0; i < M * N; ++i) c.push_back(static_cast<C>(random_a(random)));
  std::vector<C> by_library(c);
  septet::GemmOptions options;
  options.beta = 1;
  septet::gemm(septet::row_major(a.data(), M, K), septet::row_major(b.data(), K, N),
               septet::row_major(by_library.data(), M, N), options);
  fold::gemm_fixed<M, N, K, Sum::chained>(a.data(), b.data(), c.data());
  CAPTURE(seed);
  CHECK(same_bits(c, by_library));
}

}  // namespace

TEST_CASE("a product of fixed shape has the library's bits") {
  const auto f64 = [](Random& random) { return static_cast<double>(mixed_float(random)) / 3; };
  const auto s8 = [](Random& random) { return static_cast<std::int8_t>(random.next()); };
  compare_fixed<4, 4, 4, float, float>(mixed_float, 81);
  compare_fixed<31, 17, 64, float, float>(mixed_float, 82);
  compare_fixed<48, 48, 48, float, float>(mixed_float, 83);
  compare_fixed<5, 3, 33, double, double>(f64, 84);
  compare_fixed<16, 49, 63, double, double>(f64, 85);
  compare_fixed<7, 33, 64, std::int8_t, std::int32_t>(s8, 86);
}
