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

TEST_CASE("cli: the zero point of a .septet file is every verb's") {
  const Folder folder;
  folder.write_npy<std::uint8_t>("w.npy", {7, 0, 7, 9, 7, 7}, 2, 3);
  folder.write_npy<std::uint8_t>("x.npy", {1, 2, 3}, 3, 1);
  const std::vector<std::int32_t> want{-14, 2};
  for (const std::string format : {"dense", "csr", "bsr", "tsb", "csb"}) {
    CAPTURE(format);
    folder.works("convert w.npy -o zp.septet --a-zero-point 7 --format " + format);
    folder.works("convert zp.septet -o zp3.septet --format bsr");
    CHECK(load(folder.path("zp3.septet")).options().zero_point == 7);
    CHECK(load(folder.path("zp3.septet")).nnz() == 2);
    for (const std::string verb : {"gemm", "emulate"}) {
      for (const std::string flags : {"", " --a-zero-point 7", " --dataflow sWS"}) {
        folder.works(verb + " zp.septet x.npy -o c.npy" + flags);
        CHECK(folder.read_npy<std::int32_t>("c.npy", 2, 1) == want);
      }
    }
    folder.works("gemm zp.septet x.npy -o c.npy --format sell");
    CHECK(folder.read_npy<std::int32_t>("c.npy", 2, 1) == want);
    folder.works("verify zp.septet x.npy");
    CHECK(folder.json("cycles zp.septet 1 --dataflow csOS").at("nnz") == 2);
    CHECK(folder.json("inspect zp.septet").at("nnz") == 2);
    for (const std::string rest : {"gemm zp.septet x.npy", "emulate zp.septet x.npy", "verify zp.septet x.npy",
                                   "cycles zp.septet 1", "inspect zp.septet", "convert zp.septet -o no.septet"}) {
      folder.refused(rest + " --a-zero-point 3", "--a-zero-point", "zp.septet was packed with zero point 7");
    }
  }
  folder.works("convert x.npy -o x.septet --a-zero-point 1");
  folder.works("gemm zp.septet x.septet -o c.npy");
  CHECK(folder.read_npy<std::int32_t>("c.npy", 2, 1) == std::vector<std::int32_t>{-7, 0});
}

TEST_CASE("cli: flags over what a file was packed with") {
  const Folder folder;
  folder.write_npy("w.npy", kWeights, 4, 5);
  const auto options = [&](const std::string& flags) {
    folder.works("convert p.septet -o x.septet " + flags);
    return load(folder.path("x.septet")).options();
  };
  folder.works("convert w.npy -o p.septet --format bsr --block 2x1 --array 3x2");
  CHECK(options("").block.rows == 2);
  CHECK(options("--block 4x2").block.rows == 4);
  CHECK(options("--block 4x2").format == Format::bsr);
  CHECK(options("--array 5x6").array.height == 5);
  CHECK(options("--format sell --slice 4").slice.height == 4);
  CHECK(options("--dataflow sWS").format == Format::tsb);
  for (const std::string verb : {"gemm p.septet random:5x3", "convert p.septet"}) {
    folder.refused(verb + " --slice 4", "--slice", "sell only, not bsr");
  }
  folder.refused("convert p.septet --format csr --block 0x4", "--block", "bsr only, not csr");
  folder.refused("gemm p.septet random:5x3 --block 4x4", "--block", "p.septet was packed with 2x1");
  folder.refused("gemm p.septet random:5x3 --array 4x4", "--array", "p.septet was packed with 3x2");
  folder.refused("gemm w.npy random:5x3 --block 4x4", "--block", "needs --format bsr");
  CHECK(folder.json("gemm p.septet random:5x3 --block 2x1 --array 3x2").at("format") == "bsr");
  folder.works("convert w.npy -o p.septet --dataflow sIS --array 3x2");
  CHECK(options("--format tsb").dataflow == Dataflow::sIS);
  CHECK(options("--format tsb").array.height == 3);
  CHECK(options("--format tsb --dataflow sOS").dataflow == Dataflow::sOS);
  CHECK(folder.json("emulate p.septet random:5x3").at("dataflow") == "sIS");
  folder.refused("emulate p.septet random:5x3 --array 4x4", "--array", "p.septet was packed with 3x2");
  CHECK(folder.json("verify p.septet random:5x3 --array 4x4").at("results").size() == 7);
}

TEST_CASE("cli: inspect says what a .septet file holds") {
  const Folder folder;
  folder.write_npy("w.npy", kWeights, 4, 5);
  folder.works("convert w.npy -o w.septet --format bsr --block 2x1 --array 3x2");
  const Json packed = folder.json("inspect w.septet").at("packed");
  const PackedMatrix matrix = load(folder.path("w.septet"));
  CHECK(keys_of(packed) == std::vector<std::string>{"format", "dataflow", "side", "array_height", "array_width",
                                                    "block", "zero_point", "expected_cols", "bytes_values",
                                                    "bytes_metadata"});
  CHECK(packed.at("format") == "bsr");
  CHECK(packed.at("dataflow") == "csOS");
  CHECK(packed.at("side") == "left");
  CHECK(packed.at("array_height") == 3);
  CHECK(packed.at("block") == "2x1");
  CHECK(packed.at("bytes_values") == matrix.footprint().values);
  CHECK(packed.at("bytes_metadata") == matrix.footprint().metadata);
  CHECK(folder.works("inspect w.septet").out.find("the file holds") != std::string::npos);
  CHECK_FALSE(folder.json("inspect w.npy").contains("packed"));
}

TEST_CASE("cli: --format auto is the library's choice") {
  const Folder folder;
  const std::string a = "random:64x128,zeros=0.9";
  folder.works("convert " + a + " -o a.septet --format auto --columns 32");
  CHECK(load(folder.path("a.septet")).options().expected_cols == 32);
  CHECK(folder.json("inspect a.septet").at("packed").at("expected_cols") == 32);
  const std::string said = folder.works("gemm " + a + " random:128x32 -o c.npy --format auto --explain").out;
  CHECK(said.find("ms predicted for 32 columns") != std::string::npos);
  folder.works("gemm " + a + " random:128x32 -o want.npy");
  CHECK(folder.read("c.npy") == folder.read("want.npy"));
  folder.refused("convert " + a + " --format csr --columns 32", "--columns", "--format auto only, not csr");
  folder.refused("convert " + a + " --dataflow sOS --columns 32", "--columns", "excludes --dataflow sOS");
  folder.refused("convert " + a + " -o a.npy --columns 32", "--columns", "a .npy file is dense");
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
    const std::string group = format == "nm" ? " --group 5:5" : "";
    folder.works("convert w.npy -o w.septet --array 3x2 --format " + format + group);
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
