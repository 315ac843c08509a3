// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The tests' own count of what a run on the array costs: every fold of the page dataflows.md (sections 3 to 5) written
// out, then section 7's recurrences over that list. No registers, no values, no closed forms, no merging.
#pragma once

#include "pattern.hpp"
#include "septet/emulation/report.hpp"

#include <vector>

namespace septet::support {

/// One pass of the array, in words and PEs.
struct Fold {
  Index m_tile = 0, n_tile = 0, k_tile = 0;  ///< first row, column, k (sWS: first place in the list of live columns)
  Index steps = 0;                           ///< T
  Index rows = 0, cols = 0;                  ///< r, c: PEs in use
  std::vector<Index> streamed_rows;          ///< dIS, sIS: the rows of A in stream order
  std::vector<Index> written_rows;           ///< rows of C that leave; its columns are n_tile … (WS: all)
  Index reads_a = 0, zeros_injected = 0, reads_b = 0, reads_c = 0, writes_c = 0, macs = 0;
  Index metadata_bytes = 0;
};

/// Everything the counts depend on.
struct ArrayProblem {
  Pattern a;  ///< of A under its zero point; rows and cols are m and k
  Index n = 0;
  Type a_type = Type::f32;
  Type b_type = Type::f32;
  GemmOptions options;  ///< of the preload only whether there is one
  emulation::ArrayOptions array_options;
  bool a_is_sparse = false;  ///< decides what Dataflow::automatic is, and nothing else
};

/// The folds in the order that the array runs them.
std::vector<Fold> array_folds(const ArrayProblem& problem);

/// Bytes that a fold moves (Q_f).
Index fold_bytes(const Fold& fold, const ArrayProblem& problem);

/// The report of the run.
emulation::Report array_report(const ArrayProblem& problem);

}  // namespace septet::support
