// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "images_layer.hpp"

#include "byte_images.hpp"
#include "float_images.hpp"
#include "window_taps.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace septet::network {
namespace {

// Padding is left out: 0 times an infinity would not be 0.
bool is_finite(const Tensor& weight) {
  const float* data = weight.as<float>();
  return std::all_of(data, data + weight.info().elements(), [](float w) { return std::isfinite(w); });
}

// Every class of outputs has weights of its own: windows of 3 x 3 all over small images have those of 5.4.
bool copies_few_weights(const ImplicitGemm::Shape& shape) {
  constexpr Index kMostCopies = 8;
  return WindowTaps(shape.x, shape.window).taps() <= kMostCopies * shape.window.height * shape.window.width;
}

}  // namespace

std::unique_ptr<ImagesLayer> ImagesLayer::make(const ImplicitGemm::Shape& shape, const TensorInfo& y, Zeros zeros) {
  const ImageBlocks blocks(shape.x);
  const bool one_for_each = y.dim(0) == shape.x.dim(0);  // no other dimension was counted among the images
  if (shape.groups > 1 || !one_for_each || !blocks.worthwhile()) return nullptr;
  if (blocks.elements > std::numeric_limits<std::int32_t>::max() || !copies_few_weights(shape)) return nullptr;
  if (shape.x.type == Type::f32) return is_finite(*shape.linear->weight) ? float_images(shape, zeros) : nullptr;
  return byte_images(shape, y, zeros);
}

}  // namespace septet::network
