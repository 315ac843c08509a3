// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Bad usage and bad input: exit code 2 and one line that names the argument.
#include "cli_test_support.hpp"

#include <fstream>
#include <sstream>

namespace septet::cli::test {
namespace {

TEST_CASE("cli: verbs and operands that are not there") {
  const Folder folder;
  folder.refused("", "VERB",
                 "gemm, emulate, verify, cycles, inspect, convert, export, compare, network, explore, prune, bench");
  folder.refused("transpose x", "transpose", "no such verb");
  folder.refused("--nonsense", "--nonsense", "unknown option");
  folder.refused("gemm", "A", "is missing");
  folder.refused("gemm random:2x2", "B", "is missing");
  folder.refused("gemm random:2x2 random:2x2 random:2x2", "random:2x2", "one operand too many");
  folder.refused("gemm --nonsense", "--nonsense", "unknown option");
  folder.refused("verify random:2x2 random:2x2 --trace t.json", "--trace", "unknown option");
  folder.refused("verify random:2x2 random:2x2 --format csr", "--format", "unknown option");
  folder.refused("inspect", "FILE", "is missing");
  folder.refused("cycles", "A", "is missing");
  folder.refused("cycles random:2x2", "N", "number of B's columns");
  folder.refused("cycles 2x3x4 5", "5", "2x3x4 says already");
  folder.refused("cycles 2x3", "N", "or a shape: MxNxK");
  folder.refused("cycles 2x3 4", "2x3", "unknown kind of file");
  folder.refused("cycles random:2x2 x", "N", "'x' is not a whole number");
  folder.refused("cycles random:2x2 -5", "N", "-5 is not 0 to");
}

TEST_CASE("cli: values that are none") {
  const Folder folder;
  const auto refused = [&](const std::string& flags, const std::string& argument, const std::string& part) {
    folder.refused("gemm random:3x4 random:4x5 " + flags, argument, part);
  };
  refused("--array", "--array", "needs a value");
  refused("--array 16", "--array", "'16' is no shape");
  refused("--array 16x", "--array", "'16x' is no shape");
  refused("--array 0x4", "--array", "0 x 4");
  refused("--array 4x99999", "--array", "65536");
  refused("--dataflow sws", "--dataflow", "'sws' is none of auto, dOS, dWS");
  refused("--format jad", "--format", "none of auto, dense, csr, csc, coo, bsr, ell, sell, bitmap, tsb, csb, nm, tcsr");
  refused("--accumulate folded", "--accumulate", "none of chained, fold");
  refused("--accumulator s15", "--accumulator", "'s15' is none of s16 to s32, f16, f32, f64");
  refused("--accumulator s33", "--accumulator", "'s33' is none of");
  refused("--accumulator u16", "--accumulator", "'u16' is none of");
  refused("--accumulator f16,clip", "--accumulator", "'clip' is none of clamp, wrap");
  refused("--accumulator f16,clamp,wrap", "--accumulator", "is none of");
  refused("--accumulator f32,clamp", "--accumulator", "f32 goes to infinity");
  refused("--accumulator s20", "--accumulator", "sums of f32 are f32");
  refused("--accumulator f16", "--accumulator", "sums of f32 are f32");
  folder.refused("cycles 2x3x4 --dtype s8 --accumulator f16", "--accumulator", "sums of s8 are s16 to s32");
  folder.refused("cycles 2x3x4 --dtype f16 --accumulator s16", "--accumulator", "sums of f16 are f16 or f32");
  refused("--fold-accumulator f32", "--fold-accumulator", "needs --accumulate fold");
  folder.refused("cycles 2x3x4 --dtype s8 --flush-subnormals", "--flush-subnormals", "s8 has no subnormals");
  refused("--preset gemini", "--preset", "gemini is none of flexisaga, gemmini, tflite, inference-card-fp16");
  refused("--preset gemmini", "--preset gemmini", "--accumulator: 20: sums of f32 are f32");
  refused("--preset gemmini --accumulator s24", "--accumulator", "sums of f32 are f32");
  refused("--preset gemmini --accumulator f32 --fold-accumulator s24", "--fold-accumulator", "sums of f32 are f32");
  folder.refused("cycles 2x3x4 --dtype s8 --preset gemmini --dataflow dOS", "--preset gemmini", "--accumulate: dOS");
  folder.refused("cycles 2x3x4 --dtype s8 --preset inference-card-fp16 --accumulator s32 --fold-accumulator s32",
                 "--preset inference-card-fp16", "--flush-subnormals: s8 has no subnormals");
  folder.refused("cycles 2x3x4 --dtype f16 --preset inference-card-fp16 --array 16x16", "--preset inference-card-fp16",
                 "--fold-depth: 128: on an array only its height, 16");
  refused("--mac both", "--mac", "none of fused, unfused");
  refused("--combine best", "--combine", "none of in-order, first-fit");
  refused("--alpha one", "--alpha", "'one' is not a number");
  refused("--alpha 1.5x", "--alpha", "is not a number");
  refused("--beta 1e999", "--beta", "out of the range");
  refused("--fold-depth 0 --accumulate fold", "--fold-depth", "0 is not 1 to");
  refused("--fold-depth 4", "--fold-depth", "needs --accumulate fold");
  refused("--threads -1", "--threads", "-1 is not 0 to");
  refused("--threads 2.5", "--threads", "'2.5' is not a whole number");
  refused("--lanes 257", "--lanes", "257 is not 1 to 256");
  refused("--window 0", "--window", "0 is not 1 to");
  refused("--window 99999999", "--window", "99999999");
  refused("--dtype f128", "--dtype", "none of f32, f64, bf16, f16, s8, u8, s16");
  refused("--a-zero-point 3", "--a-zero-point", "only s8 and u8 have a zero point, not f32");
  refused("--target Z80", "--target", "Z80");
  refused("--alpha 2 --preload random:3x1", "--preload", "excludes --alpha and --beta");
  refused("--accumulate fold --dataflow csOS", "--accumulate", "csOS");
  refused("--format csr --dataflow sOS", "--format", "csr");
  folder.refused("emulate random:3x4 random:4x5 --timing quick", "--timing", "none of serial, overlapped, scalesim");
  folder.refused("emulate random:3x4 random:4x5 --bandwidth -4", "--bandwidth", "-4 is not 0 to");
  folder.refused("emulate random:3x4 random:4x5 --accumulate fold --fold-depth 4", "--fold-depth", "array");
  folder.refused("verify random:3x4 random:4x5 --dataflow dOS,auto", "--dataflow", "'auto' is none of");
  folder.refused("verify random:3x4 random:4x5 --dataflow dOS,dWS,dOS", "--dataflow", "dOS is named twice");
  folder.refused("cycles 3x4x5 --dtype f32 --b-dtype s8", "--b-dtype", "s8");
  folder.refused("cycles 99999999999999999999x1x1", "99999999999999999999x1x1", "64 bits");
  folder.refused("cycles 9999999999x9999999999x9999999999", "9999999999x9999999999x9999999999", "64 bits");
  folder.refused("inspect random:3x4 --array 0x0", "--array", "");
}

TEST_CASE("cli: operands that do not fit together") {
  const Folder folder;
  folder.refused("gemm random:3x4 random:5x2", "random:5x2", "is 5 x 2, but A (random:3x4) is 3 x 4");
  folder.refused("gemm random:3x4 random:4x2,dtype=s8", "random:4x2,dtype=s8", "f32");
  folder.refused("gemm random:3x4 random:4x2 --dtype f64", "--dtype", "is f32");
  folder.refused("gemm random:3x4,dtype=f16 random:4x2,dtype=bf16", "random:4x2,dtype=bf16", "with an a of f16");
  folder.refused("gemm random:3x4,dtype=s16 random:4x2,dtype=s8", "random:4x2,dtype=s8", "with an a of s16");
  folder.refused("gemm random:3x4,dtype=s16 random:4x2,dtype=s16 --dtype f16", "--dtype", "is s16");
  folder.refused("gemm random:3x4,dtype=f16 random:4x2,dtype=f16 --preload random:3x1,dtype=f64",
                 "random:3x1,dtype=f64", "is f64, the sums are f32");
  folder.refused("gemm random:3x4 random:4x2 --preload random:4x2", "random:4x2", "3 x 2, 3 x 1 or 1 x 2 is expected");
  folder.refused("gemm random:3x4 random:4x2 --preload random:3x1,dtype=f64", "random:3x1,dtype=f64",
                 "is f64, the sums are f32");
  folder.refused("gemm random:16777216x1,dtype=s8 random:1x16777216,dtype=s8", "C", "bytes");
  folder.refused("gemm nowhere.npy random:4x2", "nowhere.npy", "cannot be opened");
  folder.refused("gemm random:4x2 matrix.csv", "matrix.csv", "unknown kind of file");
  folder.refused("gemm random:4x2,color=red random:2x2", "random:4x2,color=red", "color=red");
  folder.refused("gemm . random:2x2", ".", "");
}

TEST_CASE("cli: one line, whatever is in a name") {
  const Folder folder;
  folder.refused("inspect 'two\nlines'", "two\\x0alines", "unknown kind of file");
  folder.write("\xff.mtx", "%%MatrixMarket matrix array real general\n1 1\n2\n");
  const Json json = folder.json("inspect '\xff.mtx'");  // not UTF-8, which JSON has to be
  CHECK(json.at("rows") == 1);
}

TEST_CASE("cli: an unknown SEPTET_TARGET is an error of the verbs that run kernels") {
  const Folder folder;
  folder.refused("gemm random:3x4 random:4x2", "SEPTET_TARGET", "nonsense", "SEPTET_TARGET=nonsense");
  folder.refused("verify random:3x4 random:4x2", "SEPTET_TARGET", "nonsense", "SEPTET_TARGET=nonsense");
  CHECK(folder.septet("gemm random:3x4 random:4x2", "SEPTET_TARGET=portable").code == 0);
  CHECK(folder.septet("gemm random:3x4 random:4x2 --target portable", "SEPTET_TARGET=nonsense").code == 0);
}

TEST_CASE("cli: stdout that takes nothing is an error") {
  std::ifstream full("/dev/full");
  if (!full) {
    MESSAGE("no /dev/full here: this case checks nothing");
    return;
  }
  const Folder folder;
  for (const char* arguments : {"gemm random:3x4 random:4x2 >/dev/full", "--help >/dev/full"}) {
    const Outcome outcome = folder.septet(arguments);
    CHECK(outcome.code == 2);
    check_error_line(outcome.err, "stdout", "cannot be written");
  }
}

// file, tab, "reject: why" or "accept…"
TEST_CASE("cli: malformed files are refused by name, in one line") {
  const std::string malformed = shared_data("data/malformed");
  if (malformed.empty()) return;
  const Folder folder;
  std::ifstream list(malformed + "/EXPECTED.tsv");
  std::string line;
  std::getline(list, line);  // headers
  int rejected = 0, accepted = 0;
  while (std::getline(list, line)) {
    const std::string file = malformed + "/" + line.substr(0, line.find('\t'));
    const std::string expected = line.substr(line.find('\t') + 1);
    CAPTURE(file);
    if (expected.compare(0, 6, "reject") == 0) {
      folder.refused("inspect '" + file + "' --json report.json", file, "");
      ++rejected;
    } else {
      const Json json = folder.json("inspect '" + file + "'");
      CHECK(json.at("file") == file);
      folder.works("inspect '" + file + "' --tiles");
      ++accepted;
    }
  }
  CHECK(rejected > 40);
  CHECK(accepted > 10);
  CHECK(folder.list().empty());
  folder.refused("inspect --dtype s8 '" + malformed + "/int8_out_of_range.mtx'", malformed + "/int8_out_of_range.mtx",
                 "out of range");
}

}  // namespace
}  // namespace septet::cli::test
