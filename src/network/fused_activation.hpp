// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Activations that are fused to an operator: relu and relu6 can be undone by what the operator has made.
#pragma once

#include "septet/network/operators.hpp"

namespace septet::network {

/// The gradient of what `activation` has made y of: dy where 0 < y (and y < 6), else 0. No activation: dy itself.
/// Others: bad_option, as y does not tell their slope. f32.
class BeforeActivation {
 public:
  BeforeActivation(Activation activation, const Tensor& y, const Tensor& dy);
  const Tensor& gradient() const { return masked_.empty() ? dy_ : masked_; }

 private:
  const Tensor& dy_;
  Tensor masked_;
};

}  // namespace septet::network
