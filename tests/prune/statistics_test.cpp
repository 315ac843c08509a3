// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Statistics of inputs against the sums they are.
#include "network/layered_network.hpp"
#include "septet/network/prune.hpp"
#include "septet/network/run.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

namespace septet::network {
namespace {

using namespace septet::support;

double real(const Tensor& x, Index i) {
  const Quantisation& q = x.info().quantisation;
  if (x.info().type == Type::f32) return static_cast<double>(x.as<float>()[i]);
  const int value = x.info().type == Type::u8 ? x.as<std::uint8_t>()[i] : x.as<std::int8_t>()[i];
  return static_cast<double>(q.scale) * (value - q.zero_point);
}

// Of a step: E[x^2] of every `channels`-th element.
std::vector<double> plain_squares(const Tensor& x, Index channels) {
  std::vector<double> means;
  const Index count = x.info().elements();
  for (Index c = 0; c < channels; ++c) {
    double sum = 0;
    for (Index i = c; i < count; i += channels) sum += real(x, i) * real(x, i);
    means.push_back(sum / static_cast<double>(count / channels));
  }
  return means;
}

TEST_CASE("statistics are the means of squares of what steps are given") {
  const std::uint64_t seed = 151;
  Rng rng(seed);
  for (int i = 0; i < problem_count(30); ++i) {
    INFO("seed " << seed << ", network " << i);
    const Network network = LayeredNetwork(rng)();
    std::vector<Tensor> images;
    std::vector<const Tensor*> inputs;
    for (const Index input : network.inputs) {
      images.push_back(random_tensor(rng, network.tensors[static_cast<std::size_t>(input)]));
    }
    for (const Tensor& image : images) inputs.push_back(&image);
    const InputStatistics got = input_statistics(network, inputs);
    REQUIRE(got.size() == network.steps.size());
    std::vector<LayerRun> runs;
    std::size_t step_index = 0;
    run(network, inputs, {}, {}, runs,
        [&](const Step& step, const std::vector<const Tensor*>& x, const Tensor&, const Tensor*) {
          INFO(step.name);
          std::vector<double> want;
          if (std::holds_alternative<Convolution>(step.op)) want = plain_squares(*x[0], x[0]->info().dim(3));
          if (std::holds_alternative<FullyConnected>(step.op)) want = plain_squares(*x[0], product_of(network, step).k);
          CHECK(got[step_index++] == want);
        });
    PruneOptions options;
    options.statistics = got;
    Pruning pruning;
    // Inputs of extreme values may make infinities of sums.
    bool finite = true;
    for (const auto& squares : got) {
      for (const double square : squares) finite &= std::isfinite(square);
    }
    CHECK(try_prune(network, options, pruning).ok() == finite);
  }
}

TEST_CASE("inputs that do not fit are refused, as run() refuses them") {
  Rng rng(152);
  const Network network = LayeredNetwork(rng).chain();
  InputStatistics statistics = {{3}};
  Tensor wrong({"x", Type::f32, {1, 1, 1, 1}, {}});
  const Status status = try_input_statistics(network, {&wrong}, statistics);
  CHECK(status.argument() == "inputs[0]");
  CHECK(statistics == InputStatistics{{3}});
  CHECK(try_input_statistics(network, {}, statistics).cause() == Cause::bad_shape);
  CHECK_THROWS_AS(input_statistics(network, {}), Error);
}

}  // namespace
}  // namespace septet::network
