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
};

Json partition_json(const PartitionReport& report);
std::string partition_table(const PartitionReport& report);

}  // namespace septet::cli
