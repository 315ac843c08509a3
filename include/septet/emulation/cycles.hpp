// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The report alone, in closed form: no values, no stepping. Derives its folds from the definition of the dataflows
// by itself and shares no code with the Plan, so that its agreement with the emulator says something.
#pragma once

#include "septet/emulation/report.hpp"
#include "septet/gemm.hpp"

#include <memory>

namespace septet::emulation {

namespace cycle_model {
class CycleCache;
}

/// The report of emulate() for A (its pattern) times a k x n matrix of `b_type`. Of `options`, alpha, beta and the
/// presence of a preload count (not its data), and everything that decides folds; the zero point says what is zero.
/// Also answers for arrays that are too large to emulate, and takes of a packed A the pattern alone.
SEPTET_API Status try_cycles(const Weights& a, Index n, Type b_type, const GemmOptions& options,
                             const ArrayOptions& array_options, Report& report);
SEPTET_API Report cycles(const Weights& a, Index n, Type b_type, const GemmOptions& options = {},
                         const ArrayOptions& array_options = {});

/// The same for one A and many n, dataflows and arrays. What they have in common is kept: A's pattern, read when it is
/// first asked for, and its tiles, cut once for each of their heights, so that a sweep over arrays takes a fraction of
/// the time. (Its size: 16 bytes per non-zero, and for sWS up to as much again per width of an array.)
/// Refers to the caller's memory like Weights; A must not change while the model lives. Copies share what is kept, and
/// all may be used from many threads at once.
///
///   const septet::emulation::CycleModel model(septet::csr(m, k, row_ptr, col_idx, values));
///   for (options.array.height = 4; options.array.height <= 128; ++options.array.height) {
///     cycles.push_back(model.cycles(n, septet::Type::s8, options).cycles);
///   }
class CycleModel {
 public:
  SEPTET_API explicit CycleModel(const Weights& a);
  CycleModel(const CycleModel&) = default;  // shares what was found out; a move is a copy, so that none is left empty
  CycleModel& operator=(const CycleModel&) = default;

  SEPTET_API Status try_cycles(Index n, Type b_type, const GemmOptions& options, const ArrayOptions& array_options,
                               Report& report) const;
  SEPTET_API Report cycles(Index n, Type b_type, const GemmOptions& options = {},
                           const ArrayOptions& array_options = {}) const;

 private:
  std::shared_ptr<cycle_model::CycleCache> cache_;
};

/// The same for a dense m x k A, from the shape alone.
SEPTET_API Status try_cycles(Index m, Index n, Index k, Type a_type, Type b_type, const GemmOptions& options,
                             const ArrayOptions& array_options, Report& report);
SEPTET_API Report cycles(Index m, Index n, Index k, Type a_type, Type b_type, const GemmOptions& options = {},
                         const ArrayOptions& array_options = {});

}  // namespace septet::emulation
