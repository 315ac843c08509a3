// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A network's costs as one page that opens anywhere, without a network.
#pragma once

#include "network_sections.hpp"

#include <string>

namespace septet::cli {

/// HTML with its styles, its few lines of script and its charts inside.
std::string html_of(const NetworkReport& report, const NetworkSections& sections);

}  // namespace septet::cli
