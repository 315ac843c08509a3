// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/cost.hpp"

#include "depthwise.hpp"
#include "layer_cost.hpp"
#include "step_shape.hpp"

#include <optional>
#include <utility>

namespace septet::network {
namespace {

const Linear* linear_of(const Operator& op) {
  if (const auto* convolution = std::get_if<Convolution>(&op)) return &convolution->linear;
  if (const auto* connected = std::get_if<FullyConnected>(&op)) return &connected->linear;
  return nullptr;
}

// Sums `of` all constants of an operator.
template <class F>
Index sum_of_constants(const Operator& op, F of) {
  const auto one = [&](const std::shared_ptr<const Tensor>& t) { return t ? of(*t) : 0; };
  if (const Linear* linear = linear_of(op)) return one(linear->weight) + one(linear->bias);
  if (const auto* norm = std::get_if<BatchNorm>(&op)) return one(norm->factor) + one(norm->term);
  if (const auto* norm = std::get_if<LayerNorm>(&op)) return one(norm->gamma) + one(norm->beta);
  if (const auto* bag = std::get_if<EmbeddingBag>(&op)) return one(bag->table);
  return 0;
}

class Products {
 public:
  Products(const Layer& layer, const CostOptions& options) : layer_(layer), options_(options) {
    options_.gemm = product_options(options.gemm, layer.zero_point);
    if (layer.weight_bits > 0) options_.array.a_word_bits = layer.weight_bits;
    if (layer.weights.data == nullptr) return;
    const Index different = layer.weights_stride == 0 ? 1 : layer.product.count;
    for (Index i = 0; i < different; ++i) models_.emplace_back(group(i));
    if (!layer.joinable || layer.product.count < 2 || !joins_keep_bits(options.gemm)) return;
    joined_.emplace(layer.product, layer.weights, layer.weights_stride);
    if (joined_->weights()) joined_model_.emplace(*joined_->weights());
  }

  /// Groups joined where the dataflow is sparse and that takes fewer cycles.
  Status least(Dataflow dataflow, LayerCost& cost) const {
    if (Status status = count(dataflow, false, cost); !status.ok()) return status;
    if (!joined_model_ || !is_sparse(dataflow)) return {};
    LayerCost joined;
    if (Status status = count(dataflow, true, joined); !status.ok()) return status;
    if (joined.cycles < cost.cycles) cost = std::move(joined);
    return {};
  }

 private:
  /// The groups as one product, or one after the other.
  Status count(Dataflow dataflow, bool joined, LayerCost& cost) const {
    GemmOptions gemm = options_.gemm;
    gemm.dataflow = dataflow;
    const Product& p = layer_.product;
    const bool dense = models_.empty();
    const Index different = dense || joined ? 1 : static_cast<Index>(models_.size());
    CostSum sum(dataflow, joined, cost);
    for (Index i = 0; i < different; ++i) {
      emulation::Report report;
      Status status =
          dense ? emulation::try_cycles(p.m, p.n, p.k, layer_.a_type, layer_.b_type, gemm, options_.array, report)
                : (joined ? *joined_model_ : models_[static_cast<std::size_t>(i)])
                      .try_cycles(p.n, layer_.b_type, gemm, options_.array, report);
      if (!status.ok()) return status;
      if (Status bad = sum.add(report, joined ? 1 : p.count / different, options_.energy); !bad.ok()) return bad;
    }
    return sum.finish(p, layer_.vector, layer_.repeats);
  }

  ConstMatrix group(Index i) const {
    ConstMatrix weights = layer_.weights;
    weights.data = static_cast<const std::byte*>(weights.data) + i * layer_.weights_stride * size_of(weights.type);
    return weights;
  }

  const Layer& layer_;
  CostOptions options_;
  std::vector<emulation::CycleModel> models_;
  std::optional<JoinedGroups> joined_;
  std::optional<emulation::CycleModel> joined_model_;
};

}  // namespace

std::string class_of(const Network& network, const Step& step) {
  const auto* convolution = std::get_if<Convolution>(&step.op);
  const bool depthwise = convolution != nullptr && is_depthwise(*convolution, network.tensors[step.inputs[0]]);
  return depthwise ? kDepthwise : name(step.op);
}

std::vector<Layer> layers_of(const Network& network, const VectorUnit& unit) {
  std::vector<Layer> layers;
  for (const Step& step : network.steps) {
    Layer layer;
    layer.name = step.name, layer.op = class_of(network, step);
    layer.product = product_of(network, step);
    layer.convolution = convolution_shape(network, step);
    if (layer.product.count == 0) layer.work = vector_work(network, step);
    layer.vector = vector_cost(network, step, unit);
    layer.parameters = sum_of_constants(step.op, [](const Tensor& t) { return t.info().elements(); });
    layer.parameter_bytes = sum_of_constants(step.op, [](const Tensor& t) { return static_cast<Index>(t.bytes()); });
    if (std::holds_alternative<EmbeddingBag>(step.op)) {
      layer.lookups = network.tensors[static_cast<std::size_t>(step.inputs[0])].elements();
    }
    if (!step.inputs.empty()) layer.a_type = layer.b_type = network.tensors[step.inputs[0]].type;
    if (const Linear* linear = linear_of(step.op)) {
      const TensorInfo& weight = linear->weight->info();
      layer.a_type = weight.type, layer.zero_point = weight.quantisation.zero_point;
      layer.weights = {linear->weight->data(), weight.type, layer.product.m, layer.product.k, layer.product.k, 1};
      layer.weights_stride = layer.product.m * layer.product.k, layer.prunable = true;
      layer.joinable = layer.product.count > 1 && is_integer(weight.type);
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

Status cost(const Layer& layer, const CostOptions& options, LayerCost& result, std::vector<LayerCost>* each) {
  LayerCost best;
  best.vector = layer.vector;
  if (Status status = repeat(best.vector, layer.repeats); !status.ok()) return status;
  best.cycles = best.vector.cycles;
  std::vector<LayerCost> all;
  if (layer.product.count > 0) {
    const Products products(layer, options);
    const Dataflow named = options.gemm.dataflow;
    const bool automatic = named == Dataflow::automatic;
    if (!automatic) {
      if (Status status = products.least(named, best); !status.ok()) return status;
    }
    for (const Dataflow dataflow :
         automatic || each != nullptr ? possible_dataflows(options.gemm) : std::vector<Dataflow>{}) {
      LayerCost one;
      Status status = products.least(dataflow, one);
      // Beside those asked for, another may not fit: its words are wider than half of a buffer, say.
      const bool choice = automatic && may_choose(dataflow, options.weights);
      if (!status.ok() && choice) return status;
      if (!status.ok()) continue;
      if (choice && (best.dataflow == Dataflow::automatic || one.cycles < best.cycles)) best = one;
      all.push_back(std::move(one));
    }
  }
  result = std::move(best);
  if (each != nullptr) *each = std::move(all);
  return {};
}

}  // namespace septet::network
