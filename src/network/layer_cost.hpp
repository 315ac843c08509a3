// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// How a layer's cost is made of the reports of its products: of cost(), and of the search over designs.
#pragma once

#include "septet/network/cost.hpp"

#include <optional>
#include <vector>

namespace septet::network {

/// Adds up the products of a layer.
class CostSum {
 public:
  /// `cost` becomes the layer's.
  CostSum(Dataflow dataflow, bool joined, LayerCost& cost);

  /// `times` products with that report. Errors: those of try_energy(), beyond_64_bits().
  Status add(const emulation::Report& report, Index times, const emulation::EnergyTable& table);
  /// After all of them; so many times, one after the other. Error: beyond_64_bits().
  Status finish(const Product& product, const VectorCost& vector, Index repeats);

 private:
  LayerCost& cost_;
  bool empty_ = true;
};

/// sum += times * value; false, and `sum` means nothing, if that does not fit 64 bits.
inline bool add_times(Index& sum, Index times, Index value) {
  Index product = 0;
  return !__builtin_mul_overflow(times, value, &product) && !__builtin_add_overflow(sum, product, &sum);
}
/// bad_shape: counts that do not fit.
Status beyond_64_bits();

/// Vector work becomes that of so many times. Error: beyond_64_bits().
Status repeat(VectorCost& cost, Index repeats);

/// What of options counts for products whose weights have that zero point.
GemmOptions product_options(const GemmOptions& gemm, int zero_point);

/// Are the groups of a convolution as good as one product with zeros between them? They change no sum, but where folds
/// end: narrow sums of folds would be others.
bool joins_keep_bits(const GemmOptions& gemm);

/// The groups of a layer as one product: blocks on the diagonal, as CSR. Which of their elements are zeros is the
/// model's to see.
class JoinedGroups {
 public:
  /// `first`: of the groups, m x k each, the next one's `stride` elements further.
  JoinedGroups(const Product& product, const ConstMatrix& first, Index stride);
  JoinedGroups(const JoinedGroups&) = delete;
  JoinedGroups& operator=(const JoinedGroups&) = delete;

  /// Nothing for types whose groups are not joined.
  const std::optional<Weights>& weights() const { return weights_; }

 private:
  std::vector<Index> row_ptr_ = {0}, columns_;
  std::vector<std::byte> values_;
  std::optional<Weights> weights_;
};

/// The dataflows that do not exclude the options, in their order.
std::vector<Dataflow> possible_dataflows(const GemmOptions& gemm);
/// May an automatic dataflow be this one?
bool may_choose(Dataflow dataflow, WeightForm weights);

}  // namespace septet::network
