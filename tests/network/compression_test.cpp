// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Weights with zeros and of few bits: how many zeros there are and where they may lie, what a layer with them costs
// beside the same weights given one by one, and what is refused.
#include "septet/network/compression.hpp"

#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace septet::network {
namespace {

using namespace septet::support;

Layer layer_of(Index m, Index n, Index k, Index count) {
  Layer layer;
  layer.name = "weights", layer.op = "fully_connected", layer.product = {m, n, k, count};
  layer.parameters = layer.parameter_bytes = m * k * count;
  return layer;
}

bool zero_at(const Layer& layer, Index i, Index j) {
  return static_cast<const std::int8_t*>(layer.weights.data)[i * layer.product.k + j] == 0;
}

Index zeros_of(const Layer& layer) {
  Index zeros = 0;
  for (Index i = 0; i < layer.product.m; ++i) {
    for (Index j = 0; j < layer.product.k; ++j) zeros += zero_at(layer, i, j);
  }
  return zeros;
}

}  // namespace

TEST_CASE("compression: as many zeros as the sparsity says, each place as likely as another") {
  Rng rng(901);
  for (int round = 0; round < 200; ++round) {
    Layer layer = layer_of(rng.between(1, 30), 1, rng.between(1, 40), 3);
    Compression how;
    how.sparsity = rng.chance(0.1) ? 1 : rng.unit();
    how.seed = static_cast<std::uint64_t>(round);
    INFO("seed 901, round ", round, ", ", layer.product.m, "x", layer.product.k, ", ", how.sparsity);
    if (!how.prunes()) continue;
    REQUIRE(compress(layer, how).ok());
    const auto weights = static_cast<double>(layer.product.m * layer.product.k);
    CHECK(zeros_of(layer) == std::llround(how.sparsity * weights));
    CHECK(layer.parameter_bytes == layer.parameters);
  }
  // 4,000 choices of 3 zeros of 12: each place is hit 1,000 times on average, with a deviation of 27.4.
  std::vector<int> hits(12);
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    Layer layer = layer_of(3, 1, 4, 1);
    Compression how;
    how.sparsity = 0.25, how.seed = seed;
    REQUIRE(compress(layer, how).ok());
    for (Index place = 0; place < 12; ++place)
      hits[static_cast<std::size_t>(place)] += zero_at(layer, place / 4, place % 4);
  }
  for (const int count : hits) CHECK(std::abs(count - 1000) < 5 * 28);
}

TEST_CASE("compression: what is zero stays it as the sparsity grows") {
  Rng rng(904);
  for (int round = 0; round < 50; ++round) {
    INFO("seed 904, round ", round);
    const Layer dense = layer_of(rng.between(1, 30), 1, rng.between(1, 40), 1);
    Layer few = dense, many = dense;
    Compression how;
    how.block = {rng.between(1, 3), rng.between(1, 3)};
    how.sparsity = 0.1 + 0.4 * rng.unit();
    REQUIRE(compress(few, how).ok());
    how.sparsity += 0.5 * rng.unit();
    REQUIRE(compress(many, how).ok());
    for (Index i = 0; i < dense.product.m; ++i) {
      for (Index j = 0; j < dense.product.k; ++j) {
        if (zero_at(few, i, j)) CHECK(zero_at(many, i, j));
      }
    }
  }
}

TEST_CASE("compression: blocks are whole, and N of M neighbours stay") {
  Rng rng(902);
  for (int round = 0; round < 100; ++round) {
    Layer blocks = layer_of(rng.between(1, 20), 1, rng.between(1, 30), 1), groups = blocks;
    Compression how;
    how.sparsity = rng.unit(), how.block = {rng.between(1, 5), rng.between(1, 7)};
    INFO("seed 902, round ", round);
    if (!how.prunes()) continue;
    REQUIRE(compress(blocks, how).ok());
    const auto tiles = [](Index size, Index tile) { return (size + tile - 1) / tile; };
    const Index m = blocks.product.m, k = blocks.product.k;
    Index dead = 0;
    for (Index i = 0; i < m; i += how.block.rows) {
      for (Index j = 0; j < k; j += how.block.cols) {
        dead += zero_at(blocks, i, j);
        for (Index r = i; r < std::min(m, i + how.block.rows); ++r) {
          for (Index c = j; c < std::min(k, j + how.block.cols); ++c)
            CHECK(zero_at(blocks, r, c) == zero_at(blocks, i, j));
        }
      }
    }
    CHECK(dead ==
          std::llround(how.sparsity * static_cast<double>(tiles(m, how.block.rows) * tiles(k, how.block.cols))));
    Compression pairs;
    pairs.group = {static_cast<int>(rng.between(1, 4)), 4};
    REQUIRE(compress(groups, pairs).ok());
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < k; j += 4) {
        Index kept = 0;
        const Index end = std::min(k, j + 4);
        for (Index c = j; c < end; ++c) kept += !zero_at(groups, i, c);
        CHECK(kept == std::min<Index>(pairs.group.n, end - j));
      }
    }
  }
}

TEST_CASE("compression: one pattern for all products costs what copies of it cost") {
  Rng rng(903);
  for (int round = 0; round < 20; ++round) {
    const Index m = rng.between(1, 25), n = rng.between(1, 20), k = rng.between(1, 25), count = rng.between(1, 4);
    Layer layer = layer_of(m, n, k, count);
    Compression how;
    how.sparsity = 0.7, how.bits = 4, how.seed = static_cast<std::uint64_t>(round);
    REQUIRE(compress(layer, how).ok());
    CHECK(layer.parameter_bytes == (m * k * count + 1) / 2);
    std::vector<std::int8_t> copies;
    for (Index i = 0; i < count; ++i) {
      const auto* one = static_cast<const std::int8_t*>(layer.weights.data);
      copies.insert(copies.end(), one, one + m * k);
    }
    Layer copied = layer;
    copied.weights.data = copies.data(), copied.weights_stride = m * k;
    copied.weight_bits = 0;
    CostOptions options, nibbles;
    options.gemm.array = nibbles.gemm.array = {4, 6};
    options.array.memory = nibbles.array.memory = {256, 256, 256, 3};
    nibbles.array.a_word_bits = 4;
    for (const Dataflow dataflow : {Dataflow::dOS, Dataflow::sWS, Dataflow::sIS, Dataflow::csOS}) {
      options.gemm.dataflow = nibbles.gemm.dataflow = dataflow;
      INFO("seed 903, round ", round, ", ", std::string(name(dataflow)), ", ", m, "x", n, "x", k, " x", count);
      LayerCost shared, each;
      REQUIRE(cost(layer, options, shared).ok());
      REQUIRE(cost(copied, nibbles, each).ok());
      emulation::for_each_count(shared.array, [&](const char* key, Index value) {
        emulation::for_each_count(each.array, [&](const char* other, Index expected) {
          if (std::string(key) == other) CHECK_MESSAGE(value == expected, key);
        });
      });
      CHECK(shared.cycles == each.cycles);
      CHECK(shared.array.nnz == count * (m * k - std::llround(0.7 * static_cast<double>(m * k))));
      CHECK(shared.array.memory.off_chip_reads_a_bytes == each.array.memory.off_chip_reads_a_bytes);
      CHECK(shared.energy_pj == doctest::Approx(each.energy_pj).epsilon(1e-12));
    }
  }
}

TEST_CASE("compression: scales by hand") {
  // 6 x 10 weights in groups of 4: 3 of them in a row, the last of 2; 5 columns, 2 products.
  const Layer scales = scales_of(layer_of(6, 5, 10, 2), 4);
  CHECK(scales.name == "weights_scales");
  CHECK(scales.product.count == 0);
  CHECK(scales.parameter_bytes == 6 * 3 * 2 * 2);
  CHECK(scales.vector.simple_operations == 3 * 6 * 5 * 3 * 2);
  CHECK(scales.vector.reads_bytes == 6 * 3 * 2 * 2 + 6 * 5 * 3 * 2 * 4);
  CHECK(scales.vector.writes_bytes == 6 * 5 * 2 * 4);
}

TEST_CASE("compression: what is refused, and leaves the layer alone") {
  const auto refused = [](const Layer& layer, const Compression& how, Cause cause, const std::string& argument) {
    Layer tried = layer;
    const Status status = compress(tried, how);
    CHECK(status.cause() == cause);
    CHECK(status.argument() == argument);
    CHECK(tried.weights.data == layer.weights.data);
    CHECK(tried.weight_bits == 0);
    CHECK(tried.parameter_bytes == layer.parameter_bytes);
  };
  const auto with = [](const auto& change) {
    Compression how;
    how.sparsity = 0.5, how.bits = 4;
    change(how);
    return how;
  };
  const Layer layer = layer_of(4, 1, 4, 1);
  for (const double bad : {-0.1, 1.1, std::nan("")}) {
    refused(layer, with([&](Compression& c) { c.sparsity = bad; }), Cause::bad_option, "compression.sparsity");
  }
  refused(layer, with([](Compression& c) { c.block.rows = 0; }), Cause::bad_option, "compression.block");
  refused(layer, with([](Compression& c) { c.group = {5, 4}; }), Cause::bad_option, "compression.group");
  refused(layer, with([](Compression& c) { c.bits = 9; }), Cause::bad_option, "compression.bits");
  const auto same = [](Compression&) {};
  refused(layer_of(1 << 14, 1, (1 << 14) + 1, 1), with(same), Cause::bad_shape, "layer");
  Layer own = layer, floats = layer;
  const std::int8_t weights[16] = {};
  own.weights = {weights, Type::s8, 4, 4, 4, 1}, floats.a_type = Type::f32;
  refused(own, with(same), Cause::bad_shape, "layer");
  refused(floats, with(same), Cause::bad_type, "layer");
}

}  // namespace septet::network
