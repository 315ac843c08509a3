// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Embedding bags, row after row of a bag, all its columns at once.
#include "execute_operators.hpp"
#include "float_steps.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace septet::network {
namespace {

constexpr Index kScaleAndBias = 2 * sizeof(float);  // at the end of a row of bytes

// A row's values: value = scale * stored + bias, the scale 1 and the bias 0 of floats.
struct Row {
  float scale = 1, bias = 0;
};

Row read_row(const Tensor& table, Index row, float* stored, Index width) {
  Row result;
  if (table.info().type == Type::u8) {
    const std::uint8_t* bytes = table.as<std::uint8_t>() + row * (width + kScaleAndBias);
    std::copy(bytes, bytes + width, stored);
    std::memcpy(&result.scale, bytes + width, sizeof(float));
    std::memcpy(&result.bias, bytes + width + sizeof(float), sizeof(float));
  } else if (table.info().type == Type::f16) {
    const f16* halves = table.as<f16>() + row * width;
    for (Index j = 0; j < width; ++j) stored[j] = static_cast<float>(halves[j]);
  } else {
    std::copy_n(table.as<float>() + row * width, width, stored);
  }
  return result;
}

// Sums of f32: sum <- fma(scale, stored, sum + bias) of bytes, sum + stored of floats.
struct FloatSums {
  void add(const Row& row, bool bytes, float* stored, float* sums, Index width) const {
    if (!bytes) {
      for (Index j = 0; j < width; ++j) sums[j] += stored[j];
      return;
    }
    for (Index j = 0; j < width; ++j) sums[j] += row.bias;
    add_multiple(row.scale, stored, sums, width);
  }
  float value(float x) const { return x; }
};

// Sums of f16, clipped: every value, product and sum is rounded.
struct HalfSums {
  void add(const Row& row, bool bytes, float* stored, float* sums, Index width) const {
    const float scale = value(row.scale), bias = value(row.bias);
    for (Index j = 0; bytes && j < width; ++j) stored[j] = value(scale * stored[j]) + bias;
    for (Index j = 0; j < width; ++j) sums[j] = value(sums[j] + value(stored[j]));
  }
  // As kernels::rounded(), but without branches, so that loops over it become vectors.
  float value(float x) const {
    constexpr std::int32_t kExponent = 0x7f800000, kLeast = 0x38800000, kMost = 0x47800000;  // 2^-14, 2^16
    const float magnitude = std::fabs(x);
    std::int32_t power = 0;
    std::memcpy(&power, &magnitude, sizeof power);
    power = std::clamp(power & kExponent, kLeast, kMost);
    float steps = 0;  // beside 2^13 of the power, all that a float holds is a whole number of steps of an f16
    std::memcpy(&steps, &power, sizeof steps);
    steps *= 0x1p13f;
    const float rounded = (magnitude + steps) - steps;
    return std::copysign(rounded > 65504 ? 65504.0f : rounded, x);
  }
};

template <class Sums>
void sum_bags(const EmbeddingBag& op, const std::int32_t* indices, const std::int32_t* offsets, Tensor& y,
              const Sums& arithmetic) {
  const Index bags = y.info().dim(0), width = y.info().dim(1);
  const bool bytes = op.table->info().type == Type::u8;
  std::vector<float> stored(static_cast<std::size_t>(width));
  for (Index b = 0; b < bags; ++b) {
    float* sums = y.as<float>() + b * width;
    std::fill(sums, sums + width, 0.0f);
    for (Index i = offsets[b]; i < offsets[b + 1]; ++i) {
      const Row row = read_row(*op.table, indices[i], stored.data(), width);
      arithmetic.add(row, bytes, stored.data(), sums, width);
    }
    const Index count = offsets[b + 1] - offsets[b];
    if (op.mode == EmbeddingBag::Mode::sum || count == 0) continue;
    const float share = arithmetic.value(1.0f / static_cast<float>(count));
    for (Index j = 0; j < width; ++j) sums[j] = arithmetic.value(sums[j] * share);
  }
}

}  // namespace

void check_lists(const EmbeddingBag& op, const Tensor& indices, const Tensor& offsets) {
  const Index count = indices.info().elements(), bags = offsets.info().elements() - 1;
  const Index rows = op.table->info().dim(0);
  const auto refuse = [](const char* what, Index at, Index value, const std::string& why) {
    throw Error({Cause::bad_structure, what, "element " + std::to_string(at) + " is " + std::to_string(value) + why});
  };
  const auto* starts = offsets.as<std::int32_t>();
  if (starts[0] != 0) refuse("offsets", 0, starts[0], ", not 0");
  for (Index b = 1; b <= bags; ++b) {
    if (starts[b] < starts[b - 1]) refuse("offsets", b, starts[b], ", less than the one before");
  }
  if (starts[bags] != count) {
    refuse("offsets", bags, starts[bags], ", but there are " + std::to_string(count) + " indices");
  }
  const auto* listed = indices.as<std::int32_t>();
  for (Index i = 0; i < count; ++i) {
    if (listed[i] < 0 || listed[i] >= rows) {
      refuse("indices", i, listed[i], ", outside of a table of " + std::to_string(rows) + " rows");
    }
  }
}

void execute(const EmbeddingBag& op, const Operands& x, Tensor& y) {
  check_lists(op, *x[0], *x[1]);
  const auto *indices = x[0]->as<std::int32_t>(), *offsets = x[1]->as<std::int32_t>();
  if (op.sums == Type::f16) return sum_bags(op, indices, offsets, y, HalfSums());
  sum_bags(op, indices, offsets, y, FloatSums());
}

}  // namespace septet::network
