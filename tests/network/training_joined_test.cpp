// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A data gradient's groups as one product: blocks on the diagonal, on the emulated array.
#include "septet/emulation/emulate.hpp"
#include "src/network/sub_pixel.hpp"
#include "support/generators.hpp"
#include "training_step.hpp"

#include <algorithm>

namespace septet::network {
namespace {

using namespace septet::support;

constexpr Dataflow kSparse[] = {Dataflow::sOS, Dataflow::sWS, Dataflow::sIS, Dataflow::csOS};

// Of s8, some of them 0.
Tensor random_weight(Rng& rng, const ConvolutionShape& s) {
  Tensor weight({"w", Type::s8, {s.outputs, s.window.height, s.window.width, s.inputs / s.groups}, {}});
  for (Index i = 0; i < weight.info().elements(); ++i) {
    weight.as<std::int8_t>()[i] = static_cast<std::int8_t>(rng.chance(0.3) ? 0 : rng.between(1, 9));
  }
  return weight;
}

// As layers_of() has it: a product per group.
Layer layer_of(const ConvolutionShape& s, const Tensor& weight) {
  Layer layer = layer_of(s);
  layer.joinable = true;
  const Product& p = layer.product;
  layer.weights = row_major(weight.as<std::int8_t>(), p.m, p.k), layer.weights_stride = p.m * p.k;
  return layer;
}

Layer data_gradient_of(const Layer& layer) {
  for (const TrainingLayer& part : step_of({layer})) {
    if (part.pass == Pass::data_gradient && part.layer.product.count > 0) return part.layer;
  }
  FAIL("no data gradient");
  return {};
}

// `groups` blocks of m x k, on the diagonal.
std::vector<std::int8_t> on_diagonal(const std::int8_t* blocks, Index groups, Index m, Index k) {
  std::vector<std::int8_t> a(static_cast<std::size_t>(groups * m * groups * k));
  for (Index row = 0; row < groups * m; ++row) {
    for (Index j = 0; j < k; ++j) a[static_cast<std::size_t>((row * groups + row / m) * k + j)] = blocks[row * k + j];
  }
  return a;
}

Index emulated_cycles(const std::int8_t* a, Index m, Index n, Index k, const GemmOptions& options) {
  const std::vector<std::int8_t> b(static_cast<std::size_t>(k * n), 1);
  std::vector<std::int32_t> c(static_cast<std::size_t>(m * n));
  return emulation::emulate(row_major(a, m, k), row_major(b.data(), k, n), row_major(c.data(), m, n), options).cycles;
}

// Against the emulated array, joined and not; how often it is joined.
int check_joined(Rng& rng, const ConvolutionShape& s, CostOptions options) {
  const Tensor weight = random_weight(rng, s);
  const Layer gradient = data_gradient_of(layer_of(s, weight));
  const Product& p = gradient.product;
  const Tensor arranged = sub_pixel_weights(sub_pixel(s.window, s.in_height, s.in_width), weight, s.groups);
  const auto* blocks = arranged.as<std::int8_t>();
  REQUIRE(arranged.info().elements() == p.count * p.m * p.k);
  const std::vector<std::int8_t> all = on_diagonal(blocks, p.count, p.m, p.k);
  int joined = 0;
  for (const Dataflow dataflow : kSparse) {
    CAPTURE(std::string(name(dataflow)));
    options.gemm.dataflow = dataflow;
    Index apart = 0;
    for (Index i = 0; i < p.count; ++i) apart += emulated_cycles(blocks + i * p.m * p.k, p.m, p.n, p.k, options.gemm);
    const Index together = emulated_cycles(all.data(), p.count * p.m, p.n, p.count * p.k, options.gemm);
    LayerCost counted;
    REQUIRE(cost(gradient, options, counted).ok());
    CHECK(counted.cycles == std::min(apart, together));
    CHECK(counted.joined == (together < apart));
    joined += counted.joined ? 1 : 0;
  }
  return joined;
}

}  // namespace

TEST_CASE("training cost: the groups of a data gradient are joined where that is quicker") {
  int joined = 0, windows_of_one = 0;
  for (std::uint64_t seed = 500; seed < 540; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    ConvolutionShape s;
    Window& w = s.window;
    s.in_height = rng.between(4, 6), s.in_width = rng.between(4, 6), s.groups = rng.between(2, 6);
    s.inputs = s.groups * rng.between(1, 3), s.outputs = s.groups * rng.between(1, 3);
    w.height = w.width = rng.between(1, 3), w.stride_h = w.stride_w = rng.between(1, 2);
    w.pad_top = w.pad_left = w.pad_bottom = w.pad_right = w.height / 2;
    CostOptions options;
    options.gemm.array = {rng.between(2, 8), rng.between(2, 8)};
    const int found = check_joined(rng, s, options);
    joined += found, windows_of_one += w.height == 1 && w.stride_h == 1 ? found : 0;
  }
  CHECK(joined > 0);
  CHECK(windows_of_one > 0);  // the weights themselves, turned
}

TEST_CASE("training cost: a depthwise data gradient is one product of all channels") {
  Rng rng(550);
  ConvolutionShape s{1, 16, 16, 64, 64, 64, {}, false, Activation::none};
  s.window.height = s.window.width = 3, s.window.stride_h = s.window.stride_w = 2;
  s.window.pad_top = s.window.pad_left = s.window.pad_bottom = s.window.pad_right = 1;
  CostOptions options;
  options.gemm.array = {16, 16};
  CHECK(check_joined(rng, s, options) > 0);
}

TEST_CASE("training cost: of weights that are not known no groups are joined") {
  Rng rng(560);
  ConvolutionShape s{1, 8, 8, 16, 16, 16, {}, false, Activation::none};
  s.window.height = s.window.width = 3, s.window.stride_h = s.window.stride_w = 2;
  Layer layer = layer_of(s, random_weight(rng, s));
  layer.weights = {}, layer.weights_stride = 0;
  CHECK_FALSE(data_gradient_of(layer).joinable);
}

}  // namespace septet::network
