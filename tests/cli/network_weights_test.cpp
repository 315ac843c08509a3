// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// network: dense and sparse weights, on both executors, and one beside the other.
#include "network_model.hpp"

#include <algorithm>
#include <filesystem>

namespace septet::cli::test {
namespace {

bool is_sparse_name(const std::string& dataflow) { return dataflow[0] != 'd'; }

// All files of a record, by name.
std::vector<std::string> record_of(const Folder& folder) {
  std::vector<std::string> texts;
  const Json record = Json::parse(folder.read("rec/record.json"));
  for (const Json& layer : record.at("layers")) {
    for (const char* key : {"acc", "output"}) {
      if (layer.contains(key)) texts.push_back(folder.read("rec/" + layer.at(key).get<std::string>()));
    }
  }
  REQUIRE_FALSE(texts.empty());
  return texts;
}

void check_ratio(const Json& both, const std::string& what) {
  const Json &dense = both.at(what + "_dense"), &sparse = both.at(what + "_sparse"), &ratio = both.at(what + "_ratio");
  CAPTURE(both.dump());
  if (dense.is_null() || sparse.is_null() || sparse == 0) {
    CHECK(ratio.is_null());
  } else {
    CHECK(ratio == dense.get<double>() / sparse.get<double>());
  }
}

// The section of --sparse-over-dense beside the layers that it is about.
void check_section(const Json& json, bool timed) {
  const Json& section = json.at("sparse_over_dense");
  CHECK(keys_of(section) == std::vector<std::string>{"runs", "cycles_dense", "cycles_sparse", "cycles_ratio",
                                                     "seconds_dense", "seconds_sparse", "seconds_ratio", "layers"});
  CHECK(section.at("cycles_dense") == json.at("cycles_best_dense"));
  CHECK(section.at("cycles_sparse") == json.at("cycles_best_sparse"));
  check_ratio(section, "cycles"), check_ratio(section, "seconds");
  CHECK(section.at("runs").is_null() == !timed);
  std::size_t place = 0;
  double dense = 0, sparse = 0;
  for (const Json& layer : json.at("layers")) {
    if (layer.at("count") == 0) continue;
    REQUIRE(place < section.at("layers").size());
    const Json& both = section.at("layers")[place++];
    CAPTURE(both.dump());
    CHECK(both.at("name") == layer.at("name"));
    CHECK(both.at("cycles_dense") == layer.at("cycles_best_dense"));
    CHECK(both.at("cycles_sparse") == layer.at("cycles_best_sparse"));
    const Json& each = layer.at("cycles_by_dataflow");
    CHECK(each.at(both.at("dataflow_dense").get<std::string>()) == both.at("cycles_dense"));
    CHECK(each.at(both.at("dataflow_sparse").get<std::string>()) == both.at("cycles_sparse"));
    check_ratio(both, "cycles"), check_ratio(both, "seconds");
    CHECK(both.at("format_sparse").is_null() == !timed);
    CHECK(both.at("seconds_dense").is_null() == !timed);
    if (!timed) continue;
    CHECK(both.at("seconds_dense") > 0);
    CHECK(both.at("seconds_sparse") > 0);
    dense += both.at("seconds_dense").get<double>(), sparse += both.at("seconds_sparse").get<double>();
  }
  CHECK(place == section.at("layers").size());
  if (!timed) return;
  // The whole has the steps that are no products, too.
  CHECK(section.at("seconds_dense").get<double>() >= dense * (1 - 1e-9));
  CHECK(section.at("seconds_sparse").get<double>() >= sparse * (1 - 1e-9));
}

}  // namespace

TEST_CASE("cli: network --weights: the dataflows that the array may take") {
  for (const std::uint64_t seed : {21, 22, 23}) {
    CAPTURE(seed);
    const Model model(seed);
    const Tensor want = model.output();
    for (const std::string weights : {"dense", "sparse", "auto"}) {
      CAPTURE(weights);
      const std::string given = "network net --array 4x4 --weights " + weights;
      const Json json = model.folder.json(given + " --input x.npy --executor array -o y.npy");
      CHECK(same_elements(io::read_tensor(model.folder.path("y.npy")), want));
      CHECK(json.at("weights") == weights);
      for (const Json& layer : json.at("layers")) {
        if (layer.at("count") == 0) continue;
        const Index cycles = layer.at("cycles_total").get<Index>() - layer.at("cycles_vector").get<Index>();
        const Index dense = layer.at("cycles_best_dense"), sparse = layer.at("cycles_best_sparse");
        CHECK(cycles == (weights == "dense" ? dense : weights == "sparse" ? sparse : std::min(dense, sparse)));
        if (weights != "auto") CHECK(is_sparse_name(layer.at("dataflow")) == (weights == "sparse"));
      }
    }
  }
}

TEST_CASE("cli: network --weights on the CPU: the same bits, of every layer") {
  const Model model(24);
  const Tensor want = model.output();
  std::vector<std::string> record;
  for (const std::string weights : {"auto", "dense", "sparse"}) {
    CAPTURE(weights);
    const std::string given = "network net --input x.npy --weights " + weights;
    const Json json = model.folder.json(given + " --runs 3 -o y.npy");
    CHECK(same_elements(io::read_tensor(model.folder.path("y.npy")), want));
    CHECK(json.at("seconds") > 0);
    for (const Json& layer : json.at("layers")) {
      CHECK(layer.at("weight_format").is_null() == (layer.at("count") == 0));
      CHECK(layer.at("weight_packed_bytes").is_null() == (layer.at("count") == 0));
    }
    model.folder.works(given + " --record rec");
    if (record.empty()) record = record_of(model.folder);
    CHECK(record_of(model.folder) == record);
    model.folder.works(given + " --compare rec");
    std::filesystem::remove_all(model.folder.path("rec"));
  }
}

TEST_CASE("cli: network --sparse-over-dense") {
  const Model model(25);
  check_section(model.folder.json("network net --sparse-over-dense --array 4x4"), false);
  const Json timed = model.folder.json("network net --sparse-over-dense --array 4x4 --input x.npy --runs 2");
  check_section(timed, true);
  CHECK(timed.at("sparse_over_dense").at("runs") == 2);
  CHECK(timed.at("executor") == "cpu");
  const Json array = model.folder.json("network net --sparse-over-dense --input x.npy --executor array");
  check_section(array, true);
  CHECK(array.at("sparse_over_dense").at("runs") == 5);
  model.folder.write("t.csv", "Layer, M, N, K\nfirst, 30, 4, 5\nsecond, 10, 4, 30\n");
  check_section(model.folder.json("network t.csv --sparse-over-dense"), false);
  CHECK_FALSE(model.folder.json("network t.csv").contains("sparse_over_dense"));
  const std::string table = model.folder.works("network net --sparse-over-dense --input x.npy").out;
  for (const char* part : {"dense, cycles", "sparse, cycles", "dense, CPU", "sparse, CPU", "in total"}) {
    CHECK_MESSAGE(table.find(part) != std::string::npos, part);
  }
}

// A trained network, of whose weights four out of five are zeros.
TEST_CASE("cli: network: sparse over dense of a trained network of bytes") {
  const std::string name = shared_data("data/models/mobilenetv1_025_vww96_int8");
  const std::string input = shared_data("data/golden/mobilenetv1_025_vww96_int8__person/L00_conv_in.npy");
  if (name.empty() || input.empty()) return;
  const Folder folder;
  const Json json =
      folder.json("network '" + name + "' --array 16x16 --sparse-over-dense --input '" + input + "' --runs 2");
  check_section(json, true);
  const Json& section = json.at("sparse_over_dense");
  CHECK(section.at("cycles_dense") == 188532);
  CHECK(section.at("cycles_sparse") == 91590);
  CHECK(section.at("layers").size() == 28);
}

TEST_CASE("cli: network refuses weights and runs that mean nothing") {
  const Model model(26);
  const Folder& folder = model.folder;
  folder.write("t.csv", "Layer, M, N, K\nfirst, 3, 4, 5\n");
  const std::vector<std::string> before = folder.list();
  folder.refused("network net --weights csr", "--weights", "'csr' is none of dense, sparse, auto");
  folder.refused("network net --weights dense --dataflow dOS", "--weights", "excludes --dataflow dOS");
  folder.refused("network net --runs 3", "--runs", "nothing is run without --input");
  folder.refused("network t.csv --runs 3", "--runs", "a table has shapes alone");
  folder.refused("network net --input x.npy --runs 0", "--runs", "0");
  for (const std::string flag : {"--executor array", "--dataflow dOS", "--record rec", "--against mac=unfused"}) {
    CAPTURE(flag);
    folder.refused("network net --input x.npy --runs 3 " + flag, "--runs", "is of the CPU's own way");
  }
  folder.refused("network net --input x.npy --threads 2000", "--threads", "1 to 1024");
  CHECK(folder.list() == before);
}

}  // namespace septet::cli::test
