// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "explore_merge.hpp"

#include "errors.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>

namespace septet::cli {
namespace {

[[noreturn]] void refuse_part(const std::string& path, std::string why) {
  throw Error(Status(Cause::bad_file, path, std::move(why)));
}

}  // namespace

Exploration exploration_of(const io::JournalHeader& header, std::vector<io::MachineRecord> records) {
  Exploration exploration{header.model, header.settings, header.machines, {}};
  for (io::MachineRecord& record : records) {
    for (network::DesignPoint& point : record.points) exploration.points.push_back(std::move(point));
  }
  return exploration;
}

Exploration merged(const std::vector<std::string>& paths) {
  std::optional<io::JournalHeader> header;
  std::map<Index, io::MachineRecord> machines;
  std::map<Index, const std::string*> owners;
  for (const std::string& path : paths) {
    io::JournalContent part = io::read_journal(path);
    if (!header) header = part.header;
    const std::string where = io::difference(*header, part.header);
    if (!where.empty())
      refuse_part(path, fmt::format("is of another exploration than {}: {} differs", paths[0], where));
    for (io::MachineRecord& record : part.records) {
      const Index machine = record.machine;
      const auto [owner, is_new] = owners.emplace(machine, &path);
      if (!is_new) refuse_part(path, fmt::format("has machine {}, which {} has, too", machine, *owner->second));
      machines.emplace(machine, std::move(record));
    }
  }
  std::vector<io::MachineRecord> records;
  for (auto& [machine, record] : machines) {
    if (machine != static_cast<Index>(records.size())) break;
    records.push_back(std::move(record));
  }
  const auto count = static_cast<Index>(machines.size());
  if (count < header->machines) {
    refuse("--merge", fmt::format("{} of {} machines are in none of the parts, machine {} the first",
                                  header->machines - count, header->machines, records.size()));
  }
  return exploration_of(*header, std::move(records));
}

}  // namespace septet::cli
