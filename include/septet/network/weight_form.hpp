// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Weights of products, dense or sparse: one word for both sides.
#pragma once

#include "septet/export.h"

#include <cstdint>

namespace septet::network {

/// How weights of products are kept on this CPU, and which dataflows an array may take for them.
enum class WeightForm : std::uint8_t {
  automatic,  ///< CPU: layer by layer whichever of the two took less time here, when the session was made; array: any
              ///< dataflow
  dense,      ///< array: dOS, dWS, dIS
  sparse      ///< CPU: zeros (zero points) are neither stored nor multiplied, in the format that is expected to be
              ///< quickest; array: sOS, sWS, sIS, csOS
};
SEPTET_API const char* name(WeightForm form);

}  // namespace septet::network
