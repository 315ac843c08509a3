// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "src/validate.hpp"
#include "septet/network/network.hpp"

#include "validate_step.hpp"

#include <set>

namespace septet::network {
namespace {

std::string numbered(const char* list, std::size_t i, const std::string& name) {
  std::string text = std::string(list) + "[" + std::to_string(i) + "]";
  return name.empty() ? text : text + " (" + name + ")";
}

// Which tensors have a value, as the steps go on.
class Made {
 public:
  explicit Made(const std::vector<TensorInfo>& tensors) : tensors_(tensors), made_(tensors.size(), false) {}

  void use(Index tensor, const std::string& argument) const {
    need_tensor(tensor, argument);
    if (made_[static_cast<std::size_t>(tensor)]) return;
    throw Error({Cause::bad_option, argument, quoted(tensor) + " is used before it is made"});
  }
  void make(Index tensor, const std::string& argument) {
    need_tensor(tensor, argument);
    if (made_[static_cast<std::size_t>(tensor)]) {
      throw Error({Cause::bad_option, argument, quoted(tensor) + " is made a second time"});
    }
    made_[static_cast<std::size_t>(tensor)] = true;
  }

 private:
  void need_tensor(Index tensor, const std::string& argument) const {
    const auto count = static_cast<Index>(tensors_.size());
    if (tensor >= 0 && tensor < count) return;
    throw Error({Cause::bad_option, argument,
                 "tensor " + std::to_string(tensor) + ", but there are " + std::to_string(count) + " of them"});
  }
  std::string quoted(Index tensor) const {
    return "tensor \"" + tensors_[static_cast<std::size_t>(tensor)].name + "\"";
  }

  const std::vector<TensorInfo>& tensors_;
  std::vector<bool> made_;
};

void validate_tensors(const Network& network) {
  for (std::size_t i = 0; i < network.tensors.size(); ++i) {
    validate_tensor(network.tensors[i], numbered("tensors", i, network.tensors[i].name), "it");
  }
}

void validate_steps(const Network& network) {
  Made made(network.tensors);
  for (std::size_t i = 0; i < network.inputs.size(); ++i) made.make(network.inputs[i], numbered("inputs", i, ""));
  std::set<std::string> names;
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    const Step& step = network.steps[i];
    const std::string argument = numbered("steps", i, step.name);
    if (step.name.empty()) throw Error({Cause::bad_option, argument, "has no name"});
    if (!names.insert(step.name).second) throw Error({Cause::bad_option, argument, "has the name of another step"});
    for (const Index input : step.inputs) made.use(input, argument);
    made.make(step.output, argument);
    validate_step(network, step, argument);
  }
  for (std::size_t i = 0; i < network.outputs.size(); ++i) made.use(network.outputs[i], numbered("outputs", i, ""));
}

// How many tensors a step multiplies, and in which form.
struct ProductOf {
  const Network& network;
  const Step& step;

  const TensorInfo& x() const { return network.tensors[static_cast<std::size_t>(step.inputs[0])]; }
  const TensorInfo& y() const { return network.tensors[static_cast<std::size_t>(step.output)]; }

  Product operator()(const Convolution& op) const {
    const TensorInfo& weight = op.linear.weight->info();
    return {weight.dim(0) / op.groups, y().elements() / weight.dim(0), weight.elements() / weight.dim(0), op.groups};
  }
  Product operator()(const FullyConnected& op) const {
    const TensorInfo& weight = op.linear.weight->info();
    return {weight.dim(0), y().elements() / weight.dim(0), weight.elements() / weight.dim(0), 1};
  }
  Product operator()(const MatMul& /*op*/) const {
    const Index m = y().dim(-2), n = y().dim(-1);
    return {m, n, x().dim(-1), y().elements() / (m * n)};
  }
  template <class Other>
  Product operator()(const Other& /*op*/) const {
    return {};
  }
};

}  // namespace

Status validate(const Network& network) {
  return detail::guarded([&] {
    validate_tensors(network);
    validate_steps(network);
    return Status();
  });
}

Product product_of(const Network& network, const Step& step) { return std::visit(ProductOf{network, step}, step.op); }

}  // namespace septet::network
