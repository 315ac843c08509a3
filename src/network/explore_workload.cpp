// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "explore_workload.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <tuple>
#include <utility>

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

template <class T>
std::shared_ptr<const void> typed(const std::vector<std::int8_t>& mask, T one) {
  auto values = std::make_shared<std::vector<T>>(mask.size());
  for (std::size_t i = 0; i < mask.size(); ++i) (*values)[i] = mask[i] != 0 ? one : T{};
  return {values, values->data()};
}

}  // namespace

bool has_weights(const Layer& layer) {
  return layer.product.count > 0 && (layer.weights.data != nullptr || layer.parameters > 0);
}

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

Index stride_of(const Mask& mask, const Product& shape) {
  const Index elements = shape.m * shape.k;
  return static_cast<Index>(mask->size()) == elements ? 0 : elements;
}

std::shared_ptr<const void> weights_of(const Mask& mask, Type type) {
  switch (type) {
    case Type::f32:
      return typed<float>(*mask, 1);
    case Type::f64:
      return typed<double>(*mask, 1);
    case Type::bf16:
      return typed<bf16>(*mask, bf16(1.0F));
    case Type::f16:
      return typed<f16>(*mask, f16(1.0F));
    case Type::s16:
      return typed<std::int16_t>(*mask, 1);
    default:  // bytes are what the mask has
      return {mask, mask->data()};
  }
}

WeightModel::WeightModel(Mask given, const Product& shape, bool joins) : mask(std::move(given)) {
  using emulation::cycle_model::CycleCache;
  const Index stride = stride_of(mask, shape), different = stride == 0 ? 1 : shape.count;
  for (Index i = 0; i < different; ++i) {
    const std::int8_t* weights = mask->data() + i * stride;
    groups.push_back(std::make_shared<CycleCache>(row_major(weights, shape.m, shape.k)));
  }
  if (!joins || shape.count < 2) return;
  joined_weights = std::make_unique<JoinedGroups>(shape, row_major(mask->data(), shape.m, shape.k), stride);
  joined = std::make_shared<CycleCache>(*joined_weights->weights());
}

Workload workload_of(const std::vector<Layer>& layers, const std::vector<Mask>& masks, bool joins) {
  Workload workload;
  std::map<std::pair<const void*, Index>, std::shared_ptr<const WeightModel>> models;  // by mask and joined groups
  std::map<std::tuple<Index, Index, Index, Index, const void*, Index>, std::size_t> places;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Product& p = layers[i].product;
    if (p.count == 0) {
      workload.of_layer.push_back(Workload::kNone);
      continue;
    }
    std::shared_ptr<const WeightModel> weights;
    if (masks[i]) {
      const bool joined = joins && layers[i].joinable;
      std::shared_ptr<const WeightModel>& model = models[{masks[i].get(), joined ? p.count : 0}];
      if (!model) model = std::make_shared<const WeightModel>(masks[i], p, joined);
      weights = model;
    }
    const Index bits = layers[i].weight_bits;
    const auto [place, fresh] =
        places.try_emplace({p.m, p.n, p.k, p.count, weights.get(), bits}, workload.products.size());
    if (fresh) workload.products.push_back({p, weights, bits});
    workload.of_layer.push_back(place->second);
  }
  return workload;
}

}  // namespace septet::network
