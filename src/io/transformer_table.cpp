// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "transformer_table.hpp"

#include "input.hpp"
#include "product_layer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace septet::io {
namespace {

using network::Layer;

// value += a * b * c, within 64 bits.
bool add_product(Index& value, Index a, Index b, Index c) {
  Index product = 0;
  return !__builtin_mul_overflow(a, b, &product) && !__builtin_mul_overflow(product, c, &product) &&
         !__builtin_add_overflow(value, product, &value);
}

// A bias for every output, but of a head; a gain and an offset per element that is normalised.
bool add_biases_and_norms(const Rules& rules, TransformerLine& line) {
  Layer& layer = line.layer;
  if (layer.parameters == 0) return true;
  const network::Product& p = layer.product;
  const bool biased = line.component != rules.last || rules.last_biased;
  if (layer.convolution) layer.convolution->bias = biased;
  const Index width = rules.behind ? p.m : p.k;  // of the output, or of the input
  return (!biased || add_product(layer.parameters, p.m, p.count, 1)) &&
         (!rules.normalises(line.component) || add_product(layer.parameters, width, p.count, 2));
}

}  // namespace

// GPT-2: Radford and others, 2019; its code's block(): a normalisation before the attention and before the
// feed-forward part, one at the end, words tied to the head, a vector per position. GPT-3: Brown and others, 2020,
// section 2.1: the same of 2048 positions. GPT-NeoX: Black and others, 2022: rotary positions, words of their own.
// BERT: Devlin and others, 2019: normalisations behind both parts; words, positions, two segments and a normalisation
// before them (bert-base-uncased: 30522 words).
const Rules& rules_of(Architecture architecture) {
  static const Rules all[] = {{"none", {}, "", false, 0, 0, 0, false},
                              {"gpt2", {"qkv", "ff1", "lm_head"}, "lm_head", false, 1024, 0, 0, false},
                              {"gpt3", {"qkv", "ff1", "lm_head"}, "lm_head", false, 2048, 0, 0, false},
                              {"gpt-neox", {"qkv", "ff1", "lm_head"}, "lm_head", false, 0, -1, 0, false},
                              {"bert", {"attn_out", "ff2"}, "pooler", true, 512, 30522, 2, true}};
  return all[static_cast<int>(architecture)];
}

bool Rules::normalises(const std::string& component) const {
  return std::find(normalised.begin(), normalised.end(), component) != normalised.end();
}

const char* name(Architecture architecture) { return rules_of(architecture).name; }

Architecture architecture_of(const std::string& model) {
  const auto has = [&](const char* part) { return model.find(part) != std::string::npos; };
  if (has("neox")) return Architecture::gpt_neox;
  if (has("gpt2")) return Architecture::gpt2;
  if (has("gpt3")) return Architecture::gpt3;
  return has("bert") ? Architecture::bert : Architecture::none;
}

TransformerLine read_transformer_line(const CsvRow& row) {
  const std::string operand = row.text("b_operand");
  const bool weight = operand == "weight";
  if (!weight && operand != "activation") {
    row.fail("b_operand", quoted(operand) + " is none of weight, activation");
  }
  TransformerLine line;
  line.model = row.has("model") ? row.text("model") : "";
  line.component = row.text("component"), line.tokens = row.integer("seq", 1);
  const Index count = row.product({row.integer("count_per_layer", 1), row.integer("layers", 1)});
  line.layer = product_layer(row, fmt::format("{}, {} tokens", line.component, line.tokens),
                             weight ? "fully_connected" : "matmul", count);
  const network::Product& product = line.layer.product;
  const Index weights = weight ? row.product({product.m, product.k}) : 0;
  row.require("weight_params_per_instance", weights, weight ? "gemm_n * gemm_k" : "that of no weight");
  line.layer.parameters = row.product({weights, count}), line.layer.prunable = weight;
  if (weight) line.layer.convolution = network::fully_connected_shape(product);
  return line;
}

bool add_parameters(const Rules& rules, std::vector<TransformerLine>& lines) {
  if (*rules.last == '\0') return true;  // none
  for (TransformerLine& line : lines) {
    if (!add_biases_and_norms(rules, line)) return false;
  }
  const auto last = std::find_if(lines.begin(), lines.end(),
                                 [&](const TransformerLine& line) { return line.component == rules.last; });
  if (last == lines.end()) return true;
  const network::Product& product = last->layer.product;
  const Index words = rules.words < 0 ? product.m : rules.words;
  TransformerLine embeddings{last->model, "embeddings", last->tokens, {}};
  embeddings.layer.name = "embeddings", embeddings.layer.op = name(network::Operator(network::EmbeddingBag{}));
  const Index rows = words + rules.positions + rules.segments + (rules.behind ? 2 : 0);
  if (!add_product(embeddings.layer.parameters, rows, product.k, 1)) return false;
  if (embeddings.layer.parameters > 0) lines.push_back(std::move(embeddings));
  return true;
}

}  // namespace septet::io
