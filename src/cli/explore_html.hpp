// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// An exploration as one page that opens anywhere, without a network.
#pragma once

#include "explore_summary.hpp"

#include <string>

namespace septet::cli {

/// HTML with its styles, its few lines of script and its charts inside.
std::string explore_page(const Exploration& exploration, const Summary& summary);

}  // namespace septet::cli
