// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Operators of f32 against their definitions: the same bits on every target, every step rounded once, in the order of
// elements.
#include "kernels/dispatch.hpp"
#include "one_step.hpp"
#include "operators_reference.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

namespace septet::network {
namespace {

using namespace septet::support;

constexpr Activation kActivations[] = {Activation::none, Activation::relu,    Activation::relu6,
                                       Activation::gelu, Activation::sigmoid, Activation::tanh};

// f(rng) for so many seeds, under every target in turn.
template <class F>
void for_targets(std::uint64_t first, int usual, F&& f) {
  for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
    REQUIRE(set_target(*target).ok());
    for (int i = 0; i < problem_count(usual); ++i) {
      const std::uint64_t seed = first + static_cast<std::uint64_t>(i);
      INFO("target " << std::string(*target) << ", seed " << seed);
      Rng rng(seed);
      f(rng);
    }
  }
  REQUIRE(set_target(nullptr).ok());
}

// Of exact activations; the smooth ones have tests of their own, and are asked of their kernel here.
float activated(float x, Activation activation) {
  if (is_exact(activation)) return exact_activation(x, activation);
  kernels::FinishCall<float> call;
  call.sums = call.out = &x, call.count = 1, call.activation = activation;
  kernels::epilogue_kernels().finish_f32(call);
  return x;
}

float minus(float x, float y) { return plus(x, -y); }
float times(float x, float y) { return static_cast<volatile float&&>(x) * y; }
float quotient(float x, float y) { return static_cast<volatile float&&>(x) / y; }

void check_bits(const Tensor& got, const std::vector<float>& want) {
  REQUIRE(got.info().elements() == static_cast<Index>(want.size()));
  const auto count = static_cast<Index>(want.size());
  const auto difference = compare_bits(MatrixView<const float>{got.as<float>(), 1, count, count, 1},
                                       MatrixView<const float>{want.data(), 1, count, count, 1});
  CHECK_MESSAGE(difference.equal, difference.text);
}

std::shared_ptr<const Tensor> random_vector(Rng& rng, Index count) {
  return std::make_shared<const Tensor>(random_tensor(rng, {"v", Type::f32, {count}, {}}));
}

TensorInfo floats(std::vector<Index> shape) { return {"t", Type::f32, std::move(shape), {}}; }

}  // namespace

TEST_CASE("floats: add, activate, batch norm") {
  for_targets(100, 40, [](Rng& rng) {
    const std::vector<Index> shape{rng.between(1, 3), rng.between(1, 5), rng.between(1, 40)};
    const Tensor x0 = random_tensor(rng, floats(shape)), x1 = random_tensor(rng, floats(shape));
    const Activation activation = kActivations[rng.below(6)];
    std::vector<float> sums, activations, norms;
    BatchNorm norm{random_vector(rng, shape[2]), random_vector(rng, shape[2])};
    for (Index i = 0; i < x0.info().elements(); ++i) {
      const float a = x0.as<float>()[i];
      sums.push_back(activated(plus(a, x1.as<float>()[i]), activation));
      activations.push_back(activated(a, activation));
      norms.push_back(plus(times(a, norm.factor->as<float>()[i % shape[2]]), norm.term->as<float>()[i % shape[2]]));
    }
    Add add;
    add.activation = activation;
    REQUIRE(validate_one(add, {&x0, &x1}, floats(shape)).ok());
    check_bits(run(add, {&x0, &x1}, floats(shape)), sums);
    check_bits(run(Activate{activation}, {&x0}, floats(shape)), activations);
    check_bits(run(norm, {&x0}, floats(shape)), norms);
  });
}

TEST_CASE("floats: pools and means") {
  for_targets(200, 40, [](Rng& rng) {
    const std::vector<Index> shape = random_image_shape(rng);
    std::vector<Index> out;
    const Window w = random_window(rng, shape, out);
    Tensor x = random_tensor(rng, floats(shape));
    if (rng.chance(0.2)) x.as<float>()[rng.below(x.info().elements())] = std::numeric_limits<float>::quiet_NaN();
    if (rng.chance(0.2)) std::fill_n(x.as<float>(), x.info().elements(), -HUGE_VALF);
    const Activation activation = rng.pick({Activation::none, Activation::relu, Activation::relu6});
    std::vector<float> most, averages, means;
    for (Index i = 0; i < TensorInfo{floats(out)}.elements(); ++i) {
      const Index c = i % out[3], column = i / out[3] % out[2], row = i / out[3] / out[2] % out[1];
      const auto places = under_window(x.info(), w, i / out[3] / out[2] / out[1], row, column, c);
      float greatest = x.as<float>()[places[0]], sum = 0;
      for (const Index place : places) {
        const float value = x.as<float>()[place];
        if (value > greatest || value != value) greatest = value;
        sum = plus(sum, value);
      }
      most.push_back(activated(greatest, activation));
      averages.push_back(activated(quotient(sum, static_cast<float>(places.size())), activation));
    }
    MaxPool max_pool{w};
    AveragePool average_pool{w};
    max_pool.activation = average_pool.activation = activation;
    check_bits(run(max_pool, {&x}, floats(out)), most);
    check_bits(run(average_pool, {&x}, floats(out)), averages);
    for (Index b = 0; b < shape[0]; ++b) {
      for (Index c = 0; c < shape[3]; ++c) {
        float sum = 0;
        for (Index i = 0; i < shape[1] * shape[2]; ++i) {
          sum = plus(sum, x.as<float>()[(b * shape[1] * shape[2] + i) * shape[3] + c]);
        }
        means.push_back(quotient(sum, static_cast<float>(shape[1] * shape[2])));
      }
    }
    check_bits(run(Mean{}, {&x}, floats({shape[0], shape[3]})), means);
  });
}

TEST_CASE("floats: layer norm") {
  for_targets(300, 40, [](Rng& rng) {
    const Index rows = rng.between(1, 4), width = rng.between(1, 70);
    const Tensor x = random_tensor(rng, floats({rows, width}));
    const LayerNorm op{random_vector(rng, width), random_vector(rng, width), rng.pick({1e-5f, 0.0f, 1.0f})};
    std::vector<float> want;
    for (Index i = 0; i < rows; ++i) {
      const float* row = x.as<float>() + i * width;
      const auto count = static_cast<float>(width);
      float sum = 0, squares = 0;
      for (Index j = 0; j < width; ++j) sum = plus(sum, row[j]);
      const float mean = quotient(sum, count);
      for (Index j = 0; j < width; ++j) squares = plus(squares, times(minus(row[j], mean), minus(row[j], mean)));
      const float deviation = std::sqrt(plus(quotient(squares, count), op.epsilon));
      for (Index j = 0; j < width; ++j) {
        const float normal = quotient(minus(row[j], mean), deviation);
        want.push_back(plus(times(normal, op.gamma->as<float>()[j]), op.beta->as<float>()[j]));
      }
    }
    REQUIRE(validate_one(op, {&x}, floats({rows, width})).ok());
    check_bits(run(op, {&x}, floats({rows, width})), want);
  });
}

TEST_CASE("floats: softmax is the definition in f32, with septet's own exp") {
  for_targets(400, 40, [](Rng& rng) {
    const Index rows = rng.between(1, 4), width = rng.between(1, 70);
    Tensor x = random_tensor(rng, floats({rows, width}));
    if (rng.chance(0.5)) {
      for (Index i = 0; i < rows * width; ++i) x.as<float>()[i] = static_cast<float>(8 * rng.unit() - 4);
    }
    const float factor = rng.pick({1.0f, 0.125f, 3.0f});
    std::vector<float> want;
    double worst = 0;
    for (Index i = 0; i < rows; ++i) {
      const float* row = x.as<float>() + i * width;
      const float most = *std::max_element(row, row + width);
      std::vector<float> powers;
      float sum = 0;
      for (Index j = 0; j < width; ++j) {
        powers.push_back(times(minus(row[j], most), factor));
        kernels::epilogue_kernels().exp_f32(&powers.back(), 1);
        sum = plus(sum, powers.back());
      }
      for (const float power : powers) want.push_back(quotient(power, sum));
      double real = 0;
      for (Index j = 0; j < width; ++j) real += std::exp((double{row[j]} - double{most}) * double{factor});
      for (Index j = 0; j < width; ++j) {
        const double share = std::exp((double{row[j]} - double{most}) * double{factor}) / real;
        worst = std::max(worst, std::fabs(double{want[static_cast<std::size_t>(i * width + j)]} - share));
      }
    }
    REQUIRE(validate_one(Softmax{factor}, {&x}, floats({rows, width})).ok());
    check_bits(run(Softmax{factor}, {&x}, floats({rows, width})), want);
    // 80 roundings of sums, e^t off by the rounding of t (|t| 2^-24, where e^t is at most 1 / |t| of 1), a quotient.
    CHECK(worst < 90 * 0x1p-24);
  });
}

TEST_CASE("floats: a NaN in a row of softmax, infinities, one column") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Tensor x(floats({4, 2}));
  const float values[] = {1, nan, -HUGE_VALF, 5, HUGE_VALF, 0, -200, 200};
  std::copy(std::begin(values), std::end(values), x.as<float>());
  const Tensor y = run(Softmax{}, {&x}, floats({4, 2}));
  for (const int i : {0, 1, 4}) CHECK(y.as<float>()[i] != y.as<float>()[i]);
  CHECK(y.as<float>()[2] == 0);
  CHECK(y.as<float>()[3] == 1);
  CHECK(y.as<float>()[6] == 0);
  CHECK(y.as<float>()[7] == 1);
  const Tensor one = run(Softmax{3}, {&x}, floats({8, 1}));
  CHECK(one.as<float>()[0] == 1);
  CHECK(one.as<float>()[3] == 1);
}

TEST_CASE("an empty batch is an empty output") {
  for (const Type type : {Type::f32, Type::s8, Type::u8}) {
    const Quantisation q{type == Type::f32 ? 0 : 0x1p-8f, type == Type::s8 ? -128 : 0};
    const TensorInfo image{"x", type, {0, 3, 3, 2}, q}, pooled{"y", type, {0, 2, 2, 2}, q}, mean{"y", type, {0, 2}, q};
    const Tensor x(image);
    Window w;
    w.height = w.width = 2;
    const IntegerRange range = type == Type::f32 ? IntegerRange{0, 0} : range_of(type);
    const std::pair<Operator, TensorInfo> cases[] = {{MaxPool{w, range.low, range.high}, pooled},
                                                     {AveragePool{w, range.low, range.high}, pooled},
                                                     {Mean{}, mean},
                                                     {Activate{}, image},
                                                     {Softmax{}, image},
                                                     {Reshape{}, {"y", type, {0, 18}, q}}};
    for (const auto& [op, y] : cases) CHECK(run(op, {&x}, y).bytes() == 0);
    CHECK(run(Add{range.low, range.high}, {&x, &x}, image).bytes() == 0);
  }
}

TEST_CASE("floats: the caller's rounding mode and flushing change nothing") {
  Tensor x(floats({1, 2}));
  x.as<float>()[0] = -100, x.as<float>()[1] = 0;
  const Tensor want = run(Softmax{}, {&x}, floats({1, 2}));
  CHECK(want.as<float>()[0] > 0);  // subnormal
#if defined(__SSE2__)
  const unsigned before = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(before | 0x8040 | 0x6000);  // flush to zero, subnormals as zeros, towards 0
  const Tensor got = run(Softmax{}, {&x}, floats({1, 2}));
  __builtin_ia32_ldmxcsr(before);
  CHECK(std::memcmp(got.data(), want.data(), want.bytes()) == 0);
#endif
}

}  // namespace septet::network
