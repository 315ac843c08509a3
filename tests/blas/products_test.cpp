// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Right bits under every name: in the spirit of netlib's testers of level 3, with exact comparisons.
#include "operands.hpp"
#include "septet/blas.h"

#include <doctest/doctest.h>

#include <cstdlib>

namespace {

using namespace septet;
using namespace septet::blas_test;
using C32 = std::complex<float>;
using C64 = std::complex<double>;

constexpr char kOps[] = {'N', 'T', 'C', 'n', 't', 'c'};
constexpr int kLayouts[] = {kRowMajor, kColMajor};

template <class Sum>
std::vector<Sum> factors() {
  if constexpr (kIsComplex<Sum>) {
    return {{0, 0}, {1, 0}, {-1, 0}, {0.75f, 0}, {0, 1}, {1.25f, -0.375f}};
  } else {
    return {0, 1, -1, Sum(1.3)};
  }
}

// Small integers times which every order of additions is exact.
template <class Sum>
Sum whole_factor(Rng& rng) {
  if constexpr (kIsComplex<Sum>) {
    using Real = typename Sum::value_type;
    return {static_cast<Real>(rng.between(-2, 2)), static_cast<Real>(rng.between(-2, 2))};
  } else {
    return static_cast<Sum>(rng.between(-2, 2));
  }
}

template <class T>
Spelling any_spelling(Rng& rng, int layout) {
  for (;;) {
    const Spelling spelling = rng.pick(spellings<T>());
    if (!spelling.fortran || layout == kColMajor) return spelling;
  }
}

void set_threads(int n) { REQUIRE(septet_blas_set_threads(n) == 0); }

// Every transpose, layout, alpha and beta with sizes around nothing and one.
template <class T>
void check_small_sizes(std::uint64_t seed) {
  INFO("seed " << seed);
  Rng rng(seed);
  constexpr Index kSizes[] = {0, 1, 2, 3, 5, 9};
  for (const int layout : kLayouts) {
    for (const char op_a : kOps) {
      for (const char op_b : kOps) {
        for (const auto& alpha : factors<SumOf<T>>()) {
          for (const auto& beta : factors<SumOf<T>>()) {
            for (int i = 0; i < 4; ++i) {
              const auto size = [&] { return kSizes[rng.below(6)]; };
              Problem<T> problem(rng,
                                 {layout, op_a, op_b, size(), size(), size(), rng.below(3), rng.below(3), rng.below(3)},
                                 alpha, beta, ValueKind::mixed);
              const std::string wrong = problem.run(any_spelling<T>(rng, layout), rng);
              CHECK(wrong == "");
            }
          }
        }
      }
    }
  }
}

// Tiles and their neighbours on every instruction set, between pages that cannot be touched as well.
template <class T>
void check_tiles(std::uint64_t seed, int count) {
  INFO("seed " << seed);
  Rng rng(seed);
  constexpr Index kSizes[] = {1,  3,  4,  5,  6,  7,  8,  12, 13, 15, 16, 17, 23,
                              24, 25, 31, 32, 33, 47, 48, 49, 61, 64, 65, 97};
  const auto list = factors<SumOf<T>>();
  for (int i = 0; i < count; ++i) {
    const auto size = [&] { return kSizes[rng.below(25)]; };
    const auto padding = [&] { return rng.chance(0.5) ? 0 : rng.below(9); };
    const int layout = rng.pick({kRowMajor, kColMajor});
    const ValueKind kind =
        rng.pick({ValueKind::mixed, ValueKind::mixed, ValueKind::extremes, ValueKind::small_integers});
    const bool whole = kind == ValueKind::small_integers;
    const auto factor = [&] { return whole ? whole_factor<SumOf<T>>(rng) : rng.pick(list); };
    const Place place = rng.pick({Place::heap, Place::guard_begin, Place::guard_end});
    Problem<T> problem(rng,
                       {layout, kOps[rng.below(6)], kOps[rng.below(6)], size(), size(), size(), padding(), padding(),
                        padding(), place},
                       factor(), factor(), kind);
    problem.a.make_read_only();
    problem.b.make_read_only();
    const std::string wrong = problem.run(any_spelling<T>(rng, layout), rng);
    CHECK(wrong == "");
  }
}

// More than one pass along k, blocks in both directions, and one to three threads.
template <class T>
void check_large(std::uint64_t seed, int count) {
  INFO("seed " << seed);
  Rng rng(seed);
  const auto list = factors<SumOf<T>>();
  for (int i = 0; i < count; ++i) {
    const auto size = [&] { return rng.chance(0.6) ? rng.between(100, 320) : rng.between(300, 1100); };
    Index m = size(), n = size(), k = size();
    const Index most = Index{1} << (kIsComplex<T> ? 22 : 24);
    while (m * n * k > most) (rng.chance(0.5) ? m : n) = rng.between(5, 60);
    const int layout = rng.pick({kRowMajor, kColMajor});
    Problem<T> problem(
        rng, {layout, kOps[rng.below(6)], kOps[rng.below(6)], m, n, k, rng.below(3), rng.below(3), rng.below(3)},
        rng.chance(0.5) ? list[1] : rng.pick(list), rng.pick(list), ValueKind::mixed);
    set_threads(1 + i % 3);
    const std::string wrong = problem.run(any_spelling<T>(rng, layout), rng, 120);
    INFO("threads " << 1 + i % 3);
    CHECK(wrong == "");
  }
  set_threads(0);
}

// Neither A nor B is looked at.
template <class T>
void check_unread(std::uint64_t seed) {
  INFO("seed " << seed);
  Rng rng(seed);
  using Sum = SumOf<T>;
  for (const Spelling& gemm : spellings<T>()) {
    for (const Sum& beta : factors<Sum>()) {
      for (const bool no_k : {false, true}) {
        const Index m = rng.pick({Index{1}, Index{17}, Index{130}}), n = rng.pick({Index{1}, Index{33}, Index{141}});
        const int layout = gemm.fortran ? kColMajor : rng.pick({kRowMajor, kColMajor});
        Problem<T> problem(rng, {layout, rng.pick({'n', 't', 'c'}), rng.pick({'N', 'T', 'C'}), m, n, no_k ? 0 : 7},
                           no_k ? rng.pick(factors<Sum>()) : Sum(0), beta, ValueKind::mixed);
        std::vector<Sum> old;
        for (Index i = 0; i < m * n; ++i) old.push_back(problem.c_at(i / n, i % n));
        Call call = problem.call();
        call.a = call.b = nullptr;
        gemm(call);
        Index wrong = 0;
        for (Index i = 0; i < m * n; ++i) {
          wrong += same(problem.c_at(i / n, i % n), problem.expected(i / n, i % n, old[i])) ? 0 : 1;
        }
        INFO(std::string(gemm.name) << " " << problem.describe());
        CHECK(wrong == 0);
        CHECK(problem.c.padding_intact());
      }
    }
  }
}

// No outputs: no operand is touched, not even by a pointer that leads nowhere.
template <class T>
void check_empty() {
  const SumOf<T> one(1), two(2);
  for (const Spelling& gemm : spellings<T>()) {
    for (const bool no_rows : {false, true}) {
      Call call{kColMajor, 'N',     'N', no_rows ? 0 : 5, no_rows ? 5 : 0, 3, &two, nullptr, 5, nullptr, 5,
                &one,      nullptr, 5};
      gemm(call);
      call.beta = &two;
      gemm(call);
    }
  }
}

}  // namespace

TEST_CASE("the target that was asked for") {
  const char* wanted = std::getenv("SEPTET_TARGET");
  MESSAGE("target " << std::string(septet_blas_target()));
  if (wanted != nullptr) CHECK(std::string(septet_blas_target()) == wanted);
}

TEST_CASE_TEMPLATE("sizes around nothing", T, float, double, C32, C64, bf16) { check_small_sizes<T>(1100); }

TEST_CASE_TEMPLATE("tiles, guard pages, extremes", T, float, double, C32, C64, bf16) { check_tiles<T>(1200, 150); }

TEST_CASE_TEMPLATE("several passes and threads", T, float, double, C32, C64, bf16) { check_large<T>(1300, 6); }

TEST_CASE_TEMPLATE("alpha = 0 and k = 0 read neither A nor B", T, float, double, C32, C64, bf16) {
  check_unread<T>(1400);
  check_empty<T>();
}
