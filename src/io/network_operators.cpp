// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "network_index_words.hpp"
#include "network_step.hpp"

#include "input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace septet::io {
namespace {

using network::Operator;
using network::Window;

// Of a window's sizes; validate() compares them with the image.
constexpr Index kMost = Index{1} << 24;

// How many elements "SAME" puts in front and behind, TensorFlow's rule: as many outputs as strides fit, the odd one
// behind.
struct Padding {
  Index before = 0, after = 0;
};

Padding same_padding(Index in, Index window, Index stride, Index dilation) {
  const Index outputs = (in + stride - 1) / stride;
  const Index total = std::max<Index>((outputs - 1) * stride + dilation * (window - 1) + 1 - in, 0);
  return {total / 2, total - total / 2};
}

Index positive(const JsonObject& params, const std::string& key, Index otherwise) {
  const Index value = params.integer(key, otherwise);
  if (value < 1 || value > kMost) params.fail(fmt::format("{} is {}, not of 1 to {}", key, value, kMost));
  return value;
}

Padding read_padding(const JsonObject& params, const std::string& key, Index in, Index window, Index stride,
                     Index dilation) {
  const std::string rule = params.text("padding", "EXPLICIT");
  if (rule != "SAME" && rule != "VALID" && rule != "EXPLICIT") params.fail("unknown padding " + io::quoted(rule));
  const Padding implied = rule == "SAME" ? same_padding(in, window, stride, dilation) : Padding{};
  if (!params.has(key)) return implied;
  const std::vector<Index> given = params.integers(key);
  if (given.size() != 2) params.fail(key + " is not [before, after]");
  for (const Index pad : given) {
    if (pad < 0 || pad > kMost) params.fail(fmt::format("{} of {}, not of 0 to {}", key, pad, kMost));
  }
  if (rule != "EXPLICIT" && (given[0] != implied.before || given[1] != implied.after)) {
    params.fail(fmt::format("{} [{}, {}], but {} is [{}, {}] here", key, given[0], given[1], rule, implied.before,
                            implied.after));
  }
  return {given[0], given[1]};
}

Window read_window(const IndexStep& step, Index height, Index width) {
  const JsonObject params = step.params();
  if (step.inputs[0].shape.size() != 4) step.json.fail("the input is no image: four dimensions are expected");
  Window window;
  window.height = height;
  window.width = width;
  window.stride_h = positive(params, "stride_h", 1);
  window.stride_w = positive(params, "stride_w", 1);
  window.dilation_h = positive(params, "dilation_h", 1);
  window.dilation_w = positive(params, "dilation_w", 1);
  const Padding rows = read_padding(params, "pad_h", step.inputs[0].dim(1), height, window.stride_h, window.dilation_h);
  const Padding columns =
      read_padding(params, "pad_w", step.inputs[0].dim(2), width, window.stride_w, window.dilation_w);
  window.pad_top = rows.before;
  window.pad_bottom = rows.after;
  window.pad_left = columns.before;
  window.pad_right = columns.after;
  return window;
}

template <class Pool>
Pool read_pool(const IndexStep& step) {
  const JsonObject params = step.params();
  params.require_known({"padding", "pad_h", "pad_w", "stride_h", "stride_w", "dilation_h", "dilation_w", "filter_h",
                        "filter_w", "activation"});
  Pool pool;
  pool.window = read_window(step, positive(params, "filter_h", 0), positive(params, "filter_w", 0));
  read_fused(step).put_into(pool);
  return pool;
}

Operator read_convolution(const IndexStep& step, bool depthwise) {
  const JsonObject params = step.params();
  params.require_known({"padding", "pad_h", "pad_w", "stride_h", "stride_w", "dilation_h", "dilation_w",
                        "depth_multiplier", "activation"});
  network::Convolution convolution;
  convolution.linear = read_linear(step, depthwise);
  const network::TensorInfo& weight = convolution.linear.weight->info();
  convolution.window = read_window(step, weight.dim(1), weight.dim(2));
  const Index channels = step.inputs[0].dim(3);
  if (weight.dim(3) < 1 || channels % weight.dim(3) != 0) {
    step.json.fail(fmt::format("weights of {} inputs where the input has {}", weight.dim(3), channels));
  }
  convolution.groups = channels / weight.dim(3);
  const Index groups = step.json.integer("groups", convolution.groups);
  if (groups != convolution.groups) {
    step.json.fail(fmt::format("groups is {}, but {} inputs with weights of {} make {}", groups, channels,
                               weight.dim(3), convolution.groups));
  }
  if (depthwise && params.has("depth_multiplier")) {
    const Index multiplier = params.integer("depth_multiplier");
    Index outputs = 0;
    if (__builtin_mul_overflow(multiplier, channels, &outputs) || outputs != weight.dim(0)) {
      params.fail(
          fmt::format("depth_multiplier is {}, but {} inputs have {} outputs", multiplier, channels, weight.dim(0)));
    }
  }
  return convolution;
}

Operator read_fully_connected(const IndexStep& step) {
  step.params().require_known({"activation", "keep_num_dims"});
  return network::FullyConnected{read_linear(step, false)};
}

Operator read_add(const IndexStep& step) {
  step.params().require_known({"activation"});
  network::Add add;
  read_fused(step).put_into(add);
  return add;
}

float read_number(const JsonObject& params, const std::string& key, double otherwise) {
  const auto number = static_cast<float>(params.real(key, otherwise));
  if (!std::isfinite(number)) params.fail(key + " is beyond f32");
  return number;
}

Operator read_matmul(const IndexStep& step) {
  step.params().require_known({"transposed", "scale"});
  network::MatMul op{step.params().truth("transposed", false), read_number(step.params(), "scale", 1)};
  if (step.output.type == Type::f32) return op;
  op.rounding = read_rounding(step.json, step.rounding);
  const Fused fused = read_fused(step);
  op.low = fused.low, op.high = fused.high;
  return op;
}

Operator read_softmax(const IndexStep& step) {
  step.params().require_known({"beta"});
  return network::Softmax{read_number(step.params(), "beta", 1)};
}

Operator read_batch_norm(const IndexStep& step) {
  const std::vector<Index> channels{step.output.shape.empty() ? 1 : step.output.dim(-1)};
  return network::BatchNorm{read_file(step, "factor", Type::f32, channels),
                            read_file(step, "term", Type::f32, channels)};
}

Operator read_layer_norm(const IndexStep& step) {
  step.params().require_known({"epsilon"});
  const std::vector<Index> width{step.output.shape.empty() ? 1 : step.output.dim(-1)};
  return network::LayerNorm{read_file(step, "gamma", Type::f32, width), read_file(step, "beta", Type::f32, width),
                            read_number(step.params(), "epsilon", 1e-5)};
}

Operator read_embedding_bag(const IndexStep& step) {
  const std::vector<JsonObject> inputs = step.json.objects("inputs");
  if (inputs.size() != 3) step.json.fail("inputs: indices, offsets and the table are expected");
  step.params().require_known({"mode", "sums"});
  const network::TensorInfo info = read_tensor_info(inputs[2]);
  const std::string word = step.params().text("mode", "sum");
  const auto* mode = words::find(words::kModes, word);
  if (mode == nullptr) step.params().fail("unknown mode " + io::quoted(word));
  const std::string sums = step.params().text("sums", "float32");
  const Type* type = words::find(words::kTypes, sums);
  if (type == nullptr || (*type != Type::f32 && *type != Type::f16)) step.params().fail("sums is " + io::quoted(sums));
  return network::EmbeddingBag{read_file(step, "table", info.type, info.shape), *mode, *type};
}

// What has neither weights nor parameters.
template <class Plain>
Operator plain(const IndexStep& step, Plain op) {
  step.params().require_known({});
  return op;
}

}  // namespace

Fused read_fused(const IndexStep& step) {
  const std::string word = step.params().text("activation", "NONE");
  const auto* activation = words::find(words::kActivations, word);
  if (activation == nullptr) step.params().fail("unknown activation " + io::quoted(word));
  const network::TensorInfo& output = step.output;
  if (output.type != Type::s8 && output.type != Type::u8) return {*activation};
  if (*activation != Activation::none && *activation != Activation::relu && *activation != Activation::relu6) {
    step.params().fail(word + " cannot be fused into integers");
  }
  const network::IntegerRange range = network::range_of(output.type);
  if (!step.json.has("output_clamp")) {
    const auto left = network::activated_range(*activation, output.type, output.quantisation);
    return {Activation::none, left.low, left.high};
  }
  const std::vector<Index> clamp = step.json.integers("output_clamp");
  if (clamp.size() != 2 || clamp[0] < range.low || clamp[0] > clamp[1] || clamp[1] > range.high) {
    step.json.fail(fmt::format("output_clamp is not [low, high] within {} to {}", range.low, range.high));
  }
  return {Activation::none, static_cast<int>(clamp[0]), static_cast<int>(clamp[1])};
}

Rounding read_rounding(const JsonObject& json, Rounding otherwise) {
  if (!json.has("rounding")) return otherwise;
  const std::string word = json.text("rounding");
  for (const Rounding rounding : words::kRoundings) {
    if (word == name(rounding)) return rounding;
  }
  json.fail("unknown rounding " + io::quoted(word));
}

std::size_t activations_of(const JsonObject& step) {
  const std::string op = step.text("op");
  return op == "ADD" || op == "BATCH_MATMUL" || op == "EMBEDDING_BAG" ? 2 : 1;
}

Operator read_operator(const IndexStep& step) {
  struct Reader {
    std::string_view op;
    Operator (*read)(const IndexStep&);
  };
  static constexpr Reader kReaders[] = {
      {"CONV_2D", [](const IndexStep& s) { return read_convolution(s, false); }},
      {"DEPTHWISE_CONV_2D", [](const IndexStep& s) { return read_convolution(s, true); }},
      {"FULLY_CONNECTED", read_fully_connected},
      {"BATCH_MATMUL", read_matmul},
      {"EMBEDDING_BAG", read_embedding_bag},
      {"MAX_POOL_2D", [](const IndexStep& s) -> Operator { return read_pool<network::MaxPool>(s); }},
      {"AVERAGE_POOL_2D", [](const IndexStep& s) -> Operator { return read_pool<network::AveragePool>(s); }},
      {"MEAN", [](const IndexStep& s) { return plain(s, network::Mean{}); }},
      {"ADD", read_add},
      {"BATCH_NORM", read_batch_norm},
      {"LAYER_NORM", read_layer_norm},
      {"SOFTMAX", read_softmax},
      {"QUANTIZE", [](const IndexStep& s) { return plain(s, network::Quantise{}); }},
      {"DEQUANTIZE", [](const IndexStep& s) { return plain(s, network::Quantise{}); }},
      {"RESHAPE", [](const IndexStep& s) { return plain(s, network::Reshape{}); }}};
  const std::string op = step.json.text("op");
  for (const Reader& reader : kReaders) {
    if (reader.op == op) return reader.read(step);
  }
  const auto* activation = words::find(words::kActivations, op);
  if (activation == nullptr || *activation == Activation::none) {
    step.json.fail("unknown operator " + io::quoted(op));
  }
  return plain(step, network::Activate{*activation});
}

}  // namespace septet::io
