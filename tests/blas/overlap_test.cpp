// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Blocks of one array, as LAPACK uses them: C beside A and B in the same columns, or columns in turns. No element is
// shared, and nobody is refused.
#include "operands.hpp"
#include "septet/blas.h"

#include <doctest/doctest.h>

namespace {

using namespace septet;
using namespace septet::blas_test;
using C32 = std::complex<float>;
using C64 = std::complex<double>;

// The same product with the operands in memory of their own has to leave the same elements.
template <class T>
void check(Rng& rng, const Spelling& gemm, int layout, Index m, Index n, Index k, bool interleaved) {
  // One array of lines: A's, B's and C's lines are parts of them, or every third.
  const bool by_rows = layout == kRowMajor;
  const Index a_length = by_rows ? k : m, b_length = by_rows ? n : k, c_length = by_rows ? n : m;
  const Index a_lines = by_rows ? m : k, b_lines = by_rows ? k : n, c_lines = by_rows ? m : n;
  const Index most = std::max({a_length, b_length, c_length}), lines = std::max({a_lines, b_lines, c_lines});
  const Index ld = interleaved ? 3 * most : a_length + b_length + c_length;
  const Index b_at = interleaved ? most : a_length, c_at = interleaved ? 2 * most : a_length + b_length;
  Lines<T> array(ld, lines, ld);
  array.fill(rng, ValueKind::mixed);
  const std::vector<T> before = array.copy();
  Lines<T> a(a_length, a_lines, a_length), b(b_length, b_lines, b_length), c(c_length, c_lines, c_length);
  const auto take = [&](Lines<T>& to, Index at) {
    for (Index j = 0; j < to.lines(); ++j) {
      for (Index i = 0; i < to.length(); ++i) to.at(i, j) = array.at(at + i, j);
    }
  };
  take(a, 0), take(b, b_at), take(c, c_at);
  const T alpha = T(-1), beta = T(1);
  Call call{layout, 'N', 'N', m, n, k, &alpha, a.data(), a_length, b.data(), b_length, &beta, c.data(), c_length};
  gemm(call);
  call.a = array.data(), call.b = array.data() + b_at, call.c = array.data() + c_at;
  call.lda = call.ldb = call.ldc = ld;
  gemm(call);
  Index wrong = 0, touched = 0;
  for (Index j = 0; j < lines; ++j) {
    for (Index i = 0; i < ld; ++i) {
      const bool is_c = i >= c_at && i < c_at + c_length && j < c_lines;
      const T now = array.at(i, j), was = before[static_cast<std::size_t>(5 + j * ld + i)];
      if (is_c) wrong += same(now, c.at(i - c_at, j)) ? 0 : 1;
      if (!is_c) touched += same(now, was) ? 0 : 1;
    }
  }
  INFO(std::string(gemm.name) << " " << m << "x" << n << "x" << k << " interleaved " << interleaved);
  CHECK(wrong == 0);
  CHECK(touched == 0);
}

}  // namespace

TEST_CASE_TEMPLATE("blocks of one array", T, float, double, C32, C64) {
  constexpr std::uint64_t kSeed = 5100;
  INFO("seed " << kSeed);
  Rng rng(kSeed);
  Reports reports;
  constexpr Index kSizes[] = {1, 4, 8, 16, 17, 33, 64, 100};
  for (int i = 0; i < 60; ++i) {
    const auto size = [&] { return kSizes[rng.below(8)]; };
    const Spelling gemm = rng.pick(spellings<T>());
    const int layout = gemm.fortran ? kColMajor : rng.pick({kRowMajor, kColMajor});
    const Index m = size(), n = size(), k = size();
    check<T>(rng, gemm, layout, m, n, k, i % 2 == 0);
  }
  CHECK(reports.info() == -1);
}

TEST_CASE_TEMPLATE("columns in turns: A's even ones, C's odd ones", T, float, double, C32, C64) {
  Rng rng(5200);
  for (const Index size : {3, 16, 40, 130}) {
    Lines<T> array(size, 2 * size, size + 1), b(size, size, size), a(size, size, size), c(size, size, size);
    array.fill(rng, ValueKind::mixed);
    b.fill(rng, ValueKind::mixed);
    for (Index j = 0; j < size; ++j) {
      for (Index i = 0; i < size; ++i) a.at(i, j) = array.at(i, 2 * j), c.at(i, j) = array.at(i, 2 * j + 1);
    }
    const T alpha = T(2), beta = T(-1);
    Call call{kColMajor, 'N', 'N', size, size, size, &alpha, a.data(), size, b.data(), size, &beta, c.data(), size};
    spellings<T>().front()(call);
    call.a = array.data(), call.c = array.data() + array.ld(), call.lda = call.ldc = 2 * array.ld();
    spellings<T>().front()(call);
    Index wrong = 0;
    for (Index j = 0; j < size; ++j) {
      for (Index i = 0; i < size; ++i) {
        wrong += same(array.at(i, 2 * j), a.at(i, j)) && same(array.at(i, 2 * j + 1), c.at(i, j)) ? 0 : 1;
      }
    }
    INFO("size " << size);
    CHECK(wrong == 0);
    CHECK(array.padding_intact());
  }
}

TEST_CASE("A and B may be the same matrix") {
  Rng rng(5300);
  for (const Index size : {5, 32, 128}) {
    Lines<double> a(size, size, size), c(size, size, size);
    a.fill(rng, ValueKind::mixed);
    const double one = 1, zero = 0;
    const Call call{kColMajor, 'N', 'T', size, size, size, &one, a.data(), size, a.data(), size, &zero, c.data(), size};
    spellings<double>().front()(call);
    Index wrong = 0;
    for (Index i = 0; i < size; ++i) {
      for (Index j = 0; j < size; ++j) wrong += same(c.at(i, j), c.at(j, i)) ? 0 : 1;
    }
    CHECK(wrong == 0);
  }
}
