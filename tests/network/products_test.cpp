// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Convolutions, fully connected layers and matmuls on the CPU and on the emulated array against their definitions: any
// window, stride, dilation, padding and groups, every type; equal bits.
#include "reference.hpp"
#include "septet/emulation/emulate.hpp"
#include "septet/network/execute.hpp"
#include "septet/network/quantisation.hpp"
#include "sharing.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

namespace septet::network {
namespace {

using namespace septet::support;

template <class T>
void fill(Tensor& tensor, Rng& rng) {
  for (Index i = 0; i < tensor.info().elements(); ++i) {
    tensor.as<T>()[i] = rng.chance(0.2) ? static_cast<T>(tensor.info().quantisation.zero_point)
                                        : random_value<T>(rng, ValueKind::mixed);
  }
}

// A tensor of random elements; the quantised types with a random zero point.
template <class T>
Tensor random_tensor(Rng& rng, std::vector<Index> shape) {
  constexpr bool quantised = sizeof(T) == 1;
  const auto zero_point =
      quantised ? rng.between(std::numeric_limits<T>::min(), std::numeric_limits<T>::max()) : Index{0};
  Tensor tensor(
      {"t", type_of<T>(), std::move(shape), {quantised ? 0.5f : 0.f, static_cast<int>(quantised ? zero_point : 0)}});
  fill<T>(tensor, rng);
  return tensor;
}

template <class T>
std::shared_ptr<const Tensor> shared_random(Rng& rng, std::vector<Index> shape) {
  return std::make_shared<const Tensor>(random_tensor<T>(rng, std::move(shape)));
}

// y's type, quantisation and what becomes of sums of W's products.
template <class X, class W>
Linear random_linear(Rng& rng, std::vector<Index> weight_shape, TensorInfo& y) {
  Linear linear;
  const Index outputs = weight_shape[0];
  linear.weight = shared_random<W>(rng, std::move(weight_shape));
  if constexpr (kIsFloat<X>) {
    y.type = Type::f32;
    if (rng.chance(0.7)) linear.bias = shared_random<float>(rng, {outputs});
    linear.activation = rng.pick({Activation::none, Activation::relu, Activation::relu6});
  } else {
    y.type = rng.pick({Type::s8, Type::u8});
    const int least = y.type == Type::s8 ? -128 : 0;
    if (rng.chance(0.7)) linear.bias = shared_random<std::int32_t>(rng, {outputs});
    linear.rounding = rng.pick(
        {Rounding::gemmlowp_double, Rounding::single_half_up, Rounding::single_half_even, Rounding::fp32_nearest_even});
    for (Index o = 0; o < outputs; ++o) {
      const auto multiplier = static_cast<std::int32_t>(rng.between(1 << 30, (Index{1} << 31) - 1));
      const auto shift = static_cast<std::int32_t>(rng.between(-24, -6));
      if (linear.rounding == Rounding::fp32_nearest_even) {
        linear.scale.push_back(static_cast<float>(std::ldexp(multiplier, shift - 31)));
      } else {
        linear.multiplier.push_back(multiplier), linear.shift.push_back(shift);
      }
    }
    linear.low = static_cast<int>(least + rng.below(100)), linear.high = static_cast<int>(least + 255 - rng.below(100));
    y.quantisation = {0.5f, static_cast<int>(least + rng.below(256))};
  }
  return linear;
}

struct Case {
  Step step;
  std::vector<Tensor> x;
  TensorInfo y;
  ReferenceOutputs want;
};

std::string describe(const Convolution& op, const TensorInfo& x, const TensorInfo& y) {
  const Window& w = op.window;
  std::string text = std::string(septet::name(x.type)) + " x " + septet::name(op.linear.weight->info().type);
  for (const Index number :
       {x.dim(0), x.dim(1), x.dim(2), x.dim(3), y.dim(3), op.groups, w.height, w.width, w.stride_h, w.stride_w,
        w.dilation_h, w.dilation_w, w.pad_top, w.pad_bottom, w.pad_left, w.pad_right}) {
    text += " " + std::to_string(number);
  }
  return text;
}

Window random_window(Rng& rng) {
  Window w;
  if (rng.chance(0.3)) return w;
  w.height = rng.between(1, 4), w.width = rng.between(1, 4);
  w.stride_h = rng.between(1, 3), w.stride_w = rng.between(1, 3);
  if (rng.chance(0.5)) w.dilation_h = rng.between(1, 3), w.dilation_w = rng.between(1, 3);
  for (Index* pad : {&w.pad_top, &w.pad_bottom, &w.pad_left, &w.pad_right}) {
    if (rng.chance(0.4)) *pad = rng.between(1, 3);
  }
  return w;
}

template <class X, class W>
Case random_convolution(Rng& rng) {
  Convolution op;
  op.window = random_window(rng);
  const Window& w = op.window;
  const Index height = rng.between(1, 3) + std::max<Index>(0, w.dilation_h * (w.height - 1) - w.pad_top - w.pad_bottom),
              width = rng.between(1, 9) + std::max<Index>(0, w.dilation_w * (w.width - 1) - w.pad_left - w.pad_right);
  op.groups = rng.pick<Index>({1, 1, 2, 3, 5});
  const Index channels = rng.chance(0.3) ? 1 : rng.between(1, 6);  // 1: depthwise
  const Index outputs = op.groups * rng.between(1, 4);
  Case c;
  c.x.push_back(random_tensor<X>(rng, {rng.between(1, 3), height, width, op.groups * channels}));
  c.y.shape = {c.x[0].info().dim(0), w.out_height(height), w.out_width(width), outputs};
  op.linear = random_linear<X, W>(rng, {outputs, w.height, w.width, channels}, c.y);
  c.step.name = describe(op, c.x[0].info(), c.y);
  c.want = reference_outputs(op.linear, reference_convolution<X, W>(op, c.x[0], c.y), c.y);
  c.step.op = std::move(op);
  return c;
}

// A fully connected layer is a convolution whose window is the image.
template <class X, class W>
Case random_fully_connected(Rng& rng) {
  const Index batch = rng.between(1, 20), inputs = rng.between(1, 40), outputs = rng.between(1, 20);
  Case c;
  c.x.push_back(random_tensor<X>(rng, {batch, 1, 1, inputs}));
  c.y.shape = {batch, 1, 1, outputs};
  Convolution op;
  op.linear = random_linear<X, W>(rng, {outputs, 1, 1, inputs}, c.y);
  c.step.name = "fully connected " + describe(op, c.x[0].info(), c.y);
  c.want = reference_outputs(op.linear, reference_convolution<X, W>(op, c.x[0], c.y), c.y);
  c.step.op = FullyConnected{std::move(op.linear)};
  return c;
}

Difference compare(const Tensor& got, const Tensor& want) {
  const auto values = [&](auto type) {
    using T = decltype(type);
    const Index n = want.info().elements();
    return compare_bits(row_major(got.as<T>(), 1, n), row_major(want.as<T>(), 1, n));
  };
  if (got.info().type != want.info().type || got.info().shape != want.info().shape) return {false, -1, -1, "its kind"};
  if (want.info().type == Type::f32) return values(float{});
  if (want.info().type == Type::s32) return values(std::int32_t{});
  return want.info().type == Type::s8 ? values(std::int8_t{}) : values(std::uint8_t{});
}

void check_run(const Case& c, const char* how, const Execution& execution) {
  INFO(c.step.name << ", " << how);
  std::vector<const Tensor*> x;
  for (const Tensor& tensor : c.x) x.push_back(&tensor);
  for (const bool with_sums : {false, true}) {
    Tensor y(c.y), sums;
    execute(c.step, x, y, execution, with_sums ? &sums : nullptr);
    const Difference difference = compare(y, c.want.y);
    CHECK_MESSAGE(difference.equal, "y " << difference.text);
    if (!with_sums) continue;
    const Difference of_sums = compare(sums, c.want.sums);
    CHECK_MESSAGE(of_sums.equal, "sums " << of_sums.text);
  }
}

void check(const Case& c, Rng& rng) {
  std::vector<const char*> targets;
  for (const char* const* name = supported_targets(); *name != nullptr; ++name) targets.push_back(*name);
  const char* target = rng.pick(targets);
  CHECK(set_target(target).ok());
  {
    const Sharing sharing(static_cast<int>(rng.between(1, 4)));
    check_run(c, target, {});
  }
  CHECK(set_target(nullptr).ok());
  Execution products;
  products.gemm = [](const GemmCall& call) { gemm(call.a, call.b, call.c, call.options); };
  products.gather_bytes = rng.between(1, 2000);
  check_run(c, "CPU, products only, gathered in blocks", products);
  // Floats: A's zeros have no say where B is finite, as here; sums of +0 and what is left keep their order.
  const auto dataflow = static_cast<Dataflow>(rng.between(1, 7));
  const ArrayShape array{rng.between(1, 9), rng.between(1, 9)};
  Index calls = 0, next_group = 0;
  Execution emulated;
  emulated.gather_bytes = 0;
  emulated.join_groups = c.y.type != Type::f32 && rng.chance(0.3);
  emulated.gemm = [&](const GemmCall& call) {
    CHECK(call.group == next_group);
    ++calls, ++next_group;
    GemmOptions options = call.options;
    options.dataflow = dataflow, options.array = array;
    emulation::emulate(call.a, call.b, call.c, options);
  };
  Tensor y(c.y);
  std::vector<const Tensor*> x;
  for (const Tensor& tensor : c.x) x.push_back(&tensor);
  INFO(c.step.name << ", emulated " << septet::name(dataflow) << " " << array.height << "x" << array.width);
  execute(c.step, x, y, emulated);
  const Difference difference = compare(y, c.want.y);
  CHECK_MESSAGE(difference.equal, difference.text);
  const auto* convolution = std::get_if<Convolution>(&c.step.op);
  if (convolution != nullptr) CHECK(calls == (emulated.join_groups ? 1 : convolution->groups));
}

template <class X, class W>
void check_types(std::uint64_t seed) {
  Rng rng(seed);
  for (int i = 0; i < problem_count(600); ++i) {
    INFO("seed " << seed << ", problem " << i);
    check(random_convolution<X, W>(rng), rng);
    if (i % 5 == 0) check(random_fully_connected<X, W>(rng), rng);
  }
}

}  // namespace

TEST_CASE("convolutions and fully connected layers of s8 are the definition's, bit for bit") {
  check_types<std::int8_t, std::int8_t>(1);
}
TEST_CASE("convolutions and fully connected layers of u8 are the definition's, bit for bit") {
  check_types<std::uint8_t, std::uint8_t>(2);
}
TEST_CASE("convolutions and fully connected layers of mixed signs are the definition's, bit for bit") {
  check_types<std::int8_t, std::uint8_t>(3);
  check_types<std::uint8_t, std::int8_t>(4);
}
TEST_CASE("convolutions and fully connected layers of f32 are the definition's, bit for bit") {
  check_types<float, float>(5);
}

TEST_CASE("matmul: every batch, transposed or not, scaled once") {
  Rng rng(6);
  for (int problem = 0; problem < problem_count(40); ++problem) {
    const Index batch = rng.between(1, 3), heads = rng.between(1, 3), m = rng.between(1, 9), n = rng.between(1, 9),
                k = rng.between(1, 9);
    const bool transposed = rng.chance(0.5);
    const float scale = rng.pick({1.f, 0.125f, 0.3f});
    const Tensor x0 = random_tensor<float>(rng, {batch, heads, m, k});
    const Tensor x1 =
        transposed ? random_tensor<float>(rng, {batch, heads, n, k}) : random_tensor<float>(rng, {batch, heads, k, n});
    Tensor y({"y", Type::f32, {batch, heads, m, n}, {}}), want = y, sums;
    for (Index b = 0; b < batch * heads; ++b) {
      for (Index i = 0; i < m; ++i) {
        for (Index j = 0; j < n; ++j) {
          float sum = 0;
          for (Index l = 0; l < k; ++l) {
            const Index at = transposed ? j * k + l : l * n + j;
            sum = fused(x0.as<float>()[(b * m + i) * k + l], x1.as<float>()[b * k * n + at], sum);
          }
          want.as<float>()[(b * m + i) * n + j] = product(sum, scale);
        }
      }
    }
    INFO("problem " << problem << ": " << batch * heads << " of " << m << "x" << k << "x" << n << ", " << transposed);
    execute({"attention", MatMul{transposed, scale}, {0, 1}, 2}, {&x0, &x1}, y, {}, &sums);
    CHECK(compare(y, want).equal);
    CHECK(compare(sums, want).equal);
  }
}

// Which matrix of x1 goes with matrix (b, h) of x0, and x1's shape.
struct Partner {
  std::vector<Index> shape;
  Index step_b, step_h;
};
Partner random_partner(Rng& rng, Index batch, Index heads, Index rows, Index cols) {
  switch (rng.below(4)) {
    case 0:
      return {{rows, cols}, 0, 0};
    case 1:
      return {{heads, rows, cols}, 0, 1};
    case 2:
      return {{batch, 1, rows, cols}, 1, 0};
    default:
      return {{batch, heads, rows, cols}, heads, 1};
  }
}

template <class X, class W>
void check_matmul_of_bytes(std::uint64_t first) {
  for (int problem = 0; problem < problem_count(60); ++problem) {
    const std::uint64_t seed = first + static_cast<std::uint64_t>(problem);
    INFO("seed " << seed);
    Rng rng(seed);
    const Index batch = rng.between(1, 3), heads = rng.between(1, 3), m = rng.between(1, 9), n = rng.between(1, 9),
                k = rng.between(1, 70);
    MatMul op;
    op.transposed = rng.chance(0.5);
    op.rounding = rng.pick({Rounding::gemmlowp_double, Rounding::fp32_nearest_even, Rounding::single_half_up});
    const Partner partner = random_partner(rng, batch, heads, op.transposed ? n : k, op.transposed ? k : n);
    Tensor x0 = random_tensor<X>(rng, {batch, heads, m, k}), x1 = random_tensor<W>(rng, partner.shape);
    const auto some_scale = [&] { return static_cast<float>(0.01 + rng.unit()); };
    x0.set_quantisation({some_scale(), x0.info().quantisation.zero_point});
    x1.set_quantisation({some_scale(), x1.info().quantisation.zero_point});
    const Type type = rng.pick({Type::s8, Type::u8});
    const int least = type == Type::s8 ? -128 : 0;
    op.low = least + static_cast<int>(rng.below(50)), op.high = least + 255 - static_cast<int>(rng.below(50));
    const float to = some_scale() * 50;
    const TensorInfo info{"y", type, {batch, heads, m, n}, {to, least + static_cast<int>(rng.below(256))}};
    CHECK(validate({"n", {x0.info(), x1.info(), info}, {{"attention", op, {0, 1}, 2}}, {0, 1}, {2}}).to_string() ==
          "ok");

    const volatile float product = x0.info().quantisation.scale * x1.info().quantisation.scale;
    const volatile float quotient = product / to;
    const Multiplier nearest = nearest_multiplier(double{product} / double{to});
    const std::int32_t shift = nearest.shift;
    const float scale = quotient;
    Requantise r;
    r.multiplier = row_major(&nearest.multiplier, 1, 1), r.shift = row_major(&shift, 1, 1);
    r.scale = row_major(&scale, 1, 1), r.rounding = op.rounding, r.zero_point = info.quantisation.zero_point;
    r.low = op.low, r.high = op.high;
    ReferenceOutputs want{Tensor(info), Tensor({"", Type::s32, info.shape, {}})};
    for (Index at = 0; at < info.elements(); ++at) {
      const Index j = at % n, i = at / n % m, h = at / n / m % heads, b = at / n / m / heads;
      const W* b_matrix = x1.as<W>() + (b * partner.step_b + h * partner.step_h) * k * n;
      const X* a_row = x0.as<X>() + ((b * heads + h) * m + i) * k;
      std::int32_t sum = 0;
      for (Index l = 0; l < k; ++l) {
        sum += (a_row[l] - x0.info().quantisation.zero_point) *
               (b_matrix[op.transposed ? j * k + l : l * n + j] - x1.info().quantisation.zero_point);
      }
      want.sums.as<std::int32_t>()[at] = sum;
      want.y.as<std::uint8_t>()[at] = static_cast<std::uint8_t>(reference_requantise(sum, r, 0, 0, type));
    }
    const Dataflow dataflow = static_cast<Dataflow>(rng.between(1, 7));
    Execution emulated;
    emulated.gemm = [&](const GemmCall& call) {
      GemmOptions options = call.options;
      options.dataflow = dataflow, options.array = {3, 5};
      emulation::emulate(call.a, call.b, call.c, options);
    };
    for (const Execution& execution : {Execution{}, emulated}) {
      Tensor y(info), sums;
      execute({"attention", op, {0, 1}, 2}, {&x0, &x1}, y, execution);
      CHECK(compare(y, want.y).equal);
      execute({"attention", op, {0, 1}, 2}, {&x0, &x1}, y, execution, &sums);
      CHECK(compare(y, want.y).equal);
      CHECK(compare(sums, want.sums).equal);
    }
  }
}

TEST_CASE("matmul of bytes: zero points, one factor, x1 the same for some of x0's matrices; on CPU and array") {
  check_matmul_of_bytes<std::int8_t, std::int8_t>(700);
  check_matmul_of_bytes<std::uint8_t, std::uint8_t>(800);
  check_matmul_of_bytes<std::int8_t, std::uint8_t>(900);
}

TEST_CASE("matmul: x1 is the same for some of x0's matrices") {
  Rng rng(60);
  for (int problem = 0; problem < problem_count(40); ++problem) {
    const Index batch = rng.between(1, 3), heads = rng.between(1, 3), m = rng.between(1, 5), n = rng.between(1, 5),
                k = rng.between(1, 5);
    const Partner partner = random_partner(rng, batch, heads, k, n);
    const Tensor x0 = random_tensor<float>(rng, {batch, heads, m, k}), x1 = random_tensor<float>(rng, partner.shape);
    Tensor y({"y", Type::f32, {batch, heads, m, n}, {}}), want = y;
    for (Index at = 0; at < y.info().elements(); ++at) {
      const Index j = at % n, i = at / n % m, h = at / n / m % heads, b = at / n / m / heads;
      float sum = 0;
      for (Index l = 0; l < k; ++l) {
        sum = fused(x0.as<float>()[((b * heads + h) * m + i) * k + l],
                    x1.as<float>()[(b * partner.step_b + h * partner.step_h) * k * n + l * n + j], sum);
      }
      want.as<float>()[at] = sum;
    }
    INFO("problem " << problem);
    execute({"attention", MatMul{}, {0, 1}, 2}, {&x0, &x1}, y);
    CHECK(compare(y, want).equal);
  }
}

}  // namespace septet::network
