// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Layers and their training steps.
#pragma once

#include "septet/network/training_cost.hpp"

#include <doctest/doctest.h>

namespace septet::network {

inline Layer layer_of(const ConvolutionShape& shape) {
  Layer layer;
  layer.name = "layer", layer.op = "convolution";
  layer.product = {shape.outputs / shape.groups, shape.batch * shape.out_height() * shape.out_width(),
                   shape.inputs / shape.groups * shape.window.height * shape.window.width, shape.groups};
  layer.convolution = shape;
  return layer;
}

inline std::vector<TrainingLayer> step_of(const std::vector<Layer>& layers, const TrainingStepOptions& options = {}) {
  std::vector<TrainingLayer> step;
  const Status status = training_step(layers, options, step);
  REQUIRE_MESSAGE(status.ok(), status.to_string());
  return step;
}

}  // namespace septet::network
