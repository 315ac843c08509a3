// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Trains a small network to tell where stripes lie, and then does one more step on an emulated array that skips zeros.
//
//   c++ -std=c++17 train.cpp -lseptet -o train && ./train
#include "septet/emulation/emulate.hpp"
#include "septet/network/run.hpp"
#include "septet/network/training.hpp"

#include <cstdio>

using namespace septet::network;
using septet::Index;
using septet::Type;

namespace {

constexpr Index kBatch = 32, kMicroBatch = 8, kSize = 9, kClasses = 2;

// Small numbers, the same everywhere.
class Random {
 public:
  double operator()() {  // [-1, 1)
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state_ >> 11) * 0x1p-52 - 1;
  }

 private:
  std::uint64_t state_ = 1;
};

std::shared_ptr<const Tensor> random_weights(Random& random, std::vector<Index> shape, double size) {
  Tensor tensor({"weights", Type::f32, std::move(shape), {}});
  for (Index i = 0; i < tensor.info().elements(); ++i) tensor.as<float>()[i] = static_cast<float>(size * random());
  return std::make_shared<const Tensor>(std::move(tensor));
}

std::shared_ptr<const Tensor> constant(Index size, float value) {
  Tensor tensor({"parameter", Type::f32, {size}, {}});
  for (Index i = 0; i < size; ++i) tensor.as<float>()[i] = value;
  return std::make_shared<const Tensor>(std::move(tensor));
}

// Convolution (3 x 3, every second place), batch norm, relu, mean, fully connected.
Network make_network(Index batch) {
  Random random;
  Network network;
  const Index out = (kSize - 1) / 2 + 1, channels = 8;
  const auto tensor = [&](const char* name, std::vector<Index> shape) {
    network.tensors.push_back({name, Type::f32, std::move(shape), {}});
  };
  tensor("images", {batch, kSize, kSize, 1});
  for (const char* name : {"sums", "normal", "active"}) tensor(name, {batch, out, out, channels});
  tensor("means", {batch, channels});
  tensor("logits", {batch, kClasses});
  Convolution convolution;
  convolution.linear.weight = random_weights(random, {channels, 3, 3, 1}, 0.3);
  Window& w = convolution.window;
  w.height = w.width = 3, w.stride_h = w.stride_w = 2, w.pad_top = w.pad_bottom = w.pad_left = w.pad_right = 1;
  FullyConnected classify;
  classify.linear.weight = random_weights(random, {kClasses, channels}, 0.3);
  classify.linear.bias = constant(kClasses, 0);
  network.steps = {{"convolution", convolution, {0}, 1},
                   {"batch norm", BatchNorm{constant(channels, 1), constant(channels, 0)}, {1}, 2},
                   {"relu", Activate{septet::Activation::relu}, {2}, 3},
                   {"mean", Mean{}, {3}, 4},
                   {"classify", classify, {4}, 5}};
  network.inputs = {0}, network.outputs = {5};
  return network;
}

// Stripes across (label 0) or down (label 1), with noise.
void draw(Random& random, Tensor& images, Tensor& labels) {
  for (Index b = 0; b < labels.info().elements(); ++b) {
    const bool down = random() > 0, shifted = random() > 0;
    labels.as<std::int32_t>()[b] = down ? 1 : 0;
    for (Index i = 0; i < kSize * kSize; ++i) {
      const Index along = down ? i % kSize : i / kSize;
      const double stripe = along % 2 == (shifted ? 1 : 0) ? 1 : 0;
      images.as<float>()[b * kSize * kSize + i] = static_cast<float>(stripe + 0.5 * random());
    }
  }
}

Index count_right(const Tensor& logits, const Tensor& labels) {
  Index right = 0;
  for (Index b = 0; b < labels.info().elements(); ++b) {
    const float* row = logits.as<float>() + b * kClasses;
    right += (row[1] > row[0] ? 1 : 0) == labels.as<std::int32_t>()[b] ? 1 : 0;
  }
  return right;
}

}  // namespace

int main() {
  Random random;
  Tensor images({"images", Type::f32, {kMicroBatch, kSize, kSize, 1}, {}});
  Tensor labels({"labels", Type::s32, {kMicroBatch}, {}});
  TrainingOptions options;
  options.sgd = {0.1f, 0.9f, 1e-4f, false};
  Index cycles = 0;
  bool on_array = false;
  options.execution.gemm = [&](const GemmCall& call) {
    if (!on_array) return septet::gemm(call.a, call.b, call.c, call.options);
    septet::GemmOptions sparse = call.options;
    sparse.dataflow = septet::Dataflow::csOS, sparse.array = {8, 8};
    cycles += septet::emulation::emulate(call.a, call.b, call.c, sparse).cycles;
  };
  Training training(make_network(kMicroBatch), options);
  for (int step = 0; step <= 30; ++step) {
    on_array = step == 30;
    double loss = 0;
    for (Index micro = 0; micro < kBatch / kMicroBatch; ++micro) {
      draw(random, images, labels);
      loss += training.accumulate({&images}, labels, kBatch);
    }
    training.update();
    if (step % 10 == 0) std::printf("step %2d  loss %.4f\n", step, loss);
  }
  std::printf("the last step: %lld cycles on 8 x 8 processing elements, csOS\n", static_cast<long long>(cycles));

  draw(random, images, labels);
  std::vector<LayerRun> layers;
  const Tensor logits = run(training.trained(), {&images}, {}, {}, layers).at(0);
  const Index right = count_right(logits, labels);
  std::printf("%lld of %lld new images are told right\n", static_cast<long long>(right),
              static_cast<long long>(kMicroBatch));
  return right == kMicroBatch && cycles > 0 ? 0 : 1;
}
