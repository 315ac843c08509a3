// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "network_support.hpp"

#include <doctest/doctest.h>

#include <cstring>

namespace septet::io::test {
namespace {

using network::Linear;
using network::Network;
using network::Tensor;
using network::TensorInfo;
using network::Window;

bool same(const network::Quantisation& left, const network::Quantisation& right) {
  return left.scale == right.scale && left.zero_point == right.zero_point;
}

void check_same(const TensorInfo& left, const TensorInfo& right) {
  CHECK(left.type == right.type);
  CHECK(left.shape == right.shape);
  CHECK(same(left.quantisation, right.quantisation));
}

using Constant = std::shared_ptr<const Tensor>;

void check_same(const Constant& left, const Constant& right) {
  REQUIRE((left == nullptr) == (right == nullptr));
  if (left == nullptr) return;
  check_same(left->info(), right->info());
  REQUIRE(left->bytes() == right->bytes());
  CHECK((left->bytes() == 0 || std::memcmp(left->data(), right->data(), left->bytes()) == 0));
}

void check_same(const Window& left, const Window& right) {
  CHECK(left.height == right.height);
  CHECK(left.width == right.width);
  CHECK(left.stride_h == right.stride_h);
  CHECK(left.stride_w == right.stride_w);
  CHECK(left.dilation_h == right.dilation_h);
  CHECK(left.dilation_w == right.dilation_w);
  CHECK(left.pad_top == right.pad_top);
  CHECK(left.pad_bottom == right.pad_bottom);
  CHECK(left.pad_left == right.pad_left);
  CHECK(left.pad_right == right.pad_right);
}

void check_same(const Linear& left, const Linear& right) {
  check_same(left.weight, right.weight);
  check_same(left.bias, right.bias);
  CHECK(left.multiplier == right.multiplier);
  CHECK(left.shift == right.shift);
  CHECK(left.scale == right.scale);
  CHECK(left.rounding == right.rounding);
  CHECK(left.low == right.low);
  CHECK(left.high == right.high);
  CHECK(left.activation == right.activation);
}

template <class Op>
void check_fused(const Op& left, const Op& right) {
  CHECK(left.low == right.low);
  CHECK(left.high == right.high);
  CHECK(left.activation == right.activation);
}

// The right one has been checked to be of the same kind.
struct SameOperator {
  const network::Operator& other;

  template <class Op>
  const Op& right(const Op& /*left*/) const {
    return std::get<Op>(other);
  }

  void operator()(const network::Convolution& op) const {
    check_same(op.linear, right(op).linear);
    check_same(op.window, right(op).window);
    CHECK(op.groups == right(op).groups);
  }
  void operator()(const network::FullyConnected& op) const { check_same(op.linear, right(op).linear); }
  void operator()(const network::MatMul& op) const {
    CHECK(op.transposed == right(op).transposed);
    CHECK(op.scale == right(op).scale);
    CHECK(op.rounding == right(op).rounding);
    CHECK(op.low == right(op).low);
    CHECK(op.high == right(op).high);
  }
  void operator()(const network::EmbeddingBag& op) const {
    check_same(op.table, right(op).table);
    CHECK(op.mode == right(op).mode);
    CHECK(op.sums == right(op).sums);
  }
  void operator()(const network::MaxPool& op) const {
    check_same(op.window, right(op).window);
    check_fused(op, right(op));
  }
  void operator()(const network::AveragePool& op) const {
    check_same(op.window, right(op).window);
    check_fused(op, right(op));
  }
  void operator()(const network::Mean&) const {}
  void operator()(const network::Add& op) const { check_fused(op, right(op)); }
  void operator()(const network::Activate& op) const { CHECK(op.activation == right(op).activation); }
  void operator()(const network::BatchNorm& op) const {
    check_same(op.factor, right(op).factor);
    check_same(op.term, right(op).term);
  }
  void operator()(const network::LayerNorm& op) const {
    check_same(op.gamma, right(op).gamma);
    check_same(op.beta, right(op).beta);
    CHECK(op.epsilon == right(op).epsilon);
  }
  void operator()(const network::Softmax& op) const { CHECK(op.factor == right(op).factor); }
  void operator()(const network::Quantise&) const {}
  void operator()(const network::Reshape&) const {}
};

// Elements that differ in every byte.
Constant constant(Type type, std::vector<Index> shape, network::Quantisation quantisation = {}) {
  auto tensor = std::make_shared<Tensor>(TensorInfo{"", type, std::move(shape), quantisation});
  for (Index i = 0; i < tensor->info().elements(); ++i) {
    if (type == Type::f32) tensor->as<float>()[i] = 0.37f * static_cast<float>(i % 17) - 2;
    if (type == Type::s32) tensor->as<std::int32_t>()[i] = static_cast<std::int32_t>(i * 1234567 - 7654321);
    if (type == Type::s8) tensor->as<std::int8_t>()[i] = static_cast<std::int8_t>(i * 37 % 251 - 125);
    if (type == Type::u8) tensor->as<std::uint8_t>()[i] = static_cast<std::uint8_t>(i * 37);
    if (type == Type::f16) tensor->as<f16>()[i] = f16(static_cast<float>(i % 13) - 6);
  }
  return tensor;
}

class Builder {
 public:
  Index tensor(Type type, std::vector<Index> shape, network::Quantisation quantisation = {}) {
    const std::string name = "t" + std::to_string(network_.tensors.size());
    network_.tensors.push_back({name, type, std::move(shape), quantisation});
    return static_cast<Index>(network_.tensors.size()) - 1;
  }
  Index input(Type type, std::vector<Index> shape, network::Quantisation quantisation = {}) {
    network_.inputs.push_back(tensor(type, std::move(shape), quantisation));
    return network_.inputs.back();
  }
  Index step(network::Operator op, std::vector<Index> inputs, Index output) {
    const std::string name = "step " + std::to_string(network_.steps.size()) + "/\"x\"";
    network_.steps.push_back({name, std::move(op), std::move(inputs), output});
    return output;
  }
  Network finish(std::vector<Index> outputs) {
    network_.name = "every operator";
    network_.outputs = std::move(outputs);
    return std::move(network_);
  }

 private:
  Network network_;
};

Linear integer_linear(Type type, std::vector<Index> shape, bool bias) {
  const Index outputs = shape[0];
  Linear linear;
  const network::Quantisation quantisation =
      type == Type::u8 ? network::Quantisation{0.25f, 131} : network::Quantisation{};
  linear.weight = constant(type, std::move(shape), quantisation);
  if (bias) linear.bias = constant(Type::s32, {outputs});
  for (Index i = 0; i < outputs; ++i) {
    linear.multiplier.push_back(static_cast<std::int32_t>((1 << 30) + i * 1000003));
    linear.shift.push_back(static_cast<std::int32_t>(-8 - i % 3));
  }
  return linear;
}

Linear float_linear(std::vector<Index> shape, Activation activation) {
  Linear linear;
  linear.bias = constant(Type::f32, {shape[0]});
  linear.weight = constant(Type::f32, std::move(shape));
  linear.activation = activation;
  return linear;
}

// Bytes: a grouped convolution, a depthwise one, pools, an addition.
Index integer_part(Builder& builder) {
  const network::Quantisation fine{0.05f, -3}, coarse{0.1f, 100};
  const Index x = builder.input(Type::u8, {1, 9, 8, 4}, coarse);
  const Index first = builder.tensor(Type::u8, {1, 5, 3, 6}, coarse);
  network::Convolution grouped{integer_linear(Type::u8, {6, 3, 2, 2}, true), {3, 2, 2, 3, 1, 2, 1, 1, 1, 0}, 2};
  grouped.linear.rounding = Rounding::single_half_up;
  grouped.linear.low = 100;
  grouped.linear.high = 160;
  builder.step(grouped, {x}, first);
  const Index bytes = builder.step(network::Quantise{}, {first}, builder.tensor(Type::s8, {1, 5, 3, 6}, fine));
  network::Convolution depthwise{integer_linear(Type::s8, {12, 3, 3, 1}, false), {3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, 6};
  const Index wide = builder.step(depthwise, {bytes}, builder.tensor(Type::s8, {1, 5, 3, 12}, fine));
  network::MaxPool max;
  max.window = {2, 3, 1, 1, 2, 1, 1, 1, 1, 1};
  max.low = -3;
  const Index most = builder.step(max, {wide}, builder.tensor(Type::s8, {1, 5, 3, 12}, fine));
  network::Add add;
  add.high = 77;
  const Index sum = builder.step(add, {wide, most}, builder.tensor(Type::s8, {1, 5, 3, 12}, {0.125f, 5}));
  network::AveragePool average;
  average.window = {5, 3, 5, 3, 1, 1, 0, 0, 0, 0};
  const network::Quantisation same{0.125f, 5};
  const Index mean = builder.step(average, {sum}, builder.tensor(Type::s8, {1, 1, 1, 12}, same));
  const Index flat = builder.step(network::Reshape{}, {mean}, builder.tensor(Type::s8, {1, 12}, same));
  network::FullyConnected fc{integer_linear(Type::s8, {7, 12}, true)};
  fc.linear.rounding = Rounding::fp32_nearest_even;
  fc.linear.multiplier.clear(), fc.linear.shift.clear();
  for (int i = 0; i < 7; ++i) fc.linear.scale.push_back(0.01f / static_cast<float>(i + 3));
  const Index logits = builder.step(fc, {flat}, builder.tensor(Type::s8, {1, 7}, fine));
  const network::MatMul square{true, 1, Rounding::fp32_nearest_even, 3, 250};
  builder.step(square, {logits, logits}, builder.tensor(Type::u8, {1, 1}, coarse));
  return builder.step(network::Softmax{}, {logits}, builder.tensor(Type::s8, {1, 7}, {1 / 256.f, -128}));
}

Index float_part(Builder& builder) {
  const Index x = builder.input(Type::f32, {2, 6, 6, 3});
  const network::Convolution convolution{
      float_linear({4, 3, 3, 3}, Activation::relu6), {3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, 1};
  const Index y = builder.step(convolution, {x}, builder.tensor(Type::f32, {2, 6, 6, 4}));
  const network::BatchNorm norm{constant(Type::f32, {4}), constant(Type::f32, {4})};
  const Index normal = builder.step(norm, {y}, builder.tensor(Type::f32, {2, 6, 6, 4}));
  const Index active =
      builder.step(network::Activate{Activation::gelu}, {normal}, builder.tensor(Type::f32, {2, 6, 6, 4}));
  const Index mean = builder.step(network::Mean{}, {active}, builder.tensor(Type::f32, {2, 4}));
  const network::FullyConnected fc{float_linear({5, 4}, Activation::tanh)};
  const Index flat = builder.step(fc, {mean}, builder.tensor(Type::f32, {2, 5}));
  const network::LayerNorm layer_norm{constant(Type::f32, {5}), constant(Type::f32, {5}), 1e-3f};
  const Index rows = builder.step(layer_norm, {flat}, builder.tensor(Type::f32, {2, 5}));
  const Index scores = builder.step(network::MatMul{true, 0.3f}, {rows, rows}, builder.tensor(Type::f32, {2, 2}));
  return builder.step(network::Softmax{0.7f}, {scores}, builder.tensor(Type::f32, {2, 2}));
}

Index bag(Builder& builder, Type table, Index stored_width, network::EmbeddingBag::Mode mode, Type sums) {
  const Index indices = builder.input(Type::s32, {5}), offsets = builder.input(Type::s32, {3});
  const network::EmbeddingBag op{constant(table, {9, stored_width}), mode, sums};
  return builder.step(op, {indices, offsets}, builder.tensor(Type::f32, {2, 4}));
}

}  // namespace

const Linear* linear_of(const network::Step& step) {
  if (const auto* convolution = std::get_if<network::Convolution>(&step.op)) return &convolution->linear;
  if (const auto* fully_connected = std::get_if<network::FullyConnected>(&step.op)) return &fully_connected->linear;
  return nullptr;
}

void check_same(const Network& left, const Network& right) {
  CHECK(left.name == right.name);
  REQUIRE(left.steps.size() == right.steps.size());
  const auto info = [](const Network& network, Index tensor) -> const TensorInfo& {
    return network.tensors[static_cast<std::size_t>(tensor)];
  };
  const auto check_tensors = [&](const std::vector<Index>& ours, const std::vector<Index>& theirs) {
    REQUIRE(ours.size() == theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
      CHECK(info(left, ours[i]).name == info(right, theirs[i]).name);
      check_same(info(left, ours[i]), info(right, theirs[i]));
    }
  };
  check_tensors(left.inputs, right.inputs);
  check_tensors(left.outputs, right.outputs);
  for (std::size_t i = 0; i < left.steps.size(); ++i) {
    CAPTURE(i);
    CHECK(left.steps[i].name == right.steps[i].name);
    check_tensors(left.steps[i].inputs, right.steps[i].inputs);
    check_tensors({left.steps[i].output}, {right.steps[i].output});
    REQUIRE(left.steps[i].op.index() == right.steps[i].op.index());
    std::visit(SameOperator{right.steps[i].op}, left.steps[i].op);
  }
}

Network every_operator() {
  using Mode = network::EmbeddingBag::Mode;
  Builder builder;
  std::vector<Index> outputs{integer_part(builder), float_part(builder)};
  outputs.push_back(bag(builder, Type::f32, 4, Mode::sum, Type::f32));
  outputs.push_back(bag(builder, Type::f16, 4, Mode::mean, Type::f16));
  outputs.push_back(bag(builder, Type::u8, 12, Mode::sum, Type::f32));
  return builder.finish(std::move(outputs));
}

}  // namespace septet::io::test
