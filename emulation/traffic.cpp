// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "traffic.hpp"

#include "reporting.hpp"
#include "src/arithmetic.hpp"
#include "src/element.hpp"

#include <algorithm>

namespace septet::emulation {
namespace {

using detail::bytes_for_bits;
using detail::Fold;
using detail::LiveLists;
using detail::PackedStorage;
using detail::Plan;

// How many non-zeros the live vectors before each position have: columns of m-tiles, or rows of k-tiles.
std::vector<Index> count_non_zeros(const Plan& plan, const ConstMatrix& a, int zero_point) {
  const LiveLists& live = *plan.live;
  const bool by_rows = plan.is_is();
  std::vector<Index> before(live.index.size() + 1);
  detail::with_type(a.type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    const T* data = static_cast<const T*>(a.data);
    const Index stride = by_rows ? a.row_stride : a.col_stride, along = by_rows ? a.col_stride : a.row_stride;
    const auto step_begin = [&](Index s) { return live.step_ptr.empty() ? s : live.step_ptr[s]; };
    for (Index t = 0; t < live.tiles(); ++t) {
      const Index first = t * live.tile, last = std::min(first + live.tile, by_rows ? plan.k : plan.m);
      for (Index p = step_begin(live.tile_ptr[t]); p < step_begin(live.tile_ptr[t + 1]); ++p) {
        const T* vector = data + live.index[p] * stride;
        Index count = 0;
        for (Index i = first; i < last; ++i) count += !detail::is_zero(vector[i * along], zero_point);
        before[p + 1] = before[p] + count;
      }
    }
  });
  return before;
}

}  // namespace

Traffic::Traffic(const Plan& plan, const ConstMatrix& a, int a_zero_point, const PackedStorage* packed, Type b_type,
                 Index a_word_bits, bool preload)
    : plan_(plan),
      packed_(packed),
      a_type_(a.type),
      b_type_(b_type),
      a_bits_(word_bits(a.type, a_word_bits)),
      preload_(preload) {
  if (packed == nullptr) return;
  non_zeros_ = count_non_zeros(plan, a, a_zero_point);
  if (plan.dataflow != Dataflow::csOS) return;
  std::vector<detail::Element> weights;
  for (Index t = 0; t < plan.live->tiles(); ++t) {
    detail::csb_weights(*packed, t, weights);
    csb_stored_.push_back(static_cast<Index>(weights.size()));
  }
}

Counts Traffic::words(const ScheduledFold& scheduled) const {
  const Fold& fold = scheduled.fold;
  const bool combined = plan_.dataflow == Dataflow::csOS;
  Counts counts;
  counts.reads_a = weights(fold);
  if (is_output_stationary(plan_.dataflow)) {
    Index columns = fold.steps;
    if (combined) {
      const LiveLists& live = *plan_.live;
      columns = live.step_ptr[live.tile_ptr[fold.tile + 1]] - live.step_ptr[live.tile_ptr[fold.tile]];
    }
    counts.macs_issued = (combined ? counts.reads_a : fold.m_count * fold.steps) * fold.n_count;
    counts.zeros_injected = combined ? 0 : fold.m_count * fold.steps - counts.reads_a;
    counts.reads_b = columns * fold.n_count;
    counts.writes_c = fold.m_count * fold.n_count;
    counts.reads_c = preload_ ? counts.writes_c : 0;
    return counts;
  }
  const Index columns = plan_.is_ws() ? fold.m_count : fold.n_count;
  counts.macs_issued = fold.k_count * columns * fold.steps;
  counts.zeros_injected = fold.k_count * (plan_.is_ws() ? columns : fold.steps) - counts.reads_a;
  counts.reads_b = fold.k_count * (plan_.is_ws() ? fold.steps : columns);
  counts.writes_c = columns * fold.steps;
  Index entering = scheduled.enters ? fold.steps : 0;
  if (!scheduled.step_enters.empty()) {
    entering = std::count(scheduled.step_enters.begin(), scheduled.step_enters.end(), 1);
  }
  counts.reads_c = columns * entering;
  return counts;
}

Index Traffic::bytes(const ScheduledFold& scheduled) const {
  const Counts counts = words(scheduled);
  return a_bytes(scheduled.fold) + counts.reads_b * size_of(b_type_) +
         (counts.reads_c + counts.writes_c) * size_of(accumulator_of(a_type_));
}

// Words of A that are fetched: all of a dense piece, the non-zeros of a sparse one.
Index Traffic::weights(const Fold& fold) const {
  if (packed_ == nullptr) return (plan_.is_is() ? fold.steps : fold.m_count) * fold.k_count;
  const LiveLists& live = *plan_.live;
  Index begin = live.tile_ptr[fold.tile], end = live.tile_ptr[fold.tile + 1];
  if (plan_.dataflow == Dataflow::csOS) begin = live.step_ptr[begin], end = live.step_ptr[end];
  if (plan_.is_ws()) begin += fold.k0, end = begin + fold.k_count;
  return non_zeros_[end] - non_zeros_[begin];
}

Index Traffic::a_bytes(const Fold& fold) const {
  const Index moved = csb_stored_.empty() ? weights(fold) : csb_stored_[fold.tile];  // CSB moves what it stores
  return bytes_for_bits(moved * a_bits_) + metadata(fold);
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
  return end - packed_->tile_offset[fold.tile] - csb_stored_[fold.tile] * size_of(packed_->type);
}

}  // namespace septet::emulation
