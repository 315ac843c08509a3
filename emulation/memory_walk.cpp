// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "memory_walk.hpp"

#include "reporting.hpp"

#include <algorithm>

namespace septet::emulation::memory_model {
namespace {

enum Operand { kA, kB, kC };
constexpr Operand kOperands[] = {kA, kB, kC};

/// The two tile loops. An operand that only `outer` (in the contract's order) counts has the same tile for all of
/// `inner`, and the other way round; the third has a tile of its own for every fold.
struct Loops {
  Operand outer, inner;
  const char* order;                          ///< outer, inner
  const char* exchanged;                      ///< inner, outer
  const char *outer_blocked, *inner_blocked;  ///< blocks, the other loop, the tiles of a block
};

Loops loops_of(Dataflow dataflow) {
  if (is_output_stationary(dataflow)) return {kA, kB, "m n", "n m", "m n m", "n m n"};
  if (is_weight_stationary(dataflow)) return {kC, kB, "m k", "k m", "m k m", "k m k"};
  return {kC, kA, "n k", "k n", "n k n", "k n k"};
}

Wide tile_bytes(Operand operand, const Fold& fold) {
  return operand == kA ? fold.a : operand == kB ? fold.b_tile : fold.c_tile;
}

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

Wide total_of(const std::vector<Part>& parts) {
  Wide total = 0;
  for (const Part& part : parts) total += part.count;
  return total;
}

/// All rows have the same number of folds (any dataflow but sWS): cut them where any of them changes.
Grid grid_of(const FoldTable& folds) {
  Grid grid;
  std::vector<Wide> ends;
  for (const FoldRow& row : folds.rows()) {
    grid.outer.push_back({grid.outer.size(), row.count});
    Wide end = 0;
    for (const FoldRun& run : row.runs) ends.push_back(end += run.count);
  }
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  Wide begin = 0;
  for (const Wide end : ends) {
    grid.inner.push_back({grid.inner.size(), end - begin});
    begin = end;
  }
  for (const FoldRow& row : folds.rows()) {
    auto run = row.runs.begin();
    Wide end = run->count;
    for (const Wide at : ends) {
      if (at > end) end += (++run)->count;
      grid.cells.push_back(run->fold);
    }
  }
  return grid;
}

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

/// When a fold's tile of an operand comes and goes, and how much of it.
struct Visit {
  bool comes = true, goes = true;
  bool whole = false;    ///< it serves several folds: all of it, not what this one fold takes
  bool resumes = false;  ///< C, whole: there is something to bring back
};

class Walker {
 public:
  Walker(const MemorySystem& memory, const Product& product, const FoldTable& folds)
      : product_(product),
        bandwidth_(memory.off_chip_bandwidth),
        loops_(loops_of(product.dataflow)),
        half_{memory.a_bytes / 2, memory.b_bytes / 2, memory.c_bytes / 2} {
    for (const FoldRow& row : folds.rows()) {
      for (const FoldRun& run : row.runs) {
        for (const Operand o : kOperands) largest_[o] = std::max(largest_[o], tile_bytes(o, run.fold));
      }
    }
  }

  /// sWS: every m-tile has k-tiles of its own, so rows of B are shared by all folds or by none.
  std::vector<Walked> in_order(const FoldTable& folds) const {
    std::vector<Walked> walks{row_by_row(folds, false)};
    if (product_.b_used_bytes <= half_[kB]) walks.push_back(row_by_row(folds, true));
    return walks;
  }

  std::vector<Walked> nested(const Grid& grid) const {
    std::vector<Walked> walks;
    if (fits(loops_.outer)) keep_outer(grid, walks);
    if (fits(loops_.inner)) keep_inner(grid, walks);
    if (walks.empty()) walks.push_back(keeping(grid, true, 1));
    return walks;
  }

  Walked nothing() const {
    Walked walk;
    walk.loop_order = loops_.order;
    return walk;
  }

 private:
  /// A tile of it can wait in one half of its buffer while the other half is worked on.
  bool fits(Operand operand) const { return largest_[operand] <= half_[operand]; }

  void move(Operand operand, const Visit& visit, const Fold& fold, Slot& slot) const {
    const bool whole = visit.whole && fits(operand);
    Wide in = operand == kA ? fold.a : operand == kB ? fold.b : fold.c_in;
    Wide out = operand == kC ? fold.c_out : 0;
    if (whole && operand == kB) in = fold.b_tile;
    if (whole && operand == kC) in = visit.resumes ? fold.c_tile : 0, out = fold.c_tile;
    if (!fits(operand)) {
      slot.through += in + out;
    } else {
      if (!visit.comes) in = 0;
      if (!visit.goes) out = 0;
      slot.load += in;
      slot.store += out;
    }
    if (operand == kA) slot.bytes.a += in;
    if (operand == kB) slot.bytes.b += in;
    if (operand == kC) slot.bytes.c_in += in, slot.bytes.c_out += out;
  }

  Timeline one_fold(const Fold& fold, const Visit (&visits)[3]) const {
    Slot slot;
    slot.cycles = fold.cycles;
    for (const Operand o : kOperands) move(o, visits[o], fold, slot);
    return Timeline(bandwidth_, slot);
  }

  Walked finish(const Timeline& time, const char* order) const {
    Walked walk;
    walk.loop_order = order;
    walk.stall = time.stall();
    walk.bytes = time.bytes();
    walk.resident_a = fits(kA), walk.resident_b = fits(kB), walk.resident_c = fits(kC);
    return walk;
  }

  Walked row_by_row(const FoldTable& folds, bool keeps_b) const {
    Timeline time(bandwidth_);
    for (const FoldRow& row : folds.rows()) {
      std::vector<Part> parts;
      for (const FoldRun& run : row.runs) parts.push_back({parts.size(), run.count});
      Timeline line(bandwidth_);
      for_each_part(parts, [&](std::size_t run, Wide count, bool first, bool last) {
        Fold fold = row.runs[run].fold;
        if (keeps_b) fold.b = fold.b_fresh;
        line.append(one_fold(fold, {{}, {}, {first, last, true, product_.preload}}), count);
      });
      time.append(line, row.count);
    }
    Walked walk = finish(time, loops_.order);
    if (keeps_b) walk.resident_b = product_.b_used_tiles;
    return walk;
  }

  /// `size` tiles of one operand stay while the other loop runs; within it, they are visited one after the other.
  Walked keeping(const Grid& grid, bool outer, Wide size) const {
    const Operand kept = outer ? loops_.outer : loops_.inner, other = outer ? loops_.inner : loops_.outer;
    const std::vector<Part>& blocked = outer ? grid.outer : grid.inner;
    const std::vector<Part>& free = outer ? grid.inner : grid.outer;
    Timeline time(bandwidth_);
    for_each_block(blocked, size, [&](const std::vector<Part>& block, Wide times, bool first_block) {
      const bool several = total_of(block) > 1;
      Timeline turn(bandwidth_);
      for_each_part(free, [&](std::size_t f, Wide count, bool first, bool last) {
        Timeline line(bandwidth_);
        for_each_part(block, [&](std::size_t b, Wide tiles, bool enters, bool leaves) {
          Visit visits[3];
          visits[kept] = {first, last, true, product_.preload};
          visits[other] = {enters, leaves, several, product_.preload || !first_block};
          line.append(one_fold(outer ? grid.cell(b, f) : grid.cell(f, b), visits), tiles);
        });
        turn.append(line, count);
      });
      time.append(turn, times);
    });
    const bool all = size == total_of(blocked), single = size == 1;
    const char* straight = outer ? loops_.order : loops_.exchanged;
    const char* crossed = outer ? loops_.exchanged : loops_.order;
    const char* in_blocks = outer ? loops_.outer_blocked : loops_.inner_blocked;
    Walked walk = finish(time, single ? straight : all ? crossed : in_blocks);
    if (fits(kept)) (kept == kA ? walk.resident_a : kept == kB ? walk.resident_b : walk.resident_c) = size;
    return walk;
  }

  void keep_outer(const Grid& grid, std::vector<Walked>& walks) const {
    for (const Wide size : residencies(loops_.outer, total_of(grid.outer))) walks.push_back(keeping(grid, true, size));
  }
  void keep_inner(const Grid& grid, std::vector<Walked>& walks) const {
    for (const Wide size : residencies(loops_.inner, total_of(grid.inner))) walks.push_back(keeping(grid, false, size));
  }

  /// 1, 2, 4, … and as many as fit, of `tiles`: each as few as its number of passes over the other operand needs.
  std::vector<Wide> residencies(Operand operand, Wide tiles) const {
    const Wide most = std::min(tiles, half_[operand] / std::max<Wide>(1, largest_[operand]));
    std::vector<Wide> sizes;
    for (Wide size = 1;; size = std::min(2 * size, most)) {
      const Wide passes = (tiles + size - 1) / size;
      const Wide even = (tiles + passes - 1) / passes;
      if (sizes.empty() || sizes.back() != even) sizes.push_back(even);
      if (size == most) return sizes;
    }
  }

  const Product& product_;
  Wide bandwidth_;
  Loops loops_;
  Wide half_[3];
  Wide largest_[3] = {0, 0, 0};
};

}  // namespace

std::vector<Walked> walk_all(const MemorySystem& memory, const Product& product, const FoldTable& folds) {
  const Walker walker(memory, product, folds);
  if (folds.rows().empty()) return {walker.nothing()};
  return product.dataflow == Dataflow::sWS ? walker.in_order(folds) : walker.nested(grid_of(folds));
}

}  // namespace septet::emulation::memory_model
