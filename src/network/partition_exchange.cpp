// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/partition.hpp"

#include <algorithm>
#include <set>

namespace septet::network {
namespace {

constexpr Index kNobody = -1;

Index bytes_of(const TensorInfo& info) { return info.elements() * size_of(info.type); }

// Steps that make the tensors; kNobody: inputs.
std::vector<Index> makers_of(const Network& network) {
  std::vector<Index> makers(network.tensors.size(), kNobody);
  for (std::size_t s = 0; s < network.steps.size(); ++s) {
    makers[static_cast<std::size_t>(network.steps[s].output)] = static_cast<Index>(s);
  }
  return makers;
}

void exchange_whole_layers(const Network& network, const std::vector<Index>& makers, Partition& partition) {
  std::vector<std::size_t> array_of(network.steps.size());
  for (std::size_t array = 0; array < partition.arrays.size(); ++array) {
    for (const Share& share : partition.arrays[array].shares) array_of[share.layer] = array;
  }
  std::set<std::pair<Index, std::size_t>> sent;  // tensor, array
  for (std::size_t s = 0; s < network.steps.size(); ++s) {
    for (const Index tensor : network.steps[s].inputs) {
      const Index maker = makers[static_cast<std::size_t>(tensor)];
      if (maker == kNobody || array_of[static_cast<std::size_t>(maker)] == array_of[s]) continue;
      if (!sent.insert({tensor, array_of[s]}).second) continue;
      partition.arrays[array_of[s]].receives_bytes += bytes_of(network.tensors[static_cast<std::size_t>(tensor)]);
    }
  }
}

struct Channels {
  Index first = 0, last = 0;
};

Channels share_of(Index channels, Index array, Index arrays) {
  return {channels * array / arrays, channels * (array + 1) / arrays};
}

// Channels of its input that an array's share of a step reads, where they may be others' at all.
Channels read_by(const Step& step, Index channels, Index array, Index arrays) {
  if (const auto* convolution = std::get_if<Convolution>(&step.op)) {
    const Index outputs = convolution->linear.outputs(), groups = convolution->groups;
    const Channels rows = share_of(outputs, array, arrays);
    if (rows.first == rows.last) return {};
    const Index per_group = outputs / groups, inputs = channels / groups;
    return {rows.first / per_group * inputs, ((rows.last - 1) / per_group + 1) * inputs};
  }
  const bool everything = std::holds_alternative<FullyConnected>(step.op) || std::holds_alternative<MatMul>(step.op) ||
                          std::holds_alternative<Softmax>(step.op) || std::holds_alternative<LayerNorm>(step.op);
  return everything ? Channels{0, channels} : Channels{};
}

void exchange_shares(const Network& network, const std::vector<Index>& makers, Partition& partition) {
  const auto arrays = static_cast<Index>(partition.arrays.size());
  for (const Step& step : network.steps) {
    for (const Index tensor : step.inputs) {
      const TensorInfo& info = network.tensors[static_cast<std::size_t>(tensor)];
      const Index channels = info.shape.empty() ? 1 : info.dim(-1);
      if (makers[static_cast<std::size_t>(tensor)] == kNobody || channels == 0) continue;
      for (Index array = 0; array < arrays; ++array) {
        const Channels reads = read_by(step, channels, array, arrays), has = share_of(channels, array, arrays);
        const Index common = std::max<Index>(0, std::min(reads.last, has.last) - std::max(reads.first, has.first));
        partition.arrays[static_cast<std::size_t>(array)].receives_bytes +=
            bytes_of(info) / channels * (reads.last - reads.first - common);
      }
    }
  }
}

}  // namespace

Index exchange_bytes(const Network& network, const PartitionOptions& how, Partition& partition) {
  for (ArrayLoad& load : partition.arrays) load.receives_bytes = 0;
  const std::vector<Index> makers = makers_of(network);
  if (how.split == Split::filter) {
    exchange_shares(network, makers, partition);
  } else {
    exchange_whole_layers(network, makers, partition);
  }
  Index total = 0;
  for (const ArrayLoad& load : partition.arrays) total += load.receives_bytes;
  return total;
}

}  // namespace septet::network
