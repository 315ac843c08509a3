// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet convert: from every file into every format and back, and .septet files where a matrix is read.
#include "cli_test_support.hpp"
#include "septet/packed_file.hpp"

namespace septet::cli::test {
namespace {

const std::vector<std::string> kFormats = {"dense", "csr",    "csc", "coo", "bsr", "ell",
                                           "sell",  "bitmap", "tsb", "csb", "tcsr"};

const std::vector<float> kWeights{1.5f, 0, 0, 0, -2, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 4, 0, 0, 0};  // 4 x 5

TEST_CASE("cli: convert brings a matrix into every format and back") {
  const Folder folder;
  folder.write_npy("w.npy", kWeights, 4, 5);
  for (std::string format : kFormats) {
    CAPTURE(format);
    const Json json = folder.json("convert w.npy -o w.septet --format " + format);
    CHECK(json.at("format") == format);
    CHECK(json.at("nnz") == 4);
    CHECK(json.at("output") == "w.septet");
    const PackedMatrix packed = load(folder.path("w.septet"));
    CHECK(name(packed.format()) == format);
    CHECK(json.at("bytes_metadata") == packed.footprint().metadata);
    for (const std::string& next : kFormats) {
      folder.works("convert w.septet -o next.septet --format " + next);
      CHECK(name(load(folder.path("next.septet")).format()) == next);
      folder.works("convert next.septet -o back.npy");
      CHECK(folder.read_npy<float>("back.npy", 4, 5) == kWeights);
    }
    folder.works("convert w.septet -o same.septet");
    CHECK(folder.read("same.septet") == folder.read("w.septet"));
  }
}

TEST_CASE("cli: convert takes the formats' shapes") {
  const Folder folder;
  folder.write_npy("w.npy", kWeights, 4, 5);
  folder.works("convert w.npy -o w.septet --format nm --group 1:3");
  CHECK(load(folder.path("w.septet")).options().group.m == 3);
  folder.works("convert w.npy -o w.septet --format bsr --block 2x1");
  CHECK(load(folder.path("w.septet")).options().block.rows == 2);
  folder.works("convert w.npy -o w.septet --format sell --slice 2 --sort-window 6");
  CHECK(load(folder.path("w.septet")).options().slice.window == 6);
  folder.works("convert w.npy -o w.septet --format tcsr --tile-cols 2");
  CHECK(load(folder.path("w.septet")).options().tile_cols == 2);
  folder.works("convert w.npy -o w.septet --dataflow sIS --array 3x2");
  CHECK(load(folder.path("w.septet")).options().dataflow == Dataflow::sIS);
  CHECK(load(folder.path("w.septet")).options().array.height == 3);
}

TEST_CASE("cli: convert keeps a zero point") {
  const Folder folder;
  const std::vector<std::uint8_t> w{7, 0, 7, 9, 7, 7};
  folder.write_npy("w.npy", w, 2, 3);
  folder.works("convert w.npy -o w.septet --format csr --a-zero-point 7");
  CHECK(load(folder.path("w.septet")).nnz() == 2);
  folder.works("convert w.septet -o back.npy");
  CHECK(folder.read_npy<std::uint8_t>("back.npy", 2, 3) == w);
}

TEST_CASE("cli: a .septet file is a matrix to every verb") {
  const Folder folder;
  folder.write_npy("w.npy", kWeights, 4, 5);
  folder.works("gemm w.npy random:5x3 -o want.npy");
  const auto want = folder.read_npy<float>("want.npy", 4, 3);
  for (const std::string& format : kFormats) {
    CAPTURE(format);
    folder.works("convert w.npy -o w.septet --format " + format);
    folder.works("emulate w.septet random:5x3 -o c.npy");
    CHECK(folder.read_npy<float>("c.npy", 4, 3) == want);
    CHECK(folder.json("verify w.septet random:5x3").at("results").size() == 7);
    CHECK(folder.json("cycles w.septet 3 --dataflow csOS").at("nnz") == 4);
    CHECK(folder.json("inspect w.septet").at("nnz") == 4);
    folder.works("gemm w.septet random:5x3 -o c.npy --dataflow dWS");
    CHECK(folder.read_npy<float>("c.npy", 4, 3) == want);
  }
}

TEST_CASE("cli: gemm multiplies a .septet file as it is packed") {
  const Folder folder;
  folder.write_npy("w.npy", kWeights, 4, 5);
  folder.works("gemm w.npy random:5x3 -o want.npy");
  for (const std::string format :
       {"dense", "csr", "tsb", "csb", "csc", "coo", "bsr", "ell", "sell", "bitmap", "nm", "tcsr"}) {
    CAPTURE(format);
    folder.works("convert w.npy -o w.septet --array 3x2 --group 5:5 --format " + format);
    const Json json = folder.json("gemm w.septet random:5x3 -o c.npy");
    CHECK(json.at("format") == format);
    CHECK(json.at("array_height") == 3);
    CHECK(folder.read("c.npy") == folder.read("want.npy"));
  }
}

TEST_CASE("cli: convert writes nothing without -o") {
  const Folder folder;
  CHECK(folder.json("convert random:8x8,zeros=0.5 --format coo").at("output").is_null());
  CHECK(folder.list().empty());
}

TEST_CASE("cli: what convert refuses") {
  const Folder folder;
  folder.write_npy("w.npy", kWeights, 4, 5);
  folder.write_npy<float>("full.npy", {1, 2, 3, 4}, 1, 4);
  folder.write("bad.septet", "not one of ours");
  folder.refused("convert w.npy -o w.txt", "w.txt", "a .npy or .septet file");
  folder.refused("convert w.npy -o w.septet --format jad", "--format", "'jad' is none of auto, dense, csr, csc");
  folder.refused("convert w.npy -o w.septet --format bsr --block 4", "--block", "'4' is no shape");
  folder.refused("convert w.npy -o w.septet --format bsr --block 0x4", "--block", "1 to 256");
  folder.refused("convert w.npy -o w.septet --format sell --slice 0", "--slice", "1 to 256");
  folder.refused("convert w.npy -o w.septet --format sell --sort-window 5", "--sort-window", "multiple of the height");
  folder.refused("convert w.npy -o w.septet --format nm --group 3", "--group", "'3' is no group");
  folder.refused("convert w.npy -o w.septet --format nm --group 5:4", "--group", "1 <= n <= m <= 16");
  folder.refused("convert full.npy -o w.septet --format nm", "full.npy", "row 0 has 4 elements in group 0");
  folder.refused("convert w.npy -o w.septet --format tcsr --tile-cols 70000", "--tile-cols", "0 to 65536");
  folder.refused("convert w.npy -o w.septet --format csr --dataflow sOS", "--format", "csr is not what sOS streams");
  folder.refused("convert w.npy -o back.npy --format csr", "--format", "a .npy file is dense");
  folder.refused("convert bad.septet -o w.septet", "bad.septet", "byte 0: does not begin as a packed matrix does");
  folder.refused("convert none.septet -o w.septet", "none.septet", "No such file");
  CHECK(folder.list() == std::vector<std::string>{"bad.septet", "full.npy", "w.npy"});
}

}  // namespace
}  // namespace septet::cli::test
