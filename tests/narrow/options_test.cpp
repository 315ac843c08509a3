// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Narrow accumulators around the product: presets, what is refused, explain(), workspaces, batches, every way to hand
// over an operand.
#include "product.hpp"
#include "support/reference.hpp"
#include "support/storage.hpp"

#include <functional>

namespace {

using namespace septet;
using namespace septet::support;

template <class T, class TC>
struct Operands {
  std::vector<T> a = std::vector<T>(6, T(1.0f)), b = std::vector<T>(12, T(1.0f));
  std::vector<TC> c = std::vector<TC>(8);
  Status run(const GemmOptions& options) {
    return try_gemm(row_major(a.data(), 2, 3), row_major(b.data(), 3, 4), row_major(c.data(), 2, 4), options);
  }
};

template <class T, class TC>
void expect(const std::string& argument, const std::function<void(GemmOptions&)>& spoil) {
  GemmOptions options;
  spoil(options);
  const Status status = Operands<T, TC>().run(options);
  INFO(argument << ": " << status.to_string());
  CHECK(status.ok() == argument.empty());
  if (!argument.empty()) CHECK(status.cause() == Cause::bad_option);
  CHECK(status.argument() == argument);
  CHECK(status.message().find('\n') == std::string::npos);
}

std::string why(const Explanation& explanation, const std::string& what) {
  for (const Explanation::Fact& fact : explanation.facts) {
    if (fact.what == what) return fact.why;
  }
  return "no such fact";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

template <class T, class TC>
Explanation explained(const GemmOptions& options) {
  Operands<T, TC> x;
  return explain(row_major(x.a.data(), 2, 3), row_major(x.b.data(), 3, 4), row_major(x.c.data(), 2, 4), options);
}

}  // namespace

TEST_CASE("what no sum can be kept in is refused") {
  using s8 = std::int8_t;
  using s32 = std::int32_t;
  for (const int bits : {0, 16, 20, 31, 32}) {
    for (const Overflow overflow : {Overflow::clamp, Overflow::wrap}) {
      expect<s8, s32>("", [&](GemmOptions& o) { o.accumulator = {bits, overflow}; });
    }
  }
  for (const int bits : {-1, 1, 8, 15, 33, 64}) {
    expect<s8, s32>("options.accumulator.bits", [&](GemmOptions& o) { o.accumulator.bits = bits; });
  }
  for (const int bits : {-16, 8, 15, 17, 32}) {
    expect<f16, float>("options.accumulator.bits", [&](GemmOptions& o) { o.accumulator.bits = bits; });
    expect<bf16, float>("options.accumulator.bits", [&](GemmOptions& o) { o.accumulator.bits = bits; });
  }
  expect<f16, f16>("", [](GemmOptions& o) { o.accumulator = {16, Overflow::clamp}; });
  expect<bf16, float>("", [](GemmOptions& o) { o.accumulator = {16, Overflow::wrap}; });
  for (const int bits : {16, 32, 64}) {
    expect<float, float>("options.accumulator.bits", [&](GemmOptions& o) { o.accumulator.bits = bits; });
    expect<double, double>("options.accumulator.bits", [&](GemmOptions& o) { o.accumulator.bits = bits; });
  }
  const auto clamp = [](GemmOptions& o) { o.accumulator.overflow = Overflow::clamp; };
  expect<float, float>("options.accumulator.overflow", clamp);
  expect<double, double>("options.accumulator.overflow", clamp);
  expect<f16, float>("options.accumulator.overflow", clamp);
  expect<s8, s32>("options.accumulator.overflow", [](GemmOptions& o) { o.accumulator.overflow = Overflow{7}; });
  expect<s8, s32>("options.fold_accumulator", [](GemmOptions& o) { o.fold_accumulator.bits = 32; });
  expect<s8, s32>("options.fold_accumulator", [](GemmOptions& o) { o.fold_accumulator.overflow = Overflow::clamp; });
  const auto folds = [](GemmOptions& o, int bits, Overflow overflow) {
    o.accumulate = Accumulate::fold_then_add;
    o.fold_accumulator = {bits, overflow};
  };
  expect<s8, s32>("", [&](GemmOptions& o) { folds(o, 32, Overflow::clamp); });
  expect<s8, s32>("options.fold_accumulator.bits", [&](GemmOptions& o) { folds(o, 12, Overflow::clamp); });
  expect<f16, float>("options.fold_accumulator.overflow", [&](GemmOptions& o) { folds(o, 0, Overflow::clamp); });
  expect<s8, s32>("options.flush_subnormals", [](GemmOptions& o) { o.flush_subnormals = true; });
  expect<double, double>("", [](GemmOptions& o) { o.flush_subnormals = true; });
}

TEST_CASE("presets set what they name and nothing else") {
  GemmOptions options;
  options.alpha = 3, options.threads = 2, options.array = {5, 7};
  apply_preset("gemmini", options);
  CHECK(options.accumulate == Accumulate::fold_then_add);
  CHECK(options.accumulator.bits == 20);
  CHECK(options.accumulator.overflow == Overflow::wrap);
  CHECK(options.fold_accumulator.bits == 32);
  CHECK(options.epilogue.requantise.rounding == Rounding::single_half_even);
  CHECK(options.epilogue.requantise.overflow == Overflow::clamp);
  CHECK(options.array.height == 16);
  CHECK(options.array.width == 16);
  apply_preset("inference-card-fp16", options);
  CHECK(options.fold_depth == 128);
  CHECK(options.array.height == 128);
  CHECK(options.mac == Mac::unfused);
  CHECK(options.flush_subnormals);
  for (const Accumulator& sum : {options.accumulator, options.fold_accumulator}) {
    CHECK(sum.bits == 16);
    CHECK(sum.overflow == Overflow::clamp);
  }
  options.array = {5, 7};
  for (const char* name : {"tflite", "flexisaga"}) {
    apply_preset(name, options);
    CHECK(options.accumulate == Accumulate::chained);
    CHECK(options.fold_depth == 0);
    CHECK(options.accumulator.bits == 0);
    CHECK(options.fold_accumulator.bits == 0);
    CHECK(!options.flush_subnormals);
    CHECK(options.mac == Mac::fused);
    CHECK(options.epilogue.requantise.rounding == Rounding::gemmlowp_double);
  }
  CHECK(options.array.height == 5);
  CHECK(options.alpha == 3);
  CHECK(options.threads == 2);
}

TEST_CASE("every preset has a name, a meaning and a source; others are refused") {
  std::string names;
  for (const Preset* preset = presets(); preset->name != nullptr; ++preset) {
    GemmOptions options;
    CHECK(try_apply_preset(preset->name, options).ok());
    CHECK(std::string(preset->meaning).size() > 10);
    CHECK(std::string(preset->source).size() > 10);
    names += std::string(names.empty() ? "" : ", ") + preset->name;
  }
  CHECK(names == "flexisaga, gemmini, tflite, inference-card-fp16");
  GemmOptions options;
  options.fold_depth = 77;
  for (const char* wrong : {"", "Gemmini", "tpu", static_cast<const char*>(nullptr)}) {
    const Status status = try_apply_preset(wrong, options);
    CHECK(status.cause() == Cause::bad_option);
    CHECK(status.argument() == "preset");
    CHECK(contains(status.message(), names));
    CHECK(options.fold_depth == 77);
  }
  CHECK_THROWS_AS(apply_preset("tpu", options), Error);
}

TEST_CASE("explain() says where the slower kernel runs") {
  GemmOptions options;
  options.accumulator = {20, Overflow::wrap};  // the low bits of any order: no kernel of its own
  const Explanation wraps = explained<std::int8_t, std::int32_t>(options);
  INFO(wraps.to_string());
  CHECK(!contains(wraps["kernel"], "narrow"));
  options.accumulator.overflow = Overflow::clamp;
  const Explanation clamps = explained<std::int8_t, std::int32_t>(options);
  INFO(clamps.to_string());
  CHECK(contains(clamps["kernel"], "narrow_s32"));
  CHECK(contains(why(clamps, "kernel"), "slower: sums are rounded or saturate at every step"));
  options.accumulate = Accumulate::fold_then_add;
  options.accumulator = {20, Overflow::wrap};
  CHECK(contains(explained<std::int8_t, std::int32_t>(options)["kernel"], "narrow_s32"));  // 20 bits into 32
  options.fold_accumulator = {18, Overflow::wrap};
  CHECK(!contains(explained<std::int8_t, std::int32_t>(options)["kernel"], "narrow"));
  GemmOptions flushes;
  flushes.flush_subnormals = true;
  const Explanation flushed = explained<double, double>(flushes);
  CHECK(contains(flushed["kernel"], "narrow_f64_fused"));
  CHECK(contains(why(flushed, "kernel"), "slower: subnormals are flushed"));
  flushes.mac = Mac::unfused, flushes.accumulator = {16, Overflow::clamp};
  CHECK(contains(explained<f16, float>(flushes)["kernel"], "narrow_f32_unfused"));
}

TEST_CASE("no workspace is asked for, and any is taken") {
  Operands<f16, float> x;
  GemmOptions options;
  options.accumulator = {16, Overflow::clamp};
  const auto a = row_major(x.a.data(), 2, 3), b = row_major(x.b.data(), 3, 4);
  const auto c = row_major(x.c.data(), 2, 4);
  CHECK(gemm_workspace_bytes(ConstMatrix(a), b, c, options) == 0);
  CHECK(gemm_batch_workspace_bytes(40, a, b, c, options) == 0);
  char one = 0;
  options.workspace = &one, options.workspace_bytes = 1;
  REQUIRE(x.run(options).ok());
  CHECK(x.c == std::vector<float>(8, 3));
}

TEST_CASE("the whole way of a batch, a packed B, an epilogue") {
  Rng rng(11);
  const Index m = 9, n = 21, k = 40, count = 5;
  Storage<std::int8_t> a(count * m, k), b(count * k, n), c(count * m, n);
  fill_random(rng, a.view(), ValueKind::mixed);
  fill_random(rng, b.view(), ValueKind::mixed);
  GemmOptions options;
  options.accumulator = {17, Overflow::clamp};
  options.b_zero_point = 5;
  std::vector<std::int32_t> multiplier(1, 1 << 30), shift(1, -8), bias(m, 300);
  options.epilogue.bias = per_row(bias.data(), m, n);
  options.epilogue.requantise.multiplier = per_tensor(multiplier.data(), m, n);
  options.epilogue.requantise.shift = per_tensor(shift.data(), m, n);
  options.epilogue.requantise.rounding = Rounding::single_half_even;
  const auto item = [](auto& storage, Index rows, Index cols, Index i) {
    return row_major(&storage(i * rows, 0), rows, cols);
  };
  gemm_batch(count, item(a, m, k, 0), m * k, item(b, k, n, 0), k * n, item(c, m, n, 0), m * n, options);
  for (Index i = 0; i < count; ++i) {
    Storage<std::int32_t> sums(m, n);
    GemmOptions plain = options;
    plain.epilogue = {};
    reference_gemm(item(a, m, k, i), item(b, k, n, i), sums.view(), plain);
    Storage<std::int8_t> packed_c(m, n);
    PackOptions right;
    right.side = Side::right, right.zero_point = 5;
    gemm(ConstMatrix(item(a, m, k, i)), pack(ConstMatrix(item(b, k, n, i)), right), packed_c.view(), options);
    for (Index row = 0; row < m; ++row) {
      for (Index j = 0; j < n; ++j) {
        // x / 2^9, to nearest even.
        const double nearest = std::nearbyint((sums(row, j) + 300) / 512.0);
        const int want = static_cast<int>(std::min(std::max(nearest, -128.0), 127.0));
        CHECK(c(i * m + row, j) == want);
        CHECK(packed_c(row, j) == want);
      }
    }
  }
}
