// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/permute.hpp"

#include "src/validate.hpp"

#include <algorithm>
#include <cstring>

namespace septet::network {
namespace {

using TensorPointer = std::shared_ptr<const Tensor>;

// Where place i has its element from: channels, again and again.
class Order {
 public:
  explicit Order(const std::vector<Index>& channels) : channels_(channels) {}
  Index operator()(Index i) const {
    const auto size = static_cast<Index>(channels_.size());
    return i - i % size + channels_[static_cast<std::size_t>(i % size)];
  }

 private:
  const std::vector<Index>& channels_;
};

// Rows and columns of [dim(0)][all the rest]. A vector has rows of one element.
TensorPointer with_rows(const TensorPointer& tensor, const Order& order) {
  Tensor result(tensor->info());
  const Index rows = result.info().dim(0);
  const std::size_t bytes = result.bytes() / static_cast<std::size_t>(rows);
  for (Index i = 0; i < rows; ++i) {
    std::memcpy(result.as<std::byte>() + static_cast<std::size_t>(i) * bytes,
                tensor->as<std::byte>() + static_cast<std::size_t>(order(i)) * bytes, bytes);
  }
  return std::make_shared<const Tensor>(std::move(result));
}
TensorPointer with_columns(const TensorPointer& tensor, const Order& order) {
  Tensor result(tensor->info());
  const Index rows = result.info().dim(0), cols = result.info().elements() / rows;
  const auto bytes = static_cast<std::size_t>(size_of(result.info().type));
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < cols; ++j) {
      std::memcpy(result.as<std::byte>() + static_cast<std::size_t>(i * cols + j) * bytes,
                  tensor->as<std::byte>() + static_cast<std::size_t>(i * cols + order(j)) * bytes, bytes);
    }
  }
  return std::make_shared<const Tensor>(std::move(result));
}
template <class T>
void permute_values(std::vector<T>& values, const Order& order) {
  const std::vector<T> before = values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = before[static_cast<std::size_t>(order(static_cast<Index>(i)))];
  }
}

Linear& linear_of(Operator& op) {
  if (auto* convolution = std::get_if<Convolution>(&op)) return convolution->linear;
  return std::get<FullyConnected>(op).linear;
}

void permute_outputs(Linear& linear, const Order& order) {
  linear.weight = with_rows(linear.weight, order);
  if (linear.bias != nullptr) linear.bias = with_rows(linear.bias, order);
  permute_values(linear.multiplier, order), permute_values(linear.shift, order), permute_values(linear.scale, order);
}
void permute_inputs(Linear& linear, const Order& order) { linear.weight = with_columns(linear.weight, order); }
void permute_carrier(Operator& op, const Order& order) {
  auto* norm = std::get_if<BatchNorm>(&op);
  if (norm == nullptr) return permute_outputs(linear_of(op), order);
  norm->factor = with_rows(norm->factor, order), norm->term = with_rows(norm->term, order);
}

void permute(Network& network, const ChannelSet& set, const Order& order) {
  const auto op = [&](Index step) -> Operator& { return network.steps[static_cast<std::size_t>(step)].op; };
  for (const Index step : set.writers) permute_outputs(linear_of(op(step)), order);
  for (const Index step : set.carriers) permute_carrier(op(step), order);
  for (const Index step : set.readers) permute_inputs(linear_of(op(step)), order);
}

void need_orders(const std::vector<ChannelSet>& channels, const std::vector<std::vector<Index>>& orders) {
  if (orders.size() != channels.size()) {
    throw Error(
        {Cause::bad_option, "orders",
         std::to_string(orders.size()) + " orders of " + std::to_string(channels.size()) + " sets of channels"});
  }
  for (std::size_t s = 0; s < orders.size(); ++s) {
    std::vector<Index> sorted = orders[s];
    std::sort(sorted.begin(), sorted.end());
    if (sorted == given_order(channels[s])) continue;
    throw Error({Cause::bad_option, "orders[" + std::to_string(s) + "]",
                 "is no permutation of " + std::to_string(channels[s].size) + " channels"});
  }
}

}  // namespace

Status try_permuted(const Network& network, const std::vector<std::vector<Index>>& orders, Network& result) {
  return detail::guarded([&] {
    const std::vector<ChannelSet> channels = channels_of(network);
    need_orders(channels, orders);
    Network changed = network;
    for (std::size_t s = 0; s < orders.size(); ++s) {
      if (orders[s] != given_order(channels[s])) permute(changed, channels[s], Order(orders[s]));
    }
    result = std::move(changed);
    return Status();
  });
}

Network permuted(const Network& network, const std::vector<std::vector<Index>>& orders) {
  Network result;
  throw_if_error(try_permuted(network, orders, result));
  return result;
}

}  // namespace septet::network
