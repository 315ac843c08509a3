// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "update.hpp"

#include "float_steps.hpp"
#include "septet/status.hpp"
#include "share.hpp"
#include "src/fp_environment.hpp"

#include <algorithm>
#include <cmath>

namespace septet::network {
namespace {

constexpr Index kBlock = 1024;  // elements that stay in the nearest cache from one line of the formula to the next

// v <- round(momentum * v) + g
void decay_and_add(const float& momentum, float* velocity, const float* gradient, Index count) {
  scale_and_add(velocity, {&momentum, true}, {gradient, false}, velocity, count);
}

void step(const Sgd& options, float* parameter, const float* gradient, float* velocity, Index count) {
  float g[kBlock];
  std::copy_n(gradient, count, g);
  if (options.weight_decay != 0) add_multiple(options.weight_decay, parameter, g, count);
  if (options.momentum != 0) {
    decay_and_add(options.momentum, velocity, g, count);
    if (options.nesterov) {
      add_multiple(options.momentum, velocity, g, count);
    } else {
      std::copy_n(velocity, count, g);
    }
  }
  add_multiple(-options.learning_rate, g, parameter, count);
}

}  // namespace

void check(const Sgd& options) {
  const auto refuse = [](const char* what, const std::string& why) { throw Error({Cause::bad_option, what, why}); };
  const std::pair<const char*, float> numbers[] = {
      {"learning_rate", options.learning_rate}, {"momentum", options.momentum}, {"weight_decay", options.weight_decay}};
  for (const auto& [what, value] : numbers) {
    if (!std::isfinite(value) || value < 0) refuse(what, std::to_string(value));
  }
  if (options.nesterov && options.momentum == 0) refuse("momentum", "0, under nesterov");
}

void check_update(const Sgd& options, const Tensor& parameter, const Tensor& gradient, const Tensor& velocity) {
  check(options);
  const auto check_alike = [&](const char* what, const Tensor& other) {
    if (!other.empty() && other.info().shape == parameter.info().shape && other.info().type == Type::f32) return;
    throw Error({Cause::bad_shape, what, "no f32 of its parameter's shape"});
  };
  check_alike("gradient", gradient);
  if (options.momentum != 0) check_alike("velocity", velocity);
}

void update(const Sgd& options, Tensor& parameter, const Tensor& gradient, Tensor& velocity) {
  check_update(options, parameter, gradient, velocity);
  const kernels::PinnedTarget target;
  const detail::FpEnvironment environment;
  constexpr Index kOperations = 4;
  share_elements(parameter.info().elements(), kOperations, [&](Index first, Index count) {
    for (Index i = first; i < first + count; i += kBlock) {
      float* moving = options.momentum == 0 ? nullptr : velocity.as<float>() + i;
      step(options, parameter.as<float>() + i, gradient.as<float>() + i, moving, std::min(kBlock, first + count - i));
    }
  });
}

}  // namespace septet::network
