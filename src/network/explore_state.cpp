// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "explore_state.hpp"

#include <algorithm>
#include <map>
#include <thread>
#include <tuple>
#include <utility>

namespace septet::network {
namespace {

std::vector<Dataflow> choices_of(const CostOptions& options) {
  std::vector<Dataflow> choices;
  for (const Dataflow dataflow : possible_dataflows(options.gemm)) {
    if (may_choose(dataflow, options.weights)) choices.push_back(dataflow);
  }
  return choices;
}

std::vector<Dataflow> counted_of(const Sweep& sweep, const std::vector<Dataflow>& choices) {
  std::vector<Dataflow> counted;
  const auto add = [&](Dataflow dataflow) {
    if (std::find(counted.begin(), counted.end(), dataflow) == counted.end()) counted.push_back(dataflow);
  };
  for (const Dataflow dataflow : sweep.dataflows) {
    if (dataflow != Dataflow::automatic) {
      add(dataflow);
    } else {
      std::for_each(choices.begin(), choices.end(), add);
    }
  }
  return counted;
}

// Layers with the same weights have the same mask.
std::vector<Mask> own_masks_of(const std::vector<Layer>& layers) {
  using Key = std::tuple<const void*, Type, Index, Index, Index, Index, Index, Index, int>;
  std::map<Key, Mask> known;
  std::vector<Mask> masks;
  for (const Layer& layer : layers) {
    const Product& p = layer.product;
    const ConstMatrix& w = layer.weights;
    if (p.count == 0 || w.data == nullptr) {
      masks.push_back(nullptr);
      continue;
    }
    const Key key{w.data,          w.type, p.m, p.k, p.count, w.row_stride, w.col_stride, layer.weights_stride,
                  layer.zero_point};
    Mask& mask = known[key];
    if (!mask) mask = own_mask(layer);
    masks.push_back(mask);
  }
  return masks;
}

// Layers that are not prunable keep their own.
std::vector<Mask> seeded_masks_of(const std::vector<Layer>& layers, const std::vector<Mask>& own, double sparsity,
                                  std::uint64_t seed) {
  SeededMasks seeded(sparsity, seed);
  std::vector<Mask> masks = own;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].prunable) masks[i] = seeded.of(layers[i]);
  }
  return masks;
}

// A layer on top of others. Errors: its product's, beyond_64_bits().
Status add(const Layer& layer, const ProductCost& cost, DesignPoint& sums, Index& useful) {
  if (!cost.status.ok()) return cost.status;
  const Index times = layer.repeats;
  sums.energy_pj += cost.energy_pj * static_cast<double>(times);
  const bool fits =
      add_times(sums.cycles, times, layer.vector.cycles) && add_times(sums.cycles_vector, times, layer.vector.cycles) &&
      add_times(sums.cycles, times, cost.cycles) && add_times(sums.off_chip_bytes, times, cost.off_chip_bytes) &&
      add_times(useful, times, cost.macs_useful);
  return fits ? Status() : beyond_64_bits();
}

}  // namespace

Explorer::State::State(std::vector<Layer> given, Sweep swept, const CostOptions& options,
                       const emulation::AreaTable& table)
    : layers(std::move(given)),
      own_masks(own_masks_of(layers)),
      sweep(std::move(swept)),
      base(options),
      area(table),
      choices(choices_of(base)),
      counted(counted_of(sweep, choices)),
      networks_(sweep.sparsities.size()) {
  for (Layer& layer : layers) {
    layer.vector = with_cycles(layer.vector, base.vector);
    layer.weights = {}, layer.weights_owner = nullptr, layer.zero_point = 0;
  }
}

const SparseNetwork& Explorer::State::network(double sparsity) const {
  const auto found = std::find(sweep.sparsities.begin(), sweep.sparsities.end(), sparsity);
  if (found == sweep.sparsities.end()) throw Error({Cause::bad_option, "design.sparsity", "is none of the sweep's"});
  SparseNetwork& network = networks_[static_cast<std::size_t>(found - sweep.sparsities.begin())];
  std::call_once(network.made, [&] {
    network.masks = sparsity < 0 ? own_masks : seeded_masks_of(layers, own_masks, sparsity, sweep.seed);
    network.workload = workload_of(layers, network.masks, joins_keep_bits(base.gemm));
  });
  return network;
}

CostOptions Explorer::State::options(const Design& design) const {
  CostOptions options = base;
  options.gemm.array = design.array;
  options.gemm.dataflow = design.dataflow;
  const Buffers& b = design.buffers;
  options.array.memory = {b.a, b.b, b.c, design.bandwidth};
  options.array.a_word_bits = design.precision.a_bits;
  return options;
}

bool ArrayGroup::has(const Design& other) const {
  return other.array.height == machine.array.height && other.array.width == machine.array.width &&
         other.precision.type == machine.precision.type && other.precision.a_bits == machine.precision.a_bits &&
         other.sparsity == machine.sparsity;
}

void Explorer::State::prepare(ArrayGroup& group, std::size_t item) const {
  const Workload& workload = network(group.machine.sparsity).workload;
  const std::size_t products = workload.products.size();
  Design design = group.machine;
  design.dataflow = counted[item / products];
  const CostOptions with = options(design);
  group.products[item].prepare(workload.products[item % products], product_options(with.gemm, 0), with.array,
                               design.precision.type, design.buffers.total() > 0);
}

// As many groups are kept as threads may work on, and one that is begun.
std::shared_ptr<ArrayGroup> Explorer::State::find_group(const Design& machine) const {
  const Workload& workload = network(machine.sparsity).workload;
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find_if(recent_.begin(), recent_.end(), [&](const auto& g) { return g->has(machine); });
  if (found != recent_.end()) return *found;
  recent_.push_front(std::make_shared<ArrayGroup>(machine, counted.size() * workload.products.size()));
  if (recent_.size() > 1 + std::size_t{std::thread::hardware_concurrency()}) recent_.pop_back();
  return recent_.front();
}

std::shared_ptr<const ArrayGroup> Explorer::State::group(const Design& machine) const {
  std::shared_ptr<ArrayGroup> group = find_group(machine);
  try {
    group->work.finish([&](std::size_t item) { prepare(*group, item); });
  } catch (...) {  // no memory, say: the next one tries again
    const std::lock_guard<std::mutex> lock(mutex_);
    recent_.erase(std::remove(recent_.begin(), recent_.end(), group), recent_.end());
    throw;
  }
  return group;
}

// Threads on neighbouring machines begin with different products: they would wait for each other otherwise.
std::vector<ProductCost> Explorer::State::costs(const ArrayGroup& group, const Design& machine) const {
  const std::size_t items = group.products.size();
  const emulation::MemorySystem memory = options(machine).array.memory;
  std::vector<ProductCost> costs(items);
  const std::size_t begin = items == 0 ? 0 : turn_++ * 7919 % items;
  for (std::size_t i = 0; i < items; ++i) {
    const std::size_t item = (begin + i) % items;
    costs[item] = group.products[item].cost(memory, base.energy);
  }
  return costs;
}

// Of equal dataflows the first; what any of them may not do, an automatic one may not.
const ProductCost& Explorer::State::cost_of(const std::vector<ProductCost>& costs, std::size_t product,
                                            Dataflow dataflow) const {
  const std::size_t products = costs.size() / counted.size();
  const auto of = [&](Dataflow one) -> const ProductCost& {
    const auto place = std::find(counted.begin(), counted.end(), one) - counted.begin();
    return costs[static_cast<std::size_t>(place) * products + product];
  };
  if (dataflow != Dataflow::automatic) return of(dataflow);
  const ProductCost* best = &of(choices.front());
  for (const Dataflow choice : choices) {
    const ProductCost& cost = of(choice);
    if (!cost.status.ok()) return cost;
    if (cost.cycles < best->cycles) best = &cost;
  }
  return *best;
}

DesignPoint Explorer::State::point(const Design& design, const Workload& workload,
                                   const std::vector<ProductCost>& costs) const {
  static const ProductCost none;
  DesignPoint point;
  point.design = design;
  const CostOptions with = options(design);
  const Type type = design.precision.type;
  point.area_mm2 =
      emulation::area(design.array, type, type, with.array.memory, base.vector.lanes, area, base.gemm.accumulator)
          .total_mm2();
  Index useful = 0;
  DesignPoint sums = point;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::size_t product = workload.of_layer[i];
    const ProductCost& cost = product == Workload::kNone ? none : cost_of(costs, product, design.dataflow);
    if (const Status status = add(layers[i], cost, sums, useful); !status.ok()) {
      point.infeasible = status.to_string();
      return point;
    }
  }
  const double pe_cycles = static_cast<double>(design.array.height * design.array.width) *
                           static_cast<double>(sums.cycles - sums.cycles_vector);
  if (pe_cycles > 0) sums.utilization = static_cast<double>(useful) / pe_cycles;
  return sums;
}

}  // namespace septet::network
