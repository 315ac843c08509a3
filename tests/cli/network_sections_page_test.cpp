// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// network --report with all that it may have beside the layers: partition, numbers, times of both forms of weights.
#include "network_model.hpp"
#include "page_support.hpp"

#include <algorithm>

namespace septet::cli::test {
namespace {

using Row = std::map<std::string, Cell>;

void check_value(const Row& row, const std::string& header, const Json& value) {
  CAPTURE(header);
  if (value.is_null()) {
    CHECK_FALSE(row.at(header).value.has_value());
  } else {
    CHECK(row.at(header).value == value.get<double>());
  }
}

void check_partition(const std::string& html, const Json& partition) {
  CHECK(fact_of(html, "Cycles of the most loaded array") == grouped(partition.at("cycles_slowest")));
  CHECK(fact_of(html, "Cycles of one run") == grouped(partition.at("cycles_latency")));
  CHECK(fact_of(html, "Bytes between arrays") == grouped(partition.at("exchange_bytes")));
  const std::vector<Row> rows = rows_of(html, "arrays");
  REQUIRE(rows.size() == partition.at("loads").size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Json& load = partition.at("loads")[i];
    CHECK(rows[i].at("array").value == static_cast<double>(i));
    check_value(rows[i], "cycles", load.at("cycles")), check_value(rows[i], "MACs", load.at("macs"));
    check_value(rows[i], "parameters", load.at("parameters"));
    check_value(rows[i], "receives bytes", load.at("receives_bytes"));
    check_value(rows[i], "bytes of tables", load.at("table_bytes"));
  }
}

Json mismatches(const Json& difference) { return difference.is_null() ? difference : difference.at("mismatches"); }

void check_numerics(const std::string& html, const Json& numerics) {
  CHECK(fact_of(html, "Beside") == numerics.at("reference"));
  CHECK(fact_of(html, "Layers compared") == grouped(numerics.at("layers_compared")));
  CHECK(fact_of(html, "Layers that differ alone") == grouped(numerics.at("layers_different_alone")));
  CHECK(fact_of(html, "Layers that differ in the run") == grouped(numerics.at("layers_different")));
  CHECK(fact_of(html, "First difference").empty() == (numerics.at("layers_different") == 0));
  const std::vector<Row> rows = rows_of(html, "numerics");
  REQUIRE(rows.size() == numerics.at("layers").size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Json& layer = numerics.at("layers")[i];
    CHECK(rows[i].at("layer").text == layer.at("name"));
    check_value(rows[i], "sums alone", mismatches(layer.at("alone").at("sums")));
    check_value(rows[i], "outputs alone", mismatches(layer.at("alone").at("output")));
    check_value(rows[i], "sums", mismatches(layer.at("run").at("sums")));
    check_value(rows[i], "outputs", mismatches(layer.at("run").at("output")));
  }
}

void check_times(const std::string& html, const Json& json) {
  const std::vector<Row> rows = rows_of(html, "layers");
  for (const Json& both : json.at("sparse_over_dense").at("layers")) {
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& r) {
      return r.at("layer").text == both.at("name").get<std::string>();
    });
    REQUIRE(row != rows.end());
    check_value(*row, "dense weights (ms)", both.at("seconds_dense").get<double>() * 1e3);
    check_value(*row, "sparse weights (ms)", both.at("seconds_sparse").get<double>() * 1e3);
    check_value(*row, "times", both.at("seconds_ratio"));
  }
}

void check_training(const std::string& html, const Json& training) {
  CHECK(fact_of(html, "Useful MACs") == grouped(training.at("macs")));
  CHECK(fact_of(html, "Inserted zeros skipped") == grouped(training.at("macs_zeros_skipped")));
  CHECK(fact_of(html, "Ideal cycles of these") == grouped(training.at("cycles_ideal_padded")));
  const std::vector<Row> rows = rows_of(html, "training");
  REQUIRE(rows.size() == training.at("products").size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Json& product = training.at("products")[i];
    CHECK(rows[i].at("product").text == product.at("name"));
    CHECK(rows[i].at("pass").text == product.at("pass"));
    check_value(rows[i], "MACs", product.at("macs"));
    check_value(rows[i], "with inserted zeros", product.at("macs_zero_inserted"));
    check_value(rows[i], "cycles on the array", product.at("cycles_array"));
    check_value(rows[i], "with zeros multiplied", product.at("cycles_zero_inserted"));
    check_value(rows[i], "operations, padded", product.at("operations_padded"));
    check_value(rows[i], "ideal cycles", product.at("cycles_ideal_padded"));
  }
}

std::vector<std::string> names_of(const Json& drawings) {
  std::vector<std::string> names;
  for (const Json& drawing : drawings) {
    const std::string name = drawing.at("name");
    names.push_back(name.substr(0, name.find(',')));
  }
  return names;
}

void check_rendered(const Json& found, const Model& model, std::size_t arrays) {
  CHECK(found.at("resources") == 0);
  CHECK(found.at("too_wide") == false);
  CHECK(found.at("outside") == Json::array());
  const std::vector<std::string> headings = {
      "In total", "Layers", "Over " + std::to_string(arrays) + " arrays, by filter", "Numbers", "All layers", "Method"};
  CHECK(found.at("headings") == headings);
  const std::vector<std::string> drawings = {"cycles of every layer of random", "roofline of the array",
                                             "dense and sparse dataflows", "times with dense and sparse weights",
                                             "cycles of every array"};
  CHECK(names_of(found.at("drawings")) == drawings);
  REQUIRE(found.at("drawings").size() == drawings.size());
  const Json &times = found.at("drawings")[3], &loads = found.at("drawings")[4];
  CHECK(times.at("rows").size() == static_cast<std::size_t>(model.products()));
  CHECK(times.at("bars") == 2 * model.products());
  CHECK(times.at("rows") == found.at("drawings")[2].at("rows"));
  CHECK(loads.at("rows").size() == arrays);
  CHECK(loads.at("bars") == arrays);
}

}  // namespace

TEST_CASE("network: the page has the sections that were asked for, with the JSON's numbers, and a browser shows them") {
  const Model model(31);
  const Folder& folder = model.folder;
  folder.works(
      "network net --array 4x4 --input x.npy --arrays 2 --partition filter --against rounding=floor "
      "--sparse-over-dense --runs 2 --report r.html --json r.json");
  const std::string html = folder.read("r.html");
  const Json json = Json::parse(folder.read("r.json"));
  check_page_alone(html);
  check_partition(html, json.at("partition"));
  check_numerics(html, json.at("numerics"));
  CHECK(json.at("numerics").at("layers_different") > 0);
  check_times(html, json);
  const Json found = rendered(folder, html);
  if (!found.is_null()) check_rendered(found, model, 2);

  folder.works("network net --array 4x4 --report r.html");
  const std::string bare = folder.read("r.html");
  for (const char* part : {"Numbers", " arrays, by ", "on this CPU", "sparse weights (ms)"}) {
    CHECK_MESSAGE(bare.find(part) == std::string::npos, part);
  }
}

TEST_CASE("network: the page of a training step has the JSON's numbers, and a browser shows it") {
  const Model model(33);
  const Folder& folder = model.folder;
  folder.works("network net --training --array 4x4 --report r.html --json r.json");
  const std::string html = folder.read("r.html");
  const Json json = Json::parse(folder.read("r.json"));
  check_page_alone(html);
  check_training(html, json.at("training"));
  const Json found = rendered(folder, html);
  if (found.is_null()) return;
  CHECK(found.at("outside") == Json::array());
  CHECK(found.at("drawings")[0].at("rows").size() == json.at("layers").size());
}

TEST_CASE("network: a page of equal numbers has no difference") {
  const Model model(32);
  const Folder& folder = model.folder;
  folder.works("network net --input x.npy --record rec");
  folder.works("network net --input x.npy --executor array --compare rec --report r.html --json r.json");
  const Json json = Json::parse(folder.read("r.json"));
  CHECK(json.at("numerics").at("layers_different") == 0);
  check_numerics(folder.read("r.html"), json.at("numerics"));
  CHECK(folder.read("r.html").find("class=\"wrong\"") == std::string::npos);
}

}  // namespace septet::cli::test
