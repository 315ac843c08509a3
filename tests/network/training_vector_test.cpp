// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The vector unit's part of a training step, operator by operator, by hand.
#include "septet/network/training_cost.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace septet::network {
namespace {

// 2 images of 3 x 4 elements and 5 channels, of bytes; windows of 2 x 2 make 2 x 1 x 2.
constexpr Index kX = 120, kY = 20, kWidth = 5;

Layer layer_of(const Operator& op, Index x, Index y, Type type) {
  Layer layer;
  layer.name = "layer", layer.op = name(op);
  layer.work = VectorWork{op, std::holds_alternative<Add>(op) ? 2 : 1, x, y, kWidth, type, type};
  layer.vector = vector_cost(*layer.work, {});
  return layer;
}

std::vector<TrainingLayer> step_of(const Layer& layer) {
  std::vector<TrainingLayer> step;
  const Status status = training_step({layer}, {}, step);
  REQUIRE_MESSAGE(status.ok(), status.to_string());
  return step;
}

struct Expected {
  Index simple, special, reads, writes;
};

void check(const VectorCost& cost, const Expected& expected) {
  CHECK(cost.simple_operations == expected.simple);
  CHECK(cost.special_operations == expected.special);
  CHECK(cost.reads_bytes == expected.reads);
  CHECK(cost.writes_bytes == expected.writes);
}

void check_gradient(const Operator& op, Index x, Index y, const Expected& bytes, const Expected& floats) {
  for (const Type type : {Type::s8, Type::f32}) {
    const std::vector<TrainingLayer> step = step_of(layer_of(op, x, y, type));
    CAPTURE(std::string(name(op)));
    REQUIRE(step.size() == 2);
    CHECK(step[1].layer.op == name(op) + std::string("_gradient"));
    CHECK(step[1].pass == Pass::data_gradient);
    check(step[1].layer.vector, type == Type::s8 ? bytes : floats);
  }
}

}  // namespace

TEST_CASE("training: gradients of what is no product") {
  MaxPool pool;
  pool.window.height = pool.window.width = 2;
  AveragePool average;
  average.window = pool.window;
  // Comparisons of a window and an addition; bytes are clamped, so that y says which gradients there are.
  check_gradient(pool, kX, kY, {kY * 6, 0, 120 + 20 + 20, 120}, {kY * 5, 0, 4 * 140, 480});
  check_gradient(average, kX, kY, {kY * 5, kY, 20 + 20, 120}, {kY * 4, kY, 80, 480});
  check_gradient(Mean{}, kX, 10, {0, 10, 10, 120}, {0, 10, 40, 480});
  check_gradient(Add{}, kX, kX, {2 * kX, 0, 3 * 120, 120}, {kX, 0, 2 * 480, 480});
  check_gradient(Activate{Activation::relu}, kX, kX, {kX, 0, 240, 120}, {kX, 0, 960, 480});
  check_gradient(Activate{Activation::tanh}, kX, kX, {3 * kX, 0, 240, 120}, {3 * kX, 0, 960, 480});
  check_gradient(Activate{Activation::gelu}, kX, kX, {9 * kX, 2 * kX, 240, 120}, {9 * kX, 2 * kX, 960, 480});
  check_gradient(BatchNorm{}, kX, kX, {11 * kX + 25, 0, 480 + 60, 120 + 40}, {11 * kX + 25, 0, 4 * 480 + 60, 520});
  check_gradient(LayerNorm{}, kX, kX, {16 * kX + 48, 48, 240 + 20, 120 + 40}, {16 * kX + 48, 48, 980, 520});
  check_gradient(Softmax{}, kX, kX, {5 * kX, 0, 240, 120}, {5 * kX, 0, 960, 480});
  check_gradient(Quantise{}, kX, kX, {kX, 0, 240, 120}, {kX, 0, 960, 480});
  CHECK(step_of(layer_of(Reshape{}, kX, kX, Type::s8)).size() == 1);
}

TEST_CASE("training: batch norm takes its statistics from the batch; others go forward as they do") {
  check(step_of(layer_of(BatchNorm{}, kX, kX, Type::s8))[0].layer.vector, {7 * kX + 55, 10, 240 + 80, 120 + 80});
  const Layer softmax = layer_of(Softmax{}, kX, kX, Type::f32);
  check(step_of(softmax)[0].layer.vector, {softmax.vector.simple_operations, softmax.vector.special_operations,
                                           softmax.vector.reads_bytes, softmax.vector.writes_bytes});
}

// Look-ups: 7 rows of 5 numbers of f16 for 3 bags.
TEST_CASE("training: embedding bags update the rows that were looked up, and no others") {
  for (const auto mode : {EmbeddingBag::Mode::sum, EmbeddingBag::Mode::mean}) {
    EmbeddingBag bag;
    bag.mode = mode;
    Layer layer = layer_of(bag, 7, 15, Type::f32);
    layer.work->x_type = Type::f16, layer.lookups = 7, layer.parameters = 1000;
    const std::vector<TrainingLayer> step = step_of(layer);
    REQUIRE(step.size() == 2);  // no update of all parameters
    const bool mean = mode == EmbeddingBag::Mode::mean;
    check(step[1].layer.vector, {2 * 35 + (mean ? 15 : 0), mean ? 3 : 0, 60 + 70 + 4 * 11, 70});
  }
}

TEST_CASE("training: bias, activation behind a product, sum of gradients, update") {
  Layer layer;
  layer.name = "layer", layer.op = "fully_connected", layer.product = {6, 4, 3, 1}, layer.parameters = 24;
  layer.convolution = fully_connected_shape(layer.product);
  layer.convolution->bias = true, layer.convolution->activation = Activation::sigmoid;
  std::vector<TrainingLayer> step;
  REQUIRE(training_step({layer}, {2, false}, step).ok());
  const auto find = [&](const std::string& op) {
    const auto found = std::find_if(step.begin(), step.end(), [&](const TrainingLayer& l) { return l.layer.op == op; });
    REQUIRE_MESSAGE(found != step.end(), op);
    return *found;
  };
  // 6 outputs, 2 columns in each of 2 micro-batches.
  const TrainingLayer sigmoid = find("sigmoid_gradient"), bias = find("bias_gradient");
  check(sigmoid.layer.vector, {36, 0, 24, 12});
  check(bias.layer.vector, {12, 0, 12, 24});
  CHECK(sigmoid.layer.repeats == 2);
  CHECK(bias.layer.repeats == 2);
  const TrainingLayer sum = find("gradient_sum"), update = find("update");
  check(sum.layer.vector, {24, 0, 192, 96});
  check(update.layer.vector, {96, 0, 288, 192});
  CHECK(sum.layer.repeats == 1);
  CHECK(update.layer.repeats == 1);
}

}  // namespace septet::network
