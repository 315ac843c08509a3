// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "language_report.hpp"

#include "report/page.hpp"
#include "text_table.hpp"

#include <fmt/format.h>

namespace septet::cli {
namespace {

using network::Layer;
using network::LayerCost;

Index weights_of(const Layer& layer) {
  return layer.parameters > 0 ? layer.product.m * layer.product.k * layer.product.count : 0;
}

double ratio(double more, double fewer) { return fewer > 0 ? more / fewer : 0; }

void add_layer(const Layer& layer, const LayerCost& cost, LanguageFigures& f) {
  const bool product = layer.product.count > 0;
  f.macs_dense += cost.array.macs_dense, f.macs += cost.array.macs_useful;
  if (product && layer.parameters == 0) f.macs_attention += cost.array.macs_useful;
  f.parameters += layer.parameters, f.parameters_nonzero += layer.parameters;
  if (!product) {
    f.weight_bytes += layer.parameter_bytes;
    (layer.parameters == 0 ? f.scale_bytes : f.embedding_bytes) += layer.parameter_bytes;
    return;
  }
  if (layer.parameters == 0) return;
  const Index weights = weights_of(layer);
  f.parameters_nonzero -= weights - cost.array.nnz;
  f.weight_bytes += layer.parameters - weights + cost.array.a_bytes_values + cost.array.a_bytes_metadata;
}

Index off_chip_of(const NetworkReport& report) {
  Index bytes = 0;
  for (const LayerCost& cost : report.costs) {
    const emulation::MemoryReport& m = cost.array.memory;
    bytes += m.off_chip_reads_a_bytes + m.off_chip_reads_b_bytes + m.off_chip_reads_c_bytes + m.off_chip_writes_c_bytes;
  }
  return bytes;
}

std::string pattern_text(const network::Compression& how) {
  if (how.group.m > 0) return fmt::format("{}:{}", how.group.n, how.group.m);
  if (how.block.rows == 1 && how.block.cols == 1) return "unstructured";
  return fmt::format("block:{}x{}", how.block.rows, how.block.cols);
}

Json json_of(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

// What the channel allows, if it does nothing but move the run's bytes.
std::optional<double> tokens_per_second_at_bandwidth(const NetworkReport& report, const LanguageFigures& f) {
  const Index bandwidth = report.options.array.memory.off_chip_bandwidth;
  if (!f.off_chip_bytes || bandwidth == 0 || *f.off_chip_bytes == 0) return {};
  return static_cast<double>(bandwidth) * report.clock_hz * static_cast<double>(f.tokens) /
         static_cast<double>(*f.off_chip_bytes);
}

Json sparsity_json(const LanguageReport& language, const LanguageFigures& f) {
  const network::Compression& how = language.compression;
  if (!how.prunes()) return nullptr;
  Json json;
  json["pattern"] = pattern_text(how);
  json["weight_sparsity"] = how.group.m > 0 ? Json(nullptr) : Json(how.sparsity);
  json["seed"] = how.seed;
  json["parameters_nonzero"] = f.parameters_nonzero;
  json["parameters_ratio"] = ratio(static_cast<double>(f.parameters), static_cast<double>(f.parameters_nonzero));
  json["flops_dense"] = f.flops_dense();
  json["flops_ratio"] = ratio(f.flops_dense(), f.flops());
  return json;
}

Json low_bits_json(const LanguageReport& language, const LanguageFigures& f) {
  if (language.compression.bits == 0) return nullptr;
  Json json;
  json["weight_bits"] = language.compression.bits;
  json["weights_per_scale"] = language.scale_group > 0 ? Json(language.scale_group) : Json(nullptr);
  json["scale_bytes"] = f.scale_bytes;
  return json;
}

// Ratios that pruning gives, in words; nothing: the weights are dense.
std::string sparsity_text(const LanguageReport& language, const LanguageFigures& f) {
  if (!language.compression.prunes()) return "";
  return fmt::format("{}: {:.3f} times fewer FLOPs, {:.3f} times fewer parameters", pattern_text(language.compression),
                     ratio(f.flops_dense(), f.flops()),
                     ratio(static_cast<double>(f.parameters), static_cast<double>(f.parameters_nonzero)));
}

std::string low_bits_text(const LanguageReport& language, const LanguageFigures& f) {
  const Index bits = language.compression.bits;
  if (bits == 0) return "";
  if (language.scale_group == 0) return fmt::format("{} bits", bits);
  return fmt::format("{} bits, an f16 scale for {} of them, {} bytes of scales", bits, language.scale_group,
                     grouped(f.scale_bytes));
}

std::string run_text(const io::TransformerRun& run) {
  return fmt::format("{}: {} of {} token{}, {} before {}", name(run.phase),
                     run.sequences == 1 ? std::string("a sequence") : grouped(run.sequences) + " sequences",
                     grouped(run.tokens), run.tokens == 1 ? "" : "s", grouped(run.context),
                     run.sequences == 1 ? "it" : "each");
}

// Label and value of everything that the table and the page say.
std::vector<std::pair<std::string, std::string>> lines_of(const NetworkReport& report, const LanguageReport& language) {
  const LanguageFigures f = language_figures(report, language);
  const auto bytes = [](Index count) { return grouped(count) + " bytes"; };
  const PerItem& token = f.per_token;
  const std::optional<double> bound = tokens_per_second_at_bandwidth(report, f);
  const auto tokens = static_cast<double>(f.tokens);
  return {{"Run", run_text(language.run)},
          {"MACs", grouped(f.macs)},
          {"Attention", percent(f.attention_share()) + " of the MACs"},
          {"FLOPs per token", fmt::format("{:.6g}", f.flops() / tokens)},
          {"Sparse weights", sparsity_text(language, f)},
          {"Weights", low_bits_text(language, f)},
          {"Parameters", fmt::format("{} in {}", grouped(f.parameters), bytes(f.weight_bytes))},
          {"Keys and values", bytes(f.cache_bytes)},
          {"Bytes per token", fmt::format("{:.6g}", f.bytes_per_token())},
          {"Off-chip bytes per token",
           f.off_chip_bytes ? fmt::format("{:.6g}", static_cast<double>(*f.off_chip_bytes) / tokens) : ""},
          {"Tokens per second", token.per_second ? fmt::format("{:.6g}", *token.per_second) : ""},
          {"… that off-chip bandwidth allows", bound ? fmt::format("{:.6g}", *bound) : ""},
          {"Latency", milliseconds(totals_of(report).latency_seconds)},
          {"Energy per token",
           fmt::format("{:.6g} µJ, {:.6g} tokens per joule", *token.joules * 1e6, ratio(1, *token.joules))}};
}

}  // namespace

double LanguageFigures::bytes_per_token() const {
  const Index weights = weight_bytes - embedding_bytes + embedding_reads_bytes;
  return (static_cast<double>(weights) + static_cast<double>(cache_reads_bytes + cache_writes_bytes)) /
         static_cast<double>(tokens);
}

LanguageFigures language_figures(const NetworkReport& report, const LanguageReport& language) {
  LanguageFigures f;
  for (std::size_t i = 0; i < report.layers.size(); ++i) add_layer(report.layers[i], report.costs[i], f);
  const io::TransformerRun& run = language.run;
  for (const Layer& layer : report.layers) f.embedding_reads_bytes += layer.lookups * run.model.width;
  const Index per_token = run.cache_bytes_per_token() * run.sequences;
  f.cache_reads_bytes = per_token * run.context, f.cache_writes_bytes = per_token * run.tokens;
  f.cache_bytes = f.cache_reads_bytes + f.cache_writes_bytes;
  if (report.options.array.memory.given()) f.off_chip_bytes = off_chip_of(report);
  f.tokens = report.tokens;
  f.per_token = per_item(report, totals_of(report), f.tokens);
  return f;
}

Json language_json(const NetworkReport& report, const LanguageReport& language) {
  const LanguageFigures f = language_figures(report, language);
  const io::TransformerRun& run = language.run;
  const auto tokens = static_cast<double>(f.tokens);
  const double latency = totals_of(report).latency_seconds, joules = *f.per_token.joules;
  Json json;
  json["model"] = run.model.name, json["architecture"] = name(run.model.architecture);
  json["width"] = run.model.width, json["heads"] = run.model.heads, json["blocks"] = run.model.layers;
  json["feed_forward"] = run.model.feed_forward, json["vocabulary"] = run.model.words;
  json["phase"] = name(run.phase), json["attention"] = "full";
  json["sequences"] = run.sequences, json["tokens_per_sequence"] = run.tokens, json["context"] = run.context;
  json["macs"] = f.macs, json["macs_attention"] = f.macs_attention, json["attention_share"] = f.attention_share();
  json["flops"] = f.flops(), json["flops_per_token"] = f.flops() / tokens;
  json["parameters"] = f.parameters, json["weight_bytes"] = f.weight_bytes;
  json["cache_bytes"] = f.cache_bytes, json["cache_reads_bytes"] = f.cache_reads_bytes;
  json["cache_writes_bytes"] = f.cache_writes_bytes;
  json["bytes_per_token"] = f.bytes_per_token();
  json["off_chip_bytes"] = f.off_chip_bytes ? Json(*f.off_chip_bytes) : Json(nullptr);
  json["off_chip_bytes_per_token"] =
      f.off_chip_bytes ? Json(static_cast<double>(*f.off_chip_bytes) / tokens) : Json(nullptr);
  json["cycles_per_token"] = json_of(f.per_token.cycles), json["tokens_per_second"] = json_of(f.per_token.per_second);
  json["tokens_per_second_at_bandwidth"] = json_of(tokens_per_second_at_bandwidth(report, f));
  json["latency_seconds"] = latency, json["energy_per_token_joules"] = joules;
  json["watts"] = ratio(joules * tokens, latency), json["tokens_per_joule"] = ratio(1, joules);
  json["sparsity"] = sparsity_json(language, f), json["low_bits"] = low_bits_json(language, f);
  return json;
}

std::string language_table(const NetworkReport& report, const LanguageReport& language) {
  TextTable table({{"", TextTable::Align::left}, {"", TextTable::Align::left}});
  for (const auto& [label, value] : lines_of(report, language)) {
    if (!value.empty()) table.add({label, value});
  }
  return language.run.model.name + "\n\n" + table.text();
}

std::string language_html(const NetworkReport& report, const LanguageReport& language) {
  std::string facts;
  for (const auto& [label, value] : lines_of(report, language)) facts += fact(label, value);
  return "<h2>Language model</h2>\n<dl>\n" + fact("Model", language.run.model.name) + facts + "</dl>\n";
}

}  // namespace septet::cli
