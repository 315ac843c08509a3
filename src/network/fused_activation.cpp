// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "fused_activation.hpp"

#include "septet/status.hpp"
#include "share.hpp"

#include <cmath>
#include <limits>

namespace septet::network {

BeforeActivation::BeforeActivation(Activation activation, const Tensor& y, const Tensor& dy) : dy_(dy) {
  if (activation == Activation::none) return;
  if (activation != Activation::relu && activation != Activation::relu6) {
    throw Error({Cause::bad_option, "step",
                 std::string("a fused ") + septet::name(activation) +
                     " has no gradient: give the network a step of its own for it"});
  }
  masked_ = Tensor(dy.info());
  const float infinity = std::numeric_limits<float>::infinity();
  const float top =
      activation == Activation::relu6 ? std::nextafter(6.0f, 0.0f) : infinity;  // the greatest that passes
  share_elements(dy.info().elements(), 1, [&](Index first, Index count) {
    const float *at = y.as<float>() + first, *from = dy.as<float>() + first;
    float* to = masked_.as<float>() + first;
    for (Index i = 0; i < count; ++i) to[i] = at[i] <= 0 || at[i] > top ? 0.0f : from[i];
  });
}

}  // namespace septet::network
