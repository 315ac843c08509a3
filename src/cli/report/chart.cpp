// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "chart.hpp"

#include "escape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>

namespace septet::cli {
namespace {

// Units of the drawing. Narrow, so that the text is still readable when a telephone shrinks it.
constexpr double kWidth = 480, kHeight = 340, kLeft = 58, kRight = 14, kTop = 14, kBottom = 48;

struct Place {
  double x, y, size = 1;
};

std::string polygon(std::initializer_list<std::pair<double, double>> corners, const Place& at) {
  std::string points;
  for (const auto& [dx, dy] : corners) {
    points += fmt::format("{:.1f},{:.1f} ", at.x + at.size * dx, at.y + at.size * dy);
  }
  points.pop_back();
  return fmt::format("<polygon points=\"{}\"", points);
}

std::string marker(const Look& look, const Place& at, const std::string& title = "") {
  std::string shape;
  switch (look.marker) {
    case 0:
      shape = fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.3g}\"", at.x, at.y, 4 * at.size);
      break;
    case 1:
      shape = polygon({{-3.6, -3.6}, {3.6, -3.6}, {3.6, 3.6}, {-3.6, 3.6}}, at);
      break;
    case 2:
      shape = polygon({{0, -4.8}, {4.5, 3.6}, {-4.5, 3.6}}, at);
      break;
    case 3:
      shape = polygon({{0, -5}, {5, 0}, {0, 5}, {-5, 0}}, at);
      break;
    case 4:
      shape = polygon({{0, 4.8}, {4.5, -3.6}, {-4.5, -3.6}}, at);
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
                      at);
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
                      at);
      break;
    default:
      shape = polygon({{-5, -2}, {5, -2}, {5, 2}, {-5, 2}}, at);
      break;
  }
  shape += fmt::format(" fill=\"{}\" stroke=\"{}\" stroke-width=\"1.5\"", look.second ? "#ffffff" : look.colour,
                       look.colour);
  return shape + (title.empty() ? "/>"
                                : fmt::format("><title>{}</title></{}>", escaped(title),
                                              look.marker == 0 ? "circle" : "polygon"));
}

// What stands between two powers of ten, as much as there is room for.
std::vector<double> factors_of(double decades) {
  if (decades <= 0.6) return {1, 1.5, 2, 3, 4, 5, 6, 8};
  if (decades <= 1.2) return {1, 2, 3, 5, 7};
  if (decades <= 3.2) return {1, 2, 5};
  return {1};
}

std::string legend(const std::vector<Series>& all) {
  std::string out = "<ul class=\"legend\">";
  for (const Series& series : all) {
    out += fmt::format(
        "<li><svg viewBox=\"0 0 28 14\" class=\"swatch\" aria-hidden=\"true\"><line x1=\"0\" y1=\"7\" x2=\"28\" "
        "y2=\"7\" "
        "stroke=\"{}\" stroke-width=\"2\"{}/>{}</svg>{}{}</li>",
        series.look.colour, series.look.second ? " stroke-dasharray=\"5 3\"" : "", marker(series.look, {14, 7}),
        escaped(series.label), series.note.empty() ? "" : " <small>" + escaped(series.note) + "</small>");
  }
  return out + "</ul>\n";
}

}  // namespace

// Okabe and Ito's colours (Color Universal Design, 2008) without yellow, which white swallows; the second turn through
// them is hollow and dashed.
Look look_of_place(int place) {
  constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};
  constexpr int kCount = 6;
  return {kColours[place % kCount], place % kCount, place / kCount % 2 == 1};
}

std::vector<double> heights(const std::vector<Series>& all) {
  std::vector<double> values;
  for (const Series& series : all) {
    for (const Mark& mark : series.marks) values.push_back(mark.y);
  }
  return values;
}

double Axis::place(double value) const {
  return logarithmic_ ? std::log(value / low_) / std::log(high_ / low_) : (value - low_) / (high_ - low_);
}

// The powers of ten (of a thousand, where those would crowd) and what is between them.
std::vector<double> Axis::logarithmic_ticks() const {
  const double decades = std::log10(high_ / low_);
  const int stride = decades > 8 ? 3 : 1;
  std::vector<double> ticks;
  for (int power = static_cast<int>(std::floor(std::log10(low_))); std::pow(10, power) <= high_; ++power) {
    for (const double factor : factors_of(decades)) {
      const double tick = factor * std::pow(10, power);
      const bool shown = power % stride == 0 && tick >= low_ * 0.9999 && tick <= high_ * 1.0001;
      if (shown) ticks.push_back(tick);
    }
  }
  return ticks;
}

// Eight steps of 1, 2 or 5 times a power of ten at most.
std::vector<double> Axis::linear_ticks() const {
  const double power = std::pow(10, std::floor(std::log10((high_ - low_) / 8)));
  double step = power;
  for (const double larger : {2 * power, 5 * power, 10 * power}) {
    if ((high_ - low_) / step > 8) step = larger;
  }
  std::vector<double> ticks;
  const double first = std::ceil(low_ / step - 1e-9), last = std::floor(high_ / step + 1e-9);
  for (double i = first; i <= last; ++i) ticks.push_back(i * step + 0.0);  // -0 + 0 is 0
  return ticks;
}

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

Unit cycles_unit(double most) { return most >= 1e6 ? Unit{"million cycles", 1e6} : Unit{"cycles", 1}; }

double Chart::x_at(double value) const { return kLeft + x_.place(value) * (kWidth - kLeft - kRight); }
double Chart::y_at(double value) const { return kHeight - kBottom - y_.place(value) * (kHeight - kTop - kBottom); }

void Chart::line(double x0, double y0, double x1, double y1, const std::string& style) {
  body_ += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" {}/>", x_at(x0), y_at(y0),
                       x_at(x1), y_at(y1), style);
}

void Chart::label(double x, double y, const std::string& whole) {
  constexpr std::size_t kCharacters = 24;
  const std::string text = shortened(whole, kCharacters);
  constexpr double kCharacter = 7, kLine = 13;
  const bool left = x_.place(x) > 0.5;
  const double width = kCharacter * static_cast<double>(characters(text)), at = x_at(x) + (left ? -9 - width : 9),
               line = y_at(y);
  for (const auto& [from, to, height] : labels_) {
    if (at < to && from < at + width && std::abs(line - height) < kLine) return;
  }
  labels_.push_back({at, at + width, line});
  body_ += fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>",
                       x_at(x) + (left ? -9 : 9), y_at(y) + 4, left ? "end" : "start", escaped(text));
}

void Chart::series(const Series& series, bool joined, double weight) {
  std::string points;
  for (const Mark& mark : series.marks) points += fmt::format("{:.1f},{:.1f} ", x_at(mark.x), y_at(mark.y));
  if (joined && series.marks.size() > 1) {
    points.pop_back();
    body_ += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{:g}\"{}/>", points,
                         series.look.colour, weight, series.look.second ? " stroke-dasharray=\"5 3\"" : "");
  }
  for (const Mark& mark : series.marks) {
    body_ += marker(series.look, {x_at(mark.x), y_at(mark.y), mark.size}, mark.title);
  }
  for (const Mark& ring : series.rings) {
    body_ += fmt::format(
        "<circle class=\"crossover\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"7\" fill=\"none\" stroke=\"{}\" "
        "stroke-width=\"2\"><title>{}</title></circle>",
        x_at(ring.x), y_at(ring.y), series.look.colour, escaped(ring.title));
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

std::string figure(const std::string& caption, const std::string& svg, const std::vector<Series>& all) {
  return fmt::format("<figure><figcaption>{}</figcaption>\n{}{}</figure>\n", caption, svg, legend(all));
}

}  // namespace septet::cli
