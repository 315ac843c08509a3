// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The same folds, compiled into two files with different instruction sets. Each gives its bits as one number.
#pragma once

#include <cstdint>

struct HeaderOnlyResult {
  const char* arch;
  int width;  ///< of a float lane
  std::uint64_t fused, unfused, exact, narrow;
};

HeaderOnlyResult headeronly_base();
HeaderOnlyResult headeronly_aux();
