// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A network over several equal arrays, each with its own vector unit: who does what, how even that is, and what the
// arrays have to tell each other. Costs in closed form, as cost()'s.
#pragma once

#include "septet/network/cost.hpp"

namespace septet::network {

/// layer: a pipeline: every array has layers that follow each other, so cut that the slowest has as few cycles as
///   possible.
/// filter: every array has a share of every layer: of a product's outputs (M; of several products, all their rows one
///   behind the other), of anything else's operations. Rows per array differ by at most one.
/// table: embedding tables go, the largest first, to the array that has the fewest bytes of them; then the other
///   layers, the longest first, to the array with the fewest cycles.
enum class Split : std::uint8_t { layer, filter, table };
SEPTET_API const char* name(Split split);

struct PartitionOptions {
  Index arrays = 2;
  Split split = Split::layer;
  Index table_bytes = 0;  ///< what an array holds of tables; 0: no limit
};

/// What an array has of a layer.
struct Share {
  std::size_t layer = 0;
  Index first_row = 0, rows = 0;  ///< of count * m; of what is no product: none
  Index cycles = 0, macs = 0, parameters = 0, parameter_bytes = 0, lookups = 0;
  VectorCost vector;
  double energy_pj = 0;
};

struct ArrayLoad {
  std::vector<Share> shares;  ///< in the order of layers
  Index cycles = 0, macs = 0, parameters = 0, parameter_bytes = 0;
  Index vector_bytes = 0;              ///< that the vector unit reads and writes
  Index table_bytes = 0, lookups = 0;  ///< of embedding tables
  Index receives_bytes = 0;            ///< from other arrays: exchange_bytes()
  double energy_pj = 0;
};

struct Partition {
  std::vector<ArrayLoad> arrays;
  Index cycles_slowest = 0;  ///< of one array: inputs follow each other at this distance, at best
  Index cycles_latency = 0;  ///< layer after layer, each as long as its slowest share; the exchange takes no time
  double balance = 1;        ///< cycles of the most loaded array over their mean; 1: even, or nothing to do
};

/// Every MAC, parameter, byte and look-up of `layers` is some array's, once. `costs`: cost() of every layer. A share of
/// a layer costs what cost() says of its rows, an automatic dataflow chosen for them. Errors: bad_option
/// "options.arrays" (1 to 4096), "options.table_bytes" (a table does not fit); bad_shape "costs"; as cost().
SEPTET_API Status partition(const std::vector<Layer>& layers, const std::vector<LayerCost>& costs,
                            const CostOptions& options, const PartitionOptions& how, Partition& result);

/// Fills in what arrays receive from each other for one run of `network`, from whose layers_of() `partition` was made;
/// returns the sum. layer and table: a tensor goes once to every other array that has one of its readers. filter: every
/// array has made its share of a tensor's channels and receives of the others' what it reads: all of them for products
/// (of a grouped convolution, its groups' inputs), softmax and layer-norm; nothing for what works channel by channel.
/// Of attention's products that is a bound from above. The network's inputs and weights are there.
SEPTET_API Index exchange_bytes(const Network& network, const PartitionOptions& how, Partition& partition);

}  // namespace septet::network
