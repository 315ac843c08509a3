// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// ?gemm_batch_strided: the bits of one ?gemm for each product, wherever the matrices lie.
#include "operands.hpp"
#include "septet/blas.h"

#include <doctest/doctest.h>

#define BATCH_DECLARE(name, Int, Scalar)                                                                            \
  void name(int, int, int, Int, Int, Int, Scalar, const void*, Int, Int, const void*, Int, Int, Scalar, void*, Int, \
            Int, Int);
#define BATCH_DECLARE_FORTRAN(name, Int)                                                                        \
  void name(const char*, const char*, const Int*, const Int*, const Int*, const void*, const void*, const Int*, \
            const Int*, const void*, const Int*, const Int*, const void*, void*, const Int*, const Int*, const Int*);
#define BATCH_NAMES(prefix, Scalar)                                          \
  BATCH_DECLARE(cblas_##prefix##gemm_batch_strided_64, std::int64_t, Scalar) \
  BATCH_DECLARE(cblas_##prefix##gemm_batch_strided64_, std::int64_t, Scalar) \
  BATCH_DECLARE_FORTRAN(prefix##gemm_batch_strided_, std::int32_t)           \
  BATCH_DECLARE_FORTRAN(prefix##gemm_batch_strided_64_, std::int64_t)        \
  BATCH_DECLARE_FORTRAN(prefix##gemm_batch_strided_64, std::int64_t)
extern "C" {
BATCH_NAMES(s, float)
BATCH_NAMES(d, double)
BATCH_NAMES(c, const void*)
BATCH_NAMES(z, const void*)
}

namespace {

using namespace septet;
using namespace septet::blas_test;
using C32 = std::complex<float>;
using C64 = std::complex<double>;
using std::int32_t, std::int64_t;

struct Strided : Call {
  Index stride_a = 0, stride_b = 0, stride_c = 0, count = 0;
};

template <class Scalar, class T>
Scalar scalar(const void* value) {
  if constexpr (kIsComplex<T>) {
    return value;
  } else {
    return *static_cast<const T*>(value);
  }
}

template <class Int, class Scalar, class T, class F>
void call_c(F f, const Strided& x) {
  const auto cut = [](Index value) { return static_cast<Int>(value); };
  f(x.layout, cblas_op(x.op_a), cblas_op(x.op_b), cut(x.m), cut(x.n), cut(x.k), scalar<Scalar, T>(x.alpha),
    static_cast<const T*>(x.a), cut(x.lda), cut(x.stride_a), static_cast<const T*>(x.b), cut(x.ldb), cut(x.stride_b),
    scalar<Scalar, T>(x.beta), static_cast<T*>(x.c), cut(x.ldc), cut(x.stride_c), cut(x.count));
}

template <class Int, class F>
void call_fortran(F f, const Strided& x) {
  const auto cut = [](Index value) { return static_cast<Int>(value); };
  const Int m = cut(x.m), n = cut(x.n), k = cut(x.k), lda = cut(x.lda), ldb = cut(x.ldb), ldc = cut(x.ldc);
  const Int a = cut(x.stride_a), b = cut(x.stride_b), c = cut(x.stride_c), count = cut(x.count);
  f(&x.op_a, &x.op_b, &m, &n, &k, x.alpha, x.a, &lda, &a, x.b, &ldb, &b, x.beta, x.c, &ldc, &c, &count);
}

// Spellings 0 to 2: C's, 3 to 5: Fortran's.
#define BATCH_CALL(T, prefix, Scalar)                                                                           \
  void call(T /*tag*/, int spelling, const Strided& x) {                                                        \
    if (spelling == 0) return call_c<int32_t, Scalar, T>(&cblas_##prefix##gemm_batch_strided, x);               \
    if (spelling == 1) return call_c<int64_t, Scalar, T>(&cblas_##prefix##gemm_batch_strided_64, x);            \
    if (spelling == 2) return call_c<int64_t, Scalar, T>(&cblas_##prefix##gemm_batch_strided64_, x);            \
    if (spelling == 3) return call_fortran<int32_t>(&prefix##gemm_batch_strided_, x);                           \
    call_fortran<int64_t>(spelling == 4 ? &prefix##gemm_batch_strided_64_ : &prefix##gemm_batch_strided_64, x); \
  }
BATCH_CALL(float, s, float)
BATCH_CALL(double, d, double)
BATCH_CALL(C32, c, const void*)
BATCH_CALL(C64, z, const void*)

// `count` matrices in one buffer: apart, backwards, or all the same one, or reaching into each other.
template <class T>
struct Stack {
  Index length, lines, ld, stride = 0, first = 0;
  std::vector<T> memory;
  Stack(Rng& rng, bool by_rows, Index rows, Index cols, Index count, bool is_output)
      : length(by_rows ? cols : rows), lines(by_rows ? rows : cols), ld(std::max<Index>(1, length) + rng.below(3)) {
    const Index size = std::max<Index>(1, lines * ld);
    stride = size + rng.below(3);
    if (!is_output && rng.chance(0.2)) stride = 0;
    if (!is_output && rng.chance(0.2)) stride = rng.below(4);
    if (!is_output && rng.chance(0.2)) stride = -stride;
    const Index reach = (std::max<Index>(1, count) - 1) * stride;
    first = std::max<Index>(0, -reach);
    memory.resize(static_cast<std::size_t>(size + std::abs(reach)));
    for (T& x : memory) x = random_element<T>(rng, ValueKind::mixed);
  }
  T* matrix(Index i) { return memory.data() + first + i * stride; }
};

template <class T>
void check_batch(Rng& rng, int spelling, Index m, Index n, Index k, Index count, bool negative_c) {
  const bool fortran = spelling >= 3;
  Strided x;
  x.layout = fortran ? kColMajor : rng.pick({kRowMajor, kColMajor});
  x.op_a = rng.pick({'N', 'T', 'C', 'n', 't'}), x.op_b = rng.pick({'N', 'T', 'C', 'c'});
  x.m = m, x.n = n, x.k = k, x.count = count;
  const T alphas[] = {T(1), T(1), T(0), T(-1), T(1.3f)}, betas[] = {T(0), T(1), T(-1), T(0.7f)};
  const T alpha = alphas[rng.below(5)], beta = betas[rng.below(4)];
  const bool by_rows = x.layout == kRowMajor;
  Stack<T> a(rng, by_rows, is_plain(x.op_a) ? m : k, is_plain(x.op_a) ? k : m, count, false);
  Stack<T> b(rng, by_rows, is_plain(x.op_b) ? k : n, is_plain(x.op_b) ? n : k, count, false);
  Stack<T> c(rng, by_rows, m, n, count, true);
  if (negative_c) c.first = (std::max<Index>(1, count) - 1) * c.stride, c.stride = -c.stride;
  x.alpha = &alpha, x.beta = &beta;
  x.a = a.matrix(0), x.lda = a.ld, x.stride_a = a.stride;
  x.b = b.matrix(0), x.ldb = b.ld, x.stride_b = b.stride;
  x.c = c.matrix(0), x.ldc = c.ld, x.stride_c = c.stride;
  Stack<T> want = c;
  for (Index i = 0; i < count; ++i) {
    Call one = x;
    one.a = a.matrix(i), one.b = b.matrix(i), one.c = want.matrix(i);
    spellings<T>()[static_cast<std::size_t>(fortran ? 0 : 3)](one);
  }
  call(T(), spelling, x);
  Index wrong = 0;
  for (std::size_t i = 0; i < c.memory.size(); ++i) wrong += same(c.memory[i], want.memory[i]) ? 0 : 1;
  INFO("spelling " << spelling << " layout " << x.layout << " " << std::string{x.op_a, x.op_b} << " " << m << "x" << n
                   << "x" << k << " alpha " << text_of(alpha) << " beta " << text_of(beta) << " count " << count
                   << " strides " << a.stride << " " << b.stride << " " << c.stride);
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE_TEMPLATE("batches are products one by one", T, float, double, C32, C64) {
  constexpr std::uint64_t kSeed = 3100;
  INFO("seed " << kSeed);
  Rng rng(kSeed);
  constexpr Index kSizes[] = {0, 1, 2, 3, 4, 5, 8, 12, 16, 17, 32, 33};
  for (int i = 0; i < 180; ++i) {
    REQUIRE(septet_blas_set_threads(1 + i % 3) == 0);
    const auto size = [&] { return kSizes[rng.below(12)]; };
    const Index m = size(), n = rng.chance(0.3) ? m : size(), k = rng.chance(0.3) ? m : size();
    check_batch<T>(rng, i % 6, m, n, k, rng.pick({0, 1, 2, 3, 7, 20}), rng.chance(0.2));
  }
  check_batch<T>(rng, 0, 16, 16, 16, 900, false);  // worth more than one thread
  check_batch<T>(rng, 3, 70, 50, 60, 20, false);
  check_batch<T>(rng, 1, 150, 140, 130, 3, true);
  REQUIRE(septet_blas_set_threads(0) == 0);
}

TEST_CASE("batches: bad arguments") {
  // C: layout 1, op_a 2, op_b 3, m 4, n 5, k 6, lda 9, ldb 12, ldc 16, count 18; Fortran: one less
  Reports reports;
  double memory[3][32] = {}, one = 1;
  const std::vector<int> by_columns = {1, 2, 3, 4, 5, 6, 9, 12, 16, 18}, by_rows = {1, 2, 3, 5, 4, 6, 12, 9, 16, 18};
  const auto spoil = [](int which, Strided& x) {
    if (which == 1) x.layout = 0;
    if (which == 2) x.op_a = '?';
    if (which == 3) x.op_b = '?';
    if (which == 4) x.m = -1;
    if (which == 5) x.n = -1;
    if (which == 6) x.k = -1;
    if (which == 9) --x.lda;
    if (which == 12) --x.ldb;
    if (which == 16) --x.ldc;
    if (which == 18) x.count = -1;
  };
  for (const int layout : {kColMajor, kRowMajor}) {
    const std::vector<int>& order = layout == kRowMajor ? by_rows : by_columns;
    for (int spelling = 0; spelling < (layout == kRowMajor ? 3 : 6); ++spelling) {
      const bool fortran = spelling >= 3;
      for (std::size_t first = fortran ? 1 : 0; first < order.size(); ++first) {
        for (std::size_t second = first; second < order.size(); ++second) {
          Strided x;
          x.layout = layout, x.m = 3, x.n = 4, x.k = 5;
          x.lda = layout == kRowMajor ? 5 : 3, x.ldb = layout == kRowMajor ? 4 : 5, x.ldc = layout == kRowMajor ? 4 : 3;
          x.alpha = x.beta = &one, x.a = memory[0], x.b = memory[1], x.c = memory[2], x.count = 2, x.stride_c = 12;
          memory[2][0] = 1;
          spoil(order[first], x);
          if (second != first) spoil(order[second], x);
          call(double(), spelling, x);
          INFO("spelling " << spelling << " layout " << layout << " bad " << order[first] << " and " << order[second]);
          CHECK(reports.info() == order[first] - (fortran ? 1 : 0));
          CHECK(memory[2][0] == 1);
        }
      }
    }
  }
}

TEST_CASE("batches of nothing touch nothing") {
  Reports reports;
  const double one = 1, two = 2;
  for (int spelling = 0; spelling < 6; ++spelling) {
    Strided x;
    x.m = x.n = x.k = 3, x.lda = x.ldb = x.ldc = 3;
    x.alpha = &one, x.beta = &two;
    call(double(), spelling, x);  // count 0
    x.count = 2, x.m = 0, x.stride_c = 9;
    call(double(), spelling, x);
    CHECK(reports.info() == -1);
  }
}
