// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Every format x type x N x layout x thread count x target: C has the bits of the plain reference, padding and operands
// are untouched, and the dense kernel and the emulated array agree. A failing case prints its seed.
#include "products.hpp"
#include "src/threads.hpp"

namespace {

using namespace septet;
using namespace septet::support;

constexpr int kThreads[] = {1, 2, 3, 7};

// Small problems are shared among the threads too.
[[maybe_unused]] const Index kSharedFrom = septet::detail::worth_sharing() = 0;

template <class P, class C>
void check_bits(const P& p, const C& got, const C& want, const std::string& what) {
  const Difference difference = compare_bits(got.view(), want.view());
  INFO(what << " " << difference.text << "\n" << p.describe());
  CHECK(difference.equal);
  INFO("C's padding: " << what << "\n" << p.describe());
  CHECK(got.padding_intact());
}

// 0 * B counts nothing but the sign of a zero, and the order nothing at all: then any two formats agree.
template <class P, class C>
void check_against_dense(const P& p, const C& got, const C& dense, const PackOptions& packing) {
  const bool own_order = packing.format == Format::csb && packing.combine.policy == CombinePolicy::first_fit;
  if (!p.finite || (own_order && !p.order_is_free())) return;
  const Difference difference = compare_up_to_zero_sign(got.view(), dense.view());
  INFO(describe(packing) << " against the dense kernel: " << difference.text << "\n" << p.describe());
  CHECK(difference.equal);
}

template <class P, class C>
void check_emulator(const P& p, const C& want, const PackOptions& packing) {
  GemmOptions options = p.options;
  options.dataflow = packing.format == Format::tsb ? packing.dataflow : Dataflow::csOS;
  options.array = packing.array;
  if (packing.format == Format::csb) options.combine = packing.combine;
  auto c = p.c;
  emulation::emulate(p.a.view(), p.b.view(), c.view(), options);
  check_bits(p, c, want, "emulator for " + describe(packing));
}

template <class P>
void check_format(const P& p, Format format, const Storage<typename P::CType>& dense, Rng& rng) {
  const PackOptions packing = likely_packing(rng, format, p.pattern, p.options.a_zero_point);
  const PackedMatrix packed = pack(p.a.view(), packing);
  std::vector<RowOrder> orders = orders_of(p.pattern, packing);
  if (p.options.strict_nonfinite && !p.b_finite && format != Format::dense) skip_zeros(p.pattern, orders);
  // What stores zeros beyond a dataflow's own is multiplied as its elements alone.
  if (p.narrow() && (format == Format::bsr || format == Format::nm)) skip_zeros(p.pattern, orders);
  const auto want = p.expected(orders, format == Format::dense);
  GemmOptions options = p.options;
  if (rng.chance(0.5)) options.a_zero_point = 0;  // the packed matrix brings its own
  for (const std::string& target : all_targets()) {
    REQUIRE(set_target(target.c_str()).ok());
    options.threads = kThreads[rng.below(4)];
    auto c = p.c;
    gemm(packed, p.b.view(), c.view(), options);
    check_bits(p, c, want, describe(packing) + " on " + target + ", threads " + std::to_string(options.threads));
    check_against_dense(p, c, dense, packing);
  }
  REQUIRE(set_target(nullptr).ok());
  const bool has_dataflow = format == Format::tsb || format == Format::csb || format == Format::csr;
  if (has_dataflow && p.m * p.n * p.k < 20000) check_emulator(p, want, packing);
}

void run_problems(std::uint64_t first_seed, int count, const SparseLimits& limits) {
  MESSAGE("seeds from " << first_seed << ", " << count << " problems");
  for (int i = 0; i < count; ++i) {
    const std::uint64_t seed = first_seed + static_cast<std::uint64_t>(i);
    for_sparse_problem(seed, limits, [&](const auto& p) {
      Rng rng(seed);
      auto dense = p.c;
      gemm(p.a.view(), p.b.view(), dense.view(), p.options);
      for (const Format format : kFormats) {
        if (is_sampled(rng)) check_format(p, format, dense, rng);
      }
      CHECK(p.a.padding_intact());
      CHECK(p.b.padding_intact());
    });
  }
}

}  // namespace

TEST_CASE("every format and type: kernels of every target = reference = dense = emulator") {
  std::string targets;
  for (const std::string& name : all_targets()) targets += " " + name;
  MESSAGE("targets tested:" << targets);
  run_problems(50000000, problem_count(300), {});
}

TEST_CASE("many rows: blocks, windows and sums of more than one piece") {
  SparseLimits limits;
  limits.max_rows = 1100;
  limits.max_k = 300;
  run_problems(51000000, problem_count(20), limits);
}

TEST_CASE("narrow, saturating and flushed sums, in every format") {
  SparseLimits limits;
  limits.any_accumulator = true;
  limits.max_rows = 60;
  limits.max_k = 90;
  run_problems(53000000, problem_count(80), limits);
  limits.specials = true;
  run_problems(54000000, problem_count(60), limits);
}

TEST_CASE("NaN, infinities and -0 in A and in B: 0 * Inf only where the format stores that 0") {
  SparseLimits limits;
  limits.max_rows = 40;
  limits.max_k = 60;
  limits.specials = true;
  run_problems(52000000, problem_count(150), limits);
}
