// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// network: a small network from its file to its outputs, costs and partitions. numerics_test.cpp has its numbers.
#include "network_model.hpp"

#include <filesystem>

namespace septet::cli::test {
namespace {

Index sum_of(const Json& list, const char* key) {
  Index sum = 0;
  for (const Json& item : list) sum += item.at(key).get<Index>();
  return sum;
}

}  // namespace

TEST_CASE("cli: network runs on CPU and array, and writes what the library makes") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    CAPTURE(seed);
    const Model model(seed);
    const Tensor want = model.output();
    for (const std::string executor : {"cpu", "array --array 5x3", "array --dataflow csOS"}) {
      CAPTURE(executor);
      const Json json = model.folder.json("network net --input x.npy -o y.npy --executor " + executor);
      CHECK(same_elements(io::read_tensor(model.folder.path("y.npy")), want));
      CHECK(json.at("network") == "random");
      CHECK(json.at("executor") == executor.substr(0, executor.find(' ')));
      CHECK(json.at("batch") == info_of(model.network, model.network.inputs[0]).dim(0));
      CHECK(json.at("layers").size() == model.network.steps.size());
      CHECK(json.at("cycles_total") == sum_of(json.at("layers"), "cycles_total"));
      CHECK(json.at("macs_dense") == sum_of(json.at("layers"), "macs_dense"));
      CHECK(json.at("parameters") == sum_of(json.at("layers"), "parameters"));
      CHECK(json.contains("seconds"));
      std::filesystem::remove(model.folder.path("y.npy"));
    }
    CHECK(model.folder.list() == std::vector<std::string>{"net", "x.npy"});
    const Json unrun = model.folder.json("network net/index.json");
    CHECK(unrun.at("executor").is_null());
    CHECK_FALSE(unrun.contains("seconds"));
  }
}

TEST_CASE("cli: network refuses what it cannot run, and leaves nothing behind") {
  const Model model(4);
  const Folder& folder = model.folder;
  folder.write("t.csv", "Layer, M, N, K\nfirst, 3, 4, 5\n");
  TensorInfo other = info_of(model.network, model.network.inputs[0]);
  ++other.shape[2];
  write_tensor(folder.path("wide.npy"), Tensor(other));
  other.type = Type::f32;
  write_tensor(folder.path("floats.npy"), Tensor(other));
  const std::vector<std::string> before = folder.list();
  const std::string out = " -o y.npy --record rec --json r.json";
  folder.refused("network net" + out, "-o", "nothing is run without --input");
  folder.refused("network none --input x.npy" + out, "none", "cannot be opened");
  folder.refused("network net --input none.npy" + out, "none.npy", "cannot be opened");
  folder.refused("network net --input wide.npy" + out, "wide.npy", "the network's t0 is");
  folder.refused("network net --input floats.npy" + out, "floats.npy", "holds f32");
  folder.refused("network net --input x.npy --input x.npy" + out, "--input", "2 times; the network has 1");
  folder.refused("network net --input x.npy --executor gpu", "--executor", "none of cpu, array");
  for (const std::string flag : {"-o y.npy", "--record rec", "--against mac=unfused", "--executor array"}) {
    CAPTURE(flag);
    folder.refused("network net " + flag, flag.substr(0, flag.find(' ')), "nothing is run without --input");
    folder.refused("network t.csv " + flag, flag.substr(0, flag.find(' ')), "a table has shapes alone");
  }
  folder.refused("network net --partition filter", "--partition", "needs --arrays");
  folder.refused("network net --arrays 0", "--arrays", "0");
  folder.refused("network net --arrays 2 --partition rows", "--partition", "none of layer, filter, table");
  folder.refused("network net --arrays 2 --table-bytes 1K", "--table-bytes", "needs --partition table");
  for (const auto& [text, part] : {std::pair<std::string, std::string>{"rounding=up", "'up' is none of"},
                                   {"accumulator=f32", "has sums of s32"},
                                   {"accumulator=s99", "s99"},
                                   {"mac=", "''"},
                                   {"flush=1", "on or off"},
                                   {"speed=fast", "'speed=fast' is none of"}}) {
    CAPTURE(text);
    folder.refused("network net --input x.npy --against " + text + out, "--against", part);
  }
  CHECK(folder.list() == before);
}

TEST_CASE("cli: network over several arrays") {
  const Model model(10);
  for (const std::string split : {"layer", "filter", "table"}) {
    CAPTURE(split);
    const Json json = model.folder.json("network net --arrays 3 --partition " + split);
    const Json& partition = json.at("partition");
    CHECK(keys_of(partition) == std::vector<std::string>{"split", "arrays", "cycles_slowest", "cycles_latency",
                                                         "speedup", "balance", "latency_seconds", "inputs_per_second",
                                                         "exchange_bytes", "loads"});
    CHECK(partition.at("split") == split);
    REQUIRE(partition.at("loads").size() == 3);
    CHECK(sum_of(partition.at("loads"), "macs") == json.at("macs_dense"));
    CHECK(sum_of(partition.at("loads"), "parameters") == json.at("parameters"));
    CHECK(sum_of(partition.at("loads"), "receives_bytes") == partition.at("exchange_bytes"));
  }
  model.folder.write("t.csv", "Layer, M, N, K\nfirst, 30, 4, 5\nsecond, 10, 4, 30\n");
  const Json table = model.folder.json("network t.csv --arrays 2");
  CHECK(table.at("partition").at("exchange_bytes").is_null());
  CHECK(sum_of(table.at("partition").at("loads"), "macs") == 600 + 1200);
}

TEST_CASE("cli: partitions of tables of layers conserve MACs and parameters") {
  const std::string workloads = shared_data("workloads");
  if (workloads.empty()) return;
  const Folder folder;
  for (const std::string name : {"resnet50_v1_fwd", "resnet50_v1.5_nonconv", "mobilenet_v1_fwd",
                                 "dlrm_criteo_1tb_mlperf", "bert_base_seq128", "gpt2_xl_seq1024"}) {
    CAPTURE(name);
    for (const std::string split : {"layer", "filter", "table"}) {
      CAPTURE(split);
      const Json json = folder.json("network '" + workloads + "/" + name + ".csv' --arrays 4 --partition " + split);
      const Json& partition = json.at("partition");
      CHECK(sum_of(partition.at("loads"), "macs") == json.at("macs_dense"));
      CHECK(sum_of(partition.at("loads"), "parameters") == json.at("parameters"));
      CHECK(sum_of(partition.at("loads"), "vector_bytes") ==
            sum_of(json.at("layers"), "vector_reads_bytes") + sum_of(json.at("layers"), "vector_writes_bytes"));
      CHECK(partition.at("balance") >= 1);
      if (split == "filter") continue;
      CHECK(sum_of(partition.at("loads"), "cycles") == json.at("cycles_total"));
      CHECK(partition.at("cycles_latency") == json.at("cycles_total"));
    }
  }
}

}  // namespace septet::cli::test
