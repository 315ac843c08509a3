// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The epilogue at the public edge: bad arguments by name, with C untouched; guard pages around every operand.
#include "reference.hpp"
#include "septet/septet.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"
#include "support/guard.hpp"

#include <doctest/doctest.h>

#include <functional>

namespace {

using namespace septet;
using namespace septet::support;

// Good calls that each case spoils in one way.
template <class T, class Sum, class Out>
struct Call {
  std::vector<T> ones = std::vector<T>(12, T{1});
  std::vector<Sum> operand = std::vector<Sum>(8, Sum{1});
  std::vector<std::int32_t> numbers = std::vector<std::int32_t>(8, 0);
  std::vector<float> scales = std::vector<float>(8, 1.f);
  std::vector<Out> output = std::vector<Out>(8, Out{42});
  Matrix c = row_major(output.data(), 2, 4);
  GemmOptions options;
};
using Floats = Call<float, float, float>;
using Quantised = Call<std::int8_t, std::int32_t, std::int8_t>;

template <class AnyCall>
void expect(Cause cause, const std::string& argument, const std::function<void(AnyCall&)>& spoil) {
  AnyCall call;
  if constexpr (std::is_same_v<AnyCall, Quantised>) {
    call.options.epilogue.requantise.multiplier = row_major(call.numbers.data(), 2, 4);
    call.options.epilogue.requantise.shift = per_row(call.numbers.data(), 2, 4);
  }
  spoil(call);
  const auto before = call.output;
  const auto a = row_major(call.ones.data(), 2, 3), b = row_major(call.ones.data(), 3, 4);
  emulation::Report report;
  for (const Status& status :
       {try_gemm(a, b, call.c, call.options), emulation::try_emulate(a, b, call.c, call.options, {}, report)}) {
    INFO(status.to_string());
    CHECK(status.cause() == cause);
    CHECK(status.argument() == argument);
    if (cause != Cause::ok) CHECK(call.output == before);
  }
}

const std::string kName = "options.epilogue.";

}  // namespace

TEST_CASE("refused: steps") {
  using F = std::function<void(Floats&)>;
  const auto operand = [](Floats& c) { return row_major(c.operand.data(), 2, 4); };
  expect<Floats>(Cause::ok, "", [&](Floats& c) { c.options.epilogue.bias = operand(c); });
  const struct {
    const char* name;
    ConstMatrix Epilogue::*member;
  } members[] = {{"scale", &Epilogue::scale}, {"bias", &Epilogue::bias}, {"residual", &Epilogue::residual}};
  for (const auto& each : members) {
    const auto member = each.member;
    const std::string name = kName + each.name;
    expect<Floats>(Cause::bad_shape, name,
                   F([&](Floats& c) { c.options.epilogue.*member = ConstMatrix(row_major(c.operand.data(), 4, 2)); }));
    expect<Floats>(Cause::bad_type, name,
                   F([&](Floats& c) { c.options.epilogue.*member = ConstMatrix(row_major(c.numbers.data(), 2, 4)); }));
    expect<Floats>(Cause::bad_stride, name, F([&](Floats& c) {
                     c.options.epilogue.*member = ConstMatrix(operand(c));
                     (c.options.epilogue.*member).row_stride = std::numeric_limits<Index>::max();
                   }));
    expect<Floats>(Cause::overlap, "c",
                   F([&](Floats& c) { c.options.epilogue.*member = ConstMatrix(per_row(c.output.data() + 3, 2, 4)); }));
  }
  expect<Floats>(Cause::bad_option, kName + "activation",
                 [](Floats& c) { c.options.epilogue.activation = static_cast<Activation>(6); });
  expect<Floats>(Cause::bad_option, kName + "requantise",
                 [](Floats& c) { c.options.epilogue.requantise.multiplier = row_major(c.numbers.data(), 2, 4); });
  // Interleaved with C's elements, but on none of them.
  std::vector<float> shared(16, 1);
  expect<Floats>(Cause::ok, "", [&](Floats& c) {
    c.c = MatrixView<float>{shared.data(), 2, 4, 8, 2};
    c.options.epilogue.bias = MatrixView<float>{shared.data() + 1, 2, 4, 8, 2};
  });
}

TEST_CASE("refused: sums of s32") {
  const auto bad = [](Cause cause, const std::string& argument, const std::function<void(Quantised&)>& spoil) {
    expect<Quantised>(cause, argument, spoil);
  };
  const std::string name = kName + "requantise.";
  bad(Cause::ok, "", [](Quantised&) {});
  bad(Cause::bad_option, kName + "scale",
      [](Quantised& c) { c.options.epilogue.scale = row_major(c.operand.data(), 2, 4); });
  bad(Cause::bad_option, kName + "activation", [](Quantised& c) { c.options.epilogue.activation = Activation::gelu; });
  bad(Cause::bad_type, kName + "bias",
      [](Quantised& c) { c.options.epilogue.bias = row_major(c.scales.data(), 2, 4); });
  bad(Cause::bad_option, "options.beta", [](Quantised& c) { c.options.beta = 1; });
  bad(Cause::bad_type, "c", [](Quantised& c) { c.c.type = Type::s32, c.c.data = c.operand.data(); });
  bad(Cause::bad_type, "c", [](Quantised& c) { c.c.type = Type::f32, c.c.data = c.scales.data(); });
  bad(Cause::bad_type, "c", [](Quantised& c) { c.options.epilogue.requantise = Requantise(); });
  bad(Cause::bad_option, name + "shift", [](Quantised& c) { c.numbers[1] = 31; });
  bad(Cause::bad_option, name + "shift", [](Quantised& c) { c.numbers[0] = -32; });
  bad(Cause::bad_type, name + "multiplier",
      [](Quantised& c) { c.options.epilogue.requantise.multiplier = row_major(c.scales.data(), 2, 4); });
  bad(Cause::bad_shape, name + "shift",
      [](Quantised& c) { c.options.epilogue.requantise.shift = row_major(c.numbers.data(), 4, 2); });
  bad(Cause::bad_option, name + "scale",
      [](Quantised& c) { c.options.epilogue.requantise.scale = row_major(c.scales.data(), 2, 4); });
  bad(Cause::bad_option, name + "multiplier",
      [](Quantised& c) { c.options.epilogue.requantise.rounding = Rounding::fp32_nearest_even; });
  bad(Cause::bad_option, name + "rounding",
      [](Quantised& c) { c.options.epilogue.requantise.rounding = static_cast<Rounding>(9); });
  bad(Cause::bad_option, name + "zero_point", [](Quantised& c) { c.options.epilogue.requantise.zero_point = 128; });
  bad(Cause::bad_option, name + "low", [](Quantised& c) { c.options.epilogue.requantise.low = -129; });
  bad(Cause::bad_option, name + "high", [](Quantised& c) { c.options.epilogue.requantise.high = 128; });
  bad(Cause::bad_option, name + "low", [](Quantised& c) {
    c.options.epilogue.requantise.low = 5;
    c.options.epilogue.requantise.high = 4;
  });
  bad(Cause::bad_option, name + "overflow", [](Quantised& c) {
    c.options.epilogue.requantise.overflow = Overflow::wrap;
    c.options.epilogue.requantise.high = 4;
  });
  const auto by_scale = [](Quantised& c) {
    c.options.epilogue.requantise = Requantise();
    c.options.epilogue.requantise.rounding = Rounding::fp32_nearest_even;
    c.options.epilogue.requantise.scale = row_major(c.scales.data(), 2, 4);
  };
  bad(Cause::ok, "", by_scale);
  bad(Cause::bad_option, name + "scale", [&](Quantised& c) {
    by_scale(c);
    c.scales[5] = std::numeric_limits<float>::infinity();
  });
  bad(Cause::bad_option, name + "shift", [&](Quantised& c) {
    c.options.epilogue.requantise = Requantise();
    c.options.epilogue.requantise.shift = per_row(c.numbers.data(), 2, 4);
    c.c = row_major(c.operand.data(), 2, 4);
  });
  bad(Cause::overlap, "c", [](Quantised& c) {
    c.c.data = reinterpret_cast<std::int8_t*>(c.numbers.data()) + 3;
    c.options.epilogue.requantise.shift = per_row(c.numbers.data(), 2, 4);
  });
}

TEST_CASE("guard pages around C and the epilogue's operands") {
  Rng rng(8);
  for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
    REQUIRE(set_target(*target).ok());
    INFO(std::string(*target));
    for (int i = 0; i < 60; ++i) {
      const Index m = rng.between(1, 40), n = rng.between(1, 70), k = rng.between(1, 5);
      const auto side = rng.pick({GuardedBuffer::Side::begin, GuardedBuffer::Side::end});
      GuardedBuffer scale(m * 4, side), bias(n * 4, side), residual(m * n * 4, side), c(m * n * 4, side),
          bytes(m * n, side), shift(m * 4, side);
      Storage<float> a(m, k), b(k, n);
      fill_random(rng, a.view(), ValueKind::small_integers);
      fill_random(rng, b.view(), ValueKind::small_integers);
      const bool by_rows = rng.chance(0.5);
      const auto whole = [&](const GuardedBuffer& buffer) {
        return by_rows ? row_major(buffer.as<float>(), m, n) : column_major(buffer.as<float>(), m, n);
      };
      const auto fill = [&](auto view) {
        for (Index r = 0; r < view.rows; ++r) {
          for (Index s = 0; s < view.cols; ++s) view(r, s) = 1;
        }
      };
      fill(per_row(scale.as<float>(), m, n)), fill(per_column(bias.as<float>(), m, n)), fill(whole(residual));
      GemmOptions options;
      options.threads = 1;
      options.alpha = 2;
      options.beta = rng.pick({0.0, 1.0});
      fill(whole(c));
      options.epilogue.scale = per_row(scale.as<float>(), m, n);
      options.epilogue.bias = per_column(bias.as<float>(), m, n);
      options.epilogue.residual = whole(residual);
      options.epilogue.activation = static_cast<Activation>(rng.below(6));
      gemm(a.view(), b.view(), whole(c), options);

      Storage<std::int8_t> small_a(m, k), small_b(k, n);
      fill_random(rng, small_a.view(), ValueKind::mixed);
      fill_random(rng, small_b.view(), ValueKind::mixed);
      const std::int32_t multiplier = 1 << 30;
      fill(per_row(shift.as<std::int32_t>(), m, n));
      GemmOptions quantised;
      quantised.threads = 1;
      quantised.epilogue.requantise.multiplier = per_tensor(&multiplier, m, n);
      quantised.epilogue.requantise.shift = per_row(shift.as<std::int32_t>(), m, n);
      const auto narrow =
          by_rows ? row_major(bytes.as<std::int8_t>(), m, n) : column_major(bytes.as<std::int8_t>(), m, n);
      gemm(small_a.view(), small_b.view(), narrow, quantised);
      for (const auto* buffer : {&scale, &bias, &residual, &c, &bytes, &shift}) CHECK(buffer->slack_intact());
    }
  }
  REQUIRE(set_target(nullptr).ok());
}
