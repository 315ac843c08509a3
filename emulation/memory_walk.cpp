// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "memory_walk.hpp"

#include "memory_grid.hpp"
#include "reporting.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

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

/// When a fold's tile of an operand comes and goes, and how much of it.
struct Visit {
  bool comes = true, goes = true;
  bool whole = false;    ///< it serves several folds: all of it, not what this one fold takes
  bool resumes = false;  ///< C, whole: there is something to bring back
};

/// Tiles of an operand can wait in one half of its buffer while the other half is worked on.
struct Fits {
  bool of[3] = {false, false, false};
};

/// A way to walk the folds: whose tiles stay, and how many; or the contract's order, row by row, where B's used rows
/// come once or with every fold.
struct Order {
  enum Kind { keep_outer, keep_inner, rows, rows_with_b } kind = keep_outer;
  Wide size = 1;
};

class Walker {
 public:
  /// Keeps the product; of the folds, for sWS, all of them.
  Walker(const Product& product, FoldTable folds) : product_(product), loops_(loops_of(product.dataflow)) {
    for (const FoldRow& row : folds.rows()) {
      for (const FoldRun& run : row.runs) {
        for (const Operand o : kOperands) largest_[o] = std::max(largest_[o], tile_bytes(o, run.fold));
      }
    }
    if (product.dataflow == Dataflow::sWS || folds.rows().empty()) {
      folds_ = std::move(folds);
    } else {
      grid_ = grid_of(folds);
    }
  }

  Fits fits(const MemorySystem& memory) const {
    Fits fits;
    for (const Operand o : kOperands) fits.of[o] = largest_[o] <= half(memory, o);
    return fits;
  }

  /// All that these buffers allow, at least one.
  std::vector<Order> orders(const MemorySystem& memory) const {
    if (grid_.cells
            .empty()) {  // sWS: every m-tile has k-tiles of its own, so rows of B are shared by all folds or none
      std::vector<Order> orders{{Order::rows, 1}};
      const bool all_used = product_.b_used_bytes <= half(memory, kB);
      if (all_used && !folds_.rows().empty()) orders.push_back({Order::rows_with_b, 1});
      return orders;
    }
    std::vector<Order> orders;
    const auto keep = [&](Order::Kind kind, Operand operand, const std::vector<Part>& tiles) {
      if (largest_[operand] > half(memory, operand)) return;
      for (const Wide size : residencies(half(memory, operand), operand, total_of(tiles)))
        orders.push_back({kind, size});
    };
    keep(Order::keep_outer, loops_.outer, grid_.outer);
    keep(Order::keep_inner, loops_.inner, grid_.inner);
    if (orders.empty()) orders.push_back({Order::keep_outer, 1});
    return orders;
  }

  /// All of it but the stall, which `waits` becomes.
  template <class Waits>
  Walked walk(const Fits& fits, const Order& order, Waits& waits) const {
    if (order.kind == Order::keep_outer) return keeping(fits, true, order.size, waits);
    if (order.kind == Order::keep_inner) return keeping(fits, false, order.size, waits);
    return row_by_row(fits, order.kind == Order::rows_with_b, waits);
  }

 private:
  static Wide half(const MemorySystem& memory, Operand operand) {
    return (operand == kA ? memory.a_bytes : operand == kB ? memory.b_bytes : memory.c_bytes) / 2;
  }

  static void move(const Fits& fits, Operand operand, const Visit& visit, const Fold& fold, Slot& slot) {
    const bool whole = visit.whole && fits.of[operand];
    Wide in = operand == kA ? fold.a : operand == kB ? fold.b : fold.c_in;
    Wide out = operand == kC ? fold.c_out : 0;
    if (whole && operand == kB) in = fold.b_tile;
    if (whole && operand == kC) in = visit.resumes ? fold.c_tile : 0, out = fold.c_tile;
    if (!fits.of[operand]) {
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

  static Slot slot_of(const Fits& fits, const Fold& fold, const Visit (&visits)[3]) {
    Slot slot;
    slot.cycles = fold.cycles;
    for (const Operand o : kOperands) move(fits, o, visits[o], fold, slot);
    return slot;
  }

  template <class Waits>
  static Walked finish(const Fits& fits, const Timeline<Waits>& time, const char* order, Waits& waits) {
    Walked walk;
    walk.loop_order = order;
    walk.bytes = time.bytes();
    walk.resident_a = fits.of[kA], walk.resident_b = fits.of[kB], walk.resident_c = fits.of[kC];
    waits = time.waits();
    return walk;
  }

  template <class Waits>
  Walked row_by_row(const Fits& fits, bool keeps_b, Waits& waits) const {
    const Waits none = waits;
    Timeline<Waits> time(none);
    for (const FoldRow& row : folds_.rows()) {
      std::vector<Part> parts;
      for (const FoldRun& run : row.runs) parts.push_back({parts.size(), run.count});
      Timeline<Waits> line(none);
      for_each_part(parts, [&](std::size_t run, Wide count, bool first, bool last) {
        Fold fold = row.runs[run].fold;
        if (keeps_b) fold.b = fold.b_fresh;
        line.append({none, slot_of(fits, fold, {{}, {}, {first, last, true, product_.preload}})}, count);
      });
      time.append(std::move(line), row.count);
    }
    const bool any = !folds_.rows().empty();
    Walked walk = finish(any ? fits : Fits{}, time, loops_.order, waits);
    if (keeps_b) walk.resident_b = product_.b_used_tiles;
    return walk;
  }

  /// `size` tiles of one operand stay while the other loop runs; within it, they are visited one after the other.
  template <class Waits>
  Walked keeping(const Fits& fits, bool outer, Wide size, Waits& waits) const {
    const Operand kept = outer ? loops_.outer : loops_.inner, other = outer ? loops_.inner : loops_.outer;
    const std::vector<Part>& blocked = outer ? grid_.outer : grid_.inner;
    const std::vector<Part>& free = outer ? grid_.inner : grid_.outer;
    const Waits none = waits;
    Timeline<Waits> time(none);
    for_each_block(blocked, size, [&](const std::vector<Part>& block, Wide times, bool first_block) {
      const bool several = total_of(block) > 1;
      Timeline<Waits> turn(none);
      for_each_part(free, [&](std::size_t f, Wide count, bool first, bool last) {
        Timeline<Waits> line(none);
        for_each_part(block, [&](std::size_t b, Wide tiles, bool enters, bool leaves) {
          Visit visits[3];
          visits[kept] = {first, last, true, product_.preload};
          visits[other] = {enters, leaves, several, product_.preload || !first_block};
          line.append({none, slot_of(fits, outer ? grid_.cell(b, f) : grid_.cell(f, b), visits)}, tiles);
        });
        turn.append(std::move(line), count);
      });
      time.append(std::move(turn), times);
    });
    const bool all = size == total_of(blocked), single = size == 1;
    const char* straight = outer ? loops_.order : loops_.exchanged;
    const char* crossed = outer ? loops_.exchanged : loops_.order;
    const char* in_blocks = outer ? loops_.outer_blocked : loops_.inner_blocked;
    Walked walk = finish(fits, time, single ? straight : all ? crossed : in_blocks, waits);
    if (fits.of[kept]) (kept == kA ? walk.resident_a : kept == kB ? walk.resident_b : walk.resident_c) = size;
    return walk;
  }

  /// 1, 2, 4, … and as many as fit, of `tiles`: each as few as its number of passes over the other operand needs.
  std::vector<Wide> residencies(Wide half, Operand operand, Wide tiles) const {
    const Wide most = std::min(tiles, half / std::max<Wide>(1, largest_[operand]));
    std::vector<Wide> sizes;
    for (Wide size = 1;; size = std::min(2 * size, most)) {
      const Wide passes = (tiles + size - 1) / size;
      const Wide even = (tiles + passes - 1) / passes;
      if (sizes.empty() || sizes.back() != even) sizes.push_back(even);
      if (size == most) return sizes;
    }
  }

  const Product product_;
  Loops loops_;
  Wide largest_[3] = {0, 0, 0};
  FoldTable folds_;  // sWS, or none
  Grid grid_;        // all others
};

}  // namespace

std::vector<Walked> walk_all(const MemorySystem& memory, const Product& product, const FoldTable& folds) {
  const Walker walker(product, folds);
  const Fits fits = walker.fits(memory);
  std::vector<Walked> walks;
  for (const Order& order : walker.orders(memory)) {
    WaitSum waits(memory.off_chip_bandwidth);
    walks.push_back(walker.walk(fits, order, waits));
    walks.back().stall = waits.stall();
  }
  return walks;
}

struct WalkSearch::State {
  /// A walk, and its stall at all bandwidths that were asked for.
  struct Known {
    Walked walk;
    Wide all_bytes = 0;
    WaitList waits;
    std::vector<std::pair<Index, Wide>> stalls;  // bandwidth, cycles

    Wide stall(Index bandwidth) {
      for (const auto& [at, cycles] : stalls) {
        if (at == bandwidth) return cycles;
      }
      return stalls.emplace_back(bandwidth, waits.stall(bandwidth)).second;
    }
  };
  using Key = std::tuple<bool, bool, bool, int, Wide>;  // which operands fit, kind and size of the order
  using Sizes = std::array<Index, 3>;

  State(const Product& product, FoldTable folds) : walker(product, std::move(folds)) {}

  Known* known_of(const Fits& fits, const Order& order) {
    const Key key{fits.of[kA], fits.of[kB], fits.of[kC], order.kind, order.size};
    const auto found = known.find(key);
    if (found != known.end()) return &found->second;
    Known fresh;
    fresh.walk = walker.walk(fits, order, fresh.waits);
    fresh.all_bytes = fresh.walk.bytes.all();
    fresh.waits.merge();
    return &known.emplace(key, std::move(fresh)).first->second;
  }

  /// All that the buffers allow.
  const std::vector<Known*>& walks_of(const MemorySystem& memory) {
    const Sizes sizes{memory.a_bytes, memory.b_bytes, memory.c_bytes};
    const auto found = by_sizes.find(sizes);
    if (found != by_sizes.end()) return found->second;
    std::vector<Known*> walks;
    const Fits fits = walker.fits(memory);
    for (const Order& order : walker.orders(memory)) walks.push_back(known_of(fits, order));
    return by_sizes.emplace(sizes, std::move(walks)).first->second;
  }

  Walker walker;
  std::mutex mutex;
  std::map<Key, Known> known;
  std::map<Sizes, std::vector<Known*>> by_sizes;
};

WalkSearch::WalkSearch(const Product& product, FoldTable folds, Index cycles)
    : state_(std::make_unique<State>(product, std::move(folds))), cycles_(cycles) {}
WalkSearch::~WalkSearch() = default;

Walked WalkSearch::best(const MemorySystem& memory) const {
  const Index bandwidth = memory.off_chip_bandwidth;
  const std::lock_guard<std::mutex> lock(state_->mutex);
  const State::Known* best = nullptr;
  Wide stall = 0;  // of the best
  const auto is_better = [&](const State::Known& walk, Wide its_stall) {
    return best == nullptr || better(its_stall, walk.all_bytes, stall, best->all_bytes);
  };
  for (State::Known* walk : state_->walks_of(memory)) {
    // The channel has to move everything: that alone may make it worse than another one.
    if (!is_better(*walk, excess_cycles(walk->all_bytes, cycles_, bandwidth))) continue;
    const Wide its_stall = walk->stall(bandwidth);
    if (is_better(*walk, its_stall)) best = walk, stall = its_stall;
  }
  Walked result = best->walk;
  result.stall = stall;
  return result;
}

}  // namespace septet::emulation::memory_model
