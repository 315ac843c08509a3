// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "charts.hpp"

#include "escape.hpp"
#include "tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace septet::cli {
namespace {

// Units of the drawing. Narrow, so that the text is still readable when a telephone shrinks it.
constexpr double kWidth = 480, kHeight = 340, kLeft = 58, kRight = 14, kTop = 14, kBottom = 48;

// Okabe and Ito's colours (Color Universal Design, 2008) without yellow, which white swallows; every line has a marker
// of its own too, and the second turn through the colours is hollow and dashed. Libraries are brown.
struct Look {
  std::string colour;
  int marker = 0;
  bool second = false;
};

Look look_of(const Run& run, const std::string& candidate) {
  constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};
  constexpr int kCount = 6;
  if (candidate == "dense" || candidate == "dense_packed") return {"#666666", 7, candidate == "dense"};
  if (candidate == name(Format::automatic)) return {"#000000", 6, false};
  const auto place = [&](Role role) {
    const std::vector<std::string> names = run.candidates(role);
    const auto found = std::find(names.begin(), names.end(), candidate);
    return found == names.end() ? -1 : static_cast<int>(found - names.begin());
  };
  if (const int library = place(Role::library); library >= 0) return {"#7f5a1f", library % kCount, true};
  const int format = std::max(place(Role::format), 0);
  return {kColours[format % kCount], format % kCount, format / kCount % 2 == 1};
}

std::string polygon(std::initializer_list<std::pair<double, double>> corners, double x, double y) {
  std::string points;
  for (const auto& [dx, dy] : corners) points += fmt::format("{:.1f},{:.1f} ", x + dx, y + dy);
  points.pop_back();
  return fmt::format("<polygon points=\"{}\"", points);
}

std::string marker(const Look& look, double x, double y, const std::string& title = "") {
  std::string shape;
  switch (look.marker) {
    case 0:
      shape = fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"", x, y);
      break;
    case 1:
      shape = polygon({{-3.6, -3.6}, {3.6, -3.6}, {3.6, 3.6}, {-3.6, 3.6}}, x, y);
      break;
    case 2:
      shape = polygon({{0, -4.8}, {4.5, 3.6}, {-4.5, 3.6}}, x, y);
      break;
    case 3:
      shape = polygon({{0, -5}, {5, 0}, {0, 5}, {-5, 0}}, x, y);
      break;
    case 4:
      shape = polygon({{0, 4.8}, {4.5, -3.6}, {-4.5, -3.6}}, x, y);
      break;
    case 5:
      shape = polygon({{-1.6, -4.8},
                       {1.6, -4.8},
                       {1.6, -1.6},
                       {4.8, -1.6},
                       {4.8, 1.6},
                       {1.6, 1.6},
                       {1.6, 4.8},
                       {-1.6, 4.8},
                       {-1.6, 1.6},
                       {-4.8, 1.6},
                       {-4.8, -1.6},
                       {-1.6, -1.6}},
                      x, y);
      break;
    case 6:
      shape = polygon({{0, -6},
                       {1.6, -2},
                       {5.7, -1.9},
                       {2.5, 0.9},
                       {3.5, 4.9},
                       {0, 2.6},
                       {-3.5, 4.9},
                       {-2.5, 0.9},
                       {-5.7, -1.9},
                       {-1.6, -2}},
                      x, y);
      break;
    default:
      shape = polygon({{-5, -2}, {5, -2}, {5, 2}, {-5, 2}}, x, y);
      break;
  }
  shape += fmt::format(" fill=\"{}\" stroke=\"{}\" stroke-width=\"1.5\"", look.second ? "#ffffff" : look.colour,
                       look.colour);
  return shape + (title.empty() ? "/>"
                                : fmt::format("><title>{}</title></{}>", escaped(title),
                                              look.marker == 0 ? "circle" : "polygon"));
}

struct Mark {
  double x = 0, y = 0;
  std::string title;
};

struct Series {
  std::string label;
  Look look;
  std::vector<Mark> marks;
  std::string note;         // in the legend
  std::vector<Mark> rings;  // crossovers
};

// Values along one side of a chart, all positive where it is logarithmic.
class Axis {
 public:
  Axis(std::string label, double low, double high, bool logarithmic)
      : label_(std::move(label)), low_(low), high_(high), logarithmic_(logarithmic) {}

  const std::string& label() const { return label_; }
  double low() const { return low_; }
  double high() const { return high_; }
  /// 0 to 1.
  double place(double value) const {
    return logarithmic_ ? std::log(value / low_) / std::log(high_ / low_) : (value - low_) / (high_ - low_);
  }
  std::vector<double> ticks() const { return logarithmic_ ? logarithmic_ticks() : linear_ticks(); }

 private:
  // 1, 2, 5, 10 …, or the powers of ten (of a thousand) alone where those would crowd.
  std::vector<double> logarithmic_ticks() const {
    const double decades = std::log10(high_ / low_);
    const int stride = decades > 8 ? 3 : 1;
    std::vector<double> ticks;
    for (int power = static_cast<int>(std::floor(std::log10(low_))); std::pow(10, power) <= high_; ++power) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        const double tick = factor * std::pow(10, power);
        const bool shown = factor == 1 ? power % stride == 0 : decades <= 3.2;
        if (shown && tick >= low_ * 0.9999 && tick <= high_ * 1.0001) ticks.push_back(tick);
      }
    }
    return ticks;
  }
  std::vector<double> linear_ticks() const {
    double step = 0.01;
    for (const double larger : {0.02, 0.05, 0.1, 0.2}) {
      if ((high_ - low_) / step > 8) step = larger;
    }
    std::vector<double> ticks;
    const double first = std::ceil(low_ / step - 1e-9), last = std::floor(high_ / step + 1e-9);
    for (double i = first; i <= last; ++i) ticks.push_back(i * step + 0.0);  // -0 + 0 is 0
    return ticks;
  }

  std::string label_;
  double low_, high_;
  bool logarithmic_;
};

// From the least to the greatest of the values, with some air.
Axis logarithmic_axis(std::string label, const std::vector<double>& values) {
  double low = std::numeric_limits<double>::max(), high = 0;
  for (const double value : values) {
    if (value <= 0 || !std::isfinite(value)) continue;
    low = std::min(low, value), high = std::max(high, value);
  }
  if (high == 0) low = high = 1;
  const double air = std::max(1.15, std::pow(high / low, 0.06));
  return {std::move(label), low / air, high * air, true};
}

Axis sparsity_axis(const Group& group) {
  const double low = group.points.front()->sparsity, high = group.points.back()->sparsity;
  const double air = std::max(0.02, 0.06 * (high - low));
  return {"zeros in A (%)", std::max(0.0, low - air), std::min(1.0, high + air), false};
}

class Chart {
 public:
  Chart(Axis x, Axis y) : x_(std::move(x)), y_(std::move(y)) {}

  double x_at(double value) const { return kLeft + x_.place(value) * (kWidth - kLeft - kRight); }
  double y_at(double value) const { return kHeight - kBottom - y_.place(value) * (kHeight - kTop - kBottom); }
  void add(const std::string& svg) { body_ += svg; }
  void line(double x0, double y0, double x1, double y1, const std::string& style) {
    add(fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" {}/>", x_at(x0), y_at(y0), x_at(x1),
                    y_at(y1), style));
  }
  void series(const Series& series, bool joined, double weight);
  std::string svg(const std::string& description) const;
  const Axis& x() const { return x_; }
  const Axis& y() const { return y_; }

 private:
  std::string frame(bool percent) const;

  Axis x_, y_;
  std::string body_;
};

void Chart::series(const Series& series, bool joined, double weight) {
  std::string points;
  for (const Mark& mark : series.marks) points += fmt::format("{:.1f},{:.1f} ", x_at(mark.x), y_at(mark.y));
  if (joined && series.marks.size() > 1) {
    points.pop_back();
    add(fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{:g}\"{}/>", points,
                    series.look.colour, weight, series.look.second ? " stroke-dasharray=\"5 3\"" : ""));
  }
  for (const Mark& mark : series.marks) add(marker(series.look, x_at(mark.x), y_at(mark.y), mark.title));
  for (const Mark& ring : series.rings) {
    add(
        fmt::format("<circle class=\"crossover\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"7\" fill=\"none\" stroke=\"{}\" "
                    "stroke-width=\"2\"><title>{}</title></circle>",
                    x_at(ring.x), y_at(ring.y), series.look.colour, escaped(ring.title)));
    line(ring.x, ring.y, ring.x, y_.low(), fmt::format("stroke=\"{}\" stroke-dasharray=\"2 3\"", series.look.colour));
  }
}

std::string Chart::frame(bool percent) const {
  const double bottom = kHeight - kBottom, right = kWidth - kRight;
  std::string out;
  for (const double tick : x_.ticks()) {
    out += fmt::format("<line class=\"grid\" x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2}\"/>", x_at(tick), kTop,
                       bottom);
    out += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:g}</text>", x_at(tick), bottom + 17,
                       percent ? std::round(tick * 1000) / 10 : tick);
  }
  for (const double tick : y_.ticks()) {
    out += fmt::format("<line class=\"grid\" x1=\"{1}\" y1=\"{0:.1f}\" x2=\"{2}\" y2=\"{0:.1f}\"/>", y_at(tick), kLeft,
                       right);
    out += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:g}</text>", kLeft - 6, y_at(tick) + 4, tick);
  }
  out += fmt::format("<rect class=\"frame\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>", kLeft, kTop, right - kLeft,
                     bottom - kTop);
  out += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>", (kLeft + right) / 2, kHeight - 9,
                     escaped(x_.label()));
  return out + fmt::format("<text transform=\"translate(14 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
                           (kTop + bottom) / 2, escaped(y_.label()));
}

std::string Chart::svg(const std::string& description) const {
  const bool percent = x_.label().find('%') != std::string::npos;
  return fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{}{}</svg>\n", kWidth, kHeight,
                     escaped(description), frame(percent), body_);
}

std::string legend(const std::vector<Series>& all) {
  std::string out = "<ul class=\"legend\">";
  for (const Series& series : all) {
    out += fmt::format(
        "<li><svg viewBox=\"0 0 28 14\" class=\"swatch\" aria-hidden=\"true\"><line x1=\"0\" y1=\"7\" x2=\"28\" "
        "y2=\"7\" "
        "stroke=\"{}\" stroke-width=\"2\"{}/>{}</svg>{}{}</li>",
        series.look.colour, series.look.second ? " stroke-dasharray=\"5 3\"" : "", marker(series.look, 14, 7),
        escaped(series.label), series.note.empty() ? "" : " <small>" + escaped(series.note) + "</small>");
  }
  return out + "</ul>\n";
}

std::string figure(const std::string& caption, const std::string& svg, const std::vector<Series>& all) {
  return fmt::format("<figure><figcaption>{}</figcaption>\n{}{}</figure>\n", caption, svg, legend(all));
}

// A candidate's marks over the group; `at(point, result)` gives x and y, or nothing.
template <class F>
std::vector<Series> series_of(const Run& run, const Group& group, std::initializer_list<Role> roles, F&& at) {
  std::vector<Series> all;
  for (const Role role : roles) {
    for (const std::string& candidate : run.candidates(role)) {
      Series series{candidate, look_of(run, candidate), {}, "", {}};
      for (const Point* point : group.points) {
        const Result* result = result_of(*point, candidate);
        if (result == nullptr || result->state == State::not_applicable) continue;
        if (auto mark = at(*point, *result)) series.marks.push_back(std::move(*mark));
      }
      if (!series.marks.empty()) all.push_back(std::move(series));
    }
  }
  return all;
}

std::string place_text(const Point& point) {
  return sparsity_text(point.sparsity) + " zeros" + (point.detail.empty() ? "" : ", " + point.detail);
}

std::vector<double> heights(const std::vector<Series>& all) {
  std::vector<double> values;
  for (const Series& series : all) {
    for (const Mark& mark : series.marks) values.push_back(mark.y);
  }
  return values;
}

}  // namespace

std::string speedup_figure(const Run& run, const Group& group) {
  std::vector<Series> all = series_of(run, group, {Role::format}, [](const Point& point, const Result& result) {
    const auto speedup = point.speedup(result);
    return speedup ? std::optional<Mark>({point.sparsity, speedup->median,
                                          fmt::format("{}, {}: {:.2f} x (quartiles {:.2f} and {:.2f})",
                                                      result.candidate, place_text(point), speedup->median,
                                                      speedup->lower_quartile, speedup->upper_quartile)})
                   : std::nullopt;
  });
  std::vector<double> values = heights(all);
  values.insert(values.end(), {0.9, 1.1});
  Chart chart(sparsity_axis(group), logarithmic_axis("speed-up over dense (times)", values));
  chart.line(chart.x().low(), 1, chart.x().high(), 1, "stroke=\"#444444\" stroke-width=\"2\"");
  for (Series& series : all) {
    const auto found = crossover(group, series.label);
    if (found) series.note = "from " + text_of(*found);
    if (found && found->kind == Crossover::Kind::above_all) series.note = text_of(*found);
    if (found && found->kind == Crossover::Kind::interpolated) {
      series.rings.push_back({found->sparsity, 1, fmt::format("{} meets dense at {}", series.label, text_of(*found))});
    }
    chart.series(series, group.first().kind != PatternKind::file, 2);
  }
  return figure(
      "Speed-up over dense, which is the line at 1. Rings: where a format meets it, interpolated; the legend says at "
      "what "
      "sparsity.",
      chart.svg("speed-up over dense against sparsity, " + group.title()), all);
}

std::string size_figure(const Run& run, const Group& group) {
  const std::vector<Series> all =
      series_of(run, group, {Role::dense, Role::format}, [](const Point& point, const Result& result) {
        const double bytes = static_cast<double>(result.values_bytes + result.metadata_bytes);
        const bool twice = result.candidate == "dense_packed" || point.nnz == 0;  // as large as dense
        return twice ? std::nullopt
                     : std::optional<Mark>({point.sparsity, bytes / static_cast<double>(point.nnz),
                                            fmt::format("{}, {}: {:.2f} bytes per non-zero", result.candidate,
                                                        place_text(point), bytes / static_cast<double>(point.nnz))});
      });
  Chart chart(sparsity_axis(group), logarithmic_axis("bytes per non-zero", heights(all)));
  for (const Series& series : all) chart.series(series, group.first().kind != PatternKind::file, 2);
  return figure("Size of A: values and metadata, per non-zero.",
                chart.svg("bytes per non-zero against sparsity, " + group.title()), all);
}

std::string roofline_figure(const Run& run, const Group& group) {
  const std::vector<Series> all =
      series_of(run, group, {Role::dense, Role::library, Role::format}, [](const Point& point, const Result& result) {
        const double rate = point.useful_operations() / result.seconds().median * 1e-9;
        const double intensity = point.useful_operations() / point.bytes(result);
        if (result.state != State::measured || rate <= 0) return std::optional<Mark>();
        return std::optional<Mark>({intensity, rate,
                                    fmt::format("{}, {}: {:.3g} GFLOP/s at {:.3g} FLOP/byte", result.candidate,
                                                place_text(point), rate, intensity)});
      });
  std::vector<double> peaks, reads, across;
  for (const Point* point : group.points) peaks.push_back(point->peak * 1e-9), reads.push_back(point->bandwidth * 1e-9);
  const double peak = bench::spread_of(peaks).median, read = bench::spread_of(reads).median;
  const double memory = run.sweep_bandwidth.at(group.first().threads) * 1e-9;
  for (const Series& series : all) {
    for (const Mark& mark : series.marks) across.push_back(mark.x);
  }
  across.push_back(peak / std::max(read, memory));
  std::vector<double> values = heights(all);
  values.push_back(peak);
  Chart chart(logarithmic_axis("arithmetic intensity (useful FLOP per byte of A, B and C)", across),
              logarithmic_axis("useful GFLOP/s", values));
  const double right = chart.x().high();
  const auto slope = [&](double bandwidth, const std::string& dashes) {
    const double from = std::max(chart.x().low(), chart.y().low() / bandwidth), to = std::min(right, peak / bandwidth);
    if (from < to)
      chart.line(from, from * bandwidth, to, to * bandwidth, "stroke=\"#444444\" stroke-width=\"1.5\"" + dashes);
  };
  chart.line(std::min(right, peak / std::max(read, memory)), peak, right, peak,
             "stroke=\"#444444\" stroke-width=\"2\"");
  slope(read, "");
  slope(memory, " stroke-dasharray=\"6 4\"");
  for (const Series& series : all) chart.series(series, group.first().kind != PatternKind::file, 1);
  const std::string caption = fmt::format(
      "Roofline. Ceilings: {:.4g} GFLOP/s ({}); reads of a buffer as large as the operands, {:.3g} GB/s (solid); of "
      "one "
      "of {} MiB, {:.3g} GB/s (dashed).",
      peak, escaped(group.first().peak_instruction), read, run.sweep_bytes >> 20, memory);
  return figure(caption, chart.svg("roofline, " + group.title()), all);
}

}  // namespace septet::cli
