// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Products of all types under all names at once, while somebody else changes the number of threads and the handler.
#include "operands.hpp"
#include "septet/blas.h"

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <thread>

namespace {

using namespace septet;
using namespace septet::blas_test;

template <class T>
std::string product(Rng& rng) {
  const Spelling gemm = rng.pick(spellings<T>());
  const int layout = gemm.fortran ? kColMajor : rng.pick({kRowMajor, kColMajor});
  const auto size = [&] { return rng.chance(0.5) ? rng.between(1, 40) : rng.between(90, 150); };
  const Index m = size(), n = size(), k = size();
  const SumOf<T> alpha(rng.chance(0.5) ? 1.0f : -0.5f), beta(rng.chance(0.5) ? 0.0f : 2.0f);
  Problem<T> problem(rng, {layout, rng.pick({'N', 'T', 'C'}), rng.pick({'N', 'T', 'C'}), m, n, k}, alpha, beta,
                     ValueKind::mixed);
  return problem.run(gemm, rng, 30);
}

void ignore(const char*, int, const char*, void* user) { ++*static_cast<std::atomic<int>*>(user); }

}  // namespace

TEST_CASE("all names at once") {
  constexpr int kCallers = 10, kRounds = 12;
  constexpr std::uint64_t kSeed = 7100;
  INFO("seed " << kSeed);
  std::atomic<bool> stop{false};
  std::atomic<int> refused{0}, attempts{0};
  std::mutex mutex;
  std::string wrong;
  const std::int64_t before = septet_blas_calls();
  septet_blas_set_error_handler(&ignore, &refused);
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] {
      Rng rng(kSeed + static_cast<std::uint64_t>(i));
      for (int round = 0; round < kRounds; ++round) {
        for (const std::string& text : {product<float>(rng), product<double>(rng), product<bf16>(rng),
                                        product<std::complex<float>>(rng), product<std::complex<double>>(rng)}) {
          const std::lock_guard<std::mutex> lock(mutex);
          if (wrong.empty()) wrong = text;
        }
      }
    });
  }
  std::thread unsettled([&] {
    for (int i = 0; !stop; ++i) {
      septet_blas_set_threads(i % 5);
      if (i % 8 == 0) septet_blas_set_error_handler(&ignore, &refused);
      const float one = 1;
      const Call bad{kColMajor, 'N', 'N', -1, 1, 1, &one, nullptr, 1, nullptr, 1, &one, nullptr, 1};
      spellings<float>()[static_cast<std::size_t>(i % 6)](bad);
      ++attempts;
      std::this_thread::yield();
    }
  });
  for (std::thread& caller : callers) caller.join();
  stop = true;
  unsettled.join();
  septet_blas_set_error_handler(nullptr, nullptr);
  septet_blas_set_threads(0);
  CHECK(wrong == "");
  CHECK(refused == attempts);
  CHECK(septet_blas_calls() - before == kCallers * kRounds * 5 + attempts);
}
