// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/partition.hpp"

#include <algorithm>
#include <numeric>

namespace septet::network {
namespace {

constexpr Index kMaxArrays = 4096;

bool is_table(const Layer& layer) { return layer.op == name(Operator(EmbeddingBag{})); }

// total * part / whole, rounded down, where the product may be beyond 64 bits. From 0 to the whole in steps:
// differences of these add up to the total.
Index scaled(Index total, Index part, Index whole) { return total / whole * part + total % whole * part / whole; }

void add(ArrayLoad& load, const Layer& layer, Share share) {
  load.cycles += share.cycles, load.macs += share.macs;
  load.parameters += share.parameters, load.parameter_bytes += share.parameter_bytes;
  load.vector_bytes += share.vector.reads_bytes + share.vector.writes_bytes;
  if (is_table(layer)) load.table_bytes += share.parameter_bytes;
  load.lookups += share.lookups, load.energy_pj += share.energy_pj;
  load.shares.push_back(share);
}

Share whole_layer(const std::vector<Layer>& layers, const std::vector<LayerCost>& costs, std::size_t i) {
  const Layer& layer = layers[i];
  Share share;
  share.layer = i, share.rows = layer.product.count * layer.product.m;
  share.cycles = costs[i].cycles, share.macs = layer.product.macs(), share.energy_pj = costs[i].energy_pj;
  share.parameters = layer.parameters, share.parameter_bytes = layer.parameter_bytes, share.lookups = layer.lookups;
  share.vector = layer.vector;
  return share;
}

// ---- by layer ----

// How many arrays it takes if none is to have more than `most` cycles; no layer has.
Index stages_within(const std::vector<LayerCost>& costs, Index most) {
  Index stages = 1, cycles = 0;
  for (const LayerCost& cost : costs) {
    if (cycles + cost.cycles > most) ++stages, cycles = 0;
    cycles += cost.cycles;
  }
  return stages;
}

// The least that the slowest of so many stages can have.
Index slowest_stage(const std::vector<LayerCost>& costs, Index arrays) {
  Index low = 0, high = 0;
  for (const LayerCost& cost : costs) low = std::max(low, cost.cycles), high += cost.cycles;
  while (low < high) {
    const Index middle = low + (high - low) / 2;
    if (stages_within(costs, middle) <= arrays) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

void split_by_layer(const std::vector<Layer>& layers, const std::vector<LayerCost>& costs, Partition& partition) {
  const Index most = slowest_stage(costs, static_cast<Index>(partition.arrays.size()));
  std::size_t array = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (partition.arrays[array].cycles + costs[i].cycles > most) ++array;
    add(partition.arrays[array], layers[i], whole_layer(layers, costs, i));
  }
}

// ---- by filter ----

// `count` products of m rows each, from a row of a product on.
Layer rows_of(const Layer& layer, Index product, Index row, Index m, Index count) {
  Layer part = layer;
  part.product.m = m, part.product.count = count, part.vector = {};
  part.joinable = layer.joinable && count > 1;
  if (part.weights.data != nullptr) {
    const Index elements = product * layer.weights_stride + row * layer.weights.row_stride;
    part.weights.data = static_cast<const std::byte*>(part.weights.data) + elements * size_of(part.weights.type);
    part.weights.rows = m;
  }
  return part;
}

// Rows [first, last) of all products, one behind the other: the end of one, whole ones, the beginning of another.
std::vector<Layer> pieces_of(const Layer& layer, Index first, Index last) {
  std::vector<Layer> pieces;
  const Index m = layer.product.m;
  while (first < last) {
    const Index product = first / m, row = first % m;
    const Index whole = row == 0 ? (last - first) / m : 0;
    const Index rows = whole > 0 ? m : std::min(m - row, last - first);
    pieces.push_back(rows_of(layer, product, row, rows, std::max<Index>(whole, 1)));
    first += rows * std::max<Index>(whole, 1);
  }
  return pieces;
}

Status share_of(const std::vector<Layer>& layers, std::size_t i, Index array, Index arrays, const CostOptions& options,
                Share& share) {
  const Layer& layer = layers[i];
  const Product& p = layer.product;
  const Index parts = p.count > 0 ? p.count * p.m : arrays;
  const Index first = scaled(parts, array, arrays), last = scaled(parts, array + 1, arrays);
  const auto of = [&](Index total) {
    return parts == 0 ? 0 : scaled(total, last, parts) - scaled(total, first, parts);
  };
  share.layer = i, share.parameters = of(layer.parameters), share.parameter_bytes = of(layer.parameter_bytes);
  share.lookups = of(layer.lookups);
  if (p.count == 0) {
    share.vector = {of(layer.vector.simple_operations), of(layer.vector.special_operations),
                    of(layer.vector.reads_bytes), of(layer.vector.writes_bytes)};
    share.vector = with_cycles(share.vector, options.vector), share.cycles = share.vector.cycles;
    return {};
  }
  share.first_row = first, share.rows = last - first, share.macs = share.rows * p.n * p.k;
  for (const Layer& piece : pieces_of(layer, first, last)) {
    LayerCost one;
    if (const Status status = cost(piece, options, one); !status.ok()) return status;
    share.cycles += one.cycles, share.energy_pj += one.energy_pj;
  }
  return {};
}

Status split_by_filter(const std::vector<Layer>& layers, const CostOptions& options, Partition& partition) {
  const auto arrays = static_cast<Index>(partition.arrays.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    for (Index array = 0; array < arrays; ++array) {
      Share share;
      if (const Status status = share_of(layers, i, array, arrays, options, share); !status.ok()) return status;
      if (share.rows == 0 && layers[i].product.count > 0) continue;
      add(partition.arrays[static_cast<std::size_t>(array)], layers[i], share);
    }
  }
  return {};
}

// ---- by table ----

// Indices of layers, the largest first; of equals, the first.
template <class Size>
std::vector<std::size_t> by_size(const std::vector<Layer>& layers, Size size) {
  std::vector<std::size_t> order(layers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return size(i) > size(j); });
  return order;
}

ArrayLoad& least(Partition& partition, Index ArrayLoad::*what) {
  return *std::min_element(partition.arrays.begin(), partition.arrays.end(),
                           [what](const ArrayLoad& x, const ArrayLoad& y) { return x.*what < y.*what; });
}

Status split_by_table(const std::vector<Layer>& layers, const std::vector<LayerCost>& costs, Index capacity,
                      Partition& partition) {
  for (const std::size_t i : by_size(layers, [&](std::size_t l) { return layers[l].parameter_bytes; })) {
    if (!is_table(layers[i])) continue;
    ArrayLoad& load = least(partition, &ArrayLoad::table_bytes);
    if (capacity > 0 && load.table_bytes + layers[i].parameter_bytes > capacity) {
      return {Cause::bad_option, "options.table_bytes",
              layers[i].name + " of " + std::to_string(layers[i].parameter_bytes) + " bytes does not fit any array"};
    }
    add(load, layers[i], whole_layer(layers, costs, i));
  }
  for (const std::size_t i : by_size(layers, [&](std::size_t l) { return costs[l].cycles; })) {
    if (is_table(layers[i])) continue;
    add(least(partition, &ArrayLoad::cycles), layers[i], whole_layer(layers, costs, i));
  }
  for (ArrayLoad& load : partition.arrays) {
    std::sort(load.shares.begin(), load.shares.end(), [](const Share& x, const Share& y) { return x.layer < y.layer; });
  }
  return {};
}

void sum_up(std::size_t layers, Partition& partition) {
  Index total = 0;
  std::vector<Index> slowest(layers, 0);
  for (const ArrayLoad& load : partition.arrays) {
    total += load.cycles;
    partition.cycles_slowest = std::max(partition.cycles_slowest, load.cycles);
    for (const Share& share : load.shares) slowest[share.layer] = std::max(slowest[share.layer], share.cycles);
  }
  partition.cycles_latency = std::accumulate(slowest.begin(), slowest.end(), Index{0});
  if (total == 0) return;
  partition.balance = static_cast<double>(partition.cycles_slowest) * static_cast<double>(partition.arrays.size()) /
                      static_cast<double>(total);
}

}  // namespace

const char* name(Split split) {
  constexpr const char* kNames[] = {"layer", "filter", "table"};
  return kNames[static_cast<int>(split)];
}

Status partition(const std::vector<Layer>& layers, const std::vector<LayerCost>& costs, const CostOptions& options,
                 const PartitionOptions& how, Partition& result) {
  if (how.arrays < 1 || how.arrays > kMaxArrays) {
    return {Cause::bad_option, "options.arrays",
            std::to_string(how.arrays) + " is none of 1 to " + std::to_string(kMaxArrays)};
  }
  if (costs.size() != layers.size()) return {Cause::bad_shape, "costs", "are not one per layer"};
  for (const Layer& layer : layers) {
    if (layer.repeats != 1) return {Cause::bad_option, "layers", layer.name + " is repeated: it cannot be shared out"};
  }
  Partition made;
  made.arrays.resize(static_cast<std::size_t>(how.arrays));
  Status status;
  switch (how.split) {
    case Split::layer:
      split_by_layer(layers, costs, made);
      break;
    case Split::filter:
      status = split_by_filter(layers, options, made);
      break;
    case Split::table:
      status = split_by_table(layers, costs, how.table_bytes, made);
      break;
  }
  if (!status.ok()) return status;
  sum_up(layers.size(), made);
  result = std::move(made);
  return {};
}

}  // namespace septet::network
