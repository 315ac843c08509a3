// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// docs/memory.md once more, as plainly as it can be said: all folds in a list, every walk one fold after the other with
// the tiles that the buffers hold, and a clock. Shares nothing with the library; its folds are those of
// cycles_naive.hpp.
#pragma once

#include "cycles_naive.hpp"

#include <set>
#include <tuple>
#include <utility>

namespace septet::memory_test {

using cycles_test::Problem;
using cycles_test::stationary;
using cycles_test::up;
using emulation::MemorySystem;
using emulation::Report;

enum Operand { kA, kB, kC };

struct Sizes {
  Index a = 4, b = 4, c = 4;  // bytes per word
};

/// One fold: where it is in the two loops, and what it moves, in bytes.
struct MemoryFold {
  Index outer = 0, inner = 0, cycles = 0;
  Index takes[3] = {0, 0, 0}, gives = 0;  // by operand; C's sums in and out
  Index whole[3] = {0, 0, 0};             // the tile that it belongs to
  std::vector<Index> b_rows;              // sWS: the rows of B that it takes
};

inline std::vector<cycles_test::Fold> contract_folds(const Problem& p) {
  std::vector<cycles_test::Fold> folds;
  Report ignored;
  if (stationary(p.options.dataflow, "OS")) cycles_test::os_folds(p, folds, ignored);
  if (stationary(p.options.dataflow, "WS")) cycles_test::ws_folds(p, folds, ignored);
  if (stationary(p.options.dataflow, "IS")) cycles_test::is_folds(p, folds, ignored);
  return folds;
}

/// Columns of A that have a non-zero, or its rows; in a dense dataflow all.
inline Index used(const Problem& p, bool columns) {
  Index count = 0;
  for (Index v = 0; v < (columns ? p.k : p.m); ++v) {
    bool any = !is_sparse(p.options.dataflow);
    for (Index w = 0; w < (columns ? p.m : p.k); ++w) any = any || (columns ? p.at(w, v) : p.at(v, w));
    count += any;
  }
  return count;
}

/// d_g, from start to start (section 7 of the contract).
inline Index fold_cycles(const Problem& p, const std::vector<cycles_test::Fold>& folds, std::size_t i,
                         const Sizes& size) {
  const bool os = stationary(p.options.dataflow, "OS");
  const Index P = !os || p.preload() ? p.height() : 0;
  const Index D = os && p.array.timing != Timing::scalesim ? p.height() : 0, skew = p.height() + p.width() - 2;
  const cycles_test::Fold& f = folds[i];
  const Index bytes = p.a_bytes(f.a, size.a) + f.metadata + f.b * size.b + (f.c_in + f.c_out) * size.c;
  const Index limit = p.array.bandwidth == 0 ? 0 : up(bytes, p.array.bandwidth);
  if (p.array.timing != Timing::overlapped) return std::max(P + f.steps + skew + D, limit);
  const Index first = i == 0 ? P : 0;
  if (i + 1 == folds.size()) return first + std::max(f.steps + skew + D, limit);
  const cycles_test::Fold& next = folds[i + 1];
  Index z = 0;
  if (p.options.dataflow == Dataflow::sIS && p.chained() && f.n_tile == next.n_tile) {
    for (const auto& [row, step] : f.step_of_row) {
      if (next.step_of_row.count(row) != 0) z = std::max(z, step - next.step_of_row.at(row) + p.height());
    }
  }
  return first + std::max({f.steps, P, f.steps + D - next.steps, z, limit});
}

inline std::vector<MemoryFold> memory_folds(const Problem& p, const Sizes& size) {
  Problem chained = p;
  chained.options.accumulate = Accumulate::chained;
  const std::vector<cycles_test::Fold> folds = contract_folds(p), sums = contract_folds(chained);
  const bool os = stationary(p.options.dataflow, "OS"), ws = stationary(p.options.dataflow, "WS");
  const Index n_tiles = up(p.n, p.width());
  // How many folds each turn of the outer loop has.
  std::vector<Index> turns;
  std::vector<std::vector<Index>> lists;
  if (os) turns.assign(n_tiles == 0 ? 0 : folds.size() / static_cast<std::size_t>(n_tiles), n_tiles);
  if (!os && !ws && n_tiles > 0) {
    turns.assign(static_cast<std::size_t>(n_tiles), static_cast<Index>(folds.size()) / n_tiles);
  }
  for (Index m0 = 0; ws && p.n > 0 && m0 < p.m; m0 += p.width()) {
    const auto live = cycles_test::live_columns(p, m0, std::min(p.m, m0 + p.width()));
    if (live.empty()) continue;
    turns.push_back(up(static_cast<Index>(live.size()), p.height()));
    lists.push_back(live);
  }
  std::vector<MemoryFold> all;
  for (std::size_t x = 0; x < turns.size(); ++x) {
    for (Index y = 0; y < turns[x]; ++y) {
      const std::size_t i = all.size();
      const cycles_test::Fold& f = folds.at(i);
      MemoryFold out;
      out.outer = static_cast<Index>(x);
      out.inner = y;
      out.cycles = fold_cycles(p, folds, i, size);
      out.takes[kA] = out.whole[kA] = p.a_bytes(f.a, size.a) + f.metadata;
      out.takes[kB] = out.whole[kB] = f.b * size.b;
      out.takes[kC] = sums.at(i).c_in * size.c;
      out.gives = out.whole[kC] = f.c_out * size.c;
      const Index columns = std::min(p.width(), p.n - (os ? y : out.outer) * p.width());
      if (os) out.whole[kB] = used(p, true) * columns * size.b;
      if (!os && !ws) out.whole[kC] = used(p, false) * columns * size.c;
      for (Index j = y * p.height(); ws && j < std::min<Index>((y + 1) * p.height(), lists[x].size()); ++j) {
        out.b_rows.push_back(lists[x][static_cast<std::size_t>(j)]);
      }
      all.push_back(out);
    }
  }
  return all;
}

struct Walk {
  std::string order;
  Index resident[3] = {0, 0, 0};
  Index stall = 0;
  Index reads[3] = {0, 0, 0}, writes = 0;

  Index bytes() const { return reads[kA] + reads[kB] + reads[kC] + writes; }
};

/// What one slot moves.
struct Moves {
  Index load = 0, store = 0, through = 0, cycles = 0;
};

/// The two halves swap at the end of every slot.
inline Index stall_of(const std::vector<Moves>& slots, Index bandwidth) {
  const auto transfer = [&](Index bytes) { return bandwidth == 0 ? 0 : up(bytes, bandwidth); };
  if (slots.empty()) return 0;
  Index clock = transfer(slots.front().load), own = 0;
  for (std::size_t g = 0; g < slots.size(); ++g) {
    Index bytes = slots[g].through;
    if (g > 0) bytes += slots[g - 1].store;
    if (g + 1 < slots.size()) bytes += slots[g + 1].load;
    const Index array_done = clock + slots[g].cycles, channel_done = clock + transfer(bytes);
    clock = std::max(array_done, channel_done);
    own += slots[g].cycles;
  }
  return clock + transfer(slots.back().store) - own;
}

class NaiveMemory {
 public:
  NaiveMemory(const Problem& p, const MemorySystem& memory, const Sizes& size)
      : p_(p), size_(size), bandwidth_(memory.off_chip_bandwidth), folds_(memory_folds(p, size)) {
    half_[kA] = memory.a_bytes / 2, half_[kB] = memory.b_bytes / 2, half_[kC] = memory.c_bytes / 2;
    const bool os = stationary(p.options.dataflow, "OS"), ws = stationary(p.options.dataflow, "WS");
    outer_operand_ = os ? kA : kC;
    inner_operand_ = os || ws ? kB : kA;
    letters_ = os ? "mn" : ws ? "mk" : "nk";
    for (const MemoryFold& f : folds_) {
      for (Operand o : {kA, kB, kC}) largest_[o] = std::max(largest_[o], f.whole[o]);
    }
  }

  std::vector<Walk> walks() const {
    std::vector<Walk> all;
    if (folds_.empty()) {
      Walk none;
      none.order = text({0, 1});
      return {none};
    }
    if (p_.options.dataflow == Dataflow::sWS) {
      all.push_back(rows_of_b(false));
      if (used(p_, true) * p_.n * size_.b <= half_[kB]) all.push_back(rows_of_b(true));
      return all;
    }
    for (bool outer : {true, false}) {
      const Operand kept = outer ? outer_operand_ : inner_operand_;
      if (!fits(kept)) continue;
      const Index tiles = 1 + (outer ? folds_.back().outer : folds_.back().inner);
      std::set<Index> tried;
      Index most = 0;
      while (most < tiles && (most + 1) * largest_[kept] <= half_[kept]) ++most;
      for (Index s = 1; s / 2 < most; s *= 2) {
        const Index blocks = up(tiles, std::min(s, most));
        const Index even = up(tiles, blocks);
        if (tried.insert(even).second) all.push_back(walk(outer, even));
      }
    }
    if (all.empty()) all.push_back(walk(true, 1));
    return all;
  }

  const std::vector<MemoryFold>& folds() const { return folds_; }

 private:
  bool fits(Operand o) const { return largest_[o] <= half_[o]; }
  std::string text(const std::vector<int>& loops) const {
    std::string out;
    for (int loop : loops) out += (out.empty() ? "" : " ") + std::string(1, letters_[static_cast<std::size_t>(loop)]);
    return out;
  }

  /// The folds of a walk with the block that each belongs to.
  Walk walk(bool outer, Index s) const {
    const Operand kept = outer ? outer_operand_ : inner_operand_, other = outer ? inner_operand_ : outer_operand_;
    const auto kept_index = [&](const MemoryFold& f) { return outer ? f.outer : f.inner; };
    const auto other_index = [&](const MemoryFold& f) { return outer ? f.inner : f.outer; };
    std::vector<MemoryFold> order = folds_;
    std::sort(order.begin(), order.end(), [&](const MemoryFold& f, const MemoryFold& g) {
      return std::make_tuple(kept_index(f) / s, other_index(f), kept_index(f)) <
             std::make_tuple(kept_index(g) / s, other_index(g), kept_index(g));
    });
    Index tiles = 0;
    for (const MemoryFold& f : order) tiles = std::max(tiles, kept_index(f) + 1);
    // A stay of a tile in its buffer: from the first to the last fold with its key. Keys never come back.
    using Key = std::tuple<Index, Index, Index>;
    const auto key = [&](Operand o, const MemoryFold& f) {
      const Index block = kept_index(f) / s;
      if (o == kept) return Key{block, kept_index(f), -1};
      if (o == other) return Key{block, other_index(f), -1};
      return Key{block, f.outer, f.inner};
    };
    std::map<std::pair<int, Key>, std::size_t> last_use;
    std::map<std::pair<int, Key>, Index> uses;
    for (std::size_t g = 0; g < order.size(); ++g) {
      for (Operand o : {kA, kB, kC}) {
        last_use[{o, key(o, order[g])}] = g;
        ++uses[{o, key(o, order[g])}];
      }
    }
    Walk result;
    result.order = s == 1 ? text({!outer, outer}) : s == tiles ? text({outer, !outer}) : text({!outer, outer, !outer});
    std::set<std::pair<int, Key>> held;
    std::set<Index> sums_in_memory;  // tiles of C that have been written
    std::vector<Moves> slots;
    for (std::size_t g = 0; g < order.size(); ++g) {
      const MemoryFold& f = order[g];
      Moves moves;
      moves.cycles = f.cycles;
      for (Operand o : {kA, kB, kC}) {
        const std::pair<int, Key> at{o, key(o, f)};
        // The kept operand's tiles are whole in any case.
        const bool whole = o == kept || (o == other && uses[at] > 1);
        const Index tile_of_c = o == kept ? kept_index(f) : other_index(f);
        Index in = whole ? f.whole[o] : f.takes[o], out = o != kC ? 0 : whole ? f.whole[o] : f.gives;
        if (!fits(o)) {
          in = f.takes[o], out = o == kC ? f.gives : 0;
          moves.through += in + out;
        } else {
          if (o == kC && whole && !p_.preload() && sums_in_memory.count(tile_of_c) == 0) in = 0;
          if (!held.insert(at).second) in = 0;
          if (last_use[at] != g) out = 0;
          moves.load += in, moves.store += out;
          if (last_use[at] == g) {
            held.erase(at);
            if (o == kC) sums_in_memory.insert(tile_of_c);
          }
        }
        result.reads[o] += in;
        result.writes += out;
      }
      slots.push_back(moves);
    }
    result.stall = stall_of(slots, bandwidth_);
    for (Operand o : {kA, kB, kC}) result.resident[o] = fits(o) ? (o == kept ? s : 1) : 0;
    return result;
  }

  /// sWS. C's tile stays for its m-tile; rows of B stay for ever, or for a fold.
  Walk rows_of_b(bool stay) const {
    Walk result;
    result.order = text({0, 1});
    std::set<Index> rows;
    std::vector<Moves> slots;
    for (std::size_t g = 0; g < folds_.size(); ++g) {
      const MemoryFold& f = folds_[g];
      Moves moves;
      moves.cycles = f.cycles;
      Index b = 0;
      for (Index row : f.b_rows) {
        if (!stay || rows.insert(row).second) b += p_.n * size_.b;
      }
      const bool first = g == 0 || folds_[g - 1].outer != f.outer;
      const bool last = g + 1 == folds_.size() || folds_[g + 1].outer != f.outer;
      Index c_in = f.takes[kC], c_out = f.gives;
      if (fits(kC)) c_in = first && p_.preload() ? f.whole[kC] : 0, c_out = last ? f.whole[kC] : 0;
      (fits(kA) ? moves.load : moves.through) += f.takes[kA];
      (fits(kB) ? moves.load : moves.through) += b;
      (fits(kC) ? moves.load : moves.through) += c_in;
      (fits(kC) ? moves.store : moves.through) += c_out;
      result.reads[kA] += f.takes[kA], result.reads[kB] += b, result.reads[kC] += c_in, result.writes += c_out;
      slots.push_back(moves);
    }
    result.stall = stall_of(slots, bandwidth_);
    for (Operand o : {kA, kB, kC}) result.resident[o] = fits(o);
    if (stay) result.resident[kB] = up(used(p_, true), p_.height());
    return result;
  }

  const Problem& p_;
  Sizes size_;
  Index bandwidth_;
  std::vector<MemoryFold> folds_;
  Index half_[3], largest_[3] = {0, 0, 0};
  Operand outer_operand_, inner_operand_;
  std::string letters_;
};

/// "order resident… stall bytes" of a walk.
inline std::string text(const Walk& w, Index unwritten) {
  return w.order + " keeps " + std::to_string(w.resident[kA]) + " " + std::to_string(w.resident[kB]) + " " +
         std::to_string(w.resident[kC]) + ", stall " + std::to_string(w.stall) + ", bytes " +
         std::to_string(w.bytes() + unwritten) + "; ";
}
inline std::string text(const emulation::MemoryWalk& w) {
  Walk walk;
  walk.order = w.loop_order;
  walk.resident[kA] = w.resident_a_tiles, walk.resident[kB] = w.resident_b_tiles,
  walk.resident[kC] = w.resident_c_tiles;
  walk.stall = w.cycles_stall_memory;
  return text(walk, w.off_chip_bytes);
}

/// Everything that a memory system adds to a report.
inline std::string text(const Report& report) {
  std::string out = text(report.memory.chosen) + "of ";
  for (const emulation::MemoryWalk& walk : report.memory.walks) out += text(walk);
  emulation::for_each_memory_count(report.memory, [&](const char* key, Index value) {
    out += " " + std::string(key) + " " + std::to_string(value);
  });
  return out;
}

inline std::string naive_text(const Problem& p, const MemorySystem& memory, const Sizes& size, Index cycles,
                              Index unwritten) {
  const NaiveMemory naive(p, memory, size);
  const std::vector<Walk> walks = naive.walks();
  const Walk* best = &walks.front();
  std::string all;
  for (const Walk& walk : walks) {
    if (std::make_pair(walk.stall, walk.bytes()) < std::make_pair(best->stall, best->bytes())) best = &walk;
    all += text(walk, unwritten);
  }
  Report r;
  emulation::MemoryReport& m = r.memory;
  m.system = memory;
  m.cycles_with_memory = cycles + best->stall;
  m.chosen.resident_a_tiles = best->resident[kA], m.chosen.resident_b_tiles = best->resident[kB];
  m.chosen.resident_c_tiles = best->resident[kC];
  m.chosen.cycles_stall_memory = best->stall;
  for (const MemoryFold& f : naive.folds()) {
    m.buffer_reads_a_bytes += f.takes[kA], m.buffer_reads_b_bytes += f.takes[kB];
    m.buffer_reads_c_bytes += f.takes[kC], m.buffer_writes_c_bytes += f.gives;
  }
  m.off_chip_reads_a_bytes = best->reads[kA], m.off_chip_reads_b_bytes = best->reads[kB];
  m.off_chip_reads_c_bytes = best->reads[kC], m.off_chip_writes_c_bytes = best->writes + unwritten;
  std::string out = text(*best, unwritten) + "of " + all;
  emulation::for_each_memory_count(
      m, [&](const char* key, Index value) { out += " " + std::string(key) + " " + std::to_string(value); });
  return out;
}

}  // namespace septet::memory_test
