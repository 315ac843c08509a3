// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The product on an emulated array of H x W processing elements: the bits of septet::gemm with the same options, and
// what happened, counted. Three engines do it (types.hpp); docs/emulator.md compares them.
//
//   septet::GemmOptions options;
//   options.dataflow = septet::Dataflow::sOS;
//   options.array = {8, 16};
//   auto report = septet::emulation::emulate(a, b, c, options, {septet::Timing::overlapped});
//   // report.cycles, report.macs_issued, …
#pragma once

#include "septet/emulation/report.hpp"
#include "septet/emulation/trace.hpp"
#include "septet/gemm.hpp"

#include <functional>

namespace septet::emulation {

/// Called now and then with the folds done and the folds there are, by one thread at a time. An exception it throws
/// ends the run and passes through; parts of C may then have been written.
using Progress = std::function<void(Index done, Index total)>;

/// C <- alpha * A * B + beta * C on the array, as septet::gemm defines it (types, aliasing, errors). A dataflow that
/// is `automatic` resolves as for gemm; fold_depth must be 0 or the array's height. Memory, beside the operands:
/// registers for every thread (a few MiB) and the sums of the outputs it is at (H x W; WS: W x n, IS: m x W); of sparse
/// dataflows A's format, and A dense if it is not. (The plain engine: all m x n sums.) C and `report` are untouched
/// unless the Status is ok. With a `trace`, its sink sees the cycles of its window before C is written.
SEPTET_API Status try_emulate(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options,
                              const ArrayOptions& array_options, Report& report, const Progress& progress = {},
                              const Trace& trace = {});
SEPTET_API Report emulate(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options = {},
                          const ArrayOptions& array_options = {}, const Progress& progress = {},
                          const Trace& trace = {});

}  // namespace septet::emulation
