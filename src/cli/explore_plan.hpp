// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What is to be explored: the machines of a product of axes, or those of a list, in one order.
#pragma once

#include "explore_axes.hpp"
#include "io/json_file.hpp"
#include "io/machine_file.hpp"

#include <memory>
#include <string>
#include <vector>

namespace septet::cli {

class ExplorePlan {
 public:
  /// Of axes alone; or, unless `machine_file` is empty, of each of its machines with every sparsity and dataflow.
  /// Refuses what contradicts itself.
  ExplorePlan(const Axes& axes, Accumulate accumulate, const std::string& machine_file);

  Index machines() const;
  Index designs_per_machine() const { return static_cast<Index>(sweep_.dataflows.size()); }
  /// Types that products have somewhere in it.
  std::vector<Type> types() const;
  /// Who says that words of A are narrower than their type outside the array; empty: nobody.
  std::string narrow_words() const;
  /// Whatever the designs depend on.
  io::Json json() const;

  /// Of what, before the first evaluate(). Refuses axes that are not such a model's.
  void set_model(std::vector<network::Layer> layers, const network::CostOptions& base,
                 const emulation::AreaTable& area);
  /// The machine's designs. From many threads at once. Throws Error, std::bad_alloc.
  std::vector<network::DesignPoint> evaluate(Index machine) const;

 private:
  void check_list(const std::string& machine_file) const;
  network::Design listed(Index machine) const;

  Axes axes_;
  network::Sweep sweep_;
  std::vector<io::Machine> list_;  // empty: the sweep's own
  std::unique_ptr<network::Explorer> explorer_;
};

}  // namespace septet::cli
