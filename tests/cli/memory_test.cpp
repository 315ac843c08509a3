// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Memory systems and energy tables on the command line.
#include "cli_test_support.hpp"

#include <algorithm>

namespace septet::cli::test {
namespace {

const std::vector<std::string> kMemoryKeys = {"loop_order",
                                              "buffer_a_bytes",
                                              "buffer_b_bytes",
                                              "buffer_c_bytes",
                                              "off_chip_bandwidth_bytes_per_cycle",
                                              "resident_a_tiles",
                                              "resident_b_tiles",
                                              "resident_c_tiles",
                                              "cycles_stall_memory",
                                              "cycles_with_memory",
                                              "buffer_reads_a_bytes",
                                              "buffer_reads_b_bytes",
                                              "buffer_reads_c_bytes",
                                              "buffer_writes_c_bytes",
                                              "off_chip_reads_a_bytes",
                                              "off_chip_reads_b_bytes",
                                              "off_chip_reads_c_bytes",
                                              "off_chip_writes_c_bytes",
                                              "memory_walks"};
const std::vector<std::string> kEnergyKeys = {
    "energy_mac_pj",       "energy_injected_zeros_pj", "energy_fold_adds_pj", "energy_idle_pj",
    "energy_registers_pj", "energy_decompression_pj",  "energy_buffer_a_pj",  "energy_buffer_b_pj",
    "energy_buffer_c_pj",  "energy_off_chip_pj",       "energy_total_pj"};
const std::string kMemory = " --buffers 256,512,1K --off-chip-bandwidth 3";

std::vector<std::string> joined(std::vector<std::string> keys, const std::vector<std::string>& more) {
  keys.insert(keys.end(), more.begin(), more.end());
  return keys;
}

TEST_CASE("cli: a memory system and energy add their keys, the same to emulate and cycles") {
  const Folder folder;
  for (const std::string dataflow : {"dOS", "dWS", "dIS", "sOS", "sWS", "sIS", "csOS"}) {
    for (const std::string timing : {"serial", "overlapped", "scalesim"}) {
      const std::string flags = " --array 4x6 --dataflow " + dataflow + " --timing " + timing;
      CAPTURE(flags);
      const std::string emulate = "emulate random:30x40,zeros=0.85 random:40x13" + flags;
      const std::string cycles = "cycles random:30x40,zeros=0.85 13" + flags;
      const std::vector<std::string> plain = keys_of(folder.json(cycles));
      const Json both = folder.json(emulate + kMemory + " --energy default");
      CHECK(keys_of(both) == joined(joined(plain, kMemoryKeys), kEnergyKeys));
      CHECK(both.dump() == folder.json(cycles + kMemory + " --energy default").dump());
      CHECK(keys_of(folder.json(cycles + kMemory)) == joined(plain, kMemoryKeys));
      CHECK(keys_of(folder.json(cycles + " --energy default")) == joined(plain, kEnergyKeys));
      // What is there without them stays as it is.
      const Json without = folder.json(cycles);
      for (const std::string& key : plain) CHECK(both.at(key) == without.at(key));
    }
  }
}

TEST_CASE("cli: words of A of few bits, the same to emulate and cycles") {
  const Folder folder;
  for (const std::string dataflow : {"dOS", "sWS", "sIS", "csOS"}) {
    const std::string flags =
        " --array 4x6 --dataflow " + dataflow + kMemory + " --bandwidth 5 --weight-bits 4 --energy default";
    CAPTURE(flags);
    const Json counted = folder.json("emulate random:30x40,zeros=0.85,dtype=s8 random:40x13,dtype=s8" + flags);
    CHECK(counted.dump() == folder.json("cycles random:30x40,zeros=0.85,dtype=s8 13" + flags).dump());
    CHECK(counted.at("a_word_bits") == 4);
    CHECK(counted.at("a_bytes_values") == (dataflow == "dOS" ? 30 * 40 / 2 : (counted.at("nnz").get<int>() + 1) / 2));
  }
}

// tests/emulation/memory_test.cpp works it out.
TEST_CASE("cli: a layer of ResNet-50 in memory") {
  const Folder folder;
  const std::string layer = "cycles 64x3136x576 --dtype s8 --dataflow dWS --array 32x32";
  const Json json = folder.json(layer + " --buffers 64K,256K,1M --off-chip-bandwidth 32");
  CHECK(json.at("buffer_a_bytes") == 65536);
  CHECK(json.at("buffer_b_bytes") == 262144);
  CHECK(json.at("buffer_c_bytes") == 1048576);
  CHECK(json.at("off_chip_bandwidth_bytes_per_cycle") == 32);
  CHECK(json.at("loop_order") == "m k");
  CHECK(json.at("cycles") == 116280);
  CHECK(json.at("cycles_stall_memory") == 3168 + 12482 + 12544);
  CHECK(json.at("cycles_with_memory") == 116280 + 3168 + 12482 + 12544);
  CHECK(json.at("off_chip_reads_b_bytes") == 2 * 576 * 3136);
  // The walk that was chosen is among all of them, and none is better.
  bool found = false;
  for (const Json& walk : json.at("memory_walks")) {
    CHECK(walk.at("cycles_stall_memory") >= json.at("cycles_stall_memory"));
    found = found || (walk.at("loop_order") == json.at("loop_order") &&
                      walk.at("cycles_stall_memory") == json.at("cycles_stall_memory"));
  }
  CHECK(found);
  CHECK(json.at("memory_walks").size() >= 2);
  const std::string table = folder.works(layer + " --buffers 64K,256K,1M --off-chip-bandwidth 32").out;
  CHECK(table.find("144,474") != std::string::npos);
  const std::string all = folder
                              .works(
                                  "cycles 64x3136x576 --dtype s8 --dataflow all --array 32x32 --buffers 64K,256K,1M "
                                  "--energy default")
                              .out;
  for (const std::string part : {"with memory", "off-chip bytes", "energy nJ"})
    CHECK(all.find(part) != std::string::npos);
}

TEST_CASE("cli: the default energy table is a table") {
  const Folder folder;
  const std::string text = folder.works("cycles --print-energy-table").out;
  CHECK(folder.works("emulate --print-energy-table").out == text);
  folder.write("table.json", text);
  const std::string run = "cycles random:30x40,zeros=0.85 13 --dataflow sWS" + kMemory;
  CHECK(folder.json(run + " --energy table.json").dump() == folder.json(run + " --energy default").dump());
  Json table = Json::parse(text);
  for (const auto& entry : table.items()) {
    CHECK(keys_of(entry.value()) == std::vector<std::string>{"value", "source"});
  }
  table["off_chip_pj_per_byte"] = {{"value", 1000}, {"source", "this test"}};
  folder.write("table.json", table.dump());
  const Json json = folder.json(run + " --energy table.json");
  const double bytes =
      json.at("off_chip_reads_a_bytes").get<double>() + json.at("off_chip_reads_b_bytes").get<double>() +
      json.at("off_chip_reads_c_bytes").get<double>() + json.at("off_chip_writes_c_bytes").get<double>();
  CHECK(json.at("energy_off_chip_pj").get<double>() == doctest::Approx(1000 * bytes));
  CHECK_MESSAGE(folder.list() == std::vector<std::string>{"table.json"}, "nothing else is written");
}

TEST_CASE("cli: energy tables that are none") {
  const Folder folder;
  const Json good = Json::parse(folder.works("cycles --print-energy-table").out);
  const auto refused = [&](const std::string& text, const std::string& part) {
    folder.write("t.json", text);
    folder.refused("cycles 4x4x4 --energy t.json --json out.json", "t.json", part);
    CHECK_FALSE(folder.has("out.json"));
  };
  const auto with = [&](const Json& entry) {
    Json table = good;
    table["add_s32_pj"] = entry;
    return table.dump();
  };
  const Json source = "s";
  Json missing = good;
  missing.erase("idle_pe_cycle_pj");
  refused(missing.dump(), "'idle_pe_cycle_pj' is missing");
  refused(with({{"value", -0.5}, {"source", source}}), "'add_s32_pj' is negative");
  refused(with({{"value", "1"}, {"source", source}}), "'add_s32_pj': the value is not a number");
  refused(with({{"value", nullptr}, {"source", source}}), "'add_s32_pj': the value is not a number");
  refused(with({{"source", source}}), "'add_s32_pj' has no \"value\"");
  refused(with({{"value", 1}}), "'add_s32_pj' has no \"source\"");
  refused(with({{"value", 1}, {"source", 2}}), "'add_s32_pj': the source is not a text");
  refused(with({{"value", 1}, {"source", source}, {"unit", "pJ"}}), "unknown field 'unit'");
  refused(with(3), "'add_s32_pj' is not of the form");
  Json unknown = good;
  unknown["energy_of_the_sun_pj"] = unknown["add_s32_pj"];
  refused(unknown.dump(), "'energy_of_the_sun_pj' is no entry");
  Json flat = good;
  flat["buffer_32_kib_pj_per_byte"]["value"] = 0;
  refused(flat.dump(), "'buffer_32_kib_pj_per_byte' is 0");
  const std::string entry = R"("add_s32_pj": {"value": 1, "source": "s"})";
  refused("{" + entry + ", " + entry + "}", "'add_s32_pj' is there twice");
  refused(R"({"add_s32_pj": {"value": 0.2, "value": 0.4, "source": "s"}})", "'add_s32_pj': 'value' is there twice");
  refused(R"({"add_f16_pj": {"source": "s"}, "add_s32_pj": {"source": "s", "value": 1, "source": "t"}})",
          "'add_s32_pj': 'source' is there twice");
  refused(R"([{"a": 1}, {"a": 1}])", "not a JSON object");
  refused(with({{"value", 1e308}, {"source", source}}), "'add_s32_pj' is more than 1e6 pJ");
  refused(R"({"add_s32_pj": {"value": 1e999, "source": "s"}})", "not finite");
  refused(R"({"add_s32_pj": {"value": NaN, "source": "s"}})", "not JSON");
  refused("", "not JSON");
  refused("[]", "not a JSON object");
  refused(std::string("\xff\xfe\0", 3), "not JSON");
  refused(std::string((1 << 20) + 1, ' '), "too large");
  folder.refused("cycles 4x4x4 --energy nothing.json", "nothing.json", "cannot be opened");
  folder.refused("emulate random:4x4 random:4x4 --energy .", ".", "directory");
}

TEST_CASE("cli: memory systems that are none") {
  const Folder folder;
  for (const std::string verb : {"cycles 4x4x4", "emulate random:4x4 random:4x4"}) {
    const std::string run = verb + " --json out.json --array 4x4 --dataflow dOS ";
    folder.refused(run + "--buffers 64K", "--buffers", "three sizes");
    folder.refused(run + "--buffers 64K,64K", "--buffers", "three sizes");
    folder.refused(run + "--buffers 1K,1K,1K,1K", "--buffers", "three sizes");
    for (const std::string bad : {"", "K", "1G", "x", "1.5K", "64KB"}) {
      folder.refused(run + "--buffers 1K," + bad + ",1K", "--buffers", "no number of bytes");
    }
    for (const std::string bad : {"0", "-1", "0K", "9223372036854775807K", "99999999999999999999"}) {
      folder.refused(run + "--buffers 1K," + bad + ",1K", "--buffers", "is not 1 to 2^63 - 1 bytes");
    }
    folder.refused(run + "--buffers 31,1K,1K", "--buffers", "of A that this array's edge moves in a cycle");
    folder.refused(run + "--buffers 1K,31,1K", "--buffers", "of B that this array's edge moves in a cycle");
    folder.refused(run + "--buffers 1K,1K,31", "--buffers", "of C that this array's edge moves in a cycle");
    folder.works(run + "--buffers 32,32,32");
    folder.refused(run + "--buffers 1K,1K,1K --off-chip-bandwidth -1", "--off-chip-bandwidth", "is not 0 to");
    folder.refused(verb + " --off-chip-bandwidth 4", "--off-chip-bandwidth", "needs --buffers");
    folder.refused(run + "--weight-bits 65", "--weight-bits", "is not 0 to 64");
    folder.refused(run + "--weight-bits 33", "--weight-bits", "is not 0 to the 32 of f32");
  }
  CHECK(folder.list() == std::vector<std::string>{"out.json"});
}

}  // namespace
}  // namespace septet::cli::test
