// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// pack and compute: the bits of ?gemm with alpha multiplied into the packed operand, from memory of the library's or
// the caller's, and nothing else is taken for a packed operand.
#include "operands.hpp"
#include "septet/blas.h"

#include <doctest/doctest.h>

namespace {

using namespace septet;
using namespace septet::blas_test;

constexpr int kA = 161, kB = 162, kPacked = 151;

template <class T>
struct Names;
template <>
struct Names<float> {
  static constexpr auto size = cblas_sgemm_pack_get_size;
  static constexpr auto alloc = cblas_sgemm_alloc;
  static constexpr auto pack = cblas_sgemm_pack;
  static constexpr auto compute = cblas_sgemm_compute;
  static constexpr auto free = cblas_sgemm_free;
};
template <>
struct Names<double> {
  static constexpr auto size = cblas_dgemm_pack_get_size;
  static constexpr auto alloc = cblas_dgemm_alloc;
  static constexpr auto pack = cblas_dgemm_pack;
  static constexpr auto compute = cblas_dgemm_compute;
  static constexpr auto free = cblas_dgemm_free;
};

// Memory for a packed operand: the library's, or the caller's on an odd address with nothing behind it.
template <class T>
struct Packed {
  T* memory = nullptr;
  std::unique_ptr<GuardedBuffer> own;
  Packed(int which, int m, int n, int k, bool is_own) {
    if (is_own) {
      own = std::make_unique<GuardedBuffer>(Names<T>::size(which, m, n, k), GuardedBuffer::Side::end);
      memory = own->as<T>();
    } else {
      memory = Names<T>::alloc(which, m, n, k);
    }
    REQUIRE(memory != nullptr);
  }
  Packed(const Packed&) = delete;
  Packed& operator=(const Packed&) = delete;
  ~Packed() {
    if (own == nullptr) Names<T>::free(memory);
  }
};

template <class T>
void check(Rng& rng, int m, int n, int k, bool packs_a, bool packs_b, Index samples) {
  const int layout = rng.pick({kRowMajor, kColMajor});
  const bool by_rows = layout == kRowMajor;
  const char op_a = rng.pick({'N', 'T', 'C'}), op_b = rng.pick({'N', 'T', 'C'});
  const T alphas[] = {1, 1, -1, T(1.3), 0}, betas[] = {0, 1, T(-0.7)};
  const T alpha = packs_a || packs_b ? alphas[rng.below(5)] : 1, beta = betas[rng.below(3)];
  Lines<T> a = matrix<T>(by_rows, op_a == 'N' ? m : k, op_a == 'N' ? k : m, rng.below(3), Place::guard_end);
  Lines<T> b = matrix<T>(by_rows, op_b == 'N' ? k : n, op_b == 'N' ? n : k, rng.below(3), Place::guard_begin);
  Lines<T> c = matrix<T>(by_rows, m, n, rng.below(3));
  a.fill(rng, ValueKind::mixed), b.fill(rng, ValueKind::mixed);
  if (beta != 0) c.fill(rng, ValueKind::mixed);
  const auto ld = [](Lines<T>& x) { return static_cast<int>(x.ld()); };
  const auto c_at = [&](Index i, Index j) -> T& { return by_rows ? c.at(j, i) : c.at(i, j); };
  std::vector<T> old;
  for (Index i = 0; i < Index{m} * n; ++i) old.push_back(c_at(i / n, i % n));

  Packed<T> packed_a(kA, m, n, k, rng.chance(0.5)), packed_b(kB, m, n, k, rng.chance(0.5));
  Reports reports;
  // alpha goes into one of them.
  if (packs_a) Names<T>::pack(layout, kA, cblas_op(op_a), m, n, k, alpha, a.data(), ld(a), packed_a.memory);
  if (packs_b) {
    Names<T>::pack(layout, kB, cblas_op(op_b), m, n, k, packs_a ? 1 : alpha, b.data(), ld(b), packed_b.memory);
  }
  Names<T>::compute(layout, packs_a ? kPacked : cblas_op(op_a), packs_b ? kPacked : cblas_op(op_b), m, n, k,
                    packs_a ? packed_a.memory : a.data(), packs_a ? 0 : ld(a), packs_b ? packed_b.memory : b.data(),
                    packs_b ? -7 : ld(b), beta, c.data(), ld(c));
  CHECK(reports.info() == -1);
  INFO("layout " << layout << " " << std::string{op_a, op_b} << " " << m << "x" << n << "x" << k << " packed "
                 << packs_a << packs_b << " alpha " << text_of(alpha) << " beta " << text_of(beta));
  const auto scaled = [&](T x, bool is_it) {
    return !is_it || alpha == 1 ? x : alpha == 0 ? T(0) : support::product(alpha, x);
  };
  const Index all = Index{m} * n;
  Index wrong = 0;
  for (Index s = 0; s < (samples == 0 ? all : samples); ++s) {
    const Index at = samples == 0 ? s : rng.below(all), i = at / n, j = at % n;
    T want = expected_real<T>(
        k, 1, beta, old[at], [&](Index p) { return scaled(op_element(a, by_rows, op_a, i, p), packs_a); },
        [&](Index p) { return scaled(op_element(b, by_rows, op_b, p, j), packs_b && !packs_a); });
    wrong += same(c_at(i, j), want) ? 0 : 1;
  }
  CHECK(wrong == 0);
  CHECK(c.padding_intact());
}

}  // namespace

TEST_CASE_TEMPLATE("packed operands: A, B, both, neither", T, float, double) {
  constexpr std::uint64_t kSeed = 4100;
  INFO("seed " << kSeed);
  Rng rng(kSeed);
  constexpr int kSizes[] = {0, 1, 2, 3, 5, 8, 15, 16, 17, 31, 33, 48, 64, 65, 97};
  for (int i = 0; i < 240; ++i) {
    const auto size = [&] { return kSizes[rng.below(15)]; };
    const int m = size(), n = size(), k = size();
    check<T>(rng, m, n, k, i % 2 == 0, i / 2 % 2 == 0, 0);
  }
  for (int i = 0; i < 8; ++i) {
    REQUIRE(septet_blas_set_threads(1 + i % 3) == 0);
    const auto size = [&] { return static_cast<int>(rng.between(100, 260)); };
    const int m = size(), n = size(), k = size();
    check<T>(rng, m, n, k, i % 2 == 0, i / 2 % 2 == 0, 100);
  }
  REQUIRE(septet_blas_set_threads(0) == 0);
}

TEST_CASE("packed operands on any address, packed once and multiplied with several") {
  Rng rng(4200);
  constexpr int kM = 37, kN = 29, kK = 41;
  const std::size_t bytes = cblas_sgemm_pack_get_size(kA, kM, kN, kK);
  std::vector<float> a(kM * kK), b(kK * kN), c(kM * kN), want(kM * kN);
  for (float& x : a) x = random_element<float>(rng, ValueKind::mixed);
  for (int shift = 0; shift < 9; ++shift) {
    std::vector<char> memory(bytes + 64, 0x5a);
    float* const packed = reinterpret_cast<float*>(memory.data() + 16 + shift);
    cblas_sgemm_pack(kRowMajor, kA, 111, kM, kN, kK, 1, a.data(), kK, packed);
    for (int i = 0; i < 16 + shift; ++i) CHECK(memory[i] == 0x5a);
    for (std::size_t i = bytes + 16 + shift; i < memory.size(); ++i) CHECK(memory[i] == 0x5a);
    for (int repeat = 0; repeat < 2; ++repeat) {
      for (float& x : b) x = random_element<float>(rng, ValueKind::mixed);
      cblas_sgemm_compute(kRowMajor, kPacked, 111, kM, kN, kK, packed, 0, b.data(), kN, 0, c.data(), kN);
      cblas_sgemm_compute(kRowMajor, 111, 111, kM, kN, kK, a.data(), kK, b.data(), kN, 0, want.data(), kN);
      CHECK(std::memcmp(c.data(), want.data(), c.size() * sizeof(float)) == 0);
    }
    // It may be copied as bytes.
    std::vector<char> copy(memory.begin() + 16 + shift, memory.begin() + 16 + shift + static_cast<long>(bytes));
    std::fill(memory.begin(), memory.end(), 0);
    cblas_sgemm_compute(kRowMajor, kPacked, 111, kM, kN, kK, reinterpret_cast<float*>(copy.data()), 0, b.data(), kN, 0,
                        c.data(), kN);
    CHECK(std::memcmp(c.data(), want.data(), c.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("what was not packed, or not for this, is refused and C left alone") {
  Reports reports;
  constexpr int kM = 6, kN = 7, kK = 8;
  const std::vector<double> from(64, 1.5), zeros(4096, 0);
  std::vector<double> c(64, 3);
  const Packed<double> a(kA, kM, kN, kK, false), b(kB, kM, kN, kK, false), cube(kB, kM, kM, kM, false);
  cblas_dgemm_pack(kRowMajor, kA, 111, kM, kN, kK, 1, from.data(), kK, a.memory);
  cblas_dgemm_pack(kRowMajor, kB, 111, kM, kN, kK, 1, from.data(), kN, b.memory);
  cblas_dgemm_pack(kRowMajor, kB, 111, kM, kM, kM, 1, from.data(), kM, cube.memory);
  const auto compute = [&](int op_a, int op_b, int m, int n, int k, const double* x, const double* y) {
    cblas_dgemm_compute(kRowMajor, op_a, op_b, m, n, k, x, 8, y, 8, 0, c.data(), 8);
    const int info = reports.info();
    if (info != -1) {
      for (const double value : c) CHECK(value == 3);
    }
    return info;
  };
  CHECK(compute(kPacked, 111, kM, kN, kK, zeros.data(), from.data()) == 7);
  CHECK(compute(kPacked, 111, kM, kN, kK, nullptr, from.data()) == 7);
  CHECK(compute(111, kPacked, kM, kN, kK, from.data(), zeros.data()) == 9);
  CHECK(compute(111, kPacked, kM, kN, kK, from.data(), nullptr) == 9);
  CHECK(compute(kPacked, 111, kM, kN, kK, b.memory, from.data()) == 7);      // that is a B
  CHECK(compute(111, kPacked, kM, kN, kK, from.data(), a.memory) == 9);      // that is an A
  CHECK(compute(kPacked, 111, kM - 1, kN, kK, a.memory, from.data()) == 7);  // another shape
  CHECK(compute(kPacked, 111, kM, kN, kK - 1, a.memory, from.data()) == 7);
  CHECK(compute(111, kPacked, kM, kN - 1, kK, from.data(), b.memory) == 9);
  CHECK(compute(kPacked, kPacked, kM, kN, kK, zeros.data(), zeros.data()) == 7);  // A first
  // Of the other type.
  const auto* floats = reinterpret_cast<const float*>(a.memory);
  std::vector<float> cf(64, 3);
  cblas_sgemm_compute(kRowMajor, kPacked, 111, kM, kN, kK, floats, 8, reinterpret_cast<const float*>(from.data()), 8, 0,
                      cf.data(), 8);
  CHECK(reports.info() == 7);
  CHECK(compute(kPacked, kPacked, kM, kN, kK, a.memory, b.memory) == -1);
  CHECK(c[0] == kK * 2.25);
}

TEST_CASE("pack and compute: bad arguments") {
  Reports reports;
  const std::vector<double> from(64, 1);
  std::vector<double> c(64, 3);
  const Packed<double> packed(kA, 3, 4, 5, false);
  const auto pack = [&](int layout, int which, int op, int m, int n, int k, const double* x, int ld, double* to) {
    cblas_dgemm_pack(layout, which, op, m, n, k, 1, x, ld, to);
    return reports.info();
  };
  CHECK(pack(100, kA, 111, 3, 4, 5, from.data(), 5, packed.memory) == 1);
  CHECK(pack(kRowMajor, 160, 111, 3, 4, 5, from.data(), 5, packed.memory) == 2);
  CHECK(pack(kRowMajor, kA, 110, 3, 4, 5, from.data(), 5, packed.memory) == 3);
  CHECK(pack(kRowMajor, kA, 111, -1, 4, 5, from.data(), 5, packed.memory) == 4);
  CHECK(pack(kRowMajor, kA, 111, 3, -1, 5, from.data(), 5, packed.memory) == 5);
  CHECK(pack(kRowMajor, kA, 111, 3, 4, -1, from.data(), 5, packed.memory) == 6);
  CHECK(pack(kRowMajor, kA, 111, 3, 4, 5, nullptr, 5, packed.memory) == 8);
  CHECK(pack(kRowMajor, kA, 111, 3, 4, 5, from.data(), 4, packed.memory) == 9);
  CHECK(pack(kColMajor, kA, 111, 3, 4, 5, from.data(), 2, packed.memory) == 9);
  CHECK(pack(kRowMajor, kB, 112, 3, 4, 5, from.data(), 4, packed.memory) == 9);
  CHECK(pack(kRowMajor, kA, 111, 3, 4, 5, from.data(), 5, nullptr) == 10);
  const auto compute = [&](int layout, int a, int b, int m, int n, int k, int lda, int ldb, int ldc) {
    cblas_dgemm_compute(layout, a, b, m, n, k, from.data(), lda, from.data(), ldb, 1, c.data(), ldc);
    for (const double value : c) CHECK(value == 3);
    return reports.info();
  };
  CHECK(compute(100, 111, 111, 3, 4, 5, 5, 4, 4) == 1);
  CHECK(compute(kRowMajor, 110, 110, 3, 4, 5, 5, 4, 4) == 2);
  CHECK(compute(kRowMajor, 111, 110, -1, 4, 5, 5, 4, 4) == 3);
  CHECK(compute(kRowMajor, 111, 111, -1, -1, 5, 5, 4, 4) == 5);
  CHECK(compute(kColMajor, 111, 111, -1, -1, 5, 5, 4, 4) == 4);
  CHECK(compute(kRowMajor, 111, 111, 3, 4, -1, 5, 4, 3) == 6);
  CHECK(compute(kRowMajor, 111, 111, 3, 4, 5, 4, 4, 4) == 8);
  CHECK(compute(kRowMajor, 111, 111, 3, 4, 5, 5, 3, 4) == 10);
  CHECK(compute(kRowMajor, 111, 111, 3, 4, 5, 5, 4, 3) == 13);
  // No memory: none such, or too much.
  CHECK(cblas_dgemm_alloc(163, 3, 4, 5) == nullptr);
  CHECK(cblas_dgemm_alloc(kA, -3, 4, 5) == nullptr);
  CHECK(cblas_dgemm_pack_get_size(kB, 3, 4, -5) == 0);
  CHECK(cblas_dgemm_alloc(kA, 2147483647, 1, 2147483647) == nullptr);
  cblas_dgemm_free(nullptr);
}
