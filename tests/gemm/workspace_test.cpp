// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// With the caller's memory a dense product allocates nothing, stays inside of it, and has the same bits.
#include "septet/septet.hpp"
#include "src/dense_blocking.hpp"
#include "src/threads.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"
#include "support/guard.hpp"

#include <doctest/doctest.h>
#include <omp.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<long> allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  void* memory = std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
}  // namespace

// Every way of the program's own libraries to allocate passes here.
void* operator new(std::size_t bytes) { return counted(bytes, 16); }
void* operator new[](std::size_t bytes) { return counted(bytes, 16); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

namespace {

using namespace septet;
using namespace septet::support;

// Calls run(options) with exactly the memory that was asked for, at every offset from a cache line that costs most.
template <class F>
Status run_within(Index bytes, const GemmOptions& options, F&& run) {
  constexpr Index kOffset = 1;  // from a cache line: 63 bytes are skipped
  GuardedBuffer memory(static_cast<std::size_t>(kOffset + bytes), GuardedBuffer::Side::end);
  GemmOptions with = options;
  // The end touches the guard page; the beginning is wherever that leads.
  with.workspace = bytes == 0 ? nullptr : memory.as<char>() + kOffset;
  with.workspace_bytes = bytes;
  const long before = allocations;
  const Status status = run(with);
  if (status.ok()) CHECK(allocations == before);
  CHECK(memory.slack_intact());
  return status;
}

template <class P>
void check_product(const P& p, int threads) {
  GemmOptions options = p.options;
  options.threads = threads;
  auto want = p.c, c = p.c;
  gemm(p.a.view(), p.b.view(), want.view(), options);
  const Index bytes = gemm_workspace_bytes(p.a.view(), p.b.view(), c.view(), options);
  const auto run = [&](const GemmOptions& with) { return try_gemm(p.a.view(), p.b.view(), c.view(), with); };
  INFO(bytes << " bytes, threads " << threads << "\n" << describe(p));
  CHECK(run_within(bytes, options, run).to_string() == "ok");
  CHECK(compare_bits(c.view(), want.view()).text == "");
  CHECK(c.padding_intact());
  if (bytes == 0) return;
  // A line less is too little wherever it lies, and says so before C is touched.
  c = p.c;
  const Status status = run_within(bytes - 64, options, run);
  CHECK(status.cause() == Cause::bad_option);
  CHECK(status.argument() == "options.workspace_bytes");
  CHECK(status.message().find(std::to_string(bytes)) != std::string::npos);
  CHECK(status.message().find(std::to_string(bytes - 64)) != std::string::npos);
  CHECK(c.same_bytes(p.c));
}

}  // namespace

TEST_CASE("products of every type, layout and option within the memory that they ask for") {
  GemmOptions team;
  team.threads = 7;  // the runtime's own memory for its threads, once
  std::vector<float> x(128 * 128, 1), y(128 * 128);
  gemm(row_major(x.data(), 128, 128), row_major(x.data(), 128, 128), row_major(y.data(), 128, 128), team);
  int needed = 0;
  for (std::uint64_t seed = 61000000; seed < 61000200; ++seed) {
    Limits limits;
    limits.max_dim = seed % 8 == 0 ? 180 : 50;
    limits.dataflow = seed % 4 == 0 ? Dataflow::dWS : Dataflow::dOS;
    Rng rng(seed);
    for_random_problem(seed, limits, [&](const auto& p) {
      check_product(p, rng.pick({1, 2, 3, 7}));
      needed += gemm_workspace_bytes(p.a.view(), p.b.view(), const_cast<std::decay_t<decltype(p)>&>(p).c.view(),
                                     p.options) > 0;
    });
  }
  CHECK(needed > 40);
}

TEST_CASE("packed operands") {
  Rng rng(10);
  for (int i = 0; i < 40; ++i) {
    const Index m = rng.between(1, 90), n = rng.between(1, 90), k = rng.between(1, 90);
    Storage<float> a(m, k), b(k, n), c(m, n), want(m, n);
    fill_random(rng, a.view(), ValueKind::mixed);
    fill_random(rng, b.view(), ValueKind::mixed);
    gemm(a.view(), b.view(), want.view());
    PackOptions right;
    right.side = Side::right;
    PackOptions dense;
    dense.dataflow = Dataflow::dOS;
    const PackedMatrix packed_a = pack(a.view(), dense), packed_b = pack(b.view(), right);
    GemmOptions options;
    options.threads = rng.pick({1, 2, 3});
    options.beta = 0;
    const Index bytes_a = gemm_workspace_bytes(packed_a, b.view(), c.view(), options);
    const Index bytes_b = gemm_workspace_bytes(a.view(), packed_b, c.view(), options);
    INFO(m << "x" << n << "x" << k << ": " << bytes_a << ", " << bytes_b << " bytes");
    const auto left = [&](const GemmOptions& with) { return try_gemm(packed_a, b.view(), c.view(), with); };
    CHECK(run_within(bytes_a, options, left).to_string() == "ok");
    CHECK(compare_bits(c.view(), want.view()).text == "");
    const auto from_right = [&](const GemmOptions& with) { return try_gemm(a.view(), packed_b, c.view(), with); };
    CHECK(run_within(bytes_b, options, from_right).to_string() == "ok");
    CHECK(compare_bits(c.view(), want.view()).text == "");
  }
}

TEST_CASE("packed in small blocks by many threads") {
  detail::forced_blocking() = {24, 48, 10, 1};
  Limits limits;
  limits.max_dim = 120;
  limits.dataflow = Dataflow::dOS;
  for (std::uint64_t seed = 62000000; seed < 62000040; ++seed) {
    for_random_problem(seed, limits, [&](const auto& p) { check_product(p, 3); });
  }
  detail::forced_blocking() = {};
}

TEST_CASE("batches within the memory that they ask for") {
  constexpr Index kCount = 9, kSize = 45;
  Rng rng(9);
  std::vector<std::int8_t> a(kCount * kSize * kSize), b(a.size());
  std::vector<std::int32_t> c(a.size()), want(a.size());
  fill_random(rng, row_major(a.data(), kCount * kSize, kSize), ValueKind::mixed);
  fill_random(rng, row_major(b.data(), kCount * kSize, kSize), ValueKind::mixed);
  const auto first = [](auto& x) { return row_major(x.data(), kSize, kSize); };
  constexpr Index kStride = kSize * kSize;
  gemm_batch(kCount, first(a), kStride, first(b), kStride, first(want), kStride);
  for (const int threads : {1, 2, 3, 7}) {
    GemmOptions options;
    options.threads = threads;
    const Index bytes = gemm_batch_workspace_bytes(kCount, first(a), first(b), first(c), options);
    CHECK(bytes > 0);
    const auto run = [&](const GemmOptions& with) {
      return try_gemm_batch(kCount, first(a), kStride, first(b), kStride, first(c), kStride, with);
    };
    CHECK(run_within(bytes, options, run).to_string() == "ok");
    CHECK(c == want);
    std::fill(c.begin(), c.end(), 42);
    CHECK(run_within(bytes - 64, options, run).cause() == Cause::bad_option);
    CHECK(c == std::vector<std::int32_t>(c.size(), 42));
  }
}

TEST_CASE("small products and batches of them need none and allocate none") {
  std::vector<float> a(4 * 64, 1), b(4 * 64, 1), c(4 * 64);
  const auto first = [](auto& x) { return row_major(x.data(), 8, 8); };
  CHECK(gemm_batch_workspace_bytes(4, first(a), first(b), first(c)) == 0);
  for (const int threads : {1, 2}) {
    GemmOptions options;
    options.threads = threads;
    gemm_batch(4, first(a), 64, first(b), 64, first(c), 64, options);
    const long before = allocations;
    gemm(first(a), first(b), first(c), options);
    gemm_batch(4, first(a), 64, first(b), 64, first(c), 64, options);
    CHECK(allocations == before);
  }
}

TEST_CASE("alpha = 0 and k = 0 allocate nothing either") {
  std::vector<float> a(64, 1), c(64 * 64, 3);
  GemmOptions options;
  options.beta = 2;
  const long before = allocations;
  CHECK(try_gemm(row_major(a.data(), 64, 0), row_major(a.data(), 0, 64), row_major(c.data(), 64, 64), options).ok());
  options.alpha = 0;
  CHECK(try_gemm(row_major(a.data(), 64, 1), row_major(a.data(), 1, 64), row_major(c.data(), 64, 64), options).ok());
  CHECK(allocations == before);
  CHECK(c == std::vector<float>(64 * 64, 12));
}

TEST_CASE("what is refused, and what needs no operands") {
  std::vector<float> memory(400, 1);
  const auto a = row_major(memory.data(), 5, 5), b = row_major(memory.data() + 25, 5, 5);
  const auto c = row_major(memory.data() + 50, 5, 5);
  const auto check = [&](void* workspace, Index bytes, Cause cause, const char* argument) {
    GemmOptions options;
    options.workspace = workspace;
    options.workspace_bytes = bytes;
    const Status status = try_gemm(a, b, c, options);
    INFO(status.to_string());
    CHECK(status.cause() == cause);
    CHECK(status.argument() == argument);
    CHECK(try_gemm_batch(1, a, 0, b, 0, c, 0, options).cause() == cause);
    CHECK(memory == std::vector<float>(400, 1));
  };
  check(memory.data() + 74, 1000, Cause::overlap, "options.workspace");
  check(memory.data() + 24, 4, Cause::overlap, "options.workspace");
  check(memory.data() + 49, 4, Cause::overlap, "options.workspace");
  check(memory.data() + 100, -1, Cause::bad_option, "options.workspace_bytes");
  check(nullptr, 8, Cause::bad_pointer, "options.workspace");

  const MatrixView<std::int8_t> no_a{nullptr, 100, 90, 90, 1}, no_b{nullptr, 90, 80, 80, 1},
      wrong{nullptr, 91, 80, 80, 1};
  const MatrixView<std::int32_t> no_c{nullptr, 100, 80, 80, 1};
  CHECK(gemm_workspace_bytes(no_a, no_b, no_c) > 0);
  CHECK(gemm_workspace_bytes(no_a, wrong, no_c) == 0);
  GemmOptions sparse;
  sparse.dataflow = Dataflow::sOS;
  CHECK(gemm_workspace_bytes(no_a, no_b, no_c, sparse) == 0);
}

TEST_CASE("memory asked for with several threads is enough for one") {
  std::vector<float> x(65 * 400, 1), y(400 * 96, 1), z(65 * 96), bias(96, 1);
  GemmOptions options;
  options.epilogue.bias = per_column(bias.data(), 65, 96);
  const auto a = row_major(x.data(), 65, 400), b = row_major(y.data(), 400, 96), c = row_major(z.data(), 65, 96);
  for (int threads = 2; threads < 9; ++threads) {
    options.threads = threads;
    const Index bytes = gemm_workspace_bytes(ConstMatrix(a), b, c, options);
    options.threads = 1;
    const auto alone = [&](const GemmOptions& with) { return try_gemm(a, b, c, with); };
    CHECK(run_within(bytes, options, alone).to_string() == "ok");
    CHECK(z.back() == 401);
  }
}
