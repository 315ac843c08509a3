// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Embedding bags against their definition, one element at a time: every kind of table, sums of f32 and f16, on every
// target; and lists that no table has.
#include "one_step.hpp"
#include "operators_reference.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"
#include "support/narrow_reference.hpp"

#include <doctest/doctest.h>

namespace septet::network {
namespace {

using namespace septet::support;

struct Bags {
  EmbeddingBag op;
  Tensor indices, offsets;
  TensorInfo y;
};

Tensor integers(const std::vector<std::int32_t>& values) {
  Tensor tensor({"list", Type::s32, {static_cast<Index>(values.size())}, {}});
  std::copy(values.begin(), values.end(), tensor.as<std::int32_t>());
  return tensor;
}

// Rows of bytes end in a scale and a bias.
Tensor random_table(Rng& rng, Type type, Index rows, Index width) {
  if (type != Type::u8) return random_tensor(rng, {"table", type, {rows, width}, {}});
  Tensor table = random_tensor(rng, {"table", type, {rows, width + 8}, {1.0f, 0}});
  for (Index row = 0; row < rows; ++row) {
    const float ends[] = {random_value<float>(rng, ValueKind::mixed), random_value<float>(rng, ValueKind::mixed)};
    std::memcpy(table.as<std::uint8_t>() + row * (width + 8) + width, ends, sizeof ends);
  }
  return table;
}

EmbeddingBag bag_of(std::shared_ptr<const Tensor> table) {
  EmbeddingBag op;
  op.table = std::move(table);
  return op;
}

Bags random_bags(Rng& rng) {
  const Index rows = rng.between(1, 20), width = rng.between(1, 40), bags = rng.between(1, 6);
  std::vector<std::int32_t> indices, offsets{0};
  for (Index b = 0; b < bags; ++b) {
    const Index count = rng.chance(0.2) ? 0 : rng.between(1, 12);
    for (Index i = 0; i < count; ++i) indices.push_back(static_cast<std::int32_t>(rng.below(rows)));
    offsets.push_back(static_cast<std::int32_t>(indices.size()));
  }
  const Type type = rng.pick({Type::f32, Type::f16, Type::u8});
  EmbeddingBag op = bag_of(std::make_shared<const Tensor>(random_table(rng, type, rows, width)));
  op.mode = rng.pick({EmbeddingBag::Mode::sum, EmbeddingBag::Mode::mean});
  op.sums = rng.pick({Type::f32, Type::f16});
  return {op, integers(indices), integers(offsets), {"y", Type::f32, {bags, width}, {}}};
}

// Rounded to f16 and clipped.
float clipped(float x) { return kept(x, {16, Overflow::clamp}, false); }

// Column j of bag b.
float reference_bag(const Bags& bags, Index b, Index j) {
  const Tensor& table = *bags.op.table;
  const Index width = bags.y.dim(1);
  const bool half = bags.op.sums == Type::f16;
  const auto rounded_half = [&](float x) { return half ? clipped(x) : x; };
  const std::int32_t *starts = bags.offsets.as<std::int32_t>(), *listed = bags.indices.as<std::int32_t>();
  float sum = 0;
  for (std::int32_t i = starts[b]; i < starts[b + 1]; ++i) {
    if (table.info().type == Type::u8) {
      const std::uint8_t* row = table.as<std::uint8_t>() + listed[i] * (width + 8);
      float ends[2];
      std::memcpy(ends, row + width, sizeof ends);
      const float stored = row[j];
      if (half) {
        const volatile float product = clipped(ends[0]) * stored;
        sum = clipped(plus(sum, clipped(plus(clipped(product), clipped(ends[1])))));
      } else {
        sum = std::fma(ends[0], stored, plus(sum, ends[1]));
      }
    } else if (table.info().type == Type::f16) {
      sum = rounded_half(plus(sum, static_cast<float>(table.as<f16>()[listed[i] * width + j])));
    } else {
      sum = rounded_half(plus(sum, rounded_half(table.as<float>()[listed[i] * width + j])));
    }
  }
  const std::int32_t count = starts[b + 1] - starts[b];
  if (bags.op.mode == EmbeddingBag::Mode::sum || count == 0) return sum;
  const volatile float mean = sum * rounded_half(1.0f / static_cast<float>(count));
  return rounded_half(mean);
}

Tensor run(const Bags& bags) { return support::run(bags.op, {&bags.indices, &bags.offsets}, bags.y); }

}  // namespace

TEST_CASE("embedding bags: every kind of table, sum and mean, sums of f32 and f16") {
  for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
    REQUIRE(set_target(*target).ok());
    for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(problem_count(200)); ++seed) {
      Rng rng(seed);
      const Bags bags = random_bags(rng);
      INFO("target " << std::string(*target) << ", seed " << seed << ", table of "
                     << septet::name(bags.op.table->info().type) << ", sums of " << septet::name(bags.op.sums));
      if (bags.indices.info().elements() > 0) {
        CHECK(validate_one(bags.op, {&bags.indices, &bags.offsets}, bags.y).to_string() == "ok");
      }
      const Tensor got = run(bags);
      Index wrong = 0;
      for (Index b = 0; b < bags.y.dim(0); ++b) {
        for (Index j = 0; j < bags.y.dim(1); ++j) {
          const float want = reference_bag(bags, b, j), value = got.as<float>()[b * bags.y.dim(1) + j];
          wrong += std::memcmp(&want, &value, sizeof want) != 0 && (want == want || value == value);
        }
      }
      CHECK(wrong == 0);
    }
  }
  REQUIRE(set_target(nullptr).ok());
}

TEST_CASE("embedding bags: known answers, a bag of none, clipping at 65504") {
  Tensor table({"table", Type::f16, {3, 2}, {}});
  const float values[] = {1, -60000, 2, -60000, 4096, 0.5f};
  for (int i = 0; i < 6; ++i) table.as<f16>()[i] = f16(values[i]);
  Bags bags{bag_of(std::make_shared<const Tensor>(table)),
            integers({0, 1, 2, 2, 0}),
            integers({0, 2, 2, 5}),
            {"y", Type::f32, {3, 2}, {}}};
  const auto check = [&](std::initializer_list<float> want) {
    const Tensor y = run(bags);
    Index i = 0;
    for (const float value : want) CHECK(y.as<float>()[i++] == value);
  };
  check({3, -120000, 0, 0, 8193, -59999});
  bags.op.mode = EmbeddingBag::Mode::mean;
  check({1.5f, -60000, 0, 0, 8193 * (1.0f / 3), -59999 * (1.0f / 3)});
  bags.op.sums = Type::f16;
  bags.op.mode = EmbeddingBag::Mode::sum;
  check({3, -65504, 0, 0, 8192, -59999 - 1});  // 8193 is a tie; halves there are 32 apart
}

TEST_CASE("embedding bags: lists that do not fit are refused, and nothing is written") {
  const auto table = std::make_shared<const Tensor>(Tensor({"table", Type::f32, {3, 2}, {}}));
  const auto refused = [&](const std::vector<std::int32_t>& indices, const std::vector<std::int32_t>& offsets) {
    const Bags bags{bag_of(table), integers(indices), integers(offsets), {"y", Type::f32, {2, 2}, {}}};
    Tensor y(bags.y);
    std::fill_n(y.as<float>(), 4, 7.0f);
    try {
      network::execute({"bag", bags.op, {}, 0}, {&bags.indices, &bags.offsets}, y);
    } catch (const Error& error) {
      for (int i = 0; i < 4; ++i) CHECK(y.as<float>()[i] == 7.0f);
      CHECK(error.status().cause() == Cause::bad_structure);
      return error.status().to_string();
    }
    return std::string("accepted");
  };
  CHECK(refused({0, 3}, {0, 1, 2}) == "indices: element 1 is 3, outside of a table of 3 rows");
  CHECK(refused({-1, 0}, {0, 1, 2}) == "indices: element 0 is -1, outside of a table of 3 rows");
  CHECK(refused({0, 1}, {0, 1, 1}) == "offsets: element 2 is 1, but there are 2 indices");
  CHECK(refused({0, 1}, {0, 3, 2}) == "offsets: element 2 is 2, less than the one before");
  CHECK(refused({0, 1}, {1, 1, 2}) == "offsets: element 0 is 1, not 0");
  CHECK(refused({0, 1}, {0, 1, 2}) == "accepted");
}

}  // namespace septet::network
