// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A product that is counted once for many memory systems reports what the cycle model says of each.
#include "emulation/prepared_product.hpp"

#include "memory_naive.hpp"
#include "septet/emulation/energy.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

using namespace septet::memory_test;
using namespace septet;
using emulation::ArrayOptions;
using emulation::PreparedProduct;
using emulation::cycle_model::CycleCache;

namespace {

/// Some are too small.
MemorySystem any_memory(std::mt19937& random) {
  const auto bytes = [&] { return static_cast<Index>((1U << (4 + random() % 11)) + random() % 16); };
  return {bytes(), bytes(), bytes(), static_cast<Index>(random() % 40)};
}

/// Everything but the list of walks.
std::string all_of(Report report) {
  report.memory.walks.clear();
  return cycles_test::text(report) + " / " + text(report) + " / " +
         std::to_string(emulation::energy(report).total_pj()) + " " + std::to_string(report.writes_without_fold);
}

/// `cycles(array, report)` is the model's own word. How many memory systems were possible?
template <class Cycles>
int check_prepared(const PreparedProduct& prepared, ArrayOptions array, std::mt19937& random, Cycles&& cycles) {
  int possible = 0;
  for (int again = 0; again < 12; ++again) {
    array.memory = again == 0 ? MemorySystem{} : any_memory(random);
    Report expected, report;
    const Status status = cycles(array, expected);
    REQUIRE(prepared.report(array.memory, report).to_string() == status.to_string());
    if (!status.ok()) continue;
    REQUIRE(all_of(report) == all_of(expected));
    ++possible;
  }
  return possible;
}

}  // namespace

TEST_CASE("prepared product: reports with any memory system behind it are the model's") {
  std::mt19937 random(20270);
  int possible = 0;
  for (int round = 0; round < support::problem_count(120); ++round) {
    Problem p = cycles_test::random_problem(random);
    p.array.timing = static_cast<Timing>(random() % 3);
    p.options.alpha = round % 20 == 0 ? 0 : 1;
    const std::vector<std::int8_t> mask(p.a.begin(), p.a.end());
    const auto cache = std::make_shared<CycleCache>(row_major(mask.data(), p.m, p.k));
    for (const Dataflow dataflow : cycles_test::kAll) {
      p.options.dataflow = dataflow;
      p.options.accumulate =
          stationary(dataflow, "OS") || random() % 2 == 0 ? Accumulate::chained : Accumulate::fold_then_add;
      INFO("seed 20270, round ", round, ", ", std::string(name(dataflow)), ", ", p.m, "x", p.n, "x", p.k, " on ",
           p.height(), "x", p.width());
      std::unique_ptr<PreparedProduct> sparse, dense;
      REQUIRE(PreparedProduct::prepare({p.m, p.n, p.k, Type::f32, Type::f32, cache}, p.options, p.array, sparse).ok());
      possible += check_prepared(*sparse, p.array, random, [&](const ArrayOptions& array, Report& report) {
        return emulation::try_cycles(row_major(p.a.data(), p.m, p.k), p.n, Type::f32, p.options, array, report);
      });
      REQUIRE(PreparedProduct::prepare({p.m, p.n, p.k, Type::f32, Type::f32, nullptr}, p.options, p.array, dense).ok());
      check_prepared(*dense, p.array, random, [&](const ArrayOptions& array, Report& report) {
        return emulation::try_cycles(p.m, p.n, p.k, Type::f32, Type::f32, p.options, array, report);
      });
    }
  }
  CHECK(possible > 0);
}

TEST_CASE("prepared product: what is refused") {
  GemmOptions options;
  options.dataflow = Dataflow::dOS;
  options.accumulate = Accumulate::fold_then_add;
  std::unique_ptr<PreparedProduct> product;
  const Status status = PreparedProduct::prepare({4, 4, 4, Type::s8, Type::s8, nullptr}, options, {}, product);
  CHECK(status.argument() == "options.accumulate");
  CHECK(product == nullptr);
}
