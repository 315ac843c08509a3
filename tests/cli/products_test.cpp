// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What gemm and emulate compute: by hand on small whole numbers, and against each other bit for bit.
#include "cli_test_support.hpp"

#include "septet/gemm.hpp"

#include <sstream>

namespace septet::cli::test {
namespace {

constexpr const char* kVerbs[] = {"gemm", "emulate"};
constexpr const char* kDataflows[] = {"auto", "dOS", "dWS", "dIS", "sOS", "sWS", "sIS", "csOS"};

// A = [1 0 2; 0 -3 0], B = [1 2; 3 4; 5 6]: A * B = [11 14; -9 -12].
void write_operands(const Folder& folder) {
  folder.write_npy<float>("A.npy", {1, 0, 2, 0, -3, 0}, 2, 3);
  folder.write_npy<float>("B.npy", {1, 2, 3, 4, 5, 6}, 3, 2);
  folder.write("A.mtx", "%%MatrixMarket matrix coordinate integer general\n2 3 3\n2 2 -3\n1 1 1\n1 3 2\n");
  folder.write("B.mtx",
               "%%MatrixMarket matrix coordinate integer general\n3 2 6\n1 1 1\n1 2 2\n2 1 3\n2 2 4\n3 1 5\n3 2 6\n");
  folder.write("A.smtx", "2, 3, 2\n0 1 2\n2 1\n");
}

const std::vector<float> kProduct = {11, 14, -9, -12};

TEST_CASE("cli: every dataflow, A dense and A coordinate") {
  const Folder folder;
  write_operands(folder);
  for (const std::string verb : kVerbs) {
    for (const std::string dataflow : kDataflows) {
      for (const std::string a : {"A.npy", "A.mtx"}) {
        for (const std::string b : {"B.npy", "B.mtx"}) {
          const std::string text = a == "A.mtx" && b == "B.mtx" ? " --dtype f32" : "";
          folder.works(verb + " " + a + " " + b + " -o C.npy --array 2x2 --dataflow " + dataflow + text);
          CHECK(folder.read_npy<float>("C.npy", 2, 2) == kProduct);
        }
      }
    }
  }
}

TEST_CASE("cli: types of operands without one") {
  const Folder folder;
  write_operands(folder);
  folder.write_npy<std::int8_t>("B8.npy", {1, 2, 3, 4, 5, 6}, 3, 2);
  folder.write_npy<std::int32_t>("B32.npy", {1, 2, 3, 4, 5, 600}, 3, 2);
  CHECK(folder.json("gemm A.mtx B.mtx").at("dtype") == "f64");
  CHECK(folder.json("gemm A.mtx B.npy").at("dtype") == "f32");
  CHECK(folder.json("gemm A.npy B.mtx").at("dtype") == "f32");
  CHECK(folder.json("gemm A.mtx B8.npy").at("dtype") == "s8s8s32");
  CHECK(folder.json("gemm A.smtx B.mtx --dtype u8").at("dtype") == "u8u8s32");
  CHECK(folder.json("gemm A.smtx B8.npy --dtype u8").at("dtype") == "u8s8s32");
  CHECK(folder.json("gemm A.npy B32.npy").at("dtype") == "f32");
  folder.refused("gemm A.mtx B.mtx --dtype u8", "A.mtx", "out of range for u8");
  folder.refused("gemm A.mtx B32.npy --dtype s8", "B32.npy", "600 is out of range for s8");
  folder.works("gemm A.mtx B8.npy -o C.npy");
  CHECK(folder.read_npy<std::int32_t>("C.npy", 2, 2) == std::vector<std::int32_t>{11, 14, -9, -12});
  folder.works("gemm A.smtx B.mtx -o C.npy");
  CHECK(folder.read_npy<double>("C.npy", 2, 2) == std::vector<double>{5, 6, 3, 4});
}

TEST_CASE("cli: operands of 16 bits") {
  const Folder folder;
  folder.write_npy<std::int16_t>("A.npy", {-32768, 0, 2, 0, 300, 0}, 2, 3);
  folder.write_npy<std::int16_t>("B.npy", {-32768, 2, 3, 4, 5, 6}, 3, 2);
  folder.write_npy<f16>("A16.npy", {f16(0.5F), f16(0.0F), f16(2.0F), f16(0.0F), f16(-3.0F), f16(0.0F)}, 2, 3);
  folder.write_npy<f16>("B16.npy", {f16(1.0F), f16(2.0F), f16(3.0F), f16(4.0F), f16(5.0F), f16(65504.0F)}, 3, 2);
  folder.write_npy<float>("B32.npy", {1, 2, 3, 4, 5, 6}, 3, 2);
  for (const std::string verb : kVerbs) {
    folder.works(verb + " A.npy B.npy -o C.npy");
    CHECK(folder.read_npy<std::int32_t>("C.npy", 2, 2) == std::vector<std::int32_t>{1073741834, -65524, 900, 1200});
    folder.works(verb + " A16.npy B16.npy -o C.npy --dataflow sIS");
    CHECK(folder.read_npy<float>("C.npy", 2, 2) == std::vector<float>{10.5, 131009, -9, -12});
  }
  const auto dtype = [&](const std::string& operands) { return folder.json("gemm " + operands).at("dtype"); };
  CHECK(dtype("A.npy B.npy") == "s16s16s32");
  CHECK(dtype("A16.npy B16.npy") == "f16");
  CHECK(dtype("random:2x3,dtype=bf16 random:3x2,dtype=bf16") == "bf16");
  // Widened where the other operand, or --dtype, is a wider float.
  CHECK(dtype("A16.npy B32.npy") == "f32");
  CHECK(dtype("A.npy B32.npy") == "f32");
  CHECK(dtype("A16.npy B16.npy --dtype f64") == "f64");
  CHECK(dtype("A16.npy random:3x2,dtype=bf16 --dtype f32") == "f32");
  CHECK(folder.json("cycles 4x4x4 --dtype s16").at("dtype") == "s16s16s32");
  folder.refused("gemm A.npy B.npy --dtype s8", "B.npy", "-32768 is out of range for s8");
  // A bias of 16 bits for sums of 32.
  folder.write_npy<f16>("bias.npy", {f16(1.0F), f16(-1.0F)}, 2, 1);
  folder.works("gemm A16.npy B16.npy --preload bias.npy -o C.npy");
  CHECK(folder.read_npy<float>("C.npy", 2, 2) == std::vector<float>{11.5, 131010, -10, -13});
  folder.write("A.mtx", "%%MatrixMarket matrix coordinate real general\n1 1 1\n1 1 1.00390625\n");
  folder.works("gemm A.mtx A.mtx --dtype bf16 -o C.npy");
  CHECK(folder.read_npy<float>("C.npy", 1, 1) == std::vector<float>{1});
}

TEST_CASE("cli: a file of half precision, beside f32 widened to it") {
  const std::string half = shared_data("data/malformed/dtype_f2.npy");
  if (half.empty()) return;
  const Folder folder;
  const Json json = folder.json("inspect '" + half + "'");
  CHECK(json.at("element") == "f16");
  CHECK(json.at("dtype") == "f16");
  const std::string k = std::to_string(json.at("cols").get<Index>());
  CHECK(folder.json("gemm '" + half + "' random:" + k + "x2").at("dtype") == "f32");
}

TEST_CASE("cli: beta adds to the old C, which is read from the output") {
  const Folder folder;
  write_operands(folder);
  for (const std::string verb : kVerbs) {
    folder.write_npy<float>("C.npy", {1, 10, 100, 1000}, 2, 2);
    folder.works(verb + " A.npy B.npy --beta 2 -o C.npy");
    CHECK(folder.read_npy<float>("C.npy", 2, 2) == std::vector<float>{13, 34, 191, 1988});
    folder.works(verb + " A.mtx B.npy --alpha -1 --beta 1 -o C.npy --dataflow sWS");
    CHECK(folder.read_npy<float>("C.npy", 2, 2) == std::vector<float>{2, 20, 200, 2000});
    folder.works(verb + " A.npy B.npy -o C.npy");  // beta = 0 does not look
    CHECK(folder.read_npy<float>("C.npy", 2, 2) == kProduct);
  }
  folder.write_npy<double>("C64.npy", {1, 10, 100, 1000}, 2, 2);
  folder.refused("gemm A.npy B.npy --beta 1 -o C64.npy", "C64.npy", "is f64, the sums are f32");
  folder.refused("gemm A.npy B.npy --beta 1", "--beta", "needs -o");
}

TEST_CASE("cli: alpha and fractions of it") {
  const Folder folder;
  write_operands(folder);
  folder.works("gemm A.npy B.npy --alpha -0.5 -o C.npy");
  CHECK(folder.read_npy<float>("C.npy", 2, 2) == std::vector<float>{-5.5, -7, 4.5, 6});
  folder.refused("gemm A.mtx B.mtx --dtype s8 --alpha 0.5", "--alpha", "whole numbers");
}

TEST_CASE("cli: a preload, whole, per row or per column") {
  const Folder folder;
  write_operands(folder);
  folder.write_npy<float>("full.npy", {1, 2, 3, 4}, 2, 2);
  folder.write_npy<float>("rows.npy", {100, 200}, 2, 1);
  folder.write_npy<float>("cols.npy", {100, 200}, 1, 2);
  for (const std::string verb : kVerbs) {
    for (const std::string dataflow : kDataflows) {
      const std::string command = verb + " A.mtx B.npy --array 1x2 -o C.npy --dataflow " + dataflow + " --preload ";
      folder.works(command + "full.npy");
      CHECK(folder.read_npy<float>("C.npy", 2, 2) == std::vector<float>{12, 16, -6, -8});
      folder.works(command + "rows.npy");
      CHECK(folder.read_npy<float>("C.npy", 2, 2) == std::vector<float>{111, 114, 191, 188});
      folder.works(command + "cols.npy");
      CHECK(folder.read_npy<float>("C.npy", 2, 2) == std::vector<float>{111, 214, 91, 188});
    }
  }
  // Its presence, not its data, counts for the closed form.
  CHECK(folder.json("cycles A.mtx 2 --dtype f32 --preload rows.npy").at("reads_c_words") == 4);
  CHECK(folder.json("cycles A.mtx 2 --beta 3").at("reads_c_words") == 4);
  CHECK(folder.json("cycles A.mtx 2").at("reads_c_words") == 0);
}

TEST_CASE("cli: zero points are subtracted, and one of A does not change what a coordinate file holds") {
  const Folder folder;
  folder.write_npy<std::uint8_t>("A.npy", {11, 10, 12, 10, 7, 10}, 2, 3);
  folder.write_npy<std::uint8_t>("B.npy", {129, 130, 131, 132, 133, 134}, 3, 2);
  // The matrix of write_operands(), plus 0 at places that are not stored: -10 each.
  folder.write("A.mtx", "%%MatrixMarket matrix coordinate integer general\n2 3 3\n2 2 7\n1 1 11\n1 3 12\n");
  for (const std::string verb : kVerbs) {
    for (const std::string dataflow : kDataflows) {
      const std::string flags = " --a-zero-point 10 --b-zero-point 128 --array 2x2 -o C.npy --dataflow " + dataflow;
      folder.works(verb + " A.npy B.npy" + flags);
      CHECK(folder.read_npy<std::int32_t>("C.npy", 2, 2) == std::vector<std::int32_t>{11, 14, -9, -12});
      folder.works(verb + " A.mtx B.npy" + flags);
      CHECK(folder.read_npy<std::int32_t>("C.npy", 2, 2) == std::vector<std::int32_t>{-19, -26, -69, -92});
    }
  }
  CHECK(folder.json("gemm A.npy B.npy --a-zero-point 10").at("nnz") == 3);
  CHECK(folder.json("inspect A.npy --a-zero-point 10").at("nnz") == 3);
}

TEST_CASE("cli: the kernel's bits are the emulator's") {
  const Folder folder;
  const std::string operands = " random:33x70,zeros=0.8 random:70x19,seed=5 --array 5x7 ";
  for (const std::string flags :
       {"--dataflow auto", "--dataflow dIS --mac unfused", "--dataflow sWS --accumulate fold",
        "--dataflow sIS --accumulate fold --fold-depth 5", "--dataflow csOS --combine first-fit --window 3 --lanes 2",
        "--dataflow dWS --alpha 1.25", "--accumulate fold"}) {
    CAPTURE(flags);
    folder.works("gemm" + operands + flags + " -o kernel.npy");
    folder.works("emulate" + operands + flags + " -o array.npy");
    CHECK(folder.read("kernel.npy") == folder.read("array.npy"));
  }
}

TEST_CASE("cli: options that do not change the bits") {
  const Folder folder;
  const std::string command = "gemm random:65x130,zeros=0.7 random:130x34,seed=3 -o C.npy ";
  folder.works(command);
  const std::string bits = folder.read("C.npy");
  for (const std::string flags : {"--threads 1", "--threads 3", "--target portable", "--format dense", "--format csr",
                                  "--format tsb", "--format csb", "--dataflow dWS", "--dataflow sIS --format tsb"}) {
    CAPTURE(flags);
    folder.works(command + flags);
    CHECK(folder.read("C.npy") == bits);
  }
}

TEST_CASE("cli: --fold-depth reaches the kernel") {
  const Folder folder;
  folder.write_npy<float>("A.npy", {1, 0x1p-24f, 0x1p-24f}, 1, 3);
  folder.write_npy<float>("B.npy", {1, 1, 1}, 3, 1);
  const auto sum = [&](const std::string& flags) {
    folder.works("gemm A.npy B.npy -o C.npy " + flags);
    return folder.read_npy<float>("C.npy", 1, 1)[0];
  };
  CHECK(sum("") == 1);  // each half of a last place is rounded away, to even
  CHECK(sum("--accumulate fold --fold-depth 1") == 1);
  CHECK(sum("--accumulate fold --fold-depth 2") == 1);
  folder.write_npy<float>("A.npy", {0x1p-24f, 1, 0x1p-24f, 0x1p-24f}, 1, 4);
  folder.write_npy<float>("B.npy", {1, 1, 1, 1}, 4, 1);
  CHECK(sum("") == 1);
  CHECK(sum("--accumulate fold --fold-depth 2") == 1 + 0x1p-23f);  // the second fold is 2^-23
}

TEST_CASE("cli: what gemm says of its run") {
  const Folder folder;
  write_operands(folder);
  const std::vector<std::string> keys = {"verb",
                                         "dataflow",
                                         "array_height",
                                         "array_width",
                                         "accumulate",
                                         "mac",
                                         "accumulator",
                                         "fold_accumulator",
                                         "flush_subnormals",
                                         "m",
                                         "n",
                                         "k",
                                         "dtype",
                                         "format",
                                         "target",
                                         "threads",
                                         "seconds",
                                         "nnz",
                                         "a_bytes_values",
                                         "a_bytes_metadata",
                                         "output"};
  const auto says = [&](const std::string& flags, const std::string& dataflow, const std::string& format) {
    CAPTURE(flags);
    const Json json = folder.json("gemm " + flags);
    CHECK(keys_of(json) == keys);
    CHECK(json.at("verb") == "gemm");
    CHECK(json.at("dataflow") == dataflow);
    CHECK(json.at("format") == format);
    CHECK(json.at("nnz") == 3);
    CHECK(json.at("seconds") > 0);
    CHECK(json.at("a_bytes_values") == (format == "dense" ? 24 : 12));
    CHECK((json.at("a_bytes_metadata") == 0) == (format == "dense"));
  };
  says("A.npy B.npy", "dOS", "dense");
  says("A.npy B.npy --accumulate fold", "dWS", "dense");
  says("A.mtx B.npy", "csOS", "csr");
  says("A.mtx B.npy --combine first-fit", "csOS", "csb");
  says("A.mtx B.npy --accumulate fold", "sWS", "tsb");
  says("A.mtx B.npy --dataflow dIS", "dIS", "dense");
  says("A.mtx B.npy --dataflow csOS", "csOS", "csb");
  says("A.npy B.npy --dataflow sIS", "sIS", "tsb");
  says("A.npy B.npy --dataflow sIS --accumulate fold --fold-depth 2", "sIS", "tsb");
  says("A.npy B.npy --format dense --accumulate fold", "dWS", "dense");
  says("A.npy B.npy --format csr", "csOS", "csr");
  says("A.npy B.npy --format tsb", "sOS", "tsb");
  says("A.mtx B.npy --format csb", "csOS", "csb");
  says("A.mtx B.npy --format dense", "dOS", "dense");
  says("A.mtx B.npy --format tsb --dataflow sIS --accumulate fold --fold-depth 2", "sIS", "tsb");
  says("A.npy B.npy --alpha 0", "dOS", "dense");
  CHECK(folder.json("gemm A.npy B.npy --target portable").at("target") == "portable");
  CHECK(folder.json("gemm A.npy B.npy --threads 2").at("threads") == 2);
  CHECK(folder.json("gemm A.npy B.npy --array 3x5").at("array_width") == 5);
}

TEST_CASE("cli: how a product runs, on demand") {
  const Folder folder;
  const std::string product = "gemm random:80x90 random:90x70";
  const Json json = folder.json(product + " --explain --target portable");
  bool says_target = false;
  for (const Json& fact : json.at("explanation")) {
    says_target |= fact.at("what") == "target" && fact.at("choice") == "portable" && fact.at("why") != "";
  }
  CHECK(says_target);
  CHECK(folder.works(product + " --explain").out.find("f32 80x70x90") != std::string::npos);
  CHECK(folder.works(product).out.find("f32 80x70x90") == std::string::npos);

  const auto lines = [&](const std::string& environment) { return folder.septet(product, environment).err; };
  const std::string line = lines("SEPTET_VERBOSE=1");
  CHECK(line.find("septet: gemm: product f32 80x70x90") == 0);
  CHECK(line.find(" ms\n") == line.size() - 4);
  CHECK(lines("SEPTET_VERBOSE=0").empty());
  CHECK(lines("SEPTET_VERBOSE=").empty());
  CHECK(lines("").empty());
}

TEST_CASE("cli: threads that the environment asks for") {
  const Folder folder;
  const auto threads = [&](const std::string& environment) {
    const std::string text = folder.septet("gemm random:300x300 random:300x300 --explain", environment).out;
    std::istringstream words(text.substr(text.find("\nthreads") + 8));
    std::string number;
    words >> number;
    return number;
  };
  CHECK(threads("SEPTET_NUM_THREADS=3 OMP_NUM_THREADS=2") == "3");
  CHECK(threads("OMP_NUM_THREADS=2") == "2");
  for (const std::string text : {"0", "-1", "1025", "two", "2x"}) {
    folder.refused("gemm random:3x3 random:3x3", "SEPTET_NUM_THREADS", text + ": not a whole number from 1 to 1024",
                   "SEPTET_NUM_THREADS=" + text);
  }
}

TEST_CASE("cli: empty products") {
  const Folder folder;
  for (const std::string verb : {"gemm", "emulate", "verify"}) {
    for (const std::string operands : {" random:0x3 random:3x2", " random:2x3 random:3x0", " random:2x0 random:0x3"}) {
      folder.works(verb + operands);
    }
  }
  folder.works("gemm random:2x0 random:0x3 -o C.npy");
  CHECK(folder.read_npy<float>("C.npy", 2, 3) == std::vector<float>(6));
  folder.works("inspect random:0x3 --tiles");
}

}  // namespace
}  // namespace septet::cli::test
