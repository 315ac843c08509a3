// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Run with nonsense in SEPTET_TARGET or SEPTET_NUM_THREADS: every product says so under number 0, and does nothing.
#include "operands.hpp"
#include "septet/blas.h"

#include <doctest/doctest.h>

#include <cstdlib>

namespace {

using namespace septet;
using namespace septet::blas_test;

std::string bad_variable() {
  for (const char* name : {"SEPTET_TARGET", "SEPTET_NUM_THREADS"}) {
    if (std::getenv(name) != nullptr) return name;
  }
  return "";
}

template <class T>
void check_refused(Index size) {
  Reports reports;
  Rng rng(7);
  for (const Spelling& gemm : spellings<T>()) {
    for (const SumOf<T> alpha : {SumOf<T>(1), SumOf<T>(2), SumOf<T>(0)}) {
      Problem<T> problem(rng, {kColMajor, 'N', 'T', size, size, size}, alpha, SumOf<T>(2), ValueKind::mixed);
      const auto before = problem.c.copy();
      gemm(problem.call());
      INFO(std::string(gemm.name) << " alpha " << text_of(alpha));
      REQUIRE(reports.all().size() == 1);
      CHECK(reports.all().front().message.find(bad_variable()) != std::string::npos);
      CHECK(reports.all().front().routine == gemm.routine);
      CHECK(reports.info() == 0);
      CHECK(problem.c.same_bytes(before));
    }
  }
}

}  // namespace

TEST_CASE_TEMPLATE("products are refused", T, float, double, std::complex<float>, std::complex<double>, bf16) {
  REQUIRE(bad_variable() != "");
  for (const Index size : {1, 8, 40, 110}) check_refused<T>(size);
}

TEST_CASE("products that MKL has besides are refused") {
  Reports reports;
  double a[16] = {}, b[16] = {}, c[16] = {1, 2, 3};
  const std::vector<double> before(c, c + 16);
  cblas_dgemm_batch_strided(kRowMajor, 111, 111, 2, 2, 2, 1, a, 2, 4, b, 2, 4, 0, c, 2, 4, 2);
  CHECK(reports.info() == 0);
  cblas_dgemm_compute(kRowMajor, 111, 111, 2, 2, 2, a, 2, b, 2, 0, c, 2);
  CHECK(reports.info() == 0);
  const std::vector<double> after(c, c + 16);
  CHECK(after == before);
  std::int32_t sums[4] = {1, 2, 3, 4};
  const std::int32_t offset = 9;
  cblas_gemm_s8u8s32(kRowMajor, 111, 111, 173, 2, 2, 2, 1, a, 2, 1, b, 2, 1, 0, sums, 2, &offset);
  CHECK(reports.info() == 0);
  CHECK(sums[0] == 1);
  CHECK(sums[3] == 4);
}

TEST_CASE("bad arguments come first, and nothing to do is no error") {
  Reports reports;
  double x[4] = {1, 2, 3, 4};
  const double one = 1;
  Call call{kColMajor, 'N', 'N', -1, 1, 1, &one, x, 1, x, 1, &one, x, 1};
  for (const Spelling& gemm : spellings<double>()) {
    gemm(call);
    CHECK(reports.info() == (gemm.fortran ? 3 : 4));
  }
  call.m = 0;
  for (const Spelling& gemm : spellings<double>()) {
    gemm(call);
    CHECK(reports.info() == -1);
  }
}
