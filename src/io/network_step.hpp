// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One step of an index: the parts of the reader.
#pragma once

#include "json_object.hpp"
#include "septet/network/network.hpp"
#include "septet/network/quantisation.hpp"

#include <memory>
#include <string>
#include <vector>

namespace septet::io {

/// A step as the index has it, with what is known about its activations.
struct IndexStep {
  JsonObject json;
  std::string folder;                       ///< of the index: files are relative to it
  std::vector<network::TensorInfo> inputs;  ///< without those that are constants
  network::TensorInfo output;
  Rounding rounding = Rounding::gemmlowp_double;  ///< where the step names none

  JsonObject params() const { return json.object("params"); }
  JsonObject files() const { return json.object("files"); }
};

/// {"id", "name", "shape", "dtype", "scale", "zero_point"}. Throws Error.
network::TensorInfo read_tensor_info(const JsonObject& json);

/// Of the activations among a step's inputs: all that come first.
std::size_t activations_of(const JsonObject& step);

/// The operator with its weights. Throws Error.
network::Operator read_operator(const IndexStep& step);

/// The array of `files` under `key`. Throws Error about the file if it has another shape or type.
std::shared_ptr<network::Tensor> read_file(const IndexStep& step, const std::string& key, Type type,
                                           const std::vector<Index>& shape);

/// Weights, bias, clamp and requantisation. Weights of a depthwise convolution, [1][rows][columns][outputs], become
/// [outputs][rows][columns][1]. Throws Error.
network::Linear read_linear(const IndexStep& step, bool depthwise);

/// What is fused into an operator: "activation" of f32; of integers the bounds of the output: "output_clamp", or what
/// the activation leaves.
struct Fused {
  Activation activation = Activation::none;
  int low = -128, high = 127;

  template <class Op>
  void put_into(Op& op) const {
    op.activation = activation;
    op.low = low;
    op.high = high;
  }
};
/// Throws Error.
Fused read_fused(const IndexStep& step);

/// "rounding" by its name in septet/epilogue.hpp. Throws Error.
Rounding read_rounding(const JsonObject& json, Rounding otherwise);

}  // namespace septet::io
