// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The tests' helpers: generators repeat themselves, storage notices, comparisons name the place, guards bite.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "comparison.hpp"
#include "generators.hpp"
#include "guard.hpp"

namespace {

using namespace septet::support;
using septet::Accumulate;
using septet::Index;
using septet::emulation::Report;

/// Whether what `touch` does ends the process.
template <class F>
bool is_fatal(F&& touch) {
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL);
    signal(SIGBUS, SIG_DFL);
    touch();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

}  // namespace

TEST_CASE("generators: the same seed gives the same problem, in any layout the same elements") {
  int preloads = 0, folds = 0, empty = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    for_random_problem(seed, Limits{}, [&](auto& p) {
      using P = std::decay_t<decltype(p)>;
      const auto again = make_problem<typename P::AType, typename P::BType, typename P::CType>(seed, Limits{});
      CHECK(describe(p) == describe(again));
      CHECK(p.a.same_bytes(again.a));
      CHECK(p.b.same_bytes(again.b));
      CHECK(p.c.same_bytes(again.c));
      CHECK((p.a.padding_intact() && p.b.padding_intact() && p.c.padding_intact() && p.preload.padding_intact()));
      const bool os = septet::is_output_stationary(p.options.dataflow);
      CHECK((!os || p.options.accumulate == Accumulate::chained));
      CHECK((p.options.preload.data == nullptr || (p.options.alpha == 1 && p.options.beta == 0)));
      preloads += p.options.preload.data != nullptr;
      folds += p.options.accumulate == Accumulate::fold_then_add;
      empty += p.m * p.n * p.k == 0;
    });
  }
  CHECK(preloads > 20);
  CHECK(folds > 20);
  CHECK(empty > 5);
  CHECK(empty < 100);
  CHECK(Rng(1).bits() == 2469588189546311528u);  // fixed by the standard's definition of mt19937_64
}

TEST_CASE("generators: the same problems from every compiler") {
  std::uint64_t hash = 1469598103934665603u;  // FNV-1a
  const auto mix = [&](const void* data, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) hash = (hash ^ static_cast<const unsigned char*>(data)[i]) * 1099511628211u;
  };
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    for_random_problem(seed, Limits{}, [&](const auto& p) {
      mix(&p.options.alpha, sizeof p.options.alpha);
      mix(&p.options.fold_depth, sizeof p.options.fold_depth);
      for (Index i = 0; i < p.m * p.k; ++i) mix(&p.a(i / p.k, i % p.k), sizeof(p.a(0, 0)));
      for (Index i = 0; i < p.k * p.n; ++i) mix(&p.b(i / p.n, i % p.n), sizeof(p.b(0, 0)));
    });
  }
  CHECK(hash == 4666582805237426008u);  // whoever changes the generators on purpose writes the new value here
}

TEST_CASE("generators: patterns are what they say") {
  Rng rng(3);
  const septet::ArrayShape array{4, 3};
  for (int i = 0; i < kPatternKinds; ++i) {
    const auto kind = static_cast<PatternKind>(i);
    const Index nnz = count_nonzeros(make_pattern(rng, kind, 20, 30, 0.5, array));
    INFO(name(kind) << " " << nnz);
    if (kind == PatternKind::all_zero) CHECK(nnz == 0);
    if (kind == PatternKind::one_element) CHECK(nnz == 1);
    if (kind == PatternKind::dense) CHECK(nnz == 600);
    if (i > 2) CHECK((nnz > 10 && nnz < 500));
    CHECK(count_nonzeros(make_pattern(rng, kind, 0, 5, 0.5, array)) == 0);
    CHECK(count_nonzeros(make_pattern(rng, kind, 1, 1, 0.5, array)) <= 1);
  }
  Storage<std::int8_t> a(20, 30, Layout::reversed, rng);
  const Pattern pattern = make_pattern(rng, PatternKind::blocks, 20, 30, 0.3, array);
  fill_pattern(rng, a.view(), pattern, ValueKind::small_integers, -128);
  CHECK(pattern_of(a.view(), -128).marks == pattern.marks);
}

TEST_CASE("storage: every layout holds its elements and notices writes beside them") {
  Rng rng(5);
  for (int layout = 0; layout <= static_cast<int>(Layout::reversed); ++layout) {
    for (int repeat = 0; repeat < 20; ++repeat) {
      const Index rows = rng.between(0, 6), cols = rng.between(0, 6);
      Storage<float> s(rows, cols, static_cast<Layout>(layout), rng);
      const auto v = s.view();
      for (Index i = 0; i < v.rows; ++i) {
        for (Index j = 0; j < v.cols; ++j) v(i, j) = static_cast<float>(10 * i + j);
      }
      bool distinct = true;
      for (Index i = 0; i < v.rows; ++i) {
        for (Index j = 0; j < v.cols; ++j) distinct = distinct && v(i, j) == static_cast<float>(10 * i + j);
      }
      CHECK(distinct);
      CHECK(s.padding_intact());
    }
  }
  Storage<std::int32_t> s(2, 3, septet::support::Strides{5, 1});
  CHECK(s(0, 0) == 0x5A5A5A5A);
  s.view().data[3] = 0;
  CHECK_FALSE(s.padding_intact());
}

TEST_CASE("comparison: NaN, signs of zero, places and keys") {
  Storage<float> x(2, 2), y(2, 2);
  const Difference nan = compare_bits(x.view(), y.view());
  CHECK(nan.equal);
  x(1, 0) = 0.0f, y(1, 0) = -0.0f;
  const Difference zero = compare_bits(x.view(), y.view());
  CHECK_FALSE(zero.equal);
  CHECK(zero.row == 1);
  CHECK(zero.col == 0);
  CHECK(zero.text == "(1, 0): got 0 (0x00000000), want -0 (0x80000000)");
  CHECK(compare_up_to_zero_sign(x.view(), y.view()).equal);
  y(1, 0) = 1e-45f;
  CHECK_FALSE(compare_up_to_zero_sign(x.view(), y.view()).equal);
  Report r, s;
  CHECK(compare_reports(r, s).equal);
  s.reads_b_words = 3;
  CHECK(compare_reports(r, s).text == "reads_b_words: got 0, want 3");
  s = r;
  s.utilization = 0.5;
  CHECK_FALSE(compare_reports(r, s).equal);
}

TEST_CASE("guard: one byte too far is fatal") {
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{1}, std::size_t{4000}, std::size_t{4096}, std::size_t{9000}}) {
    GuardedBuffer end(bytes, GuardedBuffer::Side::end), begin(bytes, GuardedBuffer::Side::begin);
    std::memset(end.data(), 1, bytes);
    std::memset(begin.data(), 1, bytes);
    CHECK((end.slack_intact() && begin.slack_intact()));
    CHECK(is_fatal([&] { static_cast<void>(*const_cast<volatile char*>(end.as<char>() + bytes)); }));
    CHECK(is_fatal([&] { static_cast<void>(*const_cast<volatile char*>(begin.as<char>() - 1)); }));
    if (bytes == 0) continue;
    CHECK_FALSE(is_fatal([&] { *const_cast<volatile char*>(end.as<char>()) = 2; }));
    end.make_read_only();
    CHECK(is_fatal([&] { *const_cast<volatile char*>(end.as<char>()) = 2; }));
  }
  GuardedBuffer slack(10, GuardedBuffer::Side::end);
  slack.as<char>()[-1] = 0;
  CHECK_FALSE(slack.slack_intact());
}
