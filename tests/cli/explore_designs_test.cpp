// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// explore: designs that cannot be say why in the user's words, and tables of designs are lists of machines.
#include "explore_support.hpp"

namespace septet::cli::test {

TEST_CASE("cli: explore: where no design is feasible, the first says why") {
  const ExploreFolder f;
  const std::string sweep = "explore t.csv --arrays 8x8 --dataflows dOS,dWS --buffers 1:1K:1K";
  const std::string text = f.folder.works(sweep + " -o d.csv").out;
  CHECK(text.find("2 infeasible") != std::string::npos);
  CHECK(text.find("No design is feasible. The first one, 8x8 s8, 1:1K:1K, dOS: buffer_a_bytes: ") != std::string::npos);
  CHECK(text.find("array_options") == std::string::npos);
  CHECK(text.find("fewest cycles") == std::string::npos);
  const std::vector<CsvCells> rows = csv_rows(f.folder.read("d.csv"));
  REQUIRE(rows.size() == 2);
  for (const CsvCells& row : rows) CHECK(row.at("infeasible").rfind("buffer_a_bytes: ", 0) == 0);
}

TEST_CASE("cli: totals beyond 64 bits: explore says which designs, network refuses") {
  const ExploreFolder f;
  const std::string model = " model:gpt2-xl --tokens 1300000 --batch 16";
  const Json json = f.folder.json("explore" + model +
                                  " --arrays 1x1,64x64 --dataflows dWS --buffers 4K:4K:4K --bandwidths 1 -o d.csv");
  CHECK(json.at("infeasible") == 1);
  const std::vector<CsvCells> rows = csv_rows(f.folder.read("d.csv"));
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].at("infeasible") == "layer: totals beyond 64 bits");
  CHECK(rows[1].at("infeasible").empty());
  CHECK(std::stod(rows[1].at("utilization")) <= 1);
  f.folder.refused("network" + model + " --array 1x1 --dataflow dWS --buffers 4K,4K,4K --off-chip-bandwidth 1", "layer",
                   "totals beyond 64 bits");
}

TEST_CASE("cli: explore: the lines of a table of designs are machines again") {
  const ExploreFolder f;
  for (const char* memory : {"", " --buffers 1K:1K:2K --bandwidths 0,4"}) {
    CAPTURE(memory);
    f.folder.works("explore t.csv --arrays 4x4,8x16 --precisions s8,s8/4" + std::string(memory) + " -o d.csv");
    f.folder.works("explore t.csv --hardware d.csv -o again.csv");
    CHECK(f.folder.read("again.csv") == f.folder.read("d.csv"));
  }
  const std::string header =
      "array_height,array_width,type,buffer_a_bytes,buffer_b_bytes,buffer_c_bytes,"
      "off_chip_bandwidth_bytes_per_cycle\n";
  f.folder.write("m.csv", header + "4,4,s8,0,0,0,0\n4,4,s8,256,256,256,2\n4,4,s8,0,0,0,0\n");
  f.folder.works("explore t.csv --hardware m.csv -o d.csv");
  const std::vector<CsvCells> rows = csv_rows(f.folder.read("d.csv"));
  CHECK(rows.at(0).at("off_chip_bytes") == "0");
  CHECK(rows.at(1).at("off_chip_bytes") != "0");
  CHECK(rows.at(0).at("cycles") == rows.at(2).at("cycles"));
  for (const auto& [line, part] :
       {std::pair("4,4,s8,0,1,1,0", "line 2: 0,1,1 has a buffer without bytes"),
        std::pair("4,4,s8,0,0,0,8", "line 2: an off-chip bandwidth says nothing without buffers"),
        std::pair("4,4,s8,1,1,1099511627777,0", "is 1099511627777, not 0 to 2^40")}) {
    f.folder.write("m.csv", header + line + "\n");
    f.folder.refused("explore t.csv --hardware m.csv", "m.csv", part);
  }
  f.folder.refused("explore t.csv --buffers 1:1:1099511627777", "--buffers", "more than 2^40 bytes");
}

TEST_CASE("cli: explore: sparsities in their shortest form") {
  const ExploreFolder f;
  f.folder.works("explore t.csv --sparsities=-0,0.50 -o d.csv");
  const std::vector<CsvCells> rows = csv_rows(f.folder.read("d.csv"));
  CHECK(rows.at(0).at("sparsity") == "0");
  CHECK(rows.at(1).at("sparsity") == "0.5");
  f.folder.refused("explore t.csv --sparsities 0.125,0.1250", "--sparsities", "0.125 is there twice");
}

}  // namespace septet::cli::test
