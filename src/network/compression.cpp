// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/compression.hpp"

#include "src/arithmetic.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

namespace septet::network {
namespace {

// Selection sampling (Knuth, The Art of Computer Programming 2, section 3.4.2, algorithm S): of `units` so many are
// chosen, every choice as likely as any other, seen one by one.
class Selection {
 public:
  Selection(std::mt19937_64& random, Index units, Index chosen) : random_(random), units_(units), chosen_(chosen) {}

  bool next() {
    // random_() / 2^64 < chosen_ / units_, in integers
    const auto scaled = static_cast<unsigned __int128>(random_()) * static_cast<std::uint64_t>(units_--);
    const bool taken = static_cast<Index>(scaled >> 64) < chosen_;
    chosen_ -= taken;
    return taken;
  }

 private:
  std::mt19937_64& random_;
  Index units_, chosen_;
};

using Weights8 = std::vector<std::int8_t>;

void prune_blocks(const Product& p, const Compression& how, std::mt19937_64& random, Weights8& weights) {
  const Index across = detail::ceil_div(p.k, how.block.cols), blocks = detail::ceil_div(p.m, how.block.rows) * across;
  Selection zeros(random, blocks, std::llround(how.sparsity * static_cast<double>(blocks)));
  for (Index b = 0; b < blocks; ++b) {
    if (!zeros.next()) continue;
    const Index i0 = b / across * how.block.rows, j0 = b % across * how.block.cols;
    const Index width = std::min(how.block.cols, p.k - j0);
    for (Index i = i0; i < std::min(p.m, i0 + how.block.rows); ++i) {
      std::fill_n(weights.begin() + i * p.k + j0, width, std::int8_t{0});
    }
  }
}

void prune_groups(const Product& p, const Compression& how, std::mt19937_64& random, Weights8& weights) {
  for (Index i = 0; i < p.m; ++i) {
    for (Index j = 0; j < p.k;) {
      const Index size = std::min<Index>(how.group.m, p.k - j);
      Selection kept(random, size, std::min<Index>(how.group.n, size));
      for (const Index end = j + size; j < end; ++j) {
        if (!kept.next()) weights[static_cast<std::size_t>(i * p.k + j)] = 0;
      }
    }
  }
}

Status check(const Layer& layer, const Compression& how) {
  if (!(how.sparsity >= 0 && how.sparsity <= 1)) return {Cause::bad_option, "compression.sparsity", "is not 0 to 1"};
  if (how.block.rows < 1 || how.block.cols < 1)
    return {Cause::bad_option, "compression.block", "is not at least 1 x 1"};
  if (how.group.m != 0 && (how.group.n < 1 || how.group.n > how.group.m)) {
    return {Cause::bad_option, "compression.group", "is not N of M neighbours, 1 <= N <= M"};
  }
  const Index most = 8 * size_of(layer.a_type);
  if (how.bits < 0 || how.bits > most) {
    return {Cause::bad_option, "compression.bits",
            std::to_string(how.bits) + " is not 0 to the " + std::to_string(most) + " of " + name(layer.a_type)};
  }
  if (!how.prunes()) return {};
  if (layer.weights.data != nullptr) return {Cause::bad_shape, "layer", layer.name + " has zeros of its own"};
  if (layer.a_type != Type::s8) return {Cause::bad_type, "layer", layer.name + " has no weights of s8"};
  if (layer.product.m > kMostPatternWeights / std::max<Index>(layer.product.k, 1)) {
    return {Cause::bad_shape, "layer",
            layer.name + " has " + std::to_string(layer.product.m) + " x " + std::to_string(layer.product.k) +
                " weights: a pattern of zeros is made for up to " + std::to_string(kMostPatternWeights)};
  }
  return {};
}

}  // namespace

Status compress(Layer& layer, const Compression& how) {
  if (Status status = check(layer, how); !status.ok()) return status;
  const Product& p = layer.product;
  if (how.prunes()) {
    std::mt19937_64 random(how.seed);
    const auto weights = std::make_shared<Weights8>(static_cast<std::size_t>(p.m * p.k), std::int8_t{1});
    how.group.m > 0 ? prune_groups(p, how, random, *weights) : prune_blocks(p, how, random, *weights);
    layer.weights = ConstMatrix(weights->data(), Type::s8, p.m, p.k, p.k, 1);
    layer.weights_owner = weights, layer.weights_stride = 0;
  }
  if (how.bits > 0) {
    const Index count = p.m * p.k * p.count, bits = 8 * size_of(layer.a_type);
    // In an order in which nothing overflows that did not before.
    layer.parameter_bytes -= count * (bits / 8) - (count / 8 * how.bits + detail::ceil_div(count % 8 * how.bits, 8));
    layer.weight_bits = how.bits;
  }
  return {};
}

Layer scales_of(const Layer& layer, Index group) {
  const Product& p = layer.product;
  const Index groups = detail::ceil_div(p.k, group) * p.count;
  Layer scales;
  scales.name = layer.name + "_scales", scales.op = "scale";
  scales.vector.simple_operations = 3 * p.m * p.n * groups;
  scales.parameter_bytes = p.m * groups * size_of(Type::f16);
  scales.vector.reads_bytes = scales.parameter_bytes + p.m * p.n * groups * size_of(Type::s32);
  scales.vector.writes_bytes = p.m * p.n * p.count * size_of(Type::f32);
  return scales;
}

}  // namespace septet::network
