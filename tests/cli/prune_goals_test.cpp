// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// prune: goals met and out of reach, and what is refused.
#include "network_model.hpp"

#include <filesystem>
#include <limits>

namespace septet::cli::test {
namespace {

const std::vector<std::string> kKeys = {"network",  "goal",           "goal_value",         "per_layer",   "met",
                                        "group",    "dataflow",       "array_height",       "array_width", "timing",
                                        "permuted", "channel_orders", "calibration_images", "weights",     "zeros",
                                        "sparsity", "kept",           "cycles_dense",       "cycles",      "speedup",
                                        "layers"};
const std::vector<std::string> kLayerKeys = {"name",           "count",        "m",       "n",       "k",
                                             "dataflow_dense", "dataflow",     "weights", "zeros",   "sparsity",
                                             "kept",           "cycles_dense", "cycles",  "speedup", "mask_file"};

// Exit code 1, one line, nothing else.
void check_out_of_reach(const Folder& folder, const std::string& arguments, const std::string& goal,
                        const std::string& best = "out of reach: the best that was found is ") {
  CAPTURE(arguments);
  const std::vector<std::string> before = folder.list();
  const Outcome outcome = folder.septet(arguments);
  CHECK(outcome.code == 1);
  CHECK(outcome.out.empty());
  check_error_line(outcome.err, goal, best);
  CHECK(folder.list() == before);
}

}  // namespace

TEST_CASE("cli: prune: goals, and keys of the JSON") {
  const Model model(41);
  const Folder& folder = model.folder;
  const std::string prune = "prune net --array 4x4 ";
  const Json sparsity = folder.json(prune + "--sparsity 0.7");
  CHECK(keys_of(sparsity) == kKeys);
  for (const Json& layer : sparsity.at("layers")) CHECK(keys_of(layer) == kLayerKeys);
  CHECK(sparsity.at("sparsity") >= 0.7);
  CHECK(sparsity.at("layers").at(0).at("mask_file").is_null());
  const double dense = sparsity.at("cycles_dense");
  const auto limit = static_cast<Index>(0.9 * dense);
  const Json cycles = folder.json(prune + "--cycles " + std::to_string(limit));
  CHECK(cycles.at("cycles") <= limit);
  CHECK(cycles.at("goal") == "cycles");
  CHECK(cycles.at("goal_value") == limit);
  const Json speedup = folder.json(prune + "--speedup 1.1");
  CHECK(speedup.at("speedup") >= 1.1);
  CHECK(speedup.at("speedup").get<double>() == dense / speedup.at("cycles").get<double>());
  const Json kept = folder.json(prune + "--kept 0.8");
  CHECK(kept.at("kept") >= 0.8);
  CHECK(kept.at("cycles") <= dense);
  const Json each = folder.json(prune + "--sparsity 0.5 --per-layer");
  CHECK(each.at("per_layer") == true);
  for (const Json& layer : each.at("layers")) CHECK(layer.at("sparsity") >= 0.5);
  CHECK(folder.list() == std::vector<std::string>{"net", "x.npy"});
  const std::string table = folder.works(prune + "--sparsity 0.7").out;
  for (const char* part : {"all products", "energy kept", "--sparsity 0.7: met, "}) {
    CHECK_MESSAGE(table.find(part) != std::string::npos, part);
  }
}

TEST_CASE("cli: prune: a layer that stays dense keeps its weights") {
  const Model model(43);
  const Json all = model.folder.json("prune net --sparsity 0.5");
  REQUIRE(all.at("layers").size() > 1);
  const std::string name = all.at("layers").at(0).at("name");
  const Json others = model.folder.json("prune net --sparsity 0.5 --dense-layer " + name + " -o p");
  CHECK(others.at("layers").size() + 1 == all.at("layers").size());
  for (const Json& layer : others.at("layers")) CHECK(layer.at("name") != name);
  CHECK_FALSE(model.folder.has("p/" + name + "_mask.npy"));
}

TEST_CASE("cli: prune: a goal out of reach names the best that can be had, and nothing is written") {
  const Model model(43);
  const Folder& folder = model.folder;
  check_out_of_reach(folder, "prune net --speedup 100000 -o p --json r.json", "--speedup 100000");
  check_out_of_reach(folder, "prune net --cycles 1 --json -", "--cycles 1");
  folder.write_npy("w.npy", std::vector<float>{1, 2, 3, 4, 5, 6}, 2, 3);
  check_out_of_reach(folder, "prune w.npy --speedup 1000 -o v.npy --mask m.npy --group 2:4", "--speedup 1000");
  check_out_of_reach(folder, "prune w.npy --sparsity 1", "--sparsity 1", "the best that can be had is ");
  check_out_of_reach(folder, "prune w.npy --sparsity 0.9 --group 2:4", "--sparsity 0.9", "--sparsity 0 takes that");
  const Json any = folder.json("prune net --sparsity 0.1");
  check_out_of_reach(folder, "prune net --speedup 100000 --per-layer", "--speedup 100000 per layer",
                     "is of " + any.at("layers").at(0).at("name").get<std::string>() + " ");
  std::string all_dense;
  for (const Json& layer : any.at("layers")) all_dense += " --dense-layer " + layer.at("name").get<std::string>();
  check_out_of_reach(folder, "prune net --speedup 100 --per-layer" + all_dense, "--speedup 100 per layer");
}

TEST_CASE("cli: prune refuses goals, groups and files that are none, and writes nothing") {
  const Model model(44);
  const Folder& folder = model.folder;
  folder.write_npy("w.npy", std::vector<float>{1, 2, 3, 4, 5, 6}, 2, 3);
  folder.write_npy("nan.npy", std::vector<float>{1, 2, std::numeric_limits<float>::quiet_NaN(), 4, 5, 6}, 2, 3);
  folder.write_npy("f64.npy", std::vector<double>{1, 2}, 1, 2);
  folder.write("text.npy", "text");
  std::filesystem::create_directory(folder.path("full"));
  folder.write("full/file", "somebody's");
  const std::vector<std::string> before = folder.list();
  const auto refused = [&](const std::string& arguments, const std::string& argument, const std::string& part) {
    CAPTURE(arguments);
    folder.refused("prune " + arguments, argument, part);
  };
  refused("net", "goal", "one of --sparsity, --cycles, --speedup, --kept");
  refused("net --sparsity 0.5 --kept 0.5", "--kept", "excludes --sparsity 0.5");
  for (const std::string flag : {"--sparsity", "--kept"}) {
    for (const std::string value : {"-0.1", "1.01", "nan"}) refused("net " + flag + "=" + value, flag, "is not 0 to 1");
    refused("net " + flag + " half", flag, "is not a number");
  }
  for (const std::string value : {"0", "-1", "inf", "nan"}) refused("net --speedup=" + value, "--speedup", "above 0");
  refused("net --cycles 0", "--cycles", "0 is not 1 to");
  refused("net --cycles 1.5", "--cycles", "not a whole number");
  refused("net --sparsity 0.5 --group columns", "--group", "is none of auto, weights, N:M, block:RxC");
  for (const std::string group : {"0:4", "5:4", "block:0x2", "2:x", "block:2"}) {
    refused("net --sparsity 0.5 --group " + group, "--group", "");
  }
  refused("net --sparsity 0.5 --dataflow dWS", "--dataflow", "skips nothing");
  refused("net --sparsity 0.5 --dense-layer nobody", "--dense-layer", "nobody");
  refused("net --sparsity 0.5 --off-chip-bandwidth 4", "--off-chip-bandwidth", "needs --buffers");
  refused("net --sparsity 0.5 --columns 4", "--columns", "is of a matrix");
  refused("net --sparsity 0.5 --mask m.npy", "--mask", "is of a matrix");
  refused("w.npy --sparsity 0.5 --permute", "--permute", "is of models");
  refused("w.npy --sparsity 0.5 --dense-layer w", "--dense-layer", "is of models");
  refused("net --sparsity 0.5 --input w.npy", "w.npy", "the network's");
  refused("net --sparsity 0.5 --input x.npy --input x.npy", "--input", "the network has 1 inputs");
  refused("w.npy --sparsity 0.5 --input w.npy", "w.npy", "is 2 x 3; the weights have 3 columns");
  refused("nan.npy --sparsity 0.5 -o o.npy", "nan.npy", "weight 2 is not a finite number");
  refused("net --curves 2 --input x.npy --arrays 4x4,0x4", "--arrays", "sides are 1 to 65536");
  refused("f64.npy --sparsity 0.5", "f64.npy", "weights of f32, s8 and u8");
  refused("text.npy --sparsity 0.5", "text.npy", "magic");
  refused("nowhere --sparsity 0.5", "nowhere", "");
  refused("net --sparsity 0.5 -o full", "full", "is not empty");
  refused("net --sparsity 0.5 -o x.npy", "x.npy", "is there and no folder");
  refused("net --sparsity 0.5 -o p --json p", "p", "is the folder of the network");
  refused("net --sparsity 0.5 -o nowhere/p", "nowhere/p", "cannot be created");
  refused("net --sparsity 0.5 -o p --json nowhere/r.json", "nowhere/r.json", "cannot be created");
  refused("net --sparsity 0.5 -o p --json /dev/full", "/dev/full", "No space left");
  refused("net --sparsity 0.5 --json net/index.json", "net/index.json", "would be overwritten");
  for (const auto& item : std::filesystem::directory_iterator(folder.path("net"))) {
    const std::string file = "net/" + item.path().filename().string();
    refused("net --sparsity 0.5 --json " + file, file, "would be overwritten");
    folder.refused("network net --json " + file, file, "would be overwritten");
    if (item.path().extension() != ".npy") continue;
    folder.refused("network net/index.json --input x.npy -o " + file, file, "would be overwritten");
  }
  refused("w.npy --sparsity 0.5 -o w.npy", "w.npy", "would be overwritten");
  refused("w.npy --sparsity 0.5 -o v.npy --mask v.npy", "v.npy", "another output");
  refused("w.npy --sparsity 0.5 -o v.txt", "v.txt", ".npy");
  CHECK(folder.list() == before);
}

TEST_CASE("cli: prune: where nothing takes any cycles there is no speed-up to name") {
  const Folder folder;
  folder.write_npy("w.npy", std::vector<float>(6), 2, 3);
  const Json json = folder.json("prune w.npy --speedup 4");
  CHECK(json.at("cycles") == 0);
  CHECK(json.at("speedup").is_null());
  CHECK(folder.works("prune w.npy --speedup 4").out.find("--speedup 4: met, no cycles") != std::string::npos);
}

// In the index' files, which say nothing of it.
TEST_CASE("cli: prune names the layer with a weight that is no number, and a file that is not the index'") {
  const Folder folder;
  network::Linear linear;
  Tensor weight({"", Type::f32, {2, 3}, {}});
  for (int i = 0; i < 6; ++i) weight.as<float>()[i] = 1;
  weight.as<float>()[4] = std::numeric_limits<float>::infinity();
  linear.weight = std::make_shared<const Tensor>(std::move(weight));
  Network network;
  network.name = "small", network.tensors = {{"x", Type::f32, {1, 3}, {}}, {"y", Type::f32, {1, 2}, {}}};
  network.steps = {{"only", network::FullyConnected{linear}, {0}, 1}};
  network.inputs = {0}, network.outputs = {1};
  io::write_network(folder.path("net"), network);
  folder.refused("prune net --sparsity 0.5 -o p", "net/index.json", "only: weight 4 ");
  std::string file;
  for (const auto& item : std::filesystem::directory_iterator(folder.path("net"))) {
    if (item.path().extension() == ".npy") file = item.path().filename().string();
  }
  folder.write_npy("net/" + file, std::vector<float>(8, 1), 2, 4);
  folder.refused("prune net --sparsity 0.5 -o p", "net/" + file, "2 x 4");
  CHECK(folder.list() == std::vector<std::string>{"net"});
}

}  // namespace septet::cli::test
