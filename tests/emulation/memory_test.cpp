// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The memory system: closed form against a walk fold by fold, emulator against closed form, and answers worked out by
// hand.
#include "memory_naive.hpp"
#include "septet/emulation/emulate.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

using namespace septet::memory_test;
using namespace septet;
using emulation::ArrayOptions;

namespace {

/// Buffers from the smallest that are allowed to ones that hold everything.
MemorySystem random_memory(std::mt19937& random, Dataflow dataflow, const GemmOptions& options, const Sizes& size) {
  const bool ws = stationary(dataflow, "WS");
  const Index lanes = dataflow == Dataflow::csOS ? options.combine.lanes : 1;
  const auto below = [&](Index limit) { return static_cast<Index>(random() % static_cast<unsigned>(limit)); };
  const auto bytes = [&](Index least) { return 2 * least + (below(6) == 0 ? 0 : below(Index{1} << (3 + below(13)))); };
  MemorySystem memory;
  memory.a_bytes = bytes((ws ? options.array.width : options.array.height) * size.a);
  memory.b_bytes = bytes((ws ? options.array.height : options.array.width * lanes) * size.b);
  memory.c_bytes = bytes(options.array.width * size.c);
  memory.off_chip_bandwidth = below(5) == 0 ? 0 : 1 + below(Index{1} << below(9));
  return memory;
}

/// One random problem in every dataflow, timing and accumulation. `A` decides the types.
template <class A>
void check_against_naive(unsigned seed, int rounds, const Sizes& size) {
  std::mt19937 random(seed);
  for (int round = 0; round < rounds; ++round) {
    Problem p = cycles_test::random_problem(random);
    const std::vector<A> values(p.a.begin(), p.a.end());
    for (Dataflow dataflow : cycles_test::kAll) {
      for (Accumulate accumulate : {Accumulate::chained, Accumulate::fold_then_add}) {
        if (stationary(dataflow, "OS") && accumulate == Accumulate::fold_then_add) continue;
        p.options.dataflow = dataflow;
        p.options.accumulate = accumulate;
        p.array.timing = static_cast<Timing>(random() % 3);
        p.array.memory = random_memory(random, dataflow, p.options, size);
        const MemorySystem& memory = p.array.memory;
        INFO("seed ", seed, ", round ", round, ", ", std::string(name(dataflow)), ", ",
             std::string(name(p.array.timing)), ", ", std::string(name(accumulate)), ", beta ", p.options.beta, ", ",
             p.m, "x", p.n, "x", p.k, " on ", p.height(), "x", p.width(), ", lanes ", p.options.combine.lanes,
             ", bandwidth ", p.array.bandwidth, ", buffers ", memory.a_bytes, ",", memory.b_bytes, ",", memory.c_bytes,
             " at ", memory.off_chip_bandwidth);
        const Report report =
            emulation::cycles(row_major(values.data(), p.m, p.k), p.n, type_of<A>(), p.options, p.array);
        REQUIRE(text(report) == naive_text(p, memory, size, report.cycles, report.writes_without_fold * size.c));
        ArrayOptions without = p.array;
        without.memory = {};
        const Report plain =
            emulation::cycles(row_major(values.data(), p.m, p.k), p.n, type_of<A>(), p.options, without);
        CHECK(cycles_test::text(plain) == cycles_test::text(report));
        CHECK(plain.memory.walks.empty());
      }
    }
  }
}

}  // namespace

TEST_CASE("memory: equals a walk fold by fold") {
  const int rounds = support::problem_count(500);
  check_against_naive<float>(20261, rounds, {4, 4, 4});
  check_against_naive<std::int8_t>(20262, rounds, {1, 1, 4});
  check_against_naive<std::int16_t>(20263, rounds / 4 + 1, {2, 2, 4});
}

TEST_CASE("memory: a shape alone is a matrix full of non-zeros") {
  std::mt19937 random(20264);
  for (int round = 0; round < support::problem_count(300); ++round) {
    Problem p = cycles_test::random_problem(random);
    std::fill(p.a.begin(), p.a.end(), 2.0F);
    p.array.timing = static_cast<Timing>(round % 3);
    for (Dataflow dataflow : cycles_test::kAll) {
      p.options.dataflow = dataflow;
      p.array.memory = random_memory(random, dataflow, p.options, {});
      INFO("seed 20264, round ", round, ", ", std::string(name(dataflow)), ", ", p.m, "x", p.n, "x", p.k, " on ",
           p.height(), "x", p.width());
      const Report r = emulation::cycles(p.m, p.n, p.k, Type::f32, Type::f32, p.options, p.array);
      REQUIRE(text(r) == naive_text(p, p.array.memory, {}, r.cycles, r.writes_without_fold * 4));
    }
  }
}

TEST_CASE("memory: the emulator's report is the closed form's, in every type and timing") {
  std::mt19937 random(20265);
  for (int round = 0; round < support::problem_count(400); ++round) {
    support::for_random_problem(20265 + static_cast<std::uint64_t>(round), {}, [&](auto& p) {
      INFO(support::describe(p));
      const Sizes size{size_of(p.a_type), size_of(p.b_type), size_of(accumulator_of(p.a_type))};
      const Dataflow dataflow = support::resolve(p.options.dataflow, p.options.accumulate, false);
      ArrayOptions array = p.array_options;
      array.memory = random_memory(random, dataflow, p.options, size);
      if (p.options.fold_depth != 0) p.options.fold_depth = p.options.array.height;
      const ConstMatrix a = p.a.view();
      const Report emulated = emulation::emulate(a, p.b.view(), p.c.view(), p.options, array);
      const Report closed = emulation::cycles(a, p.n, p.b_type, p.options, array);
      REQUIRE(text(emulated) == text(closed));
      CHECK(cycles_test::text(emulated) == cycles_test::text(closed));
      CHECK(emulated.writes_without_fold == closed.writes_without_fold);
    });
  }
}
