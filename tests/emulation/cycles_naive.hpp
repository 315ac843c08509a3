// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The cycle model's counterpart: a loop over single folds, written from the dataflow contract (docs/dataflows.md), that
// shares nothing with the model.
#pragma once

#include "septet/emulation/cycles.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

namespace septet::cycles_test {

using emulation::ArrayOptions;
using emulation::Report;

inline constexpr Dataflow kAll[] = {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS, Dataflow::sOS,
                                    Dataflow::sWS, Dataflow::sIS, Dataflow::csOS};

inline bool stationary(Dataflow d, const char* kind) { return std::string(name(d)).find(kind) != std::string::npos; }

inline Index up(Index a, Index b) { return (a + b - 1) / b; }

/// "key value key value …" of all counts that are not 0, so that hand-made reports stay short and a difference shows
/// its key.
inline std::string text(const Report& report) {
  std::string out;
  emulation::for_each_count(report, [&](const char* key, Index value) {
    if (value != 0) out += (out.empty() ? "" : " ") + std::string(key) + " " + std::to_string(value);
  });
  return out;
}

// ---- the loop over single folds -----------------------------------------------------------------------------------

struct Problem {
  Index m = 0, n = 0, k = 0;
  std::vector<float> a;  // row-major
  GemmOptions options;
  ArrayOptions array;

  bool at(Index i, Index j) const { return a[static_cast<std::size_t>(i * k + j)] != 0; }
  Index a_bytes(Index words, Index size) const {
    return up(words * (array.a_word_bits == 0 ? 8 * size : array.a_word_bits), 8);
  }
  bool preload() const { return options.beta != 0; }
  bool chained() const { return options.accumulate == Accumulate::chained; }
  Index height() const { return options.array.height; }
  Index width() const { return options.array.width; }
};

struct Fold {
  Index steps = 0, a = 0, injected = 0, b = 0, c_in = 0, c_out = 0, macs = 0, metadata = 0;
  Index n_tile = 0;
  std::map<Index, Index> step_of_row;  // sIS
};

inline int bits_for(Index count) {  // ceil(log2(count))
  int bits = 0;
  for (; count > (Index{1} << bits); ++bits) {
  }
  return bits;
}

inline bool share_a_row(const Problem& p, Index m0, Index m1, const std::vector<Index>& group, Index column) {
  for (Index i = m0; i < m1; ++i) {
    for (Index member : group) {
      if (p.at(i, member) && p.at(i, column)) return true;
    }
  }
  return false;
}

/// Section 4: csOS's groups of the m-tile [m0, m1), by going through all created groups.
inline std::vector<std::vector<Index>> combine(const Problem& p, Index m0, Index m1, const std::vector<Index>& live) {
  const Combine& c = p.options.combine;
  const std::size_t reach = c.policy == CombinePolicy::in_order ? 1 : static_cast<std::size_t>(c.window);
  std::vector<std::vector<Index>> groups;
  for (Index column : live) {
    std::size_t g = groups.size() > reach ? groups.size() - reach : 0;
    while (g < groups.size() &&
           (groups[g].size() >= static_cast<std::size_t>(c.lanes) || share_a_row(p, m0, m1, groups[g], column))) {
      ++g;
    }
    if (g == groups.size()) groups.emplace_back();
    groups[g].push_back(column);
  }
  return groups;
}

inline std::vector<Index> live_columns(const Problem& p, Index m0, Index m1) {
  std::vector<Index> live;
  for (Index j = 0; j < p.k; ++j) {
    bool any = !is_sparse(p.options.dataflow);
    for (Index i = m0; i < m1; ++i) any = any || p.at(i, j);
    if (any) live.push_back(j);
  }
  return live;
}

inline Index nonzeros(const Problem& p, Index m0, Index m1, const std::vector<Index>& columns) {
  Index count = 0;
  for (Index i = m0; i < m1; ++i) {
    for (Index j : columns) count += p.at(i, j) || !is_sparse(p.options.dataflow);
  }
  return count;
}

inline void os_folds(const Problem& p, std::vector<Fold>& folds, Report& r) {
  for (Index m0 = 0; m0 < p.m; m0 += p.height()) {
    const Index m1 = std::min(p.m, m0 + p.height()), rows = m1 - m0;
    const std::vector<Index> live = live_columns(p, m0, m1);
    const Index l = static_cast<Index>(live.size()), nnz = nonzeros(p, m0, m1, live);
    const bool combined = p.options.dataflow == Dataflow::csOS;
    const Index steps = combined ? static_cast<Index>(combine(p, m0, m1, live).size()) : l;
    const int lanes = p.options.combine.lanes;
    Index metadata = is_sparse(p.options.dataflow) ? up(p.k + rows * l, 8) : 0;
    if (combined) {
      const Index size = 4 + up(steps * bits_for(lanes + 1) + l * bits_for(p.k), 8) + up(steps * rows, 8) +
                         up(nnz * (bits_for(lanes) + 32), 8);
      metadata = size - 4 * nnz;
    }
    r.a_bytes_metadata += metadata;
    for (Index n0 = 0; n0 < p.n; n0 += p.width()) {
      const Index columns = std::min(p.n - n0, p.width());
      if (l == 0) {
        r.writes_c_words += rows * columns;
        continue;
      }
      Fold f;
      f.steps = steps;
      f.a = nnz;
      f.injected = combined ? 0 : rows * l - nnz;
      f.b = l * columns;
      f.c_in = p.preload() ? rows * columns : 0;
      f.c_out = rows * columns;
      f.macs = combined ? nnz * columns : rows * columns * steps;
      f.metadata = metadata;
      folds.push_back(f);
    }
  }
}

inline void ws_folds(const Problem& p, std::vector<Fold>& folds, Report& r) {
  for (Index m0 = 0; m0 < p.m; m0 += p.width()) {
    const Index m1 = std::min(p.m, m0 + p.width()), columns = m1 - m0;
    const std::vector<Index> live = live_columns(p, m0, m1);
    const Index l = static_cast<Index>(live.size());
    if (is_sparse(p.options.dataflow)) r.a_bytes_metadata += up(p.k + columns * l, 8);
    if (l == 0) r.writes_c_words += columns * p.n;
    for (Index k0 = 0; k0 < l && p.n > 0; k0 += p.height()) {
      const Index rows = std::min(l - k0, p.height());
      Fold f;
      f.steps = p.n;
      f.a = nonzeros(p, m0, m1, {live.begin() + k0, live.begin() + k0 + rows});
      f.injected = rows * columns - f.a;
      f.b = rows * p.n;
      f.c_in = p.chained() && (p.preload() || k0 > 0) ? columns * p.n : 0;
      f.c_out = columns * p.n;
      f.macs = rows * columns * p.n;
      if (is_sparse(p.options.dataflow)) f.metadata = up((k0 == 0 ? p.k : 0) + rows * columns, 8);
      folds.push_back(f);
    }
  }
}

inline void is_folds(const Problem& p, std::vector<Fold>& folds, Report& r) {
  for (Index k0 = 0; k0 < p.k && is_sparse(p.options.dataflow); k0 += p.height()) {
    const Index rows = std::min(p.k - k0, p.height());
    Index live = 0;
    for (Index i = 0; i < p.m; ++i) {
      bool any = false;
      for (Index j = k0; j < k0 + rows; ++j) any = any || p.at(i, j);
      live += any;
    }
    r.a_bytes_metadata += up(p.m + rows * live, 8);
  }
  for (Index n0 = 0; n0 < p.n; n0 += p.width()) {
    const Index columns = std::min(p.n - n0, p.width());
    std::vector<bool> written(static_cast<std::size_t>(p.m));
    for (Index k0 = 0; k0 < p.k; k0 += p.height()) {
      const Index rows = std::min(p.k - k0, p.height());
      Fold f;
      f.n_tile = n0;
      for (Index i = 0; i < p.m; ++i) {
        Index count = 0;
        for (Index j = k0; j < k0 + rows; ++j) count += p.at(i, j) || !is_sparse(p.options.dataflow);
        if (count == 0) continue;
        f.step_of_row[i] = f.steps++;
        f.a += count;
        f.injected += rows - count;
        f.c_in += p.chained() && (p.preload() || written[static_cast<std::size_t>(i)]) ? columns : 0;
        written[static_cast<std::size_t>(i)] = true;
      }
      f.b = rows * columns;
      f.c_out = f.steps * columns;
      f.macs = rows * columns * f.steps;
      if (is_sparse(p.options.dataflow)) f.metadata = up(p.m + rows * f.steps, 8);
      if (f.steps > 0) folds.push_back(f);
    }
    r.writes_c_words += columns * std::count(written.begin(), written.end(), false);
  }
}

/// Section 7, to the letter. Fills `cycles` and its parts; a bandwidth of 0 is no limit.
inline void count_cycles(const Problem& p, const std::vector<Fold>& folds, Index bandwidth, Report& r) {
  const bool os = stationary(p.options.dataflow, "OS");
  const Index P = !os || p.preload() ? p.height() : 0, D = os ? p.height() : 0, skew = p.height() + p.width() - 2;
  const auto traffic = [&](const Fold& f) {
    return bandwidth == 0 ? 0 : up(p.a_bytes(f.a, 4) + 4 * (f.b + f.c_in + f.c_out) + f.metadata, bandwidth);
  };
  r.cycles = r.cycles_preload = r.cycles_stream = r.cycles_drain = 0;
  if (folds.empty()) return;
  if (p.array.timing != Timing::overlapped) {
    for (const Fold& f : folds) {
      const Index drain = p.array.timing == Timing::serial ? D : 0;
      r.cycles_preload += P;
      r.cycles_stream += f.steps + skew;
      r.cycles_drain += drain;
      r.cycles += std::max(P + f.steps + skew + drain, traffic(f));
    }
    return;
  }
  Index s = P;
  for (std::size_t i = 0; i + 1 < folds.size(); ++i) {
    const Fold &f = folds[i], &next = folds[i + 1];
    Index z = 0;
    if (p.options.dataflow == Dataflow::sIS && p.chained() && f.n_tile == next.n_tile) {
      for (const auto& [row, step] : f.step_of_row) {
        if (next.step_of_row.count(row) != 0) z = std::max(z, step - next.step_of_row.at(row) + p.height());
      }
    }
    s += std::max({f.steps, P, f.steps + D - next.steps, z, traffic(f)});
  }
  r.cycles = s + std::max(folds.back().steps + skew + D, traffic(folds.back()));
  r.cycles_preload = P;
  r.cycles_drain = D;
}

inline Report naive(const Problem& p) {
  Report r;
  std::vector<Fold> folds;
  if (stationary(p.options.dataflow, "OS")) os_folds(p, folds, r);
  if (stationary(p.options.dataflow, "WS")) ws_folds(p, folds, r);
  if (stationary(p.options.dataflow, "IS")) is_folds(p, folds, r);
  if (!is_sparse(p.options.dataflow) && p.k == 0) r.writes_c_words = p.m * p.n;
  Report free = r;
  count_cycles(p, folds, 0, free);
  count_cycles(p, folds, p.array.bandwidth, r);
  r.cycles_stall = r.cycles - free.cycles;
  if (p.array.timing == Timing::overlapped) r.cycles_stream = free.cycles - r.cycles_preload - r.cycles_drain;
  r.folds = static_cast<Index>(folds.size());
  r.nnz = std::count_if(p.a.begin(), p.a.end(), [](float x) { return x != 0; });
  r.macs_dense = p.m * p.n * p.k;
  r.macs_useful = r.nnz * p.n;
  for (const Fold& f : folds) {
    r.reads_a_words += f.a;
    r.zeros_injected += f.injected;
    r.reads_b_words += f.b;
    r.reads_c_words += f.c_in;
    r.writes_c_words += f.c_out;
    r.macs_issued += f.macs;
  }
  r.a_bytes_values = p.a_bytes(is_sparse(p.options.dataflow) ? r.nnz : p.m * p.k, 4);
  const Index passes = stationary(p.options.dataflow, "WS") ? p.n > 0 : up(p.n, p.width());
  r.elements_skipped = p.m * p.k * passes - r.reads_a_words - r.zeros_injected;
  return r;
}

inline Problem random_problem(std::mt19937& random) {
  const auto below = [&](int limit) { return static_cast<Index>(random() % static_cast<unsigned>(limit)); };
  Problem p;
  p.m = below(34);
  p.n = below(34);
  p.k = below(34);
  p.options.array = {1 + below(9), 1 + below(9)};
  p.options.combine.lanes = static_cast<int>(1 + below(5));
  p.options.combine.window = static_cast<int>(1 + below(6));
  p.options.combine.policy = below(2) == 0 ? CombinePolicy::in_order : CombinePolicy::first_fit;
  p.options.beta = static_cast<double>(below(2));
  p.array.bandwidth = below(2) == 0 ? 0 : 1 + below(60);
  const Index density = below(101);
  for (Index i = 0; i < p.m * p.k; ++i) p.a.push_back(below(100) < density ? 1.0F : 0.0F);
  for (Index i = 0; p.m > 0 && i < below(6); ++i) {  // whole runs of dead rows: tiles and passes without a fold
    const auto begin = p.a.begin() + below(static_cast<int>(p.m)) * p.k;
    std::fill(begin, begin + p.k, 0.0F);
  }
  p.array.a_word_bits = below(2) == 0 ? 0 : 1 + below(32);
  return p;
}

inline void check_against_naive(const Problem& p) {
  const Report expected = naive(p);
  const Report report = emulation::cycles(row_major(p.a.data(), p.m, p.k), p.n, Type::f32, p.options, p.array);
  REQUIRE(text(report) == text(expected));
  CHECK(report.cycles == report.cycles_preload + report.cycles_stream + report.cycles_drain + report.cycles_stall);
  const double pes = static_cast<double>(p.height() * p.width());
  const double used =
      report.cycles == 0 ? 0 : static_cast<double>(report.macs_useful) / static_cast<double>(report.cycles);
  CHECK(report.utilization == doctest::Approx(used / pes).epsilon(1e-14));
}

}  // namespace septet::cycles_test
