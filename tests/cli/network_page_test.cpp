// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet network --report: what its page says, and what a browser makes of it.
#include "cli_test_support.hpp"
#include "page_support.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace septet::cli::test {
namespace {

const std::vector<std::string> kDataflows = {"dOS", "dWS", "dIS", "sOS", "sWS", "sIS", "csOS"};

// Products of four shapes; the first has a name that is HTML, the last is longer than a row's label.
const std::string kTable =
    "Layer, M, N, K\n"
    "a<b>&'c', 49, 64, 100\n"
    "second, 1, 10, 64\n"
    "third, 196, 33, 17\n"
    "model/block_7/expand/convolution_of_a_very_long_name, 20, 200, 30\n";

void check_row(const std::map<std::string, Cell>& row, const Json& layer) {
  CAPTURE(layer.dump());
  CHECK(row.at("layer").text == layer.at("name"));
  CHECK(row.at("operator").text == layer.at("op"));
  const bool product = layer.at("count") > 0;
  const std::map<std::string, std::string> keys = {{"cycles", "cycles_total"},      {"vector unit", "cycles_vector"},
                                                   {"MACs, dense", "macs_dense"},   {"MACs, issued", "macs_issued"},
                                                   {"MACs, useful", "macs_useful"}, {"parameters", "parameters"}};
  for (const auto& [header, key] : keys) CHECK_MESSAGE(row.at(header).value == layer.at(key).get<double>(), key);
  CHECK(row.at("bytes moved").value.has_value() == product);
  if (product) {
    CHECK(row.at("bytes moved").value == layer.at("moved_bytes").get<double>());
    CHECK(row.at("energy (µJ)").value == layer.at("energy_pj").get<double>() * 1e-6);
    CHECK(row.at("utilised (%)").value == 100 * layer.at("utilization").get<double>());
    CHECK(row.at("dataflow").text.rfind(layer.at("dataflow").get<std::string>(), 0) == 0);
    const double dense = layer.at("cycles_best_dense"), sparse = layer.at("cycles_best_sparse");
    CHECK(row.at("dense / sparse").value == dense / sparse);
  }
  for (const std::string& dataflow : kDataflows) {
    const Json& cycles = layer.at("cycles_by_dataflow");
    REQUIRE(cycles.contains(dataflow) == product);
    CHECK(row.at(dataflow).value.has_value() == product);
    if (product) CHECK_MESSAGE(row.at(dataflow).value == cycles.at(dataflow).get<double>(), dataflow);
  }
}

// What the JSON says of the layers' dataflows has to agree with itself.
void check_dataflows(const Json& json) {
  double dense_total = 0, sparse_total = 0;
  for (const Json& layer : json.at("layers")) {
    if (layer.at("count") == 0) continue;
    CAPTURE(layer.dump());
    double dense = INFINITY, sparse = INFINITY;
    for (const auto& [dataflow, cycles] : layer.at("cycles_by_dataflow").items()) {
      double& least = dataflow[0] == 'd' ? dense : sparse;
      least = std::min(least, cycles.get<double>());
    }
    CHECK(layer.at("cycles_best_dense") == dense);
    CHECK(layer.at("cycles_best_sparse") == sparse);
    if (json.at("dataflow") == "auto")
      CHECK(layer.at("cycles_total").get<double>() - layer.at("cycles_vector").get<double>() ==
            std::min(dense, sparse));
    dense_total += dense, sparse_total += sparse;
  }
  CHECK(json.at("cycles_best_dense") == dense_total);
  CHECK(json.at("cycles_best_sparse") == sparse_total);
}

void check_numbers(const std::string& html, const Json& json) {
  check_page_alone(html);
  check_dataflows(json);
  const std::map<std::string, std::string> facts = {
      {"Cycles", "cycles_total"},    {"on the array", "cycles_array"}, {"on the vector unit", "cycles_vector"},
      {"MACs, dense", "macs_dense"}, {"MACs, issued", "macs_issued"},  {"MACs, useful", "macs_useful"},
      {"Parameters", "parameters"}};
  for (const auto& [what, key] : facts) CHECK_MESSAGE(fact_of(html, what) == grouped(json.at(key)), what);
  CHECK(fact_of(html, "Bytes between array and buffers") ==
        grouped(static_cast<long long>(json.at("moved_bytes").get<double>())));
  for (const char* what : {"Array", "Clock", "Latency", "Throughput, inputs", "Cycles per input", "Watts",
                           "Energy of the products", "Vector unit"}) {
    CHECK_MESSAGE(!fact_of(html, what).empty(), what);
  }
  const auto rows = rows_of(html, "layers");
  REQUIRE(rows.size() == json.at("layers").size());
  for (std::size_t i = 0; i < rows.size(); ++i) check_row(rows[i], json.at("layers")[i]);
}

void check_rendered(const Json& found, const Json& json, int roofs) {
  CHECK(found.at("resources") == 0);
  CHECK(found.at("too_wide") == false);
  CHECK(found.at("outside") == Json::array());
  std::vector<std::string> layers, products;
  std::vector<double> cycles;
  for (const Json& layer : json.at("layers")) {
    layers.push_back(layer.at("name"));
    if (layer.at("count") > 0) products.push_back(layer.at("name"));
    cycles.push_back(layer.at("cycles_total"));
  }
  std::sort(cycles.begin(), cycles.end());
  CHECK(found.at("rows") == layers);
  CHECK(found.at("sorted") == cycles);
  REQUIRE(found.at("drawings").size() == 3);
  const Json &bars = found.at("drawings")[0], &roofline = found.at("drawings")[1], &sparse = found.at("drawings")[2];
  CHECK(bars.at("rows") == layers);
  CHECK(sparse.at("rows") == products);
  CHECK(sparse.at("bars") == 2 * products.size());
  CHECK(roofline.at("roofs") == roofs);
  CHECK(roofline.at("titles").size() == products.size());
  CHECK(roofline.at("covered") == false);
}

TEST_CASE("network: the page has the JSON's numbers, of all layers") {
  const Folder folder;
  folder.write("layers.csv", kTable);
  for (const char* options : {"--array 8x16", "--array 16x16 --dataflow dWS --bandwidth 8",
                              "--array 4x4 --timing overlapped --buffers 4K,8K,16K --off-chip-bandwidth 4"}) {
    CAPTURE(options);
    folder.works("network layers.csv --report r.html --json r.json " + std::string(options));
    check_numbers(folder.read("r.html"), Json::parse(folder.read("r.json")));
    CHECK(folder.list() == std::vector<std::string>{"layers.csv", "r.html", "r.json"});
  }
  const std::string model = shared_data("data/models/resnet8_cifar10_int8/index.json");
  if (model.empty()) return;
  folder.works("network '" + model + "' --array 16x16 --report r.html --json r.json");
  check_numbers(folder.read("r.html"), Json::parse(folder.read("r.json")));
}

TEST_CASE("network: a browser shows the page, all of it, and loads nothing") {
  const Folder folder;
  folder.write("layers.csv", kTable);
  std::vector<std::pair<std::string, int>> models = {{"layers.csv --bandwidth 8", 2}};  // and the roofs
  for (const char* trained : {"resnet8_cifar10_int8", "mobilenetv2_100_224_int8"}) {
    const std::string model = shared_data(std::string("data/models/") + trained);
    if (!model.empty()) models.emplace_back("'" + model + "'", 1);
  }
  for (const auto& [model, roofs] : models) {
    CAPTURE(model);
    folder.works("network " + model + " --array 16x16 --report r.html --json r.json");
    const Json found = rendered(folder, folder.read("r.html"));
    if (found.is_null()) return;
    check_rendered(found, Json::parse(folder.read("r.json")), roofs);
    CHECK(folder.read("page.png").substr(1, 3) == "PNG");
  }
}

TEST_CASE("network: files that are no page, or another's, are refused, and nothing is written") {
  const Folder folder;
  folder.write("layers.csv", kTable);
  folder.refused("network layers.csv --report r.txt", "--report", "'r.txt' does not end in .html");
  folder.refused("network layers.csv --report -", "--report", "needs a file");
  folder.refused("network layers.csv --report r.html --json ./r.html", "r.html", "another output");
  folder.refused("network layers.csv --report nowhere/r.html --json r.json", "nowhere/r.html", "cannot be created");
  folder.refused("network layers.csv --report r.html --json nowhere/r.json", "nowhere/r.json", "cannot be created");
  CHECK(folder.list() == std::vector<std::string>{"layers.csv"});
}

}  // namespace
}  // namespace septet::cli::test
