// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "engine.hpp"
#include "src/multiply.hpp"

namespace septet::emulation {

void run_plan(const Run& run, const Weights& a) {
  GemmOptions options = run.options;
  options.workspace = nullptr, options.workspace_bytes = 0;  // emulate() does not use any
  detail::multiply(a, run.b, run.c, options);
  if (run.progress) run.progress(run.plan.fold_count(), run.plan.fold_count());
}

}  // namespace septet::emulation
