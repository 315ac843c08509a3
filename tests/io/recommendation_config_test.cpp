// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Recommendation models as configurations: published totals, and what is wrong in them.
#include "io/recommendation_config.hpp"
#include "io/config_list.hpp"
#include "io/json_file.hpp"
#include "io_test_support.hpp"

#include <doctest/doctest.h>

#include <functional>

namespace septet::io::test {
namespace {

using network::Layer;

LayerTable read_model(const std::string& path, const std::string& model, Type table, const TableOptions& options = {}) {
  return read_recommendation_config(ConfigList(path).named(model), table, options);
}

bool is_embedding(const Layer& layer) { return layer.op == "embedding_bag"; }

struct Sums {
  Index embeddings = 0, weights = 0, bytes = 0, lookups = 0, adds = 0;
};

Sums sums_of(const LayerTable& table) {
  Sums sums;
  for (const Layer& layer : table.layers) {
    (is_embedding(layer) ? sums.embeddings : sums.weights) += layer.parameters;
    if (!is_embedding(layer)) continue;
    sums.bytes += layer.parameter_bytes, sums.lookups += layer.lookups, sums.adds += layer.vector.simple_operations;
  }
  return sums;
}

TEST_CASE("recommendation models: published totals, and the products of their tables of layers") {
  const std::string folder = shared_data("workloads");
  if (folder.empty()) return;
  const std::string file = folder + "/dlrm_configs.json";
  const Json models = read_json(file, 1 << 20, "a test");
  CHECK(models.size() == 5);
  for (const Json& model : models) {
    const std::string name = model["name"];
    CAPTURE(name);
    const LayerTable csv = read_layer_table(folder + "/dlrm_" + name + ".csv");
    TableOptions options;
    options.batch = csv.inputs;
    const LayerTable table = read_model(file, name, Type::f32, options);
    CHECK(table.inputs == csv.inputs);
    const Sums sums = sums_of(table);
    CHECK(sums.embeddings == model["embedding_params"].get<Index>());
    CHECK(sums.weights == model["mlp_weight_params"].get<Index>());
    CHECK(sums.bytes == 4 * sums.embeddings);
    CHECK(sums.adds == csv.inputs * model["sls_adds_per_sample"].get<Index>());
    // Beside the rows: an index per look-up, and where each bag's begin.
    const Index tables = model["num_tables"];
    const auto read = [&](Type type) {
      Index bytes = 0;
      for (const Layer& layer : read_model(file, name, type, options).layers) {
        if (is_embedding(layer)) bytes += layer.vector.reads_bytes;
      }
      return bytes - 4 * (sums.lookups + tables * (csv.inputs + 1));
    };
    CHECK(read(Type::f32) == csv.inputs * model["sls_bytes_read_per_sample_fp32"].get<Index>());
    CHECK(read(Type::u8) == csv.inputs * model["sls_bytes_read_per_sample_fused8bit"].get<Index>());
    CHECK(2 * read(Type::f16) == read(Type::f32));
    std::vector<Layer> products;
    for (const Layer& layer : table.layers) {
      if (!is_embedding(layer)) products.push_back(layer);
    }
    REQUIRE(products.size() == csv.layers.size());
    for (std::size_t i = 0; i < products.size(); ++i) {
      const network::Product &got = products[i].product, &want = csv.layers[i].product;
      CAPTURE(products[i].name);
      CHECK(products[i].name == csv.layers[i].name);
      CHECK(products[i].op == csv.layers[i].op);
      CHECK((got.m == want.m && got.n == want.n && got.k == want.k && got.count == want.count));
      CHECK(products[i].parameters == csv.layers[i].parameters);
    }
  }
  const Sums criteo = sums_of(read_model(file, "criteo_1tb_mlperf", Type::f32));
  CHECK(criteo.embeddings == 26135627264);
  CHECK(criteo.weights == 2365184);
}

Json good() {
  return {{"name", "small"},         {"bottom_mlp", {3, 5, 4}},  {"top_mlp_with_interaction_input", {7, 2, 1}},
          {"interaction", "dot"},    {"embedding_dim", 4},       {"lookups_per_table", 3},
          {"table_rows", {10, 20}},  {"num_tables", 2},          {"embedding_params", 120},
          {"mlp_weight_params", 51}, {"sls_adds_per_sample", 24}};
}

void refused(const ScratchFolder& folder, const Json& json, const std::string& model, const std::string& part,
             const TableOptions& options = {}) {
  const std::string path = folder.write("m.json", json.dump());
  INFO(json.dump());
  try {
    read_model(path, model, Type::f32, options);
    FAIL_CHECK("was read");
  } catch (const Error& error) {
    check_refused(error.status(), path, part);
  }
}

TEST_CASE("recommendation models: wrong ones") {
  const ScratchFolder folder;
  TableOptions many;
  many.batch = 5;
  const LayerTable table = read_model(folder.write("m.json", Json{good()}.dump()), "", Type::f16, many);
  REQUIRE(table.layers.size() == 7);
  CHECK(table.layers[1].parameter_bytes == 20 * 4 * 2);
  CHECK(table.layers[1].lookups == 15);
  CHECK(table.layers[4].product.count == 5);  // the interaction's, one of every sample
  const auto with = [&](const std::function<void(Json&)>& change, const std::string& part) {
    Json json = good();
    change(json);
    refused(folder, Json{json}, "", part);
  };
  for (const char* key : {"name", "bottom_mlp", "top_mlp_with_interaction_input", "interaction", "embedding_dim",
                          "lookups_per_table", "table_rows"}) {
    with([&](Json& json) { json.erase(key); }, std::string(key) + " is missing");
  }
  with([](Json& json) { json["bottom_mlp"] = {4}; }, "[0] (small): bottom_mlp: at least 2 are expected");
  with([](Json& json) { json["bottom_mlp"] = {3, 0, 4}; }, "bottom_mlp: 0 is none of 1 to");
  with(
      [](Json& json) {
        json["bottom_mlp"] = {3, 4, 5}, json.erase("mlp_weight_params");
      },
      "bottom_mlp does not end with embedding_dim");
  with([](Json& json) { json["bottom_mlp"] = {3, "5", 4}; }, "bottom_mlp is not a whole number");
  with([](Json& json) { json["table_rows"] = Json::array(); }, "table_rows: at least 1");
  with([](Json& json) { json["table_rows"] = {10, -20}; }, "table_rows: -20 is none of");
  with([](Json& json) { json["embedding_dim"] = Index{1} << 62; }, "embedding_dim: 4611686018427387904 is none of");
  with([](Json& json) { json["lookups_per_table"] = 1.5; }, "lookups_per_table is not a whole number");
  with([](Json& json) { json["interaction"] = "sum"; }, "interaction 'sum' is none of dot, cat");
  with([](Json& json) { json["interaction"] = "cat"; }, "begins with 7, but the interaction (cat) makes 12");
  with([](Json& json) { json["num_tables"] = 3; }, "num_tables is 3, but the number of table_rows is 2");
  with([](Json& json) { json["embedding_params"] = 121; }, "embedding_params is 121, but");
  with([](Json& json) { json["mlp_weight_params"] = 52; }, "mlp_weight_params is 52, but that of both MLPs is 51");
  with([](Json& json) { json["sls_adds_per_sample"] = 25; }, "sls_adds_per_sample is 25");
  with([](Json& json) { json["sls_bytes_read_per_sample_fp32"] = 97; },
       "fp32 is 97, but sls_adds_per_sample * 4 is 96");
  with([](Json& json) { json["sls_bytes_read_per_sample_fused8bit"] = 1; }, "8bit is 1, but the look-ups' rows");
  refused(folder, Json::array(), "", "is no list of models");
  refused(folder, good(), "", "is no list of models");
  refused(folder, Json{3}, "", "[0]: is not a JSON object");
  refused(folder, Json{good()}, "large", "'large' is none; one of its models has to be named, by --config: small");
  refused(folder, Json{good(), good()}, "", "one of its models has to be named, by --config: small, small");
  refused(folder, Json{good(), good()}, "small", "[1]: 'small' is there twice");
  TableOptions wrong;
  wrong.batch = Index{1} << 40;
  Json wide = good();
  wide["lookups_per_table"] = Index{1} << 40;
  wide.erase("sls_adds_per_sample");
  refused(folder, Json{wide}, "", "beyond 64 bits", wrong);
  wrong = {};
  wrong.architecture = Architecture::gpt2;
  refused(folder, Json{good()}, "", "is no transformer", wrong);
}

}  // namespace
}  // namespace septet::io::test
