// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What validate() refuses, each with one change to a network that it accepts; and the products of what it accepts.
#include "septet/network/network.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace septet::network {
namespace {

using Shape = std::vector<Index>;

std::shared_ptr<const Tensor> constant(Type type, Shape shape, int zero_point = 0) {
  return std::make_shared<const Tensor>(TensorInfo{"constant", type, std::move(shape), {0.5f, zero_point}});
}

Linear linear_of(Shape weight, Type type = Type::s8) {
  Linear linear;
  const auto outputs = static_cast<std::size_t>(weight[0]);
  linear.bias = constant(type == Type::f32 ? Type::f32 : Type::s32, {weight[0]});
  linear.weight = constant(type, std::move(weight));
  if (type == Type::f32) return linear;
  linear.multiplier.assign(outputs, 1 << 30), linear.shift.assign(outputs, -7);
  return linear;
}

// One step: inputs 0 …, output last.
Network network_of(Operator op, std::vector<TensorInfo> tensors) {
  Network network;
  const Index output = static_cast<Index>(tensors.size()) - 1;
  Step step{"layer", std::move(op), {}, output};
  for (Index i = 0; i < output; ++i) step.inputs.push_back(i), network.inputs.push_back(i);
  network.steps = {step};
  network.outputs = {output};
  network.tensors = std::move(tensors);
  return network;
}

TensorInfo s8(Shape shape) { return {"t", Type::s8, std::move(shape), {0.5f, 3}}; }
TensorInfo f32(Shape shape) { return {"t", Type::f32, std::move(shape), {}}; }
TensorInfo s32(Shape shape) { return {"t", Type::s32, std::move(shape), {}}; }

Network convolution() {
  Convolution op;
  op.window = {3, 2, 2, 1, 1, 2, 1, 1, 0, 1};
  op.groups = 2;
  op.linear = linear_of({6, 3, 2, 4});
  return network_of(op, {s8({2, 9, 7, 8}), s8({2, 5, 6, 6})});
}
Network fully_connected() { return network_of(FullyConnected{linear_of({5, 12})}, {s8({2, 3, 4}), s8({2, 5})}); }
Network matmul() { return network_of(MatMul{true, 0.5f}, {f32({2, 3, 4, 5}), f32({2, 3, 6, 5}), f32({2, 3, 4, 6})}); }
Network embedding_bag() {
  EmbeddingBag op;
  op.table = constant(Type::u8, {10, 12});
  return network_of(op, {s32({7}), s32({4}), f32({3, 4})});
}
Network max_pool() {
  MaxPool op;
  op.window = {2, 2, 2, 2, 1, 1, 1, 0, 0, 1};
  return network_of(op, {s8({1, 5, 5, 3}), s8({1, 3, 3, 3})});
}
Network average_pool() {
  AveragePool op;
  op.window = {5, 5};
  return network_of(op, {s8({1, 5, 5, 3}), s8({1, 1, 1, 3})});
}
Network mean() { return network_of(Mean{}, {s8({2, 5, 5, 3}), s8({2, 3})}); }
Network add() { return network_of(Add{}, {s8({2, 5}), s8({2, 5}), s8({2, 5})}); }
Network activate() { return network_of(Activate{Activation::relu6}, {s8({2, 5}), s8({2, 5})}); }
Network batch_norm() {
  return network_of(BatchNorm{constant(Type::f32, {5}), constant(Type::f32, {5})}, {f32({2, 5}), f32({2, 5})});
}
Network layer_norm() {
  return network_of(LayerNorm{constant(Type::f32, {5}), constant(Type::f32, {5})}, {f32({2, 5}), f32({2, 5})});
}
Network softmax() {
  Network network = network_of(Softmax{}, {s8({2, 5}), s8({2, 5})});
  network.tensors[1].quantisation = {0x1p-8f, -128};
  return network;
}
Network quantise() { return network_of(Quantise{}, {f32({2, 5}), s8({2, 5})}); }
Network reshape() { return network_of(Reshape{}, {s8({2, 5}), s8({10})}); }

// Refused after f(network), with all of `says` in the message.
template <class F>
void refuses(Network network, Cause cause, const std::string& says, F&& f, const char* argument = "steps[0] (layer)") {
  INFO(says);
  CHECK(validate(network).to_string() == "ok");
  f(network);
  const Status status = validate(network);
  CHECK(status.cause() == cause);
  CHECK(status.argument() == argument);
  CHECK_MESSAGE(status.message().find(says) != std::string::npos, status.message());
}

template <class Op, class F>
auto change(F f) {
  return [f](Network& network) { f(std::get<Op>(network.steps[0].op)); };
}

}  // namespace

TEST_CASE("the order of steps") {
  const Network network = [] {
    Network two = add();
    two.tensors.push_back(s8({2, 5}));
    two.steps.push_back({"next", Activate{}, {2}, 3});
    two.outputs = {3};
    return two;
  }();
  const auto bad = [&](const char* argument, const std::string& says, auto f) {
    refuses(network, Cause::bad_option, says, f, argument);
  };
  bad("steps[0] (layer)", "used before it is made", [](Network& n) { n.steps[0].inputs[1] = 3; });
  bad("steps[0] (layer)", "used before it is made",
      [](Network& n) { std::swap(n.steps[0].inputs[0], n.steps[0].output); });
  bad("steps[1] (next)", "made a second time", [](Network& n) { n.steps[1].output = 2; });
  bad("steps[1] (next)", "made a second time", [](Network& n) { n.steps[1].output = 0; });
  bad("steps[1] (next)", "tensor 4, but there are 4", [](Network& n) { n.steps[1].output = 4; });
  bad("steps[1] (next)", "tensor -1", [](Network& n) { n.steps[1].inputs[0] = -1; });
  bad("steps[1] (layer)", "the name of another step", [](Network& n) { n.steps[1].name = "layer"; });
  bad("steps[1]", "has no name", [](Network& n) { n.steps[1].name = ""; });
  bad("inputs[1]", "made a second time", [](Network& n) { n.inputs[1] = 0; });
  bad("inputs[2]", "tensor 9", [](Network& n) { n.inputs.push_back(9); });
  bad("outputs[0]", "used before it is made", [](Network& n) { n.steps.pop_back(); });
  refuses(network, Cause::bad_shape, "1 inputs; add has 2", [](Network& n) { n.steps[0].inputs.pop_back(); });
}

TEST_CASE("tensors in themselves") {
  const auto bad = [](Cause cause, const std::string& says, auto f) {
    refuses(
        add(), cause, says, [&](Network& n) { f(n.tensors[1]); }, "tensors[1] (t)");
  };
  bad(Cause::bad_type, "bf16", [](TensorInfo& t) { t.type = Type::bf16; });
  bad(Cause::bad_shape, "no dimensions", [](TensorInfo& t) { t.shape.clear(); });
  bad(Cause::bad_shape, "[2, 0]", [](TensorInfo& t) { t.shape[1] = 0; });
  bad(Cause::bad_shape, "[-2, 5]", [](TensorInfo& t) { t.shape[0] = -2; });
  bad(Cause::bad_shape, "too large", [](TensorInfo& t) { t.shape = {Index{1} << 32, Index{1} << 31}; });
  bad(Cause::bad_option, "a scale of", [](TensorInfo& t) { t.quantisation.scale = -1; });
  bad(Cause::bad_option, "a scale of", [](TensorInfo& t) { t.quantisation.scale = INFINITY; });
  bad(Cause::bad_option, "a zero point of 3, which is no f32", [](TensorInfo& t) { t.type = Type::f32; });
  bad(Cause::bad_option, "a zero point of 128", [](TensorInfo& t) { t.quantisation.zero_point = 128; });
}

TEST_CASE("convolutions") {
  const auto shape = [](const std::string& says, auto f) { refuses(convolution(), Cause::bad_shape, says, f); };
  const auto type = [](const std::string& says, auto f) { refuses(convolution(), Cause::bad_type, says, f); };
  const auto option = [](const std::string& says, auto f) {
    refuses(convolution(), Cause::bad_option, says, change<Convolution>(f));
  };
  shape("not an image", [](Network& n) { n.tensors[0].shape.pop_back(); });
  shape("3 groups of 8 channels", change<Convolution>([](Convolution& op) { op.groups = 3; }));
  shape("0 groups", change<Convolution>([](Convolution& op) { op.groups = 0; }));
  shape("4 groups of 6 outputs", change<Convolution>([](Convolution& op) { op.groups = 4; }));
  shape("the weight is [6, 3, 2, 4], not [6, 3, 2, 8]", change<Convolution>([](Convolution& op) { op.groups = 1; }));
  shape("the weight is", change<Convolution>([](Convolution& op) { op.window.height = 2; }));
  shape("the output is [2, 5, 6, 6], not [2, 3, 6, 6]",
        change<Convolution>([](Convolution& op) { op.window.stride_h = 4; }));
  shape("the output is", [](Network& n) { n.tensors[1].shape[0] = 1; });
  shape("a window over 15 rows of 11", change<Convolution>([](Convolution& op) { op.window.dilation_h = 7; }));
  shape("the bias is [5]", change<Convolution>([](Convolution& op) { op.linear.bias = constant(Type::s32, {5}); }));
  shape("5 multipliers", change<Convolution>([](Convolution& op) { op.linear.multiplier.pop_back(); }));
  shape("7 shifts", change<Convolution>([](Convolution& op) { op.linear.shift.push_back(0); }));
  type("takes no \"t\" of f32", [](Network& n) { n.tensors[1] = f32(n.tensors[1].shape); });
  type("takes no \"t\" of s32", [](Network& n) { n.tensors[0] = s32(n.tensors[0].shape); });
  type("\"constant\" of f32", change<Convolution>([](Convolution& op) {
         op.linear.weight = constant(Type::f32, {6, 3, 2, 4});
       }));
  type("\"constant\" of f32", change<Convolution>([](Convolution& op) { op.linear.bias = constant(Type::f32, {6}); }));
  option("a shift of 31", [](Convolution& op) { op.linear.shift[3] = 31; });
  option("its rounding is none", [](Convolution& op) { op.linear.rounding = static_cast<Rounding>(7); });
  shape("6 multipliers and 6 shifts, not 0",
        change<Convolution>([](Convolution& op) { op.linear.rounding = Rounding::fp32_nearest_even; }));
  option("clamps to [-129, 127]", [](Convolution& op) { op.linear.low = -129; });
  option("clamps to [5, 4]", [](Convolution& op) { op.linear.low = 5, op.linear.high = 4; });
  option("dilation of 0", [](Convolution& op) { op.window.stride_w = 0; });
  option("dilation of 4294967296", [](Convolution& op) { op.window.dilation_w = Index{1} << 32; });
  option("a padding of -1", [](Convolution& op) { op.window.pad_left = -1; });
  option("its weight has a zero point of 200", [](Convolution& op) {
    op.linear.weight = constant(Type::s8, {6, 3, 2, 4}, 200);
  });
  refuses(convolution(), Cause::bad_pointer, "no weights",
          change<Convolution>([](Convolution& op) { op.linear.weight = nullptr; }));
}

TEST_CASE("convolutions whose sums are multiplied by real numbers") {
  Network network = convolution();
  Linear& linear = std::get<Convolution>(network.steps[0].op).linear;
  linear.rounding = Rounding::fp32_nearest_even;
  linear.multiplier.clear(), linear.shift.clear(), linear.scale.assign(6, 0.25f);
  const auto bad = [&](Cause cause, const std::string& says, auto f) {
    refuses(network, cause, says, change<Convolution>([&](Convolution& op) { f(op.linear); }));
  };
  bad(Cause::bad_shape, "5 scales of sums, not 6", [](Linear& l) { l.scale.pop_back(); });
  bad(Cause::bad_shape, "6 scales of sums, not 0", [](Linear& l) {
    l.rounding = Rounding::single_half_up;
    l.multiplier.assign(6, 1), l.shift.assign(6, 0);
  });
  bad(Cause::bad_shape, "6 multipliers", [](Linear& l) { l.multiplier.assign(6, 1); });
  bad(Cause::bad_option, "a scale of sums of -1", [](Linear& l) { l.scale[5] = -1; });
  bad(Cause::bad_option, "a scale of sums of inf", [](Linear& l) { l.scale[0] = INFINITY; });
  bad(Cause::bad_option, "a scale of sums of nan", [](Linear& l) { l.scale[0] = NAN; });
}

TEST_CASE("fully connected layers take rows of the last dimensions") {
  const auto shape = [](const std::string& says, auto f) { refuses(fully_connected(), Cause::bad_shape, says, f); };
  shape("no rows of 12", [](Network& n) { n.tensors[0].shape = {4, 2, 3}; });
  shape("no rows of 12", [](Network& n) { n.tensors[0].shape = {3, 4, 2}; });
  shape("not 2 times 5", [](Network& n) { n.tensors[1].shape = {5, 2}; });
  shape("not 2 times 5", [](Network& n) { n.tensors[1].shape = {3, 5}; });
  shape("0 multipliers", [](Network& n) { std::get<FullyConnected>(n.steps[0].op).linear.multiplier.clear(); });
  Network tokens = network_of(FullyConnected{linear_of({5, 12}, Type::f32)}, {f32({2, 3, 12}), f32({2, 3, 5})});
  CHECK(validate(tokens).to_string() == "ok");
  const Product product = product_of(tokens, tokens.steps[0]);
  CHECK(product.m == 5);
  CHECK(product.n == 6);
  CHECK(product.k == 12);
  CHECK(product.count == 1);
}

TEST_CASE("matmuls") {
  const auto shape = [](const std::string& says, auto f) { refuses(matmul(), Cause::bad_shape, says, f); };
  shape("second input is f32 [2, 3, 6, 5], not [2, 3, 5, 6]",
        change<MatMul>([](MatMul& op) { op.transposed = false; }));
  shape("the output is", [](Network& n) { n.tensors[2].shape[2] = 5; });
  shape("no matrix", [](Network& n) { n.tensors[0].shape = {5}; });
  refuses(matmul(), Cause::bad_type, "of s8", [](Network& n) { n.tensors[1].type = Type::s8; });
  refuses(matmul(), Cause::bad_option, "its scale", change<MatMul>([](MatMul& op) { op.scale = NAN; }));
  for (const Shape& fewer : {Shape{6, 5}, Shape{1, 6, 5}, Shape{3, 6, 5}, Shape{2, 1, 6, 5}}) {
    Network network = matmul();
    network.tensors[1].shape = fewer;
    CHECK(validate(network).to_string() == "ok");
  }
  shape("second input is f32 [2, 6, 5]", [](Network& n) { n.tensors[1].shape = {2, 6, 5}; });
  shape("second input is f32 [1, 2, 3, 6, 5]", [](Network& n) { n.tensors[1].shape = {1, 2, 3, 6, 5}; });
  const Network bytes = network_of(MatMul{}, {s8({2, 4, 5}), s8({5, 6}), s8({2, 4, 6})});
  refuses(bytes, Cause::bad_type, "of f32", [](Network& n) { n.tensors[1] = f32({5, 6}); });
  refuses(bytes, Cause::bad_option, "its scale is 2, of integers", change<MatMul>([](MatMul& op) { op.scale = 2; }));
  refuses(bytes, Cause::bad_option, "clamps to", change<MatMul>([](MatMul& op) { op.high = 128; }));
  refuses(bytes, Cause::bad_option, "no scale", [](Network& n) { n.tensors[1].quantisation.scale = 0; });
  refuses(bytes, Cause::bad_option, "too far apart", [](Network& n) { n.tensors[1].quantisation.scale = 0x1p34f; });
  refuses(bytes, Cause::bad_option, "rounding",
          change<MatMul>([](MatMul& op) { op.rounding = static_cast<Rounding>(7); }));
}

TEST_CASE("embedding bags") {
  const auto shape = [](const std::string& says, auto f) { refuses(embedding_bag(), Cause::bad_shape, says, f); };
  shape("the offsets are s32 [1]", [](Network& n) { n.tensors[1].shape = {1}; });
  shape("the indices are s32 [1, 7]", [](Network& n) { n.tensors[0].shape = {1, 7}; });
  shape("the output is [3, 4], not [3, 12]", change<EmbeddingBag>([](EmbeddingBag& op) {
          op.table = constant(Type::f32, {10, 12});
        }));
  shape("no room", change<EmbeddingBag>([](EmbeddingBag& op) { op.table = constant(Type::u8, {10, 8}); }));
  shape("not [rows][columns]", change<EmbeddingBag>([](EmbeddingBag& op) { op.table = constant(Type::u8, {120}); }));
  refuses(embedding_bag(), Cause::bad_type, "of s8", change<EmbeddingBag>([](EmbeddingBag& op) {
            op.table = constant(Type::s8, {10, 12});
          }));
  refuses(embedding_bag(), Cause::bad_type, "of f32", [](Network& n) { n.tensors[0].type = Type::f32; });
  refuses(embedding_bag(), Cause::bad_pointer, "no table",
          change<EmbeddingBag>([](EmbeddingBag& op) { op.table = nullptr; }));
  refuses(embedding_bag(), Cause::bad_option, "sums of s32",
          change<EmbeddingBag>([](EmbeddingBag& op) { op.sums = Type::s32; }));
}

TEST_CASE("pools, means, sums of tensors") {
  const auto unequal = [](Network& n) { n.tensors.back().quantisation.zero_point = 4; };
  for (const auto& pool : {max_pool(), average_pool()}) {
    refuses(pool, Cause::bad_option, "quantised differently", unequal);
    refuses(pool, Cause::bad_type, "of u8", [](Network& n) { n.tensors[0].type = Type::u8; });
    refuses(pool, Cause::bad_shape, "the output is", [](Network& n) { n.tensors[1].shape[3] = 2; });
  }
  refuses(max_pool(), Cause::bad_shape, "padding alone", [](Network& n) {
    auto& op = std::get<MaxPool>(n.steps[0].op);
    op.window.pad_left = 2, op.window.pad_right = 0;
    n.tensors[1].shape[2] = 3;
  });
  refuses(max_pool(), Cause::bad_shape, "padding alone", [](Network& n) {
    auto& op = std::get<MaxPool>(n.steps[0].op);  // both rows of the window miss the only row there is
    op.window.pad_top = op.window.pad_bottom = 1, op.window.dilation_h = 2, op.window.stride_h = 1;
    n.tensors[0].shape[1] = 1, n.tensors[1].shape[1] = 1;
  });
  refuses(average_pool(), Cause::bad_option, "clamps to", change<AveragePool>([](AveragePool& op) { op.high = 128; }));
  refuses(mean(), Cause::bad_shape, "not [2, 3]", [](Network& n) { n.tensors[1].shape = {3, 2}; });
  refuses(mean(), Cause::bad_shape, "more than 2^23", [](Network& n) { n.tensors[0].shape = {2, 4096, 4096, 3}; });
  refuses(mean(), Cause::bad_option, "has no scale", [](Network& n) { n.tensors[1].quantisation.scale = 0; });
  refuses(add(), Cause::bad_shape, "second input", [](Network& n) { n.tensors[1].shape = {5, 2}; });
  refuses(add(), Cause::bad_type, "of f32", [](Network& n) { n.tensors[1] = f32({2, 5}); });
  refuses(add(), Cause::bad_option, "too far apart", [](Network& n) { n.tensors[1].quantisation.scale = 1e10f; });
}

TEST_CASE("activations, normalisation, softmax, what only moves numbers") {
  refuses(activate(), Cause::bad_type, "gelu of s8",
          change<Activate>([](Activate& op) { op.activation = Activation::gelu; }));
  refuses(activate(), Cause::bad_option, "activation",
          change<Activate>([](Activate& op) { op.activation = static_cast<Activation>(6); }));
  refuses(batch_norm(), Cause::bad_shape, "the term is [4]",
          change<BatchNorm>([](BatchNorm& op) { op.term = constant(Type::f32, {4}); }));
  refuses(batch_norm(), Cause::bad_pointer, "no factor", change<BatchNorm>([](BatchNorm& op) { op.factor = nullptr; }));
  refuses(layer_norm(), Cause::bad_type, "of s8",
          change<LayerNorm>([](LayerNorm& op) { op.gamma = constant(Type::s8, {5}); }));
  refuses(layer_norm(), Cause::bad_option, "its epsilon", change<LayerNorm>([](LayerNorm& op) { op.epsilon = -1; }));
  refuses(softmax(), Cause::bad_option, "1/256", [](Network& n) { n.tensors[1].quantisation.zero_point = 0; });
  refuses(softmax(), Cause::bad_option, "its factor", change<Softmax>([](Softmax& op) { op.factor = 0; }));
  refuses(quantise(), Cause::bad_type, "neither side", [](Network& n) { n.tensors[1] = f32({2, 5}); });
  refuses(quantise(), Cause::bad_shape, "the output is", [](Network& n) { n.tensors[1].shape = {5, 2}; });
  refuses(reshape(), Cause::bad_shape, "s8 [2, 5] to s8 [11]", [](Network& n) { n.tensors[1].shape = {11}; });
  refuses(reshape(), Cause::bad_type, "s8 [2, 5] to u8 [10]", [](Network& n) { n.tensors[1].type = Type::u8; });
  refuses(reshape(), Cause::bad_option, "quantised differently",
          [](Network& n) { n.tensors[1].quantisation.scale = 0.25f; });
}

TEST_CASE("the products that steps are") {
  const auto check = [](const Network& network, Index m, Index n, Index k, Index count) {
    const Product product = product_of(network, network.steps[0]);
    CHECK(product.m == m);
    CHECK(product.n == n);
    CHECK(product.k == k);
    CHECK(product.count == count);
    CHECK(product.macs() == m * n * k * count);
  };
  check(convolution(), 3, 2 * 5 * 6, 3 * 2 * 4, 2);
  check(fully_connected(), 5, 2, 12, 1);
  check(matmul(), 4, 6, 5, 6);
  for (const Network& other : {embedding_bag(), max_pool(), average_pool(), mean(), add(), activate(), batch_norm(),
                               layer_norm(), softmax(), quantise(), reshape()}) {
    check(other, 0, 0, 0, 0);
  }
}

}  // namespace septet::network
