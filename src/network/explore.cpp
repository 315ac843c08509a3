// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/explore.hpp"

#include "explore_state.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace septet::network {
namespace {

Status check_all(const std::vector<Layer>& layers, const Sweep& sweep, const CostOptions& base,
                 const emulation::AreaTable& area) {
  if (Status status = check(sweep); !status.ok()) return status;
  if (Status status = emulation::check_energy(base.energy); !status.ok()) return status;
  if (Status status = emulation::check_area(area); !status.ok()) return status;
  if (std::none_of(sweep.sparsities.begin(), sweep.sparsities.end(), [](double s) { return s >= 0; })) return {};
  if (std::none_of(layers.begin(), layers.end(), [](const Layer& layer) { return layer.prunable; })) {
    return {Cause::bad_option, "sweep.sparsities", "no layer has weights that could be sparse"};
  }
  for (const Layer& layer : layers) {
    const Status status = layer.prunable ? check_pattern(layer) : Status();
    if (!status.ok()) return {status.cause(), "sweep.sparsities", status.message()};
  }
  return {};
}

}  // namespace

Explorer::Explorer(std::vector<Layer> layers, Sweep sweep, CostOptions base, emulation::AreaTable area) {
  throw_if_error(check_all(layers, sweep, base, area));
  state_ = std::make_unique<State>(std::move(layers), std::move(sweep), base, area);
}

Explorer::~Explorer() = default;

const Sweep& Explorer::sweep() const { return state_->sweep; }

void Explorer::evaluate(Index machine, std::vector<DesignPoint>& points) const {
  const auto dataflows = static_cast<Index>(state_->sweep.dataflows.size());
  count(design_of(state_->sweep, machine * dataflows), points);
}

void Explorer::evaluate(const Design& machine, std::vector<DesignPoint>& points) const {
  Sweep alone = state_->sweep;
  alone.arrays = {machine.array}, alone.precisions = {machine.precision}, alone.buffers = {machine.buffers};
  alone.bandwidths = {machine.bandwidth};
  throw_if_error(check(alone));
  count(machine, points);
}

void Explorer::count(Design design, std::vector<DesignPoint>& points) const {
  const Workload& workload = state_->network(design.sparsity).workload;
  const std::vector<ProductCost> costs = state_->costs(*state_->group(design), design);
  for (const Dataflow dataflow : state_->sweep.dataflows) {
    design.dataflow = dataflow;
    points.push_back(state_->point(design, workload, costs));
    ++design.index;
  }
}

std::vector<Layer> Explorer::network(const Design& design) const {
  const std::vector<Mask>& masks = state_->network(design.sparsity).masks;
  const Type type = design.precision.type;
  std::map<Mask, std::shared_ptr<const void>> known;
  std::vector<Layer> layers = state_->layers;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    Layer& layer = layers[i];
    layer.a_type = layer.b_type = type;
    if (!masks[i]) continue;
    std::shared_ptr<const void>& weights = known[masks[i]];
    if (!weights) weights = weights_of(masks[i], type);
    const Product& p = layer.product;
    layer.weights = {weights.get(), type, p.m, p.k, p.k, 1};
    layer.weights_owner = weights, layer.weights_stride = stride_of(masks[i], p);
  }
  return layers;
}

CostOptions Explorer::options(const Design& design) const { return state_->options(design); }

Status Explorer::layers(const Design& design, std::vector<LayerCost>& costs) const {
  const CostOptions with = options(design);
  std::vector<LayerCost> all;
  for (const Layer& layer : network(design)) {
    if (Status status = cost(layer, with, all.emplace_back()); !status.ok()) return status;
  }
  costs = std::move(all);
  return {};
}

}  // namespace septet::network
