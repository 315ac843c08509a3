// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The reports of emulate, verify and cycles: the keys, which are a public contract, and answers that are known.
#include "cli_test_support.hpp"

namespace septet::cli::test {
namespace {

const std::vector<std::string> kKeys = {"dataflow",
                                        "array_height",
                                        "array_width",
                                        "timing",
                                        "accumulate",
                                        "mac",
                                        "accumulator",
                                        "fold_accumulator",
                                        "flush_subnormals",
                                        "m",
                                        "n",
                                        "k",
                                        "dtype",
                                        "folds",
                                        "cycles",
                                        "cycles_preload",
                                        "cycles_stream",
                                        "cycles_drain",
                                        "cycles_stall",
                                        "macs_dense",
                                        "macs_issued",
                                        "macs_useful",
                                        "utilization",
                                        "nnz",
                                        "reads_a_words",
                                        "reads_b_words",
                                        "reads_c_words",
                                        "writes_c_words",
                                        "a_bytes_values",
                                        "a_bytes_metadata",
                                        "zeros_injected",
                                        "elements_skipped"};

const std::vector<std::string> kDataflows = {"dOS", "dWS", "dIS", "sOS", "sWS", "sIS", "csOS"};

std::vector<std::string> dataflows_of(const Json& results) {
  std::vector<std::string> names;
  for (const Json& entry : results) names.push_back(entry.at("dataflow"));
  return names;
}

TEST_CASE("cli: emulate and cycles write the same object") {
  const Folder folder;
  for (const std::string& dataflow : kDataflows) {
    for (const std::string timing : {"serial", "overlapped", "scalesim"}) {
      const std::string flags = " --array 4x6 --bandwidth 16 --dataflow " + dataflow + " --timing " + timing;
      CAPTURE(flags);
      const Json emulated = folder.json("emulate random:30x40,zeros=0.85 random:40x13" + flags);
      CHECK(keys_of(emulated) == kKeys);
      CHECK(emulated.dump() == folder.json("cycles random:30x40,zeros=0.85 13" + flags).dump());
    }
  }
}

TEST_CASE("cli: what a report says of its run") {
  const Folder folder;
  const Json json = folder.json(
      "emulate random:6x8,dtype=u8 random:8x5,dtype=s8 --array 2x3 --timing overlapped "
      "--dataflow sWS --accumulate fold --mac unfused");
  CHECK(json.at("dataflow") == "sWS");
  CHECK(json.at("array_height") == 2);
  CHECK(json.at("array_width") == 3);
  CHECK(json.at("timing") == "overlapped");
  CHECK(json.at("accumulate") == "fold");
  CHECK(json.at("mac") == "unfused");
  CHECK(json.at("m") == 6);
  CHECK(json.at("n") == 5);
  CHECK(json.at("k") == 8);
  CHECK(json.at("dtype") == "u8s8s32");
  const double capacity = 2.0 * 3 * json.at("cycles").get<double>();
  CHECK(json.at("utilization").get<double>() == doctest::Approx(json.at("macs_useful").get<double>() / capacity));
  CHECK(json.at("macs_dense") == 6 * 5 * 8);
}

TEST_CASE("cli: accumulators and presets in reports, and flags that win over a preset") {
  const Folder folder;
  const auto numbers = [&](const std::string& flags) {
    const Json json = folder.json("cycles 20x30x40 --dtype " + flags);
    return Json{json.at("accumulate"),       json.at("mac"),
                json.at("accumulator"),      json.at("fold_accumulator"),
                json.at("flush_subnormals"), json.at("array_height")};
  };
  CHECK(numbers("s8") == Json{"chained", "fused", "s32", nullptr, false, 16});
  CHECK(numbers("f64 --flush-subnormals") == Json{"chained", "fused", "f64", nullptr, true, 16});
  CHECK(numbers("s8 --accumulator s20,clamp") == Json{"chained", "fused", "s20 clamp", nullptr, false, 16});
  CHECK(numbers("bf16 --accumulator f16") == Json{"chained", "fused", "f16", nullptr, false, 16});
  CHECK(numbers("s16 --accumulate fold --accumulator s24,wrap --fold-accumulator s32,clamp --array 8x4") ==
        Json{"fold", "fused", "s24", "s32 clamp", false, 8});
  CHECK(numbers("s8 --preset gemmini") == Json{"fold", "fused", "s20", "s32", false, 16});
  CHECK(numbers("s8 --preset tflite") == Json{"chained", "fused", "s32", nullptr, false, 16});
  CHECK(numbers("f32 --preset flexisaga") == Json{"chained", "fused", "f32", nullptr, false, 16});
  CHECK(numbers("f16 --preset inference-card-fp16") == Json{"fold", "unfused", "f16 clamp", "f16 clamp", true, 128});
  // Wherever they stand.
  CHECK(numbers("f16 --mac fused --keep-subnormals --array 128x4 --preset inference-card-fp16 --accumulator f32") ==
        Json{"fold", "fused", "f32", "f16 clamp", false, 128});
  CHECK(numbers("s8 --accumulate chained --preset gemmini") == Json{"chained", "fused", "s20", nullptr, false, 16});
  CHECK(numbers("s8 --preset tflite --preset gemmini") == Json{"fold", "fused", "s20", "s32", false, 16});
  const std::string table = folder.works("cycles 20x30x40 --dtype s8 --preset gemmini").out;
  CHECK(table.find("fold, fused, sums of s20, folds added in s32") != std::string::npos);
}

TEST_CASE("cli: kernel and emulator agree under presets and narrow accumulators") {
  const Folder folder;
  const auto check = [&](const std::string& type, const std::string& flags, std::size_t count) {
    const Json json =
        folder.json("verify random:20x150,zeros=0.7,dtype=" + type + " random:150x9,dtype=" + type + flags);
    CHECK(json.at("results").size() == count);
    for (const Json& entry : json.at("results")) CHECK(entry.at("equal") == true);
  };
  check("f16", " --preset inference-card-fp16", 4);
  check("bf16", " --preset inference-card-fp16 --array 128x4", 4);
  check("s8", " --preset gemmini", 4);
  check("u8", " --preset tflite", 7);
  check("f32", " --preset flexisaga --flush-subnormals --array 8x8", 7);
  check("s16", " --accumulator s20,clamp --array 8x8", 7);
  check("f16", " --accumulator f16 --mac unfused --array 8x8", 7);
  folder.refused("verify random:20x150,dtype=f16 random:150x9,dtype=f16 --preset inference-card-fp16 --array 16x16",
                 "--preset inference-card-fp16",
                 "--fold-depth: 128: an array's folds are as deep as the array is high: 16");
}

TEST_CASE("cli: a preset's array, beside --array and beside what a file was packed for") {
  const Folder folder;
  const auto array = [&](const std::string& command) {
    Json json = folder.json(command);
    if (json.contains("results")) json = Json(json.at("results").at(0));
    return std::to_string(json.at("array_height").get<int>()) + "x" + std::to_string(json.at("array_width").get<int>());
  };
  const auto commands = [](const std::string& a, const std::string& b) {
    return std::vector<std::string>{"emulate " + a + " " + b, "gemm " + a + " " + b, "verify " + a + " " + b,
                                    "cycles " + a + " 7"};
  };
  for (const std::string& command : commands("random:20x300,dtype=f16", "random:300x7,dtype=f16")) {
    CAPTURE(command);
    CHECK(array(command) == "16x16");
    CHECK(array(command + " --preset inference-card-fp16") == "128x16");
    CHECK(array(command + " --preset inference-card-fp16 --array 128x4") == "128x4");
    CHECK(array(command + " --array 8x4 --preset flexisaga") == "8x4");
  }
  folder.works("convert random:20x300,zeros=0.8,dtype=s8 -o 8.septet --dataflow sOS --array 8x8");
  folder.works("convert random:20x300,zeros=0.8,dtype=s8 -o 16.septet --dataflow sOS --array 16x16");
  folder.works("convert random:20x300,zeros=0.8,dtype=s8 -o csr.septet --format csr");
  for (const std::string& command : commands("8.septet", "random:300x7,dtype=s8")) {
    CAPTURE(command);
    CHECK(array(command) == "8x8");
    CHECK(array(command + " --preset tflite") == "8x8");
    // Folds ask for another dataflow than the packing's: it is only the form of a matrix.
    CHECK(array(command + " --preset gemmini") == "16x16");
    CHECK(array(command + " --preset gemmini --array 8x4") == "8x4");
    if (command.rfind("verify", 0) == 0) {  // which takes the matrix alone
      CHECK(array(command + " --preset gemmini --accumulate chained") == "16x16");
      continue;
    }
    folder.refused(command + " --preset gemmini --accumulate chained", "--preset gemmini",
                   "--array: 16x16, but 8.septet was packed with 8x8");
    folder.refused(command + " --preset gemmini --accumulate chained --array 16x16", "--array",
                   "16x16, but 8.septet was packed with 8x8");
    CHECK(array(command + " --preset gemmini --accumulate chained --array 8x8") == "8x8");
  }
  for (const std::string file : {"16.septet", "csr.septet"}) {
    for (const std::string& command : commands(file, "random:300x7,dtype=s8")) {
      CAPTURE(command);
      CHECK(array(command + " --preset gemmini --accumulate chained") == "16x16");
    }
  }
  CHECK(array("gemm csr.septet random:300x7,dtype=s8 --preset inference-card-fp16 --accumulate chained --accumulator "
              "s32 --keep-subnormals") == "128x16");
}

// 33 products of 127 * 127 fit the 20 bits of a sum no more: folds 8 deep, 16 deep and the chain differ.
TEST_CASE("cli: the folds of a preset, whatever A was packed for") {
  const Folder folder;
  const std::vector<std::int8_t> most(80, 127);
  folder.write_npy<std::int8_t>("a.npy", most, 1, 80);
  folder.write_npy<std::int8_t>("b.npy", most, 80, 1);
  folder.works("convert a.npy -o 64.septet --dataflow sOS --array 64x8");
  const auto product = [&](const std::string& command) {
    folder.works(command + " -o c.npy");
    return folder.read_npy<std::int32_t>("c.npy", 1, 1)[0];
  };
  for (const std::string verb : {"gemm", "emulate"}) {
    CAPTURE(verb);
    // In folds of 64 the first sum, 64 * 16129 = 1032256, is -16320 in 20 bits.
    CHECK(product(verb + " 64.septet b.npy --preset gemmini") == 80 * 16129);
    CHECK(product(verb + " 64.septet b.npy --preset gemmini --array 64x8") == -16320 + 16 * 16129);
  }
}

TEST_CASE("cli: gemm computes what the flags say") {
  const Folder folder;
  folder.write_npy<std::int8_t>("a.npy", std::vector<std::int8_t>(33, 127), 1, 33);
  folder.write_npy<std::int8_t>("b.npy", std::vector<std::int8_t>(33, 127), 33, 1);
  const auto product = [&](const std::string& flags) {
    const Json json = folder.json("gemm a.npy b.npy -o c.npy " + flags);
    CHECK(json.contains("accumulator"));
    return folder.read_npy<std::int32_t>("c.npy", 1, 1)[0];
  };
  CHECK(product("") == 532257);
  CHECK(product("--accumulator s20") == -516319);
  CHECK(product("--accumulator s20,clamp") == 524287);
  CHECK(product("--preset gemmini") == 532257);
  CHECK(product("--preset gemmini --array 64x16") == -516319);
  CHECK(folder.works("gemm a.npy b.npy --accumulator s20,clamp --explain").out.find("slower") != std::string::npos);
}

// docs/dataflows.md, section 8.
TEST_CASE("cli: cycles that SCALE-Sim prints") {
  const Folder folder;
  const auto cycles = [&](const std::string& shape, const std::string& dataflow) {
    return folder.json("cycles " + shape + " --array 32x32 --timing scalesim --dataflow " + dataflow).at("cycles");
  };
  CHECK(cycles("96x3025x363", "dWS") == 112284);
  CHECK(cycles("128x256x256", "dWS") == 11200);
  CHECK(cycles("128x256x256", "dOS") == 10176);
  CHECK(cycles("128x256x256", "dIS") == 14208);
  const Json all = folder.json("cycles 128x256x256 --array 32x32 --timing scalesim --dataflow all");
  CHECK(keys_of(all) == std::vector<std::string>{"results"});
  REQUIRE(dataflows_of(all.at("results")) == kDataflows);
  for (const Json& entry : all.at("results")) CHECK(keys_of(entry) == kKeys);
  CHECK(all.at("results")[0].at("cycles") == 10176);
  CHECK(all.at("results")[1].at("cycles") == 11200);
  CHECK(all.at("results")[2].at("cycles") == 14208);
}

TEST_CASE("cli: cycles by hand") {
  const Folder folder;
  // Overlapped sIS: H = 2, W = 1, A = [0 0 x; x 0 x], N = 2.
  folder.write("A.mtx", "%%MatrixMarket matrix coordinate pattern general\n2 3 3\n1 3\n2 1\n2 3\n");
  CHECK(folder.json("cycles A.mtx 2 --dataflow sIS --array 2x1 --timing overlapped").at("cycles") == 11);
  // csOS first-fit, H = 3: columns with rows {0,1}, {0}, {1}, {0,2}, {2}: 4 steps, serial: 4 + 3 + 1 - 2 + 3.
  folder.write("B.mtx", "%%MatrixMarket matrix coordinate pattern general\n3 5 7\n1 1\n2 1\n1 2\n2 3\n1 4\n3 4\n3 5\n");
  const std::string flags = " --dataflow csOS --array 3x1 --combine first-fit --lanes 2 --window 2";
  CHECK(folder.json("cycles B.mtx 1" + flags).at("cycles") == 9);
}

TEST_CASE("cli: cycles of a shape and of a file of that shape") {
  const Folder folder;
  for (const std::string& dataflow : kDataflows) {
    const std::string flags = " --array 3x4 --bandwidth 8 --dataflow " + dataflow;
    CHECK(folder.json("cycles 10x11x12" + flags).dump() == folder.json("cycles random:10x12 11" + flags).dump());
  }
  CHECK(folder.json("cycles 4x4x4").at("dtype") == "f32");
  CHECK(folder.json("cycles 4x4x4 --dtype s8").at("dtype") == "s8s8s32");
  CHECK(folder.json("cycles 4x4x4 --b-dtype u8").at("dtype") == "u8u8s32");
  CHECK(folder.json("cycles 4x4x4 --dtype s8 --b-dtype u8").at("dtype") == "s8u8s32");
  CHECK(folder.json("cycles random:4x4,dtype=f64 4").at("dtype") == "f64");
}

TEST_CASE("cli: cycles does not expand a coordinate file") {
  const Folder folder;
  folder.write("huge.mtx", "%%MatrixMarket matrix coordinate pattern general\n1000000 1000000 1\n5 7\n");
  const Json json = folder.json("cycles huge.mtx 3 --dataflow dOS");
  CHECK(json.at("nnz") == 1);
  CHECK(json.at("macs_useful") == 3);
  folder.refused("gemm huge.mtx random:1000000x3,dtype=f64 --dataflow dOS", "huge.mtx", "bytes");
}

TEST_CASE("cli: verify lists every dataflow") {
  const Folder folder;
  const std::string command = "verify random:20x30,zeros=0.8 random:30x9 --array 4x4 ";
  std::vector<std::string> keys = kKeys;
  keys.insert(keys.end(), {"equal", "kernel_seconds"});
  const Json all = folder.json(command);
  CHECK(keys_of(all) == std::vector<std::string>{"results"});
  CHECK(dataflows_of(all.at("results")) == kDataflows);
  for (const Json& entry : all.at("results")) {
    CHECK(keys_of(entry) == keys);
    CHECK(entry.at("equal") == true);
    CHECK(entry.at("kernel_seconds") > 0);
  }
  CHECK(dataflows_of(folder.json(command + "--dataflow csOS,dWS").at("results")) ==
        std::vector<std::string>{"csOS", "dWS"});
  CHECK(dataflows_of(folder.json(command + "--accumulate fold").at("results")) ==
        std::vector<std::string>{"dWS", "dIS", "sWS", "sIS"});
  folder.refused(command + "--accumulate fold --dataflow dWS,sOS", "--accumulate", "sOS");
  const std::string table = folder.works(command + "--timing overlapped --threads 2 --target portable").out;
  for (const std::string& dataflow : kDataflows) CHECK(table.find("\n  " + dataflow + " ") != std::string::npos);
  CHECK(table.find("differ") == std::string::npos);
}

TEST_CASE("cli: verify on every type, with preload and zero points") {
  const Folder folder;
  folder.write_npy<std::int32_t>("bias.npy", std::vector<std::int32_t>(20, -7), 20, 1);
  for (const std::string arguments :
       {"random:20x30,zeros=0.8,dtype=f64 random:30x9,dtype=f64 --mac unfused --alpha 3",
        "random:20x30,zeros=0.8,dtype=s8 random:30x9,dtype=u8 --b-zero-point 100 --preload bias.npy",
        "random:20x30,dtype=u8 random:30x9,dtype=s8 --a-zero-point 128 --accumulate fold",
        "random:20x30,zeros=0.7,dtype=s16 random:30x9,dtype=s16 --preload bias.npy",
        "random:20x30,zeros=0.8,dtype=bf16 random:30x9,dtype=bf16 --accumulate fold --mac unfused",
        "random:20x30,zeros=0.5,dtype=f16 random:30x9,dtype=f16 --alpha 0.3"}) {
    const Json json = folder.json("verify --array 3x5 " + arguments);
    for (const Json& entry : json.at("results")) {
      CHECK(entry.at("equal") == true);
    }
  }
}

TEST_CASE("cli: no progress line in a pipe") {
  const Folder folder;
  CHECK(folder.works("emulate random:64x200 random:200x120 --array 4x4").err.empty());
}

}  // namespace
}  // namespace septet::cli::test
