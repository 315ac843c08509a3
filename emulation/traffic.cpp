// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "traffic.hpp"

#include "src/arithmetic.hpp"

#include <algorithm>

namespace septet::emulation {

using detail::bytes_for_bits;
using detail::Fold;

Index Traffic::bytes(const ScheduledFold& scheduled) const {
  const Fold& fold = scheduled.fold;
  Index b = 0, sums_in = 0, sums_out = 0;
  if (is_output_stationary(plan_.dataflow)) {
    Index columns = fold.steps;
    if (plan_.dataflow == Dataflow::csOS) {
      const detail::LiveLists& live = *plan_.live;
      columns = live.step_ptr[live.tile_ptr[fold.tile + 1]] - live.step_ptr[live.tile_ptr[fold.tile]];
    }
    b = columns * fold.n_count;
    sums_out = fold.m_count * fold.n_count;
    sums_in = preload_ ? sums_out : 0;
  } else {
    const Index columns = plan_.is_ws() ? fold.m_count : fold.n_count;
    b = fold.k_count * (plan_.is_ws() ? fold.steps : fold.n_count);
    sums_out = columns * fold.steps;
    Index entering = scheduled.enters ? fold.steps : 0;
    if (!scheduled.step_enters.empty()) {
      entering = std::count(scheduled.step_enters.begin(), scheduled.step_enters.end(), 1);
    }
    sums_in = columns * entering;
  }
  return a_bytes(fold) + b * size_of(b_type_) + (sums_in + sums_out) * size_of(accumulator_of(a_type_));
}

// Words of A that are fetched: all of a dense piece, the non-zeros of a sparse one.
Index Traffic::weights(const Fold& fold) const {
  if (packed_ == nullptr) return (plan_.is_is() ? fold.steps : fold.m_count) * fold.k_count;
  if (plan_.dataflow == Dataflow::csOS) return csb_weights(fold.tile);
  Index count = 0;
  const auto add = [&](Index m, Index k) { count += a_non_zero_(m, k); };
  if (plan_.is_is()) {
    for (Index t = 0; t < fold.steps; ++t) {
      for (Index h = 0; h < fold.k_count; ++h) add(plan_.rows(fold.tile)[t], fold.k0 + h);
    }
  } else {
    for (Index p = 0; p < fold.k_count; ++p) {
      for (Index i = 0; i < fold.m_count; ++i) add(fold.m0 + i, plan_.columns(fold.tile)[fold.k0 + p]);
    }
  }
  return count;
}

Index Traffic::metadata(const Fold& fold) const {
  if (packed_ == nullptr) return 0;
  const Index tile_size = packed_->tile_size(fold.tile);
  switch (plan_.dataflow) {
    case Dataflow::sOS:
      return bytes_for_bits(plan_.k + tile_size * fold.steps);
    case Dataflow::sWS:
      return bytes_for_bits((fold.first ? plan_.k : 0) + tile_size * fold.k_count);
    case Dataflow::sIS:
      return bytes_for_bits(plan_.m + tile_size * fold.steps);
    default:
      break;
  }
  const bool last = fold.tile + 1 == packed_->tile_count();
  const Index end = last ? static_cast<Index>(packed_->bytes.size()) : packed_->tile_offset[fold.tile + 1];
  return end - packed_->tile_offset[fold.tile] - csb_weights(fold.tile) * size_of(packed_->type);
}

Index Traffic::csb_weights(Index tile) const {
  std::vector<detail::Element> weights;
  detail::csb_weights(*packed_, tile, weights);
  return static_cast<Index>(weights.size());
}

}  // namespace septet::emulation
