// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What an exploration has found so far, on disk: a line that says of what, then machine by machine, in any order, the
// lines of its designs and a line that ends them. A process that is killed leaves an end that is torn off; who reads on
// drops it. Parts of an exploration (shards) are the same, in order and whole.
//
//   septet-explore 1 {"model":"net.csv","shard":"1/1","machines":6,"designs_per_machine":2,"settings":{…}}
//   0,8,8,s8,…            design_record.hpp
//   1,8,8,s8,…
//   machine 0 5f0c63a41b0d1c86
#pragma once

#include "design_record.hpp"
#include "json_file.hpp"

#include <string>
#include <vector>

namespace septet::io {

/// Of what: journals are of one exploration if all but the model's name and the shard is equal.
struct JournalHeader {
  std::string model;
  std::string shard;  ///< "1/1": all of it
  Index machines = 0, designs_per_machine = 0;
  Json settings;  ///< everything that a number depends on

  std::string line() const;
};
/// The first place where they differ ("sweep: arrays"); empty: nowhere.
std::string difference(const JournalHeader& left, const JournalHeader& right);

/// A machine's designs, in their order.
struct MachineRecord {
  Index machine = 0;
  std::vector<network::DesignPoint> points;

  /// Their lines and the line that ends them.
  std::string text() const;
};

struct JournalContent {
  JournalHeader header;
  std::vector<MachineRecord> records;  ///< no machine twice
  std::size_t whole = 0;               ///< bytes up to the end of the last whole record
};
/// `text` is all of the file `path`. Throws Error about what is none, or damaged but for its torn end.
JournalContent parse_journal(const std::string& path, const std::string& text);
/// Throws Error, of a torn end too.
JournalContent read_journal(const std::string& path);

/// A journal that is written on. No other process may have it at the same time.
class DesignJournal {
 public:
  /// Makes the file, or reads on in what is there. Throws Error: it cannot be opened, another process has it, it is no
  /// journal, or that of another exploration or shard; then it is as it was.
  DesignJournal(const std::string& path, const JournalHeader& header);
  DesignJournal(const DesignJournal&) = delete;
  DesignJournal& operator=(const DesignJournal&) = delete;
  ~DesignJournal();

  /// What was there.
  const std::vector<MachineRecord>& records() const { return records_; }
  /// Is with the system when this returns. Throws Error.
  void append(const MachineRecord& record);
  /// It has served its purpose.
  void remove();

 private:
  std::string read() const;
  void open();
  void write(const std::string& text);

  const std::string path_;
  int file_ = -1;
  std::vector<MachineRecord> records_;
};

}  // namespace septet::io
