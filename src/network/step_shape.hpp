// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Sizes of a network's steps (layer_shape.hpp).
#pragma once

#include "septet/network/layer_shape.hpp"

#include <optional>

namespace septet::network {

/// Of a convolution, of a fully connected layer; nothing of others.
std::optional<ConvolutionShape> convolution_shape(const Network& network, const Step& step);

/// Of a step that is no product.
VectorWork vector_work(const Network& network, const Step& step);

}  // namespace septet::network
