// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Implicit GEMM: how positions are cut into blocks, and blocks into tiles.
#include "implicit_gemm.hpp"
#include "src/arithmetic.hpp"
#include "src/threads.hpp"

#include <algorithm>

namespace septet::network {
namespace {

using detail::ceil_div;

// Positions of a block: few enough that their inputs and sums stay in a second-level cache, so many that the weights,
// which pass by once for each block, are used often. The large ones are of bytes.
constexpr Index kBlock = 112, kLargeBlock = 256;

}  // namespace

Index ImplicitGemm::place(Index n) const {
  if (y_border_.empty()) return n;
  const Index q = n % rows_.out_width(), row = n / rows_.out_width();
  const Index p = row % rows_.out_height(), b = row / rows_.out_height();
  const Border& border = y_border_;
  return ((b * (rows_.out_height() + border.top + border.bottom) + p + border.top) *
              (rows_.out_width() + border.left + border.right) +
          q + border.left);
}

// Blocks of positions, each in tiles that are nearly equal within a stretch.
void ImplicitGemm::cut() {
  if (!direct()) return cut_whole_tiles();
  const Index n = rows_.n(), most = tiles_->rows[ceil_div(width_, tiles_->lanes) - 1];
  const Index stretch = y_border_.empty() ? rows_.stretch() : rows_.out_width();
  const Index count = std::min(n, count_of_blocks(ceil_div(n, kBlock)));
  for (Index b = 0; b < count; ++b) {
    std::vector<Slab>& slabs = blocks_.emplace_back();
    const Index n1 = (b + 1) * n / count;
    for (Index at = b * n / count; at < n1;) {
      const Index end = std::min(n1, (at / stretch + 1) * stretch), size = ceil_div(end - at, ceil_div(end - at, most));
      slabs.push_back({rows_.start(at), 0, size, at, place(at), {{0, size, place(at)}}});
      at += size;
    }
  }
}

// So many, or some more that can be shared evenly.
Index ImplicitGemm::count_of_blocks(Index least) const {
  const int threads = detail::thread_count({}, rows_.n() * groups_ * outputs_ * k_);
  return least == 1 ? 1 : ceil_div(least, threads) * threads;
}

// The positions of a line, image row by image row where their places in y are not one run.
std::vector<ImplicitGemm::Piece> ImplicitGemm::rows_of_line(Index line, bool wide) const {
  const Index width = rows_.out_width(), height = rows_.out_height();
  if (!wide && y_border_.empty()) return {{0, rows_.stretch(), line * rows_.stretch()}};
  std::vector<Piece> pieces;
  const Index rows = wide ? height : rows_.stretch() / width, distance = wide ? rows_.wide() : width;
  for (Index p = 0; p < rows; ++p) pieces.push_back({p * distance, width, place((line * rows + p) * width)});
  return pieces;
}

// Tiles of bytes take as long for some rows as for all: lines are cut into whole ones, the last of which may begin
// within the one before it, or reach beyond the line where there is something to read.
void ImplicitGemm::cut_whole_tiles() {
  const Index unit = tiles_->row_unit, most = tiles_->rows[ceil_div(width_, tiles_->lanes) - 1];
  const bool wide = rows_.wide() > 0;
  const Index positions = wide ? rows_.out_height() * rows_.out_width() : rows_.stretch();  // of a line
  std::vector<Slab> all;
  for (Index line = 0; line < rows_.n() / positions; ++line) {
    const std::vector<Piece> pieces = rows_of_line(line, wide);
    const Index length = pieces.back().row + pieces.back().size, n0 = line * positions;
    for (Index at = 0; at < length; at += most) {
      const Index needed = std::min(most, length - at), whole = ceil_div(needed, unit) * unit;
      const Index begin = whole <= length ? std::min(at, length - whole) : at;
      Slab slab{rows_.start(n0) + begin * rows_.step(), 0, whole, 0, 0, {}};
      if (begin + whole > length && !rows_.reaches(n0, begin + whole)) slab.rows = needed;
      for (const Piece& piece : pieces) {
        const Index first = std::max(at, piece.row), last = std::min(at + needed, piece.row + piece.size);
        if (first < last) slab.pieces.push_back({first - begin, last - first, piece.place + first - piece.row});
      }
      if (!slab.pieces.empty()) all.push_back(std::move(slab));
    }
  }
  const auto tiles = static_cast<Index>(all.size()),
             count = std::min(tiles, count_of_blocks(ceil_div(tiles * most, kLargeBlock)));
  for (Index b = 0; b < count; ++b) {
    std::vector<Slab>& slabs = blocks_.emplace_back();
    Index row = 0;
    for (Index i = b * tiles / count; i < (b + 1) * tiles / count; ++i) {
      slabs.push_back(std::move(all[static_cast<std::size_t>(i)]));
      slabs.back().first = row, row += slabs.back().rows;
    }
    most_rows_ = std::max(most_rows_, row);
  }
}

}  // namespace septet::network
