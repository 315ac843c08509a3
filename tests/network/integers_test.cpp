// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Operators of s8 and u8 against their definitions, with random and extreme quantisations; and what their definitions
// mean in real numbers.
#include "one_step.hpp"
#include "operators_reference.hpp"
#include "src/network/fixed_point.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

namespace septet::network {
namespace {

using namespace septet::support;

// A clamp as fused activations leave it, or any.
IntegerRange random_clamp(Rng& rng, const TensorInfo& y) {
  if (rng.chance(0.7)) {
    return activated_range(rng.pick({Activation::none, Activation::relu, Activation::relu6}), y.type, y.quantisation);
  }
  const IntegerRange range = range_of(y.type);
  const auto a = static_cast<int>(rng.between(range.low, range.high)),
             b = static_cast<int>(rng.between(range.low, range.high));
  return {std::min(a, b), std::max(a, b)};
}

// Elements that are not want(i); y's and x's quantisation for the message.
template <class F>
void check_elements(const Tensor& y, F&& want) {
  Index wrong = 0, first = -1;
  for (Index i = y.info().elements() - 1; i >= 0; --i) {
    if (stored(y, i) != want(i)) ++wrong, first = i;
  }
  CHECK_MESSAGE(wrong == 0, wrong << " wrong; element " << first << " is " << stored(y, first < 0 ? 0 : first)
                                  << ", not " << want(first < 0 ? 0 : first));
}

// So many problems, each with a generator of its own.
template <class F>
void for_seeds(std::uint64_t first, int usual, F&& f) {
  for (int i = 0; i < problem_count(usual); ++i) {
    const std::uint64_t seed = first + static_cast<std::uint64_t>(i);
    INFO("seed " << seed);
    Rng rng(seed);
    f(rng);
  }
}

}  // namespace

TEST_CASE("integers: add") {
  for_seeds(1000, 400, [](Rng& rng) {
    const Type type = rng.pick({Type::s8, Type::u8});
    const std::vector<Index> shape{rng.between(1, 300)};
    const Tensor x0 = random_tensor(rng, {"x0", type, shape, random_quantisation(rng, type)});
    const Tensor x1 = random_tensor(rng, {"x1", type, shape, random_quantisation(rng, type)});
    const TensorInfo y{"y", type, shape, random_quantisation(rng, type)};
    const IntegerRange clamp = random_clamp(rng, y);
    const Add op{clamp.low, clamp.high, Activation::none};
    if (!validate_one(op, {&x0, &x1}, y).ok()) return;  // scales too far apart
    check_elements(run(op, {&x0, &x1}, y),
                   [&](Index i) { return reference_add(x0, x1, i, y.quantisation, clamp.low, clamp.high); });
  });
}

TEST_CASE("integers: add is the sum of the real numbers, to the nearest step, where those are small") {
  const TensorInfo info{"x", Type::s8, {256}, {0.5f, 3}};
  Tensor x0(info), x1(info);
  for (int i = 0; i < 256; ++i) {
    x0.as<std::int8_t>()[i] = static_cast<std::int8_t>(i - 128),
    x1.as<std::int8_t>()[i] = static_cast<std::int8_t>(127 - i);
  }
  const Tensor y = run(Add{}, {&x0, &x1}, {"y", Type::s8, {256}, {0.25f, -7}});
  for (Index i = 0; i < 256; ++i) CHECK(stored(y, i) == -7 + 2 * (-1 - 3 - 3));
}

TEST_CASE("integers: pools") {
  for_seeds(2000, 300, [](Rng& rng) {
    const Type type = rng.pick({Type::s8, Type::u8});
    const std::vector<Index> shape = random_image_shape(rng);
    std::vector<Index> out;
    const Window w = random_window(rng, shape, out);
    const Quantisation q = random_quantisation(rng, type);
    const Tensor x = random_tensor(rng, {"x", type, shape, q});
    const TensorInfo y{"y", type, out, q};
    const IntegerRange clamp = random_clamp(rng, y);
    const auto places = [&](Index i) {
      const Index c = i % out[3], column = i / out[3] % out[2], row = i / out[3] / out[2] % out[1];
      return under_window(x.info(), w, i / out[3] / out[2] / out[1], row, column, c);
    };
    check_elements(run(MaxPool{w, clamp.low, clamp.high, Activation::none}, {&x}, y), [&](Index i) {
      int most = -1000;
      for (const Index place : places(i)) most = std::max(most, stored(x, place));
      return clamped(most, clamp.low, clamp.high);
    });
    check_elements(run(AveragePool{w, clamp.low, clamp.high, Activation::none}, {&x}, y), [&](Index i) {
      Int128 sum = 0;
      for (const Index place : places(i)) sum += stored(x, place);
      return clamped(nearest_away(sum, static_cast<Int128>(places(i).size())), clamp.low, clamp.high);
    });
  });
}

TEST_CASE("integers: means of rows and columns") {
  for_seeds(3000, 300, [](Rng& rng) {
    const Type type = rng.pick({Type::s8, Type::u8});
    const std::vector<Index> shape = random_image_shape(rng);
    const Tensor x = random_tensor(rng, {"x", type, shape, random_quantisation(rng, type)});
    TensorInfo y{"y", type, {shape[0], shape[3]}, random_quantisation(rng, type)};
    if (rng.chance(0.5)) y.shape = {shape[0], 1, 1, shape[3]};
    REQUIRE(validate_one(Mean{}, {&x}, y).ok());
    check_elements(run(Mean{}, {&x}, y), [&](Index i) {
      Int128 sum = 0;
      const Index count = shape[1] * shape[2], b = i / shape[3], c = i % shape[3];
      for (Index pixel = 0; pixel < count; ++pixel) sum += stored(x, (b * count + pixel) * shape[3] + c);
      return reference_mean(sum, count, x.info().quantisation, y.quantisation, lowest(type), lowest(type) + 255);
    });
  });
}

TEST_CASE("integers: softmax") {
  for_seeds(4000, 300, [](Rng& rng) {
    const Type type = rng.pick({Type::s8, Type::u8});
    const std::vector<Index> shape{rng.between(1, 3),
                                   rng.pick({Index{1}, Index{2}, Index{10}, Index{300}, Index{1500}})};
    Tensor x = random_tensor(rng, {"x", type, shape, random_quantisation(rng, type)});
    if (rng.chance(0.2)) std::fill_n(x.as<std::uint8_t>(), x.bytes(), static_cast<std::uint8_t>(rng.below(256)));
    const TensorInfo y{"y", type, shape, {0x1p-8f, lowest(type)}};
    const float factor = rng.pick({1.0f, 0.5f, 3.0f, 0x1p-5f, 0x1p20f});
    if (!validate_one(Softmax{factor}, {&x}, y).ok()) return;
    const Tensor got = run(Softmax{factor}, {&x}, y);
    std::vector<int> want;
    for (Index b = 0; b < shape[0]; ++b) {
      std::vector<int> row;
      for (Index j = 0; j < shape[1]; ++j) row.push_back(stored(x, b * shape[1] + j));
      const auto part = reference_softmax(row, factor, x.info().quantisation.scale, lowest(type));
      want.insert(want.end(), part.begin(), part.end());
    }
    check_elements(got, [&](Index i) { return want[static_cast<std::size_t>(i)]; });
  });
}

TEST_CASE("integers: softmax is within a step of the real one, and 0 everywhere from a sum of 512 on") {
  for_seeds(5000, 60, [](Rng& rng) {
    const Index width = rng.between(1, 400);
    const Quantisation q{static_cast<float>(std::ldexp(1 + rng.unit(), static_cast<int>(rng.between(-9, 0)))), 0};
    const Tensor x = random_tensor(rng, {"x", Type::s8, {width}, q});
    const Tensor y = run(Softmax{}, {&x}, {"y", Type::s8, {width}, {0x1p-8f, -128}});
    double sum = 0;
    for (Index j = 0; j < width; ++j) sum += std::exp(q.scale * (stored(x, j) - 127));
    for (Index j = 0; j < width; ++j) {
      const double share = 256 * std::exp(q.scale * (stored(x, j) - 127)) / sum;
      CHECK(std::fabs(stored(y, j) + 128 - std::min(share, 255.0)) < 0.51);
    }
  });
  for (const Index width : {Index{511}, Index{512}, Index{5000}}) {
    const Tensor x({"x", Type::u8, {width}, {0.1f, 0}});
    const Tensor y = run(Softmax{}, {&x}, {"y", Type::u8, {width}, {0x1p-8f, 0}});
    check_elements(y, [&](Index) { return width == 511 ? 1 : 0; });  // 256 / 511 rounds to 1
  }
}

TEST_CASE("integers: from one quantisation to another") {
  for_seeds(6000, 300, [](Rng& rng) {
    const Type from = rng.pick({Type::s8, Type::u8}), to = rng.pick({Type::s8, Type::u8});
    const std::vector<Index> shape{256};
    const Tensor x = random_tensor(rng, {"x", from, shape, random_quantisation(rng, from)});
    const TensorInfo y{"y", to, shape, random_quantisation(rng, to)};
    const Quantisation &p = x.info().quantisation, &q = y.quantisation;
    REQUIRE(validate_one(Quantise{}, {&x}, y).ok());
    check_elements(run(Quantise{}, {&x}, y), [&](Index i) {
      return reference_requantised(stored(x, i), p.zero_point, double{p.scale} / double{q.scale}, q.zero_point,
                                   lowest(to), lowest(to) + 255);
    });
    const TensorInfo z{"z", from, shape, random_quantisation(rng, from)};
    const Activation activation = rng.pick({Activation::none, Activation::relu, Activation::relu6});
    const IntegerRange range = activated_range(activation, from, z.quantisation);
    check_elements(run(Activate{activation}, {&x}, z), [&](Index i) {
      return reference_requantised(stored(x, i), p.zero_point, double{p.scale / z.quantisation.scale},
                                   z.quantisation.zero_point, range.low, range.high);
    });
  });
}

TEST_CASE("integers: from floats and back") {
  const float values[] = {0.25f,      -0.25f, 0.24999999f, 1e30f,   -1e30f, HUGE_VALF,
                          -HUGE_VALF, NAN,    63.25f,      -60.75f, 0,      -0.0f};
  const int want_s8[] = {11, 9, 10, 127, -128, 127, -128, 10, 127, -112, 10, 10};  // ties away from 0
  Tensor x({"x", Type::f32, {12}, {}});
  std::copy(std::begin(values), std::end(values), x.as<float>());
  const Tensor y = run(Quantise{}, {&x}, {"y", Type::s8, {12}, {0.5f, 10}});
  check_elements(y, [&](Index i) { return want_s8[i]; });
  const Tensor back = run(Quantise{}, {&y}, {"z", Type::f32, {12}, {}});
  for (Index i = 0; i < 12; ++i) CHECK(back.as<float>()[i] == 0.5f * static_cast<float>(want_s8[i] - 10));
}

TEST_CASE("integers: scales that the fixed point cannot hold are refused") {
  const auto tensor = [](float scale) { return Tensor({"x", Type::s8, {4}, {scale, 0}}); };
  const Tensor fine = tensor(1), coarse = tensor(0x1p19f), finest = tensor(0x1p-26f);
  const TensorInfo y{"y", Type::s8, {4}, {1, 0}}, shares{"y", Type::s8, {4}, {0x1p-8f, -128}};
  CHECK(validate_one(Add{}, {&fine, &coarse}, y).to_string() ==
        "steps[0] (step): a scale of 524288 is 2^19 times the output's, 1, or more");
  CHECK(validate_one(Add{}, {&coarse, &fine}, y).cause() == Cause::bad_option);
  CHECK(validate_one(Add{}, {&fine, &fine}, y).ok());
  CHECK(validate_one(Softmax{1}, {&finest}, shares).cause() == Cause::bad_option);
  CHECK(validate_one(Softmax{1.5f}, {&finest}, shares).ok());
  CHECK(validate_one(Softmax{1}, {&fine}, y).cause() == Cause::bad_option);
}

TEST_CASE("integers: what relu and relu6 leave of a type") {
  const auto range = [](Activation activation, Type type, float scale, int zero_point) {
    const IntegerRange r = activated_range(activation, type, {scale, zero_point});
    return std::pair(r.low, r.high);
  };
  CHECK(range(Activation::none, Type::s8, 0.1f, 3) == std::pair(-128, 127));
  CHECK(range(Activation::relu, Type::s8, 0.1f, 3) == std::pair(3, 127));
  CHECK(range(Activation::relu6, Type::s8, 0.1f, 3) == std::pair(3, 63));
  CHECK(range(Activation::relu6, Type::s8, 0.01f, -128) == std::pair(-128, 127));
  CHECK(range(Activation::relu6, Type::u8, 0.0235294122f, 0) == std::pair(0, 255));
  CHECK(range(Activation::relu, Type::u8, 1.0f, 255) == std::pair(255, 255));
}

TEST_CASE("fractions: e^x and 1 / (1 + x), and how far they are from the real ones") {
  Rng rng(7);
  double worst_exp = 0, worst_reciprocal = 0;
  for (int i = 0; i < problem_count(50000); ++i) {
    const auto x = static_cast<std::int32_t>(-(rng.below(Index{31} << 26) >> rng.below(31)));
    CHECK(fraction_exp(x) == reference_fraction_exp(x));
    worst_exp = std::max(worst_exp, std::fabs(fraction_exp(x) * 0x1p-31 - std::exp(x * 0x1p-26)));
    const auto u = static_cast<std::int32_t>(rng.below(Index{1} << 31) >> rng.below(31));
    CHECK(fraction_of_one_plus(u) == reference_fraction_of_one_plus(u));
    worst_reciprocal = std::max(worst_reciprocal, std::fabs(fraction_of_one_plus(u) * 0x1p-31 - 1 / (1 + u * 0x1p-31)));
  }
  INFO("at most " << worst_exp * 0x1p31 << " and " << worst_reciprocal * 0x1p31 << " in units of 2^-31");
  CHECK(worst_exp < 0x1p-21);
  CHECK(worst_reciprocal < 0x1p-28);
}

}  // namespace septet::network
