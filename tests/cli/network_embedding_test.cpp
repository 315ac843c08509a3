// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// network: what a recommendation model's tables hold and what is read of them, on one array and over several.
#include "network_model.hpp"

#include <cmath>

namespace septet::cli::test {
namespace {

const char* kSmall = R"([{"name": "small", "bottom_mlp": [3, 5, 4], "top_mlp_with_interaction_input": [10, 2, 1],
  "interaction": "dot", "embedding_dim": 4, "lookups_per_table": 3, "table_rows": [10, 2000, 30]}])";

bool near(double value, double expected) { return std::abs(value - expected) <= 1e-12 * std::abs(expected); }

// Of f32 tables, 3 look-ups of 16 bytes in each.
void check_tables(const Json& tables, Index batch) {
  CHECK(tables.at("capacity_bytes") == (10 + 2000 + 30) * 16);
  CHECK(tables.at("bytes_per_batch") == 3 * 3 * 16 * batch);
  const double rate = tables.at("samples_per_second");
  CHECK(near(tables.at("bandwidth_bytes_per_second"), 3 * 3 * 16 * rate));
  const Index rows[] = {10, 2000, 30};
  REQUIRE(tables.at("tables").size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const Json& table = tables.at("tables")[i];
    CHECK(table.at("name") == "table" + std::to_string(i));
    CHECK(table.at("rows") == rows[i]);
    CHECK(table.at("width") == 4);
    CHECK(table.at("capacity_bytes") == rows[i] * 16);
    CHECK(table.at("lookups_per_sample") == 3);
    CHECK(table.at("bytes_per_sample") == 48);
    CHECK(table.at("bytes_per_batch") == 48 * batch);
    CHECK(near(table.at("share"), 1.0 / 3));
    CHECK(near(table.at("bandwidth_bytes_per_second"), 48 * rate));
  }
  // Rows come from off-chip memory, at the default table's 243.75 pJ per byte.
  const double look_ups = 3 * 3 * 16 * static_cast<double>(batch) * 243.75e-12;
  CHECK(near(tables.at("energy_look_ups_joules"), look_ups));
  const double joules = look_ups + tables.at("energy_products_joules").get<double>();
  CHECK(near(tables.at("samples_per_joule"), static_cast<double>(batch) / joules));
  CHECK(near(tables.at("watts"), joules / static_cast<double>(batch) * rate));
}

}  // namespace

TEST_CASE("cli: network: embedding tables on one array") {
  const Folder folder;
  folder.write("m.json", kSmall);
  const Json json = folder.json("network m.json --batch 7 --array 4x4 --clock 250");
  check_tables(json.at("tables"), 7);
  CHECK(json.at("tables").at("samples_per_second") == json.at("inputs_per_second"));
  CHECK(near(json.at("tables").at("energy_products_joules"), json.at("energy_pj").get<double>() * 1e-12));
  CHECK(json.at("tables").at("arrays").is_null());
  CHECK(json.at("tables").at("tables")[0].at("arrays").is_null());
  const Json bytes = folder.json("network m.json --table-type u8");
  CHECK(bytes.at("tables").at("capacity_bytes") == 2040 * 12);
  CHECK_FALSE(folder.json("network model:gpt2 --tokens 2").contains("tables"));
  folder.works("network m.json --report r.html");
  for (const char* part : {"<h2>Embedding tables</h2>", "Bandwidth of the look-ups", "bandwidth (GB/s)"}) {
    CHECK_MESSAGE(folder.read("r.html").find(part) != std::string::npos, part);
  }
}

TEST_CASE("cli: network: embedding tables over several arrays") {
  const Folder folder;
  folder.write("m.json", kSmall);
  for (const std::string split : {"table", "layer", "filter"}) {
    CAPTURE(split);
    const Json json = folder.json("network m.json --batch 7 --array 4x4 --arrays 2 --partition " + split);
    const Json& tables = json.at("tables");
    check_tables(tables, 7);
    CHECK(tables.at("samples_per_second") == json.at("partition").at("inputs_per_second"));
    REQUIRE(tables.at("arrays").size() == 2);
    Index capacity = 0, read = 0;
    for (const Json& array : tables.at("arrays")) {
      capacity += array.at("capacity_bytes").get<Index>(), read += array.at("bytes_per_batch").get<Index>();
      CHECK(near(array.at("bandwidth_bytes_per_second"),
                 array.at("bytes_per_batch").get<double>() / 7 * tables.at("samples_per_second").get<double>()));
    }
    CHECK(capacity == tables.at("capacity_bytes"));
    CHECK(read == tables.at("bytes_per_batch"));
    for (const Json& table : tables.at("tables")) CHECK(table.at("arrays").size() == (split == "filter" ? 2 : 1));
  }
  // The largest table by itself, the others together.
  const Json tables = folder.json("network m.json --arrays 2 --partition table").at("tables");
  CHECK(tables.at("tables")[0].at("arrays") == tables.at("tables")[2].at("arrays"));
  CHECK(tables.at("tables")[1].at("arrays") != tables.at("tables")[0].at("arrays"));
  const std::string text = folder.works("network m.json --arrays 2 --partition table").out;
  for (const char* part : {"embedding tables: 32,640 bytes", "samples per second and watt", "array 1: "}) {
    CHECK_MESSAGE(text.find(part) != std::string::npos, part);
  }
}

}  // namespace septet::cli::test
