// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/tensor.hpp"

#include <doctest/doctest.h>

namespace septet::network {

TEST_CASE("Tensor: elements, dimensions from either end, zeros") {
  const Tensor tensor({"x", Type::s32, {2, 3, 4}, {}});
  CHECK(tensor.info().elements() == 24);
  CHECK(tensor.bytes() == 96);
  CHECK(tensor.info().dim(0) == 2);
  CHECK(tensor.info().dim(-1) == 4);
  for (Index i = 0; i < 24; ++i) CHECK(tensor.as<std::int32_t>()[i] == 0);
  CHECK(TensorInfo{}.elements() == 1);
  CHECK(Tensor().empty());
}

}  // namespace septet::network
