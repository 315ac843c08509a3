// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The heart of septet verify, with the kernel as an argument, so that a test can bring one that errs.
#pragma once

#include "options.hpp"

#include <functional>
#include <vector>

namespace septet::cli {

using Kernel = std::function<Status(const Weights&, const ConstMatrix&, const Matrix&, const GemmOptions&)>;

/// Multiplies under every one of `dataflows` by `kernel` and on the emulated array, compares the bits, publishes the
/// results. Throws CheckFailed at the first difference, after publishing what there is; Error for anything else.
void verify(const Flags& flags, const std::vector<Dataflow>& dataflows, const Kernel& kernel);

}  // namespace septet::cli
