// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The search for the right array: what a network costs on every design of a sweep, in closed form (cost()), and which
// designs are worth building. docs/explore.md.
//
//   Sweep sweep;
//   sweep.arrays = {{8, 8}, {16, 16}, {32, 32}};
//   sweep.dataflows = {Dataflow::automatic, Dataflow::dOS, Dataflow::sOS};
//   const Explorer explorer(layers, sweep);
//   for (Index h = 0; h < sweep.machines(); ++h) explorer.evaluate(h, points);
//   for (const std::size_t i : pareto_set(points)) …
#pragma once

#include "septet/emulation/area.hpp"
#include "septet/network/cost.hpp"

#include <memory>
#include <string>
#include <vector>

namespace septet::network {

/// Numbers of products: the type that PEs multiply, and the bits that a word of A takes outside of the array.
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
  std::vector<double> sparsities = {-1};  ///< zeros of all weights, seeded, unstructured; -1: the model's own
  std::vector<Buffers> buffers = {{}};
  std::vector<Index> bandwidths = {0};  ///< off-chip, bytes per cycle; 0: not a limit
  std::vector<Dataflow> dataflows = {Dataflow::automatic};  ///< automatic: layer by layer
  std::uint64_t seed = 1;                                   ///< of sparse weights

  Index machines() const;  ///< error: above 2^40 -> check()
  Index designs() const;
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
SEPTET_API Design design_of(const Sweep& sweep, Index index);

/// What a network costs on a design.
struct DesignPoint {
  Design design;
  std::string infeasible;  ///< why it cannot be: a buffer below the array's edge, say; then nothing below
  Index cycles = 0, cycles_vector = 0;
  double energy_pj = 0;
  double area_mm2 = 0;
  Index off_chip_bytes = 0;
  double utilization = 0;

  Index buffer_bytes() const { return design.buffers.total(); }
};

/// Error: bad_option "sweep.arrays" … : an axis that is empty, that has a value twice or one that is out of range;
/// bandwidths without buffers; sparsities other than -1 of a network that …
SEPTET_API Status check(const Sweep& sweep);

/// May be used from many threads at once.
class Explorer {
 public:
  /// Refers to nothing of the caller's. `base`: everything that is not swept. Throws Error, std::bad_alloc.
  SEPTET_API Explorer(std::vector<Layer> layers, Sweep sweep, CostOptions base = {}, emulation::AreaTable area = {});
  SEPTET_API ~Explorer();

  SEPTET_API const Sweep& sweep() const;
  /// The designs of a machine, one per dataflow, are put behind `points`. Throws Error, std::bad_alloc.
  SEPTET_API void evaluate(Index machine, std::vector<DesignPoint>& points) const;
  /// Layer by layer, as cost() would have it.
  SEPTET_API std::vector<LayerCost> layers(const Design& design) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Places of those that no other one beats in one of cycles, energy and area without being worse in another; in order
/// of cycles. Of equal ones the first.
SEPTET_API std::vector<std::size_t> pareto_set(const std::vector<DesignPoint>& points);
/// The place of the one with the smallest buffers (then area, then cycles) among those with at most `slowdown` times the
/// fewest cycles; size(): there is none.
SEPTET_API std::size_t economic(const std::vector<DesignPoint>& points, double slowdown);

/// All ways to split `total` bytes into three buffers of multiples of total / parts, each at least one part; the generic one, thirds, first.
SEPTET_API std::vector<Buffers> splits_of(Index total, Index parts);

}  // namespace septet::network
