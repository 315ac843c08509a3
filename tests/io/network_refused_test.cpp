// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Indices that are wrong in one place: the file, the place and the cause are named, and nothing is made.
#include "io/json_file.hpp"
#include "io/network_index.hpp"
#include "network_support.hpp"

#include <doctest/doctest.h>

#include <functional>

namespace septet::io::test {
namespace {

Json tensor(Index id, std::vector<Index> shape, const std::string& dtype, double scale, int zero_point) {
  return {{"id", id},       {"name", "t" + std::to_string(id)}, {"shape", std::move(shape)}, {"dtype", dtype},
          {"scale", scale}, {"zero_point", zero_point}};
}

// [1][4][4][2] -> 3x3 convolution, 4 outputs -> [1][4][4][4].
Json good() {
  const Json x = tensor(7, {1, 4, 4, 2}, "int8", 0.5, 3), y = tensor(9, {1, 4, 4, 4}, "int8", 0.25, -1);
  Json json = {{"format", "npy-model-index/1"}, {"name", "small"}, {"inputs", {x}}, {"outputs", {y}}};
  json["steps"] = {{{"op", "CONV_2D"},
                    {"layer", "conv"},
                    {"params", {{"padding", "SAME"}, {"activation", "RELU"}}},
                    {"inputs", {x, tensor(1, {4, 3, 3, 2}, "int8", 0.125, 0), tensor(2, {4}, "int32", 0.0625, 0)}},
                    {"outputs", {y}},
                    {"files", {{"weight", "w.npy"}, {"bias", "b.npy"}}}}};
  return json;
}

std::string npy(const std::string& descr, const std::string& shape, std::size_t bytes) {
  return npy_bytes("{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + "}\n",
                   std::string(bytes, '\1'));
}

struct SmallIndex {
  ScratchFolder folder;

  SmallIndex() {
    folder.write("w.npy", npy("|i1", "(4, 3, 3, 2)", 72));
    folder.write("b.npy", npy("<i4", "(4,)", 16));
    folder.write("scalar.npy", npy("<i4", "()", 4));
    folder.write("floats.npy", npy("<f4", "(4,)", 16));
    folder.write("ints.npy", npy("<i4", "(4,)", 16));  // each 0x01010101
    folder.write("three.npy", npy("<i4", "(3,)", 12));
    folder.write("flat.npy", npy("|i1", "(4, 18)", 72));
    folder.write("huge.npy", npy("|i1", "(4611686018427387904, 3, 3, 2)", 0));
    folder.write("doubles.npy", npy("<f8", "(4,)", 32));
    folder.write("negative.npy",
                 npy_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}\n", bytes_of<float>({-1})));
  }

  void refused_text(const std::string& text, const std::string& file, const std::string& part) const {
    const std::string path = folder.write("index.json", text);
    INFO(text);
    try {
      read_network(path);
      FAIL_CHECK("was read");
    } catch (const Error& error) {
      check_refused(error.status(), folder.path(file), part);
    }
  }
  void refused(const std::function<void(Json&)>& change, const std::string& part,
               const std::string& file = "index.json") const {
    Json json = good();
    change(json);
    refused_text(json.dump(), file, part);
  }
};

Json& step(Json& json) { return json["steps"][0]; }

TEST_CASE("read_network: the small index is right") {
  const SmallIndex index;
  index.folder.write("index.json", good().dump());
  const network::Network network = read_network(index.folder.path(""));
  REQUIRE(network.steps.size() == 1);
  const auto& convolution = std::get<network::Convolution>(network.steps[0].op);
  CHECK(convolution.linear.low == -1);  // relu: the quantised 0
  CHECK(convolution.linear.high == 127);
  CHECK(convolution.linear.multiplier == std::vector<std::int32_t>(4, 1 << 30));  // 0.5 * 0.125 / 0.25 = 2^-2
  CHECK(convolution.linear.shift == std::vector<std::int32_t>(4, -1));
  CHECK(convolution.window.pad_top == 1);
  CHECK(network.steps[0].name == "conv");
}

TEST_CASE("read_network: real scales of sums are f32 products and quotients, rounded one after the other") {
  const SmallIndex index;
  Json json = good();
  json["rounding"] = "fp32-nearest-even";
  const auto scale_tensors = [&](double x, double w, double y) {
    json["inputs"][0]["scale"] = step(json)["inputs"][0]["scale"] = x;
    json["outputs"][0]["scale"] = step(json)["outputs"][0]["scale"] = y;
    step(json)["inputs"][1]["scale"] = w;
  };
  int differ = 0;  // from one rounding of the exact factor
  for (int i = 1; i < 40; ++i) {
    scale_tensors(0.3 * i, 0.1 / i, 0.07 + i);
    index.folder.write("index.json", json.dump());
    const network::Network network = read_network(index.folder.path(""));
    const auto& linear = std::get<network::Convolution>(network.steps[0].op).linear;
    const auto x = static_cast<float>(0.3 * i), w = static_cast<float>(0.1 / i), y = static_cast<float>(0.07 + i);
    const volatile float product = x * w;
    CHECK(linear.rounding == Rounding::fp32_nearest_even);
    CHECK(linear.scale == std::vector<float>(4, product / y));
    CHECK(linear.multiplier.empty());
    CHECK(linear.shift.empty());
    differ += linear.scale[0] != static_cast<float>(double{x} * double{w} / double{y}) ? 1 : 0;
  }
  CHECK(differ > 0);
  step(json)["files"]["requant_scale"] = "floats.npy";
  index.folder.write("index.json", json.dump());
  const network::Network listed = read_network(index.folder.path(""));
  CHECK(std::get<network::Convolution>(listed.steps[0].op).linear.scale == std::vector<float>(4, 0x1.020202p-125f));
}

TEST_CASE("read_network: what is no index") {
  const SmallIndex index;
  index.refused_text("", "index.json", "is not JSON (line 1, at byte 1)");
  index.refused_text("{\n\"format\": \"npy-model-index/1\",\n\"name\" 3}", "index.json",
                     "is not JSON (line 3, at byte");
  index.refused_text("[]", "index.json", "is not a JSON object");
  index.refused_text(R"({"format": "x", "format": "y"})", "index.json", "'format' is there twice");
  index.refused([](Json& json) { json["format"] = "npy-model-index/2"; }, "format is 'npy-model-index/2'");
  for (const std::string key : {"format", "name", "inputs", "outputs", "steps"}) {
    index.refused([&](Json& json) { json.erase(key); }, key + " is missing");
  }
  index.refused([](Json& json) { json["steps"] = 3; }, "steps is not a list of objects");
  index.refused([](Json& json) { json["steps"][0] = 3; }, "steps[0]: is not a JSON object");
  index.refused([](Json& json) { json["rounding"] = "up"; }, "unknown rounding 'up'");
  try {
    read_network(index.folder.path("nothing"));
    FAIL_CHECK("was read");
  } catch (const Error& error) {
    check_refused(error.status(), index.folder.path("nothing"), "cannot be opened");
  }
}

TEST_CASE("read_network: tensors that are none") {
  const SmallIndex index;
  const auto input = [](Json& json) -> Json& { return step(json)["inputs"][0]; };
  const std::string place = "steps[0] (conv): inputs[0]";
  index.refused([&](Json& json) { input(json).erase("id"); }, place + ": id is missing");
  index.refused([&](Json& json) { input(json)["id"] = 7.5; }, place + ": id is not a whole number");
  index.refused([&](Json& json) { input(json)["id"] = 18446744073709551615u; }, "id does not fit 64 bits");
  index.refused([&](Json& json) { input(json)["dtype"] = "int4"; }, place + ": unknown dtype 'int4'");
  index.refused([&](Json& json) { input(json)["shape"] = {1, -4, 4, 2}; }, place + ": shape has a negative");
  index.refused([&](Json& json) { input(json)["shape"] = {1, 4, "4", 2}; }, place + ": shape is not a whole number");
  index.refused([&](Json& json) { input(json)["shape"] = {1, 1 << 20, 1 << 20, 2}; }, "more than 2147483648 elements");
  index.refused([&](Json& json) { input(json)["shape"] = {1, 4, 5, 2}; }, place + ": tensor 7 was another one before");
  index.refused([&](Json& json) { input(json)["scale"] = 0; }, place + ": scale is not a positive");
  index.refused([&](Json& json) { input(json)["scale"] = 1e300; }, place + ": scale is not a positive");
  index.refused([&](Json& json) { input(json)["scale"] = "per-row"; }, place + ": scale is neither");
  index.refused([&](Json& json) { input(json)["zero_point"] = 128; }, place + ": zero_point 128 is not of s8");
}

TEST_CASE("read_network: steps that are none") {
  const SmallIndex index;
  const std::string place = "steps[0] (conv): ";
  index.refused([](Json& json) { step(json)["op"] = "CONV_3D"; }, place + "unknown operator 'CONV_3D'");
  index.refused([](Json& json) { step(json)["op"] = "NONE"; }, place + "unknown operator 'NONE'");
  index.refused([](Json& json) { step(json).erase("op"); }, "op is missing");
  index.refused([](Json& json) { step(json)["inputs"] = Json::array(); }, place + "inputs: CONV_2D needs 1, 0 are");
  index.refused([](Json& json) { step(json)["outputs"] = Json::array(); }, place + "outputs: exactly one");
  index.refused([](Json& json) { step(json)["inputs"].erase(1); }, "weights of shape 4");
  index.refused([](Json& json) { step(json)["groups"] = 2; }, place + "groups is 2, but 2 inputs with weights of 2");
  index.refused([](Json& json) { step(json)["output_clamp"] = {-129, 127}; }, place + "output_clamp is not");
  index.refused([](Json& json) { step(json)["output_clamp"] = {5, 4}; }, place + "output_clamp is not");
  index.refused([](Json& json) { step(json)["rounding"] = 3; }, place + "rounding is not a text");
  const std::string params = place + "params: ";
  const auto with = [](const std::string& key, const Json& value) {
    return [=](Json& json) { step(json)["params"][key] = value; };
  };
  index.refused(with("stride_h", 0), params + "stride_h is 0");
  index.refused(with("stride_w", Index{1} << 40), params + "stride_w is 1099511627776");
  index.refused(with("dilation_h", -1), params + "dilation_h is -1");
  index.refused(with("strides", 2), params + "unknown key 'strides'");
  index.refused(with("padding", "FULL"), params + "unknown padding 'FULL'");
  index.refused(with("pad_h", Json{0, 1}), params + "pad_h [0, 1], but SAME is [1, 1] here");
  index.refused(with("pad_h", Json{1}), params + "pad_h is not [before, after]");
  index.refused(with("pad_w", Json{-1, 1}), params + "pad_w of -1");
  index.refused(with("activation", "SWISH"), params + "unknown activation 'SWISH'");
  index.refused(with("activation", "TANH"), params + "TANH cannot be fused into integers");
}

TEST_CASE("read_network: files that contradict the index") {
  const SmallIndex index;
  const auto file = [](const std::string& key, const std::string& name) {
    return [=](Json& json) { step(json)["files"][key] = name; };
  };
  const std::string place = "steps[0] (conv): files";
  index.refused(file("weight", "missing.npy"), "cannot be opened", "missing.npy");
  index.refused(file("weight", "flat.npy"), "4 x 18 of s8, where the index has 4 x 3 x 3 x 2 of s8", "flat.npy");
  index.refused(file("weight", "huge.npy"), "beyond 64 bits", "huge.npy");
  index.refused(file("weight", "index.json"), "the magic string", "index.json");
  index.refused(file("bias", "floats.npy"), "4 of f32, where the index has 4 of s32", "floats.npy");
  index.refused(file("bias", "scalar.npy"), "a scalar", "scalar.npy");
  index.refused(file("bias", "three.npy"), "3 of s32, where the index has 4 of s32", "three.npy");
  index.refused(file("weight_scale", "doubles.npy"), "elements of f64", "doubles.npy");
  index.refused(file("weight_scale", "ints.npy"), place + ": weight_scale is 4 of s32, where 4 (or 1) of f32");
  index.refused(file("weight_scale", "negative.npy"), "a scale of the weights is not a positive number");
  index.refused(file("weight_zero_point", "ints.npy"), place + ": weight_zero_point: 16843009 is not of s8");
  index.refused(file("requant_shift", "ints.npy"), place + ": requant_multiplier and requant_shift belong together");
  index.refused(
      [](Json& json) {
        step(json)["files"]["requant_multiplier"] = "ints.npy";
        step(json)["files"]["requant_shift"] = "ints.npy";
      },
      "a shift of 16843009");
  index.refused(file("requant_scale", "floats.npy"), place + ": requant_scale does not go with the rounding gemmlowp");
  const auto by_scale = [](const std::string& key, const std::string& name) {
    return [=](Json& json) {
      step(json)["rounding"] = "fp32-nearest-even";
      step(json)["files"][key] = name;
    };
  };
  index.refused(by_scale("requant_shift", "ints.npy"), "requant_shift does not go with the rounding fp32-nearest-even");
  index.refused(by_scale("requant_scale", "ints.npy"), place + ": requant_scale is 4 of s32, where 4 (or 1) of f32");
  index.refused(by_scale("requant_scale", "negative.npy"), "a scale of sums is negative or not finite");
  index.refused([](Json& json) { step(json)["files"].erase("weight"); }, place + ": weight is missing");
  index.refused([](Json& json) { step(json)["files"].erase("bias"); }, place + ": bias is missing");
  index.refused([](Json& json) { step(json)["files"]["bias"] = 3; }, place + ": bias is not a text");
  index.refused([](Json& json) { step(json)["inputs"][1].erase("scale"); }, "neither a scale nor requantisation");
}

TEST_CASE("read_network: shapes that do not chain") {
  const SmallIndex index;
  const auto another_output = [](Json& json) {
    step(json)["outputs"][0]["shape"] = {1, 4, 3, 4};
    json["outputs"] = step(json)["outputs"];
  };
  index.refused(another_output, "conv");
  index.refused([](Json& json) { json["outputs"][0] = tensor(44, {1, 4, 4, 4}, "int8", 0.25, -1); }, "outputs[0]");
  index.refused([](Json& json) { json["steps"].push_back(step(json)); }, "steps[1] (conv)");
}

TEST_CASE("write_network: nothing is left behind") {
  const ScratchFolder folder;
  network::Network network = every_operator();
  folder.write("file", "x");
  CHECK_THROWS_AS(write_network(folder.path("file"), network), Error);
  CHECK_THROWS_AS(write_network(folder.path("no/such"), network), Error);
  network.steps[1].inputs[0] = 1000;
  CHECK_THROWS_AS(write_network(folder.path("new"), network), Error);
  CHECK(folder.list() == std::vector<std::string>{"file"});
}

}  // namespace
}  // namespace septet::io::test
