// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Channels in another order: the same integers, the same exact floats, and floats within a bound; which channels have
// one order, by hand.
#include "septet/network/permute.hpp"

#include "channel_network.hpp"
#include "layered_network.hpp"
#include "permuted_outputs.hpp"
#include "random_network.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

namespace septet::network {
namespace {

using namespace septet::support;
using Steps = std::vector<Index>;

void check_set(const ChannelSet& set, Index size, const Steps& writers, const Steps& carriers, const Steps& readers) {
  CHECK(set.size == size);
  CHECK(set.writers == writers);
  CHECK(set.carriers == carriers);
  CHECK(set.readers == readers);
}

bool same_bytes(const std::shared_ptr<const Tensor>& a, const std::shared_ptr<const Tensor>& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->bytes() == b->bytes() && std::memcmp(a->data(), b->data(), a->bytes()) == 0;
}
bool same_parameters(const Operator& a, const Operator& b) {
  if (const auto* norm = std::get_if<BatchNorm>(&a)) {
    return same_bytes(norm->factor, std::get<BatchNorm>(b).factor) &&
           same_bytes(norm->term, std::get<BatchNorm>(b).term);
  }
  const Linear *left = linear_of(a), *right = linear_of(b);
  if (left == nullptr) return true;
  return same_bytes(left->weight, right->weight) && same_bytes(left->bias, right->bias) &&
         left->multiplier == right->multiplier && left->shift == right->shift && left->scale == right->scale;
}
bool same_parameters(const Network& a, const Network& b) {
  for (std::size_t i = 0; i < a.steps.size(); ++i) {
    if (!same_parameters(a.steps[i].op, b.steps[i].op)) return false;
  }
  return true;
}

// There and back. Returns whether anything moved.
bool check_permuted(Rng& rng, const Network& network) {
  REQUIRE(validate(network).to_string() == "ok");
  const Orders orders = random_orders(rng, network);
  const Network other = permuted(network, orders);
  CHECK(validate(other).to_string() == "ok");
  check_same_outputs(network, other, random_inputs(rng, network));
  CHECK(same_parameters(permuted(other, inverse(orders)), network));
  return !same_parameters(network, other);
}

void check_refused(const Network& network, const Orders& orders, const char* argument) {
  Network result;
  const Status status = try_permuted(network, orders, result);
  CHECK(status.cause() == Cause::bad_option);
  CHECK(status.argument() == argument);
  CHECK(result.steps.empty());
}

}  // namespace

TEST_CASE("channels: a chain, through depthwise convolution, normalisation, pool and flattening") {
  Rng rng(1);
  NetworkBuilder b(rng, Type::f32);
  Index x = b.input({1, 8, 8, 3});
  x = b.convolution(x, 6, 3);         // step 0
  x = b.convolution(x, 6, 3, 1, 6);   // 1, depthwise
  x = b.batch_norm(x);                // 2, and 3: activation
  x = b.average_pool(x);              // 4
  x = b.flatten(x);                   // 5
  x = b.fully_connected(x, 7);        // 6
  x = b.fully_connected(x, 4, true);  // 7
  const Network network = b.finish({x});
  const std::vector<ChannelSet> sets = channels_of(network);
  REQUIRE(sets.size() == 2);
  check_set(sets[0], 6, {0}, {1, 2}, {6});
  check_set(sets[1], 7, {6}, {}, {7});
  // A column of the flattened image: pixel * 6 + channel.
  const Network other = permuted(network, {{5, 0, 1, 2, 3, 4}, given_order(sets[1])});
  const Tensor &before = *linear_of(network.steps[6].op)->weight, &after = *linear_of(other.steps[6].op)->weight;
  for (Index row = 0; row < 7; ++row) {
    for (Index pixel = 0; pixel < 16; ++pixel) {
      const Index at = row * 96 + pixel * 6;
      CHECK(after.as<float>()[at] == before.as<float>()[at + 5]);
      CHECK(after.as<float>()[at + 1] == before.as<float>()[at]);
    }
  }
  CHECK((linear_of(other.steps[7].op)->weight == linear_of(network.steps[7].op)->weight));  // shared
}

TEST_CASE("channels: all writers of a residual stream have one order") {
  Rng rng(2);
  NetworkBuilder b(rng, Type::s8);
  const Index x = b.convolution(b.input({1, 4, 4, 3}), 5);       // step 0
  const Index first = b.add(x, b.convolution(x, 5, 3));          // 1, 2
  const Index second = b.add(b.convolution(first, 5), first);    // 3, 4
  const Index end = b.fully_connected(b.mean(second), 2, true);  // 5, 6
  const std::vector<ChannelSet> sets = channels_of(b.finish({end}));
  REQUIRE(sets.size() == 1);
  check_set(sets[0], 5, {0, 1, 3}, {}, {1, 3, 6});
}

TEST_CASE("channels: what fixes them") {
  Rng rng(3);
  NetworkBuilder b(rng, Type::f32);
  const Index x = b.input({1, 4, 4, 4});
  const auto end = [&](Index y) { return b.fully_connected(b.flatten(y), 2, true); };
  std::vector<Index> outputs;
  const auto branch = [&](Index y) { outputs.push_back(end(y)); };
  branch(b.convolution(b.convolution(x, 4), 6, 1, 1, 2));  // written and read by groups
  branch(b.convolution(b.convolution(x, 4), 8, 1, 1, 4));  // two outputs per input
  branch(b.add(b.convolution(x, 4), x));                   // the input's channels
  branch(b.add(x, b.convolution(x, 4)));
  const Index softened = b.convolution(x, 4);
  branch(b.softmax(softened));
  branch(b.add(b.convolution(x, 4), softened));
  const Index wide = b.convolution(b.reshape(x, {1, 4, 2, 8}), 8);
  branch(b.add(wide, b.reshape(b.convolution(x, 4), {1, 4, 2, 8})));                       // of 8 and of 4 channels
  outputs.push_back(b.fully_connected(b.reshape(b.convolution(x, 6), {32, 3}), 3, true));  // rows of 3 of 6
  const Index output = b.convolution(x, 4);
  outputs.push_back(output);
  branch(b.activate(output));
  // What does not.
  const Index twice = b.fully_connected(b.reshape(b.convolution(x, 4), {8, 8}), 3, true);  // rows of 2 times 4
  const Index beside = end(b.convolution(output, 3));
  outputs.insert(outputs.end(), {twice, beside});
  const Network network = b.finish(outputs);
  const std::vector<ChannelSet> sets = channels_of(network);
  REQUIRE(sets.size() == 2);
  CHECK(sets[0].size == 4);
  CHECK(network.steps[static_cast<std::size_t>(sets[0].readers.at(0))].output == twice);
  CHECK(sets[1].size == 3);
  CHECK(network.steps[static_cast<std::size_t>(sets[1].readers.at(0))].output == beside);
  check_permuted(rng, network);
}

TEST_CASE("permuted: outputs of random networks keep their bits") {
  const std::uint64_t seed = 1011;
  MESSAGE("seed " << seed);
  Rng rng(seed);
  int moved = 0;
  const int problems = problem_count(60);
  for (int i = 0; i < problems; ++i) {
    INFO("problem " << i);
    for (const Type type : {Type::f32, Type::s8, Type::u8}) moved += check_permuted(rng, channel_network(rng, type));
    moved += check_permuted(rng, random_network(rng));
    const Network layered = LayeredNetwork(rng)();
    if (layered.tensors[0].type != Type::f32) moved += check_permuted(rng, layered);
  }
  CHECK(moved > 2 * problems);
}

TEST_CASE("permuted: f32 within the bound of a chain in another order") {
  const std::uint64_t seed = 1012;
  MESSAGE("seed " << seed);
  Rng rng(seed);
  for (int i = 0; i < 20; ++i) {
    INFO("problem " << i);
    NetworkBuilder b(rng, Type::f32);
    Index x = b.convolution(b.input({1, 6, 6, rng.between(1, 5)}), rng.between(2, 40), 3);
    x = b.fully_connected(b.convolution(x, rng.between(2, 40), 3), 5, true);
    const Network network = with_real_weights(rng, b.finish({x}));
    check_layers(network, random_orders(rng, network), random_inputs(rng, network));
  }
}

TEST_CASE("permuted: orders that are none") {
  Rng rng(4);
  NetworkBuilder b(rng, Type::s8);
  const Index x = b.fully_connected(b.convolution(b.input({1, 2, 2, 3}), 3), 2, true);
  const Network network = b.finish({x});
  check_refused(network, {}, "orders");
  check_refused(network, {{0, 1, 2}, {0}}, "orders");
  for (const std::vector<Index>& order : Orders{{}, {0, 1}, {0, 1, 1}, {0, 1, 3}, {-1, 0, 1}, {0, 1, 2, 3}}) {
    check_refused(network, {order}, "orders[0]");
  }
  CHECK_THROWS_AS(permuted(network, {}), Error);
}

}  // namespace septet::network
