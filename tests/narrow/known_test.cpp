// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Narrow accumulators whose results can be worked out by hand.
#include "product.hpp"

#include <limits>

namespace {

using namespace septet;
using namespace septet::support;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

GemmOptions with(const Accumulator& accumulator, Mac mac = Mac::fused) {
  GemmOptions options;
  options.accumulator = accumulator;
  options.mac = mac;
  return options;
}

}  // namespace

TEST_CASE("sums of 20 bits, as Gemmini's array has them") {
  const std::vector<std::int8_t> most(33, 127);  // 33 * 16129 = 532257 = 2^20 - 516319
  CHECK(dot<std::int32_t>(most, most, {}) == 532257);
  CHECK(dot<std::int32_t>(most, most, with({20, Overflow::wrap})) == -516319);
  CHECK(dot<std::int32_t>(most, most, with({20, Overflow::clamp})) == 524287);
  const std::vector<std::int8_t> least(33, -128), ones(33, 1);
  CHECK(dot<std::int32_t>(least, most, with({20, Overflow::wrap})) == -33 * 16256 + (1 << 20));
  CHECK(dot<std::int32_t>(least, most, with({20, Overflow::clamp})) == -524288);
  CHECK(dot<std::int32_t>(least, ones, with({20, Overflow::clamp})) == -4224);
}

TEST_CASE("saturation at every step depends on the order") {
  const std::vector<std::int16_t> up_up_down{150, 150, -150}, up_down_up{150, -150, 150}, factor{200, 200, 200};
  const GemmOptions options = with({16, Overflow::clamp});
  CHECK(dot<std::int32_t>(up_up_down, factor, options) == 2767);  // 30000, 32767, 2767
  CHECK(dot<std::int32_t>(up_down_up, factor, options) == 30000);
  CHECK(dot<std::int32_t>(up_up_down, factor, with({16, Overflow::wrap})) == 30000);
}

TEST_CASE("saturation at the ends of 32 bits") {
  const std::vector<std::int16_t> least(2, -32768);  // 2 * 2^30
  CHECK(dot<std::int32_t>(least, least, {}) == std::numeric_limits<std::int32_t>::min());
  for (const int bits : {0, 32}) {
    CHECK(dot<std::int32_t>(least, least, with({bits, Overflow::clamp})) == std::numeric_limits<std::int32_t>::max());
  }
}

TEST_CASE("what lies beyond 65504") {
  const auto clip = with({16, Overflow::clamp}, Mac::unfused), overflow = with({16, Overflow::wrap}, Mac::unfused);
  const auto one = halves({1}), two = halves({1, 1}), three = halves({1, 1, 1});
  CHECK(dot<float>(halves({256}), halves({256}), clip) == 65504);
  CHECK(dot<float>(halves({256}), halves({-256}), clip) == -65504);
  CHECK(dot<float>(halves({256}), halves({256}), overflow) == kInfinity);
  CHECK(dot<float>(halves({65504, 8}), two, overflow) == 65504);  // a tie is 65520, halfway to 2^16
  CHECK(dot<float>(halves({65504, 16}), two, overflow) == kInfinity);
  CHECK(dot<float>(halves({65504, 16}), two, clip) == 65504);
  CHECK(dot<float>(halves({60000, 10000, -60000}), three, clip) == 65504 - 60000);  // 60000 is an f16
  CHECK(dot<float>(halves({kInfinity}), one, clip) == 65504);
  CHECK(dot<f16>(halves({kInfinity}), one, clip).bits == 0x7bff);
}

TEST_CASE("k in blocks of 128: ones add up to 4096, not to 2048") {
  const auto ones = halves(std::vector<float>(4096, 1));
  for (const Mac mac : {Mac::fused, Mac::unfused}) {
    GemmOptions options = with({16, Overflow::wrap}, mac);
    CHECK(dot<float>(ones, ones, options) == 2048);  // 2048 + 1 is a tie, and 2048 even
    options.accumulate = Accumulate::fold_then_add;
    options.fold_depth = 128;
    options.fold_accumulator = {16, Overflow::wrap};
    CHECK(dot<float>(ones, ones, options) == 4096);
    options.fold_depth = 1024;
    options.accumulator = {};  // sums in f32, added in f16
    CHECK(dot<float>(ones, ones, options) == 4096);
  }
  GemmOptions card;
  apply_preset("inference-card-fp16", card);
  CHECK(dot<float>(ones, ones, card) == 4096);
}

TEST_CASE("fold accumulators of their own") {
  const std::vector<std::int16_t> a{150, 150, -150, -150}, b{200, 200, 200, 200};  // 30000, 30000, -30000, -30000
  GemmOptions options;
  options.accumulate = Accumulate::fold_then_add;
  options.fold_depth = 2;
  options.accumulator = {17, Overflow::clamp};
  options.fold_accumulator = {16, Overflow::clamp};
  CHECK(dot<std::int32_t>(a, b, options) == 32767 - 60000);
  options.fold_accumulator = {16, Overflow::wrap};
  CHECK(dot<std::int32_t>(a, b, options) == 0);
  options.accumulator = {16, Overflow::wrap};  // 60000 - 65536 and back
  options.fold_accumulator = {20, Overflow::wrap};
  CHECK(dot<std::int32_t>(a, b, options) == 0);
  options.fold_accumulator = {16, Overflow::clamp};
  CHECK(dot<std::int32_t>({150, 150, 0, 0}, b, options) == -5536);
}

TEST_CASE("fused and unfused sums of f16, and a subnormal between them") {
  // (1 + 2^-10)^2 = 1 + 2^-9 + 2^-20
  const auto a = halves({-1 - 0x1p-9f, 1 + 0x1p-10f}), b = halves({1, 1 + 0x1p-10f});
  GemmOptions fused = with({16, Overflow::wrap}), unfused = with({16, Overflow::wrap}, Mac::unfused);
  CHECK(dot<float>(a, b, fused) == 0x1p-20f);
  CHECK(dot<float>(a, b, unfused) == 0);
  fused.flush_subnormals = true;
  CHECK(dot<float>(a, b, fused) == 0);
}

TEST_CASE("flushing elements, products and sums") {
  GemmOptions keeps, flushes;
  flushes.flush_subnormals = true;
  using Floats = std::vector<float>;
  CHECK(dot<float>(Floats{0x1p-100f}, Floats{0x1p-40f}, keeps) == 0x1p-140f);
  CHECK(dot<float>(Floats{0x1p-100f}, Floats{0x1p-40f}, flushes) == 0);
  CHECK(dot<float>(Floats{0x1p-140f}, Floats{0x1p20f}, keeps) == 0x1p-120f);
  CHECK(dot<float>(Floats{0x1p-140f}, Floats{0x1p20f}, flushes) == 0);
  CHECK(std::signbit(dot<float>(Floats{-0x1p-140f}, Floats{0x1p20f}, keeps)));
  // Kept as f32, an f16 below 2^-14 is a normal number, but it is a subnormal of its own type.
  CHECK(dot<float>(halves({0x1p-15f}), halves({1}), keeps) == 0x1p-15f);
  CHECK(dot<float>(halves({0x1p-15f}), halves({1}), flushes) == 0);
  CHECK(dot<float>(halves({0x1p-10f}), halves({0x1p-10f}), flushes) == 0x1p-20f);  // f32 has room for it
  flushes.accumulator = {16, Overflow::wrap};
  CHECK(dot<float>(halves({0x1p-10f}), halves({0x1p-10f}), flushes) == 0);
  // A product of 2^-15 is gone before it is added, unless it is never rounded.
  const auto x = halves({0x1p-14f, 0x1p-8f}), y = halves({1, 0x1p-7f});
  CHECK(dot<float>(x, y, flushes) == 0x1.8p-14f);
  flushes.mac = Mac::unfused;
  CHECK(dot<float>(x, y, flushes) == 0x1p-14f);
}

TEST_CASE("a start is put into the accumulator, even if nothing is added to it") {
  const std::int32_t start = 70000;
  const std::vector<std::int8_t> none;
  GemmOptions options = with({16, Overflow::wrap});
  options.preload = row_major(&start, 1, 1);
  CHECK(dot<std::int32_t>(none, none, options) == 70000 - 65536);
  options.accumulator.overflow = Overflow::clamp;
  CHECK(dot<std::int32_t>(none, none, options) == 32767);
  CHECK(dot<std::int32_t>(std::vector<std::int8_t>{-1}, {1}, options) == 32766);
  const float high = 70000;
  GemmOptions half = with({16, Overflow::clamp});
  half.preload = row_major(&high, 1, 1);
  CHECK(dot<float>(halves({}), halves({}), half) == 65504);
  CHECK(dot<float>(halves({-1}), halves({32}), half) == 65504 - 32);
}
