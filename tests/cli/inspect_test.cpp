// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// inspect: against the facts of the shared matrices, by hand, and its sizes against what is really packed.
#include "cli_test_support.hpp"

#include "septet/spmm.hpp"

#include <cmath>
#include <fstream>

namespace septet::cli::test {
namespace {

const std::vector<std::string> kKeys = {"file",
                                        "rows",
                                        "cols",
                                        "element",
                                        "layout",
                                        "symmetry",
                                        "stored",
                                        "nnz",
                                        "expanded_nnz",
                                        "explicit_zeros_stored",
                                        "duplicates_stored",
                                        "density",
                                        "nan_count",
                                        "inf_count",
                                        "empty_rows",
                                        "empty_cols",
                                        "max_row_nnz",
                                        "max_col_nnz",
                                        "sum",
                                        "frobenius",
                                        "min",
                                        "max",
                                        "dtype",
                                        "array_height",
                                        "array_width",
                                        "formats",
                                        "tiles"};

TEST_CASE("cli: inspect agrees with matrix_facts.json") {
  const std::string data = shared_data("data");
  if (data.empty()) return;
  const Folder folder;
  Json all;
  std::ifstream(data + "/matrix_facts.json") >> all;
  int checked = 0;
  for (const auto& item : all.items()) {
    const std::string& file = item.key();
    const Json& facts = item.value();
    CAPTURE(file);
    const std::string path = data + "/" + file;
    if (facts.contains("reject")) {
      folder.refused("inspect '" + path + "'", path, "line 1");
      continue;
    }
    const Json json = folder.json("inspect '" + path + "'");
    CHECK(keys_of(json) == kKeys);
    for (const char* key : {"rows", "cols", "stored", "symmetry", "expanded_nnz", "explicit_zeros_stored",
                            "duplicates_stored", "empty_rows", "empty_cols", "max_row_nnz", "max_col_nnz"}) {
      CAPTURE(key);
      if (facts.contains(key)) CHECK(json.at(key) == facts.at(key));
    }
    if (facts.contains("field")) CHECK(json.at("element") == facts.at("field"));
    for (const char* key : {"sum", "frobenius", "density"}) {
      if (!facts.contains(key)) continue;
      CAPTURE(key);
      const double expected = facts.at(key);
      CHECK(std::abs(json.at(key).get<double>() - expected) <= 1e-9 * std::abs(expected));
    }
    ++checked;
  }
  CHECK(checked > 40);
}

TEST_CASE("cli: inspect by hand") {
  const Folder folder;
  // [ 0 nan . . ; . . . . ; 2 . . -inf ], the 0 explicit, the 2 in two parts.
  folder.write("m.mtx",
               "%%MatrixMarket matrix coordinate real general\n3 4 5\n1 1 0\n1 2 nan\n3 1 1.5\n3 1 0.5\n3 4 -inf\n");
  const Json json = folder.json("inspect m.mtx --array 2x3 --tiles --dtype f32");
  CHECK(json.at("element") == "real");
  CHECK(json.at("layout") == "coordinate");
  CHECK(json.at("dtype") == "f32");
  CHECK(json.at("stored") == 5);
  CHECK(json.at("duplicates_stored") == 1);
  CHECK(json.at("explicit_zeros_stored") == 1);
  CHECK(json.at("expanded_nnz") == 4);
  CHECK(json.at("nnz") == 3);
  CHECK(json.at("density") == 0.25);
  CHECK(json.at("nan_count") == 1);
  CHECK(json.at("inf_count") == 1);
  CHECK(json.at("empty_rows") == 1);
  CHECK(json.at("empty_cols") == 1);
  CHECK(json.at("max_row_nnz") == 2);
  CHECK(json.at("max_col_nnz") == 2);
  CHECK(json.at("sum").is_null());  // JSON has no NaN
  CHECK(json.at("max") == 2);
  const Json& tiles = json.at("tiles");
  REQUIRE(tiles.size() == 3);
  CHECK(
      tiles[0].dump() ==
      R"({"dataflow":"sOS","vectors":"columns","tile":2,"tiles":2,"live_min":1,"live_mean":1.5,"live_max":2,"live":[[1],[0,3]]})");
  CHECK(
      tiles[1].dump() ==
      R"({"dataflow":"sWS","vectors":"columns","tile":3,"tiles":1,"live_min":3,"live_mean":3.0,"live_max":3,"live":[[0,1,3]]})");
  CHECK(
      tiles[2].dump() ==
      R"({"dataflow":"sIS","vectors":"rows","tile":2,"tiles":2,"live_min":1,"live_mean":1.5,"live_max":2,"live":[[0,2],[2]]})");
  CHECK_FALSE(folder.json("inspect m.mtx").at("tiles")[0].contains("live"));
  folder.refused("inspect m.mtx --dtype s8", "m.mtx", "not finite");
}

TEST_CASE("cli: inspect counts a dense file's non-zeros") {
  const Folder folder;
  folder.write_npy<std::int8_t>("m.npy", {0, 5, 0, 0, 0, 0, -3, 5, 0}, 3, 3);
  const Json json = folder.json("inspect m.npy");
  CHECK(json.at("element") == "s8");
  CHECK(json.at("layout") == "dense");
  CHECK(json.at("stored") == 9);
  CHECK(json.at("nnz") == 3);
  CHECK(json.at("expanded_nnz") == 3);
  CHECK(json.at("explicit_zeros_stored") == 0);
  CHECK(json.at("empty_rows") == 1);
  CHECK(json.at("empty_cols") == 1);
  CHECK(json.at("max_row_nnz") == 2);
  CHECK(json.at("max_col_nnz") == 2);
  CHECK(json.at("sum") == 7);
  CHECK(json.at("min") == -3);
  CHECK(json.at("max") == 5);
  CHECK(json.at("frobenius").get<double>() == doctest::Approx(std::sqrt(59.0)));
}

// The sizes come from the closed form; these from the bytes that pack() makes.
TEST_CASE("cli: inspect's sizes are what packing takes") {
  const Folder folder;
  const std::string specs[] = {"random:50x77,zeros=0.9",
                               "random:17x5,zeros=0.3,dtype=s8",
                               "random:33x64,dtype=f64",
                               "random:40x40,zeros=1",
                               "random:0x9",
                               "random:9x0",
                               "random:1x1"};
  for (const std::string& spec : specs) {
    CAPTURE(spec);
    io::FileMatrix file;
    REQUIRE(io::read_matrix(spec, file).ok());
    Type type{};
    REQUIRE(io::native_type(file, type));
    io::OwnedMatrix a;
    REQUIRE(io::convert(file, type, true, a).ok());
    const Json formats =
        folder.json("inspect " + spec + " --array 6x10 --lanes 3 --combine first-fit --window 5").at("formats");
    struct Expected {
      Format format;
      Dataflow dataflow;
      CombinePolicy policy;
    };
    const Expected expected[] = {{Format::dense, Dataflow::dOS, CombinePolicy::in_order},
                                 {Format::csr, Dataflow::csOS, CombinePolicy::in_order},
                                 {Format::tsb, Dataflow::sOS, CombinePolicy::in_order},
                                 {Format::tsb, Dataflow::sWS, CombinePolicy::in_order},
                                 {Format::tsb, Dataflow::sIS, CombinePolicy::in_order},
                                 {Format::csb, Dataflow::csOS, CombinePolicy::first_fit}};
    REQUIRE(formats.size() == 14);
    for (std::size_t i = 0; i < 6; ++i) {
      PackOptions options;
      options.format = expected[i].format;
      options.dataflow = expected[i].dataflow;
      options.array = {6, 10};
      options.combine = {3, expected[i].policy, 5};
      const Footprint packed = pack(a.weights(), options).footprint();
      CAPTURE(i);
      CHECK(formats[i].at("format") == name(expected[i].format));
      CHECK(formats[i].at("bytes_values") == packed.values);
      CHECK(formats[i].at("bytes_metadata") == packed.metadata);
      CHECK(formats[i].at("bytes_total") == packed.values + packed.metadata);
    }
  }
}

TEST_CASE("cli: inspect lists the arrays' formats as they are packed") {
  const Folder folder;
  int fitting = 0;
  for (const std::string spec : {"random:40x60,zeros=0.7", "random:33x70,zeros=0.97,dtype=s8", "random:0x5",
                                 "random:300x64,zeros=0.9,dtype=f64", "random:1x1,zeros=1"}) {
    CAPTURE(spec);
    io::FileMatrix file;
    REQUIRE(io::read_matrix(spec, file).ok());
    Type type{};
    REQUIRE(io::native_type(file, type));
    io::OwnedMatrix a;
    REQUIRE(io::convert(file, type, true, a).ok());
    const Json formats =
        folder.json("inspect " + spec + " --block 3x2 --slice 7 --sort-window 21 --group 3:5 --tile-cols 9")
            .at("formats");
    PackOptions options;
    options.block = {3, 2}, options.slice = {7, 21}, options.group = {3, 5}, options.tile_cols = 9;
    std::size_t i = 6;
    for (const Format format :
         {Format::csc, Format::coo, Format::bsr, Format::tcsr, Format::ell, Format::sell, Format::bitmap, Format::nm}) {
      CAPTURE(name(format));
      const Json& entry = formats[i++];
      CHECK(entry.at("format") == name(format));
      options.format = format;
      PackedMatrix packed;
      if (!try_pack(a.weights(), options, packed).ok()) {
        CHECK(entry.at("bytes_total").is_null());
        continue;
      }
      fitting += format == Format::nm;
      CHECK(entry.at("bytes_values") == packed.footprint().values);
      CHECK(entry.at("bytes_metadata") == packed.footprint().metadata);
    }
  }
  CHECK(fitting > 0);
}

TEST_CASE("cli: inspect builds nothing that is larger than the matrix") {
  const Folder folder;
  folder.write("huge.mtx", "%%MatrixMarket matrix coordinate pattern general\n1000000 1000000 1\n5 7\n");
  const Json json = folder.json("inspect huge.mtx");
  CHECK(json.at("formats")[0].at("bytes_total") == Index{8} * 1000000 * 1000000);
  CHECK(json.at("formats")[2].at("bytes_total") > Index{7000000000});  // a bit per column in each of 62,500 tiles
}

}  // namespace
}  // namespace septet::cli::test
