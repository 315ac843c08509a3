// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Gradients of convolutions, fully connected layers and matmuls against their definition, on the CPU and on emulated
// arrays with every dataflow; micro-batches; what is refused.
#include "septet/network/gradients.hpp"

#include "gradients_reference.hpp"
#include "septet/emulation/emulate.hpp"
#include "sharing.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

namespace septet::network {
namespace {

using namespace septet::support;

// f32 in [-1, 1), some of it 0; bytes of any value and zero point.
Tensor random_tensor(Rng& rng, Type type, std::vector<Index> shape) {
  TensorInfo info{"t", type, std::move(shape), {}};
  if (type != Type::f32) info.quantisation = {0.5f, static_cast<int>(rng.below(256)) - (type == Type::s8 ? 128 : 0)};
  Tensor tensor(info);
  for (Index i = 0; i < info.elements(); ++i) {
    if (type == Type::f32) {
      tensor.as<float>()[i] = rng.chance(0.2) ? 0.0f : static_cast<float>(2 * rng.unit() - 1);
    } else {
      tensor.as<std::uint8_t>()[i] =
          static_cast<std::uint8_t>(rng.chance(0.2) ? info.quantisation.zero_point : rng.below(256));
    }
  }
  return tensor;
}

std::shared_ptr<const Tensor> shared_random(Rng& rng, Type type, std::vector<Index> shape) {
  return std::make_shared<const Tensor>(random_tensor(rng, type, std::move(shape)));
}

struct Case {
  Step step;
  std::vector<Tensor> x;
  Tensor y, dy;

  std::vector<const Tensor*> operands() const {
    std::vector<const Tensor*> list;
    for (const Tensor& tensor : x) list.push_back(&tensor);
    return list;
  }
};

Type other_byte(Rng& rng, Type type) { return type == Type::f32 ? type : rng.pick({Type::s8, Type::u8}); }

// What the gradient of a fused activation asks for is in y, which is made for f32 alone: of integers it has no say.
void make_y(Rng& rng, Type type, std::vector<Index> shape, Case& c) {
  c.y = Tensor({"y", type, shape, {}});
  c.dy = random_tensor(rng, other_byte(rng, type), std::move(shape));
  if (type == Type::f32) execute(c.step, c.operands(), c.y);
}

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

constexpr int kBefore = 3;  // what parameters' gradients start from
StepGradients started(const Case& c) {
  StepGradients gradients = zero_gradients(c.step, c.operands());
  for (Tensor& d : gradients.inputs) std::memset(d.data(), 0x5a, d.bytes());  // nobody reads it
  for (Tensor& d : gradients.parameters) {
    for (Index i = 0; i < d.info().elements(); ++i) {
      d.info().type == Type::f32 ? void(d.as<float>()[i] = kBefore) : void(d.as<std::int32_t>()[i] = kBefore);
    }
  }
  return gradients;
}
StepGradients gradients_of(const Case& c, const Execution& execution = {}) {
  StepGradients gradients = started(c);
  backward(c.step, c.operands(), c.y, c.dy, gradients, execution);
  return gradients;
}

// Up to the sign of zeros, which those of A that are skipped do not decide.
bool equal(const Tensor& got, const Tensor& want) {
  if (got.info().type != want.info().type || got.info().shape != want.info().shape) return false;
  const auto same = [&](auto type) {
    using T = decltype(type);
    const Index n = want.info().elements();
    return compare_up_to_zero_sign(row_major(got.as<T>(), 1, n), row_major(want.as<T>(), 1, n)).equal;
  };
  return want.info().type == Type::f32 ? same(float{}) : same(std::int32_t{});
}
bool equal(const StepGradients& got, const StepGradients& want) {
  for (std::size_t i = 0; i < want.inputs.size(); ++i) {
    if (!equal(got.inputs[i], want.inputs[i])) return false;
  }
  for (std::size_t i = 0; i < want.parameters.size(); ++i) {
    if (!equal(got.parameters[i], want.parameters[i])) return false;
  }
  return got.inputs.size() == want.inputs.size() && got.parameters.size() == want.parameters.size();
}

Execution on_array(Dataflow dataflow, const ArrayShape& array) {
  Execution execution;
  execution.gather_bytes = 0;
  execution.gemm = [dataflow, array](const GemmCall& call) {
    GemmOptions options = call.options;
    options.dataflow = dataflow, options.array = array;
    emulation::emulate(call.a, call.b, call.c, options);
  };
  return execution;
}

void check(const Case& c, Rng& rng) {
  INFO(c.step.name);
  const StepGradients got = gradients_of(c);
  const ReferenceGradients want = reference_of(c);
  CHECK(holds(got.inputs[0], want.x));
  CHECK(holds(got.parameters[0], want.weight, kBefore));
  if (got.parameters.size() > 1) CHECK(holds(got.parameters[1], want.bias, kBefore));
  {
    const Sharing sharing(static_cast<int>(rng.between(2, 4)));
    CHECK(equal(gradients_of(c), got));
  }
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

Case random_matmul(Rng& rng, Type type) {
  const Index batch = rng.between(1, 3), heads = rng.between(1, 3), m = rng.between(1, 9), n = rng.between(1, 9),
              k = rng.between(1, 9);
  MatMul op;
  op.transposed = rng.chance(0.5);
  if (type == Type::f32) op.scale = rng.pick({1.f, 0.125f, 0.3f});
  const Index rows = op.transposed ? n : k, cols = op.transposed ? k : n;
  const std::vector<std::vector<Index>> shapes{
      {rows, cols}, {heads, rows, cols}, {batch, 1, rows, cols}, {batch, heads, rows, cols}};
  Case c;
  c.x.push_back(random_tensor(rng, type, {batch, heads, m, k}));
  c.x.push_back(random_tensor(rng, other_byte(rng, type), rng.pick(shapes)));
  c.step = {"matmul", op, {0, 1}, 2};
  make_y(rng, type, {batch, heads, m, n}, c);
  return c;
}

// Where a dimension is missing or 1, x1 is the same.
Index second_matrix(const TensorInfo& x1, Index b, Index h) {
  const std::vector<Index>& shape = x1.shape;
  const Index heads = shape.size() > 2 ? shape[shape.size() - 3] : 1, batch = shape.size() > 3 ? shape[0] : 1;
  return (batch > 1 ? b : 0) * heads + (heads > 1 ? h : 0);
}

void check_matmul(const Case& c, Rng& rng) {
  const auto& op = std::get<MatMul>(c.step.op);
  const TensorInfo& info = c.y.info();
  const Index heads = info.dim(1), m = info.dim(2), n = info.dim(3), k = c.x[0].info().dim(3);
  ReferenceSums first(c.x[0].info().elements()), second(c.x[1].info().elements());
  for (Index at = 0; at < info.elements(); ++at) {
    const Index j = at % n, i = at / n % m, h = at / n / m % heads, b = at / n / m / heads;
    const double slope = double{op.scale} * real(c.dy, at);
    for (Index l = 0; l < k; ++l) {
      const Index of_0 = ((b * heads + h) * m + i) * k + l;
      const Index of_1 = second_matrix(c.x[1].info(), b, h) * k * n + (op.transposed ? j * k + l : l * n + j);
      first.add(of_0, slope * real(c.x[1], of_1));
      second.add(of_1, slope * real(c.x[0], of_0));
    }
  }
  // The scale's product is one rounding more than the chain's, which `holds` allows.
  const StepGradients got = gradients_of(c);
  CHECK(holds(got.inputs[0], first));
  CHECK(holds(got.inputs[1], second));
  CHECK(got.parameters.empty());
  const auto dataflow = static_cast<Dataflow>(rng.between(1, 7));
  CHECK(equal(gradients_of(c, on_array(dataflow, {rng.between(1, 9), rng.between(1, 9)})), got));
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
TEST_CASE("gradients of matmuls are the definition's, on CPU and arrays") {
  for (std::uint64_t seed = 3000; seed < 3000 + static_cast<std::uint64_t>(problem_count(100)); ++seed) {
    INFO("seed " << seed);
    Rng rng(seed);
    check_matmul(random_matmul(rng, rng.pick({Type::f32, Type::s8, Type::u8})), rng);
  }
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
