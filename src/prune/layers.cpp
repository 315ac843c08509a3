// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "layers.hpp"

#include "src/element.hpp"
#include "src/network/layer_cost.hpp"

#include <algorithm>

namespace septet::network::pruning {
namespace {

void clear(const std::vector<std::uint8_t>& mask, Tensor& weight) {
  const int zero_point = weight.info().quantisation.zero_point;
  detail::with_type(weight.info().type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    T* values = weight.as<T>();
    for (std::size_t i = 0; i < mask.size(); ++i) {
      if (mask[i] == 0) values[i] = detail::zero_element<T>(zero_point);
    }
  });
}

double kept_share(const Scores& scores, const std::vector<std::uint8_t>& mask) {
  double kept = 0, lost = 0;
  for (std::size_t i = 0; i < mask.size(); ++i) (mask[i] != 0 ? kept : lost) += scores.values[i];
  if (lost == 0) return 1;
  return kept < lost ? kept / (kept + lost) : 1 - lost / (kept + lost);
}

}  // namespace

std::vector<Dataflow> dataflows_of(const CostOptions& options) {
  if (options.gemm.dataflow != Dataflow::automatic) return {options.gemm.dataflow};
  std::vector<Dataflow> all;
  for (const Dataflow dataflow : possible_dataflows(options.gemm)) {
    if (may_choose(dataflow, options.weights)) all.push_back(dataflow);
  }
  return all;
}

PrunableLayer::PrunableLayer(const Network& network, const PruneOptions& options, Index step, const Layer& layer)
    : network_(network), options_(options), step_(step), layer_(layer) {
  CostOptions dense = options.cost;
  dense.gemm.dataflow = Dataflow::automatic, dense.weights = WeightForm::dense;
  throw_if_error(cost(layer, dense, dense_));
}

const Linear& PrunableLayer::linear() const { return *linear_of(network_.steps[static_cast<std::size_t>(step_)].op); }

Scores PrunableLayer::scores() const {
  const auto step = static_cast<std::size_t>(step_);
  static const std::vector<double> kNone;
  return scores_of(network_, network_.steps[step], options_.statistics.empty() ? kNone : options_.statistics[step]);
}

bool PrunableLayer::counts_weights() const {
  return by_weights_ || options_.groups != PruneGroups::dataflow || options_.goal == PruneGoal::sparsity;
}

Price PrunableLayer::price(Dataflow dataflow) const {
  Price price;
  if (!counts_weights()) throw_if_error(Price::cycles(layer_, options_.cost, dataflow, price));
  return price;
}

std::unique_ptr<Paths> PrunableLayer::paths(const Scores& scores, Dataflow dataflow) const {
  if (options_.groups == PruneGroups::weights) return block_paths(scores, {1, 1});
  if (options_.groups == PruneGroups::blocks) return block_paths(scores, options_.block);
  const ArrayShape& array = options_.cost.gemm.array;
  const Price cost = price(dataflow);
  switch (dataflow) {
    case Dataflow::sWS:
      return vector_paths(scores, Vectors::columns, array.width, cost);
    case Dataflow::sIS:
      return vector_paths(scores, Vectors::rows, array.height, cost);
    case Dataflow::csOS:
      return combined_paths(scores, array.height, options_.cost.gemm.combine.lanes, cost);
    default:  // sOS
      return vector_paths(scores, Vectors::columns, array.height, cost);
  }
}

void PrunableLayer::add_dataflow(const Scores& scores, Dataflow dataflow) {
  if (is_sparse(dataflow)) {
    for (Curve& curve : curves_of(*paths(scores, dataflow), dataflow, price(dataflow).fixed())) {
      curves_.push_back(std::move(curve));
    }
  } else if (dataflow == dense_.dataflow && !counts_weights()) {
    curves_.push_back(curve_of(dataflow, dense_.array_cycles()));
  }
}

void PrunableLayer::make_curves(bool by_weights) {
  by_weights_ = by_weights;
  curves_.clear();
  const Scores scores = this->scores();
  if (options_.groups == PruneGroups::neighbours) {
    curves_ = {curve_of(Dataflow::automatic, 0)};
  } else if (options_.groups == PruneGroups::dataflow) {
    for (const Dataflow dataflow : dataflows_of(options_.cost)) add_dataflow(scores, dataflow);
  } else {
    curves_ = curves_of(*paths(scores, Dataflow::automatic), Dataflow::automatic, 0);
  }
}

std::vector<std::uint8_t> PrunableLayer::mask(const Scores& scores, const Choice& choice) const {
  std::vector<std::uint8_t> mask(scores.values.size());
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = scores.values[i] > 0;
  if (options_.groups == PruneGroups::neighbours) keep_neighbours(scores, options_.group, mask.data());
  const Curve& curve = curves_[choice.curve];
  if (choice.removals > 0 || curve.one_tile)
    remove(*paths(scores, curve.dataflow), curve, choice.removals, mask.data());
  return mask;
}

std::shared_ptr<const Tensor> PrunableLayer::masked(const std::vector<std::uint8_t>& mask) const {
  auto weight = std::make_shared<Tensor>(*linear().weight);
  clear(mask, *weight);
  return weight;
}

PrunableLayer::Pruned PrunableLayer::pruned(const Choice& choice) const {
  const Scores scores = this->scores();
  Pruned result;
  PrunedLayer& layer = result.layer;
  layer.step = step_, layer.dense_dataflow = dense_.dataflow, layer.cycles_dense = dense_.array_cycles();
  layer.mask = mask(scores, choice), layer.kept = kept_share(scores, layer.mask);
  layer.weights = static_cast<Index>(layer.mask.size());
  layer.zeros = static_cast<Index>(std::count(layer.mask.begin(), layer.mask.end(), 0));
  const auto zeros_before = static_cast<Index>(std::count(scores.values.begin(), scores.values.end(), 0.0));
  Layer now = layer_;
  if (layer.zeros > zeros_before) {
    result.weight = masked(layer.mask);
    now.weights.data = result.weight->data();
  }
  LayerCost counted;
  throw_if_error(cost(now, options_.cost, counted));
  layer.dataflow = counted.dataflow, layer.cycles = counted.array_cycles();
  return result;
}

}  // namespace septet::network::pruning
