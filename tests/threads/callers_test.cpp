// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Many callers at once, callers with ways of their own to run things side by side, and callers with a floating-point
// environment of their own: always the same bits.
#include "child.hpp"
#include "products.hpp"
#include "src/threads.hpp"

#include <doctest/doctest.h>
#include <omp.h>

#include <atomic>
#include <cfenv>
#include <thread>

#if defined(__SSE2__)
#include <pmmintrin.h>
#endif

namespace {

using namespace septet;
using namespace septet::threads_test;

template <class F>
void on_threads(int count, F&& f) {
  std::vector<std::thread> all;
  for (int i = 0; i < count; ++i) all.emplace_back([&f, i] { f(i); });
  for (std::thread& each : all) each.join();
}

GemmOptions four_by(ParallelFor by) {
  GemmOptions options;
  options.threads = 4, options.parallel_for = by;
  return options;
}

}  // namespace

// First, while OpenMP has no threads.
TEST_CASE("a caller's parallel_for: same bits, and no thread of OpenMP's") {
  REQUIRE(tasks() == 1);
  for (int d = 1; d < 8; ++d) {
    const Product product(10, 130, static_cast<Dataflow>(d));
    INFO(std::string(name(static_cast<Dataflow>(d))));
    std::atomic<int> calls{0};
    auto serial = [&](int count, auto&& f) {
      ++calls;
      for (int i = 0; i < count; ++i) f(i);
    };
    auto reversed = [&](int count, auto&& f) {
      ++calls;
      for (int i = count - 1; i >= 0; --i) f(i);
    };
    auto own = [&](int count, auto&& f) {
      ++calls;
      on_threads(count, f);
    };
    auto two_at_a_time = [&](int count, auto&& f) {
      ++calls;
      on_threads(2, [&](int worker) {
        for (int i = worker; i < count; i += 2) f(i);
      });
    };
    CHECK(product.run(four_by(parallel_for(serial))));
    CHECK(product.run(four_by(parallel_for(reversed))));
    CHECK(product.run(four_by(parallel_for(own))));
    CHECK(product.run(four_by(parallel_for(two_at_a_time))));
    CHECK(calls >= 4);
    auto nested = [&](int count, auto&& f) {  // a product within a product's task
      on_threads(count, [&](int i) {
        if (i == 0) CHECK(product.run(four_by(parallel_for(serial))));
        f(i);
      });
    };
    CHECK(product.run(four_by(parallel_for(nested))));
    CHECK(tasks() == 1);
  }
}

TEST_CASE("products in the tasks of a caller's own threads") {
  const Product product(11);
  std::atomic<int> right{0};
  on_threads(8, [&](int i) {
    for (int j = 0; j < 10; ++j) right += product.run_with(1 + i % 4) ? 1 : 0;
  });
  CHECK(right == 80);
}

TEST_CASE("products in a caller's parallel region: one thread each") {
  const Product product(12);
  int right = 0;
  std::atomic<int> most{0};
#pragma omp parallel num_threads(4) reduction(+ : right)
  {
    right += product.run() && product.run_with(4) ? 1 : 0;
    most = std::max(most.load(), tasks());
  }
  CHECK(right == 4);
#if !defined(__clang__)  // LLVM's runtime keeps the threads of others that have ended
  CHECK(most <= 4);
#endif
  // But a caller who says how, is obeyed.
  auto serial = [](int count, auto&& f) {
    for (int i = 0; i < count; ++i) f(i);
  };
#pragma omp parallel num_threads(2) reduction(+ : right)
  right += product.run(four_by(parallel_for(serial))) ? 1 : 0;
  CHECK(right == 6);
}

TEST_CASE("512 callers: right bits, and the extra threads are handed out once") {
  constexpr int kCallers = 512, kThreads = 4;
  REQUIRE(set_threads(kThreads).ok());
  const Product product(13, 130);  // worth sharing
  std::atomic<int> right{0}, at_work{0}, most{0}, arrived{0};
  struct Count {
    std::atomic<int>&now, &most;
  } count{at_work, most};
  on_threads(kCallers, [&](int) {
    ++arrived;
    while (arrived < kCallers) std::this_thread::yield();
    right += product.run() ? 1 : 0;
    detail::run_team({}, kThreads, [&](int) {
      const int now = ++count.now;
      for (int seen = count.most; seen < now && !count.most.compare_exchange_weak(seen, now);) {
      }
      std::this_thread::yield();
      --count.now;
    });
    right += product.run() ? 1 : 0;
  });
  CHECK(right == 2 * kCallers);
  CHECK(most <= kCallers + kThreads - 1);
  // What was handed out is back.
  std::atomic<int> workers{0};
  detail::run_team({}, kThreads, [&](int) { ++workers; });
  CHECK(workers == kThreads);
  reset_threads();
}

namespace {

struct Mode {
  int rounding;
  bool flushes;
};

void enter(const Mode& mode) {
  std::fesetround(mode.rounding);
#if defined(__SSE2__)
  _MM_SET_FLUSH_ZERO_MODE(mode.flushes ? _MM_FLUSH_ZERO_ON : _MM_FLUSH_ZERO_OFF);
  _MM_SET_DENORMALS_ZERO_MODE(mode.flushes ? _MM_DENORMALS_ZERO_ON : _MM_DENORMALS_ZERO_OFF);
#endif
}

bool is_in(const Mode& mode) {
#if defined(__SSE2__)
  const bool flushes =
      _MM_GET_FLUSH_ZERO_MODE() == _MM_FLUSH_ZERO_ON && _MM_GET_DENORMALS_ZERO_MODE() == _MM_DENORMALS_ZERO_ON;
  if (flushes != mode.flushes) return false;
#endif
  return std::fegetround() == mode.rounding;
}

}  // namespace

TEST_CASE("a caller's rounding and flushing change no bit, on no thread, and are as they were afterwards") {
  const Product product(14);
  support::Rng rng(15);  // subnormal sums
  constexpr Index kSize = 120;
  std::vector<float> a(kSize * kSize), b(kSize * kSize), c(kSize * kSize), want(kSize * kSize);
  for (float& x : a) x = support::random_float<float>(rng, -75, -70);
  for (float& x : b) x = support::random_float<float>(rng, -75, -70);
  GemmOptions options;
  const auto tiny = [&](std::vector<float>& to) {
    GemmOptions scaled = options;
    scaled.alpha = 1.1;
    return try_gemm(row_major(a.data(), kSize, kSize), row_major(b.data(), kSize, kSize),
                    row_major(to.data(), kSize, kSize), scaled)
        .ok();
  };
  REQUIRE(tiny(want));
  Mode of_pool{FE_TONEAREST, false};  // what the threads of the caller's pool are in, and stay in
  std::atomic<int> left{0};
  auto own = [&](int count, auto&& f) {
    on_threads(count, [&](int i) {
      enter(of_pool);
      f(i);
      left += is_in(of_pool) ? 0 : 1;
    });
  };
  auto serial = [&](int count, auto&& f) {
    for (int i = 0; i < count; ++i) f(i);
  };
  for (const int rounding : {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    for (const bool flushes : {false, true}) {
      for (const int threads : {1, 2, 3}) {
        for (const ParallelFor& by : {ParallelFor(), parallel_for(own), parallel_for(serial)}) {
          options.threads = threads, options.parallel_for = by;
          const Mode mode{rounding, flushes};
          of_pool = mode;
          enter(mode);
          const bool same = product.run(options), done = tiny(c), kept = is_in(mode);
          enter({FE_TONEAREST, false});
          INFO("rounding " << rounding << " flushes " << flushes << " threads " << threads);
          CHECK(same);
          CHECK(done);
          CHECK(kept);
          CHECK(std::memcmp(c.data(), want.data(), c.size() * sizeof(float)) == 0);
        }
      }
    }
  }
  CHECK(left == 0);
}

#if !defined(__clang__)  // LLVM's runtime gives its threads the environment that it finds best, with or without us
TEST_CASE("OpenMP's threads keep the environment that the caller gave them") {
  const Product product(16);
  std::atomic<int> kept{0};
#pragma omp parallel num_threads(4)
  enter({FE_DOWNWARD, true});
  CHECK(product.run_with(4));
#pragma omp parallel num_threads(4)
  {
    kept += is_in({FE_DOWNWARD, true}) ? 1 : 0;
    enter({FE_TONEAREST, false});
  }
  CHECK(kept == 4);
}
#endif
