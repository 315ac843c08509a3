// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The array over time as one SVG: a column per cycle, a line per PE (PE rows one below the other, within each its
// columns), coloured by what the PE does. Runs of cycles alike are one rectangle; all of a colour and PE row is one
// path in units of cells, scaled as a group, so that coordinates stay whole and short.
#include "septet/status.hpp"
#include "trace_text.hpp"

#include <algorithm>

namespace septet::emulation {
namespace {

// What is beyond is neither looked at nor opened with pleasure: some ten megabytes, and cells below a fifth of a pixel.
constexpr Index kMostCycles = 5000, kMostPes = 1024, kMostCells = 1000000;

enum Shade : std::uint8_t { kNothing, kMac, kInjected, kGated, kIdle, kPreload, kDrain, kShades };
struct Meaning {
  const char* id;
  const char* text;
};
constexpr Meaning kMeanings[kShades] = {{"", ""},
                                        {"mac", "MAC"},
                                        {"inj", "MAC on an injected zero"},
                                        {"gat", "gated"},
                                        {"idl", "idle in a stream"},
                                        {"pre", "preload shifts"},
                                        {"dra", "drain shifts"}};

// Colours that differ in lightness too (Okabe and Ito, 2008), on white and on black. No CSS variables: converters to
// PDF and PNG do not know them.
constexpr const char* kStyle =
    "<style>\n"
    "text{font-size:11px;font-family:system-ui,'DejaVu Sans',sans-serif;fill:#222}\n"
    ".t{font-size:13px;font-weight:600}.s{fill:#777}.m{text-anchor:middle}.e{text-anchor:end}\n"
    "path,.c{shape-rendering:crispEdges}.bg{fill:#fff}.l{stroke:#bbb;fill:none}"
    ".f{stroke:#222;stroke-opacity:.75;fill:none}\n"
    ".mac{fill:#0072b2}.inj{fill:#e69f00}.gat{fill:#d55e00}.idl{fill:#d9dde2}.pre{fill:#8fd0b5}.dra{fill:#cfa3c4}"
    ".sta{fill:#b00020}.fold{fill:#777;fill-opacity:.28}.odd{fill:#777;fill-opacity:.5}\n"
    "@media (prefers-color-scheme:dark){text{fill:#e6e6e6}.s{fill:#a0a0a0}.bg{fill:#14171a}.l{stroke:#555}"
    ".f{stroke:#e6e6e6}.mac{fill:#56b4e9}.inj{fill:#f0b429}.gat{fill:#ff7a3c}.idl{fill:#3a4048}.pre{fill:#1f7a5c}"
    ".dra{fill:#85547c}.sta{fill:#ff5a6e}.fold,.odd{fill:#a0a0a0}}\n"
    "</style>\n";

// Pixels. Everything is placed from the window alone.
struct Layout {
  Index cycles, rows, cols;
  double cell_w, cell_h, gap;
  double left = 64, top = 92, bottom = 40, right = 24;

  explicit Layout(const TraceWindow& window)
      : cycles(window.cycles.size()), rows(window.rows.size()), cols(window.cols.size()) {
    cell_w = std::clamp(960.0 / static_cast<double>(std::max<Index>(cycles, 1)), 0.2, 18.0);
    cell_h = std::clamp(560.0 / static_cast<double>(rows * cols), 1.0, 12.0);
    gap = rows == 1 ? 0 : std::clamp(cell_h / 2, 1.0, 5.0);
  }
  double plot_width() const { return cell_w * static_cast<double>(cycles); }
  double row_height() const { return cell_h * static_cast<double>(cols); }
  double row_top(Index row) const { return top + static_cast<double>(row) * (row_height() + gap); }
  double plot_bottom() const { return row_top(rows) - gap; }
  double width() const { return left + std::max(plot_width(), 700.0) + right; }
  double height() const { return plot_bottom() + bottom; }
};

// 1, 2 or 5 times a power of ten cycles, at least 50 pixels apart.
Index tick_distance(double cell_w) {
  for (Index power = 1;; power *= 10) {
    for (const Index distance : {power, 2 * power, 5 * power}) {
      if (cell_w * static_cast<double>(distance) >= 50) return distance;
    }
  }
}

class PictureSink : public TraceSink {
 public:
  explicit PictureSink(std::ostream& out) : out_(out) {}

  void begin(const TraceHeader& header) override {
    header_ = header;
    const TraceWindow& window = header.window;
    const Index cycles = window.cycles.size(), pes = window.rows.size() * window.cols.size();
    if (cycles > kMostCycles || pes > kMostPes || cycles * pes > kMostCells) {
      throw Error(Status(Cause::bad_option, "trace.window",
                         std::to_string(cycles) + " cycles of " + std::to_string(pes) +
                             " PEs are too much for a picture (" + std::to_string(kMostCycles) + " cycles, " +
                             std::to_string(kMostPes) + " PEs, " + std::to_string(kMostCells) +
                             " of both): narrow the cycles or the PEs"));
    }
    runs_.assign(pes, {});
    paths_.assign(window.rows.size() * kShades, "");
  }

  void cycle(const CycleTrace& c) override {
    for (std::size_t i = 0; i < c.pes.size(); ++i) {
      const Shade shade = shade_of(c.pes[i]);
      ++count_[shade];
      if (shade == runs_[i].shade) continue;
      close(static_cast<Index>(i), c.cycle);
      runs_[i] = {c.cycle, shade};
    }
    if (c.stall != (stall_begin_ >= 0)) {
      if (!c.stall) stalls_.push_back({stall_begin_, c.cycle});
      stall_begin_ = c.stall ? c.cycle : -1;
    }
    for (const TraceFold& fold : c.folds) {
      if (folds_.empty() || folds_.back().number < fold.number) folds_.push_back(fold);
    }
  }

  void end() override {
    const Index last = header_.window.cycles.end;
    for (std::size_t i = 0; i < runs_.size(); ++i) close(static_cast<Index>(i), last);
    if (stall_begin_ >= 0) stalls_.push_back({stall_begin_, last});
    write();
    out_.flush();
  }

 private:
  struct Run {
    Index begin = 0;
    Shade shade = kNothing;
  };

  static Shade shade_of(const PeTrace& pe) {
    if (pe.action == PeAction::mac) return kMac;
    if (pe.action == PeAction::injected) return kInjected;
    if (pe.action == PeAction::gated) return kGated;
    if (pe.fold >= 0) return kIdle;
    if (pe.chain.valid) return kPreload;
    return pe.drain.valid ? kDrain : kNothing;
  }

  // Ends the run of PE i, counted within the window.
  void close(Index i, Index cycle) {
    const Run& run = runs_[i];
    if (run.shade == kNothing) return;
    const Index cols = header_.window.cols.size();
    std::string& path = paths_[i / cols * kShades + run.shade];
    path += 'M';
    append(path, run.begin - header_.window.cycles.begin);
    path += ' ';
    append(path, i % cols);
    path += 'h';
    append(path, cycle - run.begin);
    path += "v1h-";
    append(path, cycle - run.begin);
    path += 'z';
  }

  void write() {
    const Layout at(header_.window);
    const std::string title = with_signs(title_of(header_));
    out_ << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << px(at.width()) << "\" height=\"" << px(at.height())
         << "\" viewBox=\"0 0 " << px(at.width()) << ' ' << px(at.height()) << "\" role=\"img\">\n<title>" << title
         << "</title>\n"
         << kStyle << "<rect class=\"bg\" width=\"100%\" height=\"100%\"/>\n";
    text("t", at.left, 22, title);
    write_legend(at);
    write_folds(at);
    write_cells(at);
    write_axes(at);
    out_ << "</svg>\n";
  }

  // A swatch for each colour that occurs, with its share of the window's PE-cycles.
  void write_legend(const Layout& at) {
    double x = at.left;
    const double cells = static_cast<double>(std::max<Index>(at.cycles * at.rows * at.cols, 1));
    for (int shade = kMac; shade < kShades; ++shade) {
      if (count_[shade] == 0) continue;
      const std::string share = px(100 * static_cast<double>(count_[shade]) / cells) + " %";
      const std::string label = std::string(kMeanings[shade].text) + "  " + share;
      rect(kMeanings[shade].id, x, 34, 11, 11);
      text("", x + 16, 44, label);
      x += 34 + 5.8 * static_cast<double>(label.size());
    }
  }

  // A bar per fold over the cycles in which its steps enter PE (0, 0), and the stalls.
  void write_folds(const Layout& at) {
    const TraceRange& cycles = header_.window.cycles;
    const double y = at.top - 30;
    text("s e", at.left - 8, y + 11, "fold");
    double labelled = 0;
    for (const TraceFold& fold : folds_) {
      const Index begin = std::max(fold.start, cycles.begin), end = std::min(fold.start + fold.steps, cycles.end);
      if (begin >= end) continue;
      const double x = x_of(at, begin), width = x_of(at, end) - x;
      rect(fold.number % 2 == 0 ? "fold" : "odd", x, y, width, 14);
      const std::string label = std::to_string(fold.number);
      if (width > 7.0 * static_cast<double>(label.size()) && x >= labelled) {
        text("m", x + width / 2, y + 11, label);
        labelled = x + width;
      }
    }
    for (const TraceRange& stall : stalls_) {
      const double x = x_of(at, stall.begin);
      rect("sta", x, y + 18, x_of(at, stall.end) - x, 4);
    }
    if (!stalls_.empty()) text("s e", at.left - 8, y + 24, "stall");
  }

  void write_cells(const Layout& at) {
    for (Index row = 0; row < at.rows; ++row) {
      out_ << "<g transform=\"translate(" << px(at.left) << ' ' << px(at.row_top(row)) << ") scale(" << px(at.cell_w)
           << ' ' << px(at.cell_h) << ")\">\n";
      for (int shade = kMac; shade < kShades; ++shade) {
        const std::string& path = paths_[row * kShades + shade];
        if (!path.empty()) out_ << "<path class=\"" << kMeanings[shade].id << "\" d=\"" << path << "\"/>\n";
      }
      out_ << "</g>\n";
      write_fronts(at, row);
      out_.flush_some();
    }
  }

  // Where the first step of each fold comes by: a staircase down the columns of a PE row. In pixels: not all programs
  // can leave a line's width alone in a scaled group.
  void write_fronts(const Layout& at, Index row) {
    const TraceWindow& window = header_.window;
    std::string path;
    for (const TraceFold& fold : folds_) {
      if (at.cell_w * static_cast<double>(fold.steps) < 6) continue;
      bool drawing = false;
      for (Index w = 0; w < at.cols; ++w) {
        const Index cycle = fold.start + window.rows.begin + row + window.cols.begin + w;
        if (cycle < window.cycles.begin || cycle >= window.cycles.end) continue;
        const double y = at.row_top(row) + at.cell_h * static_cast<double>(w);
        path += (drawing ? "H" : "M") + px(x_of(at, cycle)) + (drawing ? "" : " " + px(y)) + "V" + px(y + at.cell_h);
        drawing = true;
      }
    }
    if (!path.empty()) out_ << "<path class=\"f\" d=\"" << path << "\"/>\n";
  }

  void write_axes(const Layout& at) {
    const TraceRange& cycles = header_.window.cycles;
    const Index every = tick_distance(at.cell_w);
    const double y = at.plot_bottom();
    out_ << "<path class=\"l\" d=\"M" << px(at.left) << ' ' << px(y + .5) << 'H' << px(at.left + at.plot_width())
         << "\"/>\n";
    for (Index c = (cycles.begin + every - 1) / every * every; c < cycles.end; c += every) {
      const double x = x_of(at, c);
      out_ << "<path class=\"l\" d=\"M" << px(x) << ' ' << px(y) << "v5\"/>\n";
      text("m", x, y + 17, std::to_string(c));
    }
    text("s m", at.left + at.plot_width() / 2, y + 33, "cycle");
    double labelled = 0;
    for (Index row = 0; row < at.rows; ++row) {
      const double middle = at.row_top(row) + at.row_height() / 2;
      if (middle - labelled < 12) continue;
      labelled = middle;
      text("s e", at.left - 8, middle + 4, "row " + std::to_string(header_.window.rows.begin + row));
    }
  }

  double x_of(const Layout& at, Index cycle) const {
    return at.left + at.cell_w * static_cast<double>(cycle - header_.window.cycles.begin);
  }

  // " x " and " * " as the signs that they stand for.
  static std::string with_signs(std::string text) {
    for (std::size_t i = 0; i + 2 < text.size(); ++i) {
      if (text[i] != ' ' || text[i + 2] != ' ') continue;
      if (text[i + 1] == 'x') text.replace(i + 1, 1, "\u00d7");
      if (text[i + 1] == '*') text.replace(i + 1, 1, "\u00b7");
    }
    return text;
  }

  // Rounded to hundredths: it is a picture.
  static std::string px(double value) {
    const auto hundredths = static_cast<Index>(value * 100 + (value < 0 ? -.5 : .5));
    std::string text = std::to_string(hundredths / 100);
    if (hundredths % 100 == 0) return text;
    const Index rest = hundredths % 100;
    text += rest < 10 ? ".0" : ".";
    text += std::to_string(rest);
    if (text.back() == '0') text.pop_back();
    return text;
  }
  void rect(const char* style, double x, double y, double width, double height) {
    out_ << "<rect class=\"c " << style << "\" x=\"" << px(x) << "\" y=\"" << px(y) << "\" width=\"" << px(width)
         << "\" height=\"" << px(height) << "\"/>\n";
  }
  void text(const char* style, double x, double y, const std::string& text) {
    out_ << "<text class=\"" << style << "\" x=\"" << px(x) << "\" y=\"" << px(y) << "\">" << text << "</text>\n";
  }

  TraceWriter out_;
  TraceHeader header_;
  std::vector<Run> runs_;           // of each PE: what goes on
  std::vector<std::string> paths_;  // per PE row and shade
  Index count_[kShades] = {};
  Index stall_begin_ = -1;
  std::vector<TraceRange> stalls_;
  std::vector<TraceFold> folds_;
};

}  // namespace

std::unique_ptr<TraceSink> picture_sink(std::ostream& out) { return std::make_unique<PictureSink>(out); }

}  // namespace septet::emulation
