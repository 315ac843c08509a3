// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What layers cost on an array with a vector unit beside it: products on the array (in closed form, or counted by the
// emulator), everything else on the vector unit.
#pragma once

#include "septet/emulation/cycles.hpp"
#include "septet/emulation/energy.hpp"
#include "septet/network/network.hpp"

#include <optional>

namespace septet::network {

/// Beside the array: so many lanes, each of which does an operation of a kind in so many cycles; pipelined over
/// elements.
struct VectorUnit {
  Index lanes = 16;
  Index simple_cycles = 1;     ///< add, multiply, compare, clamp, convert
  Index special_cycles = 4;    ///< exp, erf, tanh, division, square root
  Index bytes_per_cycle = 64;  ///< to its memory; 0: not a limit
};

/// The work of a step on the vector unit. Cycles are max(ceil(operations / lanes) · their cycles, ceil(bytes /
/// bytes_per_cycle)).
struct VectorCost {
  Index simple_operations = 0, special_operations = 0;
  Index reads_bytes = 0, writes_bytes = 0;
  Index cycles = 0;
};
SEPTET_API VectorCost vector_cost(const Network& network, const Step& step, const VectorUnit& unit);

/// A layer as work: of a network's step, or a row of a table.
struct Layer {
  std::string name;
  std::string op;   ///< name(Operator), or a table's word for it
  Product product;  ///< count 0: none
  Type a_type = Type::s8, b_type = Type::s8;
  ConstMatrix weights;       ///< of the first product, m x k: its pattern. No data: dense
  Index weights_stride = 0;  ///< elements from a product's weights to the next one's (groups)
  int zero_point = 0;        ///< of the weights
  VectorCost vector;
  Index parameters = 0;  ///< weights, biases and normalisation
};
SEPTET_API std::vector<Layer> layers_of(const Network& network, const VectorUnit& unit);

/// One layer's cost. `array` adds up all its products: counts and cycles; utilization is of the sum.
struct LayerCost {
  Dataflow dataflow = Dataflow::automatic;  ///< automatic: no product
  emulation::Report array;
  VectorCost vector;
  Index cycles = 0;  ///< array.cycles + vector.cycles
};

struct CostOptions {
  GemmOptions
      gemm;  ///< array, combine, accumulate …; dataflow automatic: the least cycles of all seven, layer by layer
  emulation::ArrayOptions array;
};
/// In closed form. Dataflows that exclude the options (fold-then-add under OS) are not among those of automatic. Errors
/// as cycles().
SEPTET_API Status cost(const Layer& layer, const CostOptions& options, LayerCost& cost);

}  // namespace septet::network
