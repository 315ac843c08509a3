// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/training.hpp"

#include "batch_norm.hpp"
#include "gradient_operators.hpp"
#include "loss.hpp"
#include "parameters.hpp"
#include "run_inputs.hpp"
#include "share.hpp"
#include "src/fp_environment.hpp"
#include "update.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

namespace septet::network {
namespace {

std::size_t at(Index tensor) { return static_cast<std::size_t>(tensor); }

// What a fused activation lets back through is to be seen in y (activation_gradient.hpp).
bool is_undone(Activation activation) { return activation <= Activation::relu6; }
template <class Op>
bool has_gradient(const Op& op) {
  if constexpr (std::is_same_v<Op, Convolution> || std::is_same_v<Op, FullyConnected>) {
    return is_undone(op.linear.activation);
  } else if constexpr (std::is_same_v<Op, MaxPool> || std::is_same_v<Op, AveragePool> || std::is_same_v<Op, Add>) {
    return is_undone(op.activation);
  } else {
    return !std::is_same_v<Op, Quantise>;
  }
}

[[noreturn]] void refuse(const Network& network, std::size_t s, Cause cause, const char* why) {
  throw Error({cause, "steps[" + std::to_string(s) + "] (" + network.steps[s].name + ")", why});
}

void check(const TrainingOptions& options) {
  check(options.sgd);
  const auto refuse = [](const char* what, double value, const char* why) {
    throw Error({Cause::bad_option, what, std::to_string(value) + why});
  };
  const double epsilon = options.epsilon, share = options.running_share;
  if (!std::isfinite(epsilon) || epsilon < 0) refuse("epsilon", epsilon, ", no finite number of 0 or more");
  if (!(share >= 0 && share <= 1)) refuse("running_share", share, ", not 0 to 1");
}

void check(const Network& network) {
  throw_if_error(validate(network));
  for (std::size_t s = 0; s < network.steps.size(); ++s) {
    const Step& step = network.steps[s];
    const bool gradient = std::visit([](const auto& op) { return has_gradient(op); }, step.op);
    if (!gradient) refuse(network, s, Cause::bad_option, "it, or what is fused to it, has no gradient");
    bool floats = network.tensors[at(step.output)].type == Type::f32;
    for (const auto& parameter : parameters_of(step.op)) floats = floats && parameter->info().type == Type::f32;
    if (!floats) refuse(network, s, Cause::bad_type, "only f32 is trained");
  }
}

// Of what a loss has written.
void check_gradients(const Network& network, const std::vector<Tensor>& gradients) {
  if (gradients.size() != network.outputs.size()) {
    throw Error({Cause::bad_shape, "gradients",
                 std::to_string(gradients.size()) + ", the network has " + std::to_string(network.outputs.size()) +
                     " outputs"});
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const TensorInfo &want = network.tensors[at(network.outputs[i])], &got = gradients[i].info();
    if (!gradients[i].empty() && got.type == want.type && got.shape == want.shape) continue;
    throw Error({Cause::bad_shape, "gradients[" + std::to_string(i) + "]", "no f32 of its output's shape"});
  }
}

// to <- to + from, or from where there is nothing yet; what is left of from.
Tensor add(Tensor& to, Tensor from) {
  if (to.empty()) {
    to = std::move(from);
    return {};
  }
  share_elements(to.info().elements(), 1, [&](Index first, Index count) {
    float* sums = to.as<float>() + first;
    const float* more = from.as<float>() + first;
    for (Index i = 0; i < count; ++i) sums[i] += more[i];
  });
  return from;
}

// Memory of gradients that are gone, for those that come: fresh pages cost as much as what is done with them.
class Spares {
 public:
  /// Elements are anything.
  Tensor take(const TensorInfo& info) {
    const auto bytes = static_cast<std::size_t>(info.elements() * size_of(info.type));
    const auto fits = [&](const Tensor& one) { return one.bytes() == bytes; };
    const auto it = std::find_if(tensors_.rbegin(), tensors_.rend(), fits);
    if (it == tensors_.rend()) return Tensor(info);
    Tensor tensor = std::move(*it);
    tensors_.erase(std::next(it).base());
    tensor.relabel(info);
    return tensor;
  }
  void give(Tensor tensor) { tensors_.push_back(std::move(tensor)); }

 private:
  std::vector<Tensor> tensors_;
};

struct Parameter {
  std::shared_ptr<Tensor> value;
  Tensor gradient, velocity;
};

// y = gamma * (x - mean) / sqrt(variance + epsilon) + beta as y = x * factor + term.
void fold(const BatchStatistics& running, double epsilon, BatchNorm& op) {
  const detail::FpEnvironment environment;
  const TensorInfo& info = op.factor->info();
  Tensor factor(info), term(op.term->info());
  for (Index c = 0; c < info.elements(); ++c) {
    const double by = op.factor->as<float>()[c] / std::sqrt(running.variance[at(c)] + epsilon);
    factor.as<float>()[c] = static_cast<float>(by);
    term.as<float>()[c] = static_cast<float>(op.term->as<float>()[c] - running.mean[at(c)] * by);
  }
  op.factor = std::make_shared<const Tensor>(std::move(factor));
  op.term = std::make_shared<const Tensor>(std::move(term));
}

}  // namespace

struct Training::State {
  State(Network network_, TrainingOptions options_);

  void run(const std::vector<const Tensor*>& inputs);
  void go_back(std::vector<Tensor> slopes);
  std::vector<const Tensor*> inputs_of(const Step& step) const;
  // Does this step normalise by its batch's statistics?
  const BatchNorm* normaliser(const Step& step) const {
    return options.batch_statistics ? std::get_if<BatchNorm>(&step.op) : nullptr;
  }

  Network network;
  TrainingOptions options;
  std::vector<Parameter> parameters;
  std::vector<std::vector<std::size_t>> of_step;     // its parameters
  std::vector<char> leads;                           // by tensor: to a parameter
  std::vector<BatchStatistics> statistics, running;  // by step: of normalisers
  std::vector<Tensor> made;                          // by tensor
  std::vector<const Tensor*> values;                 // by tensor: inputs, too
  Spares spares;

 private:
  void own_parameters(std::size_t s, std::map<const Tensor*, std::size_t>& known);
  void normalise_step(std::size_t s, const BatchNorm& op, const Tensor& x, Tensor& y);
  void go_back_through(std::size_t s, const Tensor& dy, std::vector<Tensor>& slopes);
};

Training::State::State(Network network_, TrainingOptions options_)
    : network(std::move(network_)), options(std::move(options_)) {
  check(options), check(network);
  const std::size_t steps = network.steps.size(), tensors = network.tensors.size();
  of_step.resize(steps), statistics.resize(steps), running.resize(steps);
  leads.resize(tensors, 0), made.resize(tensors), values.resize(tensors, nullptr);
  std::map<const Tensor*, std::size_t> known;
  for (std::size_t s = 0; s < steps; ++s) {
    const Step& step = network.steps[s];
    own_parameters(s, known);
    char& leads_on = leads[at(step.output)];
    leads_on = of_step[s].empty() ? 0 : 1;
    for (const Index input : step.inputs) leads_on = leads_on || leads[at(input)] ? 1 : 0;
    made[at(step.output)] = Tensor(network.tensors[at(step.output)]);
    if (const BatchNorm* op = normaliser(step)) {
      const auto channels = at(op->factor->info().elements());
      running[s] = {std::vector<double>(channels, 0.0), std::vector<double>(channels, 1.0)};
    }
  }
}

void Training::State::own_parameters(std::size_t s, std::map<const Tensor*, std::size_t>& known) {
  const auto take = [&](std::shared_ptr<const Tensor>& parameter) {
    const auto [it, is_new] = known.emplace(parameter.get(), parameters.size());
    const std::vector<std::size_t>& own = of_step[s];
    if (std::find(own.begin(), own.end(), it->second) != own.end()) {
      refuse(network, s, Cause::bad_option, "one tensor is two of its parameters");
    }
    if (is_new) {
      const TensorInfo& info = parameter->info();
      parameters.push_back({std::make_shared<Tensor>(*parameter), Tensor(info), {}});
      if (options.sgd.momentum != 0) parameters.back().velocity = Tensor(info);
    }
    of_step[s].push_back(it->second);
    parameter = parameters[it->second].value;
  };
  std::visit([&](auto& op) { each_parameter(op, take); }, network.steps[s].op);
}

std::vector<const Tensor*> Training::State::inputs_of(const Step& step) const {
  std::vector<const Tensor*> x;
  for (const Index tensor : step.inputs) x.push_back(values[at(tensor)]);
  return x;
}

void Training::State::normalise_step(std::size_t s, const BatchNorm& op, const Tensor& x, Tensor& y) {
  const detail::FpEnvironment environment;
  statistics[s] = normalise(x, *op.factor, *op.term, options.epsilon, y);
  const std::size_t channels = statistics[s].mean.size();
  const double n = static_cast<double>(x.info().elements()) / static_cast<double>(channels),
               share = options.running_share;
  const double unbiased = n > 1 ? n / (n - 1) : 1;  // PyTorch's estimate of the variance
  for (std::size_t c = 0; c < channels; ++c) {
    double &mean = running[s].mean[c], &variance = running[s].variance[c];
    mean = (1 - share) * mean + share * statistics[s].mean[c];
    variance = (1 - share) * variance + share * unbiased * statistics[s].variance[c];
  }
}

void Training::State::run(const std::vector<const Tensor*>& inputs) {
  values = input_values(network, inputs);
  for (std::size_t s = 0; s < network.steps.size(); ++s) {
    const Step& step = network.steps[s];
    const std::vector<const Tensor*> x = inputs_of(step);
    Tensor& y = made[at(step.output)];
    values[at(step.output)] = &y;
    if (const BatchNorm* op = normaliser(step)) {
      normalise_step(s, *op, *x[0], y);
    } else {
      execute(step, x, y, options.execution);
    }
  }
}

// slopes: by tensor, the gradients that are known.
void Training::State::go_back(std::vector<Tensor> slopes) {
  for (std::size_t s = network.steps.size(); s-- > 0;) {
    const auto output = at(network.steps[s].output);
    Tensor dy = std::move(slopes[output]);
    if (!dy.empty() && leads[output] != 0) go_back_through(s, dy, slopes);
    if (!dy.empty()) spares.give(std::move(dy));
  }
}

void Training::State::go_back_through(std::size_t s, const Tensor& dy, std::vector<Tensor>& slopes) {
  const Step& step = network.steps[s];
  const std::vector<const Tensor*> x = inputs_of(step);
  StepGradients gradients;
  for (const Index input : step.inputs) {
    gradients.inputs.push_back(leads[at(input)] != 0 ? spares.take(network.tensors[at(input)]) : Tensor());
  }
  for (const std::size_t p : of_step[s]) gradients.parameters.push_back(std::move(parameters[p].gradient));
  if (const BatchNorm* op = normaliser(step)) {
    normalise_gradient(*x[0], *op->factor, options.epsilon, statistics[s], dy, gradients.inputs[0],
                       gradients.parameters[0], gradients.parameters[1]);
  } else {
    backward(step, x, made[at(step.output)], dy, gradients, options.execution);
  }
  for (std::size_t i = 0; i < of_step[s].size(); ++i) {
    parameters[of_step[s][i]].gradient = std::move(gradients.parameters[i]);
  }
  for (std::size_t i = 0; i < step.inputs.size(); ++i) {
    if (gradients.inputs[i].empty()) continue;
    Tensor rest = add(slopes[at(step.inputs[i])], std::move(gradients.inputs[i]));
    if (!rest.empty()) spares.give(std::move(rest));
  }
}

Training::Training(Network network, TrainingOptions options)
    : state_(std::make_unique<State>(std::move(network), std::move(options))) {}
Training::~Training() = default;
Training::Training(Training&&) noexcept = default;
Training& Training::operator=(Training&&) noexcept = default;

double Training::accumulate(const std::vector<const Tensor*>& inputs, const Loss& loss) {
  State& state = *state_;
  state.run(inputs);
  std::vector<const Tensor*> outputs;
  std::vector<Tensor> gradients, slopes(state.network.tensors.size());
  for (const Index output : state.network.outputs) {
    outputs.push_back(state.values[at(output)]);
    gradients.push_back(state.spares.take(state.network.tensors[at(output)]));
    std::memset(gradients.back().data(), 0, gradients.back().bytes());
  }
  const double value = loss(outputs, gradients);
  check_gradients(state.network, gradients);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    add(slopes[at(state.network.outputs[i])], std::move(gradients[i]));
  }
  state.go_back(std::move(slopes));
  return value;
}

double Training::accumulate(const std::vector<const Tensor*>& inputs, const Tensor& labels, Index batch) {
  const std::size_t outputs = state_->network.outputs.size();
  if (outputs != 1) {
    throw Error({Cause::bad_option, "labels", "the network has " + std::to_string(outputs) + " outputs, not one"});
  }
  return accumulate(inputs, [&](const std::vector<const Tensor*>& logits, std::vector<Tensor>& gradients) {
    double loss = 0;
    softmax_cross_entropy(*logits[0], labels, batch, loss, gradients[0]);
    return loss;
  });
}

void Training::update() {
  const Sgd& sgd = state_->options.sgd;
  for (const Parameter& p : state_->parameters) check_update(sgd, *p.value, p.gradient, p.velocity);
  for (Parameter& p : state_->parameters) network::update(sgd, *p.value, p.gradient, p.velocity);
  clear();
}

void Training::clear() {
  for (Parameter& p : state_->parameters) {
    if (p.gradient.empty()) p.gradient = Tensor(p.value->info());  // an exception has come between
    std::memset(p.gradient.data(), 0, p.gradient.bytes());
  }
}

const Network& Training::network() const { return state_->network; }

const Tensor& Training::gradient(std::size_t step, std::size_t parameter) const {
  return state_->parameters[state_->of_step.at(step).at(parameter)].gradient;
}

const Tensor& Training::value(Index tensor) const { return state_->made.at(at(tensor)); }

Network Training::trained() const {
  Network network = state_->network;
  std::map<const Tensor*, std::shared_ptr<const Tensor>> copies;
  const auto copy = [&](std::shared_ptr<const Tensor>& parameter) {
    std::shared_ptr<const Tensor>& one = copies[parameter.get()];
    if (!one) one = std::make_shared<const Tensor>(*parameter);
    parameter = one;
  };
  for (std::size_t s = 0; s < network.steps.size(); ++s) {
    Operator& op = network.steps[s].op;
    std::visit([&](auto& of) { each_parameter(of, copy); }, op);
    if (state_->normaliser(network.steps[s]) != nullptr) {
      fold(state_->running[s], state_->options.epsilon, std::get<BatchNorm>(op));
    }
  }
  return network;
}

}  // namespace septet::network
