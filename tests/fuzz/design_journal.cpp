// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Journals of an exploration: refused with the file's name and one line, or whole records that are written as they were
// read.
#include "io/design_journal.hpp"
#include "target.hpp"

#include <string>

namespace septet::fuzz {
namespace {

constexpr const char* kPath = "journal";

std::string journal() {
  const io::JournalHeader header{"net.csv", "1/1", 2, 2, {{"sweep", {{"arrays", {"4x8"}}}}}};
  std::string text = header.line();
  for (const Index machine : {1, 0}) {
    io::MachineRecord record;
    record.machine = machine;
    for (const Index dataflow : {0, 1}) {
      network::DesignPoint point;
      point.design.index = 2 * machine + dataflow;
      point.design.array = {4, 8}, point.design.buffers = {1024, 2048, 4096}, point.design.bandwidth = 8;
      point.design.sparsity = machine == 0 ? -1 : 0.1, point.area_mm2 = 0.3;
      point.cycles = 1234567, point.energy_pj = 1.5e9, point.utilization = 0.7;
      if (dataflow == 1) point.infeasible = "too small";
      record.points.push_back(point);
    }
    text += record.text();
  }
  return text;
}

Input bytes(const std::string& text) { return {text.begin(), text.end()}; }

}  // namespace

std::vector<Input> seeds() {
  const std::string text = journal();
  return {bytes(text), bytes(text.substr(text.find('\n') + 1)), bytes(text.substr(0, text.size() / 2))};
}

}  // namespace septet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace septet;
  const std::string text(data, data + size);
  try {
    const io::JournalContent content = io::parse_journal(fuzz::kPath, text);
    const std::size_t first = text.find('\n') + 1;
    std::string again;
    for (const io::MachineRecord& record : content.records) again += record.text();
    fuzz::require(content.whole <= text.size(), "within the text");
    fuzz::require(text.compare(first, content.whole - first, again) == 0, "written as read");
  } catch (const Error& error) {
    fuzz::require(error.status().cause() == Cause::bad_file, "another cause");
    fuzz::require(error.status().argument() == fuzz::kPath, "names the file");
    fuzz::require(error.status().message().find('\n') == std::string::npos, "one line");
  }
  return 0;
}
