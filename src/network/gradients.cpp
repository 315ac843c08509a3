// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/gradients.hpp"

#include "gradient_operators.hpp"
#include "kernels/dispatch.hpp"
#include "parameters.hpp"
#include "src/fp_environment.hpp"
#include "src/threads.hpp"

#include <type_traits>

namespace septet::network {
namespace {

using Parameters = std::vector<std::shared_ptr<const Tensor>>;

template <class Op, class... Ops>
constexpr bool is_one_of = (std::is_same_v<Op, Ops> || ...);

template <class Op>
constexpr bool multiplies = is_one_of<Op, Convolution, FullyConnected, MatMul>;
template <class Op>
constexpr bool has_gradient = !is_one_of<Op, Quantise>;

TensorInfo gradient_info(const TensorInfo& of) {
  return {of.name, is_integer(of.type) ? Type::s32 : Type::f32, of.shape, {}};
}

void check(const std::string& argument, const TensorInfo& want, const TensorInfo& got) {
  if (got.type != want.type) {
    throw Error({Cause::bad_type, argument, std::string(name(got.type)) + " for " + name(want.type)});
  }
  if (got.shape != want.shape) throw Error({Cause::bad_shape, argument, "not of its operand's shape"});
}

// What is wanted: of its operand's shape?
void check(const std::string& argument, const std::vector<const Tensor*>& operands, const std::vector<Tensor>& given) {
  if (given.size() != operands.size()) {
    throw Error({Cause::bad_shape, argument,
                 std::to_string(given.size()) + " are given, the step has " + std::to_string(operands.size())});
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i].empty()) continue;
    check(argument + "[" + std::to_string(i) + "]", gradient_info(operands[i]->info()), given[i].info());
  }
}

void check_dy(const Tensor& y, const Tensor& dy) {
  const Type type = dy.info().type;
  const bool quantised = type == Type::s8 || type == Type::u8;
  if (is_integer(y.info().type) && !quantised) {
    throw Error({Cause::bad_type, "dy", std::string(name(type)) + ", not s8 or u8 as y's gradient is"});
  }
  check("dy", {"", is_integer(y.info().type) ? type : Type::f32, y.info().shape, {}}, dy.info());
}

}  // namespace

Parameters parameters_of(const Operator& op) {
  Parameters parameters;
  const auto add = [&](const std::shared_ptr<const Tensor>& parameter) { parameters.push_back(parameter); };
  std::visit([&](const auto& of) { each_parameter(of, add); }, op);
  return parameters;
}

StepGradients zero_gradients(const Step& step, const std::vector<const Tensor*>& x) {
  StepGradients gradients;
  const bool indices = std::holds_alternative<EmbeddingBag>(step.op);
  for (const Tensor* input : x) gradients.inputs.push_back(indices ? Tensor() : Tensor(gradient_info(input->info())));
  for (const auto& parameter : parameters_of(step.op))
    gradients.parameters.emplace_back(gradient_info(parameter->info()));
  return gradients;
}

void backward(const Step& step, const std::vector<const Tensor*>& x, const Tensor& y, const Tensor& dy,
              StepGradients& gradients, const Execution& execution) {
  throw_if_error(kernels::target_status());
  throw_if_error(detail::threads_status());
  const Parameters own = parameters_of(step.op);
  std::vector<const Tensor*> parameters;
  for (const auto& parameter : own) parameters.push_back(parameter.get());
  check_dy(y, dy);
  check("gradients.inputs", x, gradients.inputs);
  check("gradients.parameters", parameters, gradients.parameters);
  std::visit(
      [&](const auto& op) {
        using Op = std::decay_t<decltype(op)>;
        if constexpr (multiplies<Op>) {
          backward(op, x, y, dy, gradients, execution);
        } else if constexpr (has_gradient<Op>) {
          check("y", {"", Type::f32, y.info().shape, {}}, y.info());
          const kernels::PinnedTarget target;
          const detail::FpEnvironment environment;
          backward(op, x, y, dy, gradients);
        } else {
          throw Error({Cause::bad_option, "step", std::string(name(step.op)) + " has no gradient"});
        }
      },
      step.op);
}

}  // namespace septet::network
