// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Charts of a group of points as SVG for a page of HTML: speed-up and bytes per non-zero against sparsity, and the
// roofline (Williams, Waterman, Patterson, Communications of the ACM 52(4), 2009).
#pragma once

#include "results.hpp"

#include <string>

namespace septet::cli {

/// <figure>s with a caption and a legend.
std::string speedup_figure(const Run& run, const Group& group);
std::string size_figure(const Run& run, const Group& group);
std::string roofline_figure(const Run& run, const Group& group);

}  // namespace septet::cli
