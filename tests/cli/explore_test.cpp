// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// explore: its designs are those of `septet network`, and what it makes of them is what a plain search finds.
#include "explore_support.hpp"
#include "network_model.hpp"
#include "page_support.hpp"

#include "cli/progress.hpp"

#include <algorithm>
#include <set>
#include <sstream>

namespace septet::cli::test {

std::vector<CsvCells> csv_rows(const std::string& text) {
  const auto cells_of = [](const std::string& line) {
    std::vector<std::string> cells(1);
    for (const char c : line) c == ',' ? cells.emplace_back() : (cells.back() += c, cells.back());
    return cells;
  };
  std::istringstream lines(text);
  std::string line;
  REQUIRE(std::getline(lines, line));
  const std::vector<std::string> header = cells_of(line);
  std::vector<CsvCells> rows;
  while (std::getline(lines, line)) {
    const std::vector<std::string> cells = cells_of(line);
    REQUIRE(cells.size() == header.size());
    rows.emplace_back();
    for (std::size_t i = 0; i < cells.size(); ++i) rows.back()[header[i]] = cells[i];
  }
  return rows;
}

namespace {

double real(const CsvCells& row, const char* key) { return std::stod(row.at(key)); }
bool feasible(const CsvCells& row) { return row.at("infeasible").empty(); }

// No worse in anything, and better in something.
bool beats(const CsvCells& left, const CsvCells& right) {
  bool better = false;
  for (const char* key : {"cycles", "energy_pj", "area_mm2"}) {
    if (real(left, key) > real(right, key)) return false;
    better = better || real(left, key) < real(right, key);
  }
  return better;
}

double fewest_cycles(const std::vector<CsvCells>& rows) {
  double fewest = INFINITY;
  for (const CsvCells& row : rows) {
    if (feasible(row)) fewest = std::min(fewest, real(row, "cycles"));
  }
  return fewest;
}

void check_point(const Json& point, const std::vector<CsvCells>& rows) {
  const CsvCells& row = rows.at(point.at("design").get<std::size_t>());
  CHECK(feasible(row));
  for (const auto& [key, value] : point.items()) {
    CAPTURE(key);
    if (value.is_string()) CHECK(value == row.at(key));
    if (value.is_number()) CHECK(value.get<double>() == real(row, key.c_str()));
  }
}

void check_pareto(const Json& pareto, const std::vector<CsvCells>& rows) {
  std::set<std::string> listed;
  for (const Json& point : pareto) {
    check_point(point, rows);
    const CsvCells& row = rows.at(point.at("design").get<std::size_t>());
    listed.insert(row.at("cycles") + " " + row.at("energy_pj") + " " + row.at("area_mm2"));
  }
  CHECK(listed.size() == pareto.size());
  std::set<std::string> expected;
  for (const CsvCells& row : rows) {
    if (!feasible(row)) continue;
    const bool beaten = std::any_of(rows.begin(), rows.end(),
                                    [&](const CsvCells& other) { return feasible(other) && beats(other, row); });
    if (!beaten) expected.insert(row.at("cycles") + " " + row.at("energy_pj") + " " + row.at("area_mm2"));
  }
  CHECK(listed == expected);
}

double buffer_bytes(const CsvCells& row) {
  return real(row, "buffer_a_bytes") + real(row, "buffer_b_bytes") + real(row, "buffer_c_bytes");
}

void check_economic(const Json& json, const std::vector<CsvCells>& rows) {
  check_point(json.at("economic"), rows);
  const CsvCells& chosen = rows.at(json.at("economic").at("design").get<std::size_t>());
  const double limit = json.at("slowdown").get<double>() * fewest_cycles(rows);
  CHECK(real(chosen, "cycles") <= limit);
  for (const CsvCells& row : rows) {
    if (feasible(row) && real(row, "cycles") <= limit) CHECK(buffer_bytes(row) >= buffer_bytes(chosen));
  }
}

void check_splits(const Json& splits, const std::vector<CsvCells>& rows) {
  CHECK(splits.size() == 3 * 2 * 2 * 2 * 2);
  for (const Json& split : splits) {
    check_point(split.at("best"), rows), check_point(split.at("generic"), rows);
    const double best = split.at("best").at("cycles"), generic = split.at("generic").at("cycles");
    CHECK(best <= generic);
    CHECK(split.at("cycles_generic_over_best") == generic / best);
    CHECK(split.at("generic").at("buffer_a_bytes") == split.at("generic").at("buffer_b_bytes"));
    double fewest = INFINITY;
    for (const CsvCells& row : rows) {
      const bool same = feasible(row) && buffer_bytes(row) == split.at("buffer_total_bytes").get<double>() &&
                        real(row, "array_height") == split.at("array_height").get<double>() &&
                        real(row, "array_width") == split.at("array_width").get<double>() &&
                        real(row, "a_bits") == split.at("a_bits").get<double>() &&
                        row.at("sparsity") == (split.at("sparsity").is_string() ? "own" : "0.75") &&
                        real(row, "off_chip_bandwidth_bytes_per_cycle") ==
                            split.at("off_chip_bandwidth_bytes_per_cycle").get<double>();
      if (same) fewest = std::min(fewest, real(row, "cycles"));
    }
    CHECK(best == fewest);
  }
}

void check_dataflows(const Json& json, const std::vector<CsvCells>& rows) {
  const Json& dataflows = json.at("dataflows");
  check_point(dataflows.at("per_layer"), rows);
  CHECK(dataflows.at("per_layer").at("dataflow") == "auto");
  const double per_layer = dataflows.at("per_layer").at("cycles");
  CHECK(per_layer == fewest_cycles(rows));
  CHECK(dataflows.at("fixed").size() == 3);
  for (const Json& fixed : dataflows.at("fixed")) {
    CHECK(fixed.at("cycles").get<double>() >= per_layer);
    CHECK(fixed.at("cycles_over_per_layer") == fixed.at("cycles").get<double>() / per_layer);
  }
  CHECK(dataflows.at("cycles_best_fixed_over_per_layer_least") >= 1);
  CHECK(dataflows.at("cycles_best_fixed_over_per_layer_greatest") >=
        dataflows.at("cycles_best_fixed_over_per_layer_least"));
}

// The arguments of `septet network` for a design.
std::string network_flags(const CsvCells& row) {
  const std::string memory = row.at("buffer_a_bytes") == "0"
                                 ? ""
                                 : " --buffers " + row.at("buffer_a_bytes") + "," + row.at("buffer_b_bytes") + "," +
                                       row.at("buffer_c_bytes") + " --off-chip-bandwidth " +
                                       row.at("off_chip_bandwidth_bytes_per_cycle");
  const std::string bits = row.at("a_bits") == "0" ? "" : " --weight-bits " + row.at("a_bits");
  return "--array " + row.at("array_height") + "x" + row.at("array_width") + " --dataflow " + row.at("dataflow") +
         memory + bits;
}

}  // namespace

TEST_CASE("cli: explore: designs cost what network says") {
  const ExploreFolder f;
  f.folder.works("explore t.csv --sweep sweep.json -o d.csv --timing overlapped --vector-lanes 4");
  const std::vector<CsvCells> rows = csv_rows(f.folder.read("d.csv"));
  REQUIRE(rows.size() == kSweepDesigns);
  Index compared = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const CsvCells& row = rows[i];
    REQUIRE(row.at("design") == std::to_string(i));
    if (i % 23 != 0 || row.at("sparsity") != "own" || row.at("a_bits") != "0") continue;
    CAPTURE(i);
    const std::string arguments = "network t.csv --timing overlapped --vector-lanes 4 " + network_flags(row);
    if (!feasible(row)) {
      CHECK(f.folder.septet(arguments).code == 2);
      continue;
    }
    const Json json = f.folder.json(arguments);
    CHECK(json.at("cycles_total").get<double>() == real(row, "cycles"));
    CHECK(json.at("energy_pj").get<double>() == real(row, "energy_pj"));
    ++compared;
  }
  CHECK(compared >= 8);
}

TEST_CASE("cli: explore: sparsities cost what network --weight-sparsity says, of a training step, too") {
  const ExploreFolder f;
  for (const std::string step : {"", " --training"}) {
    CAPTURE(step);
    f.folder.works("explore t.csv --arrays 4x4,8x8 --sparsities 0.25,0.8 --dataflows auto,sWS -o d.csv" + step);
    for (const CsvCells& row : csv_rows(f.folder.read("d.csv"))) {
      const Json json =
          f.folder.json("network t.csv --weight-sparsity " + row.at("sparsity") + " " + network_flags(row) + step);
      CHECK(json.at("cycles_total").get<double>() == real(row, "cycles"));
      CHECK(json.at("energy_pj").get<double>() == real(row, "energy_pj"));
    }
  }
}

TEST_CASE("cli: explore: networks with weights") {
  for (const std::uint64_t seed : {51, 52, 53}) {
    CAPTURE(seed);
    const Model model(seed);
    const Folder& folder = model.folder;
    const Json json = folder.json(
        "explore net --arrays 4x4 --dataflows auto,sOS --buffers 4K:4K:4K --bandwidths 3 --sparsities own,1 -o d.csv");
    const std::vector<CsvCells> rows = csv_rows(folder.read("d.csv"));
    REQUIRE(rows.size() == 4);
    CHECK(json.at("model") == model.network.name);
    for (std::size_t i = 0; i < 2; ++i) {
      const Json one = folder.json("network net --array 4x4 --buffers 4K,4K,4K --off-chip-bandwidth 3 --dataflow " +
                                   rows[i].at("dataflow"));
      CHECK(one.at("cycles_total").get<double>() == real(rows[i], "cycles"));
      CHECK(one.at("cycles_vector").get<double>() == real(rows[i], "cycles_vector"));
      CHECK(one.at("energy_pj").get<double>() == real(rows[i], "energy_pj"));
      CHECK(real(rows[i + 2], "cycles") < real(rows[i], "cycles"));
    }
    // Other weights are another model.
    folder.works("explore net --arrays 4x4 --shard 1/2 -o p");
    const Model other(seed + 100);
    other.folder.works("explore net --arrays 4x4 --shard 1/2 -o p");
    const auto hash = [](const Folder& f) { return between(f.read("p"), "\"layers_hash\":\"", "\""); };
    CHECK(hash(folder).size() == 16);
    CHECK(hash(folder) != hash(other.folder));
  }
}

TEST_CASE("cli: explore: training steps and models by name") {
  const Folder folder;
  folder.write("conv.csv",
               "layer,op,in_c,in_h,in_w,out_c,out_h,out_w,kh,kw,stride,pad,groups,gemm_m,gemm_n,gemm_k,gemm_count,macs,"
               "weight_params,bias_params,norm_params\n"
               "c1,conv,3,9,7,8,5,4,3,3,2,1,1,20,8,27,1,4320,216,8,16\n");
  for (const std::string model :
       {"conv.csv --training --batch 4 --micro-batches 2", "conv.csv --batch 4",
        "model:gpt2 --tokens 16 --weight-bits 4 --group 32", "model:gpt2 --phase decode --context 16"}) {
    CAPTURE(model);
    folder.works("explore " + model + " --arrays 8x8 --dataflows auto,dWS --buffers 8K:8K:8K --bandwidths 5 -o d.csv");
    for (const CsvCells& row : csv_rows(folder.read("d.csv"))) {
      const Json json =
          folder.json("network " + model + " --array 8x8 --buffers 8K,8K,8K --off-chip-bandwidth 5 --dataflow " +
                      row.at("dataflow"));
      CHECK(json.at("cycles_total").get<double>() == real(row, "cycles"));
      CHECK(json.at("cycles_vector").get<double>() == real(row, "cycles_vector"));
      CHECK(json.at("energy_pj").get<double>() == real(row, "energy_pj"));
    }
  }
  folder.refused("explore conv.csv --micro-batches 2", "--micro-batches", "needs --training");
  folder.refused("explore conv.csv --phase decode", "--phase", "is of a transformer's configuration alone");
}

TEST_CASE("cli: explore: JSON and its choices") {
  const ExploreFolder f;
  const Json json = f.folder.json("explore t.csv --sweep sweep.json -o d.csv --slowdown 1.25");
  const std::vector<CsvCells> rows = csv_rows(f.folder.read("d.csv"));
  CHECK(keys_of(json) == std::vector<std::string>{"model", "machines", "designs", "infeasible", "fewest_cycles",
                                                  "least_energy", "slowdown", "economic", "pareto", "splits",
                                                  "dataflows", "settings"});
  CHECK(keys_of(json.at("settings")) ==
        std::vector<std::string>{"version", "layers", "layers_hash", "options", "sweep", "energy_table", "area_table"});
  CHECK(json.at("model") == "t.csv");
  CHECK(json.at("machines") == kSweepMachines);
  CHECK(json.at("designs") == kSweepDesigns);
  CHECK(json.at("infeasible") ==
        std::count_if(rows.begin(), rows.end(), [](const CsvCells& row) { return !feasible(row); }));
  check_point(json.at("fewest_cycles"), rows), check_point(json.at("least_energy"), rows);
  CHECK(json.at("fewest_cycles").at("cycles") == fewest_cycles(rows));
  check_pareto(json.at("pareto"), rows);
  check_economic(json, rows);
  check_splits(json.at("splits"), rows);
  check_dataflows(json, rows);
  CHECK(f.folder.list() == std::vector<std::string>{"d.csv", "sweep.json", "t.csv"});
}

TEST_CASE("cli: explore: flags and files say the same") {
  const ExploreFolder f;
  f.folder.works("explore t.csv --sweep sweep.json -o file.csv");
  f.folder.works(
      "explore t.csv --arrays 4x4,4x8,8x8 --dataflows auto,dOS,dWS,sOS --buffer-total 4096,8K --splits 4 --bandwidths "
      "2,0 "
      "--precisions s8,s8/4 --sparsities own,0.75 --seed 5 -o flags.csv --threads 3");
  CHECK(f.folder.read("file.csv") == f.folder.read("flags.csv"));
  const Json all = f.folder.json("explore t.csv --arrays 4x4 --dataflows all");
  CHECK(all.at("designs") == 8);
  CHECK(all.at("splits").empty());
  CHECK(f.folder.json("explore t.csv --arrays 4x4 --dataflows all --accumulate fold").at("designs") == 5);
  CHECK(f.folder.json("explore t.csv --arrays 4x4 --dataflows dWS").at("dataflows").is_null());
}

TEST_CASE("cli: explore: infeasible designs say why") {
  const ExploreFolder f;
  const Json json = f.folder.json(
      "explore t.csv --arrays 4x4,64x64 --buffers 16:16:16,1K:1K:1K --dataflows dOS,dWS -o d.csv --report r.html");
  const std::vector<CsvCells> rows = csv_rows(f.folder.read("d.csv"));
  CHECK(json.at("infeasible") > 0);
  CHECK(json.at("infeasible") < 8);
  for (const CsvCells& row : rows) {
    CHECK(feasible(row) != row.at("cycles").empty());
    CHECK(real(row, "area_mm2") > 0);
  }
  const Json none = f.folder.json("explore t.csv --arrays 64x64 --buffers 16:16:16 --report r.html");
  CHECK(none.at("infeasible") == 1);
  CHECK(none.at("pareto").empty());
  for (const char* key : {"fewest_cycles", "least_energy", "economic", "dataflows"}) CHECK(none.at(key).is_null());
}

TEST_CASE("cli: explore: tables of energy and area") {
  const ExploreFolder f;
  for (const char* what : {"energy", "area"}) {
    CAPTURE(what);
    const std::string flag = std::string(what) + "-table", file = std::string(what) + ".json";
    Json table = Json::parse(f.folder.works("explore --print-" + flag).out);
    f.folder.write(file, table.dump());
    f.folder.works("explore t.csv --arrays 4x4,8x8 -o default.csv");
    f.folder.works("explore t.csv --arrays 4x4,8x8 -o same.csv --" + flag + " " + file);
    CHECK(f.folder.read("same.csv") == f.folder.read("default.csv"));
    for (auto& field : table.items()) field.value()["value"] = 1e6;
    f.folder.write(file, table.dump());
    f.folder.works("explore t.csv --arrays 4x4,8x8 -o other.csv --" + flag + " " + file);
    const auto before = csv_rows(f.folder.read("default.csv")), after = csv_rows(f.folder.read("other.csv"));
    const char* key = flag[0] == 'e' ? "energy_pj" : "area_mm2";
    CHECK(real(after[0], key) > real(before[0], key));
    table.erase(table.begin());
    f.folder.write(file, table.dump());
    f.folder.refused("explore t.csv --" + flag + " " + file, file, "is missing");
  }
}

TEST_CASE("cli: explore: machines of a file") {
  const ExploreFolder f;
  f.folder.write(
      "m.json",
      R"([{"name": "small", "array_height": 4, "array_width": 8, "type": "s8", "a_bits": 4, "buffer_a_bytes": 1024,
                              "buffer_b_bytes": 2048, "buffer_c_bytes": 4096, "off_chip_bandwidth_bytes_per_cycle": 4},
                             {"array_height": 8, "array_width": 8, "type": "f16", "buffer_a_bytes": 4096, "buffer_b_bytes": 4096,
                              "buffer_c_bytes": 4096, "off_chip_bandwidth_bytes_per_cycle": 0}])");
  f.folder.write("m.csv",
                 "note,array_height,array_width,type,a_bits,buffer_a_bytes,buffer_b_bytes,buffer_c_bytes,off_chip_"
                 "bandwidth_bytes_per_cycle\n"
                 "x,4,8,s8,4,1024,2048,4096,4\n,8,8,f16,0,4096,4096,4096,0\n");
  f.folder.works("explore t.csv --hardware m.json --sparsities own,0.5 --dataflows auto,sOS -o j.csv");
  f.folder.works("explore t.csv --hardware m.csv --sparsities own,0.5 --dataflows auto,sOS -o c.csv");
  CHECK(f.folder.read("j.csv") == f.folder.read("c.csv"));
  f.folder.works(
      "explore t.csv --arrays 4x8 --precisions s8/4 --buffers 1K:2K:4K --bandwidths 4 --sparsities own,0.5 --dataflows "
      "auto,sOS -o a.csv");
  const std::string axes = f.folder.read("a.csv");
  CHECK(f.folder.read("j.csv").compare(0, axes.size(), axes) == 0);
  CHECK(csv_rows(f.folder.read("j.csv")).size() == 8);
  // A table of designs is a list of machines.
  f.folder.works("explore t.csv --hardware a.csv -o again.csv");
  CHECK(csv_rows(f.folder.read("again.csv")).size() == 4);
}

TEST_CASE("cli: explore: SimDIT's hardware points") {
  const std::string points = shared_data("workloads/reference/simdit_hardware_points.csv");
  if (points.empty()) return;
  const ExploreFolder f;
  f.folder.works("explore t.csv --hardware '" + points + "' -o d.csv");
  const std::vector<CsvCells> rows = csv_rows(f.folder.read("d.csv"));
  REQUIRE(rows.size() == 21);
  // inference,01,16,16,4,4,32,32,131072,131072,524288,…,128,64,128
  CHECK(network_flags(rows[0]) ==
        "--array 16x16 --dataflow auto --buffers 16384,16384,65536 --off-chip-bandwidth 40 --weight-bits 4");
  CHECK(rows[0].at("type") == "s8");
  // training,12,128,128,16,16,32,32,8388608,67108864,16777216,…,512,512,512
  CHECK(network_flags(rows[20]) ==
        "--array 128x128 --dataflow auto --buffers 8388608,1048576,2097152 --off-chip-bandwidth 192");
  CHECK(rows[20].at("type") == "s16");
}

TEST_CASE("cli: explore: the page") {
  const ExploreFolder f;
  const Json json = f.folder.json("explore t.csv --sweep sweep.json --report r.html");
  const std::string html = f.folder.read("r.html");
  check_page_alone(html);
  CHECK(fact_of(html, "Designs") == grouped(kSweepDesigns));
  CHECK(fact_of(html, "Pareto set") == grouped(json.at("pareto").size()));
  const auto rows = rows_of(html, "pareto");
  REQUIRE(rows.size() == json.at("pareto").size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CHECK(rows[i].at("design").value == json.at("pareto")[i].at("design").get<double>());
    CHECK(rows[i].at("cycles").value == json.at("pareto")[i].at("cycles").get<double>());
    CHECK(rows[i].at("area (mm²)").value == json.at("pareto")[i].at("area_mm2").get<double>());
  }
  CHECK(rows_of(html, "splits").size() == json.at("splits").size());
  for (const char* part : {"class=\"front\"", "economic, design", "best split", "thirds"})
    CHECK_MESSAGE(html.find(part) != std::string::npos, part);
  const Json seen = rendered(f.folder, html);
  if (seen.is_null()) return;
  CHECK(seen.at("outside").empty());
  CHECK(seen.at("too_wide") == false);
  CHECK(seen.at("resources") == 0);
}

TEST_CASE("cli: explore: the help's examples run") {
  const ExploreFolder f;
  f.folder.write("layers.csv", f.folder.read("t.csv"));
  f.folder.write("machines.csv",
                 "array_height,array_width,type,buffer_a_bytes,buffer_b_bytes,buffer_c_bytes,off_chip_bandwidth_bytes_"
                 "per_cycle\n4,8,s8,1024,2048,4096,4\n");
  const std::string help = f.folder.works("explore --help").out, start = "  septet explore ";
  std::istringstream lines(help);
  Index examples = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.compare(0, start.size(), start) != 0 || line.find("index.json") != std::string::npos) continue;
    f.folder.works(line.substr(std::string("  septet ").size()));
    ++examples;
  }
  CHECK(examples == 7);
}

TEST_CASE("cli: the time that is left") {
  CHECK(duration(0.2) == "1 s");
  CHECK(duration(59) == "59 s");
  CHECK(duration(59.5) == "1 min 00 s");
  CHECK(duration(3599) == "59 min 59 s");
  CHECK(duration(3 * 3600 + 7 * 60 + 59) == "3 h 07 min");
}

}  // namespace septet::cli::test
