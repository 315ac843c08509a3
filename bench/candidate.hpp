// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Whatever is timed in a round: our product, a peer's, or a probe of the machine.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace septet::bench {

struct Operands;

/// Who owns the worker threads that a candidate leaves behind, spinning for a while on cores that others need.
enum class Runtime { none, openmp, own };

/// `ours` and `peer` are compared; a `reference` is shown beside ours (another of our own products, a probe).
enum class Role { ours, peer, reference };

struct Candidate {
  std::string name;           ///< "openblas", "onednn matmul packed", "peak", …
  std::function<void()> run;  ///< once; owns whatever it needs
  Runtime runtime = Runtime::openmp;
  Role role = Role::peer;
  std::string implementation;                ///< the kernel that a peer says it chose; may be empty
  std::shared_ptr<const Operands> operands;  ///< where the product is; a probe has none
  std::function<void()> fetch = nullptr;     ///< brings C to `operands` where `run` leaves it in another form
};

/// Candidates of one runtime stand together, so that a round changes runtimes as seldom as it can.
inline void group_by_runtime(std::vector<Candidate>& candidates) {
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.runtime < b.runtime; });
}

}  // namespace septet::bench
