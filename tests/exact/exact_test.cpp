// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The project's central claim, on random problems: kernel = emulator = reference, bit for bit, and emulator = closed
// form = the tests' own model, count for count. Every target of this CPU, threads 1, 2, 3 and 7, every way of handing
// over A. A failing case prints its seed and everything else that is needed to build it again.
#include "septet/septet.hpp"
#include "src/threads.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <cfenv>
#include <string>

namespace {

using namespace septet;
using namespace septet::support;

constexpr int kThreads[] = {1, 2, 3, 7};

// Small problems are shared among the threads too.
[[maybe_unused]] const Index kSharedFrom = septet::detail::worth_sharing() = 0;

std::vector<std::string> all_targets() {
  std::vector<std::string> names;
  for (const char* const* name = supported_targets(); *name != nullptr; ++name) names.emplace_back(*name);
  return names;
}

// A as arrays of a CSR or CSC matrix, with some of its zeros stored too.
template <class T, class I>
struct SparseArrays {
  std::vector<I> offsets{0}, indices;
  std::vector<T> values;

  SparseArrays(const MatrixView<T>& a, int zero_point, bool by_rows, Rng& rng) {
    const Index majors = by_rows ? a.rows : a.cols, minors = by_rows ? a.cols : a.rows;
    for (Index i = 0; i < majors; ++i) {
      for (Index j = 0; j < minors; ++j) {
        const T value = by_rows ? a(i, j) : a(j, i);
        if (is_zero<std::remove_const_t<T>>(value, zero_point) && !rng.chance(0.05)) continue;
        indices.push_back(static_cast<I>(j));
        values.push_back(value);
      }
      offsets.push_back(static_cast<I>(indices.size()));
    }
  }
  SparseView view(const MatrixView<T>& a, bool by_rows) const {
    return by_rows ? csr(a.rows, a.cols, offsets.data(), indices.data(), values.data())
                   : csc(a.rows, a.cols, offsets.data(), indices.data(), values.data());
  }
};

// C of one call, on a fresh copy of the initial C; checks that nothing around it changed.
template <class P, class F>
auto fresh_c(const P& p, F&& call) {
  auto c = p.c;
  call(c);
  CHECK(c.padding_intact());
  return c;
}

template <class P, class C>
void check_bits(const P& p, const C& got, const C& want, const std::string& what) {
  const Difference difference = compare_bits(got.view(), want.view());
  INFO(what << " " << difference.text << "\n" << describe(p));
  CHECK(difference.equal);
}

template <class P>
void check_packed(const P& p, const decltype(p.c)& want, const GemmOptions& options, const std::string& what) {
  if (is_sparse(options.dataflow)) return;
  PackOptions packing;
  packing.zero_point = options.a_zero_point;
  const PackedMatrix a = pack(p.a.view(), packing);
  check_bits(p, fresh_c(p, [&](auto& c) { gemm(a, p.b.view(), c.view(), options); }), want, "A " + what);
  packing.zero_point = options.b_zero_point;
  packing.side = Side::right;
  const PackedMatrix b = pack(p.b.view(), packing);
  check_bits(p, fresh_c(p, [&](auto& c) { gemm(ConstMatrix(p.a.view()), b, c.view(), options); }), want, "B " + what);
}

template <class P>
void check_kernels(const P& p, const decltype(p.c)& want, Rng& rng, const std::vector<std::string>& targets) {
  for (const std::string& target : targets) {
    REQUIRE(set_target(target.c_str()).ok());
    GemmOptions options = p.options;
    options.threads = kThreads[rng.below(4)];
    const auto got = fresh_c(p, [&](auto& c) { gemm(p.a.view(), p.b.view(), c.view(), options); });
    check_bits(p, got, want, "kernel on " + target + ", threads " + std::to_string(options.threads));
    check_packed(p, want, options, "packed, on " + target);
  }
  REQUIRE(set_target(nullptr).ok());
}

// The other ways to hand over A: packed, and for the sparse dataflows CSR or CSC views.
template <class P>
void check_other_forms(const P& p, const decltype(p.c)& want, Rng& rng) {
  using T = typename P::AType;
  PackOptions packing;
  packing.dataflow = p.options.dataflow;
  packing.array = p.options.array;
  packing.combine = p.options.combine;
  packing.zero_point = p.options.a_zero_point;
  if (p.options.fold_depth != 0 && p.options.dataflow == Dataflow::sIS) packing.array.height = p.options.fold_depth;
  if (p.options.dataflow != Dataflow::automatic) {
    const PackedMatrix packed = pack(p.a.view(), packing);
    const auto got = fresh_c(p, [&](auto& c) { gemm(packed, p.b.view(), c.view(), p.options); });
    check_bits(p, got, want, "packed");
  }
  if (!is_sparse(p.options.dataflow)) return;
  const bool by_rows = rng.chance(0.5);
  MatrixView<T> a = const_cast<P&>(p).a.view();
  const auto check_view = [&](auto index) {
    const SparseArrays<T, decltype(index)> arrays(a, p.options.a_zero_point, by_rows, rng);
    const auto got = fresh_c(p, [&](auto& c) { gemm(arrays.view(a, by_rows), p.b.view(), c.view(), p.options); });
    check_bits(p, got, want, by_rows ? "csr view" : "csc view");
  };
  if (rng.chance(0.5)) {
    check_view(std::int32_t{});
  } else {
    check_view(std::int64_t{});
  }
}

template <class P>
void check_emulator(const P& p, const decltype(p.c)& want) {
  if (p.options.fold_depth != 0 && p.options.fold_depth != p.options.array.height) return;
  const auto emulated = [&](Engine engine) {
    auto array_options = p.array_options;
    array_options.engine = engine;
    emulation::Report report;
    const auto got = fresh_c(
        p, [&](auto& c) { report = emulation::emulate(p.a.view(), p.b.view(), c.view(), p.options, array_options); });
    check_bits(p, got, want, std::string("engine ") + name(engine));
    return report;
  };
  const emulation::Report report = emulated(Engine::plain);
  for (const Engine engine : {Engine::registers, Engine::plan}) {
    const Difference difference = compare_reports(emulated(engine), report);
    INFO("engine " << name(engine) << " against plain: " << difference.text << "\n" << describe(p));
    CHECK(difference.equal);
  }
  const auto closed = emulation::cycles(p.a.view(), p.n, p.b_type, p.options, p.array_options);
  const Difference to_closed = compare_reports(report, closed);
  INFO("emulator against closed form: " << to_closed.text << "\n" << describe(p));
  CHECK(to_closed.equal);
  const Difference to_model = compare_reports(report, expected_report(p));
  INFO("emulator against the tests' model: " << to_model.text << "\n" << describe(p));
  CHECK(to_model.equal);
}

void run_problems(std::uint64_t first_seed, int count, const Limits& limits, bool with_emulator) {
  const std::vector<std::string> targets = all_targets();
  for (int i = 0; i < count; ++i) {
    const std::uint64_t seed = first_seed + static_cast<std::uint64_t>(i);
    for_random_problem(seed, limits, [&](const auto& p) {
      Rng rng(seed);
      const auto want = expected_c(p);
      check_kernels(p, want, rng, targets);
      check_other_forms(p, want, rng);
      if (with_emulator) check_emulator(p, want);
      CHECK(p.a.padding_intact());
      CHECK(p.b.padding_intact());
    });
  }
}

}  // namespace

TEST_CASE("every dataflow and type: kernel = emulator = reference, emulator = closed form") {
  std::string targets;
  for (const std::string& name : all_targets()) targets += " " + name;
  MESSAGE("targets tested:" << targets);
  for (int d = 0; d < 8; ++d) {
    const auto dataflow = static_cast<Dataflow>(d);
    Limits limits;
    limits.any_fold_depth = false;
    if (dataflow != Dataflow::automatic) limits.dataflow = dataflow;
    const std::uint64_t seed = 1000000 * static_cast<std::uint64_t>(d + 1);
    MESSAGE(std::string(name(dataflow)) << ": seeds from " << seed);
    run_problems(seed, problem_count(700), limits, true);
  }
}

TEST_CASE("fold-then-add at any depth on the CPU") {
  for (const Dataflow dataflow : {Dataflow::dWS, Dataflow::dIS, Dataflow::sWS, Dataflow::sIS}) {
    Limits limits;
    limits.dataflow = dataflow;
    limits.accumulate = Accumulate::fold_then_add;
    run_problems(20000000 + 1000 * static_cast<std::uint64_t>(dataflow), problem_count(60), limits, true);
  }
}

TEST_CASE("narrow, saturating and flushed sums, in every dataflow and type") {
  for (int d = 0; d < 8; ++d) {
    const auto dataflow = static_cast<Dataflow>(d);
    Limits limits;
    limits.any_accumulator = true;
    if (dataflow != Dataflow::automatic) limits.dataflow = dataflow;
    run_problems(50000000 + 10000 * static_cast<std::uint64_t>(d), problem_count(300), limits, true);
  }
  Limits larger;
  larger.any_accumulator = true;
  larger.max_dim = 420;
  larger.max_array = 40;
  run_problems(60000000, problem_count(24), larger, false);
}

TEST_CASE("larger shapes: blocks, chunks and segments of the kernels") {
  Limits limits;
  limits.max_dim = 420;
  limits.max_array = 40;
  limits.any_fold_depth = false;
  run_problems(30000000, problem_count(24), limits, false);
}

TEST_CASE("f32 equals a plain chained fmaf loop") {
  Rng rng(7);
  for (int round = 0; round < problem_count(40); ++round) {
    const Index m = rng.between(1, 60), n = rng.between(1, 90), k = rng.between(1, 500);
    Storage<float> a(m, k), b(k, n), c(m, n), want(m, n);
    fill_random(rng, a.view(), ValueKind::mixed);
    fill_random(rng, b.view(), ValueKind::mixed);
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) {
        float sum = 0;
        for (Index l = 0; l < k; ++l) sum = fmaf(a(i, l), b(l, j), sum);
        want(i, j) = sum;
      }
    }
    for (int d = 0; d < 8; ++d) {
      GemmOptions options;
      options.dataflow = static_cast<Dataflow>(d);
      options.array = {rng.between(1, 20), rng.between(1, 20)};
      gemm(a.view(), b.view(), c.view(), options);
      // Injected zeros may turn the sign of an exact zero; nothing else may differ.
      const bool sparse = is_sparse(options.dataflow);
      const Difference difference =
          sparse ? compare_up_to_zero_sign(c.view(), want.view()) : compare_bits(c.view(), want.view());
      INFO(name(options.dataflow) << " " << m << "x" << n << "x" << k << " " << difference.text);
      CHECK(difference.equal);
    }
  }
}

namespace {

// What the CPU knows of floats but the rounding mode: whether denormal numbers are kept. Without the flags that say
// what has happened.
#if defined(__SSE2__)
std::uint64_t float_controls() { return __builtin_ia32_stmxcsr() & ~0x3Fu; }
void flush_to_zero() { __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040); }
#elif defined(__aarch64__)
std::uint64_t float_controls() {
  std::uint64_t controls = 0;
  asm volatile("mrs %0, fpcr" : "=r"(controls));
  return controls;
}
void flush_to_zero() { asm volatile("msr fpcr, %0" ::"r"(float_controls() | 1u << 24)); }
#else
std::uint64_t float_controls() { return 0; }
void flush_to_zero() {}
#endif

}  // namespace

TEST_CASE("the caller's rounding mode and flush-to-zero change no bit") {
  for (std::uint64_t seed = 40000000; seed < 40000030; ++seed) {
    for_random_problem(seed, {}, [&](const auto& p) {
      const auto want = expected_c(p);
      GemmOptions options = p.options;
      options.threads = 2;
      std::fesetround(FE_UPWARD);
      flush_to_zero();
      const std::uint64_t before = float_controls();
      auto c = p.c;
      gemm(p.a.view(), p.b.view(), c.view(), options);
      PackOptions packing;
      packing.format = Format::csr;
      packing.zero_point = options.a_zero_point;
      const Index packed_nnz = pack(p.a.view(), packing).nnz();
      auto emulated = p.c;
      if (options.fold_depth == 0) emulation::emulate(p.a.view(), p.b.view(), emulated.view(), options);
      const std::uint64_t after = float_controls();
      const int rounding = std::fegetround();
      std::fesetenv(FE_DFL_ENV);
      CHECK(rounding == FE_UPWARD);
      CHECK(packed_nnz == count_nonzeros(p.a_pattern));
      CHECK(before == after);
      check_bits(p, c, want, "kernel under a foreign environment");
      if (options.fold_depth == 0) check_bits(p, emulated, want, "emulator under a foreign environment");
    });
  }
}
