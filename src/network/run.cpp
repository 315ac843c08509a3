// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/run.hpp"

#include "run_inputs.hpp"
#include "septet/emulation/emulate.hpp"
#include "septet/spmm.hpp"

#include <chrono>
#include <map>

namespace septet::network {
namespace {

std::string shape_text(const std::vector<Index>& shape) {
  std::string text = "[";
  for (const Index size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

void check_input(const TensorInfo& want, const Tensor& got, std::size_t i) {
  const std::string argument = "inputs[" + std::to_string(i) + "]";
  if (got.info().type != want.type) {
    throw Error(Status(Cause::bad_type, argument,
                       want.name + " is " + name(want.type) + ", what is given is " + name(got.info().type)));
  }
  if (got.info().shape != want.shape) {
    throw Error(
        Status(Cause::bad_shape, argument,
               want.name + " is " + shape_text(want.shape) + ", what is given is " + shape_text(got.info().shape)));
  }
}

// The step after which nobody reads a tensor any more; outputs: none.
std::vector<std::size_t> last_uses(const Network& network) {
  std::vector<std::size_t> last(network.tensors.size(), 0);
  for (std::size_t s = 0; s < network.steps.size(); ++s) {
    for (const Index tensor : network.steps[s].inputs) last[static_cast<std::size_t>(tensor)] = s;
    last[static_cast<std::size_t>(network.steps[s].output)] = s;
  }
  for (const Index tensor : network.outputs) last[static_cast<std::size_t>(tensor)] = network.steps.size();
  return last;
}

// The options of the user's that a product takes; zero points and the epilogue are the call's own.
GemmOptions merged(const GemmOptions& call, const GemmOptions& chosen, Dataflow dataflow) {
  GemmOptions options = chosen;
  options.dataflow = dataflow;
  options.a_zero_point = call.a_zero_point, options.b_zero_point = call.b_zero_point;
  options.alpha = call.alpha, options.beta = call.beta;
  options.preload = call.preload, options.epilogue = call.epilogue;
  return options;
}

bool has_weights(const Step& step) {
  return std::holds_alternative<Convolution>(step.op) || std::holds_alternative<FullyConnected>(step.op);
}

// For the dataflow that is named, or else in csOS's order, which has the sums of all of them.
void sparse_gemm(const GemmCall& call, GemmOptions options) {
  if (options.dataflow == Dataflow::automatic) options.dataflow = Dataflow::csOS, options.combine = {};
  PackOptions packing;
  packing.dataflow = options.dataflow, packing.array = options.array, packing.combine = options.combine;
  packing.zero_point = options.a_zero_point;
  gemm(pack(call.a, packing), call.b, call.c, options);
}

// Where folds are added one by one, the dataflow decides what a fold is: the array's.
Dataflow dataflow_on_cpu(const GemmOptions& gemm, const LayerCost& cost) {
  const bool any = gemm.dataflow != Dataflow::automatic || gemm.accumulate == Accumulate::chained;
  return any ? gemm.dataflow : cost.dataflow;
}

Execution on_cpu(const RunOptions& options, const LayerCost& cost, const Step& step) {
  const bool sparse = options.cost.weights == WeightForm::sparse && has_weights(step);
  if (is_plain(options.cost.gemm) && !sparse) return {};
  Execution execution;
  execution.gemm = [&options, &cost, sparse](const GemmCall& call) {
    const Dataflow dataflow = dataflow_on_cpu(options.cost.gemm, cost);
    const GemmOptions chosen = merged(call.options, options.cost.gemm, dataflow);
    if (sparse) {
      sparse_gemm(call, chosen);
    } else {
      gemm(call.a, call.b, call.c, chosen);
    }
  };
  return execution;
}

// Counts of all the calls of a step in `total`.
Execution on_array(const RunOptions& options, const LayerCost& cost, emulation::Report& total) {
  Execution execution;
  execution.gather_bytes = 0, execution.join_groups = cost.joined;
  execution.gemm = [&options, &cost, &total](const GemmCall& call) {
    emulation::ArrayOptions array = options.cost.array;
    array.a_word_bits = cost.array.a_word_bits;  // the layer's
    const emulation::Report report =
        emulation::emulate(call.a, call.b, call.c, merged(call.options, options.cost.gemm, cost.dataflow), array);
    total.cycles += report.cycles, total.folds += report.folds;
    total.macs_issued += report.macs_issued;
    total.reads_a_words += report.reads_a_words, total.reads_b_words += report.reads_b_words;
    total.reads_c_words += report.reads_c_words, total.writes_c_words += report.writes_c_words;
  };
  return execution;
}

Tensor sums_of(const TensorInfo& y) {
  TensorInfo info = y;
  info.type = y.type == Type::f32 ? Type::f32 : Type::s32;
  info.quantisation = {};
  return Tensor(info);
}

}  // namespace

// The direct paths of execute() have these bits.
bool is_plain(const GemmOptions& gemm) {
  return gemm.dataflow == Dataflow::automatic && gemm.accumulate == Accumulate::chained && gemm.mac == Mac::fused &&
         gemm.accumulator.bits == 0 && !gemm.flush_subnormals;
}

std::vector<const Tensor*> input_values(const Network& network, const std::vector<const Tensor*>& inputs) {
  if (inputs.size() != network.inputs.size()) {
    throw Error(
        Status(Cause::bad_shape, "inputs",
               std::to_string(inputs.size()) + " are given, the network has " + std::to_string(network.inputs.size())));
  }
  std::vector<const Tensor*> values(network.tensors.size(), nullptr);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto tensor = static_cast<std::size_t>(network.inputs[i]);
    if (inputs[i] == nullptr) {
      throw Error(Status(Cause::bad_pointer, "inputs[" + std::to_string(i) + "]", "is null"));
    }
    check_input(network.tensors[tensor], *inputs[i], i);
    values[tensor] = inputs[i];
  }
  return values;
}

std::vector<Tensor> run(const Network& network, const std::vector<const Tensor*>& inputs, const RunOptions& options,
                        const std::vector<LayerCost>& costs, std::vector<LayerRun>& layers, const Observer& observer) {
  std::vector<const Tensor*> values = input_values(network, inputs);
  const std::vector<std::size_t> last = last_uses(network);
  static const LayerCost kNoCost;  // plain products want none
  std::map<std::size_t, Tensor> made;
  layers.assign(network.steps.size(), {});
  for (std::size_t s = 0; s < network.steps.size(); ++s) {
    const Step& step = network.steps[s];
    std::vector<const Tensor*> x;
    for (const Index tensor : step.inputs) x.push_back(values[static_cast<std::size_t>(tensor)]);
    const auto output = static_cast<std::size_t>(step.output);
    Tensor& y = made[output] = Tensor(network.tensors[output]);
    values[output] = &y;

    const bool product = product_of(network, step).count > 0;
    Tensor sums;
    const bool wanted = observer && options.sums && product;
    if (wanted) sums = sums_of(y.info());
    const bool array = options.executor == Executor::array && product;
    const auto start = std::chrono::steady_clock::now();
    const LayerCost& cost = costs.empty() && !array ? kNoCost : costs.at(s);
    execute(step, x, y, array ? on_array(options, cost, layers[s].array) : on_cpu(options, cost, step),
            wanted ? &sums : nullptr);
    layers[s].seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (observer) observer(step, x, y, wanted ? &sums : nullptr);
    for (auto it = made.begin(); it != made.end();) it = last[it->first] == s ? made.erase(it) : std::next(it);
  }
  std::vector<Tensor> outputs;
  for (const Index tensor : network.outputs) outputs.push_back(*values[static_cast<std::size_t>(tensor)]);
  return outputs;
}

}  // namespace septet::network
