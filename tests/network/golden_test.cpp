// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Trained integer networks, layer by layer: from every recorded input come the recorded accumulators and the recorded
// outputs, on the CPU with and without a direct path for depthwise convolutions, in sessions, and on a 16 x 16 array.
#include "io/network_index.hpp"
#include "io/tensor_file.hpp"
#include "one_step.hpp"
#include "septet/emulation/cycles.hpp"
#include "septet/emulation/emulate.hpp"
#include "septet/network/session.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace septet::network {
namespace {

using namespace septet::support;
namespace fs = std::filesystem;
using Json = nlohmann::json;

Json read_json(const fs::path& path) {
  std::ifstream file(path);
  return Json::parse(file);
}

const Step& step_named(const Network& network, const std::string& name) {
  const auto step =
      std::find_if(network.steps.begin(), network.steps.end(), [&](const Step& s) { return s.name == name; });
  REQUIRE(step != network.steps.end());
  return *step;
}

// A layer with what was recorded of it.
struct RecordedLayer {
  std::string name;
  Step step;
  Tensor x;
  TensorInfo y;
  Tensor sums, output;
  Index differs_single_rounding = 0;
  Product product;
};

template <class T>
Difference compare_as(const Tensor& got, const Tensor& want) {
  const Index n = want.info().elements();
  if (got.info().type != want.info().type || got.info().elements() != n) return {false, -1, -1, "another type or size"};
  return compare_bits(row_major(got.as<T>(), 1, n), row_major(want.as<T>(), 1, n));
}

void check_equal(const Tensor& got, const Tensor& want, const char* what) {
  const Difference difference = want.info().type == Type::s32  ? compare_as<std::int32_t>(got, want)
                                : want.info().type == Type::u8 ? compare_as<std::uint8_t>(got, want)
                                                               : compare_as<std::int8_t>(got, want);
  CHECK_MESSAGE(difference.equal, what << " " << difference.text);
}

void check_run(const RecordedLayer& layer, const Execution& execution) {
  Tensor y(layer.y), sums;
  execute(layer.step, {&layer.x}, y, execution, &sums);
  check_equal(sums, layer.sums, "sums");
  check_equal(y, layer.output, "outputs");
}

void check_cpu(const RecordedLayer& layer) {
  INFO("on the CPU");
  check_run(layer, {});
  Execution products;
  products.gather_bytes = 4096;
  products.gemm = [](const GemmCall& call) { gemm(call.a, call.b, call.c, call.options); };
  check_run(layer, products);
}

// A network of this layer alone, made ready once.
void check_sessions(const RecordedLayer& layer) {
  for (const WeightForm form : {WeightForm::automatic, WeightForm::dense, WeightForm::sparse}) {
    INFO("session, weights " << std::string(name(form)));
    Session session(one_step(layer.step.op, {layer.x.info()}, layer.y), {form});
    check_equal(session.run({&layer.x}).at(0), layer.output, "outputs");
  }
}

// Called for as many whole products as product_of() says, each with the cycles of the closed form.
void check_array(const RecordedLayer& layer, Dataflow dataflow) {
  INFO("emulated " << septet::name(dataflow));
  Execution emulated;
  emulated.gather_bytes = 0;
  Index calls = 0;
  emulated.gemm = [&](const GemmCall& call) {
    ++calls;
    CHECK(call.c.rows == layer.product.m);
    CHECK(call.c.cols == layer.product.n);
    CHECK(call.a.cols == layer.product.k);
    GemmOptions options = call.options;
    options.dataflow = dataflow;
    const emulation::Report report = emulation::emulate(call.a, call.b, call.c, options);
    const Difference difference = compare_reports(report, emulation::cycles(call.a, call.b.cols, call.b.type, options));
    CHECK_MESSAGE(difference.equal, difference.text);
  };
  check_run(layer, emulated);
  CHECK(calls == layer.product.count);
}

// As many other outputs as recorded: the record tells both roundings apart.
void check_single_rounding(const RecordedLayer& layer) {
  Step step = layer.step;
  const auto round_once = [](auto& op) {
    if constexpr (std::is_same_v<std::decay_t<decltype(op)>, Convolution> ||
                  std::is_same_v<std::decay_t<decltype(op)>, FullyConnected>) {
      op.linear.rounding = Rounding::single_half_up;
    }
  };
  std::visit(round_once, step.op);
  Tensor y(layer.y);
  execute(step, {&layer.x}, y);
  Index different = 0;
  for (Index i = 0; i < y.info().elements(); ++i) {
    different += y.as<std::uint8_t>()[i] != layer.output.as<std::uint8_t>()[i] ? 1 : 0;
  }
  CHECK(different == layer.differs_single_rounding);
}

Tensor recorded(const fs::path& folder, const Json& record, const char* key, const Quantisation& quantisation = {}) {
  Tensor tensor = io::read_tensor((folder / record.at(key).get<std::string>()).string());
  tensor.set_quantisation(quantisation);
  return tensor;
}

RecordedLayer load_layer(const Network& network, const Json& record, const fs::path& folder) {
  const Step& step = step_named(network, record["layer"]);
  RecordedLayer layer;
  layer.name = folder.filename().string() + "/" + step.name;
  layer.step = step;
  const TensorInfo& x = network.tensors[static_cast<std::size_t>(step.inputs[0])];
  layer.x = recorded(folder, record, "input", x.quantisation);
  layer.y = network.tensors[static_cast<std::size_t>(step.output)];
  INFO(layer.name);
  CHECK(layer.x.info().shape == x.shape);
  layer.sums = recorded(folder, record, "acc"), layer.output = recorded(folder, record, "output");
  layer.differs_single_rounding = record["out_differs_single_rounding"];
  layer.product = product_of(network, step);
  return layer;
}

template <class F>
void for_each_recorded_layer(F&& f) {
  const fs::path shared(SEPTET_SHARED_DIR), golden = shared / "data" / "golden";
  if (!fs::is_directory(golden)) {
    MESSAGE("NOT TESTED: no recorded networks at " << golden.string());
    return;
  }
  Index layers = 0;
  for (const auto& entry : fs::directory_iterator(golden)) {
    const Json records = read_json(entry.path() / "golden.json");
    const Network network = io::read_network((shared / "data" / "models" / records["model"]).string());
    for (const Json& record : records["layers"]) {
      f(load_layer(network, record, entry.path()));
      ++layers;
    }
  }
  MESSAGE("layers: " << layers);
  CHECK(layers > 0);
}

}  // namespace

TEST_CASE("trained networks: valid, with the products that their indices name") {
  const fs::path models = fs::path(SEPTET_SHARED_DIR) / "data" / "models";
  if (!fs::is_directory(models)) {
    MESSAGE("NOT TESTED: no networks at " << models.string());
    return;
  }
  Index layers = 0;
  for (const auto& entry : fs::directory_iterator(models)) {
    const Network network = io::read_network(entry.path().string());
    CHECK(validate(network).to_string() == "ok");
    const Json index = read_json(entry.path() / "index.json");
    for (const Json& json : index["steps"]) {
      if (!json.contains("gemm")) continue;
      const Step& step = step_named(network, json["layer"]);
      INFO(entry.path().filename().string() << "/" << step.name);
      const Product product = product_of(network, step);
      CHECK(product.m == json["gemm"]["M"]);
      CHECK(product.n == json["gemm"]["N"]);
      CHECK(product.k == json["gemm"]["K"]);
      CHECK(product.count == json["gemm"].value("batch", 1));
      ++layers;
    }
  }
  MESSAGE("layers: " << layers);
  CHECK(layers > 0);
}

TEST_CASE("recorded layers on the CPU: every accumulator and output, and under one rounding as many others") {
  for_each_recorded_layer([](const RecordedLayer& layer) {
    INFO(layer.name);
    check_cpu(layer);
    check_sessions(layer);
    check_single_rounding(layer);
  });
}

TEST_CASE("recorded layers on a 16 x 16 array: every accumulator and output, cycles as in closed form") {
  Rng rng(8);
  Index products = 0;
  for_each_recorded_layer([&](const RecordedLayer& layer) {
    INFO(layer.name);
    for (int d = 1; d < 8; ++d) {
      if (!is_sampled(rng)) continue;
      check_array(layer, static_cast<Dataflow>(d));
      ++products;
    }
  });
  MESSAGE("layers times dataflows: " << products);
}

}  // namespace septet::network
