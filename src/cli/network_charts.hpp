// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Charts of a network's costs as SVG for a page of HTML: cycles of the layers, the array's roofline (Williams,
// Waterman, Patterson, Communications of the ACM 52(4), 2009), sparse dataflows against dense ones.
#pragma once

#include "sparse_report.hpp"

#include <string>

namespace septet::cli {

/// <figure>s with a caption and a legend; the last two are empty where nothing is a product.
std::string cycles_figure(const NetworkReport& report);
std::string roofline_figure(const NetworkReport& report);
std::string sparse_figure(const NetworkReport& report);
/// The same of times on this CPU.
std::string sparse_times_figure(const NetworkReport& report, const SparseTimes& times);

}  // namespace septet::cli
