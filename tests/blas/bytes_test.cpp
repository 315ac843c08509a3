// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// cblas_gemm_s8u8s32 under its three names, against the definition in septet/blas.h.
#include "operands.hpp"
#include "septet/blas.h"

#include <doctest/doctest.h>

#include <cmath>

extern "C" {
using BytesOf64 = void(int, int, int, int, std::int64_t, std::int64_t, std::int64_t, float, const void*, std::int64_t,
                       std::int8_t, const void*, std::int64_t, std::int8_t, float, std::int32_t*, std::int64_t,
                       const std::int32_t*);
BytesOf64 cblas_gemm_s8u8s32_64, cblas_gemm_s8u8s3264_;
}

namespace {

using namespace septet;
using namespace septet::blas_test;
using std::int8_t, std::int32_t, std::int64_t, std::uint8_t, std::uint32_t;

enum Kind { kRow = 171, kColumn = 172, kFixed = 173 };

struct Bytes {
  int layout = kRowMajor;
  char op_a = 'N', op_b = 'N';
  int kind = kFixed;
  Index m = 0, n = 0, k = 0;
  float alpha = 1, beta = 0;
  const void* a = nullptr;
  Index lda = 1;
  int8_t offset_a = 0;
  const void* b = nullptr;
  Index ldb = 1;
  int8_t offset_b = 0;
  int32_t* c = nullptr;
  Index ldc = 1;
  const int32_t* offset_c = nullptr;
};

void call(int spelling, const Bytes& x) {
  const auto cut = [](Index value) { return static_cast<int32_t>(value); };
  const int a = cblas_op(x.op_a), b = cblas_op(x.op_b);
  if (spelling == 0) {
    cblas_gemm_s8u8s32(x.layout, a, b, x.kind, cut(x.m), cut(x.n), cut(x.k), x.alpha, x.a, cut(x.lda), x.offset_a, x.b,
                       cut(x.ldb), x.offset_b, x.beta, x.c, cut(x.ldc), x.offset_c);
  } else {
    const auto f = spelling == 1 ? cblas_gemm_s8u8s32_64 : cblas_gemm_s8u8s3264_;
    f(x.layout, a, b, x.kind, x.m, x.n, x.k, x.alpha, x.a, x.lda, x.offset_a, x.b, x.ldb, x.offset_b, x.beta, x.c,
      x.ldc, x.offset_c);
  }
}

// A value of the whole numbers' arithmetic modulo 2^32.
int32_t wrapped(int64_t x) { return static_cast<int32_t>(static_cast<uint32_t>(x)); }

int32_t expected(const Bytes& x, int64_t sum, int32_t old, int32_t offset) {
  const int32_t wrapped_sum = wrapped(sum);
  if (x.alpha == 1 && (x.beta == 0 || x.beta == 1))
    return wrapped(int64_t{wrapped_sum} + (x.beta == 1 ? old : 0) + offset);
  // Away from zero at halves, and no further than int32 goes.
  double value = x.alpha == 0 ? 0 : static_cast<double>(x.alpha) * wrapped_sum;
  if (x.beta != 0) value += static_cast<double>(x.beta) * old;
  const double rounded = std::copysign(std::floor(std::abs(value)), value);
  const double away = std::abs(value) - std::abs(rounded) >= 0.5 ? std::copysign(1.0, value) : 0.0;
  const double whole = std::clamp(rounded + away, -2147483648.0, 2147483647.0);
  return wrapped(static_cast<int64_t>(whole) + offset);
}

// By rows A is unsigned and B signed, by columns the other way round.
int64_t byte_of(Lines<uint8_t>& x, bool by_rows, char op, Index i, Index j, bool is_signed) {
  if (!is_plain(op)) std::swap(i, j);
  const uint8_t byte = by_rows ? x.at(j, i) : x.at(i, j);
  return is_signed ? int64_t{static_cast<int8_t>(byte)} : int64_t{byte};
}

struct Fill {
  bool extremes;
  uint8_t operator()(Rng& rng) const {
    return extremes ? rng.pick({uint8_t{0}, uint8_t{255}, uint8_t{128}, uint8_t{127}})
                    : static_cast<uint8_t>(rng.below(256));
  }
};

std::string run(Rng& rng, Bytes x, int spelling, const Fill& fill, Index padding, Place place, Index samples) {
  const bool by_rows = x.layout == kRowMajor;
  Lines<uint8_t> a =
      matrix<uint8_t>(by_rows, is_plain(x.op_a) ? x.m : x.k, is_plain(x.op_a) ? x.k : x.m, padding, place);
  Lines<uint8_t> b =
      matrix<uint8_t>(by_rows, is_plain(x.op_b) ? x.k : x.n, is_plain(x.op_b) ? x.n : x.k, padding, place);
  Lines<int32_t> c = matrix<int32_t>(by_rows, x.m, x.n, padding, place);
  for (auto* operand : {&a, &b}) {
    for (Index line = 0; line < operand->lines(); ++line) {
      for (Index i = 0; i < operand->length(); ++i) operand->at(i, line) = fill(rng);
    }
  }
  c.fill(rng, rng.pick({ValueKind::mixed, ValueKind::small_integers, ValueKind::extremes}));
  std::vector<int32_t> offsets(static_cast<std::size_t>(x.kind == kRow ? x.n : x.kind == kColumn ? x.m : 1));
  for (int32_t& offset : offsets) offset = static_cast<int32_t>(rng.bits());
  a.make_read_only(), b.make_read_only();
  x.a = a.data(), x.lda = a.ld(), x.b = b.data(), x.ldb = b.ld(), x.c = c.data(), x.ldc = c.ld();
  x.offset_c = offsets.data();
  const auto c_at = [&](Index i, Index j) -> int32_t& { return by_rows ? c.at(j, i) : c.at(i, j); };
  std::vector<int32_t> old;
  for (Index i = 0; i < x.m * x.n; ++i) old.push_back(c_at(i / x.n, i % x.n));
  call(spelling, x);
  const Index all = x.m * x.n;
  for (Index s = 0; s < (samples == 0 ? all : std::min(all, samples)); ++s) {
    const Index at = samples == 0 ? s : rng.below(all), i = at / x.n, j = at % x.n;
    int64_t sum = 0;
    for (Index p = 0; p < x.k; ++p) {
      sum += (byte_of(a, by_rows, x.op_a, i, p, !by_rows) + x.offset_a) *
             (byte_of(b, by_rows, x.op_b, p, j, by_rows) + x.offset_b);
    }
    const int32_t want = expected(x, sum, old[at], offsets[x.kind == kRow ? j : x.kind == kColumn ? i : 0]);
    if (c_at(i, j) == want) continue;
    return "spelling " + std::to_string(spelling) + " layout " + std::to_string(x.layout) + " " + x.op_a + x.op_b +
           " " + std::to_string(x.m) + "x" + std::to_string(x.n) + "x" + std::to_string(x.k) + " offsets " +
           std::to_string(x.offset_a) + " " + std::to_string(x.offset_b) + " kind " + std::to_string(x.kind) +
           " alpha " + std::to_string(x.alpha) + " beta " + std::to_string(x.beta) + " at " + std::to_string(i) + ", " +
           std::to_string(j) + ": got " + std::to_string(c_at(i, j)) + ", want " + std::to_string(want) + " (sum " +
           std::to_string(sum) + ", C was " + std::to_string(old[at]) + ")";
  }
  return c.padding_intact() ? "" : "C's padding was written";
}

Bytes random_call(Rng& rng, Index m, Index n, Index k) {
  constexpr int8_t kOffsets[] = {0, 0, 1, -1, -128, 127};
  Bytes x;
  x.layout = rng.pick({kRowMajor, kColMajor});
  x.op_a = rng.pick({'N', 'T', 'C'}), x.op_b = rng.pick({'N', 'T', 'C'});
  x.kind = rng.pick({kRow, kColumn, kFixed});
  x.m = m, x.n = n, x.k = k;
  x.offset_a = kOffsets[rng.below(6)], x.offset_b = kOffsets[rng.below(6)];
  x.alpha = rng.chance(0.5) ? 1.0f : rng.pick({0.0f, -1.0f, 0.5f, 2.0f, 0.1f, 1e6f, -0.25f});
  x.beta = rng.pick({0.0f, 1.0f, -1.0f, 0.5f, 1e3f, -2.5f});
  return x;
}

}  // namespace

TEST_CASE("s8u8s32: tiles, offsets of every kind, alpha and beta") {
  constexpr std::uint64_t kSeed = 2100;
  INFO("seed " << kSeed);
  Rng rng(kSeed);
  constexpr Index kSizes[] = {0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 97, 131};
  for (int i = 0; i < 450; ++i) {
    const auto size = [&] { return kSizes[rng.below(20)]; };
    const Place place = rng.pick({Place::heap, Place::guard_begin, Place::guard_end});
    const Index m = size(), n = size(), k = size();
    const std::string wrong =
        run(rng, random_call(rng, m, n, k), i % 3, {rng.chance(0.4)}, rng.chance(0.5) ? 0 : rng.below(9), place, 0);
    CHECK(wrong == "");
  }
}

TEST_CASE("s8u8s32: several passes and threads") {
  constexpr std::uint64_t kSeed = 2200;
  INFO("seed " << kSeed);
  Rng rng(kSeed);
  for (int i = 0; i < 9; ++i) {
    REQUIRE(septet_blas_set_threads(1 + i % 3) == 0);
    const Index m = rng.between(60, 300), n = rng.between(60, 300), k = rng.between(300, 2500);
    const std::string wrong = run(rng, random_call(rng, m, n, k), i % 3, {i % 2 == 0}, rng.below(3), Place::heap, 200);
    INFO("threads " << 1 + i % 3);
    CHECK(wrong == "");
  }
  REQUIRE(septet_blas_set_threads(0) == 0);
}

TEST_CASE("s8u8s32: halves away from zero, saturation, and what is not read") {
  const int32_t zero = 0, five = 5;
  const uint8_t one_by_one[2] = {1, 3};
  int32_t c = 0;
  const auto product = [&](float alpha, float beta, int32_t old, const int32_t& offset, const void* a, const void* b) {
    c = old;
    cblas_gemm_s8u8s32(kRowMajor, 111, 111, kFixed, 1, 1, 1, alpha, a, 1, 0, b, 1, 0, beta, &c, 1, &offset);
    return c;
  };
  const uint8_t* x = one_by_one;
  CHECK(product(0.5f, 0, 99, zero, x, x) == 1);
  CHECK(product(-0.5f, 0, 99, zero, x, x) == -1);
  CHECK(product(0.5f, 0, 99, zero, x, x + 1) == 2);
  CHECK(product(-0.5f, 0, 99, zero, x, x + 1) == -2);
  CHECK(product(0.25f, 0, 99, zero, x, x) == 0);
  CHECK(product(0.5f, 2, 1 << 30, zero, x, x) == 2147483647);
  CHECK(product(0.5f, -2, 2147483647, zero, x, x) == -2147483647 - 1);
  CHECK(product(3e9f, 0, 0, zero, x, x) == 2147483647);
  CHECK(product(-3e9f, 0, 0, five, x, x) == -2147483647 - 1 + 5);
  CHECK(product(3e9f, 0, 0, five, x, x) == -2147483647 - 1 + 4);  // saturated, then modulo 2^32
  CHECK(product(0, 0, 99, five, nullptr, nullptr) == 5);
  CHECK(product(0, 1, 99, five, nullptr, nullptr) == 104);
  CHECK(product(0, 0.5f, 99, five, nullptr, nullptr) == 55);
  for (const float alpha : {1.0f, 0.5f}) {
    for (const float beta : {0.0f, 1.0f, -0.5f}) {
      c = 3;
      cblas_gemm_s8u8s32(kColMajor, 112, 111, kFixed, 1, 1, 0, alpha, nullptr, 1, 3, nullptr, 1, -3, beta, &c, 1,
                         &five);
      CHECK(c == (beta == 0 ? 5 : beta == 1 ? 8 : 3));
    }
  }
}

TEST_CASE("s8u8s32: bad arguments") {
  // layout 1, op_a 2, op_b 3, offset_kind 4, m 5, n 6, k 7, lda 10, ldb 13, ldc 17
  Reports reports;
  const uint8_t bytes[32] = {};
  const int32_t zero = 0;
  const auto spoiled = [&](int which, Bytes& x) {
    if (which == 1) x.layout = 100;
    if (which == 2) x.op_a = 'x';
    if (which == 3) x.op_b = 'x';
    if (which == 4) x.kind = 170;
    if (which == 5) x.m = -1;
    if (which == 6) x.n = -1;
    if (which == 7) x.k = -1;
    if (which == 10) --x.lda;
    if (which == 13) --x.ldb;
    if (which == 17) --x.ldc;
  };
  const std::vector<int> by_columns = {1, 2, 3, 4, 5, 6, 7, 10, 13, 17}, by_rows = {1, 2, 3, 4, 6, 5, 7, 13, 10, 17};
  for (const int layout : {kRowMajor, kColMajor}) {
    const std::vector<int>& order = layout == kRowMajor ? by_rows : by_columns;
    for (std::size_t first = 0; first < order.size(); ++first) {
      for (std::size_t second = first; second < order.size(); ++second) {
        for (int spelling = 0; spelling < 3; ++spelling) {
          int32_t c[12] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
          Bytes x;
          x.layout = layout, x.m = 3, x.n = 4, x.k = 5;
          x.a = x.b = bytes, x.c = c, x.offset_c = &zero;
          x.lda = layout == kRowMajor ? 5 : 3, x.ldb = layout == kRowMajor ? 4 : 5, x.ldc = layout == kRowMajor ? 4 : 3;
          spoiled(order[first], x);
          if (second != first) spoiled(order[second], x);
          call(spelling, x);
          INFO("layout " << layout << " bad " << order[first] << " and " << order[second]);
          CHECK(reports.info() == order[first]);
          for (const int32_t value : c) CHECK(value == 1);
        }
      }
    }
  }
}
