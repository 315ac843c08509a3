// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// prune: what it writes of models and matrices, and what becomes of that.
#include "network_model.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

namespace septet::cli::test {
namespace {

// By step's name.
std::map<std::string, Tensor> weights_by_name(const Network& network) {
  std::map<std::string, Tensor> weights;
  for (const network::Step& step : network.steps) {
    if (const auto* convolution = std::get_if<network::Convolution>(&step.op)) {
      weights.emplace(step.name, *convolution->linear.weight);
    } else if (const auto* connected = std::get_if<network::FullyConnected>(&step.op)) {
      weights.emplace(step.name, *connected->linear.weight);
    }
  }
  return weights;
}

// Of what is pruned the zeros are where the mask says so; everything else is as it was.
void check_weights(const Tensor& mask, const Tensor& before, const Tensor& after, const Json& layer) {
  CAPTURE(layer.dump());
  CHECK(mask.info().type == Type::u8);
  REQUIRE(mask.info().shape == before.info().shape);
  REQUIRE(after.info().shape == before.info().shape);
  CHECK(layer.at("weights") == before.info().elements());
  const int zero_point = before.info().quantisation.zero_point;
  Index zeros = 0, wrong = 0;
  for (Index i = 0; i < before.info().elements(); ++i) {
    const std::int8_t was = before.as<std::int8_t>()[i], is = after.as<std::int8_t>()[i];
    const bool zero = is == static_cast<std::int8_t>(zero_point);  // the low 8 bits of either type
    const std::uint8_t stays = mask.as<std::uint8_t>()[i];
    zeros += zero ? 1 : 0;
    wrong += (stays > 1 || (stays == 0) != zero || (stays == 1 && was != is)) ? 1 : 0;
  }
  CHECK(wrong == 0);
  CHECK(layer.at("zeros") == zeros);
}

// Cycles are those that `septet network` has for the network with these dataflows.
void check_cycles(const Json& pruned, const Json& network) {
  std::map<std::string, Json> layers;
  for (const Json& layer : network.at("layers")) layers[layer.at("name")] = layer;
  for (const Json& layer : pruned.at("layers")) {
    CAPTURE(layer.dump());
    const Json& each = layers.at(layer.at("name")).at("cycles_by_dataflow");
    CHECK(layer.at("cycles") == each.at(layer.at("dataflow").get<std::string>()));
    CHECK(layer.at("cycles_dense") == each.at(layer.at("dataflow_dense").get<std::string>()));
    CHECK(layer.at("dataflow_dense").get<std::string>()[0] == 'd');
  }
  CHECK(pruned.at("cycles_dense") == network.at("cycles_best_dense"));
}

void check_model(const Model& model, const std::string& flags) {
  CAPTURE(flags);
  const Folder& folder = model.folder;
  const Json json = folder.json("prune net --sparsity 0.6 -o p --array 4x4 " + flags);
  const Network pruned = io::read_network(folder.path("p"));
  std::map<std::string, Tensor> before = weights_by_name(model.network), after = weights_by_name(pruned);
  Index files = 0, weights = 0, zeros = 0;
  for (const Json& layer : json.at("layers")) {
    const std::string name = layer.at("name"), file = layer.at("mask_file");
    const Tensor mask = io::read_tensor(folder.path("p/" + file));
    CHECK(file == name + "_mask.npy");
    check_weights(mask, before.at(name), after.at(name), layer);
    before.erase(name), ++files;
    weights += layer.at("weights").get<Index>(), zeros += layer.at("zeros").get<Index>();
  }
  for (const auto& [name, weight] : before) CHECK_MESSAGE(same_elements(weight, after.at(name)), name);
  CHECK(json.at("weights") == weights);
  CHECK(json.at("zeros") == zeros);
  CHECK(static_cast<double>(zeros) >= 0.6 * static_cast<double>(weights));
  Index masks = 0;
  for (const auto& item : std::filesystem::directory_iterator(folder.path("p"))) {
    const std::string name = item.path().filename().string();
    masks += name.find("_mask.npy") != std::string::npos ? 1 : 0;
    CHECK(name.find(".tmp") == std::string::npos);
  }
  CHECK(masks == files);
  check_cycles(json, folder.json("network p --array 4x4 --input x.npy -o cpu.npy"));
  folder.works("network p --array 4x4 --input x.npy --executor array -o array.npy");
  CHECK(same_elements(io::read_tensor(folder.path("cpu.npy")), io::read_tensor(folder.path("array.npy"))));
  std::filesystem::remove_all(folder.path("p"));
}

template <class T>
std::vector<T> random_values(support::Rng& rng, Index count, int low, int high) {
  std::vector<T> values;
  for (Index i = 0; i < count; ++i) values.push_back(static_cast<T>(rng.between(low, high)));
  return values;
}

}  // namespace

TEST_CASE("cli: prune: a network and its masks in a folder, and what `septet network` makes of it") {
  for (const std::uint64_t seed : {31, 32}) {
    CAPTURE(seed);
    const Model model(seed);
    for (const std::string flags : {"", "--group weights", "--group block:2x2", "--input x.npy"}) {
      check_model(model, flags);
    }
  }
}

TEST_CASE("cli: prune: groups of each sparse dataflow, in all layers") {
  const Model model(33);
  for (const std::string dataflow : {"sOS", "sWS", "sIS", "csOS"}) {
    CAPTURE(dataflow);
    const Json json = model.folder.json("prune net --sparsity 0.6 --array 4x4 -o p --dataflow " + dataflow);
    const Json network = model.folder.json("network p --array 4x4 --dataflow " + dataflow);
    check_cycles(json, network);
    CHECK(json.at("cycles") == network.at("cycles_array"));
    for (const Json& layer : json.at("layers")) CHECK(layer.at("dataflow") == dataflow);
    std::filesystem::remove_all(model.folder.path("p"));
  }
}

TEST_CASE("cli: prune: of N:M no more than N of M neighbours stay") {
  const Model model(34);
  const Json json = model.folder.json("prune net --sparsity 0 --group 1:4 -o p");
  for (const Json& layer : json.at("layers")) {
    const Tensor mask = io::read_tensor(model.folder.path("p/" + layer.at("mask_file").get<std::string>()));
    const Index rows = mask.info().dim(0), columns = mask.info().elements() / rows;
    for (Index i = 0; i < rows; ++i) {
      for (Index k = 0; k < columns; k += 4) {
        Index stay = 0;
        for (Index at = k; at < std::min(k + 4, columns); ++at) stay += mask.as<std::uint8_t>()[i * columns + at];
        CHECK(stay <= 1);
      }
    }
  }
}

TEST_CASE("cli: prune --permute: what is not pruned computes the same bits, pruned twice the same network") {
  for (const std::uint64_t seed : {35, 36}) {
    CAPTURE(seed);
    const Model model(seed);
    const Folder& folder = model.folder;
    const Json json = folder.json("prune net --sparsity 0.6 --permute --array 4x4 -o p0");
    const auto weights = weights_by_name(io::read_network(folder.path("p0")));
    for (const Json& layer : json.at("layers")) {
      const Tensor& after = weights.at(layer.at("name"));
      check_weights(io::read_tensor(folder.path("p0/" + layer.at("mask_file").get<std::string>())), after, after,
                    layer);
    }
    const std::string once =
        folder.works("prune net --speedup 1.2 --permute --array 4x4 -o p1 --threads 1 --json -").out;
    const std::string again =
        folder.works("prune net --speedup 1.2 --permute --array 4x4 -o p2 --threads 2 --json -").out;
    CHECK(once == again);
    for (const auto& item : std::filesystem::directory_iterator(folder.path("p1"))) {
      const std::string name = item.path().filename().string();
      CHECK_MESSAGE(folder.read("p1/" + name) == folder.read("p2/" + name), name);
    }
  }
}

// Two layers of 16 outputs: of the first those that need the same 4 of 16 inputs lie 4 apart.
Network hidden_tiles() {
  const auto connected = [](auto value) {
    network::FullyConnected op;
    Tensor weight({"", Type::f32, {16, 16}, {}});
    for (int i = 0; i < 256; ++i) weight.as<float>()[i] = static_cast<float>(value(i / 16, i % 16));
    op.linear.weight = std::make_shared<const Tensor>(std::move(weight));
    return op;
  };
  Network network;
  network.name = "hidden";
  for (const char* name : {"x", "h", "y"}) network.tensors.push_back({name, Type::f32, {1, 16}, {}});
  network.steps = {{"first", connected([](int i, int j) { return j / 4 == i % 4 ? 1 : 0; }), {0}, 1},
                   {"second", connected([](int i, int j) { return i * 16 + j; }), {1}, 2}};
  network.inputs = {0}, network.outputs = {2};
  return network;
}

TEST_CASE("cli: prune --permute: channels that move are listed, and outputs keep their bits") {
  const Folder folder;
  const Network network = hidden_tiles();
  io::write_network(folder.path("net"), network);
  Tensor x({"x", Type::f32, {1, 16}, {}});
  for (int i = 0; i < 16; ++i) x.as<float>()[i] = static_cast<float>(i);  // sums of whole numbers: exact in any order
  write_tensor(folder.path("x.npy"), x);
  const std::string prune = "prune net --kept 1 --permute --array 4x4 --dataflow sOS --dense-layer second ";
  const Json json = folder.json(prune + "-o p");
  CHECK(json.at("permuted") == true);
  REQUIRE(json.at("channel_orders").size() == 1);
  const Json& set = json.at("channel_orders").at(0);
  CHECK(set.at("rows_of") == Json::array({"first"}));
  CHECK(set.at("columns_of") == Json::array({"second"}));
  auto before = weights_by_name(network), after = weights_by_name(io::read_network(folder.path("p")));
  REQUIRE_FALSE(same_elements(before.at("first"), after.at("first")));
  for (Index i = 0; i < 256; ++i) {
    const Index row = set.at("order").at(static_cast<std::size_t>(i / 16)), column = i % 16;
    CHECK(after.at("first").as<float>()[i] == before.at("first").as<float>()[row * 16 + column]);
    const Index from = set.at("order").at(static_cast<std::size_t>(column));
    CHECK(after.at("second").as<float>()[i] == before.at("second").as<float>()[i / 16 * 16 + from]);
  }
  folder.works("network net --input x.npy -o y0.npy");
  folder.works("network p --input x.npy -o y.npy");
  CHECK(folder.read("y.npy") == folder.read("y0.npy"));
  const Json again = folder.json(prune + "--dense-layer first");
  CHECK(again.at("permuted") == false);
  CHECK(again.at("channel_orders") == Json::array());
}

TEST_CASE("cli: prune: matrices, of all types, with their masks") {
  support::Rng rng(37);
  const Folder folder;
  constexpr Index kM = 13, kK = 21;
  const auto floats = random_values<float>(rng, kM * kK, -100, 100);
  folder.write_npy("f32.npy", floats, kM, kK);
  folder.write_npy("s8.npy", random_values<std::int8_t>(rng, kM * kK, -128, 127), kM, kK);
  folder.write_npy("u8.npy", random_values<std::uint8_t>(rng, kM * kK, 0, 255), kM, kK);
  const auto check = [&](const auto zero, const std::string& name, const std::string& flags) {
    using T = std::decay_t<decltype(zero)>;
    CAPTURE(name);
    const Json json =
        folder.json("prune " + name + " --columns 9 --array 4x8 -o out.npy --mask mask.npy --speedup 1.3 " + flags);
    const auto before = folder.read_npy<T>(name, kM, kK), after = folder.read_npy<T>("out.npy", kM, kK);
    const auto mask = folder.read_npy<std::uint8_t>("mask.npy", kM, kK);
    Index zeros = 0;
    for (std::size_t i = 0; i < mask.size(); ++i) {
      zeros += after[i] == zero ? 1 : 0;
      CHECK(mask[i] == (after[i] == zero ? 0 : 1));
      if (mask[i] == 1) CHECK(after[i] == before[i]);
    }
    const Json& layer = json.at("layers").at(0);
    CHECK(json.at("layers").size() == 1);
    CHECK(json.at("zeros") == zeros);
    CHECK(zeros > 0);
    CHECK(layer.at("m") == kM);
    CHECK(layer.at("n") == 9);
    CHECK(layer.at("k") == kK);
    CHECK(json.at("speedup") >= 1.3);
    const std::string dataflow = layer.at("dataflow");
    folder.write_npy("b.npy", std::vector<T>(kK * 9, T{1}), kK, 9);
    const Json product = folder.json("emulate out.npy b.npy --array 4x8 --dataflow " + dataflow + " " + flags);
    CHECK(product.at("cycles") == layer.at("cycles"));
    CHECK(json.at("cycles") == layer.at("cycles"));
  };
  check(0.0f, "f32.npy", "");
  check(std::int8_t{0}, "s8.npy", "");
  check(std::uint8_t{128}, "u8.npy", "--a-zero-point 128");
  folder.write("w.mtx", "%%MatrixMarket matrix coordinate real general\n2 3 4\n1 1 5\n1 3 1\n2 1 -3\n2 2 0.5\n");
  folder.works("prune w.mtx --sparsity 0.6 --group weights -o w.npy");
  CHECK(folder.read_npy<float>("w.npy", 2, 3) == std::vector<float>{5, 0, 0, -3, 0, 0});
}

TEST_CASE("cli: prune: calibration says which weights matter") {
  const Folder folder;
  folder.write_npy("w.npy", std::vector<float>{4, 3, 2, 1, 4, 3, 2, 1}, 2, 4);
  folder.write_npy("x.npy", std::vector<float>{0, 1, 2, -2, 3, 3, 10, -30}, 4, 2);
  folder.works("prune w.npy --sparsity 0.5 --group weights --mask mask.npy");
  CHECK(folder.read_npy<std::uint8_t>("mask.npy", 2, 4) == std::vector<std::uint8_t>{1, 1, 0, 0, 1, 1, 0, 0});
  // Means of squares 0.5, 4, 9, 500: scores 8, 36, 36, 500.
  const Json json = folder.json("prune w.npy --sparsity 0.25 --group weights --mask mask.npy --input x.npy");
  CHECK(folder.read_npy<std::uint8_t>("mask.npy", 2, 4) == std::vector<std::uint8_t>{0, 1, 1, 1, 0, 1, 1, 1});
  CHECK(json.at("calibration_images") == 2);
  CHECK(std::abs(json.at("kept").get<double>() - 572.0 / 580) <= 1e-12);
}

// Several batches in a file are what they are one by one.
TEST_CASE("cli: prune: calibration runs a file in batches of the model's") {
  const Model model(38);
  const TensorInfo& info = model.input.info();
  TensorInfo twice = info;
  twice.shape[0] *= 2;
  Tensor both(twice);
  std::memcpy(both.data(), model.input.data(), model.input.bytes());
  std::memcpy(static_cast<std::byte*>(both.data()) + model.input.bytes(), model.input.data(), model.input.bytes());
  write_tensor(model.folder.path("two.npy"), both);
  Json one = model.folder.json("prune net --sparsity 0.5 --input x.npy");
  Json two = model.folder.json("prune net --sparsity 0.5 --input two.npy");
  CHECK(one.at("calibration_images") == info.dim(0));
  CHECK(two.at("calibration_images") == 2 * info.dim(0));
  one.erase("calibration_images"), two.erase("calibration_images");
  CHECK(one == two);
}

}  // namespace septet::cli::test
