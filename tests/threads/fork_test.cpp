// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Children of a process that had a team: their products end, with right bits.
#include "child.hpp"
#include "products.hpp"

#include <doctest/doctest.h>
#include <omp.h>

#include <atomic>
#include <thread>

namespace {

using namespace septet;
using namespace septet::threads_test;

const Product& product() {
  static const Product instance(1);
  return instance;
}

// Whether one thread has been enough so far.
bool alone() { return tasks() == 1; }

bool child_products() {
  const bool default_is_one = threads() == 1 && product().run() && alone();
  return default_is_one && set_threads(4).ok() && threads() == 4 && product().run() && product().run_with(3) && alone();
}

}  // namespace

// First, and in a ctest of its own: nothing but the caller's parallel region comes before the fork.
TEST_CASE("a parent that used OpenMP on its own account") {
  int sum = 0;
#pragma omp parallel num_threads(4) reduction(+ : sum)
  sum += 1;
  CHECK(sum == 4);
  CHECK(in_child([] { return Product(1, 150).run() && alone() && child_products(); }) == 0);
}

TEST_CASE("a parent with a team of eight") {
  REQUIRE(product().run_with(8));
  for (int i = 0; i < 5; ++i) CHECK(in_child(child_products) == 0);
  CHECK(in_child([] { return product().run_with(3) && set_threads(4).ok() && product().run(); }) == 0);
  CHECK(product().run_with(8));  // and its own team still works
}

TEST_CASE("what the parent chose is not the child's") {
  REQUIRE(set_threads(5).ok());
  CHECK(in_child([] { return threads() == 1 && product().run() && alone(); }) == 0);
  CHECK(threads() == 5);
  reset_threads();
}

TEST_CASE("reset_threads() in a child: one thread again") {
  REQUIRE(product().run_with(4));
  CHECK(in_child([] {
          if (!set_threads(3).ok() || threads() != 3) return false;
          reset_threads();
          return threads() == 1 && product().run() && alone();
        }) == 0);
}

TEST_CASE("a fork within a caller's parallel region") {
  int wrong = 0;
#pragma omp parallel num_threads(3) reduction(+ : wrong)
  wrong += in_child([] { return product().run() && set_threads(4).ok() && product().run() && product().run_with(3); });
  CHECK(wrong == 0);
}

TEST_CASE("grandchildren") {
  REQUIRE(product().run_with(8));
  CHECK(in_child([] {
          if (!set_threads(4).ok() || !product().run()) return false;
          return in_child([] { return child_products() && in_child(child_products) == 0; }) == 0 && product().run();
        }) == 0);
}

TEST_CASE("every dataflow, and a caller's own threads") {
  for (int d = 1; d < 8; ++d) {
    const auto dataflow = static_cast<Dataflow>(d);
    const Product one(2, 120, dataflow);
    REQUIRE(one.run_with(4));
    INFO(std::string(name(dataflow)));
    CHECK(in_child([&] { return one.run() && one.run_with(3); }) == 0);
  }
  const auto run = [](int count, auto&& f) {
    std::vector<std::thread> all;
    for (int i = 0; i < count; ++i) all.emplace_back([&f, i] { f(i); });
    for (std::thread& each : all) each.join();
  };
  CHECK(in_child([&] {
          GemmOptions options;
          options.threads = 4, options.parallel_for = parallel_for(run);
          return product().run(options);
        }) == 0);
}

TEST_CASE("threads of a child that compute side by side") {
  REQUIRE(product().run_with(8));
  CHECK(in_child([] {
          std::atomic<int> right{0};
          std::vector<std::thread> all;
          for (int i = 0; i < 6; ++i) {
            all.emplace_back([&] {
              for (int j = 0; j < 5; ++j) right += product().run() && product().run_with(3) ? 1 : 0;
            });
          }
          for (std::thread& each : all) each.join();
          return right == 30;
        }) == 0);
}

TEST_CASE("a fork while other threads multiply") {
  REQUIRE(product().run());  // made before anybody forks
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> all;
  for (int i = 0; i < 3; ++i) {
    all.emplace_back([&, i] {
      while (!stop) wrong += product().run_with(i + 1) ? 0 : 1;
    });
  }
  for (int i = 0; i < 25; ++i) {
    INFO("fork " << i);
    CHECK(in_child([] { return product().run() && product().run_with(2); }) == 0);
  }
  std::thread forker([] { CHECK(in_child(child_products) == 0); });
  forker.join();
  stop = true;
  for (std::thread& each : all) each.join();
  CHECK(wrong == 0);
  CHECK(product().run_with(4));
}
