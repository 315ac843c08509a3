// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// New values in the pattern of a packed matrix: the products of the result are those of the new values, and what became
// zero is multiplied like any other element.
#include "products.hpp"
#include "src/threads.hpp"

namespace {

using namespace septet;
using namespace septet::support;

[[maybe_unused]] const Index kSharedFrom = septet::detail::worth_sharing() = 0;

template <class T>
void run_update(std::uint64_t seed) {
  Rng rng(seed);
  const Index m = rng.between(1, 60), k = rng.between(1, 90), n = rng.pick<Index>({1, 2, 15, 16, 17, 49, 129});
  Pattern pattern = make_pattern(rng, static_cast<PatternKind>(rng.below(kPatternKinds)), m, k, rng.unit(), {4, 4});
  if (rng.chance(0.4)) thin_out(pattern, kGroups[rng.below(5)]);
  Storage<T> before(m, k), after(m, k), b(k, n, random_layout(rng), rng);
  fill_pattern(rng, before.view(), pattern, ValueKind::mixed);
  fill_pattern(rng, after.view(), pattern, ValueKind::mixed);
  fill_random(rng, b.view(), ValueKind::mixed);
  for (Index i = 0; i < m; ++i) {
    for (Index l = 0; l < k; ++l) {
      if (!pattern(i, l) || rng.chance(0.1)) after(i, l) = whole<T>(0);
    }
  }
  for (const Format format : kFormats) {
    const PackOptions packing = likely_packing(rng, format, pattern, 0);
    const PackedMatrix old = pack(before.view(), packing), updated = update_values(old, after.view());
    const std::vector<RowOrder> orders = orders_of(pattern, packing);
    CHECK(holds(updated, after, 0));
    CHECK(holds(old, before, 0));
    for (const std::string& target : all_targets()) {
      REQUIRE(set_target(target.c_str()).ok());
      GemmOptions options;
      options.threads = rng.pick({1, 2, 3, 7});
      Storage<SumOf<T>> c(m, n), want(m, n);
      gemm(updated, b.view(), c.view(), options);
      using Acc = std::conditional_t<kIsFloat<T>, SumOf<T>, std::uint32_t>;
      for (Index i = 0; i < m; ++i) {
        std::vector<Acc> weights;
        for (const RowStep& step : orders[i]) weights.push_back(operand(after(i, step.k), 0));
        for (Index j = 0; j < n; ++j) {
          want(i, j) = static_cast<SumOf<T>>(reference_sum(Acc{0}, orders[i], weights, b.view(), j, options));
        }
      }
      const Difference difference = compare_up_to_zero_sign(c.view(), want.view());
      INFO(describe(packing) << " of " << name(type_of<T>()) << " on " << target << " " << m << "x" << n << "x" << k
                             << ": " << difference.text);
      CHECK(difference.equal);
    }
  }
  REQUIRE(set_target(nullptr).ok());
}

}  // namespace

TEST_CASE("products after update_values: every format") {
  MESSAGE("seeds from 59000000");
  for (int i = 0; i < problem_count(20); ++i) {
    const std::uint64_t seed = 59000000 + static_cast<std::uint64_t>(i);
    INFO("seed " << seed);
    if (seed % 4 == 0) run_update<float>(seed);
    if (seed % 4 == 1) run_update<double>(seed);
    if (seed % 4 == 2) run_update<f16>(seed);
    if (seed % 4 == 3) run_update<std::int8_t>(seed);
  }
}
