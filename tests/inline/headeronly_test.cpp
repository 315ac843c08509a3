// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One program of two files that include the same header, built for different instruction sets: both run their own
// code, and the bits are the same.
#include <doctest/doctest.h>

#include <cstring>

#include "headeronly.hpp"

TEST_CASE("two files, two instruction sets, one result") {
  const HeaderOnlyResult base = headeronly_base(), aux = headeronly_aux();
  CHECK(std::strcmp(base.arch, aux.arch) != 0);
  CHECK(base.width < aux.width);
  CHECK(base.fused == aux.fused);
  CHECK(base.unfused == aux.unfused);
  CHECK(base.fused != base.unfused);
  CHECK(base.exact == aux.exact);
  CHECK(base.narrow == aux.narrow);
}
