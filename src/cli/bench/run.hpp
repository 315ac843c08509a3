// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Measures all points. At each of them all candidates take turns, round by round, with the ceilings among them; before
// that, each is packed, called once and checked.
#pragma once

#include "results.hpp"

namespace septet::cli {

/// `settings`: complete. Throws Error, before anything is measured where that can be known.
Run measure_all(const BenchSettings& settings);

}  // namespace septet::cli
