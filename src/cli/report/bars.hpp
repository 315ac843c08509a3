// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Horizontal bars, a row for each of many things with names, as SVG for a page of HTML.
#pragma once

#include <string>
#include <vector>

namespace septet::cli {

struct BarPart {
  double value = 0;
  std::string colour;
  bool hollow = false;
  std::string title;
};
/// Bars one below the other, each of parts one behind the other.
struct BarRow {
  std::string label;
  std::vector<std::vector<BarPart>> bars;
  std::string note;  ///< behind the longest one
};
/// What a colour stands for.
struct BarKey {
  std::string label;
  std::string colour;
  bool hollow = false;
  std::string note;
};

/// A <figure> as wide as the page, with a caption, which is HTML, and a legend.
std::string bars_figure(const std::string& caption, const std::vector<BarRow>& rows, const std::string& axis_label,
                        const std::string& description, const std::vector<BarKey>& keys);

}  // namespace septet::cli
