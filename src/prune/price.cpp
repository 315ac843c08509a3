// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "price.hpp"

#include "src/arithmetic.hpp"
#include "src/network/layer_cost.hpp"

#include <algorithm>

namespace septet::network::pruning {

Status Price::cycles(const Layer& layer, const CostOptions& options, Dataflow dataflow, Price& price) {
  GemmOptions gemm = product_options(options.gemm, 0);
  gemm.dataflow = dataflow;
  const bool overlapped = options.array.timing == Timing::overlapped;
  emulation::ArrayOptions alone;
  alone.timing = overlapped ? Timing::serial : options.array.timing;
  emulation::Report one;  // fold of one step
  if (Status status = emulation::try_cycles(1, 1, 1, layer.a_type, layer.b_type, gemm, alone, one); !status.ok()) {
    return status;
  }
  price = {};
  price.weights_ = false, price.weight_stationary_ = dataflow == Dataflow::sWS;
  price.n_ = layer.product.n, price.n_tiles_ = detail::ceil_div(layer.product.n, gemm.array.width);
  price.height_ = gemm.array.height;
  const Index around = one.cycles - 1;
  price.fold_ = overlapped ? 0 : around, price.fixed_ = overlapped ? layer.product.count * around : 0;
  price.least_steps_ = overlapped ? gemm.array.height : 0;
  return {};
}

Index Price::operator()(Index vectors, Index weights) const {
  if (weights_) return weights;
  if (vectors == 0) return 0;
  if (weight_stationary_) return detail::ceil_div(vectors, height_) * (fold_ + std::max(n_, least_steps_));
  return n_tiles_ * (fold_ + std::max(vectors, least_steps_));
}

}  // namespace septet::network::pruning
