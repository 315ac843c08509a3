// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The register engine and the replayed Plan against the plain array, where their own sizes matter: streams longer than
// a chunk and than a line, arrays wider than a vector, many threads, every target. (tests/exact has the small
// problems.)
#include "septet/septet.hpp"
#include "src/threads.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>
#include <string>

namespace {

using namespace septet;
using namespace septet::support;

// Small problems are shared among the threads too.
[[maybe_unused]] const Index kSharedFrom = septet::detail::worth_sharing() = 0;

template <class P>
emulation::Report emulate_with(const P& p, Engine engine, int threads, decltype(p.c)& c) {
  auto array_options = p.array_options;
  array_options.engine = engine;
  GemmOptions options = p.options;
  options.threads = threads;
  return emulation::emulate(p.a.view(), p.b.view(), c.view(), options, array_options);
}

// Both engines, on every target and with 1 and 3 threads, against the plain array.
template <class P>
void check_engines(const P& p) {
  auto want = p.c;
  const emulation::Report report = emulate_with(p, Engine::plain, 1, want);
  for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
    REQUIRE(set_target(*target).ok());
    for (const int threads : {1, 3}) {
      for (const Engine engine : {Engine::registers, Engine::plan}) {
        auto got = p.c;
        const Difference counts = compare_reports(emulate_with(p, engine, threads, got), report);
        const Difference bits = compare_bits(got.view(), want.view());
        INFO(name(engine) << " on " << *target << ", threads " << threads << "\n" << describe(p));
        INFO(counts.text << " " << bits.text);
        CHECK(counts.equal);
        CHECK(bits.equal);
        CHECK(got.padding_intact());
      }
    }
  }
  REQUIRE(set_target(nullptr).ok());
}

struct Ones {
  std::vector<std::int8_t> a, b;
  std::vector<std::int32_t> c;
  Index m, n, k;
  Ones(Index m_, Index n_, Index k_) : a(m_ * k_, 1), b(k_ * n_, 1), c(m_ * n_), m(m_), n(n_), k(k_) {}
  emulation::Report run(const GemmOptions& options, Engine engine, const emulation::Progress& progress = {}) {
    emulation::ArrayOptions array_options;
    array_options.engine = engine;
    return emulation::emulate(row_major(a.data(), m, k), row_major(b.data(), k, n), row_major(c.data(), m, n), options,
                              array_options, progress);
  }
};

}  // namespace

TEST_CASE("engines agree on shapes larger than their chunks") {
  for (int d = 1; d < 8; ++d) {
    Limits limits;
    limits.dataflow = static_cast<Dataflow>(d);
    limits.any_fold_depth = false;
    limits.max_dim = 330;
    limits.max_array = 70;
    const std::uint64_t first = 40000000 + 1000 * static_cast<std::uint64_t>(d);
    for (int i = 0; i < problem_count(10); ++i) {
      for_random_problem(first + static_cast<std::uint64_t>(i), limits, [](const auto& p) { check_engines(p); });
    }
  }
}

TEST_CASE("engines and kernels agree in narrow accumulators") {
  for (int d = 1; d < 8; ++d) {
    Limits limits;
    limits.dataflow = static_cast<Dataflow>(d);
    limits.any_fold_depth = false;
    limits.max_dim = 150;
    limits.max_array = 24;
    const std::uint64_t first = 41000000 + 1000 * static_cast<std::uint64_t>(d);
    for (int i = 0; i < problem_count(12); ++i) {
      Rng rng(first + static_cast<std::uint64_t>(i));
      for_random_problem(first + static_cast<std::uint64_t>(i), limits, [&](auto& p) {
        const auto any_accumulator = [&] {
          const Overflow overflow = rng.pick({Overflow::wrap, Overflow::clamp});
          if (is_integer(p.a_type)) return Accumulator{static_cast<int>(rng.between(16, 32)), overflow};
          return size_of(p.a_type) == 2 ? Accumulator{16, overflow} : Accumulator{};
        };
        p.options.accumulator = any_accumulator();
        if (p.options.accumulate == Accumulate::fold_then_add) p.options.fold_accumulator = any_accumulator();
        p.options.flush_subnormals = !is_integer(p.a_type) && rng.chance(0.5);
        p.options.strict_nonfinite = false;
        check_engines(p);
      });
    }
  }
}

TEST_CASE("engines agree on streams longer than a line") {
  // 2^20 elements of all rows' lines are kept: 128 rows of 8192.
  Rng rng(11);
  const Index m = 130, n = 21, k = 9000;
  Storage<std::int8_t> a(m, k), b(k, n);
  fill_pattern(rng, a.view(), make_pattern(rng, PatternKind::uniform, m, k, 0.4, {}), ValueKind::mixed);
  fill_random(rng, b.view(), ValueKind::mixed);
  for (int d = 1; d < 8; ++d) {
    GemmOptions options;
    options.dataflow = static_cast<Dataflow>(d);
    options.array = {128, 18};
    options.combine.lanes = 3;
    Storage<std::int32_t> want(m, n), got(m, n);
    emulation::ArrayOptions array_options;
    const auto fast = emulation::emulate(a.view(), b.view(), got.view(), options, array_options);
    array_options.engine = Engine::plain;
    const auto plain = emulation::emulate(a.view(), b.view(), want.view(), options, array_options);
    INFO(name(options.dataflow));
    CHECK(compare_bits(got.view(), want.view()).equal);
    CHECK(compare_reports(fast, plain).equal);
  }
}

TEST_CASE("zeros that a format injects leave a sum alone where B is not finite and strict_nonfinite is asked for") {
  Rng rng(12);
  for (const Dataflow dataflow : {Dataflow::sOS, Dataflow::sWS, Dataflow::sIS, Dataflow::csOS}) {
    const Index m = 60, n = 70, k = 300;
    Storage<float> a(m, k), b(k, n), want(m, n), got(m, n);
    fill_pattern(rng, a.view(), make_pattern(rng, PatternKind::uniform, m, k, 0.3, {}), ValueKind::mixed);
    fill_random(rng, b.view(), ValueKind::mixed);
    for (int i = 0; i < 40; ++i) {
      b.view()(rng.between(0, k - 1), rng.between(0, n - 1)) = std::numeric_limits<float>::infinity();
    }
    GemmOptions options;
    options.dataflow = dataflow;
    options.strict_nonfinite = true;
    gemm(a.view(), b.view(), want.view(), options);
    for (const Engine engine : {Engine::plain, Engine::registers, Engine::plan}) {
      emulation::ArrayOptions array_options;
      array_options.engine = engine;
      emulation::emulate(a.view(), b.view(), got.view(), options, array_options);
      const Difference difference = compare_bits(got.view(), want.view());
      INFO(name(dataflow) << " " << name(engine) << " " << difference.text);
      CHECK(difference.equal);
    }
  }
}

TEST_CASE("progress of several threads counts every fold once, and what it throws ends the run") {
  Ones ones(64, 64, 32);
  GemmOptions options;
  options.array = {4, 4};
  options.threads = 4;
  for (const Dataflow dataflow : {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS}) {
    options.dataflow = dataflow;
    Index last = 0;
    const auto report = ones.run(options, Engine::registers, [&](Index done, Index all) {
      CHECK(done == last + 1);
      CHECK(all >= done);
      last = done;
    });
    CHECK(last == report.folds);
    int calls = 0;
    const auto give_up = [&](Index, Index) {
      ++calls;
      throw std::runtime_error("enough");
    };
    CHECK_THROWS_WITH(ones.run(options, Engine::registers, give_up), "enough");
    CHECK(calls == 1);
  }
  // One part only: it ends within, and what it had is not stored.
  Ones chain(8, 4, 64);
  options.array = {4, 4};
  options.dataflow = Dataflow::dIS;
  chain.c.assign(chain.c.size(), -1);
  CHECK_THROWS(chain.run(options, Engine::registers, [](Index, Index) { throw std::runtime_error("enough"); }));
  CHECK(chain.c == std::vector<std::int32_t>(chain.c.size(), -1));
}

TEST_CASE("engines agree in many lanes") {
  Rng rng(13);
  const Index m = 40, n = 45, k = 900;
  Storage<float> a(m, k), b(k, n), want(m, n), got(m, n);
  fill_pattern(rng, a.view(), make_pattern(rng, PatternKind::uniform, m, k, 0.01, {}), ValueKind::mixed);
  fill_random(rng, b.view(), ValueKind::mixed);
  for (const int lanes : {1, 2, 5, 40, 256}) {
    GemmOptions options;
    options.dataflow = Dataflow::csOS;
    options.array = {16, 19};
    options.combine.lanes = lanes;
    options.combine.policy = CombinePolicy::first_fit;
    emulation::ArrayOptions array_options;
    const auto fast = emulation::emulate(a.view(), b.view(), got.view(), options, array_options);
    array_options.engine = Engine::plain;
    const auto plain = emulation::emulate(a.view(), b.view(), want.view(), options, array_options);
    INFO(lanes << " lanes");
    CHECK(compare_bits(got.view(), want.view()).equal);
    CHECK(compare_reports(fast, plain).equal);
  }
}

TEST_CASE("an engine or a timing that is none is refused") {
  Ones ones(2, 2, 2);
  emulation::ArrayOptions array_options;
  array_options.engine = static_cast<Engine>(9);
  emulation::Report report;
  const auto run = [&] {
    return emulation::try_emulate(row_major(ones.a.data(), 2, 2), row_major(ones.b.data(), 2, 2),
                                  row_major(ones.c.data(), 2, 2), {}, array_options, report);
  };
  CHECK(run().argument() == "array_options.engine");
  array_options.engine = Engine::plan;
  array_options.timing = static_cast<Timing>(7);
  CHECK(run().argument() == "array_options.timing");
}
