// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "prune_curves.hpp"

#include "io/npy.hpp"
#include "io/tensor_file.hpp"
#include "network_report.hpp"
#include "progress.hpp"
#include "prune_errors.hpp"
#include "prune_inputs.hpp"
#include "prune_report.hpp"
#include "septet/network/session.hpp"
#include "text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace septet::cli {
namespace {

using network::Network;
using network::PruneGoal;
using network::PruneOptions;
using network::Tensor;
using network::TensorInfo;

template <class T>
void append(const Tensor& tensor, std::vector<double>& values) {
  const network::Quantisation& q = tensor.info().quantisation;
  const double scale = q.scale > 0 ? static_cast<double>(q.scale) : 1;
  for (Index i = 0; i < tensor.info().elements(); ++i) {
    values.push_back(scale * (static_cast<double>(tensor.as<T>()[i]) - q.zero_point));
  }
}

void append_reals(const Tensor& tensor, std::vector<double>& values) {
  switch (tensor.info().type) {
    case Type::s8:
      return append<std::int8_t>(tensor, values);
    case Type::u8:
      return append<std::uint8_t>(tensor, values);
    case Type::s32:
      return append<std::int32_t>(tensor, values);
    case Type::f32:
      return append<float>(tensor, values);
    default:
      refuse("--curves", fmt::format("outputs of {}", name(tensor.info().type)));
  }
}

// Outputs of all batches, each output by itself, in real numbers.
using Outputs = std::vector<std::vector<double>>;

Outputs run_all(const Network& network, InputBatches& inputs) {
  network::Session session(network, {network::WeightForm::dense});
  Outputs outputs(network.outputs.size());
  for (Index batch = 0; batch < inputs.batches(); ++batch) {
    const std::vector<Tensor>& y = session.run(inputs.batch(batch));
    for (std::size_t i = 0; i < y.size(); ++i) append_reals(y[i], outputs[i]);
  }
  return outputs;
}

std::optional<double> output_error(const Outputs& y, const Outputs& y0) {
  double difference = 0, whole = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (std::size_t j = 0; j < y[i].size(); ++j) {
      const double d = y[i][j] - y0[i][j];
      difference += d * d, whole += y0[i][j] * y0[i][j];
    }
  }
  if (!(whole > 0)) return {};
  return difference / whole;
}

// Where the first output is greatest; of equal ones the first.
double accuracy_of(const Outputs& outputs, const std::vector<Index>& labels) {
  const std::vector<double>& first = outputs.at(0);
  const auto classes = static_cast<Index>(first.size() / labels.size());
  Index right = 0;
  auto from = first.begin();
  for (const Index label : labels) {
    right += std::max_element(from, from + classes) - from == label ? 1 : 0;
    from += classes;
  }
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

std::vector<Index> read_labels(const std::string& path, Index images, Index classes) {
  const io::NpyArray array = io::read_npy_array(path);
  std::vector<Index> labels = io::integers_of(array);
  if (array.elements != images) {
    refuse(path, fmt::format("has {} labels for {} inputs", array.elements, images));
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= 0 && labels[i] < classes) continue;
    refuse(path, fmt::format("label {} (0-based) is {}; the network has {} classes", i, labels[i], classes));
  }
  return labels;
}

struct SeriesKind {
  const char* name;
  network::PruneGroups groups;
  Dataflow dataflow;
  network::WeightForm form;
};

// Single weights go until the best sparse dataflows there are for them are quick enough.
constexpr SeriesKind kSeries[] = {
    {"weights", network::PruneGroups::weights, Dataflow::automatic, network::WeightForm::sparse},
    {"sOS", network::PruneGroups::dataflow, Dataflow::sOS, network::WeightForm::automatic},
    {"sWS", network::PruneGroups::dataflow, Dataflow::sWS, network::WeightForm::automatic},
    {"sIS", network::PruneGroups::dataflow, Dataflow::sIS, network::WeightForm::automatic},
    {"csOS", network::PruneGroups::dataflow, Dataflow::csOS, network::WeightForm::automatic},
    {"auto", network::PruneGroups::dataflow, Dataflow::automatic, network::WeightForm::automatic}};

class CurveMaker {
 public:
  CurveMaker(const PruneFlags& given, const Network& network, const network::InputStatistics& statistics)
      : given_(given), network_(network), statistics_(statistics), inputs_(given.inputs, network) {
    curves_.network = network.name, curves_.images = inputs_.images();
    dense_ = run_all(network, inputs_);
    if (given.labels.empty()) return;
    labels_ = read_labels(given.labels, inputs_.images(), static_cast<Index>(dense_.at(0).size()) / inputs_.images());
    curves_.accuracy = accuracy_of(dense_, labels_);
  }

  Curves make() {
    const auto each = std::size(kSeries) * given_.curves.size();
    total_ = static_cast<Index>(each * given_.arrays.size());
    for (const ArrayShape& array : given_.arrays) add(array);
    return std::move(curves_);
  }

 private:
  void add(const ArrayShape& array) {
    ArrayCurves& curves = curves_.arrays.emplace_back();
    curves.array = array;
    for (const SeriesKind& kind : kSeries) {
      CurveSeries series{kind.name, {}};
      PruneOptions options = options_of(kind, array);
      for (const double value : given_.curves) {
        options.value = value;
        series.points.push_back(point(options, curves));
      }
      curves.series.push_back(std::move(series));
    }
  }

  PruneOptions options_of(const SeriesKind& kind, const ArrayShape& array) const {
    PruneOptions options = given_.options;
    options.cost = given_.cost(), options.statistics = statistics_;
    options.cost.gemm.array = array, options.cost.gemm.dataflow = kind.dataflow, options.cost.weights = kind.form;
    options.groups = kind.groups, options.goal = PruneGoal::speedup;
    return options;
  }

  CurvePoint point(const PruneOptions& options, ArrayCurves& curves) {
    progress_.show(done_++, total_);
    network::Pruning pruning;
    require_pruned(given_, network::try_prune(network_, options, pruning));
    curves.cycles_dense = pruning.cycles_dense;
    CurvePoint point{options.goal,
                     options.value,
                     pruning.met,
                     pruning.cycles,
                     share_of(pruning.zeros, pruning.weights),
                     pruning.kept,
                     {},
                     {}};
    if (!pruning.met) return point;
    const Outputs outputs = run_all(pruning.network, inputs_);
    point.output_error = output_error(outputs, dense_);
    if (!labels_.empty()) point.accuracy = accuracy_of(outputs, labels_);
    return point;
  }

  const PruneFlags& given_;
  const Network& network_;
  const network::InputStatistics& statistics_;
  InputBatches inputs_;
  Outputs dense_;
  std::vector<Index> labels_;
  Curves curves_;
  ProgressLine progress_{"septet prune: curves", "point"};
  Index done_ = 0, total_ = 0;
};

template <class T>
Json json_of(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json point_json(const CurvePoint& point) {
  Json json;
  json["goal"] = goal_name(point.goal), json["goal_value"] = point.value;
  json["met"] = point.met;
  json["cycles"] = point.cycles;
  json["sparsity"] = point.sparsity, json["kept"] = point.kept;
  json["output_error"] = json_of(point.output_error), json["accuracy"] = json_of(point.accuracy);
  return json;
}

}  // namespace

Curves curves_of(const PruneFlags& given, const Network& network, const network::InputStatistics& statistics) {
  return CurveMaker(given, network, statistics).make();
}

Json curves_json(const Curves& curves) {
  Json json;
  json["images"] = curves.images;
  json["accuracy_dense"] = json_of(curves.accuracy);
  json["arrays"] = Json::array();
  for (const ArrayCurves& array : curves.arrays) {
    Json one;
    one["array_height"] = array.array.height, one["array_width"] = array.array.width;
    one["cycles_dense"] = array.cycles_dense;
    one["series"] = Json::array();
    for (const CurveSeries& series : array.series) {
      Json points = Json::array();
      for (const CurvePoint& point : series.points) points.push_back(point_json(point));
      one["series"].push_back({{"series", series.name}, {"points", std::move(points)}});
    }
    json["arrays"].push_back(std::move(one));
  }
  return json;
}

std::string curves_table(const Curves& curves) {
  using Align = TextTable::Align;
  std::vector<TextTable::Column> columns = {
      {"array", Align::left}, {"series", Align::left}, {"goal", Align::left}, {"cycles"}, {"times"}, {"zeros"},
      {"energy kept"},        {"output error"}};
  if (curves.accuracy) columns.push_back({"accuracy"});
  TextTable table(columns);
  for (const ArrayCurves& array : curves.arrays) {
    for (const CurveSeries& series : array.series) {
      for (const CurvePoint& point : series.points) {
        std::vector<std::string> cells = {fmt::format("{}x{}", array.array.height, array.array.width),
                                          series.name,
                                          fmt::format("{} {:g}", goal_name(point.goal), point.value),
                                          grouped(point.cycles),
                                          times_text(array.cycles_dense, point.cycles),
                                          percent(point.sparsity),
                                          percent(point.kept),
                                          !point.met           ? "out of reach"
                                          : point.output_error ? fmt::format("{:.4g}", *point.output_error)
                                                               : ""};
        if (curves.accuracy) cells.push_back(point.accuracy ? percent(*point.accuracy) : "");
        table.add(std::move(cells));
      }
    }
  }
  const std::string dense = curves.accuracy ? ", accuracy as it is " + percent(*curves.accuracy) : "";
  return fmt::format("{}, one-shot, {} inputs{}\n\n{}", curves.network, grouped(curves.images), dense, table.text());
}

}  // namespace septet::cli
