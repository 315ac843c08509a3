// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "zeros.hpp"

#include "septet/network/compression.hpp"
#include "training_cost_parts.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

namespace septet::network {
namespace {

// Floats by their bits without the sign, as the cycle model has it.
template <class Bits>
bool is_zero(const std::byte* element, Bits zero, bool is_float) {
  Bits bits = 0;
  std::memcpy(&bits, element, sizeof(bits));
  return is_float ? static_cast<Bits>(bits << 1) == 0 : bits == zero;
}

bool is_zero(const std::byte* element, Type type, int zero_point) {
  switch (size_of(type)) {
    case 1:
      return is_zero<std::uint8_t>(element, static_cast<std::uint8_t>(zero_point), false);
    case 2:
      return is_zero<std::uint16_t>(element, 0, !is_integer(type));
    case 4:
      return is_zero<std::uint32_t>(element, 0, !is_integer(type));
    default:
      return is_zero<std::uint64_t>(element, 0, !is_integer(type));
  }
}

// SplitMix64 (Steele, Lea, Flood, Fast splittable pseudorandom number generators, OOPSLA 2014, figure 16).
std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// The i-th of a sequence.
std::uint64_t number(std::uint64_t start, std::size_t i) { return mixed(start + (i + 1) * 0x9e3779b97f4a7c15); }

}  // namespace

Mask own_mask(const Layer& layer) {
  const ConstMatrix& w = layer.weights;
  const Index size = size_of(w.type);
  const auto* data = static_cast<const std::byte*>(w.data);
  auto mask = std::make_shared<std::vector<std::int8_t>>();
  const Index different = layer.weights_stride == 0 ? 1 : layer.product.count;
  mask->reserve(static_cast<std::size_t>(layer.product.m * layer.product.k * different));
  for (Index group = 0; group < different; ++group) {
    for (Index i = 0; i < layer.product.m; ++i) {
      for (Index j = 0; j < layer.product.k; ++j) {
        const Index place = group * layer.weights_stride + i * w.row_stride + j * w.col_stride;
        mask->push_back(is_zero(data + place * size, w.type, layer.zero_point) ? 0 : 1);
      }
    }
  }
  return mask;
}

Mask seeded_mask(Index m, Index k, double sparsity, std::uint64_t seed) {
  std::uint64_t start = mixed(seed);
  for (const Index extent : {m, k}) start = mixed(start ^ static_cast<std::uint64_t>(extent));
  const auto elements = static_cast<std::size_t>(m * k);
  const auto zeros = static_cast<std::size_t>(std::llround(sparsity * static_cast<double>(elements)));
  // Numbers below the bin of the largest that becomes zero are zeros, those above are not; within it they are sorted.
  std::vector<std::size_t> bins(1 << 16);
  for (std::size_t i = 0; i < elements; ++i) ++bins[number(start, i) >> 48];
  std::size_t bin = 0, below = 0;
  while (bin < bins.size() && below + bins[bin] <= zeros) below += bins[bin++];
  auto mask = std::make_shared<std::vector<std::int8_t>>(elements);
  std::vector<std::pair<std::uint64_t, std::size_t>> between;
  for (std::size_t i = 0; i < elements; ++i) {
    const std::uint64_t drawn = number(start, i);
    (*mask)[i] = drawn >> 48 >= bin;
    if (drawn >> 48 == bin) between.emplace_back(drawn, i);
  }
  std::sort(between.begin(), between.end());
  for (std::size_t i = 0; i < zeros - below; ++i) (*mask)[between[i].second] = 0;
  return mask;
}

Status check_pattern(const Layer& layer) {
  const Product& p = layer.product;
  const bool gradient = layer.data_gradient_of && !is_pointwise(layer.data_gradient_of->window);
  const Index most = gradient ? kMostGradientElements : kMostPatternWeights;
  if (p.m <= most / std::max<Index>(p.k, 1)) return {};
  return {Cause::bad_shape, "layer",
          layer.name + " has " + std::to_string(p.m) + " x " + std::to_string(p.k) +
              " weights: a pattern of zeros is made for up to " + std::to_string(most)};
}

Mask SeededMasks::of(const Layer& layer) {
  throw_if_error(check_pattern(layer));
  return layer.data_gradient_of ? of_data_gradient(layer) : of_weights(layer.product.m, layer.product.k);
}

Mask SeededMasks::of_weights(Index m, Index k) {
  Mask& mask = of_weights_[{m, k}];
  if (!mask) mask = seeded_mask(m, k, sparsity_, seed_);
  return mask;
}

// That of the forward weights, as the data gradient's A has them.
Mask SeededMasks::of_data_gradient(const Layer& layer) {
  const ConvolutionShape& shape = *layer.data_gradient_of;
  const Window& w = shape.window;
  const Index inputs = shape.inputs / shape.groups, outputs = shape.outputs / shape.groups;
  Mask& mask = of_data_gradients_[{inputs, outputs, w.height, w.width, w.stride_h, w.stride_w, w.dilation_h,
                                   w.dilation_w, w.pad_top, w.pad_left}];
  if (mask) return mask;
  Layer forward;
  forward.name = layer.name, forward.convolution = shape;
  const Product p = {outputs, 1, inputs * w.height * w.width, layer.product.count};
  const Mask weights = of_weights(p.m, p.k);
  forward.product = p, forward.weights = {weights->data(), Type::s8, p.m, p.k, p.k, 1};
  return mask = own_mask(data_gradient(forward).layer);
}

}  // namespace septet::network
