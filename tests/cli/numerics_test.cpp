// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// network --record, --compare and --against: of random networks, and of trained ones beside what was recorded of them.
#include "network_model.hpp"

#include <cmath>
#include <filesystem>
#include <limits>

namespace septet::cli::test {
namespace {

// Changes the last element of an array of bytes or of four bytes each.
void change_last_element(const std::string& path, const std::string& what) {
  Tensor tensor = io::read_tensor(path);
  const Index last = tensor.info().elements() - 1;
  if (what == "acc") {
    tensor.as<std::int32_t>()[last] += 7;
  } else {
    tensor.as<std::uint8_t>()[last] ^= 1;
  }
  write_tensor(path, tensor);
}

}  // namespace

TEST_CASE("cli: network records every layer, and a run equals its record") {
  const Model model(5);
  const Folder& folder = model.folder;
  folder.works("network net --input x.npy --record rec");
  const Json record = Json::parse(folder.read("rec/record.json"));
  CHECK(keys_of(record) == std::vector<std::string>{"format", "model", "layers"});
  CHECK(record.at("format") == "npy-network-record/1");
  REQUIRE(record.at("layers").size() == model.network.steps.size());
  Index sums = 0;
  for (std::size_t i = 0; i < model.network.steps.size(); ++i) {
    const Json& layer = record.at("layers")[i];
    CHECK(layer.at("layer") == model.network.steps[i].name);
    sums += layer.contains("acc") ? 1 : 0;
    const Tensor y = io::read_tensor(folder.path("rec/" + layer.at("output").get<std::string>()));
    CHECK(y.info().shape == info_of(model.network, model.network.steps[i].output).shape);
  }
  CHECK(sums == model.products());
  const std::string last = record.at("layers").back().at("output");
  CHECK(same_elements(io::read_tensor(folder.path("rec/" + last)), model.output()));

  for (const std::string flags : {"--input x.npy", "--input x.npy --executor array --array 3x7", ""}) {
    CAPTURE(flags);
    const Json numerics = folder.json("network net --compare rec " + flags).at("numerics");
    CHECK(keys_of(numerics) == std::vector<std::string>{"reference", "layers_compared", "layers_different_alone",
                                                        "layers_different", "first_different_alone", "first_different",
                                                        "layers"});
    CHECK(numerics.at("reference") == "rec");
    CHECK(numerics.at("layers_compared") == model.network.steps.size());
    CHECK(numerics.at("layers_different_alone") == 0);
    CHECK(numerics.at("layers_different") == 0);
    CHECK(numerics.at("first_different").is_null());
    const Json& layer = numerics.at("layers").back();
    CHECK(layer.at("alone").at("output").at("elements") == model.output().info().elements());
    CHECK(layer.at("alone").at("sums").at("mismatches") == 0);
    CHECK(layer.at("run").at("output").is_null() == flags.empty());
  }
}

TEST_CASE("cli: network tells a wrong layer from its consequences") {
  const Model model(6);
  const Folder& folder = model.folder;
  // The record is of weights that differ: of the first product alone.
  Network wrong = model.network;
  std::size_t first = 0;
  while (network::product_of(wrong, wrong.steps[first]).count == 0) ++first;
  std::visit(
      [](auto& op) {
        if constexpr (std::is_same_v<std::decay_t<decltype(op)>, network::Convolution> ||
                      std::is_same_v<std::decay_t<decltype(op)>, network::FullyConnected>) {
          auto weight = std::make_shared<Tensor>(*op.linear.weight);
          for (std::size_t i = 0; i < weight->bytes(); ++i) weight->template as<std::uint8_t>()[i] ^= 0x2a;
          op.linear.weight = weight;
        }
      },
      wrong.steps[first].op);
  io::write_network(folder.path("wrong"), wrong);
  folder.works("network wrong --input x.npy --record rec");
  const Outcome outcome = folder.septet("network net --input x.npy --compare rec --json r.json -o y.npy");
  CHECK(outcome.code == 1);
  check_error_line(outcome.err, "rec", "layer " + model.network.steps[first].name + ", alone: ");
  CHECK(folder.has("y.npy"));
  const Json numerics = Json::parse(folder.read("r.json")).at("numerics");
  CHECK(numerics.at("layers_different_alone") == 1);
  CHECK(numerics.at("first_different_alone") == model.network.steps[first].name);
  CHECK(numerics.at("first_different") == model.network.steps[first].name);
  CHECK(numerics.at("layers_different") >= 1);
}

TEST_CASE("cli: network finds one element of a record") {
  const Model model(7);
  const Folder& folder = model.folder;
  folder.works("network net --input x.npy --record rec");
  const Json record = Json::parse(folder.read("rec/record.json"));
  const Json& layer = record.at("layers").back();
  for (const std::string what : {"acc", "output"}) {
    CAPTURE(what);
    const std::string file = "rec/" + layer.at(what).get<std::string>();
    const std::string before = folder.read(file);
    change_last_element(folder.path(file), what);
    CHECK(folder.septet("network net --compare rec").code == 1);
    const Outcome outcome = folder.septet("network net --input x.npy --compare rec --json r.json");
    CHECK(outcome.code == 1);
    const Json numerics = Json::parse(folder.read("r.json")).at("numerics");
    CHECK(numerics.at("layers_different_alone") == 1);
    CHECK(numerics.at("layers_different") == 1);
    const Json& found = numerics.at("layers").back().at("run").at(what == "acc" ? "sums" : "output");
    CHECK(keys_of(found) == std::vector<std::string>{"elements", "mismatches", "share", "largest", "unit",
                                                     "first_index", "first_reference", "first_got"});
    const TensorInfo& y = info_of(model.network, model.network.outputs[0]);
    CHECK(found.at("mismatches") == 1);
    CHECK(found.at("share").get<double>() == doctest::Approx(1 / static_cast<double>(y.elements())));
    CHECK(found.at("largest") == (what == "acc" ? 7 : 1));
    CHECK(found.at("unit") == "integer");
    CHECK(found.at("first_index") == Json({y.dim(0) - 1, y.dim(1) - 1}));
    folder.write(file, before);
  }
  CHECK(folder.septet("network net --compare rec").code == 0);
}

TEST_CASE("cli: network compares floats in ulp") {
  const Folder folder;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> values = {1, 0, nan, 3, 4};
  const TensorInfo x{"x", Type::f32, {1, 5}, {}};
  io::write_network(
      folder.path("net"),
      {"floats", {x, {"y", Type::f32, {1, 5}, {}}}, {{"relu", network::Activate{Activation::relu}, {0}, 1}}, {0}, {1}});
  folder.write_npy("x.npy", values, 1, 5);
  folder.write("record.json", R"({"layers": [{"layer": "relu", "input": "x.npy", "output": "y.npy"}]})");
  const auto compared = [&](const std::vector<float>& y) {
    folder.write_npy("y.npy", y, 1, 5);
    const Outcome outcome = folder.septet("network net --compare . --json -");
    const Json output = Json::parse(outcome.out).at("numerics").at("layers")[0].at("alone").at("output");
    CHECK(outcome.code == (output.at("mismatches") > 0 ? 1 : 0));
    CHECK(output.at("unit") == "ulp");
    return output;
  };
  const auto next = [](float value) { return std::nextafter(value, 100.0f); };
  CHECK(compared({1, 0, -nan, 3, 4}).at("mismatches") == 0);
  const Json near = compared({1, 0, nan, next(next(next(3))), next(4)});
  CHECK(near.at("mismatches") == 2);
  CHECK(near.at("largest") == 3);
  CHECK(near.at("first_index") == Json({0, 3}));
  CHECK(near.at("first_got") == "3 (0x40400000)");
  const Json zero = compared({1, -0.0f, nan, 3, 4});
  CHECK(zero.at("mismatches") == 1);
  CHECK(zero.at("largest") == 0);
  CHECK(compared({-1, 0, nan, 3, 4}).at("largest") == Index{2} * 0x3f800000);
  CHECK(compared({nan, 0, nan, 3, 4}).at("largest") == Index{1} << 32);
}

TEST_CASE("cli: network refuses records that are none of the network's") {
  const Model model(8);
  const Folder& folder = model.folder;
  folder.works("network net --input x.npy --record rec");
  Json record = Json::parse(folder.read("rec/record.json"));
  const auto refused = [&](const Json& changed, const std::string& argument, const std::string& part) {
    folder.write("rec/record.json", changed.dump());
    folder.refused("network net --input x.npy --compare rec --json r.json", argument, part);
    CHECK_FALSE(folder.has("r.json"));
  };
  Json changed = record;
  changed["layers"][0]["layer"] = "nobody";
  refused(changed, "rec", "'nobody', which the network lacks");
  changed = record, changed["layers"].push_back(record["layers"][0]);
  refused(changed, "rec/record.json", "the layer is there twice");
  changed = record, changed["format"] = "another";
  refused(changed, "rec/record.json", "unknown format 'another'");
  changed = record, changed.erase("layers");
  refused(changed, "rec/record.json", "layers is missing");
  changed = record, changed["layers"][0].erase("acc"), changed["layers"][0].erase("output");
  refused(changed, "rec/record.json", "has neither acc nor output");
  changed = record, changed["layers"].back()["output"] = changed["layers"].back()["acc"];
  refused(changed, "rec", "the network's is");
  changed = record, changed["layers"].back()["input"] = "../x.npy";
  refused(changed, "rec", "its input is");
  changed = record, changed["layers"].back()["input"] = Json::array();
  folder.write("rec/record.json", changed.dump());
  CHECK(folder.json("network net --compare rec").at("numerics").at("layers").back().at("alone").at("output").is_null());
  folder.refused("network net --compare none", "none", "");
}

TEST_CASE("cli: network against another arithmetic") {
  const Model model(9);
  const Folder& folder = model.folder;
  const Json same = folder.json("network net --input x.npy --against mac=unfused --against flush=off").at("numerics");
  CHECK(same.at("reference") == "mac=unfused, flush=off");
  folder.refused("network net --input x.npy --against flush=on", "--against", "has no subnormals");
  CHECK(same.at("layers_different") == 0);
  const Json other = folder.json("network net --input x.npy --against rounding=floor").at("numerics");
  CHECK(other.at("layers_compared") == model.network.steps.size());
  CHECK(other.at("layers_different_alone") >= 1);
  for (const Json& layer : other.at("layers")) {
    const Json& sums = layer.at("alone").at("sums");
    if (!sums.is_null()) CHECK(sums.at("mismatches") == 0);  // rounding comes behind them
  }
  const Json narrow =
      folder.json("network net --input x.npy --executor array --against accumulator=s16").at("numerics");
  CHECK(narrow.at("layers_different_alone") >= 1);
  folder.refused("network net --input x.npy --compare net --against mac=unfused", "--against", "excludes --compare");
}

// A power of two is the same factor as a multiplier and shift and as a real number, and sums below 2^24 are exact
// floats.
TEST_CASE("cli: network against another rounding takes factors along") {
  Model model(12);
  const Folder& folder = model.folder;
  const auto with_rounding = [&](Rounding rounding) {
    for (network::Step& step : model.network.steps) {
      auto* convolution = std::get_if<network::Convolution>(&step.op);
      auto* connected = std::get_if<network::FullyConnected>(&step.op);
      if (convolution == nullptr && connected == nullptr) continue;
      network::Linear& linear = convolution != nullptr ? convolution->linear : connected->linear;
      const auto outputs = static_cast<std::size_t>(linear.outputs());
      const bool by_scale = rounding == Rounding::fp32_nearest_even;
      linear.rounding = rounding;
      linear.multiplier.assign(by_scale ? 0 : outputs, 1 << 30);
      linear.shift.assign(by_scale ? 0 : outputs, -7);
      linear.scale.assign(by_scale ? outputs : 0, 0x1p-8f);
    }
    io::write_network(folder.path("net"), model.network);
  };
  const auto different = [&](const std::string& rounding) {
    const Json numerics = folder.json("network net --input x.npy --against rounding=" + rounding).at("numerics");
    return numerics.at("layers_different_alone").get<int>();
  };
  with_rounding(Rounding::single_half_even);
  CHECK(different("fp32-nearest-even") == 0);
  CHECK(different("floor") >= 1);
  with_rounding(Rounding::fp32_nearest_even);
  CHECK(different("single-half-even") == 0);
  CHECK(different("floor") >= 1);
}

TEST_CASE("cli: trained networks equal their records on CPU and array") {
  const std::string golden = shared_data("data/golden"), models = shared_data("data/models");
  if (golden.empty() || models.empty()) return;
  const Folder folder;
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(golden)) {
    const std::string record = entry.path().string(), name = entry.path().filename().string();
    CAPTURE(name);
    const std::string model = models + "/" + name.substr(0, name.find("__"));
    for (const std::string executor : {"cpu", "array"}) {
      const Json numerics =
          folder.json("network '" + model + "' --compare '" + record + "' --executor " + executor).at("numerics");
      CHECK(numerics.at("layers_compared") >= 10);
      CHECK(numerics.at("layers_different_alone") == 0);
    }
    ++compared;
  }
  CHECK(compared > 0);
}

TEST_CASE("cli: one rounding changes as many outputs of a trained network's layers as was recorded") {
  const std::string golden = shared_data("data/golden/dscnn_kws_int8__kws/golden.json");
  const std::string model = shared_data("data/models/dscnn_kws_int8");
  const std::string input = shared_data("data/inputs/kws_mfcc_1x49x10x1_i8.npy");
  if (golden.empty() || model.empty() || input.empty()) return;
  const Folder folder;
  std::filesystem::copy(golden, folder.path("golden.json"));
  const Json numerics =
      folder.json("network '" + model + "' --input '" + input + "' --against rounding=single-half-up").at("numerics");
  const Json records = Json::parse(folder.read("golden.json"));
  Index layers = 0;
  for (const Json& record : records.at("layers")) {
    for (const Json& layer : numerics.at("layers")) {
      if (layer.at("name") != record.at("layer")) continue;
      CHECK(layer.at("alone").at("output").at("mismatches") == record.at("out_differs_single_rounding"));
      ++layers;
    }
  }
  CHECK(layers == 10);
}

}  // namespace septet::cli::test
