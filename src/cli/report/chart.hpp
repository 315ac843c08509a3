// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Charts of points over two axes, as SVG for a page of HTML.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace septet::cli {

/// How a series is drawn: every one has a marker of its own beside its colour; `second`: hollow and dashed.
struct Look {
  std::string colour;
  int marker = 0;
  bool second = false;
};
/// The series' place among the others, from 0.
Look look_of_place(int place);

struct Mark {
  double x = 0, y = 0;
  std::string title;
  double size = 1;  ///< of the marker, times the usual
};

struct Series {
  std::string label;
  Look look;
  std::vector<Mark> marks;
  std::string note;         ///< in the legend
  std::vector<Mark> rings;  ///< crossovers
};
std::vector<double> heights(const std::vector<Series>& all);

/// Values along one side of a chart, all positive where it is logarithmic.
class Axis {
 public:
  Axis(std::string label, double low, double high, bool logarithmic)
      : label_(std::move(label)), low_(low), high_(high), logarithmic_(logarithmic) {}

  const std::string& label() const { return label_; }
  double low() const { return low_; }
  double high() const { return high_; }
  /// 0 to 1.
  double place(double value) const;
  std::vector<double> ticks() const { return logarithmic_ ? logarithmic_ticks() : linear_ticks(); }

 private:
  std::vector<double> logarithmic_ticks() const;
  std::vector<double> linear_ticks() const;

  std::string label_;
  double low_, high_;
  bool logarithmic_;
};

/// From the least to the greatest of the values, with some air.
Axis logarithmic_axis(std::string label, const std::vector<double>& values);

/// What an axis counts in: short numbers at its ticks.
struct Unit {
  std::string label;
  double size;
};
/// Of cycles of so many at most.
Unit cycles_unit(double most);

class Chart {
 public:
  Chart(Axis x, Axis y) : x_(std::move(x)), y_(std::move(y)) {}

  void line(double x0, double y0, double x1, double y1, const std::string& style);
  void series(const Series& series, bool joined, double weight);
  /// Beside a point, on the side where there is more room; shortened where it is long, left out where it would
  /// cover another one.
  void label(double x, double y, const std::string& text);
  std::string svg(const std::string& description) const;
  const Axis& x() const { return x_; }
  const Axis& y() const { return y_; }

 private:
  double x_at(double value) const;
  double y_at(double value) const;
  std::string frame(bool percent) const;

  Axis x_, y_;
  std::string body_;
  struct Label {
    double from, to, height;
  };
  std::vector<Label> labels_;
};

/// A <figure> with a caption, which is HTML, and a legend.
std::string figure(const std::string& caption, const std::string& svg, const std::vector<Series>& all);

}  // namespace septet::cli
