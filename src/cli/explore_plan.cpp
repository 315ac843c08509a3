// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "explore_plan.hpp"

#include "errors.hpp"
#include "io/design_record.hpp"
#include "io/machine_file.hpp"

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

}  // namespace

ExplorePlan::ExplorePlan(const Axes& axes, Accumulate accumulate, const std::string& machine_file)
    : axes_(axes), machine_file_(machine_file) {
  if (!machine_file.empty()) {
    for (const char* key : {"arrays", "precisions", "buffers", "buffer_total", "splits", "bandwidths"}) {
      if (const auto axis = axes.find(key); axis != axes.end()) refuse(axis->second.where, "excludes --hardware");
    }
  }
  const Sweep sweep = sweep_of(axes, accumulate);
  machine_file.empty() ? add(sweep, "") : add_list(sweep);
}

void ExplorePlan::add_list(const Sweep& rest) {
  with_axis_names(axes_, [&] { require(network::check(rest)); });
  for (const io::Machine& machine : io::read_machines(machine_file_)) {
    Sweep sweep = rest;
    sweep.arrays = {machine.array}, sweep.precisions = {machine.precision};
    sweep.buffers = {machine.buffers}, sweep.bandwidths = {machine.bandwidth};
    for (const double sparsity : rest.sparsities) {
      sweep.sparsities = {sparsity};
      add(sweep, machine.place);
    }
  }
}

void ExplorePlan::add(Sweep sweep, std::string place) {
  if (const Status status = network::check(sweep); !status.ok()) {
    if (place.empty()) throw Error({status.cause(), axis_argument(axes_, status.argument()), status.message()});
    throw Error({Cause::bad_file, machine_file_, place + ": " + status.message()});
  }
  machines_ += sweep.machines();
  sweeps_.push_back({std::move(sweep), std::move(place)});
}

std::vector<Type> ExplorePlan::types() const {
  std::vector<Type> types;
  for (const OneSweep& one : sweeps_) {
    for (const network::Precision& precision : one.sweep.precisions) {
      if (std::find(types.begin(), types.end(), precision.type) == types.end()) types.push_back(precision.type);
    }
  }
  return types;
}

Json ExplorePlan::json() const {
  if (machine_file_.empty()) return axes_json(sweeps_.front().sweep);
  Json json = rest_json(sweeps_.front().sweep);
  json["machines"] = Json::array();
  for (const OneSweep& one : sweeps_) json["machines"].push_back(axes_json(one.sweep));
  return json;
}

void ExplorePlan::set_model(std::vector<network::Layer> layers, network::CostOptions base,
                            const emulation::AreaTable& area) {
  layers_ = std::move(layers), base_ = std::move(base), area_ = area;
  const auto explorer_of = [&](const Sweep& sweep) {
    return std::make_unique<network::Explorer>(layers_, sweep, base_, area_);
  };
  with_axis_names(axes_, [&] {
    if (machine_file_.empty()) {
      explorer_ = explorer_of(sweeps_.front().sweep);
      return;
    }
    // Of a list, each when its turn comes; what a model has against one machine, it has against all.
    for (const OneSweep& one : sweeps_) {
      if (one.place == sweeps_.front().place) explorer_of(one.sweep);
    }
  });
}

std::vector<network::DesignPoint> ExplorePlan::evaluate(Index machine) const {
  std::vector<network::DesignPoint> points;
  if (explorer_) {
    explorer_->evaluate(machine, points);
  } else {
    network::Explorer(layers_, sweeps_[static_cast<std::size_t>(machine)].sweep, base_, area_).evaluate(0, points);
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    points[i].design.index = machine * designs_per_machine() + static_cast<Index>(i);
    points[i].infeasible = io::cell_text(std::move(points[i].infeasible));
  }
  return points;
}

}  // namespace septet::cli
