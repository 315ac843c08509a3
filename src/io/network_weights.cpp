// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "input.hpp"
#include "network_index_words.hpp"
#include "network_step.hpp"
#include "tensor_file.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace septet::io {
namespace {

using network::Linear;
using network::Tensor;
using network::TensorInfo;

std::shared_ptr<Tensor> read_file(const IndexStep& step, const std::string& key) {
  const JsonObject files = step.files();
  const std::string path = (std::filesystem::path(step.folder) / files.text(key)).string();
  return std::make_shared<Tensor>(read_tensor(path));
}

// One per output.
template <class T>
struct PerOutput {
  std::vector<T> values;  // empty: the index has none
  bool common = true;     // one in the file stands for all
};

template <class T>
PerOutput<T> read_per_output(const IndexStep& step, const std::string& key, Type type, Index outputs) {
  const auto tensor = read_file(step, key);
  const TensorInfo& info = tensor->info();
  const Index count = info.elements();
  if (info.type != type || info.shape.size() != 1 || (count != outputs && count != 1)) {
    step.files().fail(fmt::format("{} is {} of {}, where {} (or 1) of {} are expected", key, shape_text(info.shape),
                                  name(info.type), outputs, name(type)));
  }
  const T* first = tensor->as<T>();
  PerOutput<T> result{{first, first + count}, count == 1};
  if (count == 1) result.values.assign(static_cast<std::size_t>(outputs), first[0]);
  return result;
}

// [1][rows][columns][outputs] to [outputs][rows][columns][1].
std::shared_ptr<Tensor> outputs_first(const Tensor& weight) {
  TensorInfo info = weight.info();
  const Index taps = info.dim(1) * info.dim(2), outputs = info.dim(3), size = size_of(info.type);
  info.shape = {outputs, info.dim(1), info.dim(2), 1};
  auto result = std::make_shared<Tensor>(info);
  const auto* from = static_cast<const std::byte*>(weight.data());
  auto* to = static_cast<std::byte*>(result->data());
  for (Index output = 0; output < outputs; ++output) {
    for (Index tap = 0; tap < taps; ++tap, to += size) {
      std::memcpy(to, from + (tap * outputs + output) * size, static_cast<std::size_t>(size));
    }
  }
  return result;
}

PerOutput<float> read_scales(const IndexStep& step, const JsonObject& descriptor, Index outputs) {
  PerOutput<float> scales;
  if (step.files().has("weight_scale")) {
    scales = read_per_output<float>(step, "weight_scale", Type::f32, outputs);
  } else if (descriptor.has("scale") && !descriptor.is_text("scale")) {
    scales.values.assign(static_cast<std::size_t>(outputs), static_cast<float>(descriptor.real("scale")));
  }
  for (const float scale : scales.values) {
    if (!(scale > 0) || !std::isfinite(scale)) descriptor.fail("a scale of the weights is not a positive number");
  }
  return scales;
}

// read_tensor_info() has checked the one that the index names.
int read_zero_point(const IndexStep& step, const TensorInfo& info, Index outputs) {
  if (!step.files().has("weight_zero_point")) return info.quantisation.zero_point;
  const auto points = read_per_output<std::int32_t>(step, "weight_zero_point", Type::s32, outputs).values;
  const network::IntegerRange range = network::range_of(info.type);
  for (const std::int32_t point : points) {
    if (point != points[0]) step.files().fail("weight_zero_point: values that differ are not supported");
    if (point < range.low || point > range.high) {
      step.files().fail(fmt::format("weight_zero_point: {} is not of {}", point, name(info.type)));
    }
  }
  return points.empty() ? 0 : points[0];
}

// What the factors of sums follow from, where the index does not list those.
struct Scales {
  float input, output;
};
Scales scales_of_activations(const IndexStep& step, const JsonObject& descriptor, const PerOutput<float>& scales) {
  if (scales.values.empty()) descriptor.fail("the weights have neither a scale nor requantisation arrays");
  const Scales activations{step.inputs[0].quantisation.scale, step.output.quantisation.scale};
  if (!(activations.input > 0) || !(activations.output > 0)) {
    step.json.fail("requantisation needs the scales of input and output");
  }
  return activations;
}

void derive_multipliers(const Scales& activations, const PerOutput<float>& scales, Linear& linear) {
  for (const float scale : scales.values) {
    const network::Multiplier nearest = network::nearest_multiplier(
        network::factor_of_sums(activations.input, scale, activations.output, scales.common));
    linear.multiplier.push_back(nearest.multiplier);
    linear.shift.push_back(nearest.shift);
  }
}

void read_multipliers(const IndexStep& step, const JsonObject& descriptor, const PerOutput<float>& scales,
                      Linear& linear) {
  const JsonObject files = step.files();
  const Index outputs = linear.outputs();
  if (files.has("requant_multiplier") != files.has("requant_shift")) {
    files.fail("requant_multiplier and requant_shift belong together");
  }
  if (files.has("requant_multiplier")) {
    linear.multiplier = read_per_output<std::int32_t>(step, "requant_multiplier", Type::s32, outputs).values;
    linear.shift = read_per_output<std::int32_t>(step, "requant_shift", Type::s32, outputs).values;
  } else {
    derive_multipliers(scales_of_activations(step, descriptor, scales), scales, linear);
  }
  for (const std::int32_t shift : linear.shift) {
    if (shift < -31 || shift > 30) step.json.fail(fmt::format("a shift of {}: -31 to 30 are possible", shift));
  }
}

void read_real_scales(const IndexStep& step, const JsonObject& descriptor, const PerOutput<float>& scales,
                      Linear& linear) {
  if (step.files().has("requant_scale")) {
    linear.scale = read_per_output<float>(step, "requant_scale", Type::f32, linear.outputs()).values;
  } else {
    const Scales activations = scales_of_activations(step, descriptor, scales);
    for (const float scale : scales.values) {
      linear.scale.push_back(network::float_factor_of_sums(activations.input, scale, activations.output));
    }
  }
  for (const float scale : linear.scale) {
    if (!(scale >= 0) || !std::isfinite(scale)) step.json.fail("a scale of sums is negative or not finite");
  }
}

void read_requantisation(const IndexStep& step, const JsonObject& descriptor, const PerOutput<float>& scales,
                         Linear& linear) {
  linear.rounding = read_rounding(step.json, step.rounding);
  const bool by_scale = linear.rounding == Rounding::fp32_nearest_even;
  for (const char* key : {"requant_multiplier", "requant_shift", "requant_scale"}) {
    if (step.files().has(key) && by_scale != (std::string_view(key) == "requant_scale")) {
      step.files().fail(fmt::format("{} does not go with the rounding {}", key, name(linear.rounding)));
    }
  }
  by_scale ? read_real_scales(step, descriptor, scales, linear) : read_multipliers(step, descriptor, scales, linear);
}

// Weights of bytes where activations are f32: stored small, but numbers.
std::shared_ptr<Tensor> dequantised(const IndexStep& step, const Tensor& weight, const PerOutput<float>& scales) {
  if (scales.values.empty()) step.json.fail("integer weights of f32 activations have no scale");
  TensorInfo info = weight.info();
  const Type type = info.type;
  const int zero_point = info.quantisation.zero_point;
  info.type = Type::f32;
  info.quantisation = {};
  auto result = std::make_shared<Tensor>(info);
  const Index outputs = info.dim(0), width = outputs == 0 ? 0 : info.elements() / outputs;
  for (Index i = 0; i < outputs * width; ++i) {
    const int stored = type == Type::s8 ? int{weight.as<std::int8_t>()[i]} : int{weight.as<std::uint8_t>()[i]};
    const float scale = scales.values[static_cast<std::size_t>(i / width)];
    result->as<float>()[i] = scale * static_cast<float>(stored - zero_point);
  }
  return result;
}

std::shared_ptr<Tensor> read_weight(const IndexStep& step, const JsonObject& descriptor, bool depthwise) {
  const TensorInfo info = read_tensor_info(descriptor);
  const std::size_t dimensions = step.json.text("op") == "FULLY_CONNECTED" ? 2 : 4;
  if (info.shape.size() != dimensions) {
    descriptor.fail(fmt::format("weights of shape {}: {} dimensions are expected", shape_text(info.shape), dimensions));
  }
  if (depthwise && info.shape[0] != 1) {
    descriptor.fail(
        fmt::format("weights of shape {}: the first dimension of depthwise ones is 1", shape_text(info.shape)));
  }
  const auto weight = read_file(step, "weight", info.type, info.shape);
  return depthwise ? outputs_first(*weight) : weight;
}

}  // namespace

std::shared_ptr<Tensor> read_file(const IndexStep& step, const std::string& key, Type type,
                                  const std::vector<Index>& shape) {
  auto tensor = read_file(step, key);
  const TensorInfo& info = tensor->info();
  if (info.type != type || info.shape != shape) {
    const std::string path = (std::filesystem::path(step.folder) / step.files().text(key)).string();
    fail(path, fmt::format("{} of {}, where the index has {} of {} ({})", shape_text(info.shape), name(info.type),
                           shape_text(shape), name(type), step.json.place(key)));
  }
  return tensor;
}

Linear read_linear(const IndexStep& step, bool depthwise) {
  const std::vector<JsonObject> descriptors = step.json.objects("inputs");
  if (descriptors.size() < 2) step.json.fail("inputs: the weights are missing");
  const JsonObject& descriptor = descriptors[1];
  Linear linear;
  auto weight = read_weight(step, descriptor, depthwise);
  const Index outputs = weight->info().dim(0);
  const bool integer = step.output.type != Type::f32;
  if (descriptors.size() > 2 || step.files().has("bias")) {
    linear.bias = read_file(step, "bias", integer ? Type::s32 : Type::f32, {outputs});
  }
  PerOutput<float> scales;
  if (weight->info().type != Type::f32) {
    scales = read_scales(step, descriptor, outputs);
    network::Quantisation quantisation;
    quantisation.scale = scales.common && !scales.values.empty() ? scales.values[0] : 0;
    quantisation.zero_point = read_zero_point(step, read_tensor_info(descriptor), outputs);
    weight->set_quantisation(quantisation);
    if (!integer) weight = dequantised(step, *weight, scales);
  }
  linear.weight = weight;
  read_fused(step).put_into(linear);
  if (integer) read_requantisation(step, descriptor, scales, linear);
  return linear;
}

}  // namespace septet::io
