// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The folds of a product as a matrix, which a walk may go through in other orders than the contract's.
#pragma once

#include "memory_folds.hpp"

#include <algorithm>
#include <vector>

namespace septet::emulation::memory_model {

/// Tiles [0, count) of one loop that are alike.
struct Part {
  std::size_t run = 0;
  Wide count = 0;
};

/// The folds as a matrix: outer loop down, inner loop across, equal rows and columns once.
struct Grid {
  std::vector<Part> outer, inner;
  std::vector<Fold> cells;

  const Fold& cell(std::size_t o, std::size_t i) const { return cells[o * inner.size() + i]; }
};

Wide total_of(const std::vector<Part>& parts);

/// All rows have the same number of folds (any dataflow but sWS): cut them where any of them changes.
Grid grid_of(const FoldTable& folds);

/// f(run, count, first, last), with the first and the last tile of all by themselves.
template <class F>
void for_each_part(const std::vector<Part>& parts, F&& f) {
  const Wide total = total_of(parts);
  Wide at = 0;
  for (Part part : parts) {
    if (at == 0) {
      f(part.run, Wide{1}, true, total == 1);
      ++at, --part.count;
    }
    const Wide last = part.count > 0 && at + part.count == total ? 1 : 0;
    if (part.count > last) f(part.run, part.count - last, false, false);
    if (last == 1) f(part.run, Wide{1}, false, true);
    at += part.count;
  }
}

/// f(parts, times, first) for the blocks of `size` tiles; the first by itself, equal ones at once, the rest at the end.
template <class F>
void for_each_block(const std::vector<Part>& tiles, Wide size, F&& f) {
  std::vector<Part> block;
  Wide filled = 0;
  bool first = true;
  const auto emit = [&](Wide times) {
    f(block, first ? Wide{1} : times, first);
    if (first && times > 1) f(block, times - 1, false);
    first = false;
    block.clear();
    filled = 0;
  };
  for (Part tile : tiles) {
    while (tile.count > 0) {
      const Wide times = filled == 0 ? tile.count / size : 0;
      const Wide taken = times > 0 ? size : std::min(size - filled, tile.count);
      block.push_back({tile.run, taken});
      filled += taken;
      tile.count -= taken * std::max<Wide>(times, 1);
      if (filled == size) emit(std::max<Wide>(times, 1));
    }
  }
  if (filled > 0) emit(1);
}

}  // namespace septet::emulation::memory_model
