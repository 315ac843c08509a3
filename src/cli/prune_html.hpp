// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A pruned network, curves and results of retraining as one page that opens anywhere, without a network.
#pragma once

#include "prune_report.hpp"

#include <string>

namespace septet::cli {

std::string prune_page(const PruneSections& sections);

}  // namespace septet::cli
