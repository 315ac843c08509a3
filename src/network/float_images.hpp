// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "images_layer.hpp"

namespace septet::network {

/// ImagesLayer of f32; of weights that are finite, one group.
std::unique_ptr<ImagesLayer> float_images(const ImplicitGemm::Shape& shape, Zeros zeros);

}  // namespace septet::network
