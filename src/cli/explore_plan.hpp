// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What is to be explored: the machines of a product of axes, or those of a list, in one order.
#pragma once

#include "explore_axes.hpp"
#include "io/json_file.hpp"

#include <memory>
#include <string>
#include <vector>

namespace septet::cli {

class ExplorePlan {
 public:
  /// Of axes alone; or, unless `machine_file` is empty, of each of its machines with what is left of the axes. Refuses
  /// what contradicts itself.
  ExplorePlan(const Axes& axes, Accumulate accumulate, const std::string& machine_file);

  Index machines() const { return machines_; }
  Index designs_per_machine() const { return static_cast<Index>(sweeps_.front().sweep.dataflows.size()); }
  /// Types that products have somewhere in it.
  std::vector<Type> types() const;
  /// Whatever the designs depend on.
  io::Json json() const;

  /// Of what, before the first evaluate(). Refuses axes that are not such a model's.
  void set_model(std::vector<network::Layer> layers, network::CostOptions base, const emulation::AreaTable& area);
  /// The machine's designs. From many threads at once. Throws Error, std::bad_alloc.
  std::vector<network::DesignPoint> evaluate(Index machine) const;

 private:
  struct OneSweep {
    network::Sweep sweep;
    std::string place;  // in the list; empty: it is the axes, all machines, and the only one
  };

  void add(network::Sweep sweep, std::string place);
  void add_list(const network::Sweep& rest);

  Axes axes_;
  std::string machine_file_;
  std::vector<OneSweep> sweeps_;  // of a list: one for each machine
  Index machines_ = 0;
  std::vector<network::Layer> layers_;
  network::CostOptions base_;
  emulation::AreaTable area_;
  std::unique_ptr<network::Explorer> explorer_;  // of the axes
};

}  // namespace septet::cli
