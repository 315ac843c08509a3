// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// network: what it says of public models of which only shapes are known, in total and per input and token.
#include "network_model.hpp"

#include <cmath>

namespace septet::cli::test {
namespace {

bool near(const Json& value, double expected) {
  return std::abs(value.get<double>() - expected) <= 1e-12 * std::abs(expected);
}

// Of every input or token: totals over their number.
void check_items(const Json& json, const std::string& name, double count) {
  CAPTURE(name);
  const double seconds = json.at("latency_seconds");
  CHECK(near(json.at("cycles_per_" + name), json.at("cycles_total").get<double>() / count));
  CHECK(near(json.at("seconds_per_" + name), seconds / count));
  CHECK(near(json.at(name + "s_per_second"), count / seconds));
  CHECK(near(json.at("energy_per_" + name + "_joules"), json.at("energy_pj").get<double>() * 1e-12 / count));
}

void check_no_items(const Json& json, const std::string& name) {
  for (const std::string& key :
       {"cycles_per_" + name, "seconds_per_" + name, name + "s_per_second", "energy_per_" + name + "_joules"}) {
    CHECK_MESSAGE(json.at(key).is_null(), key);
  }
}

void check_rates(const Json& json, double clock_hz) {
  const double seconds = json.at("cycles_total").get<double>() / clock_hz;
  const double joules = json.at("energy_pj").get<double>() * 1e-12;
  const double operations = 2 * json.at("macs_useful").get<double>();
  CHECK(near(json.at("latency_seconds"), seconds));
  CHECK(near(json.at("operations_per_second"), operations / seconds));
  CHECK(near(json.at("watts"), joules / seconds));
  CHECK(near(json.at("operations_per_joule"), operations / joules));
}

Index sum_of(const Json& object) {
  Index sum = 0;
  for (const auto& [key, value] : object.items()) sum += value.get<Index>();
  return sum;
}

}  // namespace

TEST_CASE("cli: network: figures per input and token") {
  const Folder folder;
  folder.write("t.csv",
               "model,batch,seq,component,gemm_m,gemm_n,gemm_k,count_per_layer,layers,macs,b_operand,"
               "weight_params_per_instance\n"
               "mine,1,16,qkv,16,6,2,1,3,576,weight,12\nmine,1,16,scores,16,16,2,2,3,3072,activation,0\n");
  for (const Index batch : {1, 5}) {
    CAPTURE(batch);
    const Json json = folder.json("network t.csv --clock 250 --batch " + std::to_string(batch));
    CHECK(json.at("batch") == batch);
    CHECK(json.at("tokens") == 16 * batch);
    CHECK(json.at("macs_dense") == 3648 * batch);
    CHECK(json.at("parameters") == 36);
    check_items(json, "input", static_cast<double>(batch)), check_items(json, "token", 16.0 * batch);
    check_rates(json, 250e6);
    CHECK(sum_of(json.at("parameters_by_op")) == json.at("parameters"));
  }
  const std::string text = folder.works("network t.csv").out;
  for (const char* part : {"per input: ", "per token: ", "per second and watt"}) {
    CHECK_MESSAGE(text.find(part) != std::string::npos, part);
  }
  folder.works("network t.csv --report r.html");
  for (const char* part : {"Cycles per token", "Energy per input", "Throughput, tokens"}) {
    CHECK_MESSAGE(folder.read("r.html").find(part) != std::string::npos, part);
  }
  const Model model(41);
  const Json none = model.folder.json("network net"), some = model.folder.json("network net --tokens 7");
  CHECK(none.at("tokens").is_null());
  check_no_items(none, "token");
  const auto batch = static_cast<double>(info_of(model.network, model.network.inputs[0]).dim(0));
  check_items(none, "input", batch), check_items(some, "token", 7 * batch);
  CHECK_FALSE(none.contains("run_inputs_per_second"));
  const Json run = model.folder.json("network net --input x.npy");
  CHECK(near(run.at("run_inputs_per_second"), batch / run.at("seconds").get<double>()));
}

TEST_CASE("cli: network: documented totals of public models") {
  const std::string workloads = shared_data("workloads");
  if (workloads.empty()) return;
  const Folder folder;
  const auto json = [&](const std::string& arguments) {
    return folder.json("network '" + workloads + "/" + arguments);
  };
  const Json resnet = json("resnet50_v1.5_fwd.csv'");
  CHECK(resnet.at("macs_dense") == 4089184256);
  CHECK(resnet.at("parameters") == 25557032);
  const Json gpt = json("gpt2_xl_seq1024.csv'");
  CHECK(gpt.at("parameters") == 1557611200);
  CHECK(gpt.at("tokens") == 1024);
  check_items(gpt, "token", 1024);
  CHECK(json("gpt2_xl_seq1024.csv' --architecture none").at("parameters") == 1554971200);
  const Json dlrm = json("dlrm_configs.json' --config criteo_1tb_mlperf");
  CHECK(dlrm.at("parameters_by_op").at("embedding_bag") == 26135627264);
  CHECK(dlrm.at("parameters_by_op").at("fully_connected") == 2365184);
  CHECK(json("dlrm_criteo_1tb_mlperf.csv'").at("parameters") == 2365184);
  const Json batch = json("dlrm_configs.json' --config criteo_1tb_mlperf --batch 2048 --arrays 4 --partition table");
  CHECK(batch.at("batch") == 2048);
  CHECK(batch.at("macs_dense") == json("dlrm_criteo_1tb_mlperf.csv'").at("macs_dense"));
  Index tables = 0, lookups = 0;
  for (const Json& load : batch.at("partition").at("loads")) {
    tables += load.at("table_bytes").get<Index>(), lookups += load.at("lookups").get<Index>();
  }
  CHECK(tables == 4 * Index{26135627264});
  CHECK(lookups == 26 * 2048);
  const Json sweep = json("genslm_neox_25M_seqsweep.csv' --tokens 2048");
  CHECK(sweep.at("parameters") == 25290752);
  CHECK(sweep.at("tokens") == 2048);
}

TEST_CASE("cli: network: depthwise convolutions are a class of their own") {
  const std::string trained = shared_data("data/models/dscnn_kws_int8"), workloads = shared_data("workloads");
  if (trained.empty() || workloads.empty()) return;
  const Folder folder;
  const Json json = folder.json("network '" + trained + "' --report r.html");
  CHECK(json.at("cycles_by_op").at("depthwise") > 0);
  CHECK(sum_of(json.at("cycles_by_op")) == json.at("cycles_total"));
  for (const Json& layer : json.at("layers")) {
    CHECK((layer.at("op") == "depthwise") == (layer.at("name").get<std::string>().find("_dw") != std::string::npos));
  }
  CHECK(folder.read("r.html").find("depthwise <small>") != std::string::npos);
  const Json table = folder.json("network '" + workloads + "/mobilenet_v1_fwd.csv'");
  CHECK(table.at("parameters_by_op").at("depthwise") > 0);
}

TEST_CASE("cli: network refuses flags that are not the model's") {
  const Model model(42);
  const Folder& folder = model.folder;
  folder.write("t.csv", "Layer, M, N, K\nfirst, 3, 4, 5\n");
  folder.write("m.json", "[{\"name\": \"a\"}, {\"name\": \"b\"}]");
  const std::vector<std::string> before = folder.list();
  folder.refused("network net --batch 2", "--batch", "is of tables of layers");
  folder.refused("network net --architecture gpt2", "--architecture", "is of tables of layers");
  folder.refused("network net --config a", "--config", "is of configurations (.json) alone");
  folder.refused("network t.csv --config a", "--config", "is of configurations (.json) alone");
  folder.refused("network t.csv --table-type u8", "--table-type", "is of configurations (.json) alone");
  folder.refused("network t.csv --architecture gpt2", "t.csv", "it has no architecture");
  folder.refused("network t.csv --architecture llama", "--architecture", "'llama' is none of none, gpt2, gpt3");
  folder.refused("network t.csv --batch 0", "--batch", "0");
  folder.refused("network t.csv --tokens -1", "--tokens", "-1");
  folder.refused("network net --tokens 1099511627777", "--tokens", "1099511627777");
  folder.refused("network m.json", "m.json", "one of its models has to be named, by --config: a, b");
  folder.refused("network m.json --config c", "m.json", "'c' is none");
  folder.refused("network m.json --config a", "m.json", "[0] (a): bottom_mlp is missing");
  folder.refused("network m.json --config a --table-type s8", "--table-type", "'s8' is none of f32, f16, u8");
  folder.refused("network m.json --config a --input x.npy", "m.json", "bottom_mlp is missing");
  CHECK(folder.list() == before);
}

}  // namespace septet::cli::test
