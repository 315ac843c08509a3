// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The epilogue's kernels by themselves, on every target, at every number of columns around their vectors: what a layer
// ends with (bias, residual, relu) on floats, and bias with requantisation over several rows. Poison lies behind each
// row that they read or write.
#include "kernels/dispatch.hpp"
#include "reference.hpp"
#include "septet/septet.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

namespace {

using namespace septet;
using namespace septet::support;

constexpr Index kMostColumns = 70;  // more than four vectors of 16 lanes

template <class F>
void on_every_target(F&& f) {
  for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
    INFO("target " << std::string(*target));
    REQUIRE(set_target(*target).ok());
    f();
  }
  CHECK(set_target(nullptr).ok());
}

// A value for each column, one for all, or none.
template <class T>
struct Operand {
  Storage<T> values;
  kernels::RowOperand<T> row;

  const T* at(Index j) const { return row.data == nullptr ? nullptr : row.data + (row.repeated ? 0 : j); }
};
template <class T, class F>
Operand<T> operand(Rng& rng, Index count, bool may_lack, F&& value) {
  const bool repeated = rng.chance(0.3);
  Operand<T> result{Storage<T>(1, repeated ? 1 : count), {}};
  for (Index j = 0; j < result.values.cols(); ++j) result.values(0, j) = value();
  if (!may_lack || rng.chance(0.8)) result.row = {&result.values(0, 0), repeated};
  return result;
}

void run(const kernels::FinishCall<float>& call) { kernels::epilogue_kernels().finish_f32(call); }
void run(const kernels::FinishCall<double>& call) { kernels::epilogue_kernels().finish_f64(call); }

// sum + bias + residual, activated; into the sums themselves or elsewhere.
template <class T>
void check_finish(Rng& rng, Index count) {
  Storage<T> sums(1, count), out(1, count);
  fill_random(rng, sums.view(), ValueKind::mixed);
  const auto value = [&] { return rng.chance(0.1) ? random_zero<T>(rng, 0) : random_value<T>(rng, ValueKind::mixed); };
  const auto bias = operand<T>(rng, count, true, value), residual = operand<T>(rng, count, true, value);
  if (rng.chance(0.2)) sums(0, rng.below(count)) = std::numeric_limits<T>::quiet_NaN();
  kernels::FinishCall<T> call;
  call.count = count, call.bias = bias.row, call.residual = residual.row;
  call.activation = rng.pick({Activation::none, Activation::relu, Activation::relu6});
  Storage<T> want(1, count);
  for (Index j = 0; j < count; ++j) {
    T sum = sums(0, j);
    if (bias.at(j) != nullptr) sum = plus(sum, *bias.at(j));
    if (residual.at(j) != nullptr) sum = plus(sum, *residual.at(j));
    want(0, j) = exact_activation(sum, call.activation);
  }
  const bool in_place = rng.chance(0.5);
  INFO(count << " columns, activation " << static_cast<int>(call.activation) << ", in place " << in_place);
  on_every_target([&] {
    Storage<T> work = sums;
    call.sums = &work(0, 0), call.out = in_place ? &work(0, 0) : &out(0, 0);
    run(call);
    const Difference difference = compare_bits(in_place ? work.view() : out.view(), want.view());
    CHECK_MESSAGE(difference.equal, difference.text);
    CHECK(out.padding_intact());
    CHECK(work.padding_intact());
  });
}

template <class Out>
void check_requantise(Rng& rng, Index count, Rounding rounding) {
  const Index rows = rng.between(1, 9);
  const auto padded = [&](Index cols) { return Strides{cols + rng.between(0, 5), 1}; };
  Storage<std::int32_t> sums(rows, count, padded(count));
  constexpr std::int32_t kMin = std::numeric_limits<std::int32_t>::min(), kMax = -(kMin + 1);
  const auto word = [&] {
    if (rng.chance(0.05)) return rng.pick({kMin, kMax, 0});
    const auto magnitude = static_cast<std::int32_t>(Index{1} << rng.between(4, 30));
    return static_cast<std::int32_t>(rng.between(-magnitude, magnitude));
  };
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < count; ++j) sums(i, j) = word();
  }
  const bool by_scale = rounding == Rounding::fp32_nearest_even;
  const auto bias = operand<std::int32_t>(rng, count, true, word);
  const auto multiplier = operand<std::int32_t>(
      rng, count, false, [&] { return static_cast<std::int32_t>(rng.between(Index{1} << 30, kMax)); });
  const auto shift =
      operand<std::int32_t>(rng, count, true, [&] { return static_cast<std::int32_t>(rng.between(-20, 1)); });
  const auto scale = operand<float>(rng, count, false, [&] { return random_float<float>(rng, -24, 0); });
  constexpr int kLow = std::numeric_limits<Out>::min(), kHigh = std::numeric_limits<Out>::max();
  kernels::RequantiseCall call;
  call.sums = &sums(0, 0), call.sums_row = sums.strides().row, call.count = count, call.rows = rows;
  call.type = type_of<Out>(), call.rounding = rounding;
  call.bias = bias.row;
  if (by_scale) {
    call.scale = scale.row;
  } else {
    call.multiplier = multiplier.row, call.shift = shift.row;
  }
  call.overflow = rng.pick({Overflow::clamp, Overflow::clamp, Overflow::wrap});
  call.zero_point = static_cast<std::int32_t>(rng.between(kLow, kHigh));
  call.low = kLow, call.high = kHigh;
  if (rng.chance(0.5)) call.low += static_cast<int>(rng.below(100)), call.high -= static_cast<int>(rng.below(100));

  Storage<Out> want(rows, count);
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < count; ++j) {
      Requantise r;
      r.rounding = rounding, r.overflow = call.overflow, r.zero_point = call.zero_point;
      r.low = call.low, r.high = call.high;
      r.multiplier = row_major(multiplier.at(j), 1, 1), r.scale = row_major(scale.at(j), 1, 1);
      if (shift.at(j) != nullptr) r.shift = row_major(shift.at(j), 1, 1);
      const std::int32_t sum = bias.at(j) != nullptr ? plus(sums(i, j), *bias.at(j)) : sums(i, j);
      want(i, j) = static_cast<Out>(reference_requantise(sum, r, 0, 0, type_of<Out>()));
    }
  }
  INFO(rows << " x " << count << ", rounding " << static_cast<int>(rounding) << ", " << septet::name(call.type));
  const Strides strides = padded(count);
  on_every_target([&] {
    Storage<Out> out(rows, count, strides);
    call.out = &out(0, 0), call.out_row = strides.row;
    kernels::epilogue_kernels().requantise(call);
    const Difference difference = compare_bits(out.view(), want.view());
    CHECK_MESSAGE(difference.equal, difference.text);
    CHECK(out.padding_intact());
  });
}

}  // namespace

TEST_CASE("sums with bias and residual, activated: every number of columns") {
  for (Index count = 1; count <= kMostColumns; ++count) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      INFO("seed " << seed);
      Rng rng(seed * 100 + static_cast<std::uint64_t>(count));
      check_finish<float>(rng, count);
      check_finish<double>(rng, count);
    }
  }
}

TEST_CASE("sums with bias, requantised in several rows: every number of columns, under every rounding") {
  for (Index count = 1; count <= kMostColumns; ++count) {
    INFO("seed " << count);
    Rng rng(static_cast<std::uint64_t>(count));
    for (const Rounding rounding :
         {Rounding::gemmlowp_double, Rounding::single_half_up, Rounding::single_half_away, Rounding::truncate,
          Rounding::floor, Rounding::fp32_nearest_even, Rounding::single_half_even}) {
      check_requantise<std::int8_t>(rng, count, rounding);
      check_requantise<std::uint8_t>(rng, count, rounding);
      check_requantise<std::int16_t>(rng, count, rounding);
    }
  }
}
