// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The Plan against the tests' own enumerator: the same folds, one by one, without ever holding them all.
#include "src/plan.hpp"

#include "formats/csr.hpp"
#include "septet/septet.hpp"
#include "support/array_model.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

namespace {

using namespace septet;
using namespace septet::support;

detail::Plan plan_of(const ProblemInfo& info, const detail::CsrPattern& pattern) {
  const GemmOptions& o = info.options;
  return detail::make_plan(info.m, info.n, info.k, o, make_live_lists(pattern, o.dataflow, o.array, o.combine));
}

}  // namespace

TEST_CASE("folds: the plan's sequence equals the enumerated list") {
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    Limits limits;
    limits.any_fold_depth = false;
    limits.a_type = Type::f32;
    limits.dataflow = static_cast<Dataflow>(1 + seed % 7);
    for_random_problem(seed, limits, [&](const auto& p) {
      if (p.options.alpha == 0) return;
      INFO(describe(p));
      const auto csr = detail::csr_from(ConstMatrix(p.a.view()), p.options.a_zero_point);
      const detail::Plan plan = plan_of(p, csr);
      const auto want = array_folds({p.a_pattern, p.n, p.a_type, p.b_type, p.options, p.array_options, false});
      CHECK(plan.fold_count() == static_cast<Index>(want.size()));
      detail::FoldSequence sequence(plan);
      detail::Fold fold;
      std::size_t count = 0;
      for (; sequence.next(fold) && count < want.size(); ++count) {
        const support::Fold& expected = want[count];
        const bool same_steps = fold.steps == expected.steps;
        CHECK(same_steps);
        if (plan.is_ws()) {
          CHECK(fold.m0 == expected.m_tile);
          CHECK(fold.k0 == expected.k_tile);
        } else {
          CHECK(fold.n0 == expected.n_tile);
        }
      }
      CHECK(count == want.size());
      CHECK_FALSE(sequence.next(fold));
      CHECK_FALSE(sequence.next(fold));  // stays at its end
    });
  }
}

TEST_CASE("a plan is small: a million folds are counted and walked, not stored") {
  GemmOptions options;
  options.dataflow = Dataflow::dOS;
  options.array = {4, 4};
  const detail::Plan plan = detail::make_plan(4096, 4096, 4096, options, nullptr);
  CHECK(plan.fold_count() == 1024 * 1024);
  detail::FoldSequence sequence(plan);
  detail::Fold fold;
  Index count = 0;
  while (sequence.next(fold)) ++count;
  CHECK(count == plan.fold_count());
  CHECK(sizeof(detail::Plan) + sizeof(detail::FoldSequence) < 256);
}

TEST_CASE("column combining, by hand") {
  // Columns with rows {0,1}, {0}, {1}, {0,2}, {2} (docs/dataflows.md, section 8): first-fit over the last two groups.
  const std::vector<float> a{1, 1, 0, 1, 0,  //
                             1, 0, 1, 0, 0,  //
                             0, 0, 0, 1, 1};
  const auto csr = detail::csr_from(ConstMatrix(row_major(a.data(), 3, 5)), 0);
  Combine combine;
  combine.lanes = 2, combine.policy = CombinePolicy::first_fit, combine.window = 2;
  const auto first_fit = detail::combined_columns(csr, 3, combine);
  CHECK(first_fit.steps(0) == 4);
  CHECK(first_fit.index == std::vector<std::int32_t>{0, 1, 2, 3, 4});
  CHECK(first_fit.step_ptr == std::vector<Index>{0, 1, 3, 4, 5});
  // In order: 0 | 1 2 | 3 | 4, the same here; with three lanes nothing more fits either, since 3 shares row 0 with 1.
  combine.policy = CombinePolicy::in_order, combine.lanes = 3;
  CHECK(detail::combined_columns(csr, 3, combine).step_ptr == std::vector<Index>{0, 1, 3, 4, 5});
}
