// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "explore_plan.hpp"

#include "errors.hpp"
#include "io/design_record.hpp"

#include <algorithm>
#include <utility>

namespace septet::cli {
namespace {

using io::Json;
using network::Sweep;

template <class T, class Text>
Json texts_of(const std::vector<T>& values, Text text) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(text(value));
  return list;
}

// All axes but those that a machine of a list has values for.
Json rest_json(const Sweep& sweep) {
  return {{"dataflows", texts_of(sweep.dataflows, [](Dataflow dataflow) { return name(dataflow); })},
          {"sparsities", texts_of(sweep.sparsities, io::sparsity_text)},
          {"seed", sweep.seed}};
}

Json axes_json(const Sweep& sweep) {
  Json json = {{"arrays", texts_of(sweep.arrays, array_text)},
               {"precisions", texts_of(sweep.precisions, precision_text)},
               {"buffers", texts_of(sweep.buffers, buffers_text)},
               {"bandwidths", sweep.bandwidths}};
  json.update(rest_json(sweep));
  return json;
}

// "array_options.memory.a_bytes: why" with the name of the column or the flag.
std::string reason_text(const std::string& reason) {
  const std::size_t end = reason.find(':');
  const std::string argument = reason.substr(0, end);
  const std::pair<const char*, const char*> columns[] = {{"array_options.memory.a_bytes", "buffer_a_bytes"},
                                                         {"array_options.memory.b_bytes", "buffer_b_bytes"},
                                                         {"array_options.memory.c_bytes", "buffer_c_bytes"},
                                                         {"array_options.a_word_bits", "a_bits"}};
  std::string user = user_argument(argument);
  for (const auto& [name, column] : columns) {
    if (argument == name) user = column;
  }
  return io::cell_text(user + reason.substr(argument.size()));
}

}  // namespace

ExplorePlan::ExplorePlan(const Axes& axes, Accumulate accumulate, const std::string& machine_file) : axes_(axes) {
  if (!machine_file.empty()) {
    for (const char* key : {"arrays", "precisions", "buffers", "buffer_total", "splits", "bandwidths"}) {
      if (const auto axis = axes.find(key); axis != axes.end()) refuse(axis->second.where, "excludes --hardware");
    }
  }
  sweep_ = sweep_of(axes, accumulate);
  with_axis_names(axes_, [&] { require(network::check(sweep_)); });
  if (machine_file.empty()) return;
  list_ = io::read_machines(machine_file);
  check_list(machine_file);
}

void ExplorePlan::check_list(const std::string& machine_file) const {
  for (const io::Machine& machine : list_) {
    Sweep alone = sweep_;
    alone.arrays = {machine.array}, alone.precisions = {machine.precision};
    alone.buffers = {machine.buffers}, alone.bandwidths = {machine.bandwidth};
    const Status status = network::check(alone);
    if (!status.ok()) throw Error({Cause::bad_file, machine_file, machine.place + ": " + status.message()});
  }
}

Index ExplorePlan::machines() const {
  return list_.empty() ? sweep_.machines() : static_cast<Index>(list_.size() * sweep_.sparsities.size());
}

std::string ExplorePlan::narrow_words() const {
  const auto narrow = [](const network::Precision& precision) { return precision.a_bits > 0; };
  for (const io::Machine& machine : list_) {
    if (narrow(machine.precision)) return "--hardware, " + machine.place + ": a_bits";
  }
  for (const network::Precision& precision : sweep_.precisions) {
    if (narrow(precision)) return axis_argument(axes_, "sweep.precisions") + " " + precision_text(precision);
  }
  return "";
}

std::vector<Type> ExplorePlan::types() const {
  std::vector<Type> types;
  const auto add = [&](Type type) {
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  };
  for (const io::Machine& machine : list_) add(machine.precision.type);
  if (!list_.empty()) return types;
  for (const network::Precision& precision : sweep_.precisions) add(precision.type);
  return types;
}

Json ExplorePlan::json() const {
  if (list_.empty()) return axes_json(sweep_);
  Json json = rest_json(sweep_);
  json["machines"] = texts_of(list_, [](const io::Machine& machine) {
    return Json{array_text(machine.array), precision_text(machine.precision), buffers_text(machine.buffers),
                machine.bandwidth};
  });
  return json;
}

void ExplorePlan::set_model(std::vector<network::Layer> layers, const network::CostOptions& base,
                            const emulation::AreaTable& area) {
  with_axis_names(axes_,
                  [&] { explorer_ = std::make_unique<network::Explorer>(std::move(layers), sweep_, base, area); });
}

// The sparsities of a machine are neighbours.
network::Design ExplorePlan::listed(Index machine) const {
  const auto sparsities = static_cast<Index>(sweep_.sparsities.size());
  const io::Machine& one = list_[static_cast<std::size_t>(machine / sparsities)];
  network::Design design;
  design.index = machine * designs_per_machine();
  design.array = one.array, design.precision = one.precision;
  design.sparsity = sweep_.sparsities[static_cast<std::size_t>(machine % sparsities)];
  design.buffers = one.buffers, design.bandwidth = one.bandwidth;
  return design;
}

std::vector<network::DesignPoint> ExplorePlan::evaluate(Index machine) const {
  std::vector<network::DesignPoint> points;
  if (list_.empty()) {
    explorer_->evaluate(machine, points);
  } else {
    explorer_->evaluate(listed(machine), points);
  }
  for (network::DesignPoint& point : points) point.infeasible = reason_text(point.infeasible);
  return points;
}

}  // namespace septet::cli
