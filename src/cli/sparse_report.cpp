// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "sparse_report.hpp"

#include "errors.hpp"
#include "progress.hpp"
#include "text_table.hpp"

#include <fmt/format.h>

#include <cstring>

namespace septet::cli {
namespace {

using network::Tensor;

bool equal(const std::vector<Tensor>& left, const std::vector<Tensor>& right) {
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i].bytes() > 0 && std::memcmp(left[i].data(), right[i].data(), left[i].bytes()) != 0) return false;
  }
  return true;
}

template <class T>
std::optional<double> ratio(const std::optional<T>& dense, const std::optional<T>& sparse) {
  if (!dense || !sparse || !(*sparse > 0)) return {};
  return static_cast<double>(*dense) / static_cast<double>(*sparse);
}

template <class T>
Json json_of(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

void put(Json& json, const SparseOverDense& both) {
  json["cycles_dense"] = json_of(both.cycles_dense), json["cycles_sparse"] = json_of(both.cycles_sparse);
  json["cycles_ratio"] = json_of(both.cycles_ratio());
  json["seconds_dense"] = json_of(both.seconds_dense), json["seconds_sparse"] = json_of(both.seconds_sparse);
  json["seconds_ratio"] = json_of(both.seconds_ratio());
}

std::string name_of(const network::LayerCost* cost) { return cost != nullptr ? dataflow_text(*cost) : ""; }

// Of the columns that show both forms.
std::vector<std::string> cells_of(const SparseOverDense& both, bool timed) {
  const auto count = [](const std::optional<Index>& value) { return value ? grouped(*value) : ""; };
  const auto times = [](const std::optional<double>& value) { return value ? fmt::format("{:.2f}x", *value) : ""; };
  const auto seconds = [](const std::optional<double>& value) { return value ? milliseconds(*value) : ""; };
  std::vector<std::string> cells = {count(both.cycles_dense), count(both.cycles_sparse), times(both.cycles_ratio())};
  if (!timed) return cells;
  cells.push_back(seconds(both.seconds_dense)), cells.push_back(seconds(both.seconds_sparse));
  cells.push_back(times(both.seconds_ratio()));
  return cells;
}

}  // namespace

SparseTimes time_sparse_over_dense(const network::Network& network, const std::vector<const Tensor*>& inputs,
                                   Index runs) {
  TimedSession dense(network, network::WeightForm::dense), sparse(network, network::WeightForm::sparse);
  ProgressLine progress("septet network", "run");
  for (Index run = 0; run < runs; ++run) {
    progress.show(run, runs);
    dense.run(inputs), sparse.run(inputs);
    if (!equal(dense.outputs(), sparse.outputs())) {
      throw CheckFailed("--sparse-over-dense: outputs with sparse weights are not those with dense ones");
    }
  }
  return {runs, dense.medians(), sparse.medians(), sparse.steps()};
}

std::optional<double> SparseOverDense::cycles_ratio() const { return ratio(cycles_dense, cycles_sparse); }
std::optional<double> SparseOverDense::seconds_ratio() const { return ratio(seconds_dense, seconds_sparse); }

SparseOverDense sparse_over_dense(const NetworkReport& report, const SparseTimes* times, std::size_t layer) {
  SparseOverDense both;
  if (const auto* cost = least(report.each[layer], false)) both.cycles_dense = cost->array_cycles();
  if (const auto* cost = least(report.each[layer], true)) both.cycles_sparse = cost->array_cycles();
  if (times == nullptr) return both;
  both.seconds_dense = times->dense[layer].seconds, both.seconds_sparse = times->sparse[layer].seconds;
  return both;
}

SparseOverDense sparse_over_dense(const NetworkReport& report, const SparseTimes* times) {
  const Totals totals = totals_of(report);
  SparseOverDense both;
  both.cycles_dense = totals.cycles_best_dense, both.cycles_sparse = totals.cycles_best_sparse;
  if (times == nullptr) return both;
  both.seconds_dense = both.seconds_sparse = 0;
  for (const network::LayerRun& run : times->dense) *both.seconds_dense += run.seconds;
  for (const network::LayerRun& run : times->sparse) *both.seconds_sparse += run.seconds;
  return both;
}

Json sparse_json(const NetworkReport& report, const SparseTimes* times) {
  Json json;
  json["runs"] = times != nullptr ? Json(times->runs) : Json(nullptr);
  put(json, sparse_over_dense(report, times));
  json["layers"] = Json::array();
  for (std::size_t i = 0; i < report.layers.size(); ++i) {
    if (report.layers[i].product.count == 0) continue;
    Json layer;
    layer["name"] = report.layers[i].name;
    const network::LayerCost *dense = least(report.each[i], false), *sparse = least(report.each[i], true);
    layer["dataflow_dense"] = dense != nullptr ? Json(name(dense->dataflow)) : Json(nullptr);
    layer["dataflow_sparse"] = sparse != nullptr ? Json(name(sparse->dataflow)) : Json(nullptr);
    layer["format_sparse"] = times != nullptr ? Json(name(times->steps[i].format)) : Json(nullptr);
    put(layer, sparse_over_dense(report, times, i));
    json["layers"].push_back(std::move(layer));
  }
  return json;
}

std::string sparse_table(const NetworkReport& report, const SparseTimes* times) {
  using Align = TextTable::Align;
  std::vector<TextTable::Column> columns = {{"layer", Align::left}, {"zeros"},          {"dataflows", Align::left},
                                            {"dense, cycles"},      {"sparse, cycles"}, {"times"}};
  if (times != nullptr) columns.insert(columns.end(), {{"dense, CPU"}, {"sparse, CPU"}, {"times"}});
  TextTable table(columns);
  const auto add = [&](std::vector<std::string> cells, const SparseOverDense& both) {
    for (std::string& cell : cells_of(both, times != nullptr)) cells.push_back(std::move(cell));
    table.add(std::move(cells));
  };
  for (std::size_t i = 0; i < report.layers.size(); ++i) {
    if (report.layers[i].product.count == 0) continue;
    add({report.layers[i].name, zeros_text(report, i),
         name_of(least(report.each[i], false)) + " / " + name_of(least(report.each[i], true))},
        sparse_over_dense(report, times, i));
  }
  add({"in total", "", ""}, sparse_over_dense(report, times));
  std::string text = "sparse over dense: cycles of the products, each with its best dataflow of either kind";
  if (times != nullptr) {
    text += fmt::format("; times on this CPU, medians of {} runs of each, in total of all steps", times->runs);
  }
  return text + "\n\n" + table.text();
}

}  // namespace septet::cli
