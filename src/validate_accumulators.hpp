// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "septet/gemm.hpp"

namespace septet::detail {

/// What a sum of products of this type may be kept in, and flushing (docs/dataflows.md, section 9).
Status validate_accumulators(Type type, const GemmOptions& options);

}  // namespace septet::detail
