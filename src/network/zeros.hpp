// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Where weights have zeros: those of their own, or seeded ones.
#pragma once

#include "septet/network/cost.hpp"

#include <array>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace septet::network {

/// A byte per weight of the products of a layer, m x k each, one behind the other: 0 is a zero, 1 is none. Of one
/// product, where all have the same.
using Mask = std::shared_ptr<const std::vector<std::int8_t>>;

/// Where the layer's own weights have zeros.
Mask own_mask(const Layer& layer);
/// Of m x k weights that all products have: round(sparsity * m * k) are zero, those with the least of random numbers
/// that the seed and the shape decide, of equal ones the first. So what is zero stays it as the sparsity grows.
Mask seeded_mask(Index m, Index k, double sparsity, std::uint64_t seed);

/// bad_shape, "layer": more weights than a pattern is kept of, or of a data gradient more elements.
Status check_pattern(const Layer& layer);

/// Of prunable layers, each pattern made once.
class SeededMasks {
 public:
  SeededMasks(double sparsity, std::uint64_t seed) : sparsity_(sparsity), seed_(seed) {}

  /// Throws std::bad_alloc, and Error where check_pattern() has one.
  Mask of(const Layer& layer);

 private:
  Mask of_weights(Index m, Index k);
  Mask of_data_gradient(const Layer& layer);

  double sparsity_;
  std::uint64_t seed_;
  std::map<std::pair<Index, Index>, Mask> of_weights_;       // by shape
  std::map<std::array<Index, 10>, Mask> of_data_gradients_;  // by channels of a group, and window
};

}  // namespace septet::network
