// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Sessions of random networks against run(), step by step: the same bytes, whatever the form of the weights, the target
// and the threads; run after run, so that nothing of the one before is left.
#include "septet/network/session.hpp"
#include "layered_network.hpp"
#include "sharing.hpp"
#include "src/network/session_plan.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <map>

namespace septet::network {
namespace {

using namespace septet::support;

std::string describe(const Step& step, const Network& network) {
  const auto info = [&](Index t) { return network.tensors[static_cast<std::size_t>(t)]; };
  std::string text = "\n  " + step.name + " " + network::name(step.op);
  for (const Index x : step.inputs) text += " " + std::to_string(x);
  text += " -> " + std::to_string(step.output) + " " + septet::name(info(step.output).type);
  for (const Index size : info(step.output).shape) text += " " + std::to_string(size);
  const auto* op = std::get_if<Convolution>(&step.op);
  if (op == nullptr) return text;
  const Window& w = op->window;
  text +=
      ", weights " + std::string(septet::name(op->linear.weight->info().type)) + ", window, strides, dilations, pads:";
  for (const Index number : {w.height, w.width, w.stride_h, w.stride_w, w.dilation_h, w.dilation_w, w.pad_top,
                             w.pad_bottom, w.pad_left, w.pad_right}) {
    text += " " + std::to_string(number);
  }
  return text + ", groups " + std::to_string(op->groups) + ", activation " +
         std::to_string(static_cast<int>(op->linear.activation));
}
std::string describe(const Network& network) {
  std::string text = "inputs:";
  for (const Index input : network.inputs) {
    text += std::string(" ") + septet::name(network.tensors[static_cast<std::size_t>(input)].type);
    for (const Index size : network.tensors[static_cast<std::size_t>(input)].shape) text += " " + std::to_string(size);
  }
  for (const Step& step : network.steps) text += describe(step, network);
  text += "\n  outputs:";
  for (const Index output : network.outputs) text += " " + std::to_string(output);
  return text;
}

// Finite, and small enough that no sum overflows.
std::vector<Tensor> random_inputs(Rng& rng, const Network& network) {
  std::vector<Tensor> inputs;
  for (const Index input : network.inputs) {
    Tensor& x = inputs.emplace_back(network.tensors[static_cast<std::size_t>(input)]);
    for (Index i = 0; i < x.info().elements(); ++i) {
      if (x.info().type == Type::f32) {
        x.as<float>()[i] = rng.chance(0.1) ? random_zero<float>(rng, 0) : random_float<float>(rng, -8, 3);
      } else {
        x.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(rng.below(256));
      }
    }
  }
  return inputs;
}
std::vector<const Tensor*> pointers(const std::vector<Tensor>& tensors) {
  std::vector<const Tensor*> result;
  for (const Tensor& tensor : tensors) result.push_back(&tensor);
  return result;
}

// By products of gathered inputs: with no dataflow named, run() reads images where they lie, as a session does.
std::vector<Tensor> run_steps(const Network& network, const std::vector<Tensor>& inputs) {
  RunOptions products;
  products.cost.gemm.dataflow = Dataflow::dOS;
  std::vector<LayerRun> layers;
  return run(network, pointers(inputs), products, {}, layers);
}

Difference compare(const Tensor& got, const Tensor& want) {
  if (got.info().type != want.info().type || got.info().shape != want.info().shape) return {false, -1, -1, "its kind"};
  const auto values = [&](auto tag) {
    using T = decltype(tag);
    const Index count = want.info().elements();
    return compare_bits(row_major(got.as<T>(), 1, count), row_major(want.as<T>(), 1, count));
  };
  return want.info().type == Type::f32 ? values(float{}) : values(std::uint8_t{});
}
void check_outputs(const std::vector<Tensor>& got, const std::vector<Tensor>& want) {
  REQUIRE(got.size() == want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    const Difference difference = compare(got[i], want[i]);
    CHECK_MESSAGE(difference.equal, "outputs[" << i << "] " << difference.text);
  }
}

const char* random_target(Rng& rng) {
  std::vector<const char*> targets;
  for (const char* const* target = supported_targets(); *target != nullptr; ++target) targets.push_back(*target);
  return rng.pick(targets);
}

// Two sets of inputs, and what comes of them.
struct Problem {
  Network network;
  std::vector<std::vector<Tensor>> inputs, want;
};
Problem random_problem(Rng& rng, Network network) {
  Problem problem{std::move(network), {}, {}};
  REQUIRE_MESSAGE(validate(problem.network).to_string() == "ok", describe(problem.network));
  for (int i = 0; i < 2; ++i) {
    problem.inputs.push_back(random_inputs(rng, problem.network));
    problem.want.push_back(run_steps(problem.network, problem.inputs.back()));
  }
  return problem;
}
Problem random_problem(Rng& rng) { return random_problem(rng, LayeredNetwork(rng)()); }

void check_runs(Session& session, const Problem& problem) {
  for (const std::size_t i : {0u, 1u, 0u}) {
    INFO("inputs " << i);
    check_outputs(session.run(pointers(problem.inputs[i])), problem.want[i]);
  }
}

template <class F>
void for_problems(std::uint64_t first, int usual, F&& f) {
  for (int i = 0; i < problem_count(usual); ++i) {
    const std::uint64_t seed = first + static_cast<std::uint64_t>(i);
    Rng rng(seed);
    Problem problem = random_problem(rng);
    INFO("seed " << seed << ", " << describe(problem.network));
    f(rng, problem);
  }
  CHECK(set_target(nullptr).ok());
}

}  // namespace

TEST_CASE("sessions: the bits of run(), in every form of the weights, on every target, by one thread and by several") {
  for_problems(0, 300, [](Rng& rng, const Problem& problem) {
    for (const WeightForm form : {WeightForm::automatic, WeightForm::dense, WeightForm::sparse}) {
      const char* const target = random_target(rng);
      const int threads = rng.pick({1, 1, 2, 3});
      const bool fuse = rng.chance(0.8);
      INFO("weights " << std::string(name(form)) << ", target " << std::string(target) << ", " << threads
                      << " threads, fuse " << fuse);
      REQUIRE(set_target(target).ok());
      const Sharing sharing(threads);
      Session session(problem.network, {form, fuse});
      check_runs(session, problem);
    }
  });
}

namespace {

// Spoils some of the inputs.
void spoil(Rng& rng, Problem& problem, const std::vector<float>& with) {
  for (Tensor& x : problem.inputs[0]) {
    if (x.info().type != Type::f32) continue;
    for (Index spoilt = rng.between(1, 3); spoilt > 0; --spoilt) {
      x.as<float>()[rng.below(x.info().elements())] = rng.pick(with);
    }
  }
  problem.want[0] = run_steps(problem.network, problem.inputs[0]);
}

constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();

}  // namespace

// What is kept of weights of 0 multiplies all the same: NaN and infinity come through.
TEST_CASE("sessions of dense weights: the bits of run() whatever the inputs are, but for a NaN's") {
  for_problems(9000, 200, [](Rng& rng, Problem& problem) {
    spoil(rng, problem, {kInfinity, -kInfinity, kNan, 3e38f, 1e-45f});
    REQUIRE(set_target(random_target(rng)).ok());
    Session session(problem.network, {WeightForm::dense});
    check_runs(session, problem);
  });
}

TEST_CASE("sessions follow the target, and go on when they are moved") {
  for_problems(5000, 60, [](Rng& rng, const Problem& problem) {
    Session first(problem.network, {rng.pick({WeightForm::automatic, WeightForm::dense, WeightForm::sparse})});
    check_runs(first, problem);
    for (int change = 0; change < 2; ++change) {
      const char* const target = random_target(rng);
      INFO("then target " << std::string(target));
      REQUIRE(set_target(target).ok());
      check_runs(first, problem);
    }
    Session second(std::move(first));
    check_runs(second, problem);
    Session third{LayeredNetwork(rng)()};
    third = std::move(second);
    check_runs(third, problem);
    CHECK(third.network().name == "layered");
  });
}

TEST_CASE("sessions keep the weights alive") {
  Rng rng(1);
  std::vector<Session> sessions;
  std::vector<Tensor> inputs, want;
  {
    const Problem problem = random_problem(rng);
    sessions.emplace_back(problem.network);
    inputs = problem.inputs[0], want = problem.want[0];
  }
  check_outputs(sessions[0].run(pointers(inputs)), want);
}

namespace {

// x -> 3 x 3 convolution -> relu'd sum with x.
Network small_block() {
  Tensor weight({"", Type::f32, {8, 3, 3, 8}, {}});
  for (Index i = 0; i < weight.info().elements(); i += 5) weight.as<float>()[i] = 0.25f * static_cast<float>(i % 7 - 3);
  Convolution op;
  op.linear.weight = std::make_shared<const Tensor>(std::move(weight));
  op.window.height = op.window.width = 3;
  op.window.pad_top = op.window.pad_bottom = op.window.pad_left = op.window.pad_right = 1;
  Network network;
  for (const char* name : {"x", "sum", "y"}) network.tensors.push_back({name, Type::f32, {1, 5, 5, 8}, {}});
  Add add;
  add.activation = Activation::relu;
  network.steps = {{"convolution", op, {0}, 1}, {"add", add, {1, 0}, 2}};
  network.inputs = {0}, network.outputs = {2};
  return network;
}

void check_refused(Session& session, const std::vector<const Tensor*>& inputs, Cause cause, const char* argument) {
  try {
    session.run(inputs);
    FAIL_CHECK("not refused: " << argument);
  } catch (const Error& error) {
    CHECK(error.status().cause() == cause);
    CHECK(error.status().argument() == argument);
  }
}

}  // namespace

TEST_CASE("sessions say what they do with a step") {
  const Network network = small_block();
  const Tensor x(network.tensors[0]);
  for (const bool fuse : {true, false}) {
    Session session(network, {WeightForm::sparse, fuse});
    REQUIRE(session.steps().size() == 2);
    const PreparedStep& step = session.steps()[0];
    CHECK(step.product);
    CHECK(step.format != Format::dense);
    CHECK(step.packed_bytes > 0);
    CHECK(step.zeros > 0.8);
    CHECK_FALSE(session.steps()[1].product);
    std::vector<LayerRun> layers;
    session.run({&x}, layers);
    REQUIRE(layers.size() == 2);
    CHECK(layers[0].seconds > 0);
    CHECK((layers[1].seconds == 0) == fuse);
  }
  CHECK(Session(network, {WeightForm::dense}).steps()[0].format == Format::dense);
}

// Memory with a border is used again, for another image.
TEST_CASE("sessions: padding stays what it is from layer to layer and from run to run") {
  for (int i = 0; i < problem_count(200); ++i) {
    const std::uint64_t seed = 12000 + static_cast<std::uint64_t>(i);
    Rng rng(seed);
    const Problem problem = random_problem(rng, LayeredNetwork(rng).chain());
    INFO("seed " << seed << ", " << describe(problem.network));
    Session session(problem.network, {WeightForm::dense});
    check_runs(session, problem);
  }
}

TEST_CASE("sessions: layers with more weights than stay in a cache") {
  for (int i = 0; i < problem_count(12); ++i) {
    const std::uint64_t seed = 13000 + static_cast<std::uint64_t>(i);
    Rng rng(seed);
    const Problem problem = random_problem(rng, LayeredNetwork(rng).large());
    INFO("seed " << seed << ", " << describe(problem.network));
    for (const WeightForm form : {WeightForm::automatic, WeightForm::dense}) {
      Session session(problem.network, {form});
      check_runs(session, problem);
    }
  }
}

// Enough of them to lie innermost: with the last block full or not, in layers of all kinds and between them.
TEST_CASE("sessions: batches of images") {
  std::map<WeightForm, int> innermost;  // layers
  for (int i = 0; i < problem_count(60); ++i) {
    const std::uint64_t seed = 14000 + static_cast<std::uint64_t>(i);
    Rng rng(seed);
    const Problem problem = random_problem(rng, LayeredNetwork(rng).many()());
    INFO("seed " << seed << ", " << describe(problem.network));
    for (const WeightForm form : {WeightForm::automatic, WeightForm::dense, WeightForm::sparse}) {
      const char* const target = rng.chance(0.3) ? random_target(rng) : *supported_targets();
      const int threads = rng.pick({1, 1, 2, 3});
      INFO("weights " << std::string(name(form)) << ", target " << std::string(target) << ", " << threads
                      << " threads");
      REQUIRE(set_target(target).ok());
      const Sharing sharing(threads);
      Session session(problem.network, {form, rng.chance(0.8)});
      check_runs(session, problem);
      for (const Task& task : SessionPlan(problem.network, {form}).tasks) innermost[form] += task.images != nullptr;
    }
    REQUIRE(set_target(nullptr).ok());
  }
  CHECK(innermost[WeightForm::dense] > 0);
  CHECK(innermost[WeightForm::sparse] > 0);
}

// What has no order but pixels stays in it, beside layers that are tried in others.
TEST_CASE("sessions: batches of f16 beside sparse layers") {
  Network network;
  const auto tensor = [&](Type type, std::vector<Index> shape) {
    network.tensors.push_back({"t" + std::to_string(network.tensors.size()), type, std::move(shape), {}});
    return static_cast<Index>(network.tensors.size()) - 1;
  };
  const Index x = tensor(Type::f32, {8, 4}), y = tensor(Type::f32, {8, 4});
  const Index halves = tensor(Type::f16, {8, 1, 3, 5}), flat = tensor(Type::f16, {8, 15});
  Tensor weight({"", Type::f32, {4, 4}, {}});
  weight.as<float>()[0] = 1;
  FullyConnected op;
  op.linear.weight = std::make_shared<const Tensor>(std::move(weight));
  network.steps = {{"connected", op, {x}, y}, {"flat", Reshape(), {halves}, flat}};
  network.inputs = {x, halves}, network.outputs = {y, flat};
  Rng rng(4);
  const Problem problem = random_problem(rng, std::move(network));
  for (const WeightForm form : {WeightForm::automatic, WeightForm::dense, WeightForm::sparse}) {
    Session session(problem.network, {form});
    check_runs(session, problem);
  }
}

// But for a sum that underflows to -0, which padding would turn into +0.
TEST_CASE("sessions of dense weights: batches of images that are not finite") {
  for (int i = 0; i < problem_count(40); ++i) {
    const std::uint64_t seed = 15000 + static_cast<std::uint64_t>(i);
    Rng rng(seed);
    Problem problem = random_problem(rng, LayeredNetwork(rng).many()());
    INFO("seed " << seed << ", " << describe(problem.network));
    spoil(rng, problem, {kInfinity, -kInfinity, kNan, 3e38f});
    Session session(problem.network, {WeightForm::dense});
    check_runs(session, problem);
    for (const Task& task : SessionPlan(problem.network, {WeightForm::dense}).tasks) {
      if (task.images) CHECK(session.steps()[task.step].format == Format::dense);
    }
  }
}

// What the sums are added to is what they are made of, and nobody reads it afterwards: it is not to be overwritten
// while other channels' sums still need it.
TEST_CASE("sessions: a layer of many channels is added to its own input") {
  Rng rng(3);
  for (const WeightForm form : {WeightForm::dense, WeightForm::sparse}) {
    Network network;
    for (const char* name : {"x", "before", "branch", "y"})
      network.tensors.push_back({name, Type::f32, {2, 9, 9, 70}, {}});
    Convolution op;
    Tensor weight = random_tensor(rng, {"", Type::f32, {70, 1, 1, 70}, {}});
    for (Index i = 0; i < weight.info().elements(); ++i)
      weight.as<float>()[i] = i % 3 == 0 ? random_float<float>(rng, -4, 0) : 0.f;
    op.linear.weight = std::make_shared<const Tensor>(std::move(weight));
    network.steps = {{"before", op, {0}, 1}, {"branch", op, {1}, 2}, {"add", Add(), {1, 2}, 3}};
    network.inputs = {0}, network.outputs = {3};
    const std::vector<Tensor> inputs = random_inputs(rng, network);
    const std::vector<Tensor> want = run_steps(network, inputs);
    for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
      INFO("weights " << std::string(name(form)) << ", target " << std::string(*target));
      REQUIRE(set_target(*target).ok());
      Session session(network, {form});
      check_outputs(session.run(pointers(inputs)), want);
    }
    REQUIRE(set_target(nullptr).ok());
  }
}

TEST_CASE("sessions refuse inputs of another number, type or shape, and go on") {
  Session session(small_block());
  const Tensor good(session.network().tensors[0]);
  const Tensor bytes({"x", Type::s8, {1, 5, 5, 8}, {1, 0}}), large({"x", Type::f32, {1, 6, 5, 8}, {}});
  check_refused(session, {}, Cause::bad_shape, "inputs");
  check_refused(session, {&good, &good}, Cause::bad_shape, "inputs");
  check_refused(session, {&bytes}, Cause::bad_type, "inputs[0]");
  check_refused(session, {&large}, Cause::bad_shape, "inputs[0]");
  CHECK(session.run({&good}).size() == 1);
}

}  // namespace septet::network
