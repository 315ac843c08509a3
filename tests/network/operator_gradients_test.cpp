// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Gradients of pools, means, additions, activations, softmax and reshape against their definitions in f64, and those
// against central differences.
#include "operator_gradients.hpp"

#include "operator_gradients_reference.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

namespace septet::network {
namespace {

using namespace septet::support;

constexpr Activation kMasks[] = {Activation::none, Activation::relu, Activation::relu6};
constexpr Activation kSmooth[] = {Activation::sigmoid, Activation::tanh, Activation::gelu};

// ---- pools

struct PoolProblem {
  Window window;
  bool greatest = false;
  Activation activation = Activation::none;
  TensorInfo x, y;

  Operator op() const {
    if (greatest) return MaxPool{window, -128, 127, activation};
    return AveragePool{window, -128, 127, activation};
  }
  std::vector<Index> places(Index i) const {  // under output i
    const Index c = i % y.dim(3), column = i / y.dim(3) % y.dim(2), row = i / y.dim(3) / y.dim(2) % y.dim(1);
    return under_window(x, window, i / y.dim(3) / y.dim(2) / y.dim(1), row, column, c);
  }
};

// The place of the first greatest.
Index greatest_of(const Values& x, const std::vector<Index>& places) {
  Index first = places[0];
  for (const Index place : places) {
    if (x[static_cast<std::size_t>(place)] > x[static_cast<std::size_t>(first)]) first = place;
  }
  return first;
}

double pooled(const PoolProblem& p, const Values& x, Index i) {
  const std::vector<Index> places = p.places(i);
  if (p.greatest) return x[static_cast<std::size_t>(greatest_of(x, places))];
  double sum = 0;
  for (const Index place : places) sum += x[static_cast<std::size_t>(place)];
  return sum / static_cast<double>(places.size());
}

Values plain_pool(const PoolProblem& p, const Values& x) {
  Values y;
  for (Index i = 0; i < p.y.elements(); ++i) y.push_back(plain_activation(p.activation, pooled(p, x, i)));
  return y;
}

std::vector<Sum> plain_pool_gradient(const PoolProblem& p, const Values& x, const Values& dy) {
  std::vector<Sum> dx(x.size());
  for (Index i = 0; i < p.y.elements(); ++i) {
    const std::vector<Index> places = p.places(i);
    const double dz = dy[static_cast<std::size_t>(i)] * plain_slope(p.activation, pooled(p, x, i));
    if (p.greatest) {
      dx[static_cast<std::size_t>(greatest_of(x, places))].add(dz);
      continue;
    }
    for (const Index place : places) dx[static_cast<std::size_t>(place)].add(dz / static_cast<double>(places.size()));
  }
  return dx;
}

// Odd multiples of 1/32, each once: none is near another, 0 or 6.
Tensor all_different(Rng& rng, const TensorInfo& info) {
  std::vector<Index> order(static_cast<std::size_t>(info.elements()));
  std::iota(order.begin(), order.end(), Index{0});
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(rng.below(static_cast<Index>(i)))]);
  Tensor x(info);
  const Index half = info.elements() / 2;
  for (std::size_t i = 0; i < order.size(); ++i) {
    x.as<float>()[i] = static_cast<float>(2 * (order[i] - half) + 1) * 0x1p-5f;
  }
  return x;
}

// Whole numbers in [-4, 8): many that are equal, and many a 0 and a 6.
Tensor often_equal(Rng& rng, const TensorInfo& info) {
  Tensor x(info);
  for (Index i = 0; i < info.elements(); ++i) x.as<float>()[i] = static_cast<float>(rng.between(-4, 7));
  return x;
}

// Averages may be near: no place for differences.
bool at_corner(const PoolProblem& p, const Values& x) {
  for (Index i = 0; i < p.y.elements(); ++i) {
    const double z = pooled(p, x, i);
    if (std::fabs(z) < 0x1p-11 || std::fabs(z - 6) < 0x1p-11) return true;
  }
  return false;
}

void check_pool(Rng& rng, bool greatest) {
  PoolProblem p;
  p.greatest = greatest, p.activation = kMasks[rng.below(3)];
  std::vector<Index> shape = random_image_shape(rng), out;
  if (rng.chance(0.2)) shape[3] = rng.between(30, 70);  // more than one block
  p.window = random_window(rng, shape, out);
  p.x = floats(shape), p.y = floats(out);
  const bool equal = rng.chance(0.5);
  const Tensor x = equal ? often_equal(rng, p.x) : all_different(rng, p.x);
  const Tensor y = run(p.op(), {&x}, p.y), dy = uniform(rng, out, 2);
  const std::vector<Sum> dx = plain_pool_gradient(p, values_of(x), values_of(dy));
  // An average is dz over a number, which rounds once.
  check_within(gradients_everywhere(p.op(), {&x}, y, dy)[0], dx, greatest ? 0 : 1);
  if (equal || at_corner(p, values_of(x)) || x.info().elements() * y.info().elements() > 10000) return;
  Values slopes;
  for (const Sum& sum : dx) slopes.push_back(sum.value);
  const auto f = [&](const std::vector<Values>& operands) { return plain_pool(p, operands[0]); };
  check_differences(f, {values_of(x)}, 0, values_of(dy), slopes);
}

}  // namespace

TEST_CASE("gradients: max pool, the first of equal elements") {
  for_seeds(12000, 60, [](Rng& rng) { check_pool(rng, true); });
}

TEST_CASE("gradients: average pool") {
  for_seeds(12100, 60, [](Rng& rng) { check_pool(rng, false); });
}

TEST_CASE("gradients: max pool of NaNs goes where its value came from, the last of them") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Tensor x(floats({1, 1, 4, 1}));
  const float values[] = {nan, 9, nan, 1};
  std::copy(std::begin(values), std::end(values), x.as<float>());
  MaxPool op;
  op.window.width = 4;
  const Tensor y = run(op, {&x}, floats({1, 1, 1, 1}));
  Tensor dy(y.info());
  dy.as<float>()[0] = 3;
  const Tensor dx = gradients_everywhere(op, {&x}, y, dy)[0];
  CHECK(values_of(dx) == Values{0, 0, 3, 0});
}

TEST_CASE("gradients: mean, add and reshape are exact") {
  for_seeds(12200, 40, [](Rng& rng) {
    const std::vector<Index> shape = random_image_shape(rng);
    const Tensor x = often_equal(rng, floats(shape)), other = often_equal(rng, floats(shape));
    const Index pixels = shape[1] * shape[2];
    const Tensor dmean = uniform(rng, {shape[0], shape[3]}, 2), dy = uniform(rng, shape, 2);
    const Tensor dx = gradients_everywhere(Mean{}, {&x}, run(Mean{}, {&x}, dmean.info()), dmean)[0];
    Add op;
    op.activation = kMasks[rng.below(3)];
    const Tensor y = run(op, {&x, &other}, floats(shape));
    const std::vector<Tensor> dadd = gradients_everywhere(op, {&x, &other}, y, dy);
    REQUIRE(dadd.size() == 2);
    const TensorInfo flat = floats({x.info().elements()});
    Tensor dflat(flat);
    std::copy_n(dy.as<float>(), dy.info().elements(), dflat.as<float>());
    const Tensor dreshape = gradients_everywhere(Reshape{}, {&x}, run(Reshape{}, {&x}, flat), dflat)[0];
    for (Index i = 0; i < x.info().elements(); ++i) {
      // An f64 quotient of two f32, rounded again, is the f32 quotient.
      const double slope = double{dmean.as<float>()[i / shape[3] / pixels * shape[3] + i % shape[3]]};
      CHECK(dx.as<float>()[i] == static_cast<float>(slope / static_cast<double>(pixels)));
      const double z = double{x.as<float>()[i]} + other.as<float>()[i];
      const double dz = dy.as<float>()[i] * plain_slope(op.activation, z);
      CHECK(dadd[0].as<float>()[i] == dz);
      CHECK(dadd[1].as<float>()[i] == dz);
      CHECK(dreshape.as<float>()[i] == dy.as<float>()[i]);
    }
  });
}

// ---- activations

namespace {

// Of any size up to 2^6, down to subnormals; small ones, around which slopes are steep; ends.
Tensor arguments(Rng& rng, Index count) {
  Tensor z = uniform(rng, {count}, 4);
  for (Index i = 0; i < count; ++i) {
    float& value = z.as<float>()[i];
    if (rng.chance(0.5)) value = std::ldexp(value, static_cast<int>(rng.between(-8, 4)));
    if (rng.chance(0.1)) value = std::ldexp(value, static_cast<int>(rng.between(-149, -8)));
    if (rng.chance(0.1)) value = rng.pick({0.0f, -0.0f, 6.0f, 20.0f, -20.0f, 88.0f, -104.0f, 3e38f, -3e38f});
  }
  return z;
}

// Factors by septet's kernels are within 1.02 roundings each (epilogue.hpp: gelu 0.503, sigmoid 0.502, exp 0.501 units
// of 2 roundings) and may be subnormal; the product rounds once.
double activation_bound(Activation activation, double z, double dy) {
  const double slope = plain_slope(activation, z);
  if (activation <= Activation::relu6) return 0;
  const double subnormal = 0x1p-116 * (1 + std::fabs(dy));
  if (activation != Activation::gelu) return 3.1 * kUnit * std::fabs(slope * dy) + subnormal;
  const double distribution = std::erfc(-z * std::sqrt(0.5)) / 2,
               density = std::exp(-z * z / 2) / std::sqrt(2 * std::acos(-1.0));
  const double parts = distribution + std::fabs(z) * density;
  return (1.05 * parts + std::fabs(slope)) * kUnit * std::fabs(dy) + subnormal;
}

}  // namespace

TEST_CASE("gradients: activations") {
  for_seeds(12300, 12, [](Rng& rng) {
    for (int a = 0; a < 6; ++a) {
      const auto activation = static_cast<Activation>(a);
      INFO(name(activation));
      const Index count = rng.chance(0.2) ? rng.between(16000, 17000) : rng.between(1, 700);
      const Tensor z = arguments(rng, count), dy = uniform(rng, {count}, 2);
      const Tensor y = run(Activate{activation}, {&z}, z.info());
      const Tensor dz = gradients_everywhere(Activate{activation}, {&z}, y, dy)[0];
      Values want, bounds;
      for (Index i = 0; i < count; ++i) {
        const double at = z.as<float>()[i], slope = dy.as<float>()[i];
        REQUIRE(std::isfinite(at));
        want.push_back(slope * plain_slope(activation, at));
        bounds.push_back(activation_bound(activation, at, slope));
      }
      check_within(dz, want, bounds);
    }
  });
}

TEST_CASE("gradients: the slopes of activations are those of central differences") {
  Rng rng(12400);
  for (int a = 0; a < 6; ++a) {
    const auto activation = static_cast<Activation>(a);
    Values z, slopes;
    for (int i = 0; i < 200; ++i) z.push_back(0x1p-5 * (2 * static_cast<double>(rng.between(-150, 150)) + 1));
    for (const double at : z) slopes.push_back(plain_slope(activation, at));
    const auto f = [&](const std::vector<Values>& operands) {
      Values y;
      for (const double at : operands[0]) y.push_back(plain_activation(activation, at));
      return y;
    };
    check_differences(f, {z}, 0, Values(z.size(), 1), slopes);
  }
}

TEST_CASE("gradients: activations at infinities and NaN") {
  const float infinity = HUGE_VALF;
  Tensor z(floats({3})), dy(floats({3}));
  z.as<float>()[0] = -infinity, z.as<float>()[1] = infinity, z.as<float>()[2] = std::numeric_limits<float>::quiet_NaN();
  std::fill_n(dy.as<float>(), 3, 5.0f);
  for (const Activation activation : kSmooth) {
    INFO(name(activation));
    const Tensor dz =
        gradients_everywhere(Activate{activation}, {&z}, run(Activate{activation}, {&z}, z.info()), dy)[0];
    CHECK(dz.as<float>()[0] == 0);
    CHECK(dz.as<float>()[1] == (activation == Activation::gelu ? 5 : 0));
    CHECK(std::isnan(dz.as<float>()[2]));
  }
  const Activation relu = Activation::relu;
  const Tensor dz = gradients_everywhere(Activate{relu}, {&z}, run(Activate{relu}, {&z}, z.info()), dy)[0];
  CHECK(values_of(dz) == Values{0, 5, 5});
}

// ---- softmax

namespace {

Values plain_softmax(const Values& x, Index width, double factor) {
  Values y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t row = i / static_cast<std::size_t>(width) * static_cast<std::size_t>(width);
    double sum = 0;  // of e^(x[k] - x[i])
    for (std::size_t k = row; k < row + static_cast<std::size_t>(width); ++k) sum += std::exp(factor * (x[k] - x[i]));
    y.push_back(1 / sum);
  }
  return y;
}

// One rounding, and f64's own. From the Jacobian dy[k]/dx[i] = factor * y[k] * ((k == i) - y[i]).
void plain_softmax_gradient(const Values& y, const Values& dy, Index width, double factor, Values& dx, Values& bounds) {
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::size_t row = i / static_cast<std::size_t>(width) * static_cast<std::size_t>(width);
    double sum = 0, magnitude = 0;
    for (std::size_t k = row; k < row + static_cast<std::size_t>(width); ++k) {
      sum += dy[k] * factor * y[k] * ((k == i ? 1 : 0) - y[i]);
      magnitude += std::fabs(dy[k] * factor * y[k]) * ((k == i ? 1 : 0) + y[i]);
    }
    dx.push_back(sum);
    bounds.push_back(kUnit * std::fabs(sum) + 0x1p-40 * magnitude);
  }
}

}  // namespace

TEST_CASE("gradients: softmax") {
  for_seeds(12500, 30, [](Rng& rng) {
    const std::vector<Index> shape{rng.between(1, 5), rng.between(1, 40)};
    const float factor = rng.pick({1.0f, 0.125f, 1.5f});
    const Tensor x = uniform(rng, shape, 4), dy = uniform(rng, shape, 2), y = run(Softmax{factor}, {&x}, x.info());
    Values want, bounds;
    plain_softmax_gradient(values_of(y), values_of(dy), shape[1], double{factor}, want, bounds);
    check_within(gradients_everywhere(Softmax{factor}, {&x}, y, dy)[0], want, bounds);
    const auto f = [&](const std::vector<Values>& operands) {
      return plain_softmax(operands[0], shape[1], double{factor});
    };
    Values slopes, unused;
    plain_softmax_gradient(f({values_of(x)}), values_of(dy), shape[1], double{factor}, slopes, unused);
    check_differences(f, {values_of(x)}, 0, values_of(dy), slopes);
  });
}

// ---- what has none

TEST_CASE("gradients: operators, types and fused activations that have none are refused, and nothing is written") {
  const Tensor x(floats({1, 2, 2, 1}));
  const auto refusal = [&](const Operator& op, const Tensor& in, const Tensor& y) {
    const Step step{"step", op, {}, 0};
    StepGradients gradients = zero_gradients(step, {&in});
    for (Tensor& dx : gradients.inputs) std::fill_n(dx.as<std::uint8_t>(), dx.bytes(), std::uint8_t{0x5a});
    const std::vector<Tensor> before = gradients.inputs;
    Cause cause = Cause::ok;
    try {
      backward(step, {&in}, y, Tensor(floats(y.info().shape)), gradients);
    } catch (const Error& error) {
      cause = error.status().cause();
    }
    check_same(gradients.inputs, before);
    return cause;
  };
  MaxPool pool;
  pool.activation = Activation::gelu;
  CHECK(refusal(pool, x, x) == Cause::bad_option);
  CHECK(refusal(Quantise{}, x, x) == Cause::bad_option);
  const Tensor bytes({"x", Type::s8, {1, 2, 2, 1}, {1, 0}});
  CHECK(refusal(MaxPool{}, bytes, bytes) == Cause::bad_type);
  CHECK(refusal(Activate{}, bytes, bytes) == Cause::bad_type);
}

}  // namespace septet::network
