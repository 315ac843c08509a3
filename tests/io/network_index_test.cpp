// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Trained networks of others, and their numbers derived a second time.
#include "io/network_index.hpp"
#include "io/json_file.hpp"
#include "io/npy.hpp"
#include "network_support.hpp"

#include <doctest/doctest.h>

#include <filesystem>

namespace septet::io::test {
namespace {

namespace fs = std::filesystem;
using network::Linear;
using network::Network;
using network::Tensor;

const Json index_of(const fs::path& folder) { return read_json((folder / "index.json").string(), 1 << 26, "a test"); }

std::vector<fs::path> models() {
  std::vector<fs::path> result;
  const std::string folder = shared_data("data/models");
  if (folder.empty()) return result;
  for (const auto& entry : fs::directory_iterator(folder)) result.push_back(entry.path());
  std::sort(result.begin(), result.end());
  return result;
}

// Weight (o, i, j, c) of the file as it lies there: [1][rows][columns][outputs] of depthwise ones.
Index place_in_file(const std::vector<Index>& file, bool depthwise, Index at, const std::vector<Index>& shape) {
  if (!depthwise) return at;
  const Index taps = shape[1] * shape[2], output = at / taps, tap = at % taps;
  return tap * file[3] + output;
}

void check_weights(const fs::path& folder, const Json& step, const Linear& linear) {
  const NpyArray file = read_npy_array((folder / step["files"]["weight"].get<std::string>()).string());
  const Tensor& weight = *linear.weight;
  REQUIRE(weight.info().elements() == file.elements);
  const bool depthwise = step["op"] == "DEPTHWISE_CONV_2D";
  const Index size = file.elements == 0 ? 0 : static_cast<Index>(file.bytes.size()) / file.elements;
  int wrong = 0;
  for (Index i = 0; i < file.elements; ++i) {
    const std::byte* stored = file.bytes.data() + place_in_file(file.shape, depthwise, i, weight.info().shape) * size;
    if (weight.info().type == Type::f32 && size == 1) {  // bytes that stand for f32
      const double scale = step["inputs"][1]["scale"].get<double>();
      wrong += weight.as<float>()[i] != static_cast<float>(scale * static_cast<std::int8_t>(*stored));
    } else {
      wrong += std::memcmp(static_cast<const std::byte*>(weight.data()) + i * size, stored, std::size_t(size)) != 0;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("read_network: trained networks: steps, shapes, weights in our order") {
  for (const fs::path& folder : models()) {
    CAPTURE(folder.string());
    const Json json = index_of(folder);
    const Network network = read_network(folder.string());
    CHECK(network.name == json["name"].get<std::string>());
    REQUIRE(network.steps.size() == json["steps"].size());
    Index products = 0;
    for (std::size_t i = 0; i < network.steps.size(); ++i) {
      CAPTURE(i);
      const network::Step& step = network.steps[i];
      const Json& source = json["steps"][i];
      const auto& output = network.tensors[static_cast<std::size_t>(step.output)];
      CHECK(output.shape == source["outputs"][0]["shape"].get<std::vector<Index>>());
      const Linear* linear = linear_of(step);
      CHECK((linear != nullptr) == source.contains("gemm"));
      if (linear == nullptr) continue;
      ++products;
      CHECK(step.name == source["layer"].get<std::string>());
      CHECK(linear->outputs() == output.dim(-1));
      CHECK((linear->bias != nullptr) == source["files"].contains("bias"));
      check_weights(folder, source, *linear);
      if (const auto* convolution = std::get_if<network::Convolution>(&step.op)) {
        CHECK(convolution->groups == source["gemm"].value("batch", Index{1}));
        const auto& input = network.tensors[static_cast<std::size_t>(step.inputs[0])];
        CHECK(convolution->window.out_height(input.dim(1)) == output.dim(1));
        CHECK(convolution->window.out_width(input.dim(2)) == output.dim(2));
        CHECK(convolution->window.pad_bottom == source["params"]["pad_h"][1].get<Index>());
      }
      if (is_integer(output.type)) {
        CHECK(linear->low == source["output_clamp"][0].get<int>());
        CHECK(linear->high == source["output_clamp"][1].get<int>());
        const Index zero_point = source["inputs"][1].value("zero_point", Index{0});
        CHECK(linear->weight->info().quantisation.zero_point == zero_point);
      }
    }
    CHECK(products > 0);
  }
}

// The same index without what can be worked out: pads, clamps, multipliers.
TEST_CASE("read_network: multipliers, clamps and pads follow from scales, activations and SAME") {
  const ScratchFolder scratch;
  for (const fs::path& folder : models()) {
    CAPTURE(folder.string());
    Json json = index_of(folder);
    for (Json& step : json["steps"]) {
      step.erase("output_clamp");
      step.erase("groups");
      step["params"].erase("pad_h");
      step["params"].erase("pad_w");
      if (!step.contains("files")) continue;
      step["files"].erase("requant_multiplier");
      step["files"].erase("requant_shift");
      for (auto& file : step["files"]) file = (folder / file.get<std::string>()).string();
    }
    const Network derived = read_network(scratch.write("index.json", json.dump()));
    check_same(derived, read_network(folder.string()));
  }
}

TEST_CASE("write_network: trained networks come back as they were") {
  for (const fs::path& folder : models()) {
    CAPTURE(folder.string());
    const ScratchFolder scratch;
    const Network network = read_network((folder / "index.json").string());
    write_network(scratch.path("copy"), network);
    check_same(read_network(scratch.path("copy")), network);
  }
}

TEST_CASE("write_network: every operator comes back") {
  const ScratchFolder scratch;
  const Network network = every_operator();
  write_network(scratch.path("copy"), network);
  const Network copy = read_network(scratch.path("copy"));
  check_same(copy, network);
  write_network(scratch.path("copy"), copy);  // over itself
  check_same(read_network(scratch.path("copy/index.json")), network);
}

}  // namespace
}  // namespace septet::io::test
