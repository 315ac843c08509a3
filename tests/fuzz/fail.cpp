// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "target.hpp"

#include <cstdio>
#include <cstdlib>

namespace septet::fuzz {

void fail(const char* what) {
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

}  // namespace septet::fuzz
