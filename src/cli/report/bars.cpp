// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bars.hpp"

#include "chart.hpp"
#include "cli/text_table.hpp"
#include "escape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace septet::cli {
namespace {

// Units of the drawing; notes stand right of the bars, and need as much of them for a character at most.
constexpr double kWidth = 960, kLeft = 210, kCharacter = 7.5, kTop = 24, kBottom = 40, kBar = 13, kGap = 7;
constexpr std::size_t kLabelCharacters = 26;

double length(const std::vector<BarPart>& bar) {
  double sum = 0;
  for (const BarPart& part : bar) sum += part.value;
  return sum;
}

double longest(const BarRow& row) {
  double most = 0;
  for (const auto& bar : row.bars) most = std::max(most, length(bar));
  return most;
}

std::string paint(const std::string& colour, bool hollow) {
  return fmt::format("fill=\"{}\" stroke=\"{}\"", hollow ? "#ffffff" : colour, colour);
}

class Drawing {
 public:
  Drawing(const std::vector<BarRow>& rows, const std::string& axis_label)
      : rows_(rows), axis_(axis_label, 0, end_of(rows), false), right_(kWidth - room_for_notes(rows)) {}

  std::string svg(const std::string& description) {
    double y = kTop + kGap / 2;
    for (const BarRow& row : rows_) y = add(row, y);
    const double bottom = y;
    return fmt::format("<svg class=\"bars\" viewBox=\"0 0 {} {:.0f}\" role=\"img\" aria-label=\"{}\">{}{}</svg>\n",
                       kWidth, bottom + kBottom, escaped(description), frame(bottom), body_);
  }

 private:
  static double end_of(const std::vector<BarRow>& rows) {
    double end = 0;
    for (const BarRow& row : rows) end = std::max(end, longest(row));
    return end > 0 ? end : 1;
  }
  static double room_for_notes(const std::vector<BarRow>& rows) {
    std::size_t most = 0;
    for (const BarRow& row : rows) most = std::max(most, characters(row.note));
    return 12 + kCharacter * static_cast<double>(most);
  }
  double x_at(double value) const { return kLeft + axis_.place(value) * (right_ - kLeft); }

  // Returns where the next one begins.
  double add(const BarRow& row, double y) {
    const double height = kBar * static_cast<double>(row.bars.size()), text = y + height / 2 + 4;
    body_ += fmt::format("<text class=\"row\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}<title>{}</title></text>",
                         kLeft - 6, text, escaped(shortened(row.label, kLabelCharacters)), escaped(row.label));
    for (std::size_t i = 0; i < row.bars.size(); ++i) add(row.bars[i], y + kBar * static_cast<double>(i));
    body_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", x_at(longest(row)) + 6, text, escaped(row.note));
    return y + height + kGap;
  }

  void add(const std::vector<BarPart>& bar, double y) {
    double from = 0;
    for (const BarPart& part : bar) {
      if (part.value <= 0) continue;
      body_ += fmt::format(
          "<rect class=\"bar\" x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{:.1f}\" "
          "{}><title>{}</title></rect>",
          x_at(from), y, x_at(from + part.value) - x_at(from), kBar - 1, paint(part.colour, part.hollow),
          escaped(part.title));
      from += part.value;
    }
  }

  static std::string number(double tick) {
    return tick < 10 ? fmt::format("{:g}", tick) : grouped(static_cast<Index>(tick));
  }
  // Every so many-th tick has room for its number.
  std::size_t ticks_per_number(const std::vector<double>& ticks) const {
    if (ticks.size() < 2) return 1;
    const double room = kCharacter * static_cast<double>(characters(number(ticks.back())) + 2);
    return static_cast<std::size_t>(std::max(1.0, std::ceil(room / (x_at(ticks[1]) - x_at(ticks[0])))));
  }

  std::string frame(double bottom) const {
    std::string out;
    const std::vector<double> ticks = axis_.ticks();
    const std::size_t numbered = ticks_per_number(ticks);
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      out += fmt::format("<line class=\"grid\" x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\"/>",
                         x_at(ticks[i]), kTop, bottom);
      if (i % numbered != 0) continue;
      for (const double y : {kTop - 8, bottom + 16}) {
        out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>", x_at(ticks[i]), y,
                           number(ticks[i]));
      }
    }
    out += fmt::format("<line x1=\"{0}\" y1=\"{1}\" x2=\"{0}\" y2=\"{2:.1f}\" stroke=\"#999\"/>", kLeft, kTop, bottom);
    return out + fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>", (kLeft + right_) / 2,
                             bottom + 33, escaped(axis_.label()));
  }

  const std::vector<BarRow>& rows_;
  Axis axis_;
  double right_;  // where the longest bar ends
  std::string body_;
};

std::string legend(const std::vector<BarKey>& keys) {
  std::string out = "<ul class=\"legend\">";
  for (const BarKey& key : keys) {
    out += fmt::format(
        "<li><svg viewBox=\"0 0 28 14\" class=\"swatch\" aria-hidden=\"true\"><rect x=\"2\" y=\"1\" width=\"24\" "
        "height=\"12\" {}/></svg>{}{}</li>",
        paint(key.colour, key.hollow), escaped(key.label),
        key.note.empty() ? "" : " <small>" + escaped(key.note) + "</small>");
  }
  return out + "</ul>\n";
}

}  // namespace

std::string bars_figure(const std::string& caption, const std::vector<BarRow>& rows, const std::string& axis_label,
                        const std::string& description, const std::vector<BarKey>& keys) {
  return fmt::format("<figure class=\"wide\"><figcaption>{}</figcaption>\n{}{}</figure>\n", caption, legend(keys),
                     Drawing(rows, axis_label).svg(description));
}

}  // namespace septet::cli
