// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Runs a problem and gives back what a sink wrote.
#pragma once

#include "septet/septet.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>

namespace septet::trace_test {

using MakeSink = std::unique_ptr<emulation::TraceSink> (*)(std::ostream&);

/// `report`: of the run. C goes nowhere.
template <class P>
std::string traced(const P& p, MakeSink make, emulation::Report& report, const emulation::TraceWindow& window = {}) {
  std::ostringstream text;
  const auto sink = make(text);
  auto c = p.c;
  const Status status = emulation::try_emulate(p.a.view(), p.b.view(), c.view(), p.options, p.array_options, report, {},
                                               {sink.get(), window});
  REQUIRE_MESSAGE(status.ok(), status.to_string());
  return text.str();
}

/// Limits of problems whose traces are read line by line.
inline support::Limits small_problem(int dataflow) {
  support::Limits limits;
  limits.max_dim = 14, limits.max_array = 6;
  limits.dataflow = static_cast<Dataflow>(dataflow);
  limits.any_fold_depth = false;
  return limits;
}

}  // namespace septet::trace_test
