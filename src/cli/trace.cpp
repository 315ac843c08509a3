// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "trace.hpp"

#include "command_line.hpp"
#include "errors.hpp"
#include "values.hpp"

#include <cerrno>
#include <limits>

namespace septet::cli {
namespace {

using emulation::TraceRange;
using MakeSink = std::unique_ptr<emulation::TraceSink> (*)(std::ostream&);

struct Kind {
  const char* extension;
  MakeSink make;
};
constexpr Kind kKinds[] = {{".vcd", emulation::vcd_sink},
                           {".json", emulation::chrome_sink},
                           {".csv", emulation::csv_sink},
                           {".svg", emulation::picture_sink}};

MakeSink sink_for(const std::string& path) {
  const std::string extension = std::filesystem::path(path).extension();
  for (const Kind& kind : kKinds) {
    if (extension == kind.extension) return kind.make;
  }
  refuse(path, "a trace is a .vcd, .json, .csv or .svg file, and its name has to say so");
}

TraceRange parse_range(const std::string& flag, const std::string& text) {
  constexpr Index kMost = std::numeric_limits<Index>::max();
  const std::vector<std::string> ends = split(text, ':');
  if (ends.size() != 2) refuse(flag, cli::quoted(text) + " is no range: begin:end, as in 100:200, is expected");
  const TraceRange range{parse_whole(flag, ends[0], 0, kMost), parse_whole(flag, ends[1], 0, kMost)};
  if (range.begin >= range.end) refuse(flag, cli::quoted(text) + " is empty: the end is the first that is left out");
  return range;
}

void parse_pes(const std::string& flag, const std::string& text, emulation::TraceWindow& window) {
  const std::vector<std::string> sides = split(text, ',');
  if (sides.size() != 2) refuse(flag, cli::quoted(text) + " is no window: rows,columns, as in 0:4,8:16, is expected");
  window.rows = parse_range(flag, sides[0]);
  window.cols = parse_range(flag, sides[1]);
}

}  // namespace

void add_trace(CLI::App& verb, Flags& flags) {
  constexpr const char* kGroup = "Trace";
  add_value(verb, "--trace", "FILE",
            "what every PE and unit does in each cycle. .vcd: registers, for GTKWave;\n"
            ".json: for Perfetto; .csv: a table; .svg: a picture of the array over time",
            [&flags](const std::string& text) { flags.trace = parse_file("--trace", text); })
      ->group(kGroup);
  add_value(verb, "--trace-cycles", "A:B", "cycles A to B - 1 alone; default all", [&flags](const std::string& text) {
    flags.trace_window.cycles = parse_range("--trace-cycles", text);
  })->group(kGroup);
  add_value(verb, "--trace-pes", "H0:H1,W0:W1", "PE rows H0 to H1 - 1 and columns W0 to W1 - 1 alone; default all",
            [&flags](const std::string& text) { parse_pes("--trace-pes", text, flags.trace_window); })
      ->group(kGroup);
}

void check_trace(const Flags& flags) {
  if (flags.trace.empty()) {
    for (const char* flag : {"--trace-cycles", "--trace-pes"}) {
      if (flags.has(flag)) refuse(flag, "needs --trace FILE");
    }
    return;
  }
  sink_for(flags.trace);
  if (io::same_file(flags.trace, flags.output)) refuse(flags.trace, "is the file for C already");
  if (io::same_file(flags.trace, flags.json)) refuse(flags.trace, "is the file for the report already");
  io::check_writable(flags.trace);
}

TraceFile::TraceFile(const Flags& flags) : window_(flags.trace_window) {
  if (flags.trace.empty()) return;
  file_ = std::make_unique<io::StagedFile>(flags.trace);
  errno = 0;
  stream_.open(file_->where(), std::ios::binary);
  if (!stream_) io::fail_on_file(flags.trace, "cannot be created", errno);
  sink_ = sink_for(flags.trace)(stream_);
}

void TraceFile::close() {
  if (!file_) return;
  errno = 0;
  stream_.close();
  if (!stream_) io::fail_on_file(file_->path(), "cannot be written", errno);
}

}  // namespace septet::cli
