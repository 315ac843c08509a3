// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Which channels have one order. In a tensor of a set of `size` channels, element e is of channel e % size, whatever
// the tensor's shape: reshaping moves no element, so a flattened image needs no rule of its own.
#include "depthwise.hpp"
#include "septet/network/permute.hpp"

#include <numeric>

namespace septet::network {
namespace {

// Sets of channels, by tensor: made, united, fixed.
class TensorSets {
 public:
  explicit TensorSets(std::size_t tensors) : of_tensor_(tensors) {}

  void make(Index tensor, Index size) {
    set_of(tensor) = sets_.size();
    sets_.push_back({sets_.size(), size, false});
  }
  /// `tensor`, not in any set before, goes on in the other's.
  void join(Index tensor, Index other) { set_of(tensor) = set_of(other); }
  void unite(Index a, Index b) {
    Set &kept = root(a), &gone = root(b);
    kept.is_fixed = kept.is_fixed || gone.is_fixed || kept.size != gone.size;
    gone.parent = kept.parent;
  }
  void fix(Index tensor) { root(tensor).is_fixed = true; }
  /// Whoever takes rows of `width` elements knows each one's channel; else the order is fixed.
  void take_rows(Index tensor, Index width) {
    if (width % root(tensor).size != 0) fix(tensor);
  }

  std::size_t id(Index tensor) const { return root_of(of_tensor_[static_cast<std::size_t>(tensor)]); }
  bool is_free(Index tensor) const { return !sets_[id(tensor)].is_fixed; }
  Index size(Index tensor) const { return sets_[id(tensor)].size; }

 private:
  struct Set {
    std::size_t parent;  // itself: a root, and what follows is true
    Index size;
    bool is_fixed;
  };
  std::size_t& set_of(Index tensor) { return of_tensor_[static_cast<std::size_t>(tensor)]; }
  std::size_t root_of(std::size_t set) const {
    while (sets_[set].parent != set) set = sets_[set].parent;
    return set;
  }
  Set& root(Index tensor) { return sets_[id(tensor)]; }

  std::vector<std::size_t> of_tensor_;
  std::vector<Set> sets_;
};

// Walks through the steps; every kind of operator says what it does to the sets.
class ChannelRules {
 public:
  explicit ChannelRules(const Network& network) : network_(network), sets_(network.tensors.size()) {
    for (const Index input : network.inputs) make_fixed(input);
    for (std::size_t i = 0; i < network.steps.size(); ++i) {
      step_ = &network.steps[i], index_ = static_cast<Index>(i);
      std::visit(*this, step_->op);
    }
    for (const Index output : network.outputs) sets_.fix(output);
  }

  void operator()(const Convolution& op) {
    const Index channels = info(x()).dim(3), outputs = op.linear.outputs();
    if (op.groups == 1) return multiply(channels, outputs);
    if (is_depthwise(op, info(x())) && outputs == channels) return carry(channels);
    fix_all();
  }
  void operator()(const FullyConnected& op) {
    const Index outputs = op.linear.outputs();
    multiply(op.linear.weight->info().elements() / outputs, outputs);
  }
  void operator()(const BatchNorm& /*op*/) { carry(info(x()).dim(-1)); }
  void operator()(const MaxPool& /*op*/) { go_on(info(x()).dim(3)); }
  void operator()(const AveragePool& /*op*/) { go_on(info(x()).dim(3)); }
  void operator()(const Mean& /*op*/) { go_on(info(x()).dim(3)); }
  void operator()(const Activate& /*op*/) { sets_.join(y(), x()); }
  void operator()(const Quantise& /*op*/) { sets_.join(y(), x()); }
  void operator()(const Reshape& /*op*/) { sets_.join(y(), x()); }
  void operator()(const Add& /*op*/) { sets_.unite(x(), step_->inputs[1]), sets_.join(y(), x()); }
  void operator()(const MatMul& /*op*/) { fix_all(); }
  void operator()(const EmbeddingBag& /*op*/) { fix_all(); }
  void operator()(const LayerNorm& /*op*/) { fix_all(); }
  void operator()(const Softmax& /*op*/) { fix_all(); }

  std::vector<ChannelSet> free_sets() const {
    std::vector<ChannelSet> result;
    std::vector<std::size_t> place(network_.tensors.size(), kNone);  // of a set in the result; sets are no more
    for (const Part& part : parts_) {
      if (!sets_.is_free(part.tensor)) continue;
      std::size_t& at = place[sets_.id(part.tensor)];
      if (at == kNone) at = result.size(), result.push_back({sets_.size(part.tensor), {}, {}, {}});
      (result[at].*part.list).push_back(part.step);
    }
    return result;
  }

 private:
  static constexpr auto kNone = static_cast<std::size_t>(-1);
  // What a step is to the set of a tensor.
  struct Part {
    std::vector<Index> ChannelSet::*list;
    Index step, tensor;
  };

  const TensorInfo& info(Index tensor) const { return network_.tensors[static_cast<std::size_t>(tensor)]; }
  Index x() const { return step_->inputs[0]; }
  Index y() const { return step_->output; }

  void make_fixed(Index tensor) { sets_.make(tensor, 1), sets_.fix(tensor); }
  void multiply(Index row, Index outputs) {
    sets_.take_rows(x(), row), sets_.make(y(), outputs);
    parts_.push_back({&ChannelSet::readers, index_, x()});
    parts_.push_back({&ChannelSet::writers, index_, y()});
  }
  // Each of the last dimension's channels by itself.
  void go_on(Index channels) { sets_.take_rows(x(), channels), sets_.join(y(), x()); }
  void carry(Index channels) {
    go_on(channels);
    parts_.push_back({&ChannelSet::carriers, index_, y()});
  }
  void fix_all() {
    for (const Index input : step_->inputs) sets_.fix(input);
    make_fixed(y());
  }

  const Network& network_;
  TensorSets sets_;
  std::vector<Part> parts_;
  const Step* step_ = nullptr;
  Index index_ = 0;
};

}  // namespace

std::vector<ChannelSet> channels_of(const Network& network) { return ChannelRules(network).free_sets(); }

std::vector<Index> given_order(const ChannelSet& channels) {
  std::vector<Index> order(static_cast<std::size_t>(channels.size));
  std::iota(order.begin(), order.end(), Index{0});
  return order;
}

}  // namespace septet::network
