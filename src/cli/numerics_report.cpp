// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "numerics.hpp"
#include "report/page.hpp"
#include "text_table.hpp"

#include <fmt/format.h>

namespace septet::cli {
namespace {

double share_of(const TensorDifference& difference) {
  return difference.elements > 0 ? static_cast<double>(difference.mismatches) / static_cast<double>(difference.elements)
                                 : 0;
}

Json tensor_json(const std::optional<TensorDifference>& difference) {
  if (!difference) return nullptr;
  Json json;
  json["elements"] = difference->elements;
  json["mismatches"] = difference->mismatches;
  json["share"] = share_of(*difference);
  json["largest"] = difference->largest;
  json["unit"] = difference->floats ? "ulp" : "integer";
  const bool any = difference->mismatches > 0;
  json["first_index"] = any ? Json(difference->first) : Json(nullptr);
  json["first_reference"] = any ? Json(difference->first_reference) : Json(nullptr);
  json["first_got"] = any ? Json(difference->first_got) : Json(nullptr);
  return json;
}

std::string largest_text(const TensorDifference& difference) {
  return fmt::format("{}{}", grouped(difference.largest), difference.floats ? " ulp" : "");
}

std::string first_text(const TensorDifference& difference) {
  return fmt::format("[{}]: {}, not {}", fmt::join(difference.first, ", "), difference.first_got,
                     difference.first_reference);
}

// What to show of a part of a layer: sums, or, where they are equal or not there, outputs.
const TensorDifference* shown(const LayerDifference& difference) {
  if (difference.sums && difference.sums->mismatches > 0) return &*difference.sums;
  return difference.output ? &*difference.output : difference.sums ? &*difference.sums : nullptr;
}

std::string count_text(const std::optional<TensorDifference>& difference) {
  if (!difference) return "";
  if (difference->mismatches == 0) return "equal";
  return fmt::format("{} ({:.3g}%)", grouped(difference->mismatches), 100 * share_of(*difference));
}

std::vector<std::string> cells_of(const LayerNumerics& layer) {
  std::vector<std::string> cells = {layer.layer};
  for (const LayerDifference* difference : {&layer.alone, &layer.run}) {
    cells.push_back(count_text(difference->sums));
    cells.push_back(count_text(difference->output));
  }
  const TensorDifference* first = shown(layer.alone.any() ? layer.alone : layer.run);
  const bool any = first != nullptr && first->mismatches > 0;
  cells.push_back(any ? largest_text(*first) : "");
  cells.push_back(any ? first_text(*first) : "");
  return cells;
}

struct Counts {
  Index run = 0, alone = 0;
};

// Of layers that differ.
Counts differing(const Numerics& numerics) {
  Counts counts;
  for (const LayerNumerics& layer : numerics.layers) {
    counts.run += layer.run.any() ? 1 : 0, counts.alone += layer.alone.any() ? 1 : 0;
  }
  return counts;
}

std::string numerics_row(const LayerNumerics& layer) {
  const bool wrong = layer.run.any() || layer.alone.any();
  std::string row = std::string(wrong ? "<tr class=\"wrong\">" : "<tr>") + word_cell(layer.layer);
  for (const LayerDifference* part : {&layer.alone, &layer.run}) {
    for (const auto* difference : {&part->sums, &part->output}) {
      row += number_cell("{:.0f}", *difference ? std::optional<double>((*difference)->mismatches) : std::nullopt);
    }
  }
  const TensorDifference* first = shown(layer.alone.any() ? layer.alone : layer.run);
  if (!wrong || first == nullptr) return row + number_cell("", {}) + word_cell("") + word_cell("") + "</tr>\n";
  return row + number_cell("{:.0f}", static_cast<double>(first->largest)) +
         word_cell(first->floats ? "ulp" : "integer") + word_cell(first_text(*first)) + "</tr>\n";
}

const LayerNumerics* first_layer(const Numerics& numerics, LayerDifference LayerNumerics::*part) {
  for (const LayerNumerics& layer : numerics.layers) {
    if ((layer.*part).any()) return &layer;
  }
  return nullptr;
}

}  // namespace

Json numerics_json(const Numerics& numerics) {
  const LayerNumerics* alone = first_layer(numerics, &LayerNumerics::alone);
  const LayerNumerics* run = first_layer(numerics, &LayerNumerics::run);
  const Counts different = differing(numerics);
  Json layers = Json::array();
  for (const LayerNumerics& layer : numerics.layers) {
    Json json;
    json["name"] = layer.layer;
    json["alone"] = {{"sums", tensor_json(layer.alone.sums)}, {"output", tensor_json(layer.alone.output)}};
    json["run"] = {{"sums", tensor_json(layer.run.sums)}, {"output", tensor_json(layer.run.output)}};
    layers.push_back(std::move(json));
  }
  Json json;
  json["reference"] = numerics.reference;
  json["layers_compared"] = numerics.layers.size();
  json["layers_different_alone"] = different.alone;
  json["layers_different"] = different.run;
  json["first_different_alone"] = alone != nullptr ? Json(alone->layer) : Json(nullptr);
  json["first_different"] = run != nullptr ? Json(run->layer) : Json(nullptr);
  json["layers"] = std::move(layers);
  return json;
}

std::string numerics_table(const Numerics& numerics) {
  using Align = TextTable::Align;
  TextTable table({{"layer", Align::left},
                   {"sums alone"},
                   {"outputs alone"},
                   {"sums"},
                   {"outputs"},
                   {"largest"},
                   {"first", Align::left}});
  for (const LayerNumerics& layer : numerics.layers) table.add(cells_of(layer));
  return fmt::format(
      "Numbers beside {}: elements that differ; alone: the layer from the other side's input\n\n{}\n{}\n",
      numerics.reference, table.text(), any(numerics) ? first_difference_text(numerics) : std::string("all equal"));
}

std::string first_difference_text(const Numerics& numerics) {
  const LayerNumerics* alone = first_layer(numerics, &LayerNumerics::alone);
  const LayerNumerics* layer = alone != nullptr ? alone : first_layer(numerics, &LayerNumerics::run);
  if (layer == nullptr) return "";
  const LayerDifference& part = alone != nullptr ? layer->alone : layer->run;
  const TensorDifference& difference = *shown(part);
  const bool outputs = part.output && &difference == &*part.output;
  return fmt::format("layer {}{}: {} of {} {} differ, the first at {}", layer->layer, alone != nullptr ? ", alone" : "",
                     difference.mismatches, difference.elements, outputs ? "outputs" : "sums", first_text(difference));
}

std::string numerics_html(const Numerics& numerics) {
  const Counts different = differing(numerics);
  std::vector<std::string> rows;
  for (const LayerNumerics& layer : numerics.layers) rows.push_back(numerics_row(layer));
  return "<h2>Numbers</h2>\n<dl>\n" + fact("Beside", numerics.reference) +
         fact("Layers compared", grouped(static_cast<Index>(numerics.layers.size()))) +
         fact("Layers that differ alone", grouped(different.alone)) +
         fact("Layers that differ in the run", grouped(different.run)) +
         fact("First difference", first_difference_text(numerics)) +
         "</dl>\n<p>Elements that differ. Alone: the layer from the other side&#39;s input; else in the run, with the "
         "differences of the layers before. Empty: nothing to compare.</p>\n" +
         sortable_table("numerics",
                        {{"layer", true},
                         {"sums alone", false},
                         {"outputs alone", false},
                         {"sums", false},
                         {"outputs", false},
                         {"largest", false},
                         {"unit", true},
                         {"first", true}},
                        rows);
}

}  // namespace septet::cli
