// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What `septet network --arrays` says.
#pragma once

#include "output.hpp"
#include "septet/network/partition.hpp"

#include <optional>
#include <string>

namespace septet::cli {

struct PartitionReport {
  network::PartitionOptions how;
  network::Partition partition;
  std::optional<Index> exchange_bytes;  ///< nothing: a table, whose layers' tensors are not known
  Index cycles_single = 0;              ///< of one array that does everything
  Index batch = 1;                      ///< inputs that go through together
  double clock_hz = 1e9;

  double latency_seconds() const { return static_cast<double>(partition.cycles_latency) / clock_hz; }
  /// 0: no cycles, so no limit.
  double inputs_per_second() const {
    if (partition.cycles_slowest == 0) return 0;
    return static_cast<double>(batch) * clock_hz / static_cast<double>(partition.cycles_slowest);
  }
};

Json partition_json(const PartitionReport& report);
std::string partition_table(const PartitionReport& report);
/// A part of a page of HTML: a heading, facts, a chart and a table.
std::string partition_html(const PartitionReport& report);

}  // namespace septet::cli
