// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What an operator asks of its operands.
#pragma once

#include "septet/network/network.hpp"

namespace septet::network {

/// Do the shapes and types of a step's tensors, its weights and its numbers fit together? The tensors exist, and are
/// sound in themselves. Throws Error with the given argument.
void validate_step(const Network& network, const Step& step, const std::string& argument);

/// "s8 [1, 32, 32, 3]"
std::string describe(const TensorInfo& info);

/// Dimensions of 1 or more whose product fits into 63 bits in bytes, and a zero point of the type; the Error names
/// `what`.
void validate_tensor(const TensorInfo& info, const std::string& argument, const std::string& what);

}  // namespace septet::network
