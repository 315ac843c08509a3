// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "network_times.hpp"

#include "bench/measure.hpp"

namespace septet::cli {

std::vector<network::LayerRun> TimedSession::medians() const {
  std::vector<network::LayerRun> result(runs_.at(0).size());
  for (std::size_t step = 0; step < result.size(); ++step) {
    std::vector<double> seconds;
    for (const auto& run : runs_) seconds.push_back(run[step].seconds);
    result[step].seconds = bench::spread_of(seconds).median;
  }
  return result;
}

}  // namespace septet::cli
