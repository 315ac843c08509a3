// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "explore_run.hpp"

#include "progress.hpp"
#include "septet/threads.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <set>
#include <utility>

namespace septet::cli {
namespace {

// What the threads put their machines into.
class Results {
 public:
  Results(std::vector<io::MachineRecord> records, Index total, io::DesignJournal* journal)
      : records_(std::move(records)), total_(total), journal_(journal) {
    show();
  }

  bool failed() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return error_ != nullptr;
  }
  void add(io::MachineRecord record) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (journal_ != nullptr) journal_->append(record);
    records_.push_back(std::move(record));
    show();
  }
  void fail(std::exception_ptr error) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (error_ == nullptr) error_ = std::move(error);
  }
  std::vector<io::MachineRecord> in_order() {
    if (error_ != nullptr) std::rethrow_exception(error_);
    std::sort(records_.begin(), records_.end(), [](const io::MachineRecord& left, const io::MachineRecord& right) {
      return left.machine < right.machine;
    });
    return std::move(records_);
  }

 private:
  void show() { progress_.show(static_cast<Index>(records_.size()), total_); }

  std::mutex mutex_;
  std::vector<io::MachineRecord> records_;
  const Index total_;
  io::DesignJournal* journal_;
  std::exception_ptr error_;
  ProgressLine progress_{"septet explore", "machine"};
};

}  // namespace

std::vector<io::MachineRecord> explore_machines(const ExplorePlan& plan, const Shard& shard,
                                                io::DesignJournal* journal) {
  std::vector<io::MachineRecord> records;
  if (journal != nullptr) records = journal->records();
  std::set<Index> done;
  for (const io::MachineRecord& record : records) done.insert(record.machine);
  std::vector<Index> pending;
  for (Index machine = shard.place - 1; machine < plan.machines(); machine += shard.of) {
    if (done.count(machine) == 0) pending.push_back(machine);
  }
  Results results(std::move(records), static_cast<Index>(done.size() + pending.size()), journal);
  const auto count = static_cast<Index>(pending.size());
  // One by one: a large array is done in a fraction of a small one's time.
#pragma omp parallel for schedule(dynamic) num_threads(threads())
  for (Index i = 0; i < count; ++i) {
    if (results.failed()) continue;
    const Index machine = pending[static_cast<std::size_t>(i)];
    try {
      results.add({machine, plan.evaluate(machine)});
    } catch (...) {
      results.fail(std::current_exception());
    }
  }
  return results.in_order();
}

}  // namespace septet::cli
