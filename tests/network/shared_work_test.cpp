// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What is no product, on every target, in sizes around vectors and blocks of channels, by one thread and by several:
// the same bits, and those of the definitions.
#include "one_step.hpp"
#include "operators_reference.hpp"
#include "sharing.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <string>

namespace septet::network {
namespace {

using namespace septet::support;

Difference compare(const Tensor& got, const Tensor& want) {
  const auto values = [&](auto tag) {
    using T = decltype(tag);
    const Index count = want.info().elements();
    return compare_bits(row_major(got.as<T>(), 1, count), row_major(want.as<T>(), 1, count));
  };
  return want.info().type == Type::f32 ? values(float{}) : values(std::uint8_t{});
}

// The result of the portable kernels and one thread, which is every other's.
Tensor check_everywhere(const Operator& op, const std::vector<const Tensor*>& x, const TensorInfo& y) {
  REQUIRE(validate_one(op, x, y).to_string() == "ok");
  CHECK(set_target("portable").ok());
  const Tensor want = run(op, x, y);
  for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
    CHECK(set_target(*target).ok());
    for (const int threads : {1, 3}) {
      INFO(std::string(network::name(op)) << ", target " << std::string(*target) << ", " << threads << " threads");
      const Sharing sharing(threads);
      const Tensor got = run(op, x, y);
      const Difference difference = compare(got, want);
      CHECK_MESSAGE(difference.equal, difference.text);
    }
  }
  CHECK(set_target(nullptr).ok());
  return want;
}

// Ones around the lengths of vectors (4 to 64 lanes, four at a time) and of blocks.
Index random_channels(Rng& rng) {
  const Index near = rng.pick<Index>({1, 4, 8, 16, 32, 64, 128, 256, 512, 1024});
  return std::max<Index>(1, near + rng.between(-2, 2));
}

TensorInfo info(Type type, std::vector<Index> shape, Quantisation quantisation) {
  return {"t", type, std::move(shape), type == Type::f32 ? Quantisation{} : quantisation};
}

template <class F>
void for_problems(std::uint64_t first, int usual, F&& f) {
  for (int i = 0; i < problem_count(usual); ++i) {
    const std::uint64_t seed = first + static_cast<std::uint64_t>(i);
    INFO("seed " << seed);
    Rng rng(seed);
    f(rng, rng.pick({Type::f32, Type::s8, Type::u8}));
  }
}

// A scale that is a power of two as often as not: ties, and factors of a half.
Quantisation near_quantisation(Rng& rng, Type type) {
  Quantisation q = random_quantisation(rng, type);
  const int power = static_cast<int>(rng.between(-6, 2));
  q.scale = static_cast<float>(rng.chance(0.5) ? std::ldexp(1, power) : std::ldexp(1 + rng.unit(), power));
  return q;
}

}  // namespace

TEST_CASE("shared work: pools and means") {
  for_problems(9000, 60, [](Rng& rng, Type type) {
    std::vector<Index> shape{rng.between(1, 2), rng.between(1, 7), rng.between(1, 7), random_channels(rng)}, out;
    const Window w = random_window(rng, shape, out);
    const Quantisation q = random_quantisation(rng, type);
    Tensor x = random_tensor(rng, info(type, shape, q));
    if (type == Type::f32 && rng.chance(0.3)) {
      x.as<float>()[rng.below(x.info().elements())] = std::numeric_limits<float>::quiet_NaN();
    }
    const IntegerRange range = type == Type::f32 ? IntegerRange{0, 0} : range_of(type);
    const Activation activation = rng.pick({Activation::none, Activation::relu, Activation::relu6});
    const int low = range.low + (type == Type::f32 ? 0 : static_cast<int>(rng.below(100)));
    check_everywhere(MaxPool{w, low, range.high, activation}, {&x}, info(type, out, q));
    check_everywhere(AveragePool{w, low, range.high, activation}, {&x}, info(type, out, q));
    check_everywhere(Mean{}, {&x}, info(type, {shape[0], shape[3]}, random_quantisation(rng, type)));
  });
}

TEST_CASE("shared work: averages of large windows, whose sums are no floats, round as the definition says") {
  for_problems(9100, 4, [](Rng& rng, Type) {
    const Type type = rng.pick({Type::s8, Type::u8});
    const Index height = rng.between(250, 400), width = rng.between(250, 400), channels = rng.between(1, 20);
    Tensor x = random_tensor(rng, info(type, {1, height, width, channels}, {1, 0}));
    // Every other channel's sum is at, or one beside, half of a multiple of the window's size.
    const Index count = height * width;
    for (Index c = 0; c < channels; c += 2) {
      Index sum = count / 2 + rng.between(-1, 1) + rng.between(type == Type::s8 ? -3 : 0, 3) * count;
      for (Index i = 0; i < count; ++i) {
        const Index part = sum / (count - i);
        x.as<std::uint8_t>()[i * channels + c] = static_cast<std::uint8_t>(part);
        sum -= part;
      }
    }
    AveragePool op;
    op.window.height = height, op.window.width = width;
    op.low = range_of(type).low, op.high = range_of(type).high;
    const Tensor y = check_everywhere(op, {&x}, info(type, {1, 1, 1, channels}, {1, 0}));
    for (Index c = 0; c < channels; ++c) {
      Int128 sum = 0;
      for (Index i = 0; i < count; ++i) sum += stored(x, i * channels + c);
      CHECK(stored(y, c) == clamped(nearest_away(sum, count), op.low, op.high));
    }
  });
}

TEST_CASE("shared work: additions") {
  for_problems(9200, 150, [](Rng& rng, Type type) {
    const std::vector<Index> shape{rng.chance(0.1) ? rng.between(16000, 33000) : rng.between(1, 200)};
    const Quantisation q = near_quantisation(rng, type);
    const Tensor x0 = random_tensor(rng, info(type, shape, q));
    Quantisation other = near_quantisation(rng, type);
    if (rng.chance(0.3)) other.scale = q.scale;
    const Tensor x1 = random_tensor(rng, info(type, shape, other));
    const TensorInfo y = info(type, shape, near_quantisation(rng, type));
    const IntegerRange range = type == Type::f32 ? IntegerRange{0, 0} : range_of(type);
    const Add op{range.low, range.high, rng.pick({Activation::none, Activation::relu, Activation::gelu})};
    const Tensor got = check_everywhere(op, {&x0, &x1}, y);
    if (type == Type::f32) return;
    for (Index i = 0; i < shape[0]; ++i) {
      CHECK(stored(got, i) == reference_add(x0, x1, i, y.quantisation, range.low, range.high));
    }
  });
}

// All pairs of bytes, so that every tie there is comes up.
TEST_CASE("shared work: every pair of bytes, added") {
  const auto all_pairs = [](const Quantisation& q0, const Quantisation& q1, const Quantisation& to) {
    Tensor x0({"x0", Type::s8, {256, 256}, q0}), x1({"x1", Type::s8, {256, 256}, q1});
    for (Index i = 0; i < 65536; ++i) {
      x0.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(i >> 8);
      x1.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(i);
    }
    const Tensor got = check_everywhere(Add{}, {&x0, &x1}, {"y", Type::s8, {256, 256}, to});
    Index wrong = 0;
    for (Index i = 0; i < 65536; ++i) wrong += stored(got, i) == reference_add(x0, x1, i, to, -128, 127) ? 0 : 1;
    CHECK(wrong == 0);
  };
  all_pairs({0.5f, 3}, {0.5f, -5}, {1, 0});              // ties of whole numbers
  all_pairs({0.25f, 0}, {0.0625f, 1}, {2, -128});        // ties of eighths
  all_pairs({0.1f, -128}, {0.3f, 127}, {0.2f, 7});       // none
  all_pairs({0x1p-20f, 5}, {1, 0}, {0x1p-1f, 0});        // one that hardly counts
  all_pairs({1, 0}, {0x1p-40f, 0}, {1, 0});              // one that does not: a factor of 0
  all_pairs({1, -1}, {0.75f, 1}, {0x1.000002p-19f, 0});  // the largest factor that there is
}

TEST_CASE("shared work: from one quantisation to another, activations, softmax") {
  for_problems(9300, 150, [](Rng& rng, Type type) {
    const std::vector<Index> shape{rng.between(1, 5), rng.chance(0.1) ? rng.between(5000, 9000) : rng.between(1, 200)};
    const Tensor x = random_tensor(rng, info(type, shape, random_quantisation(rng, type)));
    const Type to = rng.pick({Type::s8, Type::u8});
    check_everywhere(Quantise{}, {&x}, info(to, shape, random_quantisation(rng, to)));
    if (type != Type::f32) check_everywhere(Quantise{}, {&x}, info(Type::f32, shape, {}));
    const Activation activation = rng.pick({Activation::relu, Activation::relu6});
    check_everywhere(Activate{activation}, {&x}, info(type, shape, random_quantisation(rng, type)));
    const float factor = rng.pick({1.0f, 0.125f});
    const TensorInfo shares = info(type, shape, {0x1p-8f, type == Type::s8 ? -128 : 0});
    if (validate_one(Softmax{factor}, {&x}, shares).ok()) check_everywhere(Softmax{factor}, {&x}, shares);
  });
}

TEST_CASE("shared work: every factor, by bytes of all values") {
  for_problems(9400, 100, [](Rng& rng, Type) {
    const Type from = rng.pick({Type::s8, Type::u8}), to = rng.pick({Type::s8, Type::u8});
    Tensor x({"x", from, {259}, {}});
    for (Index i = 0; i < 259; ++i) x.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(i);
    // Up to the limit: there products are modulo 2^32.
    x.set_quantisation({static_cast<float>(std::ldexp(1 + rng.unit(), static_cast<int>(rng.between(-33, 28)))),
                        random_quantisation(rng, from).zero_point});
    const TensorInfo y{"y", to, {259}, {1, random_quantisation(rng, to).zero_point}};
    const Tensor got = check_everywhere(Quantise{}, {&x}, y);
    for (Index i = 0; i < 259; ++i) {
      CHECK(stored(got, i) == reference_requantised(stored(x, i), x.info().quantisation.zero_point,
                                                    double{x.info().quantisation.scale}, y.quantisation.zero_point,
                                                    lowest(to), lowest(to) + 255));
    }
  });
}

TEST_CASE("shared work: floats to bytes at ties, and bytes to floats down to subnormals") {
  Rng rng(9500);
  Tensor x({"x", Type::f32, {1030}, {}});
  for (Index i = 0; i < 1030; ++i) {
    const float tie = static_cast<float>(i - 515) / 2 * 0.25f;
    x.as<float>()[i] = rng.pick({tie, std::nextafter(tie, -1e9f), std::nextafter(tie, 1e9f)});
  }
  x.as<float>()[3] = std::numeric_limits<float>::quiet_NaN(), x.as<float>()[70] = HUGE_VALF,
  x.as<float>()[71] = -HUGE_VALF;
  for (const Type type : {Type::s8, Type::u8}) {
    const Quantisation q{0.25f, type == Type::s8 ? -7 : 120};
    const Tensor y = check_everywhere(Quantise{}, {&x}, {"y", type, {1030}, q});
    for (Index i = 0; i < 1030; ++i) CHECK(stored(y, i) == nearest_quantised(x.as<float>()[i], type, q));
    Tensor tiny(y);
    tiny.set_quantisation({0x1.234566p-140f, q.zero_point});
    const Tensor back = check_everywhere(Quantise{}, {&tiny}, {"z", Type::f32, {1030}, {}});
    for (Index i = 0; i < 1030; ++i) {
      const double real = double{0x1.234566p-140f} * (stored(tiny, i) - q.zero_point);
      CHECK(back.as<float>()[i] == static_cast<float>(real));
    }
  }
}

TEST_CASE("shared work: normalisations") {
  for_problems(9600, 40, [](Rng& rng, Type) {
    const std::vector<Index> shape{rng.between(1, 9), random_channels(rng)};
    const Tensor x = random_tensor(rng, info(Type::f32, shape, {}));
    const auto vector = [&] {
      return std::make_shared<const Tensor>(random_tensor(rng, info(Type::f32, {shape[1]}, {})));
    };
    check_everywhere(BatchNorm{vector(), vector()}, {&x}, x.info());
    check_everywhere(LayerNorm{vector(), vector(), 1e-5f}, {&x}, x.info());
  });
}

}  // namespace septet::network
