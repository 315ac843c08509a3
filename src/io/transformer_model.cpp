// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "transformer_model.hpp"

#include "input.hpp"
#include "json_object.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace septet::io {
namespace {

constexpr Index kMostWidth = Index{1} << 20, kMostWords = Index{1} << 24, kMostLayers = Index{1} << 16;

// GPT-2: Radford and others, 2019, table 2, and its released configurations; GPT-3 XL: Brown and others, 2020, table
// 2.1, with 16 heads of 128, for which its width of 2,048 has room; BERT: Devlin and others, 2019, section 3, uncased.
// GenSLM: Zvyagin and others, 2022, by the configurations in its repository; of neox_25B the width that the published
// name's count of parameters implies.
const std::vector<TransformerModel>& known() {
  using A = Architecture;
  static const std::vector<TransformerModel> all = {{"gpt2", A::gpt2, 768, 12, 12, 3072, 50257, 1024, true},
                                                    {"gpt2-xl", A::gpt2, 1600, 25, 48, 6400, 50257, 1024, true},
                                                    {"gpt2-xl-block", A::gpt2, 1600, 25, 1, 6400, 50257, 1024, false},
                                                    {"gpt3-xl", A::gpt3, 2048, 16, 24, 8192, 50257, 2048, true},
                                                    {"bert-base", A::bert, 768, 12, 12, 3072, 30522, 512, true},
                                                    {"genslm_neox_25M", A::gpt_neox, 512, 8, 8, 2048, 69, 0, true},
                                                    {"genslm_neox_250M", A::gpt_neox, 1840, 16, 12, 2048, 69, 0, true},
                                                    {"genslm_neox_2.5B", A::gpt_neox, 3840, 32, 28, 4096, 69, 0, true},
                                                    {"genslm_neox_25B", A::gpt_neox, 8192, 64, 64, 8192, 69, 0, true},
                                                    {"genslm_gpt2_25M", A::gpt2, 512, 8, 8, 2048, 69, 1024, true},
                                                    {"genslm_gpt2_256M", A::gpt2, 1152, 16, 16, 4608, 69, 1024, true},
                                                    {"genslm_gpt2_1.5B", A::gpt2, 2400, 32, 22, 9600, 69, 1024, true},
                                                    {"genslm_gpt2_2.5B", A::gpt2, 2624, 32, 30, 10496, 69, 1024, true},
                                                    {"genslm_gpt2_15B", A::gpt2, 4480, 64, 64, 17920, 69, 1024, true},
                                                    {"genslm_gpt2_20B", A::gpt2, 5120, 64, 64, 20480, 69, 1024, true},
                                                    {"genslm_gpt2_25B", A::gpt2, 5760, 64, 64, 23040, 69, 1024, true}};
  return all;
}

Architecture family_of(const JsonObject& json) {
  std::string family = json.text("family");
  std::replace(family.begin(), family.end(), '_', '-');
  std::vector<std::string> names;
  for (const Architecture architecture : kArchitectures) {
    if (architecture == Architecture::none) continue;
    if (family == name(architecture)) return architecture;
    names.emplace_back(name(architecture));
  }
  json.fail(fmt::format("family {} is none of {}", io::quoted(family), fmt::join(names, ", ")));
}

Index size_of_key(const JsonObject& json, const char* key, Index most) {
  const Index value = json.integer(key);
  if (value < 1 || value > most) json.fail(fmt::format("{}: {} is none of 1 to {}", key, value, most));
  return value;
}

}  // namespace

const char* name(Phase phase) { return phase == Phase::prefill ? "prefill" : "decode"; }

std::vector<std::string> transformer_names() {
  std::vector<std::string> names;
  for (const TransformerModel& model : known()) names.push_back(model.name);
  return names;
}

TransformerModel transformer_by_name(const std::string& name) {
  for (const TransformerModel& model : known()) {
    if (model.name == name) return model;
  }
  fail("model:" + name, fmt::format("is no known model; there are {}", fmt::join(transformer_names(), ", ")));
}

bool is_transformer_config(const JsonObject& json) { return json.has("family") || json.has("hidden"); }

TransformerModel read_transformer_config(const JsonObject& json) {
  TransformerModel model;
  model.name = json.text("name"), model.architecture = family_of(json);
  model.width = size_of_key(json, "hidden", kMostWidth), model.heads = size_of_key(json, "heads", kMostWidth);
  model.layers = size_of_key(json, "layers", kMostLayers), model.feed_forward = size_of_key(json, "ff", kMostWords);
  model.words = size_of_key(json, "vocab", kMostWords), model.positions = rules_of(model.architecture).positions;
  if (json.has("positions")) {
    if (model.positions == 0) json.fail(fmt::format("positions: {} learns none", name(model.architecture)));
    model.positions = size_of_key(json, "positions", kMostWords);
  }
  // What can be worked out has to agree; a published count may be unknown.
  const double head = static_cast<double>(model.width) / static_cast<double>(model.heads);
  if (json.has("head_dim") && json.real("head_dim") != head) {
    json.fail(fmt::format("head_dim is {}, but hidden / heads is {}", json.real("head_dim"), head));
  }
  const Index parameters = parameters_of(json.path(), model);
  for (const char* key : {"published_params", "recomputed_params"}) {
    if (!json.has(key) || json.is_null(key) || json.integer(key) == parameters) continue;
    json.fail(fmt::format("{} is {}, but the model has {}", key, json.integer(key), parameters));
  }
  return model;
}

}  // namespace septet::io
