// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One line per PE and unit and cycle in which it holds or does something. docs/traces.md has the columns.
#include "septet/emulation/trace.hpp"
#include "trace_text.hpp"

namespace septet::emulation {
namespace {

constexpr const char* kColumns = "cycle,unit,h,w,action,fold,step,m,n,k,lane,a,b,sum,chain,drain\n";

class CsvSink : public TraceSink {
 public:
  explicit CsvSink(std::ostream& out) : out_(out) {}

  void begin(const TraceHeader& header) override {
    header_ = header;
    out_ << kColumns;
  }

  void cycle(const CycleTrace& cycle) override {
    now_ = cycle.cycle;
    if (cycle.stall) out_ << now_ << ",stall,,,,,,,,,,,,,,\n";
    const TraceWindow& window = header_.window;
    for (std::size_t i = 0; i < cycle.left.size(); ++i) {
      port("left", window.rows.begin + static_cast<Index>(i), -1, cycle.left[i]);
    }
    for (std::size_t i = 0; i < cycle.top.size(); ++i) {
      port("top", -1, window.cols.begin + static_cast<Index>(i) / header_.lanes, cycle.top[i]);
    }
    for (std::size_t i = 0; i < cycle.preload.size(); ++i) {
      port("preload", -1, window.cols.begin + static_cast<Index>(i), cycle.preload[i]);
    }
    const PeTrace* next = cycle.pes.data();
    for (Index h = window.rows.begin; h < window.rows.end; ++h) {
      for (Index w = window.cols.begin; w < window.cols.end; ++w) pe(h, w, *next++);
    }
    for (std::size_t i = 0; i < cycle.store.size(); ++i) {
      port("store", -1, window.cols.begin + static_cast<Index>(i), cycle.store[i]);
    }
    out_.flush_some();
  }

  void end() override { out_.flush(); }

 private:
  void pe(Index h, Index w, const PeTrace& pe) {
    if (!pe.a.valid && !pe.b.valid && !pe.sum.valid && !pe.chain.valid && !pe.drain.valid) return;
    start("pe", h, w, name(pe.action), pe.fold, pe.step, pe.place);
    out_ << ',';
    if (header_.lanes > 1 && pe.a.valid) out_ << Index{pe.lane};
    value(pe.a, header_.a);
    value(pe.b, header_.b);
    value(pe.sum, header_.sum);
    value(pe.chain, header_.preload);
    value(pe.drain, header_.sum);
    out_ << '\n';
  }

  // Of m, n and k a port has the two that name its element, which say which matrix it is of.
  void port(const char* unit, Index h, Index w, const PortTrace& port) {
    if (!port.value.valid) return;
    const TracePlace& at = port.place;
    start(unit, h, w, unit[0] == 's' ? "write" : port.injected ? "injected" : "read", port.fold, port.step, at);
    out_ << ',';
    if (header_.lanes > 1 && at.k >= 0) out_ << Index{port.lane};
    value(at.n < 0 ? port.value : TraceValue(), header_.a);
    value(at.m < 0 ? port.value : TraceValue(), header_.b);
    value(at.k < 0 ? port.value : TraceValue(), header_.sum);
    out_ << ",,\n";
  }

  void start(const char* unit, Index h, Index w, const char* action, Index fold, Index step, const TracePlace& at) {
    out_ << now_ << ',' << unit;
    number(h), number(w);
    out_ << ',' << action;
    number(fold), number(step), number(at.m), number(at.n), number(at.k);
  }
  void number(Index number) {
    out_ << ',';
    if (number >= 0) out_ << number;
  }
  void value(const TraceValue& value, const TraceNumber& number) {
    out_ << ',';
    if (value.valid) out_.number(value, number);
  }

  TraceWriter out_;
  TraceHeader header_;
  Index now_ = 0;
};

}  // namespace

std::unique_ptr<TraceSink> csv_sink(std::ostream& out) { return std::make_unique<CsvSink>(out); }

}  // namespace septet::emulation
