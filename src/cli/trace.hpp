// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// --trace: the run's trace as a file, in the format that its name says.
#pragma once

#include "io/staged_file.hpp"
#include "options.hpp"
#include "septet/emulation/trace.hpp"

#include <fstream>
#include <memory>

namespace septet::cli {

/// --trace, --trace-cycles, --trace-pes.
void add_trace(CLI::App& verb, Flags& flags);
/// Refuses, before any work is done, a trace that could not be written afterwards.
void check_trace(const Flags& flags);

/// The file while the array runs; without --trace nothing.
class TraceFile {
 public:
  /// Throws Error.
  explicit TraceFile(const Flags& flags);

  emulation::Trace trace() const { return {sink_.get(), window_}; }
  /// Closes the file: a full disk may show itself only now. Throws Error.
  void close();
  /// To be committed with the other outputs; null without --trace.
  io::StagedFile* file() { return file_.get(); }

 private:
  std::unique_ptr<io::StagedFile> file_;
  std::ofstream stream_;
  std::unique_ptr<emulation::TraceSink> sink_;
  emulation::TraceWindow window_;
};

}  // namespace septet::cli
