// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/cost.hpp"

#include "depthwise.hpp"
#include "step_shape.hpp"

#include <algorithm>
#include <optional>

namespace septet::network {
namespace {

using emulation::Report;

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

// Counts of `times` equal products on top of those of others.
void add_counts(Report& total, const Report& r, Index times) {
  for (Index Report::*count :
       {&Report::folds, &Report::cycles, &Report::cycles_preload, &Report::cycles_stream, &Report::cycles_drain,
        &Report::cycles_stall, &Report::macs_dense, &Report::macs_issued, &Report::macs_useful, &Report::nnz,
        &Report::reads_a_words, &Report::reads_b_words, &Report::reads_c_words, &Report::writes_c_words,
        &Report::a_bytes_values, &Report::a_bytes_metadata, &Report::zeros_injected, &Report::elements_skipped,
        &Report::writes_without_fold}) {
    total.*count += times * (r.*count);
  }
  using Memory = emulation::MemoryReport;
  for (Index Memory::*count :
       {&Memory::cycles_with_memory, &Memory::buffer_reads_a_bytes, &Memory::buffer_reads_b_bytes,
        &Memory::buffer_reads_c_bytes, &Memory::buffer_writes_c_bytes, &Memory::off_chip_reads_a_bytes,
        &Memory::off_chip_reads_b_bytes, &Memory::off_chip_reads_c_bytes, &Memory::off_chip_writes_c_bytes}) {
    total.memory.*count += times * (r.memory.*count);
  }
  total.memory.chosen.cycles_stall_memory += times * r.memory.chosen.cycles_stall_memory;
}

// Of a run of products that is repeated; A is the same in each.
void repeat(Report& r, Index repeats) {
  const Report once = r;
  add_counts(r, once, repeats - 1);
  r.nnz = once.nnz, r.a_bytes_values = once.a_bytes_values, r.a_bytes_metadata = once.a_bytes_metadata;
}

VectorCost repeated(VectorCost cost, Index repeats) {
  for (Index VectorCost::*count : {&VectorCost::simple_operations, &VectorCost::special_operations,
                                   &VectorCost::reads_bytes, &VectorCost::writes_bytes, &VectorCost::cycles}) {
    cost.*count *= repeats;
  }
  return cost;
}

// What all products of a layer have in common.
Report empty_like(const Report& r) {
  Report total = r;
  add_counts(total, r, -1);
  total.utilization = 0, total.memory.walks.clear();
  return total;
}

Index cycles_of(const Report& r) { return r.memory.system.given() ? r.memory.cycles_with_memory : r.cycles; }

// Zeros between groups change no sum, but where folds end: narrow sums of folds would be others.
bool joins_keep_bits(const GemmOptions& gemm) {
  return gemm.accumulate == Accumulate::chained || (gemm.accumulator.bits == 0 && gemm.fold_accumulator.bits == 0);
}

class Products {
 public:
  Products(const Layer& layer, const CostOptions& options) : layer_(layer), options_(options) {
    options_.gemm.a_zero_point = layer.zero_point, options_.gemm.b_zero_point = 0;
    options_.gemm.fold_depth = 0, options_.gemm.preload = {}, options_.gemm.epilogue = {};
    if (layer.weight_bits > 0) options_.array.a_word_bits = layer.weight_bits;
    if (layer.weights.data == nullptr) return;
    const Index patterns = layer.weights_stride == 0 ? std::min<Index>(1, layer.product.count) : layer.product.count;
    for (Index i = 0; i < patterns; ++i) models_.emplace_back(group(i));
    if (layer.joinable && models_.size() > 1 && joins_keep_bits(options.gemm)) join();
  }

  /// Groups joined where the dataflow is sparse and that takes fewer cycles.
  Status least(Dataflow dataflow, LayerCost& cost) const {
    if (const Status status = count(dataflow, false, cost); !status.ok()) return status;
    if (!joined_model_ || !is_sparse(dataflow)) return {};
    LayerCost joined;
    if (const Status status = count(dataflow, true, joined); !status.ok()) return status;
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
    const Index times = joined ? 1 : p.count / different;
    cost.dataflow = dataflow, cost.joined = joined;
    for (Index i = 0; i < different; ++i) {
      Report report;
      const Status status =
          dense ? emulation::try_cycles(p.m, p.n, p.k, layer_.a_type, layer_.b_type, gemm, options_.array, report)
                : (joined ? *joined_model_ : models_[static_cast<std::size_t>(i)])
                      .try_cycles(p.n, layer_.b_type, gemm, options_.array, report);
      if (!status.ok()) return status;
      emulation::EnergyReport energy;
      if (const Status bad = emulation::try_energy(report, options_.energy, energy); !bad.ok()) return bad;
      if (i == 0) cost.array = empty_like(report);
      add_counts(cost.array, report, times);
      cost.energy_pj += static_cast<double>(times) * energy.total_pj();
      cost.moved_bytes += static_cast<double>(times) * emulation::buffer_traffic(report).total();
    }
    cost.array.macs_dense = p.macs();  // joined: without the zeros between the groups
    repeat(cost.array, layer_.repeats);
    cost.energy_pj *= static_cast<double>(layer_.repeats), cost.moved_bytes *= static_cast<double>(layer_.repeats);
    const double pe_cycles =
        static_cast<double>(cost.array.array_height * cost.array.array_width) * static_cast<double>(cost.array.cycles);
    if (pe_cycles > 0) cost.array.utilization = static_cast<double>(cost.array.macs_useful) / pe_cycles;
    cost.vector = repeated(layer_.vector, layer_.repeats);
    cost.cycles = cycles_of(cost.array) + cost.vector.cycles;
    return {};
  }

  ConstMatrix group(Index i) const {
    ConstMatrix weights = layer_.weights;
    weights.data = static_cast<const std::byte*>(weights.data) + i * layer_.weights_stride * size_of(weights.type);
    return weights;
  }

  // Blocks on the diagonal, as CSR: which of their elements are zeros is the model's to see.
  void join() {
    const Product& p = layer_.product;
    for (Index row = 0; row < p.count * p.m; ++row) {
      for (Index j = 0; j < p.k; ++j) columns_.push_back(row / p.m * p.k + j);
      row_ptr_.push_back(static_cast<Index>(columns_.size()));
    }
    const auto view = [&](const auto* values) {
      joined_model_.emplace(csr(p.count * p.m, p.count * p.k, row_ptr_.data(), columns_.data(), values));
    };
    if (layer_.weights.type == Type::s8) view(static_cast<const std::int8_t*>(layer_.weights.data));
    if (layer_.weights.type == Type::u8) view(static_cast<const std::uint8_t*>(layer_.weights.data));
  }

  const Layer& layer_;
  CostOptions options_;
  std::vector<emulation::CycleModel> models_;
  std::vector<Index> row_ptr_ = {0}, columns_;
  std::optional<emulation::CycleModel> joined_model_;
};

std::vector<Dataflow> possible(const GemmOptions& gemm) {
  std::vector<Dataflow> all;
  for (const Dataflow dataflow :
       {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS, Dataflow::sOS, Dataflow::sWS, Dataflow::sIS, Dataflow::csOS}) {
    if (gemm.accumulate == Accumulate::chained || !is_output_stationary(dataflow)) all.push_back(dataflow);
  }
  return all;
}

// May an automatic dataflow be this one?
bool is_choice(Dataflow dataflow, const CostOptions& options) {
  if (options.gemm.dataflow != Dataflow::automatic) return false;
  return options.weights == WeightForm::automatic || is_sparse(dataflow) == (options.weights == WeightForm::sparse);
}

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
      layer.weights_stride = layer.product.m * layer.product.k;
      layer.joinable = layer.product.count > 1 && is_integer(weight.type);
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

Status cost(const Layer& layer, const CostOptions& options, LayerCost& result, std::vector<LayerCost>* each) {
  LayerCost best;
  best.vector = repeated(layer.vector, layer.repeats), best.cycles = best.vector.cycles;
  std::vector<LayerCost> all;
  if (layer.product.count > 0) {
    const Products products(layer, options);
    const Dataflow named = options.gemm.dataflow;
    const bool automatic = named == Dataflow::automatic;
    if (!automatic) {
      if (const Status status = products.least(named, best); !status.ok()) return status;
    }
    for (const Dataflow dataflow : automatic || each != nullptr ? possible(options.gemm) : std::vector<Dataflow>{}) {
      LayerCost one;
      const Status status = products.least(dataflow, one);
      // Beside those asked for, another may not fit: its words are wider than half of a buffer, say.
      const bool choice = is_choice(dataflow, options);
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
