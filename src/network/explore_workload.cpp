// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "explore_workload.hpp"

#include <map>
#include <tuple>
#include <utility>

namespace septet::network {
namespace {

template <class T>
std::shared_ptr<const void> typed(const std::vector<std::int8_t>& mask, T one) {
  auto values = std::make_shared<std::vector<T>>(mask.size());
  for (std::size_t i = 0; i < mask.size(); ++i) (*values)[i] = mask[i] != 0 ? one : T{};
  return {values, values->data()};
}

}  // namespace

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
