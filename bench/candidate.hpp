// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Whatever is timed in a round: our product, a peer's, or a probe of the machine.
#pragma once

#include <functional>
#include <string>

namespace septet::bench {

/// Who owns the worker threads that a candidate leaves behind, spinning for a while on cores that others need.
enum class Runtime { none, openmp, own };

struct Candidate {
  std::string name;          ///< "openblas", "onednn matmul packed", "FMA f32", …
  std::function<void()> run;  ///< once; owns whatever it needs beyond the problem
  Runtime runtime = Runtime::openmp;
  std::string detail;  ///< the implementation that a peer says it chose; may be empty
};

}  // namespace septet::bench
