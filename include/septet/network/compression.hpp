// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Pruned weights, and weights of few bits, for layers of which only the shape is known (docs/language.md).
//
//   septet::network::Compression how;
//   how.sparsity = 0.75, how.bits = 4;
//   septet::network::compress(layer, how);         // cost(layer, …) sees the zeros and the bits
//   layers.push_back(scales_of(layer, 128));       // what a scale for every 128 weights costs the vector unit
#pragma once

#include "septet/network/cost.hpp"

#include <cstdint>

namespace septet::network {

/// Zeros are where a seeded generator says; how many there are depends on the shape alone. Without groups, what is zero
/// stays it as the sparsity grows, and a sweep's sparsities (explore.hpp) have the same zeros as blocks of 1 x 1.
struct Compression {
  double sparsity = 0;        ///< of blocks: round(sparsity * blocks) of a matrix are zeros
  BlockShape block = {1, 1};  ///< 1 x 1: every weight by itself
  GroupShape group = {0, 0};  ///< group.m > 0: n of m neighbours in a row stay instead, the last ones of a row too
  std::uint64_t seed = 1;     ///< equal shapes have equal zeros
  Index bits = 0;             ///< of a weight outside the array (ArrayOptions::a_word_bits); 0: its type's

  bool prunes() const { return sparsity > 0 || group.m > 0; }
  bool given() const { return prunes() || bits > 0; }
};

/// The most weights of a matrix that gets zeros: their pattern is kept in memory, a byte each, and 16 bytes per
/// non-zero while it is counted.
inline constexpr Index kMostPatternWeights = Index{1} << 28;

/// Weights of `layer`, which has a product: `weights`, one matrix for all of its products, `weight_bits` and, where the
/// layer has parameters, `parameter_bytes`, which has those of all weights in their type. Whether a layer is prunable
/// is for the caller to ask. Untouched on error: bad_option "compression.sparsity" (0 to 1), "compression.group",
/// "compression.block", "compression.bits" (0 to the bits of their type); bad_shape "layer" (more than
/// kMostPatternWeights; zeros already there); bad_type "layer" (zeros are for s8).
SEPTET_API Status compress(Layer& layer, const Compression& how);

/// A layer of vector work: every `group` weights of a row of A share an f16 scale, so every sum of the product is made
/// of ceil(k / group) sums of integers, each converted, multiplied and added (3 simple operations). Reads the scales, 2
/// bytes each, and those sums, of 4 bytes; writes the result, in f32. Its parameter bytes are the scales, if `layer`
/// has parameters. cycles: 0.
SEPTET_API Layer scales_of(const Layer& layer, Index group);

}  // namespace septet::network
