// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/operators.hpp"

namespace septet::network {
namespace {

struct Name {
  const char* operator()(const Convolution&) const { return "convolution"; }
  const char* operator()(const FullyConnected&) const { return "fully_connected"; }
  const char* operator()(const MatMul&) const { return "matmul"; }
  const char* operator()(const EmbeddingBag&) const { return "embedding_bag"; }
  const char* operator()(const MaxPool&) const { return "max_pool"; }
  const char* operator()(const AveragePool&) const { return "average_pool"; }
  const char* operator()(const Mean&) const { return "mean"; }
  const char* operator()(const Add&) const { return "add"; }
  const char* operator()(const Activate& op) const { return septet::name(op.activation); }
  const char* operator()(const BatchNorm&) const { return "batch_norm"; }
  const char* operator()(const LayerNorm&) const { return "layer_norm"; }
  const char* operator()(const Softmax&) const { return "softmax"; }
  const char* operator()(const Quantise&) const { return "quantise"; }
  const char* operator()(const Reshape&) const { return "reshape"; }
};

}  // namespace

const char* name(const Operator& op) { return std::visit(Name{}, op); }

}  // namespace septet::network
