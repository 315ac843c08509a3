// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the parts of a report share: the array's counts, its memory's, their energy.
#pragma once

#include "septet/status.hpp"
#include "septet/types.hpp"

#include <limits>
#include <string>

namespace septet::emulation {

/// Of the memory's and the energy's accounts. The cycle model (cycle_tiles.hpp) has its own reading of the contract.
constexpr bool is_weight_stationary(Dataflow dataflow) {
  return dataflow == Dataflow::dWS || dataflow == Dataflow::sWS;
}

/// ArrayOptions::a_word_bits, or the type's.
constexpr Index word_bits(Type type, Index given) { return given > 0 ? given : 8 * size_of(type); }
/// Error: bad_option, "array_options.a_word_bits".
inline Status check_word_bits(Type a_type, Index given) {
  const Index most = word_bits(a_type, 0);
  if (given >= 0 && given <= most) return {};
  return {Cause::bad_option, "array_options.a_word_bits",
          std::to_string(given) + " is not 0 to the " + std::to_string(most) + " of " + name(a_type)};
}

/// The largest count that a report can state.
inline constexpr Index kMostCounted = std::numeric_limits<Index>::max();

/// Counts of 128 bits into the report's 64; remembers whether all of them fitted.
class Into64 {
 public:
  template <class Wide>
  Index operator()(Wide value) {
    fits_ = fits_ && value <= kMostCounted;
    return static_cast<Index>(value);
  }
  Status status() const {
    return fits_ ? Status() : Status(Cause::bad_shape, "n", "a count of the report is beyond 64 bits");
  }

 private:
  bool fits_ = true;
};

}  // namespace septet::emulation
