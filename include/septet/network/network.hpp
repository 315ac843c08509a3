// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A network: tensors, and steps that make one from others, in order.
#pragma once

#include "septet/network/operators.hpp"
#include "septet/status.hpp"

namespace septet::network {

struct Step {
  std::string name;  ///< unique
  Operator op;
  std::vector<Index> inputs;  ///< tensors; which is which is the operator's
  Index output = -1;          ///< a tensor that no step before has made
};

struct Network {
  std::string name;
  std::vector<TensorInfo> tensors;
  std::vector<Step> steps;
  std::vector<Index> inputs, outputs;  ///< tensors
};

/// Are all tensors made before they are used, and do types and shapes fit the operators? bad_shape, bad_type,
/// bad_option; the argument is the step's name ("steps[3] (conv1)").
SEPTET_API Status validate(const Network& network);

/// The product that a step is: count times M x K times K x N. count 0: it is none.
struct Product {
  Index m = 0, n = 0, k = 0, count = 0;

  Index macs() const { return m * n * k * count; }
};
SEPTET_API Product product_of(const Network& network, const Step& step);

}  // namespace septet::network
