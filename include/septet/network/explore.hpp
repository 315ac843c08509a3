// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The search for the right array: what a network costs on every design of a sweep, in closed form (cost()), and which
// designs are worth building. docs/explore.md.
//
//   Sweep sweep;
//   sweep.arrays = {{8, 8}, {16, 16}, {32, 32}};
//   sweep.dataflows = {Dataflow::automatic, Dataflow::dOS, Dataflow::sOS};
//   const Explorer explorer(layers, sweep);
//   for (Index machine = 0; machine < sweep.machines(); ++machine) explorer.evaluate(machine, points);
//   for (const std::size_t i : pareto_set(points)) …
#pragma once

#include "septet/emulation/area.hpp"
#include "septet/network/cost.hpp"

#include <memory>
#include <string>
#include <vector>

namespace septet::network {

/// Numbers of products: the type that PEs multiply, of A and of B, and the bits that a word of A takes outside of the
/// array (ArrayOptions::a_word_bits).
struct Precision {
  Type type = Type::s8;
  Index a_bits = 0;  ///< 0: the type's
};

/// Sizes of the three buffers in bytes; all 0: no memory system.
struct Buffers {
  Index a = 0, b = 0, c = 0;

  Index total() const { return a + b + c; }
};

/// Every combination is a design. Axes from the slowest to the quickest: arrays, precisions, sparsities, buffers,
/// bandwidths, dataflows; all but the last make a machine.
struct Sweep {
  std::vector<ArrayShape> arrays = {{16, 16}};
  std::vector<Precision> precisions = {{}};
  std::vector<double> sparsities = {-1};  ///< zeros of all weights, seeded, unstructured; -1: the layers' own
  std::vector<Buffers> buffers = {{}};
  std::vector<Index> bandwidths = {0};                      ///< off-chip, bytes per cycle; 0: not a limit
  std::vector<Dataflow> dataflows = {Dataflow::automatic};  ///< automatic: layer by layer
  std::uint64_t seed = 1;                                   ///< of sparse weights

  /// Products of the axes' lengths; of sweeps that check() likes.
  SEPTET_API Index machines() const;
  SEPTET_API Index designs() const;
};

struct Design {
  Index index = 0;  ///< in the sweep: machine * dataflows + dataflow
  ArrayShape array;
  Precision precision;
  double sparsity = -1;
  Buffers buffers;
  Index bandwidth = 0;
  Dataflow dataflow = Dataflow::automatic;
};
/// `index`: 0 to designs() - 1.
SEPTET_API Design design_of(const Sweep& sweep, Index index);

/// What a network costs on a design: sums over its layers in their order, as cost() has them.
struct DesignPoint {
  Design design;
  std::string infeasible;  ///< why it cannot be: a buffer below the array's edge, say; then nothing below but the area
  Index cycles = 0;        ///< LayerCost::cycles: the products, waiting for the memory included, then the vector work
  Index cycles_vector = 0;
  double energy_pj = 0;
  double area_mm2 = 0;       ///< AreaReport::total_mm2()
  Index off_chip_bytes = 0;  ///< read and written
  double utilization = 0;    ///< useful multiply-accumulates over PEs * (cycles - cycles_vector); 0: no product

  Index buffer_bytes() const { return design.buffers.total(); }
};

/// Error: bad_option, "sweep.arrays" …: an axis that is empty, that has a value twice or one that is out of range
/// (sides 1 to 65536, a_bits 0 to the type's, sparsities -1 or 0 to 1, buffers all three or none and up to 2^40 bytes);
/// a bandwidth where there may be no buffers; more than 2^40 designs.
SEPTET_API Status check(const Sweep& sweep);

/// Counts designs. What they have in common is counted once: equal layers, and for all buffers and bandwidths the folds
/// of a layer on an array. The most recent arrays are kept, so machines that follow each other are cheap. May be used
/// from many threads at once: those that need the same array share the work.
class Explorer {
 public:
  /// Refers to nothing of the caller's: the patterns of weights are copied, a byte per element. Of `base`, everything
  /// that is not swept counts: gemm but its array and dataflow, array but its memory and a_word_bits, and its vector
  /// unit makes the cycles of vector work. Throws Error: check(), check_energy(), check_area(), and where
  /// sparsities are swept that no layer has weights for, or one more than compress() takes; std::bad_alloc.
  SEPTET_API Explorer(std::vector<Layer> layers, Sweep sweep, CostOptions base = {}, emulation::AreaTable area = {});
  SEPTET_API ~Explorer();
  Explorer(const Explorer&) = delete;
  Explorer& operator=(const Explorer&) = delete;

  SEPTET_API const Sweep& sweep() const;
  /// The designs of a machine, one per dataflow, are put behind `points`. Throws std::bad_alloc.
  SEPTET_API void evaluate(Index machine, std::vector<DesignPoint>& points) const;
  /// The same of any machine with a sparsity of the sweep; `index` is that of its first design. Throws Error too: the
  /// sparsity is another one, or check() refuses the machine.
  SEPTET_API void evaluate(const Design& machine, std::vector<DesignPoint>& points) const;

  /// The network as a design has it: its type, its weights (their zeros are the design's, what is none is 1). What
  /// cost() and emulate() need to count it again. A sparsity is for layers that are prunable: their zeros are those
  /// that compress() makes with the sweep's seed, a data gradient's those of its forward layer and of its own. Others
  /// keep theirs. Throws Error: no sparsity of the sweep.
  SEPTET_API std::vector<Layer> network(const Design& design) const;
  /// Everything else of a design: what cost() takes with network().
  SEPTET_API CostOptions options(const Design& design) const;
  /// Both: layer by layer. Error: what makes a design infeasible.
  SEPTET_API Status layers(const Design& design, std::vector<LayerCost>& costs) const;

 private:
  struct State;
  void count(Design design, std::vector<DesignPoint>& points) const;

  std::unique_ptr<State> state_;
};

/// Places of those points that no other one beats: none has fewer or as many cycles, energy and area, and fewer of one.
/// In order of cycles; of equal points the first; without those that are infeasible. O(n log n).
SEPTET_API std::vector<std::size_t> pareto_set(const std::vector<DesignPoint>& points);

/// The place of the one with the smallest buffers (of equal ones the smallest area, then the fewest cycles, then the
/// first) among those with at most `slowdown` times the fewest cycles; points.size(): all are infeasible. `slowdown`
/// is 1 or more.
SEPTET_API std::size_t economic(const std::vector<DesignPoint>& points, double slowdown);

/// All ways to split `total` bytes into three buffers of whole parts, at least one each: (parts - 1) (parts - 2) / 2.
/// The generic one, thirds (what is left over is c's), comes first, whether it is among them or not. Throws Error,
/// bad_option: `parts` is not 3 to 1024 or does not divide `total`.
SEPTET_API std::vector<Buffers> splits_of(Index total, Index parts);

}  // namespace septet::network
