// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What lies between the recorded layers of trained integer networks: from the recorded outputs of products, additions,
// pools and reshapes make the recorded inputs of the next ones; and from the last ones come the recorded logits.
#include "io/network_index.hpp"
#include "io/tensor_file.hpp"
#include "septet/network/execute.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace septet::network {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const fs::path kData = fs::path(SEPTET_SHARED_DIR) / "data";

// An .npy file as a value of this tensor.
Tensor recorded(const fs::path& path, const TensorInfo& info) {
  const Tensor file = io::read_tensor(path.string());
  Tensor result(info);
  REQUIRE(file.info().type == info.type);
  REQUIRE(file.bytes() == result.bytes());
  std::copy_n(file.as<std::byte>(), file.bytes(), result.as<std::byte>());
  return result;
}

Index differences(const Tensor& a, const Tensor& b) {
  Index count = 0;
  for (std::size_t i = 0; i < a.bytes(); ++i) count += a.as<std::uint8_t>()[i] != b.as<std::uint8_t>()[i];
  return count;
}

// Walks through the steps; how many elements that no product made were compared.
Index check_run(const fs::path& golden) {
  std::ifstream file(golden / "golden.json");
  const Json json = Json::parse(file);
  const Network network = io::read_network((kData / "models" / json.at("model").get<std::string>()).string());
  std::map<std::string, Json> layers;
  for (const Json& layer : json.at("layers")) layers[layer.at("layer").get<std::string>()] = layer;

  std::map<Index, Tensor> values;
  std::map<Index, bool> computed;  // by the operators under test
  Index compared = 0;
  Tensor logits;
  for (const Step& step : network.steps) {
    INFO(step.name);
    const TensorInfo& y = network.tensors[static_cast<std::size_t>(step.output)];
    if (const auto layer = layers.find(step.name); layer != layers.end()) {
      const Index input = step.inputs[0];
      const Tensor want = recorded(golden / layer->second.at("input").get<std::string>(),
                                   network.tensors[static_cast<std::size_t>(input)]);
      if (computed[input]) {
        CHECK(differences(values.at(input), want) == 0);
        compared += want.info().elements();
      }
      values[input] = want;
      values[step.output] = recorded(golden / layer->second.at("output").get<std::string>(), y);
      logits = values[step.output];
      continue;
    }
    if (std::any_of(step.inputs.begin(), step.inputs.end(), [&](Index i) { return values.count(i) == 0; })) continue;
    std::vector<const Tensor*> x;
    for (const Index input : step.inputs) x.push_back(&values.at(input));
    Tensor result(y);
    execute(step, x, result);
    values[step.output] = std::move(result);
    computed[step.output] = true;
  }

  Tensor real({"logits", Type::f32, logits.info().shape, {}});
  execute({"logits", Quantise{}, {}, 0}, {&logits}, real);
  const Json& want = json.at("final_logits_dequantised");  // or the first few of them
  REQUIRE(!want.empty());
  REQUIRE(static_cast<Index>(want.size()) <= real.info().elements());
  for (std::size_t i = 0; i < want.size(); ++i) {
    CHECK(real.as<float>()[i] == static_cast<float>(want[i].get<double>()));
  }
  return compared;
}

}  // namespace

TEST_CASE("between the recorded layers of trained networks") {
  if (!fs::exists(kData / "golden")) {
    MESSAGE("no recorded networks under " SEPTET_SHARED_DIR);
    return;
  }
  Index compared = 0;
  for (const auto& entry : fs::directory_iterator(kData / "golden")) {
    INFO(entry.path().filename().string());
    compared += check_run(entry.path());
  }
  MESSAGE(compared << " elements compared");
  CHECK(compared > 0);
}

}  // namespace septet::network
