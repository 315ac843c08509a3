// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Gradients of convolutions and fully connected layers against their definition, on the CPU and on emulated arrays with
// every dataflow; micro-batches; what is refused.
#include "gradient_case.hpp"
#include "gradients_reference.hpp"
#include "sharing.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

namespace septet::network {
namespace {

using namespace septet::support;

// Padding up to beyond the window, and images that the last stride does not reach the end of.
Window random_window(Rng& rng, Index& height, Index& width) {
  Window w;
  const auto side = [&](Index& elements, Index& stride, Index& dilation, Index& before, Index& behind, Index& size) {
    elements = rng.between(1, 4), stride = rng.between(1, 3), dilation = rng.chance(0.3) ? rng.between(2, 3) : 1;
    before = rng.chance(0.5) ? rng.between(0, 5) : 0, behind = rng.chance(0.5) ? rng.between(0, 5) : 0;
    size = std::max<Index>(1, dilation * (elements - 1) + 1 - before - behind) + rng.between(0, 5);
  };
  side(w.height, w.stride_h, w.dilation_h, w.pad_top, w.pad_bottom, height);
  side(w.width, w.stride_w, w.dilation_w, w.pad_left, w.pad_right, width);
  if (rng.chance(0.2)) {  // pointwise
    w.height = w.width = 1, w.pad_top = w.pad_bottom = w.pad_left = w.pad_right = 0;
  }
  return w;
}

std::string describe(const Convolution& op, const TensorInfo& x) {
  const Window& w = op.window;
  std::string text = std::string(septet::name(x.type)) + " x " + septet::name(op.linear.weight->info().type);
  for (const Index number :
       {x.dim(0), x.dim(1), x.dim(2), x.dim(3), op.linear.outputs(), op.groups, w.height, w.width, w.stride_h,
        w.stride_w, w.dilation_h, w.dilation_w, w.pad_top, w.pad_bottom, w.pad_left, w.pad_right}) {
    text += " " + std::to_string(number);
  }
  return text;
}

Linear random_linear(Rng& rng, Type type, std::vector<Index> shape) {
  Linear linear;
  const Index outputs = shape[0];
  linear.weight = shared_random(rng, other_byte(rng, type), std::move(shape));
  if (type == Type::f32) {
    if (rng.chance(0.7)) linear.bias = shared_random(rng, type, {outputs});
    linear.activation = rng.pick({Activation::none, Activation::relu, Activation::relu6});
  } else if (rng.chance(0.7)) {
    linear.bias = std::make_shared<const Tensor>(TensorInfo{"bias", Type::s32, {outputs}, {}});
  }
  return linear;
}

Case random_convolution(Rng& rng, Type type) {
  Convolution op;
  Index height = 0, width = 0;
  op.window = random_window(rng, height, width);
  op.groups = rng.pick<Index>({1, 1, 2, 3, 5});
  const Index channels = rng.chance(0.3) ? 1 : rng.between(1, 12), outputs = rng.chance(0.3) ? 1 : rng.between(1, 4);
  op.linear = random_linear(rng, type, {op.groups * outputs, op.window.height, op.window.width, channels});
  Case c;
  c.x.push_back(random_tensor(rng, type, {rng.between(1, 3), height, width, op.groups * channels}));
  c.step = {describe(op, c.x[0].info()), op, {0}, 1};
  make_y(rng, type,
         {c.x[0].info().dim(0), op.window.out_height(height), op.window.out_width(width), op.linear.outputs()}, c);
  return c;
}

Case random_fully_connected(Rng& rng, Type type) {
  Convolution op;
  const Index batch = rng.between(1, 20), inputs = rng.between(1, 40);
  op.linear = random_linear(rng, type, {rng.between(1, 20), 1, 1, inputs});
  Case c;
  c.x.push_back(random_tensor(rng, type, {batch, 1, 1, inputs}));
  c.step = {"fully connected " + describe(op, c.x[0].info()), FullyConnected{op.linear}, {0}, 1};
  make_y(rng, type, {batch, 1, 1, op.linear.outputs()}, c);
  return c;
}

ReferenceGradients reference_of(const Case& c) {
  const auto* fully_connected = std::get_if<FullyConnected>(&c.step.op);
  const Convolution op =
      fully_connected != nullptr ? Convolution{fully_connected->linear, {}, 1} : std::get<Convolution>(c.step.op);
  return reference_gradients(op, c.x[0], c.y.info(), reference_slopes(op.linear.activation, c.y, c.dy));
}

void check(const Case& c, Rng& rng) {
  INFO(c.step.name);
  const StepGradients got = gradients_of(c);
  const ReferenceGradients want = reference_of(c);
  CHECK(holds(got.inputs[0], want.x));
  CHECK(holds(got.parameters[0], want.weight, kBefore));
  if (got.parameters.size() > 1) CHECK(holds(got.parameters[1], want.bias, kBefore));
  std::vector<const char*> targets;
  for (const char* const* name = supported_targets(); *name != nullptr; ++name) targets.push_back(*name);
  CHECK(set_target(rng.pick(targets)).ok());
  {
    const Sharing sharing(static_cast<int>(rng.between(1, 4)));
    INFO(target());
    CHECK(equal(gradients_of(c), got));
  }
  CHECK(set_target(nullptr).ok());
  Execution pieces;
  pieces.gather_bytes = rng.between(1, 2000);
  CHECK(equal(gradients_of(c, pieces), got));
  const auto dataflow = static_cast<Dataflow>(rng.between(1, 7));
  Execution emulated = on_array(dataflow, {rng.between(1, 9), rng.between(1, 9)});
  emulated.join_groups = c.y.info().type != Type::f32 && rng.chance(0.3);
  INFO(septet::name(dataflow));
  CHECK(equal(gradients_of(c, emulated), got));
}

void check_type(Type type, std::uint64_t seed) {
  for (int problem = 0; problem < problem_count(200); ++problem, ++seed) {
    INFO("seed " << seed);
    Rng rng(seed);
    check(problem % 5 == 0 ? random_fully_connected(rng, type) : random_convolution(rng, type), rng);
  }
}

// Images [first, first + count) of a batch.
Tensor images_of(const Tensor& x, Index first, Index count) {
  TensorInfo info = x.info();
  const std::size_t image = x.bytes() / static_cast<std::size_t>(info.shape[0]);
  info.shape[0] = count;
  Tensor part(info);
  std::memcpy(part.data(), x.as<std::byte>() + static_cast<std::size_t>(first) * image, part.bytes());
  return part;
}

void check_micro_batches(const Case& c) {
  INFO(c.step.name);
  const StepGradients whole = gradients_of(c);
  StepGradients gradients = started(c);
  for (Index b = 0; b < c.dy.info().dim(0); ++b) {
    const Tensor x = images_of(c.x[0], b, 1), y = images_of(c.y, b, 1), dy = images_of(c.dy, b, 1);
    gradients.inputs = zero_gradients(c.step, {&x}).inputs;
    backward(c.step, {&x}, y, dy, gradients);
    CHECK(equal(gradients.inputs[0], images_of(whole.inputs[0], b, 1)));
  }
  for (std::size_t i = 0; i < whole.parameters.size(); ++i) {
    const Tensor &got = gradients.parameters[i], &want = whole.parameters[i];
    CHECK(std::memcmp(got.data(), want.data(), want.bytes()) == 0);
  }
}

std::string refusal(const Case& c, StepGradients gradients) {
  try {
    backward(c.step, c.operands(), c.y, c.dy, gradients);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("gradients of products of f32 are the definition's, within its error, on CPU and arrays") {
  check_type(Type::f32, 100);
}
TEST_CASE("gradients of products of bytes are the definition's, bit for bit, on CPU and arrays") {
  check_type(Type::s8, 1000);
  check_type(Type::u8, 2000);
}
TEST_CASE("every dataflow gives the bits of the CPU's gradients") {
  Rng rng(4000);
  for (const Type type : {Type::f32, Type::s8}) {
    for (int problem = 0; problem < problem_count(5); ++problem) {
      const Case c = random_convolution(rng, type);
      INFO(c.step.name);
      const StepGradients want = gradients_of(c);
      for (int dataflow = 1; dataflow <= 7; ++dataflow) {
        CHECK(equal(gradients_of(c, on_array(static_cast<Dataflow>(dataflow), {4, 3})), want));
      }
    }
  }
}

TEST_CASE("a strided data gradient is one product per group for whoever multiplies, with static zeros") {
  Convolution op;
  op.groups = 2;
  Window& w = op.window;
  w.height = w.width = 3, w.stride_h = w.stride_w = 2, w.pad_top = w.pad_bottom = w.pad_left = w.pad_right = 1;
  const Index outputs = 5, channels = 3;  // of a group
  Tensor weight({"w", Type::f32, {op.groups * outputs, 3, 3, channels}, {}});
  std::fill_n(weight.as<float>(), weight.info().elements(), 1.0f);
  op.linear.weight = std::make_shared<const Tensor>(std::move(weight));
  const Tensor x({"x", Type::f32, {2, 8, 6, 6}, {}}), y({"y", Type::f32, {2, 4, 3, 10}, {}});
  const Step step{"step", op, {0}, 1};
  StepGradients gradients = zero_gradients(step, {&x});
  gradients.parameters[0] = Tensor();
  Index calls = 0;
  Execution execution;
  execution.gather_bytes = 0;
  execution.gemm = [&](const GemmCall& call) {
    CHECK(call.group == calls++);
    CHECK(call.a.rows == 4 * channels);  // of a phase each
    CHECK(call.a.cols == 4 * outputs);   // at two offsets of rows and two of columns
    CHECK(call.b.cols == 2 * 4 * 3);
    const auto* elements = static_cast<const float*>(call.a.data);
    const auto weights = std::count(elements, elements + call.a.rows * call.a.cols, 1.0f);
    CHECK(weights == outputs * 9 * channels);  // the window's, once
    CHECK(std::count(elements, elements + call.a.rows * call.a.cols, 0.0f) == 16 * channels * outputs - weights);
  };
  backward(step, {&x}, y, y, gradients, execution);
  CHECK(calls == op.groups);
}

TEST_CASE("image by image the gradients of parameters have the bits of the whole batch") {
  Rng rng(5000);
  for (int problem = 0; problem < problem_count(100); ++problem) {
    const Type type = rng.pick({Type::f32, Type::s8, Type::u8});
    check_micro_batches(problem % 4 == 0 ? random_fully_connected(rng, type) : random_convolution(rng, type));
  }
}

TEST_CASE("what nobody wants is not made") {
  Rng rng(6000);
  const Case c = random_convolution(rng, Type::f32);
  const StepGradients all = gradients_of(c);
  for (const bool inputs : {false, true}) {
    StepGradients some = started(c);
    for (Tensor& unwanted : inputs ? some.parameters : some.inputs) unwanted = Tensor();
    backward(c.step, c.operands(), c.y, c.dy, some);
    CHECK((inputs ? some.parameters : some.inputs)[0].empty());
    CHECK(inputs ? equal(some.inputs[0], all.inputs[0]) : equal(some.parameters[0], all.parameters[0]));
  }
}

TEST_CASE("backward() says what does not fit") {
  Rng rng(7000);
  Case c = random_convolution(rng, Type::f32);
  StepGradients gradients = started(c);
  gradients.inputs.clear();
  CHECK(refusal(c, gradients) == "gradients.inputs: 0 are given, the step has 1");
  gradients = started(c);
  gradients.parameters[0] = Tensor({"", Type::f32, {1}, {}});
  CHECK(refusal(c, gradients) == "gradients.parameters[0]: not of its operand's shape");
  Case integers = random_convolution(rng, Type::s8);
  integers.dy = Tensor({"", Type::f32, integers.dy.info().shape, {}});
  CHECK(refusal(integers, started(integers)) == "dy: f32, not s8 or u8 as y's gradient is");
  c.dy = Tensor({"", Type::f32, {1}, {}});
  CHECK(refusal(c, started(c)) == "dy: not of its operand's shape");
  c.dy = Tensor(c.y.info());
  std::get<Convolution>(c.step.op).linear.activation = Activation::gelu;
  CHECK(refusal(c, started(c)).find("activation: ") == 0);
  c.step.op = Quantise{};
  CHECK(refusal(c, zero_gradients(c.step, c.operands())) == "step: quantise has no gradient");
}

}  // namespace septet::network
