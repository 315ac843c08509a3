// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// RTL = emulator = kernel, on random problems: C bit for bit, the same number of cycles, and the same words at the
// store units in the same order. Arrays of several shapes; those keep their state from one problem to the next, as
// hardware does. A failing case prints its seed and everything else that is needed to build it again.
#include "rtl_problem.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace septet::rtl_test {

using namespace septet::support;

namespace {

std::vector<MakeArray>& makers() {
  static std::vector<MakeArray> list;
  return list;
}

std::string place_text(Index m, Index n) { return "C[" + std::to_string(m) + "][" + std::to_string(n) + "]"; }

// The first write that is not the plain array's, so many cycles later, or nothing.
std::string write_difference(const std::vector<Write>& got, const std::vector<StoredWord>& want, Index n, Index later) {
  for (std::size_t i = 0; i < std::max(got.size(), want.size()); ++i) {
    const std::string what = "write " + std::to_string(i) + ": ";
    if (i >= want.size()) return what + "one too many";
    const StoredWord& word = want[i];
    const std::string wanted = place_text(word.m, word.n) + " = " + std::to_string(word.value) + " of fold " +
                               std::to_string(word.fold) + " at column " + std::to_string(word.column) + " in cycle " +
                               std::to_string(word.cycle);
    if (i >= got.size()) return what + "missing: " + wanted;
    const Write& write = got[i];
    const bool equal = write.column == word.column && write.address == word.m * n + word.n &&
                       write.value == word.value && write.cycle == word.cycle + later;
    if (!equal) {
      return what + place_text(write.address / n, write.address % n) + " = " + std::to_string(write.value) +
             " at column " + std::to_string(write.column) + " in cycle " + std::to_string(write.cycle) + ", wanted " +
             wanted;
    }
  }
  return "";
}

// C as the kernel and the emulator have it, with the report; they must agree before anything else is asked.
Storage<std::int32_t> expected_c(const RtlProblem& p, bool plain, emulation::Report& report) {
  Storage<std::int32_t> kernel(p.m, p.n), emulated(p.m, p.n);
  gemm(p.a_view(), p.b_view(), kernel.view(), p.options);
  emulation::ArrayOptions array_options = p.array_options;
  array_options.engine = plain ? Engine::plain : Engine::registers;
  report = emulation::emulate(p.a_view(), p.b_view(), emulated.view(), p.options, array_options);
  const Difference difference = compare_bits(emulated.view(), kernel.view());
  REQUIRE_MESSAGE(difference.equal, "emulator and kernel: " << difference.text);
  return kernel;
}

void check_problem(SimulatedArray& array, const RtlProblem& p, Rng& rng) {
  INFO(describe(p));
  emulation::Report report;
  const Storage<std::int32_t> want = expected_c(p, rng.chance(0.2), report);
  Inputs inputs = inputs_of(p);
  inputs.restless = rng.chance(0.1);
  REQUIRE(static_cast<Index>(std::max({inputs.a.size(), inputs.b.size(), inputs.c.size()})) <= array.capacity());

  if (rng.chance(0.1)) array.reset();
  const Outcome outcome = array.run(inputs, 4 * report.cycles + 100'000);
  REQUIRE_MESSAGE(outcome.done, "not done");
  REQUIRE_MESSAGE(!outcome.refused, "refused");
  // Sums that leave a bottom register (WS, IS) are in it first.
  const Index later = is_output_stationary(p.options.dataflow) ? 0 : 1;
  CHECK(outcome.cycles == report.cycles);
  CHECK(outcome.running == (report.folds > 0 ? report.cycles + later : 0));
  CHECK(outcome.counts_from_zero);
  CHECK(outcome.nothing_else_written);
  const auto beyond_c = [&](const Write& write) { return write.address >= p.m * p.n; };
  CHECK(std::none_of(outcome.writes.begin(), outcome.writes.end(), beyond_c));
  CHECK(!outcome.writes_late);
  CHECK(static_cast<Index>(outcome.writes.size()) == report.writes_c_words - report.writes_without_fold);

  const Difference difference = compare_bits(row_major(outcome.c.data(), p.m, p.n), want.view());
  if (difference.equal && !rng.chance(0.5)) return;
  const std::string first = write_difference(outcome.writes, stored_words(p), p.n, later);
  CHECK_MESSAGE(difference.equal, difference.text);
  CHECK_MESSAGE(first.empty(), first);
}

void check_dataflow(Dataflow dataflow) {
  const auto arrays = simulated_arrays();
  REQUIRE(!arrays.empty());
  Rng rng(static_cast<std::uint64_t>(dataflow));
  for (int i = 0; i < problem_count(1000); ++i) {
    SimulatedArray& array = *arrays[static_cast<std::size_t>(i) % arrays.size()];
    const std::uint64_t seed = 1'000'000 * static_cast<std::uint64_t>(dataflow) + static_cast<std::uint64_t>(i);
    check_problem(array, random_problem(seed, dataflow, array), rng);
  }
}

}  // namespace

std::vector<std::unique_ptr<SimulatedArray>> simulated_arrays() {
  std::vector<std::unique_ptr<SimulatedArray>> arrays;
  for (const MakeArray make : makers()) arrays.push_back(make());
  const auto size = [](const auto& array) {
    const ArrayShape shape = array->shape();
    return std::make_pair(shape.height * shape.width, shape.height);
  };
  std::sort(arrays.begin(), arrays.end(), [&](const auto& x, const auto& y) { return size(x) < size(y); });
  for (const auto& array : arrays) array->reset();
  return arrays;
}

bool register_array(MakeArray make) {
  makers().push_back(make);
  return true;
}

TEST_CASE("RTL = emulator = kernel: dOS") { check_dataflow(Dataflow::dOS); }
TEST_CASE("RTL = emulator = kernel: dWS") { check_dataflow(Dataflow::dWS); }
TEST_CASE("RTL = emulator = kernel: dIS") { check_dataflow(Dataflow::dIS); }
TEST_CASE("RTL = emulator = kernel: sOS") { check_dataflow(Dataflow::sOS); }
TEST_CASE("RTL = emulator = kernel: sWS") { check_dataflow(Dataflow::sWS); }
TEST_CASE("RTL = emulator = kernel: sIS") { check_dataflow(Dataflow::sIS); }
TEST_CASE("RTL = emulator = kernel: csOS") { check_dataflow(Dataflow::csOS); }

TEST_CASE("RTL: dataflows follow each other on one array, in any order") {
  const auto arrays = simulated_arrays();
  Rng rng(77);
  for (int i = 0; i < problem_count(500); ++i) {
    SimulatedArray& array = *arrays[static_cast<std::size_t>(rng.below(static_cast<Index>(arrays.size())))];
    const auto dataflow = static_cast<Dataflow>(rng.between(1, 7));
    check_problem(array, random_problem(9'000'000 + static_cast<std::uint64_t>(i), dataflow, array), rng);
  }
}

TEST_CASE("RTL: a reset in the midst of a run leaves nothing behind") {
  const auto arrays = simulated_arrays();
  Rng rng(78);
  for (int i = 0; i < problem_count(200); ++i) {
    SimulatedArray& array = *arrays[static_cast<std::size_t>(i) % arrays.size()];
    const auto draw = [&](std::uint64_t seed) {
      return random_problem(seed + static_cast<std::uint64_t>(i), static_cast<Dataflow>(rng.between(1, 7)), array);
    };
    array.run(inputs_of(draw(7'100'000)), rng.below(300));
    array.reset();
    check_problem(array, draw(7'200'000), rng);
  }
}

namespace {

// Then the next product has to be right.
void check_refused(SimulatedArray& array, const Inputs& inputs) {
  const Outcome outcome = array.run(inputs, 100'000);
  CHECK(outcome.done);
  CHECK(outcome.refused);
  CHECK(outcome.writes.empty());
  CHECK(outcome.c == inputs.c);
  Rng rng(5);
  check_problem(array, random_problem(12, Dataflow::sIS, array), rng);
}

}  // namespace

TEST_CASE("RTL: no dataflow, and fold-then-add where outputs stay, are refused") {
  for (const auto& array : simulated_arrays()) {
    for (const Dataflow dataflow : {Dataflow::automatic, Dataflow::dOS, Dataflow::sOS, Dataflow::csOS}) {
      const RtlProblem p = random_problem(11, Dataflow::dOS, *array);
      INFO(describe(p));
      Inputs inputs = inputs_of(p);
      inputs.dataflow = static_cast<int>(dataflow);
      inputs.fold_then_add = true;
      check_refused(*array, inputs);
    }
  }
}

TEST_CASE("RTL: a B or a C that cannot be addressed is refused") {
  for (const auto& array : simulated_arrays()) {
    if (array->largest_size() < 4097) continue;  // 2^24 addresses
    for (const Sizes& sizes : {Sizes{4097, 4096, 0}, Sizes{0, 4096, 4097}}) {
      Inputs inputs;
      inputs.m = sizes.m, inputs.n = sizes.n, inputs.k = sizes.k;
      check_refused(*array, inputs);
    }
  }
}

TEST_CASE("RTL: as many tiles and live vectors as there is room for, and one more") {
  constexpr Index kTiles = Index{1} << 8, kVectors = Index{1} << 12;  // septet_array's defaults
  struct Case {
    Dataflow dataflow;
    Sizes most, more;
  };
  const Case cases[] = {{Dataflow::dOS, {kTiles, 2, 3}, {kTiles + 1, 2, 3}},
                        {Dataflow::sOS, {kTiles, 2, 3}, {kTiles + 1, 2, 3}},
                        {Dataflow::dIS, {2, 3, kTiles}, {2, 3, kTiles + 1}},
                        {Dataflow::sOS, {1, 1, kVectors}, {1, 1, kVectors + 1}},
                        {Dataflow::sIS, {kVectors, 1, 1}, {kVectors + 1, 1, 1}}};
  Rng rng(6);
  for (const auto& array : simulated_arrays()) {
    if (array->shape().height != 1) continue;  // tiles of one row, or of one k
    for (const Case& c : cases) {
      check_problem(*array, random_problem(13, c.dataflow, *array, c.most), rng);
      const RtlProblem p = random_problem(13, c.dataflow, *array, c.more);
      INFO(describe(p));
      check_refused(*array, inputs_of(p));
    }
  }
}

}  // namespace septet::rtl_test
