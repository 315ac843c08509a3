// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The network in examples/digits: what its README says of it.
#include "cli_test_support.hpp"
#include "io/tensor_file.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>

namespace septet::cli::test {
namespace {

const std::string kDigits = SEPTET_EXAMPLES_DIR "/digits";
const std::string kRun = "network '" + kDigits + "' --input '" + kDigits + "/inputs.npy' --array 16x16 ";

template <class T>
std::vector<T> values_of(const std::string& path) {
  const network::Tensor tensor = io::read_tensor(path);
  REQUIRE(tensor.info().type == type_of<T>());
  const T* data = static_cast<const T*>(tensor.data());
  return std::vector<T>(data, data + tensor.info().elements());
}

// The greatest of each image's ten outputs.
std::vector<std::uint8_t> recognised(const std::vector<std::int8_t>& outputs) {
  std::vector<std::uint8_t> digits;
  for (auto image = outputs.begin(); image != outputs.end(); image += 10) {
    digits.push_back(static_cast<std::uint8_t>(std::max_element(image, image + 10) - image));
  }
  return digits;
}

}  // namespace

TEST_CASE("cli: examples/digits is recognised, with the same bits in all dataflows") {
  const Folder folder;
  folder.works(kRun + "--record cpu -o cpu.npy");
  const auto outputs = values_of<std::int8_t>(folder.path("cpu.npy"));
  const auto labels = values_of<std::uint8_t>(kDigits + "/labels.npy");
  REQUIRE(outputs.size() == 16 * 10);
  REQUIRE(labels.size() == 16);
  const std::vector<std::uint8_t> digits = recognised(outputs);
  Index right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) right += digits[i] == labels[i] ? 1 : 0;
  CHECK(right == 15);  // a 5 looks like a 9
  for (const std::string dataflow : {"dOS", "dWS", "dIS", "sOS", "sWS", "sIS", "csOS"}) {
    CAPTURE(dataflow);
    folder.works(kRun + "--executor array --compare cpu -o array.npy --dataflow " + dataflow);
    CHECK(values_of<std::int8_t>(folder.path("array.npy")) == outputs);
  }
}

TEST_CASE("cli: examples/digits takes the cycles that its README says") {
  const Json json = Folder().json(kRun + "--sparse-over-dense --runs 1");
  CHECK(json.at("cycles_array") == 1981);
  CHECK(json.at("cycles_best_dense") == 11384);
  CHECK(json.at("layers").size() == 5);
  std::uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(kDigits)) bytes += file.file_size();
  CHECK(bytes < 100'000);
}

}  // namespace septet::cli::test
