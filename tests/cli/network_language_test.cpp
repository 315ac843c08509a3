// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// network: language models by name and by configuration, their section of the report, sparse and low-bit weights.
#include "network_model.hpp"

#include <cmath>

namespace septet::cli::test {
namespace {

const char* kSmall =
    R"([{"name": "small", "family": "gpt_neox", "hidden": 32, "heads": 4, "layers": 3, "ff": 64, "vocab": 50}])";

bool near(double value, double expected) { return std::abs(value - expected) <= 1e-12 * std::abs(expected); }

// Weights of the blocks, and of the head.
constexpr Index kBlocks = 3 * (96 * 32 + 32 * 32 + 2 * 64 * 32), kHead = 50 * 32;

const Json& layer_of(const Json& json, const std::string& name) {
  for (const Json& layer : json.at("layers")) {
    if (layer.at("name") == name) return layer;
  }
  FAIL("there is no layer " << name);
  return json;
}

void check_rates(const Json& json, Index tokens) {
  const Json& language = json.at("language");
  const auto count = static_cast<double>(tokens);
  CHECK(json.at("tokens") == tokens);
  CHECK(language.at("macs") == json.at("macs_useful"));
  CHECK(near(language.at("flops_per_token"), 2 * language.at("macs").get<double>() / count));
  CHECK(near(language.at("attention_share"),
             language.at("macs_attention").get<double>() / language.at("macs").get<double>()));
  for (const char* key : {"cycles_per_token", "tokens_per_second", "energy_per_token_joules"}) {
    CHECK_MESSAGE(near(language.at(key), json.at(key).get<double>()), key);
  }
  CHECK(near(language.at("latency_seconds"), json.at("latency_seconds").get<double>()));
  CHECK(near(language.at("watts"), json.at("watts").get<double>()));
  CHECK(near(language.at("tokens_per_joule"), count / (json.at("energy_pj").get<double>() * 1e-12)));
}

}  // namespace

TEST_CASE("cli: network: models by name") {
  const Folder folder;
  const Json block = folder.json("network model:gpt2-xl-block --tokens 1024 --array 32x32 --dataflow dWS");
  CHECK(block.at("macs_dense") == 34812723200);
  CHECK(block.at("language").at("macs") == 34812723200);
  CHECK(block.at("language").at("attention") == "full");
  CHECK(block.at("language").at("sparsity").is_null());
  CHECK(block.at("language").at("low_bits").is_null());
  CHECK(block.at("language").at("off_chip_bytes").is_null());
  check_rates(block, 1024);
  for (const auto& [tokens, share] : {std::pair<const char*, int>{"1024", 25}, {"10240", 77}}) {
    const Json json = folder.json(std::string("network model:genslm_neox_25M --dataflow dWS --tokens ") + tokens);
    CHECK(std::lround(100 * json.at("language").at("attention_share").get<double>()) == share);
    CHECK(json.at("language").at("parameters") == 25290752);
    CHECK(json.at("parameters") == 25290752);
  }
  const std::string text = folder.works("network model:bert-base --tokens 128 --dataflow dWS").out;
  for (const char* part : {"Attention", "Tokens per second", "Energy per token", "prefill: a sequence of 128 tokens"}) {
    CHECK_MESSAGE(text.find(part) != std::string::npos, part);
  }
  folder.works("network model:gpt2 --tokens 16 --report r.html");
  for (const char* part : {"<h2>Language model</h2>", "Tokens per second", "attn_softmax"}) {
    CHECK_MESSAGE(folder.read("r.html").find(part) != std::string::npos, part);
  }
}

TEST_CASE("cli: network: decoding with a memory system is as quick as its channel, at most") {
  const Folder folder;
  folder.write("m.json", kSmall);
  const std::string run = "network m.json --phase decode --context 40 --batch 2 --array 8x8 --dataflow dWS";
  const Json free = folder.json(run);
  check_rates(free, 2);
  const Json& language = free.at("language");
  CHECK(language.at("phase") == "decode");
  CHECK(language.at("sequences") == 2);
  CHECK(language.at("cache_reads_bytes") == 2 * 40 * 2 * 32 * 3);
  CHECK(language.at("cache_bytes") == 2 * 41 * 2 * 32 * 3);
  CHECK(language.at("weight_bytes") == language.at("parameters"));
  // Of the embeddings' 50 rows two are read.
  const Index moved = language.at("parameters").get<Index>() - 50 * 32 + 2 * 32 + 2 * 41 * 2 * 32 * 3;
  CHECK(near(language.at("bytes_per_token"), static_cast<double>(moved) / 2));
  CHECK(language.at("tokens_per_second_at_bandwidth").is_null());
  const Json narrow = folder.json(run + " --buffers 8K,8K,8K --off-chip-bandwidth 2 --clock 500");
  const Json& bound = narrow.at("language");
  check_rates(narrow, 2);
  // Every weight, and every key and value that is kept, comes at least once.
  const Index least = kBlocks + kHead + language.at("cache_reads_bytes").get<Index>();
  CHECK(bound.at("off_chip_bytes").get<Index>() >= least);
  CHECK(near(bound.at("tokens_per_second_at_bandwidth"), 2 * 500e6 * 2 / bound.at("off_chip_bytes").get<double>()));
  CHECK(bound.at("tokens_per_second") <= bound.at("tokens_per_second_at_bandwidth"));
  CHECK(narrow.at("cycles_array") > free.at("cycles_array"));
  // Half of the weights' bits: their words come in half of the bytes, values and cycles of the array stay.
  const Json nibbles = folder.json(run + " --buffers 8K,8K,8K --off-chip-bandwidth 2 --clock 500 --weight-bits 4");
  CHECK(nibbles.at("language").at("off_chip_bytes") == bound.at("off_chip_bytes").get<Index>() - kBlocks / 2);
  CHECK(nibbles.at("language").at("tokens_per_second") > bound.at("tokens_per_second"));
  CHECK(nibbles.at("macs_useful") == narrow.at("macs_useful"));
  CHECK(layer_of(nibbles, "attn_scores") == layer_of(narrow, "attn_scores"));
  CHECK(layer_of(nibbles, "lm_head") == layer_of(narrow, "lm_head"));
}

TEST_CASE("cli: network: pruned blocks and weights of few bits") {
  const Folder folder;
  folder.write("m.json", kSmall);
  const std::string run = "network m.json --tokens 20 --array 8x8";
  const Json dense = folder.json(run), sparse = folder.json(run + " --weight-sparsity 0.75");
  check_rates(sparse, 20);
  const Json& language = sparse.at("language").at("sparsity");
  const Index zeros = kBlocks * 3 / 4, macs = dense.at("macs_dense"), parameters = dense.at("parameters");
  CHECK(sparse.at("macs_useful") == macs - 20 * zeros);
  CHECK(near(language.at("flops_ratio"), static_cast<double>(macs) / static_cast<double>(macs - 20 * zeros)));
  CHECK(language.at("parameters_nonzero") == parameters - zeros);
  CHECK(
      near(language.at("parameters_ratio"), static_cast<double>(parameters) / static_cast<double>(parameters - zeros)));
  CHECK(language.at("pattern") == "unstructured");
  CHECK(layer_of(sparse, "lm_head") == layer_of(dense, "lm_head"));
  CHECK(layer_of(sparse, "qkv").at("nnz") == 3 * 96 * 32 / 4);
  CHECK(sparse.dump() == folder.json(run + " --weight-sparsity 0.75").dump());  // seeded
  const Json pairs = folder.json(run + " --weight-pattern 2:4");
  CHECK(pairs.at("language").at("sparsity").at("pattern") == "2:4");
  CHECK(layer_of(pairs, "ff1").at("nnz") == 3 * 64 * 32 / 2);
  const Json blocks = folder.json(run + " --weight-sparsity 0.5 --weight-pattern block:8x8");
  CHECK(layer_of(blocks, "ff1").at("nnz") == 3 * 64 * 32 / 2);
  CHECK(layer_of(blocks, "ff1").at("cycles_best_sparse") < layer_of(pairs, "ff1").at("cycles_best_sparse"));

  const Json low = folder.json(run + " --weight-bits 4 --group 16 --dataflow dWS");
  CHECK(low.at("language").at("low_bits").at("weight_bits") == 4);
  const Index scales = 2 * kBlocks / 16;
  CHECK(low.at("language").at("low_bits").at("scale_bytes") == scales);
  CHECK(low.at("language").at("weight_bytes") == parameters - kBlocks / 2 + scales);
  CHECK(layer_of(low, "qkv_scales").at("vector_simple_operations") == 3 * 3 * 96 * 20 * 2);
  CHECK(layer_of(low, "qkv").at("cycles") == layer_of(folder.json(run + " --dataflow dWS"), "qkv").at("cycles"));
  const std::string text = folder.works(run + " --weight-sparsity 0.5 --weight-bits 4 --group 16").out;
  for (const char* part : {"times fewer FLOPs", "4 bits, an f16 scale for 16 of them"}) {
    CHECK_MESSAGE(text.find(part) != std::string::npos, part);
  }
  // Tables of layers have weights alone.
  folder.write("t.csv", "Layer, M, N, K\nfirst, 3, 16, 32\n");
  CHECK(layer_of(folder.json("network t.csv --weight-sparsity 0.5 --array 4x4"), "first").at("nnz") == 256);
}

TEST_CASE("cli: network refuses what language models are not") {
  const Model model(44);
  const Folder& folder = model.folder;
  folder.write("m.json", kSmall);
  folder.write("t.csv", "Layer, M, N, K\nfirst, 3, 4, 5\n");
  const std::vector<std::string> before = folder.list();
  folder.refused("network model:gpt5 --tokens 4", "model:gpt5", "is no known model; there are gpt2, gpt2-xl");
  folder.refused("network model: --tokens 4", "model:", "is no known model");
  folder.refused("network model:gpt2", "model:gpt2", "needs --tokens");
  folder.refused("network model:gpt2 --phase decode", "model:gpt2", "decode needs --context");
  folder.refused("network model:gpt2 --phase decode --context 4 --tokens 2", "model:gpt2", "no --tokens");
  folder.refused("network model:bert-base --phase decode --context 4", "model:bert-base", "is an encoder");
  folder.refused("network model:gpt2 --phase train --tokens 4", "--phase", "'train' is none of prefill, decode");
  folder.refused("network model:gpt2 --tokens 4 --input x.npy", "--input", "there is nothing to run");
  folder.refused("network model:gpt2 --tokens 4 --table-type u8", "--table-type", "is of configurations (.json) alone");
  folder.refused("network m.json --tokens 4 --table-type u8", "--table-type", "is of recommendation models alone");
  folder.refused("network m.json --tokens 4 --weight-sparsity 1.5", "--weight-sparsity", "'1.5' is not 0 to 1");
  folder.refused("network m.json --tokens 4 --weight-pattern 2:4 --weight-sparsity 0.5", "--weight-sparsity",
                 "excludes a pattern N:M");
  folder.refused("network m.json --tokens 4 --weight-pattern block:2x2", "--weight-pattern", "needs --weight-sparsity");
  folder.refused("network m.json --tokens 4 --weight-sparsity 0.5 --weight-pattern 4", "--weight-pattern",
                 "'4' is none of unstructured, N:M, block:RxC");
  folder.refused("network m.json --tokens 4 --weight-pattern 5:4", "--weight-pattern",
                 "'5:4' is not N of M neighbours");
  folder.refused("network m.json --tokens 4 --weight-pattern block:0x4 --weight-sparsity 0.5", "--weight-pattern",
                 "'block:0x4' is not at least block:1x1");
  folder.refused("network m.json --tokens 4 --weight-bits 9", "--weight-bits", "1 to 8");
  folder.refused("network m.json --tokens 4 --group 16", "--group", "needs --weight-bits");
  folder.refused("network t.csv --phase decode", "--phase", "is of a transformer's configuration alone");
  folder.refused("network t.csv --context 4", "--context", "is of a transformer's configuration alone");
  folder.refused("network net --weight-sparsity 0.5", "--weight-sparsity", "a network has its weights");
  folder.refused("network net --context 4", "--context", "is of a transformer's configuration alone");
  folder.write("w.csv", "layer,pass,gemm_m,gemm_n,gemm_k,gemm_count,macs\na,wgrad,2,3,4,1,24\n");
  folder.refused("network w.csv --weight-sparsity 0.5", "w.csv", "has no weights that could be compressed");
  folder.works("network net --weight-bits 7");
  CHECK(folder.list().size() == before.size() + 1);
}

}  // namespace septet::cli::test
