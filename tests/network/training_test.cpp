// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Networks that learn. Their gradients are difference quotients, exactly: where all numbers are small multiples of
// powers of two nothing is rounded, and the loss is a polynomial in every parameter, whose derivative five points tell.
#include "septet/network/training.hpp"

#include "septet/emulation/emulate.hpp"
#include "septet/network/run.hpp"
#include "sharing.hpp"
#include "support/comparison.hpp"
#include "training_network.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

namespace septet::network {
namespace {

using namespace septet::support;

// Two layers with the same weights; a tensor added to itself.
Network network_with_shared_weights(std::uint64_t seed) {
  Rng rng(seed);
  Builder b(rng, Values::whole, 2);
  const Linear one = b.linear({4, 1, 1, 3}), both = b.linear({4, 1, 1, 4});
  Index x = b.step(Convolution{one, {}, 1}, {0}, {2, 5, 6, 4});
  x = b.step(Convolution{both, {}, 1}, {x}, {2, 5, 6, 4});
  x = b.step(Convolution{both, {}, 1}, {x}, {2, 5, 6, 4});
  b.step(Add{}, {x, x}, {2, 5, 6, 4});
  return b.made;
}

// Rows of a table, and of those x: q, k and v are products with weights, y = (q k' / 2) v.
Network network_with_attention(std::uint64_t seed, Index bags) {
  constexpr Index kWidth = 4;
  Rng rng(seed);
  Builder b(rng, Values::whole, 1);
  b.made.tensors = {{"indices", Type::s32, {2 * bags}, {}}, {"offsets", Type::s32, {bags + 1}, {}}};
  b.made.inputs = {0, 1};
  const std::vector<Index> shape{bags, kWidth};
  const Index x = b.step(EmbeddingBag{b.shared({5, kWidth})}, {0, 1}, shape);
  const auto product = [&] { return b.step(FullyConnected{b.linear({kWidth, kWidth})}, {x}, shape); };
  const Index q = product(), k = product(), v = product();
  const Index share = b.step(MatMul{true, 0.5f}, {q, k}, {bags, bags});
  b.step(MatMul{}, {share, v}, shape);
  return b.made;
}

// sum of slope * output, which is the slopes' own gradient; whole numbers.
double weighted_sum(const Tensor& y, Tensor* slopes) {
  double sum = 0;
  for (Index i = 0; i < y.info().elements(); ++i) {
    const auto slope = static_cast<float>(i % 3 - 1);
    sum += double{slope} * y.as<float>()[i];
    if (slopes != nullptr) slopes->as<float>()[i] = slope;
  }
  return sum;
}
double loss_of(const std::vector<const Tensor*>& outputs, std::vector<Tensor>& slopes) {
  return weighted_sum(*outputs[0], slopes.data());
}

using Inputs = std::vector<const Tensor*>;

double forward(const Network& network, const Inputs& x) {
  std::vector<LayerRun> layers;
  return weighted_sum(network::run(network, x, {}, {}, layers)[0], nullptr);
}

// The derivative of a polynomial of degree 4 or less, by the five-point formula; f is left at `x`.
template <class F>
double derivative(float& x, const F& f) {
  constexpr float kStep = 0x1p-4f;
  const float start = x;
  const auto at = [&](float offset) {
    x = start + offset;
    return f();
  };
  const double near = at(kStep) - at(-kStep), far = at(2 * kStep) - at(-2 * kStep);
  x = start;
  return (8 * near - far) / (12 * double{kStep});
}

// By every element of every parameter.
void check_differences(const Network& network, const Inputs& x) {
  Training training(network);
  CHECK(training.accumulate(x, loss_of) == forward(network, x));
  for (std::size_t s = 0; s < network.steps.size(); ++s) {
    const auto parameters = parameters_of(network.steps[s].op);
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      auto* elements = const_cast<Tensor*>(parameters[p].get())->as<float>();  // this test's own
      for (Index i = 0; i < parameters[p]->info().elements(); ++i) {
        INFO("step " << s << ", parameter " << p << ", element " << i);
        const double want = derivative(elements[i], [&] { return forward(network, x); });
        CHECK(double{training.gradient(s, p).as<float>()[i]} == want);
      }
    }
  }
}

std::vector<const Tensor*> all_gradients(const Training& training) {
  std::vector<const Tensor*> all;
  for (std::size_t s = 0; s < training.network().steps.size(); ++s) {
    for (std::size_t p = 0; p < parameters_of(training.network().steps[s].op).size(); ++p) {
      all.push_back(&training.gradient(s, p));
    }
  }
  return all;
}

std::vector<std::shared_ptr<const Tensor>> all_parameters(const Network& network) {
  std::vector<std::shared_ptr<const Tensor>> all;
  for (const Step& step : network.steps) {
    for (auto& parameter : parameters_of(step.op)) all.push_back(std::move(parameter));
  }
  return all;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.bytes() == b.bytes() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

// automatic: on the CPU; else on an emulated array.
Execution by(Dataflow dataflow) {
  Execution execution;
  if (dataflow == Dataflow::automatic) return execution;
  execution.gather_bytes = 0;
  execution.gemm = [dataflow](const GemmCall& call) {
    GemmOptions options = call.options;
    options.dataflow = dataflow, options.array = {4, 3};
    emulation::emulate(call.a, call.b, call.c, options);
  };
  return execution;
}

Tensor labels_of(Index batch) {
  Tensor labels({"labels", Type::s32, {batch}, {}});
  for (Index i = 0; i < batch; ++i) labels.as<std::int32_t>()[i] = static_cast<std::int32_t>((2 * i + 1) % kClasses);
  return labels;
}

Network network_with_batch_norm(std::uint64_t seed, Index batch) {
  Rng rng(seed);
  Builder b(rng, Values::any, batch);
  const Index sums = b.step(Convolution{b.linear({4, 1, 1, 3}), {}, 1}, {0}, {batch, 5, 6, 4});
  const Index normal = b.step(BatchNorm{b.shared({4}), b.shared({4})}, {sums}, {batch, 5, 6, 4});
  const Index active = b.step(Activate{Activation::relu}, {normal}, {batch, 5, 6, 4});
  b.step(FullyConnected{b.linear({kClasses, 120})}, {active}, {batch, kClasses});
  return b.made;
}

template <class F>
std::string refusal_of(const F& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string refusal(const Network& network, const TrainingOptions& options = {}) {
  return refusal_of([&] { const Training training(network, options); });
}

}  // namespace

TEST_CASE("gradients of a network are its difference quotients") {
  const Network network = residual_network(1, Values::whole, 2);
  const Tensor x = input_of(network, 2, Values::whole);
  check_differences(network, {&x});
}

TEST_CASE("weights that steps share have the sum of their gradients, as has what is read twice") {
  const Network network = network_with_shared_weights(3);
  const Tensor x = input_of(network, 4, Values::whole);
  check_differences(network, {&x});
  const Training training(network);
  CHECK(&training.gradient(1, 0) == &training.gradient(2, 0));
}

TEST_CASE("looked up, multiplied with each other: difference quotients, too") {
  constexpr Index kBags = 3;
  const Network network = network_with_attention(16, kBags);
  Tensor indices(network.tensors[0]), offsets(network.tensors[1]);
  for (Index i = 0; i < indices.info().elements(); ++i)
    indices.as<std::int32_t>()[i] = static_cast<std::int32_t>(i * i % 5);
  for (Index b = 0; b <= kBags; ++b) offsets.as<std::int32_t>()[b] = static_cast<std::int32_t>(2 * b);
  check_differences(network, {&indices, &offsets});
}

TEST_CASE("an update goes down the gradient, on the training's own parameters") {
  const Network network = residual_network(5, Values::whole, 2);
  const Tensor x = input_of(network, 6, Values::whole);
  TrainingOptions options;
  options.sgd.learning_rate = 0.125f;
  Training training(network, options);
  training.accumulate({&x}, loss_of);
  const Tensor gradient = training.gradient(0, 0), before = *parameters_of(network.steps[0].op)[0];
  training.update();
  const Tensor& after = *parameters_of(training.network().steps[0].op)[0];
  const Tensor zero(gradient.info());
  for (Index i = 0; i < before.info().elements(); ++i) {
    CHECK(after.as<float>()[i] == before.as<float>()[i] - 0.125f * gradient.as<float>()[i]);
  }
  CHECK(same_bits(training.gradient(0, 0), zero));
  CHECK(same_bits(before, *parameters_of(network.steps[0].op)[0]));
}

TEST_CASE("micro-batches have the bits of the whole batch, whoever multiplies") {
  constexpr Index kBatch = 4;
  const Network whole_network = residual_network(7, Values::any, kBatch);
  const Tensor x = input_of(whole_network, 8, Values::any), labels = labels_of(kBatch);
  TrainingOptions options;
  Training whole(whole_network, options);
  whole.accumulate({&x}, labels, kBatch);
  for (int dataflow = 0; dataflow <= 7; ++dataflow) {
    options.execution = by(static_cast<Dataflow>(dataflow));
    Training micro(residual_network(7, Values::any, 1), options);
    for (Index b = 0; b < kBatch; ++b) {
      Tensor image({"x", Type::f32, {1, 5, 6, 3}, {}}), label({"label", Type::s32, {1}, {}});
      std::memcpy(image.data(), x.as<std::byte>() + static_cast<std::size_t>(b) * image.bytes(), image.bytes());
      label.as<std::int32_t>()[0] = labels.as<std::int32_t>()[b];
      micro.accumulate({&image}, label, kBatch);
    }
    const auto got = all_gradients(micro), want = all_gradients(whole);
    REQUIRE(got.size() == want.size());
    for (std::size_t i = 0; i < want.size(); ++i) {
      const Index n = want[i]->info().elements();
      // The array multiplies the zeros of A, the CPU skips them: a zero may have another sign.
      CHECK(compare_up_to_zero_sign(row_major(got[i]->as<float>(), 1, n), row_major(want[i]->as<float>(), 1, n)).equal);
    }
  }
}

TEST_CASE("training learns, and the number of threads is not to be seen") {
  constexpr Index kBatch = 4;
  const Network network = network_with_batch_norm(9, kBatch);
  const Tensor x = input_of(network, 10, Values::any), labels = labels_of(kBatch);
  TrainingOptions options;
  options.sgd = {0.05f, 0.9f, 0.001f, false};
  std::vector<double> losses;
  std::vector<std::shared_ptr<const Tensor>> learnt;
  for (const int threads : {1, 2, 3}) {
    const Sharing sharing(threads);
    Training training(network, options);
    std::vector<double> now;
    for (int i = 0; i < 10; ++i) {
      now.push_back(training.accumulate({&x}, labels, kBatch));
      training.update();
    }
    const auto parameters = all_parameters(training.network());
    if (losses.empty()) losses = now, learnt = parameters;
    CHECK(now == losses);
    for (std::size_t i = 0; i < parameters.size(); ++i) CHECK(same_bits(*parameters[i], *learnt[i]));
  }
  CHECK(losses.back() < 0.5 * losses.front());
}

TEST_CASE("batch norm: what is folded for inference is what the batches had") {
  constexpr Index kBatch = 3, kPixels = kBatch * 5 * 6, kChannels = 4;
  const Network network = network_with_batch_norm(11, kBatch);
  const Tensor x = input_of(network, 12, Values::any), labels = labels_of(kBatch);
  TrainingOptions options;
  options.running_share = 1;  // the last batch's alone
  Training training(network, options);
  training.accumulate({&x}, labels, kBatch);
  const Network trained = training.trained();
  const auto &start = std::get<BatchNorm>(network.steps[1].op), &folded = std::get<BatchNorm>(trained.steps[1].op);
  const float* sums = training.value(network.steps[0].output).as<float>();
  for (Index c = 0; c < kChannels; ++c) {
    double mean = 0, squares = 0;
    for (Index i = 0; i < kPixels; ++i) mean += sums[i * kChannels + c] / double{kPixels};
    for (Index i = 0; i < kPixels; ++i) squares += std::pow(sums[i * kChannels + c] - mean, 2);
    const double factor = start.factor->as<float>()[c] / std::sqrt(squares / (kPixels - 1) + options.epsilon);
    const double beta = start.term->as<float>()[c];
    // One rounding to f32; what f64 is off is far below another half of a unit.
    CHECK(std::fabs(folded.factor->as<float>()[c] - factor) <= 0x1p-23 * std::fabs(factor));
    CHECK(std::fabs(folded.term->as<float>()[c] - (beta - mean * factor)) <=
          0x1p-23 * (std::fabs(beta) + std::fabs(mean * factor)));
  }
  options.batch_statistics = false;
  Training frozen(network, options);
  frozen.accumulate({&x}, labels, kBatch);
  const Network same = frozen.trained();
  CHECK(same_bits(*std::get<BatchNorm>(same.steps[1].op).factor, *start.factor));
  CHECK(same.steps[1].op.index() == network.steps[1].op.index());
}

TEST_CASE("training says what it cannot train") {
  Network network = residual_network(13, Values::any, 1);
  std::get<Convolution>(network.steps[1].op).linear.activation = Activation::gelu;
  CHECK(refusal(network) == "steps[1] (step1): it, or what is fused to it, has no gradient");
  network = residual_network(13, Values::any, 1);
  network.outputs = {2, network.outputs[0]};
  Training training(network);
  const Tensor x = input_of(network, 14, Values::any);
  CHECK(refusal_of([&] { training.accumulate({&x}, labels_of(1), 1); }) ==
        "labels: the network has 2 outputs, not one");
  Rng rng(15);
  Builder b(rng, Values::any, 1);
  const auto one = b.shared({3});
  b.step(BatchNorm{one, one}, {0}, {1, 5, 6, 3});
  CHECK(refusal(b.made) == "steps[0] (step0): one tensor is two of its parameters");
}

TEST_CASE("gradients that a loss has left are those of the outputs") {
  Rng rng(16);
  Builder b(rng, Values::any, 1);
  b.step(BatchNorm{b.shared({3}), b.shared({3})}, {0}, {1, 5, 6, 3});
  Training training(b.made);
  const Tensor x = input_of(b.made, 17, Values::any);
  const auto refusal_after = [&](const std::function<void(std::vector<Tensor>&)>& change) {
    return refusal_of([&] {
      training.accumulate({&x}, [&](const Inputs&, std::vector<Tensor>& slopes) {
        change(slopes);
        return 0.0;
      });
    });
  };
  CHECK(refusal_after([](std::vector<Tensor>&) {}).empty());
  CHECK(refusal_after([](std::vector<Tensor>& slopes) { slopes.clear(); }) ==
        "gradients: 0, the network has 1 outputs");
  CHECK(refusal_after([](std::vector<Tensor>& slopes) { slopes.emplace_back(); }) ==
        "gradients: 2, the network has 1 outputs");
  for (const TensorInfo& info : {TensorInfo{"y", Type::f32, {1, 5, 6, 2}, {}}, TensorInfo{"y", Type::f32, {90}, {}},
                                 TensorInfo{"y", Type::s32, {1, 5, 6, 3}, {}}}) {
    CHECK(refusal_after([&](std::vector<Tensor>& slopes) { slopes[0] = Tensor(info); }) ==
          "gradients[0]: no f32 of its output's shape");
  }
  CHECK(refusal_after([](std::vector<Tensor>& slopes) { slopes[0] = Tensor(); }) ==
        "gradients[0]: no f32 of its output's shape");
}

TEST_CASE("training refuses options out of their ranges") {
  const Network network = network_with_batch_norm(18, 1);
  const double infinite = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const auto refused = [&](const std::string& argument, const std::function<void(TrainingOptions&)>& change) {
    TrainingOptions options;
    change(options);
    const std::string why = refusal(network, options);
    CHECK_MESSAGE(why.find(argument + ": ") == 0, why);
  };
  for (const double value : {-1e-5, infinite, nan}) {
    CAPTURE(value);
    const auto single = static_cast<float>(value);
    refused("epsilon", [&](TrainingOptions& options) { options.epsilon = value; });
    refused("running_share", [&](TrainingOptions& options) { options.running_share = value; });
    refused("learning_rate", [&](TrainingOptions& options) { options.sgd.learning_rate = single; });
    refused("momentum", [&](TrainingOptions& options) { options.sgd.momentum = single; });
    refused("weight_decay", [&](TrainingOptions& options) { options.sgd.weight_decay = single; });
  }
  refused("running_share", [](TrainingOptions& options) { options.running_share = 1.5; });
  refused("momentum", [](TrainingOptions& options) { options.sgd.nesterov = true; });
  TrainingOptions edges;
  edges.epsilon = 0, edges.running_share = 0, edges.sgd = {0, 0, 0, false};
  CHECK(refusal(network, edges).empty());
}

// The last parameters' gradients are lost on the way back; the others are there.
TEST_CASE("an update without all gradients changes nothing") {
  const Network network = residual_network(19, Values::any, 1);
  const Tensor x = input_of(network, 20, Values::any);
  int left = 1000;  // products
  TrainingOptions options;
  options.execution.gemm = [&](const GemmCall& call) {
    if (--left < 0) throw Error({Cause::bad_option, "gemm", "no more"});
    gemm(call.a, call.b, call.c, call.options);
  };
  Training training(network, options);
  training.accumulate({&x}, loss_of);
  left = 3;  // those of the way forward
  CHECK(refusal_of([&] { training.accumulate({&x}, loss_of); }) == "gemm: no more");
  CHECK_FALSE(same_bits(training.gradient(0, 0), Tensor(training.gradient(0, 0).info())));
  CHECK(refusal_of([&] { training.update(); }) == "gradient: no f32 of its parameter's shape");
  const auto before = all_parameters(network), after = all_parameters(training.network());
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(same_bits(*before[i], *after[i]));
  training.clear(), left = 1000;
  training.accumulate({&x}, loss_of), training.update();
  CHECK_FALSE(same_bits(*before[0], *after[0]));
}

}  // namespace septet::network
