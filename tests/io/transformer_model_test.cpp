// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Transformers by configuration: published totals, the public tables of their layers line by line, decoding, and what
// is wrong in configurations.
#include "io/transformer_model.hpp"

#include "io/config_list.hpp"
#include "io/layer_table.hpp"
#include "io_test_support.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>

namespace septet::io::test {
namespace {

using network::Layer;

TableOptions prefill(Index tokens) {
  TableOptions options;
  options.tokens = tokens;
  return options;
}

LayerTable table_of(const std::string& model, const TableOptions& options) {
  return transformer_layers("a test", transformer_by_name(model), options);
}

std::vector<Layer> products_of(const LayerTable& table) {
  std::vector<Layer> products;
  for (const Layer& layer : table.layers) {
    if (layer.product.count > 0) products.push_back(layer);
  }
  return products;
}

Index macs_of(const LayerTable& table) {
  Index macs = 0;
  for (const Layer& layer : table.layers) macs += layer.product.macs();
  return macs;
}

double attention_share(const LayerTable& table) {
  Index attention = 0;
  for (const Layer& layer : table.layers) attention += layer.op == "matmul" ? layer.product.macs() : 0;
  return static_cast<double>(attention) / static_cast<double>(macs_of(table));
}

const Layer& layer_of(const LayerTable& table, const std::string& name) {
  for (const Layer& layer : table.layers) {
    if (layer.name == name) return layer;
  }
  FAIL("there is no layer " << name);
  return table.layers.front();
}

// Lines of a table of layers of one length, beside the layers of the model.
void check_lines(const std::string& csv, const std::string& model, Index tokens) {
  INFO(csv, ", ", model, ", ", tokens, " tokens");
  const LayerTable read = read_layer_table(csv, prefill(tokens)), made = table_of(model, prefill(tokens));
  const std::vector<Layer> lines = products_of(read), layers = products_of(made);
  REQUIRE(lines.size() == layers.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const network::Product &want = lines[i].product, &got = layers[i].product;
    CAPTURE(lines[i].name);
    CHECK(lines[i].name.find(layers[i].name + ",") == 0);
    CHECK((got.m == want.m && got.n == want.n && got.k == want.k && got.count == want.count));
    CHECK(layers[i].product.macs() == lines[i].product.macs());
    CHECK(layers[i].parameters == lines[i].parameters);
    CHECK(layers[i].op == lines[i].op);
  }
}

}  // namespace

TEST_CASE("transformers: the public tables of their layers, line by line") {
  const std::string folder = shared_data("workloads");
  if (folder.empty()) return;
  check_lines(folder + "/gpt2_small_seq1024.csv", "gpt2", 1024);
  check_lines(folder + "/gpt2_xl_seq1024.csv", "gpt2-xl", 1024);
  check_lines(folder + "/gpt2_xl_block_seq1024.csv", "gpt2-xl-block", 1024);
  check_lines(folder + "/gpt3_xl_seq2048.csv", "gpt3-xl", 2048);
  for (const Index tokens : {128, 384, 512}) {
    check_lines(folder + "/bert_base_seq" + std::to_string(tokens) + ".csv", "bert-base", tokens);
  }
  for (const std::string size : {"25M", "250M", "2.5B", "25B"}) {
    for (const Index tokens : {1024, 2048, 4096, 8192, 10240}) {
      check_lines(folder + "/genslm_neox_" + size + "_seqsweep.csv", "genslm_neox_" + size, tokens);
    }
  }
}

TEST_CASE("transformers: published totals") {
  const auto parameters = [](const std::string& model) { return parameters_of("a test", transformer_by_name(model)); };
  CHECK(parameters("gpt2") == 124439808);
  CHECK(parameters("gpt2-xl") == 1557611200);
  CHECK(parameters("gpt3-xl") == 1315723264);
  CHECK(parameters("bert-base") == 109482240);
  CHECK(parameters("genslm_neox_25M") == 25290752);
  CHECK(parameters("genslm_neox_250M") == 253429376);
  CHECK(parameters("genslm_neox_2.5B") == 2533931008);
  CHECK(parameters("genslm_neox_25B") == 25776193536);
  CHECK(parameters("genslm_gpt2_25M") == 25779712);
  CHECK(parameters("genslm_gpt2_256M") == 256305024);
  CHECK(parameters("genslm_gpt2_1.5B") == 1523954400);
  CHECK(parameters("genslm_gpt2_2.5B") == 2482632000);
  CHECK(parameters("genslm_gpt2_15B") == 15422700160);
  CHECK(parameters("genslm_gpt2_20B") == 20142525440);
  CHECK(parameters("genslm_gpt2_25B") == 25491496320);
  CHECK(macs_of(table_of("gpt2-xl-block", prefill(1024))) == 34812723200);
  CHECK(std::lround(100 * attention_share(table_of("genslm_neox_25M", prefill(1024)))) == 25);
  CHECK(std::lround(100 * attention_share(table_of("genslm_neox_25M", prefill(10240)))) == 77);
}

TEST_CASE("transformers: published models as configurations have their published parameters") {
  const std::string folder = shared_data("workloads");
  if (folder.empty()) return;
  const std::string file = folder + "/genslm_configs.json";
  const ConfigList list(file);
  const Json models = read_json(file, 1 << 20, "a test");
  REQUIRE(models.size() == 13);
  for (const Json& json : models) {
    const std::string name = json["name"];
    CAPTURE(name);
    REQUIRE(is_transformer_config(list.named(name)));
    const TransformerModel model = read_transformer_config(list.named(name));
    const Index published = json["published_params"].is_null() ? json["recomputed_params"] : json["published_params"];
    CHECK(parameters_of(file, model) == published);
    if (name.find("published_name") != std::string::npos) continue;
    const TransformerModel known = transformer_by_name(name);
    CHECK((known.width == model.width && known.heads == model.heads && known.layers == model.layers));
    CHECK((known.feed_forward == model.feed_forward && known.words == model.words));
    CHECK((known.positions == model.positions && known.architecture == model.architecture));
  }
  const ConfigList dlrm(folder + "/dlrm_configs.json");
  CHECK_FALSE(is_transformer_config(dlrm.named("rm1")));
}

// arXiv 2303.10464 (2.5 times) and Cerebras' description of iteratively pruned GPT-3 (4.3 and 3 times), to more digits.
// compression_test.cpp has that exactly round(sparsity * weights) of a matrix are zeros.
TEST_CASE("transformers: what pruned blocks save of GPT-3 XL") {
  const LayerTable table = table_of("gpt3-xl", prefill(2048));
  const auto ratios = [&](double sparsity) {
    Index macs = 0, left = 0, parameters = 0, parameters_left = 0;
    for (const Layer& layer : table.layers) {
      const network::Product& p = layer.product;
      const bool block = layer.op == "fully_connected" && layer.name != "lm_head";
      const Index zeros = block ? std::llround(sparsity * static_cast<double>(p.m * p.k)) * p.count : 0;
      macs += p.macs(), left += p.macs() - zeros * p.n;
      parameters += layer.parameters, parameters_left += layer.parameters - zeros;
    }
    return std::make_pair(std::lround(1000.0 * static_cast<double>(macs) / static_cast<double>(left)),
                          std::lround(1000.0 * static_cast<double>(parameters) / static_cast<double>(parameters_left)));
  };
  CHECK(ratios(0.75).first == 2494);
  CHECK(ratios(0.838).first == 3025);
  CHECK(ratios(0.838).second == 4336);
}

TEST_CASE("transformers: decoding is a column per sequence, against what is kept") {
  TableOptions options;
  options.phase = Phase::decode, options.context = 99, options.batch = 3;
  const LayerTable table = table_of("gpt2", options);
  CHECK(table.inputs == 3);
  CHECK(table.tokens == 3);
  const auto product = [&](const std::string& name) {
    const network::Product& p = layer_of(table, name).product;
    return std::vector<Index>{p.m, p.n, p.k, p.count};
  };
  CHECK(product("qkv") == std::vector<Index>{2304, 3, 768, 12});
  CHECK(product("attn_scores") == std::vector<Index>{100, 1, 64, 12 * 12 * 3});
  CHECK(product("attn_context") == std::vector<Index>{64, 1, 100, 12 * 12 * 3});
  CHECK(product("ff1") == std::vector<Index>{3072, 3, 768, 12});
  CHECK(product("lm_head") == std::vector<Index>{50257, 3, 768, 1});
  CHECK(layer_of(table, "attn_softmax").vector.reads_bytes == 12 * 12 * 3 * 100);
  CHECK(layer_of(table, "embeddings").lookups == 3 * 2);  // word and position
  CHECK(table.transformer->cache_bytes_per_token() == 2 * 768 * 12);
  // As prefill with a context: a token alone.
  TableOptions alone = prefill(1);
  alone.context = 99, alone.batch = 3;
  CHECK(macs_of(table_of("gpt2", alone)) == macs_of(table));
}

TEST_CASE("transformers: vector work of a block, by hand") {
  // BERT-base, 128 tokens of 768, 12 blocks: normalisations behind both parts of a block, and behind the embeddings.
  const LayerTable bert = table_of("bert-base", prefill(128));
  const Index elements = 128 * 768;
  CHECK(layer_of(bert, "attn_out_norm").vector.simple_operations == 12 * 7 * elements);
  CHECK(layer_of(bert, "attn_out_norm").vector.special_operations == 12 * 2 * 128);
  CHECK(layer_of(bert, "ff2_norm").vector.writes_bytes == 12 * elements);
  CHECK(layer_of(bert, "embeddings_norm").vector.simple_operations == 7 * elements);
  CHECK(layer_of(bert, "embeddings").lookups == 3 * 128);
  CHECK(layer_of(bert, "attn_out_add").vector.reads_bytes == 12 * 2 * elements);
  CHECK(layer_of(bert, "ff_activation").vector.special_operations == 12 * 128 * 3072);
  CHECK(layer_of(bert, "attn_softmax").vector.special_operations == 12 * 12 * 128 * (128 + 1));
  CHECK(layer_of(bert, "pooler_activation").vector.special_operations == 768);
  // GPT-NeoX: before them, one at the end; a quarter of queries and keys turned.
  const LayerTable neox = table_of("genslm_neox_25M", prefill(16));
  CHECK(layer_of(neox, "qkv_norm").vector.writes_bytes == 8 * 16 * 512);
  CHECK(layer_of(neox, "lm_head_norm").vector.writes_bytes == 16 * 512);
  CHECK(layer_of(neox, "rotary").vector.simple_operations == 3 * 8 * 16 * 2 * 128);
  CHECK(layer_of(neox, "embeddings").lookups == 16);
  for (const Layer& layer : table_of("gpt2-xl-block", prefill(16)).layers) {
    for (const char* part : {"embeddings", "lm_head", "rotary", "pooler"}) {
      CHECK_MESSAGE(layer.name.find(part) == std::string::npos, layer.name);
    }
  }
}

TEST_CASE("transformers: wrong models, configurations and runs") {
  const ScratchFolder folder;
  const auto refused = [](const std::string& path, const std::string& part, const std::function<void()>& read) {
    try {
      read();
      FAIL_CHECK("was read: " << part);
    } catch (const Error& error) {
      check_refused(error.status(), path, part);
    }
  };
  refused("model:gpt5", "is no known model; there are gpt2, gpt2-xl, gpt2-xl-block, gpt3-xl, bert-base, genslm_",
          [] { transformer_by_name("gpt5"); });
  const Json good = {
      {"name", "small"}, {"family", "gpt2"}, {"hidden", 8},    {"heads", 2},      {"layers", 3},
      {"ff", 16},        {"vocab", 5},       {"positions", 7}, {"head_dim", 4.0}, {"published_params", nullptr}};
  const auto read = [&](const Json& json) {
    const std::string path = folder.write("m.json", Json{json}.dump());
    return transformer_layers(path, read_transformer_config(ConfigList(path).named("")), prefill(3));
  };
  // Weights and biases of a block, normalisations, words and positions.
  const Index block = 8 * 24 + 24 + 8 * 8 + 8 + 2 * 8 * 16 + 16 + 8 + 4 * 8;
  CHECK(parameters_of("a test", read(good).transformer->model) == 3 * block + 2 * 8 + (5 + 7) * 8);
  const auto with = [&](const std::function<void(Json&)>& change, const std::string& part) {
    Json json = good;
    change(json);
    INFO(json.dump());
    refused(folder.path("m.json"), part, [&] { read(json); });
  };
  for (const char* key : {"name", "family", "hidden", "heads", "layers", "ff", "vocab"}) {
    with([&](Json& json) { json.erase(key); }, std::string(key) + " is missing");
  }
  with([](Json& json) { json["family"] = "llama"; }, "family 'llama' is none of gpt2, gpt3, gpt-neox, bert");
  with([](Json& json) { json["hidden"] = 0; }, "hidden: 0 is none of 1 to");
  with([](Json& json) { json["layers"] = -1; }, "layers: -1 is none of 1 to");
  with([](Json& json) { json["vocab"] = "5"; }, "vocab is not a whole number");
  with([](Json& json) { json["head_dim"] = 5; }, "head_dim is 5, but hidden / heads is 4");
  with([](Json& json) { json["published_params"] = 1; }, "published_params is 1, but the model has ");
  with([](Json& json) { json["recomputed_params"] = 2; }, "recomputed_params is 2, but the model has ");
  with([](Json& json) { json["family"] = "gpt_neox"; }, "positions: gpt-neox learns none");
  with([](Json& json) { json["heads"] = 3, json.erase("head_dim"); }, "a width of 8 is no multiple of 3 heads");
  const auto run = [&](const std::string& model, const std::string& part,
                       const std::function<void(TableOptions&)>& change) {
    TableOptions options;
    options.phase = Phase::decode, options.context = 5;
    change(options);
    refused("a test", part, [&] { table_of(model, options); });
  };
  run("bert-base", "is an encoder: it has no decode phase", [](TableOptions&) {});
  run("gpt2", "decode needs --context", [](TableOptions& options) { options.context.reset(); });
  run("gpt2", "no --tokens", [](TableOptions& options) { options.tokens = 4; });
  run("gpt2", "needs --tokens", [](TableOptions& options) { options.phase = Phase::prefill; });
  run("gpt2", "says its architecture", [](TableOptions& options) { options.architecture = Architecture::gpt2; });
  run("gpt2", "totals beyond 64 bits", [](TableOptions& options) { options.context = Index{1} << 50; });
  run("gpt2", "totals beyond 64 bits", [](TableOptions& options) { options.batch = Index{1} << 40; });
  run("genslm_neox_25B", "qkv has 24576 x 8192 weights: a pattern of zeros is made for up to 67108864",
      [](TableOptions& options) { options.compression.sparsity = 0.5; });
}

}  // namespace septet::io::test
