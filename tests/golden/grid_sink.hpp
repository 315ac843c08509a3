// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A trace as a grid of PEs per cycle, to be read by people:
//
//   cycle 5: fold 0, step 1 at PE(0, 0)
//     preload .    3    .    .          what enters the preload chain of each column
//     top     2    4    .    .          what enters at the top: B (OS), a partial sum (WS, IS); csOS: lanes by /
//     7 |  7*2=14  1*4=4  =9  -  .  | chain … | drain …
//     store   .    .    .    .
//
// A line of PEs: what enters at the left (csOS: weight@lane), then each PE, then the chains, where they hold anything.
//   7*2=14   multiplied the weight 7 by the input 2; its sum is now 14
//   z*2=14   the weight is a zero that the decompression unit injected
//   =9       a step comes by without a multiplication; the sum is 9
//   -        a step comes by, and the PE is not in use
//   .        nothing
#pragma once

#include "septet/emulation/trace.hpp"

#include <algorithm>
#include <ostream>
#include <string>
#include <utility>

namespace septet::golden {

class GridSink : public emulation::TraceSink {
 public:
  explicit GridSink(std::ostream& out) : out_(out) {}

  void begin(const emulation::TraceHeader& header) override { header_ = header; }

  void cycle(const emulation::CycleTrace& c) override {
    out_ << "\ncycle " << c.cycle << ":";
    for (const emulation::TraceFold& fold : c.folds) {
      const Index step = c.cycle - fold.start;
      if (step < 0 || step >= fold.steps) continue;
      out_ << " fold " << fold.number << ", step " << step << " at PE(0, 0)";
    }
    out_ << (c.stall ? " stall\n" : "\n");
    ports("preload", c.preload, 1, header_.preload);
    ports("top", c.top, header_.lanes, header_.top);
    const bool chains = std::any_of(c.pes.begin(), c.pes.end(), [](const auto& pe) { return pe.chain.valid; });
    const bool drains = std::any_of(c.pes.begin(), c.pes.end(), [](const auto& pe) { return pe.drain.valid; });
    for (Index h = 0; h < header_.array.height; ++h) {
      const emulation::PeTrace* row = &c.pes[h * header_.array.width];
      const emulation::PortTrace& left = c.left[h];
      std::string entering = text(left.value, header_.left);
      if (left.injected) entering = "z";
      if (header_.lanes > 1 && left.value.valid) entering += "@" + std::to_string(left.lane);
      std::string line = "  " + padded(entering, 5) + "| ";
      for (Index w = 0; w < header_.array.width; ++w) line += padded(pe(row[w]), 11);
      if (chains) line += "| chain ";
      for (Index w = 0; chains && w < header_.array.width; ++w) line += padded(text(row[w].chain, header_.preload), 5);
      if (drains) line += "| drain ";
      for (Index w = 0; drains && w < header_.array.width; ++w) line += padded(text(row[w].drain, header_.sum), 5);
      write(std::move(line));
    }
    ports("store", c.store, 1, header_.sum);
  }

  void end() override {}

 private:
  static std::string text(const emulation::TraceValue& value, const emulation::TraceNumber& number) {
    return value.valid ? emulation::to_text(value.bits, number) : ".";
  }
  static std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(width, text.size() + 1), ' ');
    return text;
  }
  void write(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    out_ << line << '\n';
  }

  std::string pe(const emulation::PeTrace& pe) const {
    if (pe.fold < 0) return ".";
    if (!pe.sum.valid) return "-";
    const std::string sum = "=" + text(pe.sum, header_.sum);
    if (pe.action == emulation::PeAction::idle) return sum;
    const bool injected = pe.action == emulation::PeAction::injected;
    return (injected ? "z" : text(pe.a, header_.a)) + "*" + text(pe.b, header_.b) + sum;
  }

  void ports(const char* name, const std::vector<emulation::PortTrace>& ports, Index lanes,
             const emulation::TraceNumber& number) {
    if (std::none_of(ports.begin(), ports.end(), [](const auto& port) { return port.value.valid; })) return;
    std::string line = "  " + padded(name, 8);
    for (std::size_t i = 0; i < ports.size(); i += lanes) {
      std::string entry = ports[i].injected ? "z" : text(ports[i].value, number);
      for (Index lane = 1; lane < lanes && ports[i + lane].value.valid; ++lane) {
        entry += "/" + text(ports[i + lane].value, number);
      }
      line += padded(entry, 6);
    }
    write(std::move(line));
  }

  std::ostream& out_;
  emulation::TraceHeader header_;
};

}  // namespace septet::golden
