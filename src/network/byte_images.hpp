// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "images_layer.hpp"

namespace septet::network {

/// ImagesLayer of bytes, one group. Null: the target in use does not multiply them in fours, or the weights are
/// unsigned or have a zero point.
std::unique_ptr<ImagesLayer> byte_images(const ImplicitGemm::Shape& shape, const TensorInfo& y, Zeros zeros);

}  // namespace septet::network
