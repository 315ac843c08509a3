// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The work of an exploration: machine by machine on all threads, each on disk as soon as it is done.
#pragma once

#include "explore_plan.hpp"
#include "io/design_journal.hpp"

#include <string>
#include <vector>

namespace septet::cli {

/// Every `of`-th machine, from the `place`-th on; 1-based.
struct Shard {
  Index place = 1, of = 1;

  std::string text() const { return std::to_string(place) + "/" + std::to_string(of); }
};

/// The shard's machines in their order. What the journal (null: none) has already is not done again, and what is done
/// is put there. Throws Error, std::bad_alloc; the journal stays.
std::vector<io::MachineRecord> explore_machines(const ExplorePlan& plan, const Shard& shard,
                                                io::DesignJournal* journal);

}  // namespace septet::cli
