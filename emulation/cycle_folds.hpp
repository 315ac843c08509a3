// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The folds of a dataflow, added up (the dataflow contract, docs/dataflows.md, section 7). A sequence of folds is kept
// as its sums and its two ends, which is all that the next fold's start depends on; so sequences can be joined, and
// equal ones repeated by a multiplication, and the time does not depend on the number of folds.
#pragma once

#include "cycle_tiles.hpp"
#include "septet/emulation/report.hpp"

#include <vector>

namespace septet::emulation::cycle_model {

/// The product and the array, as the folds see them.
struct Setting {
  Dataflow dataflow = Dataflow::dOS;  ///< never automatic
  Index m = 0, n = 0, k = 0;
  bool preload = false;  ///< sums start from something
  bool chained = true;
  Index height = 0, width = 0;
  int lanes = 1;
  Timing timing = Timing::serial;
  Index bandwidth = 0;
  Index a_bits = 0;              ///< per word, outside the array
  Index b_size = 0, c_size = 0;  ///< bytes per word; c: of the accumulator type

  /// Of words of A that are moved together.
  Wide a_bytes(Wide words) const { return ceil_div(words * a_bits, 8); }
  bool output_stationary() const { return is_output_stationary(dataflow); }
  /// P of section 7: the stationary operand, or for OS the preload, is shifted in.
  Index preload_cycles() const { return !output_stationary() || preload ? height : 0; }
  /// D of section 7. What SCALE-Sim does not count is none here.
  Index drain_cycles() const { return output_stationary() && timing != Timing::scalesim ? height : 0; }
  /// Cycles from a fold's first MAC to the end of its stream, beyond its steps.
  Index skew_cycles() const { return height + width - 2; }
};

/// The columns of section 7's table, of one fold or added up over many.
struct Counts {
  Wide steps = 0;  ///< T
  Wide reads_a = 0, injected = 0, reads_b = 0, reads_c = 0, writes_c = 0, macs = 0;
  Wide metadata = 0;  ///< bytes
};

/// Zero or more folds in a row.
struct Sequence {
  Wide folds = 0;
  Counts sum;
  Wide lengths = 0;  ///< serial, scalesim: of every fold, each raised to what the bandwidth allows
  /// Overlapped: the sum of s_{f+1} - s_f over the folds but the last; without and with the bandwidth limit.
  Wide starts = 0, limited_starts = 0;
  Wide first_steps = 0;                   ///< T of the first fold
  Wide last_steps = 0, last_traffic = 0;  ///< of the last fold: T, and cycles that its bytes take at least
};

/// All folds of the dataflow over these tiles, in order.
Sequence all_folds(const Setting& setting, const std::vector<Tile>& tiles);

/// Bytes of a tile beside its values in the format that the dataflow streams (section 5); 0 for a dense dataflow.
Wide tile_metadata(const Setting& setting, const Tile& tile);

/// The words of A that the dense dataflow of the same kind reads on the same array.
Wide dense_reads_a(const Setting& setting);

}  // namespace septet::emulation::cycle_model
