// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// How many bytes a fold moves between memory and array: what a bandwidth limit is measured against.
#pragma once

#include "formats/storage.hpp"
#include "schedule.hpp"

namespace septet::emulation {

/// docs/dataflows.md, section 7: the fold's reads and writes, and its share of the format's metadata.
class Traffic {
 public:
  /// `packed`: A in the plan's sparse format; null for the dense dataflows. `a_non_zero(m, k)` is asked where only
  /// non-zeros are fetched.
  Traffic(const detail::Plan& plan, const detail::PackedStorage* packed, Type a_type, Type b_type, bool preload,
          std::function<bool(Index, Index)> a_non_zero)
      : plan_(plan),
        packed_(packed),
        a_type_(a_type),
        b_type_(b_type),
        preload_(preload),
        a_non_zero_(std::move(a_non_zero)) {}

  Index bytes(const ScheduledFold& scheduled) const;
  /// A's share of that: values and metadata.
  Index a_bytes(const detail::Fold& fold) const { return weights(fold) * size_of(a_type_) + metadata(fold); }

 private:
  Index weights(const detail::Fold& fold) const;
  Index metadata(const detail::Fold& fold) const;
  Index csb_weights(Index tile) const;

  const detail::Plan& plan_;
  const detail::PackedStorage* packed_;
  Type a_type_, b_type_;
  bool preload_;
  std::function<bool(Index, Index)> a_non_zero_;
};

}  // namespace septet::emulation
