// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What a fold moves between memory and array, in words and in bytes: what the report adds up, and what a bandwidth
// limit is measured against.
#pragma once

#include "formats/storage.hpp"
#include "problem.hpp"
#include "schedule.hpp"

namespace septet::emulation {

/// docs/dataflows.md, section 7: the keys of a report, one fold at a time.
class Traffic {
 public:
  /// `a`: the dense form of A; `packed`: A in the plan's sparse format, null for the dense dataflows.
  Traffic(const detail::Plan& plan, const ConstMatrix& a, int a_zero_point, const detail::PackedStorage* packed,
          Type b_type, Index a_word_bits, bool preload);

  /// Words read and written, MACs.
  Counts words(const ScheduledFold& scheduled) const;
  /// All of it in bytes, and the fold's share of the format's metadata.
  Index bytes(const ScheduledFold& scheduled) const;
  /// A's share of that: values and metadata.
  Index a_bytes(const detail::Fold& fold) const;

 private:
  Index weights(const detail::Fold& fold) const;
  Index metadata(const detail::Fold& fold) const;

  const detail::Plan& plan_;
  const detail::PackedStorage* packed_;
  Type a_type_, b_type_;
  Index a_bits_;  // of a word outside the array
  bool preload_;
  std::vector<Index> non_zeros_;   // in the live vectors before each position of plan.live->index
  std::vector<Index> csb_stored_;  // csOS: weights of each tile, with zeros that an update of values left
};

}  // namespace septet::emulation
