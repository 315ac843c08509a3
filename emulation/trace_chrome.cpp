// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Chrome's trace events (Trace Event Format, JSON object form), for Perfetto and chrome://tracing. One lane per PE row
// and per kind of unit: an event lasts as long as the lane works for the same folds; so events of a lane follow each
// other and never overlap, whatever the skew and the overlap of folds. 1 cycle is 1 us.
#include "septet/emulation/trace.hpp"
#include "trace_text.hpp"

#include <algorithm>

namespace septet::emulation {
namespace {

// What a lane does from `begin` on, without a change of folds.
struct Span {
  Index begin = 0;
  std::vector<Index> folds;  // empty: nothing
  Index counts[4] = {};      // by lane: of actions, or words and injected zeros
};

// The lanes before those of the PE rows, from top to bottom.
enum Lane : std::size_t { kFolds, kStall, kPreload, kLeft, kTop, kStore, kRows };
constexpr const char* kLaneNames[] = {"folds", "stall", "preload", "left loads", "top loads", "store"};

class ChromeSink : public TraceSink {
 public:
  explicit ChromeSink(std::ostream& out) : out_(out) {}

  void begin(const TraceHeader& header) override {
    header_ = header;
    lanes_.resize(kRows + header.window.rows.size());
    now_.resize(lanes_.size());
    out_ << "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"title\":\"" << title_of(header)
         << "\",\"cycles\":" << header.cycles << ",\"unit\":\"1 us is 1 cycle\"},\n\"traceEvents\":[\n";
    out_ << R"({"ph":"M","pid":1,"name":"process_name","args":{"name":"array"}})";
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      const Index h = header.window.rows.begin + static_cast<Index>(lane) - kRows;
      metadata(lane, "thread_name",
               "\"name\":\"" + (lane < kRows ? kLaneNames[lane] : "PE row " + std::to_string(h)) + '"');
      metadata(lane, "thread_sort_index", "\"sort_index\":" + std::to_string(lane));
    }
  }

  void cycle(const CycleTrace& c) override {
    for (Span& span : now_) span.folds.clear(), std::fill(std::begin(span.counts), std::end(span.counts), 0);
    look(c);
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      Span &last = lanes_[lane], &now = now_[lane];
      std::sort(now.folds.begin(), now.folds.end());
      if (now.folds != last.folds) {
        close(lane, c.cycle);
        last = now;
        last.begin = c.cycle;
      } else {
        for (int i = 0; i < 4; ++i) last.counts[i] += now.counts[i];
      }
    }
    if (!c.folds.empty()) folds_ = c.folds;
    count_pes(c);
    out_.flush_some();
  }

  void end() override {
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) close(lane, header_.window.cycles.end);
    out_ << "\n]}\n";
    out_.flush();
  }

 private:
  // Fills now_.
  void look(const CycleTrace& c) {
    for (const TraceFold& fold : c.folds) {
      if (fold.start <= c.cycle && c.cycle < fold.start + fold.steps) add(kFolds, fold.number);
    }
    if (c.stall) add(kStall, 0);
    ports(kPreload, c.preload), ports(kLeft, c.left), ports(kTop, c.top), ports(kStore, c.store);
    const PeTrace* pe = c.pes.data();
    for (std::size_t lane = kRows; lane < lanes_.size(); ++lane) {
      for (Index w = 0; w < header_.window.cols.size(); ++w, ++pe) {
        if (pe->fold < 0) continue;
        add(lane, pe->fold);
        ++now_[lane].counts[static_cast<int>(pe->action)];
      }
    }
  }

  void ports(std::size_t lane, const std::vector<PortTrace>& ports) {
    for (const PortTrace& port : ports) {
      if (!port.value.valid) continue;
      add(lane, port.fold);
      ++now_[lane].counts[port.injected];
    }
  }

  void add(std::size_t lane, Index fold) {
    std::vector<Index>& folds = now_[lane].folds;
    if (std::find(folds.begin(), folds.end(), fold) == folds.end()) folds.push_back(fold);
  }

  // Ends what a lane has been doing.
  void close(std::size_t lane, Index cycle) {
    const Span& span = lanes_[lane];
    if (span.folds.empty()) return;
    event("X", lane, span.begin);
    out_ << ",\"dur\":" << cycle - span.begin << ",\"name\":\"";
    if (lane == kStall) {
      out_ << "stall\",\"args\":{}}";
      return;
    }
    out_ << (span.folds.size() == 1 ? "fold " : "folds ");
    list(span.folds);
    out_ << "\",\"args\":{";
    if (lane == kFolds) {
      fold_args(span.folds.front());
    } else if (lane < kRows) {
      argument("words", span.counts[0]), argument("injected", span.counts[1]);
    } else {
      argument("mac", span.counts[static_cast<int>(PeAction::mac)]);
      argument("injected", span.counts[static_cast<int>(PeAction::injected)]);
      argument("gated", span.counts[static_cast<int>(PeAction::gated)]);
      argument("idle", span.counts[static_cast<int>(PeAction::idle)]);
    }
    out_ << "}}";
  }

  void fold_args(Index number) {
    for (const TraceFold& fold : folds_) {
      if (fold.number != number) continue;
      argument("fold", fold.number), argument("tile", fold.tile), argument("start", fold.start);
      argument("steps", fold.steps), argument("m0", fold.m0), argument("m_count", fold.m_count);
      argument("n0", fold.n0), argument("n_count", fold.n_count), argument("k0", fold.k0);
      argument("k_count", fold.k_count);
    }
  }

  // How many PEs do what, where that changes.
  void count_pes(const CycleTrace& c) {
    Index counts[4] = {};
    for (const PeTrace& pe : c.pes) ++counts[static_cast<int>(pe.action)];
    if (std::equal(std::begin(counts), std::end(counts), std::begin(counts_))) return;
    std::copy(std::begin(counts), std::end(counts), std::begin(counts_));
    out_ << ",\n{\"ph\":\"C\",\"pid\":1,\"ts\":" << c.cycle << ",\"name\":\"PEs\",\"args\":{";
    for (const PeAction action : {PeAction::mac, PeAction::injected, PeAction::gated}) {
      argument(name(action), counts[static_cast<int>(action)]);
    }
    out_ << "}}";
  }

  void metadata(std::size_t lane, const char* what, const std::string& argument) {
    out_ << ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":" << static_cast<Index>(lane) << ",\"name\":\"" << what
         << "\",\"args\":{" << argument << "}}";
  }
  void event(const char* phase, std::size_t lane, Index cycle) {
    out_ << ",\n{\"ph\":\"" << phase << "\",\"pid\":1,\"tid\":" << static_cast<Index>(lane) << ",\"ts\":" << cycle;
  }
  void argument(const char* key, Index value) {
    if (out_.text().back() != '{') out_ << ',';
    out_ << '"' << key << "\":" << value;
  }
  void list(const std::vector<Index>& numbers) {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (i > 0) out_ << ", ";
      out_ << numbers[i];
    }
  }

  TraceWriter out_;
  TraceHeader header_;
  std::vector<Span> lanes_, now_;
  std::vector<TraceFold> folds_;  // of the last cycle that had any
  Index counts_[4] = {-1, -1, -1, -1};
};

}  // namespace

std::unique_ptr<TraceSink> chrome_sink(std::ostream& out) { return std::make_unique<ChromeSink>(out); }

}  // namespace septet::emulation
