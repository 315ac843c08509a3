// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Bad arguments of ?gemm: the first in netlib's order is named, under every name, and C is left alone.
#include "operands.hpp"
#include "septet/blas.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>

namespace {

using namespace septet;
using namespace septet::blas_test;
using C32 = std::complex<float>;
using C64 = std::complex<double>;

// The arguments that can be bad, in the order in which netlib's functions look at them, as each counts. By rows,
// netlib's C functions ask Fortran's for the transposed product: n is its m, and B its first matrix.
enum Bad { layout, op_a, op_b, m, n, k, lda, ldb, ldc };
struct Numbered {
  Bad bad;
  int number;
};
const std::vector<Numbered> kFortran = {{op_a, 1}, {op_b, 2}, {m, 3}, {n, 4}, {k, 5}, {lda, 8}, {ldb, 10}, {ldc, 13}};
const std::vector<Numbered> kByColumns = {{layout, 1}, {op_a, 2}, {op_b, 3}, {m, 4},   {n, 5},
                                          {k, 6},      {lda, 9},  {ldb, 11}, {ldc, 14}};
const std::vector<Numbered> kByRows = {{layout, 1}, {op_a, 2}, {op_b, 3}, {n, 5},   {m, 4},
                                       {k, 6},      {ldb, 11}, {lda, 9},  {ldc, 14}};

// A legal call on matrices of 16 elements and less.
struct Sound {
  Call call;
  double storage[3][64];
  explicit Sound(int by, char a, char b) {
    for (auto& matrix : storage) {
      for (double& x : matrix) x = 1.5;
    }
    call = {by, a, b, 3, 4, 5};
    call.alpha = call.beta = storage[0];
    call.a = storage[0], call.b = storage[1], call.c = storage[2];
    call.lda = least(by, a, 3, 5), call.ldb = least(by, b, 5, 4), call.ldc = least(by, 'N', 3, 4);
  }
  static Index least(int by, char op, Index rows, Index cols) { return (by == kRowMajor) == (op == 'N') ? cols : rows; }
  bool c_intact() const {
    for (const double& x : storage[2]) {
      if (x != 1.5) return false;
    }
    return true;
  }
};

void spoil(Call& call, Bad what) {
  switch (what) {
    case layout:
      call.layout = 103;
      break;
    case op_a:
      call.op_a = 'X';
      break;
    case op_b:
      call.op_b = '\0';
      break;
    case m:
      call.m = -1;
      break;
    case n:
      call.n = -1;
      break;
    case k:
      call.k = -1;
      break;
    case lda:
      call.lda -= 1;
      break;
    case ldb:
      call.ldb -= 1;
      break;
    case ldc:
      call.ldc -= 1;
      break;
  }
}

void check_combination(const Spelling& gemm, int by, char a, char b, const std::vector<Bad>& all, Reports& reports) {
  const std::vector<Numbered>& order = gemm.fortran ? kFortran : by == kRowMajor ? kByRows : kByColumns;
  Sound sound(by, a, b);
  for (const Bad bad : all) {
    if (gemm.fortran && bad == layout) return;
    spoil(sound.call, bad);
  }
  int want = -1;
  for (const Numbered& each : order) {
    if (want == -1 && std::find(all.begin(), all.end(), each.bad) != all.end()) want = each.number;
  }
  gemm(sound.call);
  INFO(std::string(gemm.name) << " layout " << by << " " << std::string{a, b} << " bad " << all.front() << " and "
                              << all.back());
  REQUIRE(reports.all().size() == 1);
  CHECK(reports.all().front().routine == gemm.routine);
  const std::string message = reports.all().front().message, number = std::to_string(want);
  CHECK(message.find(gemm.routine) != std::string::npos);
  CHECK(message.find(number) != std::string::npos);
  CHECK(reports.info() == want);
  CHECK(sound.c_intact());
}

}  // namespace

TEST_CASE_TEMPLATE("every bad argument, and every two of them", T, float, double, C32, C64, bf16) {
  Reports reports;
  for (const Spelling& gemm : spellings<T>()) {
    for (const int by : {kColMajor, kRowMajor}) {
      if (gemm.fortran && by == kRowMajor) continue;
      for (const char a : {'N', 'T', 'C'}) {
        for (const char b : {'N', 'T', 'C'}) {
          Sound sound(by, a, b);
          sound.call.beta = sound.call.alpha;
          gemm(sound.call);
          CHECK(reports.info() == -1);  // as it stands it is legal
          for (int x = layout; x <= ldc; ++x) {
            for (int y = x; y <= ldc; ++y) {
              check_combination(gemm, by, a, b, {static_cast<Bad>(x), static_cast<Bad>(y)}, reports);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("leading dimensions are looked at, though no dimension asks for one") {
  Reports reports;
  const double one = 1;
  for (const Spelling& gemm : spellings<double>()) {
    for (const int which : {0, 1, 2}) {
      Call call{kColMajor,
                'N',
                'T',
                0,
                0,
                0,
                &one,
                nullptr,
                which == 0 ? 0 : 1,
                nullptr,
                which == 1 ? 0 : 1,
                &one,
                nullptr,
                which == 2 ? 0 : 1};
      gemm(call);
      const int fortran = which == 0 ? 8 : which == 1 ? 10 : 13;
      CHECK(reports.info() == (gemm.fortran ? fortran : fortran + 1));
      call.lda = call.ldb = call.ldc = 1;
      gemm(call);
      CHECK(reports.info() == -1);
    }
  }
}

TEST_CASE("integers of 64 bits are not cut to 32") {
  Reports reports;
  const double zero = 0, one = 1;
  double c[4] = {1, 2, 3, 4};
  for (const Spelling& gemm : spellings<double>()) {
    if (std::string(gemm.name).find("64") == std::string::npos) continue;
    const Index huge = (Index{1} << 32) + 1;
    Call call{kColMajor, 'N', 'N', 1, 1, huge, &zero, nullptr, 1, nullptr, 1, &one, c, 1};
    gemm(call);  // ldb is 1, as if k were
    CHECK(reports.info() == (gemm.fortran ? 10 : 11));
    call.ldb = huge;
    gemm(call);
    CHECK(reports.info() == -1);
    call.m = -(Index{1} << 33) + 1;  // 1 in 32 bits
    gemm(call);
    CHECK(reports.info() == (gemm.fortran ? 3 : 4));
  }
}

namespace {

// What f() writes to stderr.
template <class F>
std::string written(F&& f) {
  std::fflush(stderr);
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  const int saved = dup(2);
  dup2(fileno(file), 2);
  f();
  std::fflush(stderr);
  dup2(saved, 2);
  close(saved);
  std::rewind(file);
  std::string text;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE("without a handler: netlib's lines on stderr") {
  const auto with_bad = [](std::size_t spelling, Bad bad) {
    Sound sound(kColMajor, 'N', 'N');
    spoil(sound.call, bad);
    spellings<double>()[spelling](sound.call);
    CHECK(sound.c_intact());
  };
  CHECK(written([&] { with_bad(0, m); }) == " ** On entry to DGEMM parameter number  3 had an illegal value\n");
  CHECK(written([&] { with_bad(1, ldc); }) == " ** On entry to DGEMM parameter number 13 had an illegal value\n");
  CHECK(written([&] { with_bad(3, lda); }) == "Parameter 9 to routine cblas_dgemm was incorrect\n");
  CHECK(written([&] { with_bad(5, layout); }) == "Parameter 1 to routine cblas_dgemm was incorrect\n");
}

TEST_CASE("a handler is replaced and forgotten") {
  Reports first;
  {
    Reports second;
    Sound sound(kColMajor, 'N', 'N');
    spoil(sound.call, k);
    spellings<float>()[0](sound.call);
    CHECK(first.info() == -1);
    CHECK(second.info() == 5);
  }
  const std::string text = written([] {
    Sound sound(kColMajor, 'N', 'N');
    spoil(sound.call, k);
    spellings<float>()[0](sound.call);
  });
  CHECK(text.find("SGEMM") != std::string::npos);
}

TEST_CASE("threads: 1 to 1024, or 0") {
  for (const int good : {1, 2, 1024, 0}) CHECK(septet_blas_set_threads(good) == 0);
  for (const int bad : {-1, 1025, -2147483647 - 1, 2147483647}) CHECK(septet_blas_set_threads(bad) == -1);
}

TEST_CASE("calls are counted, refused ones too") {
  Reports reports;
  const auto before = septet_blas_calls();
  Sound sound(kColMajor, 'N', 'N');
  for (const Spelling& gemm : spellings<double>()) gemm(sound.call);
  spoil(sound.call, ldc);
  spellings<double>()[0](sound.call);
  CHECK(septet_blas_calls() == before + static_cast<std::int64_t>(spellings<double>().size()) + 1);
}
