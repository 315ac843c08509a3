// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What a training step is made of: its layers in order, micro-batches, the first input's border, what is refused.
#include "training_step.hpp"

#include "septet/network/partition.hpp"

namespace septet::network {
namespace {

Layer vector_layer(Operator op, Index x, Index y, Index width) {
  Layer layer;
  layer.name = "vector", layer.op = name(op);
  layer.work = VectorWork{op, std::holds_alternative<Add>(op) ? 2 : 1, x, y, width, 1, Type::s8, Type::s8};
  layer.vector = vector_cost(*layer.work, {});
  return layer;
}

Index sum_of_cycles(const std::vector<TrainingLayer>& step, const CostOptions& options, Pass pass) {
  Index cycles = 0;
  for (const TrainingLayer& part : step) {
    if (part.pass != pass) continue;
    Layer layer = part.layer;
    layer.vector = with_cycles(layer.vector, options.vector);
    LayerCost counted;
    REQUIRE(cost(layer, options, counted).ok());
    cycles += counted.cycles;
  }
  return cycles;
}

}  // namespace

TEST_CASE("training cost: micro-batches are steps of a smaller batch, their sum and one update") {
  const CostOptions options;
  for (const Index parts : {2, 3, 6}) {
    CAPTURE(parts);
    std::vector<Layer> all, one;
    for (const Index batch : {Index{6}, 6 / parts}) {
      ConvolutionShape shape{batch, 9, 8, 4, 6, 2, {}, true, Activation::none};
      shape.window.height = shape.window.width = 3, shape.window.stride_h = 2;
      std::vector<Layer>& layers = batch == 6 ? all : one;
      layers = {layer_of(shape), vector_layer(BatchNorm{}, batch * 144, batch * 144, 6)};
      layers[0].parameters = 114;
    }
    const std::vector<TrainingLayer> step = step_of(all, {parts, false}), part = step_of(one);
    for (const Pass pass : {Pass::forward, Pass::data_gradient}) {
      CHECK(sum_of_cycles(step, options, pass) == parts * sum_of_cycles(part, options, pass));
    }
    const VectorCost sums = with_cycles({114 * (parts - 1), 0, 8 * 114 * (parts - 1), 4 * 114 * (parts - 1), 0}, {});
    CHECK(sum_of_cycles(step, options, Pass::weight_gradient) ==
          parts * sum_of_cycles(part, options, Pass::weight_gradient) + sums.cycles);
    CHECK(sum_of_cycles(step, options, Pass::update) == sum_of_cycles(part, options, Pass::update));
    Index macs = 0, one_macs = 0;
    for (const TrainingLayer& layer : step_of(all)) macs += layer.macs;
    for (const TrainingLayer& layer : step) one_macs += layer.macs;
    CHECK(macs == one_macs);
  }
}

TEST_CASE("training cost: forward in order, gradients from the last layer to the first, the update") {
  ConvolutionShape shape{2, 6, 6, 3, 4, 1, {}, true, Activation::relu};
  Layer first = layer_of(shape), second = layer_of(shape), product;
  first.name = "first", second.name = "second", first.parameters = 16;
  product.name = "scores", product.op = "matmul", product.product = {2, 3, 4, 5};
  std::vector<std::string> names;
  for (const TrainingLayer& part : step_of({first, product, second})) names.push_back(part.layer.name);
  CHECK(names == std::vector<std::string>{"first fwd", "scores fwd", "second fwd", "second relu grad",
                                          "second bias grad", "second dgrad", "second wgrad", "scores dgrad x0",
                                          "scores dgrad x1", "first relu grad", "first bias grad", "first dgrad",
                                          "first wgrad", "all parameters update"});
}

TEST_CASE("training cost: the border of the first input becomes a part of it") {
  ConvolutionShape shape{1, 224, 224, 3, 64, 1, {}, false, Activation::none};
  Window& w = shape.window;
  w.height = w.width = 7, w.stride_h = w.stride_w = 2, w.pad_top = w.pad_bottom = w.pad_left = w.pad_right = 3;
  const std::vector<TrainingLayer> step = step_of({layer_of(shape)}, {1, true});
  CHECK(step[0].zero_inserted.n == 112 * 112);
  CHECK(step[1].zero_inserted.n == 229 * 229);
  CHECK(step[2].zero_inserted.n == 3 * 7 * 7);
  // Channels to the array's width and height: 3 and 64 to 16 and 64.
  CHECK(padded_operations(step[1], {16, 16}) == Index{2} * 229 * 229 * 49 * 16 * 64);
  CHECK(padded_operations(step[0], {4, 64}) == Index{2} * 112 * 112 * 49 * 4 * 64);
  CHECK(padded_operations(step[2], {16, 16}) == Index{2} * 16 * 223 * 223 * 64 * 3 * 7 * 7);
}

TEST_CASE("training cost: what is repeated is not shared out") {
  Layer layer = layer_of({});
  CostOptions options;
  LayerCost counted;
  Partition partition;
  REQUIRE(cost(layer, options, counted).ok());
  CHECK(network::partition({layer}, {counted}, options, {}, partition).ok());
  layer.repeats = 2;
  const Status status = network::partition({layer}, {counted}, options, {}, partition);
  CHECK(status.cause() == Cause::bad_option);
  CHECK(status.argument() == "layers");
}

TEST_CASE("training cost: what is refused") {
  const auto refused = [](std::vector<Layer> layers, const TrainingStepOptions& options, Cause cause,
                          const std::string& argument, const std::string& part) {
    std::vector<TrainingLayer> step(1);
    const Status status = training_step(layers, options, step);
    CHECK(status.cause() == cause);
    CHECK(status.argument() == argument);
    CHECK_MESSAGE(status.message().find(part) != std::string::npos, status.message());
    CHECK(step.size() == 1);
  };
  ConvolutionShape shape{3, 6, 6, 3, 4, 1, {}, false, Activation::none};
  Layer good = layer_of(shape), bare = good, huge = good, wide = good;
  refused({good}, {0, false}, Cause::bad_option, "micro_batches", "less than 1");
  refused({good}, {2, false}, Cause::bad_shape, "layer", "2 equal micro-batches");
  refused({good}, {1, true}, Cause::bad_option, "padded_input", "no padding");
  bare.convolution.reset();
  refused({bare}, {}, Cause::bad_shape, "layer", "no more is known");
  shape.window.stride_h = shape.window.stride_w = 2, shape.inputs = Index{1} << 13, shape.outputs = Index{1} << 13;
  huge = layer_of(shape);
  refused({huge}, {}, Cause::bad_shape, "layer", "too large");
  shape.inputs = shape.outputs = Index{1} << 30, shape.batch = Index{1} << 8;
  wide = layer_of(shape), wide.product.n = Index{1} << 8;
  refused({wide}, {}, Cause::bad_shape, "layer", "beyond 64 bits");
  Layer unknown;
  unknown.name = "mystery", unknown.vector.simple_operations = 1;
  refused({unknown}, {}, Cause::bad_shape, "mystery", "its operator is not known");
  Layer table = vector_layer(EmbeddingBag{}, 10, 8, 4);
  table.work->x_type = Type::u8;
  refused({table}, {}, Cause::bad_shape, "vector", "not trained");
}

}  // namespace septet::network
