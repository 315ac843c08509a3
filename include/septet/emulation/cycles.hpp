// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The report alone, in closed form: no values, no stepping. Derives its folds from the definition of the dataflows
// by itself and shares no code with the Plan, so that its agreement with the emulator says something.
#pragma once

#include "septet/emulation/report.hpp"
#include "septet/gemm.hpp"

namespace septet::emulation {

/// The report of emulate() for A (its pattern) times a k x n matrix of `b_type`. Of `options`, alpha, beta and the
/// presence of a preload count (not its data), and everything that decides folds; the zero point says what is zero.
/// Also answers for arrays that are too large to emulate, and takes of a packed A the pattern alone.
SEPTET_API Status try_cycles(const Weights& a, Index n, Type b_type, const GemmOptions& options,
                             const ArrayOptions& array_options, Report& report);
SEPTET_API Report cycles(const Weights& a, Index n, Type b_type, const GemmOptions& options = {},
                         const ArrayOptions& array_options = {});

/// The same for a dense m x k A, from the shape alone.
SEPTET_API Status try_cycles(Index m, Index n, Index k, Type a_type, Type b_type, const GemmOptions& options,
                             const ArrayOptions& array_options, Report& report);
SEPTET_API Report cycles(Index m, Index n, Index k, Type a_type, Type b_type, const GemmOptions& options = {},
                         const ArrayOptions& array_options = {});

}  // namespace septet::emulation
