// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the layers of a network take, for people and machines.
#pragma once

#include "septet/network/session.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace septet::bench {

struct LayerTime {
  std::string name, op;
  network::Product product;    ///< count 0: none
  network::PreparedStep form;  ///< of a product
  double seconds = 0;          ///< median; 0: done together with the step before

  /// Of the dense product, whatever is skipped: two per multiplication.
  double operations() const { return 2 * static_cast<double>(product.macs()); }
};

/// Of `runs` runs; the session has run before.
std::vector<LayerTime> layer_times(network::Session& session, const std::vector<const network::Tensor*>& inputs,
                                   int runs);
/// A layer per line, and totals.
std::string table_of(const std::vector<LayerTime>& layers);
nlohmann::json to_json(const std::vector<LayerTime>& layers);

}  // namespace septet::bench
