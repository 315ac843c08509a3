// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The Plan: what the CPU kernels and the array emulator both read, and the only place that decides it.
//
//   The order      for every output, which k in which sequence, cut where. A contract: both readers keep it.
//   The schedule   the array's folds, enumerated on demand. The emulator walks them; the kernels block and thread as
//                  they like, as long as the order holds.
//
// A Plan is small and knows no values: shape, options, and the live lists that the sparse dataflows walk. The
// definitions are those of docs/dataflows.md, sections 3 and 4.
#pragma once

#include "septet/gemm.hpp"

#include <memory>
#include <vector>

namespace septet::detail {

struct CsrPattern;

/// Which vectors of A a sparse dataflow streams, tile by tile. Of m-tiles (sOS, sWS, csOS) the vectors are columns k,
/// of k-tiles (sIS) they are rows m.
struct LiveLists {
  Index tile = 1;                   ///< rows per m-tile, or columns per k-tile
  std::vector<Index> tile_ptr{0};   ///< tile t streams steps tile_ptr[t] … tile_ptr[t + 1]
  std::vector<Index> step_ptr;      ///< csOS: step s holds index[step_ptr[s] … step_ptr[s + 1]), in lane order
  std::vector<std::int32_t> index;  ///< k or m; without step_ptr one per step, ascending in a tile

  Index tiles() const { return static_cast<Index>(tile_ptr.size()) - 1; }
  Index steps(Index t) const { return tile_ptr[t + 1] - tile_ptr[t]; }
  const std::int32_t* begin(Index t) const { return index.data() + tile_ptr[t]; }
  Index longest_step() const;  ///< csOS: most columns in a step; at least 1
};

/// The columns with a non-zero in each m-tile of `tile` rows, ascending.
LiveLists live_columns(const CsrPattern& a, Index tile);

/// The rows with a non-zero in each k-tile of `tile` columns, ascending.
LiveLists live_rows(const CsrPattern& a, Index tile);

/// The live columns of each m-tile of `tile` rows, combined into steps of up to combine.lanes columns that never need
/// the same row (column combining; Kung, McDanel, Zhang, ASPLOS 2019).
LiveLists combined_columns(const CsrPattern& a, Index tile, const Combine& combine);

/// One pass of the array over a piece that fits it. `steps` is T, the length of its stream.
struct Fold {
  Index tile = 0;             ///< the m-tile (OS, WS) or k-tile (IS) it belongs to
  Index m0 = 0, m_count = 0;  ///< rows of C it touches; sIS: m_count rows of the tile's live list
  Index n0 = 0, n_count = 0;  ///< columns of C it touches
  Index k0 = 0, k_count = 0;  ///< OS: the whole list; WS: positions in the m-tile's list; IS: columns of A
  Index steps = 0;
  bool first = true;  ///< WS, IS: no earlier fold of the same m-tile (WS) or n-tile (IS)
};

/// Rows [m0, m1) and columns [n0, n1) of C.
struct Block {
  Index m0 = 0, m1 = 0, n0 = 0, n1 = 0;
};

/// See the top of this file. Made by make_plan() from validated operands.
struct Plan {
  Index m = 0, n = 0, k = 0;
  Dataflow dataflow = Dataflow::dOS;  ///< never automatic
  ArrayShape array;
  Accumulate accumulate = Accumulate::chained;
  Mac mac = Mac::fused;
  Index depth = 1;                        ///< k per k-tile (WS, IS)
  std::shared_ptr<const LiveLists> live;  ///< null: dense

  // ---- the order
  bool is_ws() const { return dataflow == Dataflow::dWS || dataflow == Dataflow::sWS; }
  bool is_is() const { return dataflow == Dataflow::dIS || dataflow == Dataflow::sIS; }
  /// Rows per m-tile: those that share one list of k. Dense: any row has all of them.
  Index tile_rows() const { return is_ws() ? array.width : array.height; }
  /// The k that m-tile t walks, in order; null: 0, 1, … k - 1. (Not for IS; csOS: by steps, see LiveLists.)
  const std::int32_t* columns(Index t) const { return live ? live->begin(t) : nullptr; }
  Index column_count(Index t) const { return live ? live->steps(t) : k; }
  /// Every this many positions of that list a new fold begins, whose sum starts at zero and is added; 0: never.
  Index cut() const { return accumulate == Accumulate::fold_then_add ? depth : 0; }
  /// sIS: row m takes part in k-tile t if and only if it is on this list.
  const std::int32_t* rows(Index t) const { return live ? live->begin(t) : nullptr; }
  Index row_count(Index t) const { return live ? live->steps(t) : m; }

  // ---- the schedule
  Index fold_count() const;
  /// Steps of the longest fold.
  Index longest_stream() const;
  /// See FoldSequence. Parts may have no folds.
  Index part_count() const;
  /// The outputs that the folds of a part write, or leave as they are: rows and columns of C.
  Block part(Index number) const;
};

/// `resolved` has no `automatic` and fits; `live` belongs to its dataflow, or is null for the dense ones.
Plan make_plan(Index m, Index n, Index k, const GemmOptions& resolved, std::shared_ptr<const LiveLists> live);

/// The live lists that a dataflow walks over this pattern; null for the dense three.
std::shared_ptr<const LiveLists> make_live_lists(const CsrPattern& a, Dataflow dataflow, const ArrayShape& array,
                                                 const Combine& combine);

/// Walks a plan's folds in the array's order, without storing them: all, or those of one part. The parts of a plan are
/// its tiles of C (OS), of A's rows (WS) or of B's columns (IS): no fold of one reads what a fold of another writes.
class FoldSequence {
 public:
  explicit FoldSequence(const Plan& plan);
  FoldSequence(const Plan& plan, Index part);
  /// The next fold; false after the last.
  bool next(Fold& fold);

 private:
  bool next_os(Fold& fold);
  bool next_ws(Fold& fold);
  bool next_is(Fold& fold);

  const Plan& plan_;
  Index part_ = 0, end_ = 0;
  Index inner_ = 0;  // k-tile: within the m-tile's list (WS), of A (IS)
  bool first_ = true;
};

}  // namespace septet::detail
