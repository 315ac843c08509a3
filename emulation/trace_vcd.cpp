// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Value change dump (IEEE 1364-2005, section 18). Every register is a vector of its real width, floats as their bits;
// what is not in use is x. A cycle takes 10 ns: at 10 c the clock rises and everything shows cycle c, its links as they
// were and its registers as it left them. docs/traces.md has the signals.
#include "septet/emulation/trace.hpp"
#include "src/arithmetic.hpp"
#include "trace_text.hpp"

#include <algorithm>

namespace septet::emulation {
namespace {

constexpr Index kPeriod = 10;

// The n-th identifier: digits of base 94 from the printable characters, lowest first.
void append_id(std::string& text, std::size_t n) {
  do {
    text += static_cast<char>('!' + n % 94);
    n /= 94;
  } while (n > 0);
}

void append_binary(std::string& text, std::uint64_t bits, int width) {
  int digits = width;
  while (digits > 1 && (bits >> (digits - 1) & 1) == 0) --digits;  // readers extend with 0
  while (digits-- > 0) text += static_cast<char>('0' + (bits >> digits & 1));
}

TraceValue flag(bool value) { return {value ? 1u : 0u, true}; }
TraceValue number_or_x(Index value) { return {static_cast<std::uint64_t>(value), value >= 0}; }

// Walks all signals of a cycle, always in the same order. `Visitor` has scope(name, i, j), leave() and
// signal(name, width, value); i and j are -1 where a name has no index.
template <class Visitor>
class Walk {
 public:
  Walk(const TraceHeader& header, Visitor& visitor)
      : header_(header),
        visit_(visitor),
        fold_bits_(std::max(detail::bits_for(header.folds), 1)),
        place_bits_(std::max(detail::bits_for(std::max({header.m, header.n, header.k})), 1)),
        lane_bits_(std::max(detail::bits_for(header.lanes), 1)) {}

  void operator()(const CycleTrace& c) {
    visit_.signal("cycle", 64, number_or_x(c.cycle));
    visit_.signal("stall", 1, flag(c.stall));
    visit_.signal("fold", fold_bits_, number_or_x(fold_at_corner(c)));
    const TraceRange &rows = header_.window.rows, &cols = header_.window.cols;
    for (Index h = rows.begin; h < rows.end; ++h) port("left", h, &c.left[h - rows.begin], 1, header_.left);
    for (Index w = cols.begin; w < cols.end; ++w) {
      const Index i = w - cols.begin;
      port("top", w, &c.top[i * header_.lanes], header_.lanes, header_.top);
      if (header_.chain) port("preload", w, &c.preload[i], 1, header_.preload);
      port("store", w, &c.store[i], 1, header_.sum);
    }
    const PeTrace* next = c.pes.data();
    const TraceValue* lanes = c.lanes.data();
    for (Index h = rows.begin; h < rows.end; ++h) {
      for (Index w = cols.begin; w < cols.end; ++w) {
        pe(h, w, *next++, lanes);
        if (header_.lanes > 1) lanes += header_.lanes;
      }
    }
  }

 private:
  static Index fold_at_corner(const CycleTrace& c) {
    for (const TraceFold& fold : c.folds) {
      if (fold.start <= c.cycle && c.cycle < fold.start + fold.steps) return fold.number;
    }
    return -1;
  }

  void port(const char* name, Index index, const PortTrace* ports, Index lanes, const TraceNumber& number) {
    visit_.scope(name, index, -1);
    visit_.signal("valid", 1, flag(ports->value.valid));
    visit_.signal("injected", 1, flag(ports->injected));
    visit_.signal("fold", fold_bits_, number_or_x(ports->fold));
    visit_.signal("m", place_bits_, number_or_x(ports->place.m));
    visit_.signal("n", place_bits_, number_or_x(ports->place.n));
    if (lanes == 1) {
      visit_.signal("k", place_bits_, number_or_x(ports->place.k));
      if (header_.lanes > 1)
        visit_.signal("lane", lane_bits_, {static_cast<std::uint64_t>(ports->lane), ports->value.valid});
      visit_.signal("data", number.bits, ports->value);
    } else {
      for (Index lane = 0; lane < lanes; ++lane) {
        visit_.signal("k", lane, place_bits_, number_or_x(ports[lane].place.k));
        visit_.signal("data", lane, number.bits, ports[lane].value);
      }
    }
    visit_.leave();
  }

  void pe(Index h, Index w, const PeTrace& pe, const TraceValue* lanes) {
    visit_.scope("pe", h, w);
    visit_.signal("fold", fold_bits_, number_or_x(pe.fold));
    visit_.signal("mac", 1, flag(pe.action != PeAction::idle));
    visit_.signal("injected", 1, flag(pe.action == PeAction::injected));
    visit_.signal("gated", 1, flag(pe.action == PeAction::gated));
    reg("a", header_.a, pe.a);
    if (header_.lanes == 1) {
      reg("b", header_.b, pe.b);
    } else {
      visit_.signal("lane", lane_bits_, {static_cast<std::uint64_t>(pe.lane), pe.a.valid});
      visit_.signal("b_valid", 1, flag(lanes[0].valid));
      for (Index lane = 0; lane < header_.lanes; ++lane) visit_.signal("b", lane, header_.b.bits, lanes[lane]);
    }
    reg("sum", header_.sum, pe.sum);
    if (header_.chain) reg("chain", header_.preload, pe.chain);
    if (header_.drain) reg("drain", header_.sum, pe.drain);
    visit_.leave();
  }

  void reg(const char* name, const TraceNumber& number, const TraceValue& value) {
    visit_.valid(name, value.valid);
    visit_.signal(name, number.bits, value);
  }

  const TraceHeader& header_;
  Visitor& visit_;
  int fold_bits_, place_bits_, lane_bits_;
};

// Writes the declarations and counts the signals.
class Declare {
 public:
  explicit Declare(TraceWriter& out) : out_(out) {}

  void scope(const char* name, Index i, Index j) {
    out_ << "$scope module " << name << '_' << i;
    if (j >= 0) out_ << '_' << j;
    out_ << " $end\n";
  }
  void leave() { out_ << "$upscope $end\n"; }
  void signal(const char* name, int width, const TraceValue&) { declare(name, "", width); }
  void signal(const char* name, Index lane, int width, const TraceValue&) {
    declare(name, "_" + std::to_string(lane), width);
  }
  void valid(const char* name, bool) { declare(name, "_valid", 1); }
  std::size_t count() const { return count_; }

 private:
  void declare(const char* name, const std::string& suffix, int width) {
    out_ << "$var wire " << Index{width} << ' ';
    append_id(out_.text(), ++count_);  // 0 is the clock
    out_ << ' ' << name << suffix;
    if (width > 1) out_ << " [" << Index{width - 1} << ":0]";
    out_ << " $end\n";
    out_.flush_some();
  }

  TraceWriter& out_;
  std::size_t count_ = 0;
};

// Writes what has changed.
class Change {
 public:
  Change(TraceWriter& out, std::vector<TraceValue>& last, bool all) : out_(out), last_(last), all_(all) {}

  void scope(const char*, Index, Index) {}
  void leave() {}
  void signal(const char*, int width, const TraceValue& value) { write(width, value); }
  void signal(const char*, Index, int width, const TraceValue& value) { write(width, value); }
  void valid(const char*, bool value) { write(1, flag(value)); }

 private:
  void write(int width, const TraceValue& value) {
    TraceValue& last = last_[next_++];
    if (!all_ && last.valid == value.valid && (!value.valid || last.bits == value.bits)) return;
    last = value;
    std::string& text = out_.text();
    if (width > 1) text += 'b';
    if (value.valid) {
      append_binary(text, value.bits, width);
    } else {
      text += 'x';
    }
    if (width > 1) text += ' ';
    append_id(text, next_);
    text += '\n';
  }

  TraceWriter& out_;
  std::vector<TraceValue>& last_;
  bool all_;
  std::size_t next_ = 0;
};

class VcdSink : public TraceSink {
 public:
  explicit VcdSink(std::ostream& out) : out_(out) {}

  void begin(const TraceHeader& header) override {
    header_ = header;
    out_ << "$comment " << title_of(header) << " $end\n$timescale 1 ns $end\n$scope module array $end\n";
    out_ << "$var wire 1 ! clk $end\n";
    CycleTrace nothing;
    const std::size_t height = header.window.rows.size(), width = header.window.cols.size();
    nothing.pes.resize(height * width), nothing.left.resize(height), nothing.top.resize(width * header.lanes);
    nothing.lanes.resize(header.lanes > 1 ? height * width * header.lanes : 0);
    nothing.preload.resize(width), nothing.store.resize(width);
    Declare declare(out_);
    Walk<Declare>{header_, declare}(nothing);
    last_.resize(declare.count());
    out_ << "$upscope $end\n$enddefinitions $end\n";
  }

  void cycle(const CycleTrace& cycle) override {
    const bool first = cycle.cycle == header_.window.cycles.begin;
    out_ << '#' << kPeriod * cycle.cycle << '\n' << (first ? "$dumpvars\n1!\n" : "1!\n");
    Change change(out_, last_, first);
    Walk<Change>{header_, change}(cycle);
    if (first) out_ << "$end\n";
    out_ << '#' << kPeriod * cycle.cycle + kPeriod / 2 << "\n0!\n";
    out_.flush_some();
  }

  void end() override {
    out_ << '#' << kPeriod * header_.window.cycles.end << '\n';
    out_.flush();
  }

 private:
  TraceWriter out_;
  TraceHeader header_;
  std::vector<TraceValue> last_;
};

}  // namespace

std::unique_ptr<TraceSink> vcd_sink(std::ostream& out) { return std::make_unique<VcdSink>(out); }

}  // namespace septet::emulation
