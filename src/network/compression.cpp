// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/compression.hpp"

#include "src/arithmetic.hpp"
#include "zeros.hpp"

#include <algorithm>
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

// Blocks as they are in the grid of all of them; of 1 x 1 they are the weights.
Mask pruned_blocks(const Product& p, const Compression& how) {
  const auto [rows, cols] = how.block;
  const Index across = detail::ceil_div(p.k, cols);
  const Mask grid = seeded_mask(detail::ceil_div(p.m, rows), across, how.sparsity, how.seed);
  if (rows == 1 && cols == 1) return grid;
  auto weights = std::make_shared<Weights8>(static_cast<std::size_t>(p.m * p.k));
  for (Index i = 0; i < p.m; ++i) {
    for (Index j = 0; j < p.k; j += cols) {
      const auto block = static_cast<std::size_t>(i / rows * across + j / cols);
      std::fill_n(weights->begin() + i * p.k + j, std::min(cols, p.k - j), (*grid)[block]);
    }
  }
  return weights;
}

Mask pruned_groups(const Product& p, const Compression& how) {
  std::mt19937_64 random(how.seed);
  auto weights = std::make_shared<Weights8>(static_cast<std::size_t>(p.m * p.k), std::int8_t{1});
  for (Index i = 0; i < p.m; ++i) {
    for (Index j = 0; j < p.k;) {
      const Index size = std::min<Index>(how.group.m, p.k - j);
      Selection kept(random, size, std::min<Index>(how.group.n, size));
      for (const Index end = j + size; j < end; ++j) {
        if (!kept.next()) (*weights)[static_cast<std::size_t>(i * p.k + j)] = 0;
      }
    }
  }
  return weights;
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
  return check_pattern(layer);
}

}  // namespace

Status compress(Layer& layer, const Compression& how) {
  if (Status status = check(layer, how); !status.ok()) return status;
  const Product& p = layer.product;
  if (how.prunes()) {
    const Mask weights = how.group.m > 0 ? pruned_groups(p, how) : pruned_blocks(p, how);
    layer.weights = ConstMatrix(weights->data(), Type::s8, p.m, p.k, p.k, 1);
    layer.weights_owner = weights, layer.weights_stride = 0;
  }
  if (how.bits > 0) {
    layer.weight_bits = how.bits;
    if (layer.parameters == 0) return {};  // they are those of a layer before
    const Index count = p.m * p.k * p.count, bits = 8 * size_of(layer.a_type);
    // In an order in which nothing overflows that did not before.
    layer.parameter_bytes -= count * (bits / 8) - (count / 8 * how.bits + detail::ceil_div(count % 8 * how.bits, 8));
  }
  return {};
}

Layer scales_of(const Layer& layer, Index group) {
  const Product& p = layer.product;
  const Index groups = detail::ceil_div(p.k, group) * p.count;
  Layer scales;
  scales.name = layer.name + "_scales", scales.op = "scale";
  scales.vector.simple_operations = 3 * p.m * p.n * groups;
  const Index bytes = p.m * groups * size_of(Type::f16);
  if (layer.parameters > 0) scales.parameter_bytes = bytes;
  scales.vector.reads_bytes = bytes + p.m * p.n * groups * size_of(Type::s32);
  scales.vector.writes_bytes = p.m * p.n * p.count * size_of(Type::f32);
  return scales;
}

}  // namespace septet::network
