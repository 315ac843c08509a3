// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Memory runs out, at the first allocation of a call, at the second, …: the call says so under number 0, and C is as it
// was; or it needed none.
#include "operands.hpp"
#include "septet/blas.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

namespace {

// Allocations until one fails; negative: none does. Only this thread's.
thread_local int left = -1;
thread_local int failed = 0;

void* allocate(std::size_t bytes, std::size_t alignment) {
  if (left == 0) {
    ++failed;
    return nullptr;
  }
  if (left > 0) --left;
  const std::size_t whole = (bytes + alignment) / alignment * alignment;
  return std::aligned_alloc(alignment, whole);
}
void* allocate_or_throw(std::size_t bytes, std::size_t alignment) {
  void* const memory = allocate(bytes, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

#define VISIBLE __attribute__((visibility("default")))
VISIBLE void* operator new(std::size_t bytes) { return allocate_or_throw(bytes, 16); }
VISIBLE void* operator new[](std::size_t bytes) { return allocate_or_throw(bytes, 16); }
VISIBLE void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes, 16); }
VISIBLE void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate_or_throw(bytes, static_cast<std::size_t>(alignment));
}
VISIBLE void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
VISIBLE void operator delete(void* memory) noexcept { std::free(memory); }
VISIBLE void operator delete[](void* memory) noexcept { std::free(memory); }
VISIBLE void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
VISIBLE void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
VISIBLE void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
VISIBLE void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace {

using namespace septet;
using namespace septet::blas_test;

int reported = 0, info = -1;
void note(const char*, int number, const char*, void*) { ++reported, info = number; }

// f() with the n-th allocation failing, for every n that comes to that: done() and untouched() are asked afterwards.
template <class F, class Intact, class Right>
int fails_cleanly(F&& f, Intact&& intact, Right&& right) {
  int n = 0;
  for (;; ++n) {
    REQUIRE(n < 200);
    reported = 0;
    int failures = 0;
    std::thread([&] {  // one that keeps nothing from calls before
      left = n;
      f();
      left = -1;
      failures = failed;
    })
        .join();
    INFO("allocation " << n);
    if (failures == 0) break;
    if (reported == 0) {  // made do without
      CHECK(right());
      continue;
    }
    CHECK(reported == 1);
    CHECK(info == 0);
    CHECK(intact());
  }
  CHECK(reported == 0);
  CHECK(right());
  return n;
}

template <class T>
int check(Index m, Index n, Index k, char op_a, char op_b, SumOf<T> beta) {
  Rng rng(6100);
  Problem<T> problem(rng, {kColMajor, op_a, op_b, m, n, k}, SumOf<T>(2), beta, ValueKind::small_integers);
  const auto before = problem.c.copy();
  const Spelling& gemm = spellings<T>().front();
  gemm(problem.call());
  const auto want = problem.c.copy();
  const auto restore = [&] { std::copy_n(before.begin() + 5, before.size() - 10, problem.c.data()); };
  INFO(problem.describe());
  return fails_cleanly(
      [&] {
        restore();
        gemm(problem.call());
      },
      [&] { return problem.c.same_bytes(before); }, [&] { return problem.c.same_bytes(want); });
}

}  // namespace

TEST_CASE_TEMPLATE("no memory for a product", T, float, double, std::complex<float>, std::complex<double>, bf16) {
  septet_blas_set_error_handler(&note, nullptr);
  REQUIRE(septet_blas_set_threads(1) == 0);
  int allocations = 0;
  for (const char op_a : {'N', 'T'}) {
    for (const char op_b : {'N', 'C'}) {
      for (const float beta : {0.0f, 1.0f, -1.0f}) {
        for (const Index size : {5, 40, 105}) allocations += check<T>(size, size, size, op_a, op_b, SumOf<T>(beta));
      }
      allocations += check<T>(40, 200, 300, op_a, op_b, SumOf<T>(-1));
      allocations += check<T>(400, 40, 200, op_a, op_b, SumOf<T>(0));
    }
  }
  MESSAGE("allocations that failed: " << allocations);
  septet_blas_set_error_handler(nullptr, nullptr);
  REQUIRE(septet_blas_set_threads(0) == 0);
}
