// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One CycleModel asked many things in any order, against the loop over single folds and against models that are asked
// once: what it keeps must not leak from one question into the next.
#include "cycles_naive.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace septet::cycles_test;
using namespace septet;

namespace {

/// Other options for the same A.
void ask_differently(std::mt19937& random, Problem& p) {
  const auto below = [&](int limit) { return static_cast<Index>(random() % static_cast<unsigned>(limit)); };
  p.n = below(40);
  p.options.dataflow = kAll[below(7)];
  p.options.array = {1 + below(12), 1 + below(12)};
  p.options.combine.lanes = static_cast<int>(1 + below(5));
  p.options.combine.window = static_cast<int>(1 + below(6));
  p.options.combine.policy = below(2) == 0 ? CombinePolicy::in_order : CombinePolicy::first_fit;
  p.options.beta = static_cast<double>(below(2));
  const bool folds = below(3) == 0 && !is_output_stationary(p.options.dataflow);
  p.options.accumulate = folds ? Accumulate::fold_then_add : Accumulate::chained;
  p.array.timing = static_cast<Timing>(below(3));
  p.array.bandwidth = below(2) == 0 ? 0 : 1 + below(60);
}

std::string answer(const emulation::CycleModel& model, const Problem& p) {
  return text(model.cycles(p.n, Type::f32, p.options, p.array));
}

}  // namespace

TEST_CASE("cycle model: every answer is that of a loop over single folds") {
  std::mt19937 random(20240229);
  for (int round = 0; round < 150; ++round) {
    Problem p = random_problem(random);
    const emulation::CycleModel model(row_major(p.a.data(), p.m, p.k));
    const emulation::CycleModel copy = model;
    for (int question = 0; question < 60; ++question) {
      ask_differently(random, p);
      INFO("seed 20240229, round ", round, ", question ", question, ", ", std::string(name(p.options.dataflow)), ", ",
           p.m, "x", p.n, "x", p.k, " on ", p.height(), "x", p.width());
      const Report report = emulation::cycles(row_major(p.a.data(), p.m, p.k), p.n, Type::f32, p.options, p.array);
      REQUIRE(answer(question % 2 == 0 ? model : copy, p) == text(naive(p)));
      REQUIRE(text(report) == text(naive(p)));
    }
  }
}

TEST_CASE("cycle model: deep and wide slices of long lists") {  // more than a fold's columns in a run, and many runs
  std::mt19937 random(5);
  for (int round = 0; round < 40; ++round) {
    Problem p = random_problem(random);
    p.m = 1 + round % 3;
    p.k = 150;
    p.a.clear();
    for (Index i = 0; i < p.m * p.k; ++i) p.a.push_back(random() % 4 < static_cast<unsigned>(round % 5) ? 1.0F : 0.0F);
    const emulation::CycleModel model(row_major(p.a.data(), p.m, p.k));
    for (int question = 0; question < 40; ++question) {
      ask_differently(random, p);
      p.options.dataflow = question % 2 == 0 ? Dataflow::sWS : Dataflow::dWS;
      INFO("seed 5, round ", round, ", question ", question, ", ", p.m, "x", p.n, "x", p.k, " on ", p.height(), "x",
           p.width());
      REQUIRE(answer(model, p) == text(naive(p)));
    }
  }
}

TEST_CASE("cycle model: another zero point is another pattern") {
  const std::uint8_t bytes[] = {7, 0, 9, 7, 7, 3};
  const emulation::CycleModel model(row_major(bytes, 2, 3));
  GemmOptions options;
  for (Dataflow dataflow : kAll) {
    options.dataflow = dataflow;
    for (const int zero_point : {7, 0, 7, 3}) {
      options.a_zero_point = zero_point;
      const Report once = emulation::cycles(row_major(bytes, 2, 3), 4, Type::s8, options);
      CHECK(once.nnz == (zero_point == 7 ? 3 : 5));
      CHECK(text(model.cycles(4, Type::s8, options)) == text(once));
    }
  }
}

TEST_CASE("cycle model: many threads ask at once") {
  std::mt19937 random(11);
  Problem p;
  p.m = 61;
  p.k = 83;
  for (Index i = 0; i < p.m * p.k; ++i) p.a.push_back(random() % 3 == 0 ? 1.0F : 0.0F);
  std::vector<Problem> questions;
  std::vector<std::string> expected;
  for (int question = 0; question < 200; ++question) {
    ask_differently(random, p);
    questions.push_back(p);
    expected.push_back(text(naive(p)));
  }
  const emulation::CycleModel model(row_major(p.a.data(), p.m, p.k));
  std::vector<std::string> answers(4 * questions.size());
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t q = 0; q < questions.size(); ++q)
        answers[t * questions.size() + q] = answer(model, questions[q]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < answers.size(); ++i) CHECK(answers[i] == expected[i % expected.size()]);
}

TEST_CASE("cycle model: packed matrices, and errors again and again") {
  std::mt19937 random(3);
  Problem p = random_problem(random);
  p.m = 20;
  p.k = 30;
  p.a.clear();
  for (Index i = 0; i < p.m * p.k; ++i) p.a.push_back(random() % 3 == 0 ? 1.0F : 0.0F);
  PackOptions packing;
  packing.dataflow = Dataflow::sWS;
  packing.array = {5, 3};
  const emulation::CycleModel packed(pack(row_major(p.a.data(), p.m, p.k), packing));  // the model keeps its own copy
  for (int question = 0; question < 50; ++question) {
    ask_differently(random, p);
    CHECK(answer(packed, p) == text(naive(p)));
  }
  const Report brought = packed.cycles(4, Type::f32);
  CHECK(brought.dataflow == Dataflow::sWS);
  CHECK(brought.array_height == 5);

  const std::int32_t offsets[] = {0, 2, 1}, indices[] = {0, 1};
  const float values[] = {1, 1};
  const emulation::CycleModel broken(csr(2, 2, offsets, indices, values));
  Report report;
  report.cycles = 42;
  CHECK(emulation::CycleModel(PackedMatrix()).try_cycles(1, Type::f32, {}, {}, report).cause() == Cause::bad_pointer);
  for (Dataflow dataflow : {Dataflow::dOS, Dataflow::sIS, Dataflow::csOS, Dataflow::sIS}) {
    p.options.dataflow = dataflow;
    p.options.accumulate = Accumulate::chained;
    CHECK(broken.try_cycles(3, Type::f32, p.options, {}, report).cause() == Cause::bad_structure);
    CHECK_THROWS_AS(broken.cycles(3, Type::f32, p.options), Error);
  }
  CHECK(report.cycles == 42);
}
