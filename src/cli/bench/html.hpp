// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A run as one page that opens anywhere, without a network.
#pragma once

#include "results.hpp"

#include <string>

namespace septet::cli {

/// HTML with its styles, its few lines of script and its charts (SVG) inside. Without scripts all groups are shown, one
/// below the other.
std::string html_of(const Run& run);

}  // namespace septet::cli
