// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What a weight counts for: w^2 E[x^2] of the input x that it meets (LeCun, Denker, Solla, NIPS 1989, with the
// Hessian of a layer's own squared error, which is diagonal where inputs are uncorrelated).
#pragma once

#include "septet/network/prune.hpp"

#include <vector>

namespace septet::network::pruning {

/// Of the products of a step, `groups` matrices of m x k, one behind the other, as its weights are.
struct Scores {
  Index m = 0, k = 0, groups = 0;
  std::vector<double> values;  ///< above 0, but for weights that are zero

  double at(Index group, Index row, Index column) const { return values[index(group, row, column)]; }
  std::size_t index(Index group, Index row, Index column) const {
    return static_cast<std::size_t>((group * m + row) * k + column);
  }
};

/// Of a step with weights; null otherwise.
const Linear* linear_of(const Operator& op);
Linear* linear_of(Operator& op);

/// `squares`: of the step (InputStatistics); empty: all 1. Weights in real numbers, up to a factor that all weights of
/// the step share.
Scores scores_of(const Network& network, const Step& step, const std::vector<double>& squares);

/// How many squares a step with weights has: channels of its input, columns of fully connected weights.
Index squares_of(const Network& network, const Step& step);

/// bad_structure: the first weight of the step that is not finite.
Status check_finite(const Step& step);

}  // namespace septet::network::pruning
