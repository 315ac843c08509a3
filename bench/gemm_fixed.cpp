// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// inline/gemm_fixed.hpp on batches of little squares, beside libxsmm's JIT and Eigen's fixed-size matrices:
//
//   bench_gemm_fixed [KiB that the operands of a batch fill: 24 512 …]
//
// One thread, C = A * B, warm. Candidates take turns, burst by burst; figures are medians over the rounds, `ratio` is
// ours over the best peer of the same round with its quartiles, `of peak` is against a loop of multiply-adds in
// registers in the same rounds. Every candidate's result is checked first: ours bit for bit, a peer's to the bound of
// its rounding errors. Compiled with -O2 -march=native, as a consumer would.
#include "septet/inline/gemm_fixed.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <random>
#include <string>
#include <vector>

#if defined(SEPTET_BENCH_FIXED_LIBXSMM)
#include <libxsmm.h>
#endif
#if defined(SEPTET_BENCH_FIXED_EIGEN)
#include <Eigen/Core>
#endif

namespace {

using septet::Index;
constexpr int kRounds = 9;
constexpr double kBurst = 3e-3;
constexpr double kExpected = 50e9;  ///< operations per second, to size a burst

/// Of this process, not of the clock on the wall: who else wants the core does not count.
double seconds_since(std::clock_t begin) { return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC; }

/// Operations per second of `run`, which does `operations` of them, over one burst after an untimed call. The clock is
/// a system call, as long as a small batch: it is read twice.
double rate(const std::function<void()>& run, double operations) {
  run();
  const double calls = std::ceil(kBurst * kExpected / operations);
  const auto begin = std::clock();
  for (double call = 0; call < calls; ++call) run();
  return calls * operations / seconds_since(begin);
}

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
}

/// Twelve chains: two ports times a latency of four to five cycles.
template <class T>
double fma_peak() {
  using L = septet::fold::Lane<T>;
  constexpr int kChains = 12, kSteps = 40000;
  volatile T start = 1;
  septet::fold::detail::Registers<typename L::Vec, kChains> acc(
      [&](int) SEPTET_ALWAYS_INLINE_LAMBDA { return L::broadcast(start); });
  const auto x = L::broadcast(T(0.999)), y = L::broadcast(T(1e-3));
  const auto begin = std::clock();
  for (int i = 0; i < kSteps; ++i) {
    septet::fold::detail::unroll<kChains>([&](int c)
                                              SEPTET_ALWAYS_INLINE_LAMBDA { acc.at[c] = L::fma(acc.at[c], x, y); });
  }
  T lanes[L::kWidth];
  auto sum = acc.at[0];
  septet::fold::detail::unroll<kChains>([&](int c) SEPTET_ALWAYS_INLINE_LAMBDA { sum = L::add(sum, acc.at[c]); });
  L::store(lanes, sum);
  volatile T sink = lanes[0];
  (void)sink;
  return 2.0 * kChains * L::kWidth * kSteps / seconds_since(begin);
}

template <class T>
struct Batch {
  Index count;
  T *a, *b, *c;
};

// Out of line, as a caller's loop would be one function. By value: the vectors stored might be the pointers otherwise.
template <class T, int S>
SEPTET_NEVER_INLINE void ours(Batch<T> x) {
  for (Index i = 0; i < x.count; ++i) {
    septet::fold::gemm_fixed<S, S, S>(x.a + i * S * S, x.b + i * S * S, x.c + i * S * S);
  }
}
template <class T, int S>
SEPTET_NEVER_INLINE void ours_strided(Batch<T> x, Index ld) {
  for (Index i = 0; i < x.count; ++i) {
    septet::fold::gemm_fixed<S, S, S>(x.a + i * S * S, ld, x.b + i * S * S, ld, x.c + i * S * S, ld);
  }
}

#if defined(SEPTET_BENCH_FIXED_LIBXSMM)
// Column-major: the transposed product. Dispatched once, outside the loop.
template <int S>
auto dispatched(float) {
  const float alpha = 1, beta = 0;
  return libxsmm_smmdispatch(S, S, S, nullptr, nullptr, nullptr, &alpha, &beta, nullptr, nullptr);
}
template <int S>
auto dispatched(double) {
  const double alpha = 1, beta = 0;
  return libxsmm_dmmdispatch(S, S, S, nullptr, nullptr, nullptr, &alpha, &beta, nullptr, nullptr);
}
template <class T, int S, class Kernel>
SEPTET_NEVER_INLINE void by_libxsmm(Batch<T> x, Kernel kernel) {
  for (Index i = 0; i < x.count; ++i) kernel(x.b + i * S * S, x.a + i * S * S, x.c + i * S * S);
}
#endif

#if defined(SEPTET_BENCH_FIXED_EIGEN)
template <class T, int S>
SEPTET_NEVER_INLINE void by_eigen(Batch<T> x) {
  using Matrix = Eigen::Matrix<T, S, S, Eigen::RowMajor>;
  for (Index i = 0; i < x.count; ++i) {
    Eigen::Map<Matrix>(x.c + i * S * S).noalias() =
        Eigen::Map<const Matrix>(x.a + i * S * S) * Eigen::Map<const Matrix>(x.b + i * S * S);
  }
}
#endif

/// Against the chained sum; any order of S additions is within 2 (S + 1) eps sum |a||b| of it (Higham, Accuracy and
/// Stability of Numerical Algorithms, 2002, section 3.1).
template <class T, int S>
bool is_right(const Batch<T>& x, bool exactly) {
  const T eps = std::ldexp(T(1), sizeof(T) == 4 ? -24 : -53);
  for (Index i = 0; i < x.count * S * S; ++i) {
    const T *a = x.a + i / S * S, *b = x.b + i / (S * S) * S * S + i % S;
    T sum = 0, magnitude = 0;
    for (int k = 0; k < S; ++k) {
      sum = std::fma(a[k], b[k * S], sum);
      magnitude += std::abs(a[k] * b[k * S]);
    }
    const T error = std::abs(x.c[i] - sum);
    if (!(error <= (exactly ? T(0) : 2 * (S + 2) * eps * magnitude))) return false;
  }
  return true;
}

struct Candidate {
  const char* name;
  std::function<void()> run;
  std::vector<double> rates{};
};

template <class T, int S>
void square(Index bytes) {
  const Index count = std::max<Index>(1, bytes / (3 * S * S * static_cast<Index>(sizeof(T))));
  // 4 KiB apart but for an offset, so that no store to C has the low address bits of a load that follows soon.
  constexpr std::size_t kPage = 4096 / sizeof(T);
  const std::size_t size = (static_cast<std::size_t>(count * S * S) / kPage + 1) * kPage;
  std::vector<T> storage(3 * size + 2 * kPage);
  std::mt19937_64 engine(S);
  for (T& value : storage) value = static_cast<T>(static_cast<double>(engine() >> 11) * 0x1p-53 - 0.5);
  const auto address = reinterpret_cast<std::uintptr_t>(storage.data());
  T* page = storage.data() + (4096 - address % 4096) % 4096 / sizeof(T);
  const Batch<T> x{count, page, page + size + kPage / 4, page + 2 * size + kPage / 4 * 3};

  volatile Index ld = S;
  std::vector<Candidate> candidates = {{"ours", [&] { ours<T, S>(x); }},
                                       {"run-time ld", [&] { ours_strided<T, S>(x, ld); }}};
#if defined(SEPTET_BENCH_FIXED_LIBXSMM)
  const auto kernel = dispatched<S>(T());
  if (kernel != nullptr) candidates.push_back({"libxsmm", [&] { by_libxsmm<T, S>(x, kernel); }});
#endif
#if defined(SEPTET_BENCH_FIXED_EIGEN)
  candidates.push_back({"Eigen", [&] { by_eigen<T, S>(x); }});
#endif
  for (const Candidate& candidate : candidates) {
    std::fill(x.c, x.c + count * S * S, static_cast<T>(NAN));
    candidate.run();
    if (is_right<T, S>(x, &candidate - candidates.data() < 2)) continue;
    std::fprintf(stderr, "%s: wrong result at %d\n", candidate.name, S);
    std::exit(1);
  }

  std::vector<double> peaks, ratios;
  for (int round = 0; round < kRounds; ++round) {
    peaks.push_back(std::max(fma_peak<T>(), fma_peak<T>()));
    double best_peer = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      candidates[i].rates.push_back(rate(candidates[i].run, 2.0 * S * S * S * static_cast<double>(count)));
      if (i >= 2) best_peer = std::max(best_peer, candidates[i].rates.back());
    }
    if (best_peer > 0) ratios.push_back(candidates[0].rates.back() / best_peer);
  }
  std::printf("f%d %2d^3 x %-5ld", static_cast<int>(8 * sizeof(T)), S, static_cast<long>(count));
  for (const Candidate& candidate : candidates) {
    std::printf("  %s %6.1f", candidate.name, quantile(candidate.rates, 0.5) * 1e-9);
  }
  std::printf(" GFLOP/s  of peak %3.0f %%", 100 * quantile(candidates[0].rates, 0.5) / quantile(peaks, 0.5));
  if (!ratios.empty()) {
    std::printf("  ratio %.2f (%.2f-%.2f)", quantile(ratios, 0.5), quantile(ratios, 0.25), quantile(ratios, 0.75));
  }
  std::printf("\n");
  std::fflush(stdout);
}

template <class T>
void squares(Index bytes) {
  square<T, 4>(bytes);
  square<T, 8>(bytes);
  square<T, 16>(bytes);
  square<T, 24>(bytes);
  square<T, 32>(bytes);
  square<T, 48>(bytes);
  square<T, 64>(bytes);
}

}  // namespace

int main(int argc, char** argv) {
#if !defined(SEPTET_BENCH_FIXED_LIBXSMM)
  std::printf("missing: libxsmm\n");
#endif
#if !defined(SEPTET_BENCH_FIXED_EIGEN)
  std::printf("missing: Eigen\n");
#endif
  std::vector<Index> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::atol(argv[i]));
  if (sizes.empty()) sizes = {24, 512};
  for (const Index size : sizes) {
    if (size <= 0) {
      std::fprintf(stderr, "usage: bench_gemm_fixed [KiB ...]\n");
      return 2;
    }
    std::printf("operands of %ld KiB; vectors: %s\n", static_cast<long>(size), xsimd::default_arch::name());
    squares<float>(size * 1024);
    squares<double>(size * 1024);
  }
  return 0;
}
