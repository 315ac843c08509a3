// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "septet/network/network.hpp"

namespace septet::network {

/// One value per tensor of the network, null but for its inputs. Throws Error ("inputs", "inputs[0]": bad_shape,
/// bad_type).
std::vector<const Tensor*> input_values(const Network& network, const std::vector<const Tensor*>& inputs);

}  // namespace septet::network
