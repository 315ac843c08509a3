// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The cycle model against reports worked out by hand, SCALE-Sim's golden runs, and a loop over single folds that is
// written here from the dataflow contract (docs/dataflows.md) and shares nothing with the model.
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

namespace {

using namespace septet;
using emulation::ArrayOptions;
using emulation::Report;

constexpr Dataflow kAll[] = {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS, Dataflow::sOS,
                             Dataflow::sWS, Dataflow::sIS, Dataflow::csOS};

bool stationary(Dataflow d, const char* kind) { return std::string(name(d)).find(kind) != std::string::npos; }

Index up(Index a, Index b) { return (a + b - 1) / b; }

/// "key value key value …" of all counts that are not 0, so that hand-made reports stay short and a difference shows
/// its key.
std::string text(const Report& report) {
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

int bits_for(Index count) {  // ceil(log2(count))
  int bits = 0;
  for (; count > (Index{1} << bits); ++bits) {
  }
  return bits;
}

bool share_a_row(const Problem& p, Index m0, Index m1, const std::vector<Index>& group, Index column) {
  for (Index i = m0; i < m1; ++i) {
    for (Index member : group) {
      if (p.at(i, member) && p.at(i, column)) return true;
    }
  }
  return false;
}

/// Section 4: csOS's groups of the m-tile [m0, m1), by going through all created groups.
std::vector<std::vector<Index>> combine(const Problem& p, Index m0, Index m1, const std::vector<Index>& live) {
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

std::vector<Index> live_columns(const Problem& p, Index m0, Index m1) {
  std::vector<Index> live;
  for (Index j = 0; j < p.k; ++j) {
    bool any = !is_sparse(p.options.dataflow);
    for (Index i = m0; i < m1; ++i) any = any || p.at(i, j);
    if (any) live.push_back(j);
  }
  return live;
}

Index nonzeros(const Problem& p, Index m0, Index m1, const std::vector<Index>& columns) {
  Index count = 0;
  for (Index i = m0; i < m1; ++i) {
    for (Index j : columns) count += p.at(i, j) || !is_sparse(p.options.dataflow);
  }
  return count;
}

void os_folds(const Problem& p, std::vector<Fold>& folds, Report& r) {
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

void ws_folds(const Problem& p, std::vector<Fold>& folds, Report& r) {
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

void is_folds(const Problem& p, std::vector<Fold>& folds, Report& r) {
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
void count_cycles(const Problem& p, const std::vector<Fold>& folds, Index bandwidth, Report& r) {
  const bool os = stationary(p.options.dataflow, "OS");
  const Index P = !os || p.preload() ? p.height() : 0, D = os ? p.height() : 0, skew = p.height() + p.width() - 2;
  const auto traffic = [&](const Fold& f) {
    return bandwidth == 0 ? 0 : up(4 * (f.a + f.b + f.c_in + f.c_out) + f.metadata, bandwidth);
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

Report naive(const Problem& p) {
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
  r.a_bytes_values = 4 * (is_sparse(p.options.dataflow) ? r.nnz : p.m * p.k);
  const Index passes = stationary(p.options.dataflow, "WS") ? p.n > 0 : up(p.n, p.width());
  r.elements_skipped = p.m * p.k * passes - r.reads_a_words - r.zeros_injected;
  return r;
}

Problem random_problem(std::mt19937& random) {
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
  return p;
}

void check_against_naive(const Problem& p) {
  const Report expected = naive(p);
  const Report report = emulation::cycles(row_major(p.a.data(), p.m, p.k), p.n, Type::f32, p.options, p.array);
  REQUIRE(text(report) == text(expected));
  CHECK(report.cycles == report.cycles_preload + report.cycles_stream + report.cycles_drain + report.cycles_stall);
  const double pes = static_cast<double>(p.height() * p.width());
  const double used =
      report.cycles == 0 ? 0 : static_cast<double>(report.macs_useful) / static_cast<double>(report.cycles);
  CHECK(report.utilization == doctest::Approx(used / pes).epsilon(1e-14));
}

}  // namespace

TEST_CASE("cycles: equals a loop over single folds") {
  std::mt19937 random(20250611);
  for (int round = 0; round < 400; ++round) {
    Problem p = random_problem(random);
    for (Dataflow dataflow : kAll) {
      for (Timing timing : {Timing::serial, Timing::overlapped, Timing::scalesim}) {
        for (Accumulate accumulate : {Accumulate::chained, Accumulate::fold_then_add}) {
          if (stationary(dataflow, "OS") && accumulate == Accumulate::fold_then_add) continue;
          p.options.dataflow = dataflow;
          p.options.accumulate = accumulate;
          p.array.timing = timing;
          INFO("seed 20250611, round ", round, ", ", std::string(name(dataflow)), ", ", std::string(name(timing)), ", ",
               std::string(name(accumulate)), ", ", p.m, "x", p.n, "x", p.k, " on ", p.height(), "x", p.width(),
               ", bandwidth ", p.array.bandwidth);
          check_against_naive(p);
        }
      }
    }
  }
}

TEST_CASE("cycles: a shape alone is a matrix full of non-zeros") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    Problem p = random_problem(random);
    std::fill(p.a.begin(), p.a.end(), 2.0F);
    p.array.timing = static_cast<Timing>(round % 3);
    Index sparse_os = 0, dense_os = 0;
    for (Dataflow dataflow : kAll) {
      p.options.dataflow = dataflow;
      INFO("seed 7, round ", round, ", ", std::string(name(dataflow)), ", ", p.m, "x", p.n, "x", p.k, " on ",
           p.height(), "x", p.width());
      const Report r = emulation::cycles(p.m, p.n, p.k, Type::f32, Type::f32, p.options, p.array);
      REQUIRE(text(r) == text(naive(p)));
      if (dataflow == Dataflow::sOS) sparse_os = r.cycles - r.cycles_stall;
      if (dataflow == Dataflow::dOS) dense_os = r.cycles - r.cycles_stall;
      ArrayOptions overlapped{Timing::overlapped, 0}, serial{Timing::serial, 0};
      CHECK(emulation::cycles(p.m, p.n, p.k, Type::f32, Type::f32, p.options, overlapped).cycles <=
            emulation::cycles(p.m, p.n, p.k, Type::f32, Type::f32, p.options, serial).cycles);
    }
    CHECK(sparse_os == dense_os);
  }
}

// ---- by hand ------------------------------------------------------------------------------------------------------

namespace {

// 3 x 3 times 3 x 3 on a 2 x 2 array. m-tiles {0, 1}, {2}; k-tiles and n-tiles alike.
//       1 0 2      live columns of the m-tiles: {0, 2}, {0}        non-zeros of the m-tiles: 3, 1
//   A = 0 0 3      live rows of the k-tiles: {0, 2}, {0, 1}        non-zeros of the k-tiles: 2, 2
//       4 0 0
constexpr float kSmall[] = {1, 0, 2, 0, 0, 3, 4, 0, 0};

Report small(Dataflow dataflow, const ArrayOptions& array = {}, double beta = 0,
             Accumulate accumulate = Accumulate::chained) {
  GemmOptions options;
  options.dataflow = dataflow;
  options.array = {2, 2};
  options.beta = beta;
  options.accumulate = accumulate;
  return emulation::cycles(row_major(kSmall, 3, 3), 3, Type::f32, options, array);
}

Index overlapped(Dataflow dataflow) { return small(dataflow, {Timing::overlapped, 0}).cycles; }

}  // namespace

TEST_CASE("cycles: by hand, dense on a 2x2 array") {
  // All three: 4 folds of T = 3 steps, each T + H + W - 2 = 5 cycles of stream, and 2 of drain (OS) or preload.
  // dOS: A is read once per n-tile, 2 * 9; B once per m-tile, 2 * 9.
  CHECK(text(small(Dataflow::dOS)) ==
        "folds 4 cycles 28 cycles_stream 20 cycles_drain 8 macs_dense 27 macs_issued 27 macs_useful 12 nnz 4 "
        "reads_a_words 18 reads_b_words 18 writes_c_words 9 a_bytes_values 36");
  // dWS: A once; B once per m-tile; C in with the second k-tile, out with both.
  CHECK(text(small(Dataflow::dWS)) ==
        "folds 4 cycles 28 cycles_preload 8 cycles_stream 20 macs_dense 27 macs_issued 27 macs_useful 12 "
        "nnz 4 reads_a_words 9 reads_b_words 18 reads_c_words 9 writes_c_words 18 a_bytes_values 36");
  // dIS: A once per n-tile, B once.
  CHECK(text(small(Dataflow::dIS)) ==
        "folds 4 cycles 28 cycles_preload 8 cycles_stream 20 macs_dense 27 macs_issued 27 macs_useful 12 "
        "nnz 4 reads_a_words 18 reads_b_words 9 reads_c_words 9 writes_c_words 18 a_bytes_values 36");
  // Next folds start every max(T, P, D) = 3 cycles; 5 + 2 cycles of first preload or last drain and last stream.
  for (Dataflow dataflow : {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS}) CHECK(overlapped(dataflow) == 3 * 3 + 5 + 2);
  CHECK(small(Dataflow::dOS, {Timing::scalesim, 0}).cycles == 20);
  CHECK(small(Dataflow::dWS, {Timing::scalesim, 0}).cycles == 28);
}

TEST_CASE("cycles: by hand, sparse on a 2x2 array") {
  // sOS: T = 2, 2, 1, 1: stream 4 + 4 + 3 + 3. A: (3 + 1) per n-tile. Injected: tile 0 streams 2 x 2 for 3 non-zeros.
  // B: (2 + 1) rows of 3. MACs: 2 * 2 * 3 + 1 * 1 * 3. Bitmap: 3 + 2 * 2 and 3 + 1 * 1 bits, a byte each.
  CHECK(text(small(Dataflow::sOS)) ==
        "folds 4 cycles 22 cycles_stream 14 cycles_drain 8 macs_dense 27 macs_issued 15 macs_useful 12 nnz 4 "
        "reads_a_words 8 reads_b_words 9 writes_c_words 9 a_bytes_values 16 a_bytes_metadata 2 "
        "zeros_injected 2 elements_skipped 8");
  // Starts 0, +2, +(2 + D - 1 = 3), +(1 + D - 1 = 2); then 1 + 2 + 2.
  CHECK(overlapped(Dataflow::sOS) == 12);
  // csOS: columns 0 and 2 share row 0: the same steps, but nothing injected and (3 + 1) * 3 MACs. CSB, tile 0:
  // 4 bytes; 2 * 3 + 2 * 2 bits; 2 * 2 bits; 3 lanes of 2 bits: 4 + 2 + 1 + 1. Tile 1: 4 + 1 + 1 + 1.
  CHECK(text(small(Dataflow::csOS)) ==
        "folds 4 cycles 22 cycles_stream 14 cycles_drain 8 macs_dense 27 macs_issued 12 macs_useful 12 nnz 4 "
        "reads_a_words 8 reads_b_words 9 writes_c_words 9 a_bytes_values 16 a_bytes_metadata 15 "
        "elements_skipped 10");
  // sWS: one fold per m-tile, T = 3.
  CHECK(text(small(Dataflow::sWS)) ==
        "folds 2 cycles 14 cycles_preload 4 cycles_stream 10 macs_dense 27 macs_issued 15 macs_useful 12 "
        "nnz 4 reads_a_words 4 reads_b_words 9 writes_c_words 9 a_bytes_values 16 a_bytes_metadata 2 "
        "zeros_injected 1 elements_skipped 4");
  CHECK(overlapped(Dataflow::sWS) == 2 + 3 + 5);
  // sIS: T = 2 in all 4 folds; row 0 alone is in both k-tiles, so its sums of 3 columns come in again.
  CHECK(text(small(Dataflow::sIS)) ==
        "folds 4 cycles 24 cycles_preload 8 cycles_stream 16 macs_dense 27 macs_issued 18 macs_useful 12 "
        "nnz 4 reads_a_words 8 reads_b_words 9 reads_c_words 3 writes_c_words 12 a_bytes_values 16 "
        "a_bytes_metadata 2 zeros_injected 4 elements_skipped 6");
  CHECK(overlapped(Dataflow::sIS) == 2 + 3 * 2 + 4);
}

TEST_CASE("cycles: by hand, preload, fold-then-add, bandwidth") {
  // OS reads every output's preload and shifts it in (H more per fold); WS and IS let it enter where nothing did.
  CHECK(small(Dataflow::dOS, {}, 1).cycles == 28 + 4 * 2);
  CHECK(small(Dataflow::dOS, {}, 1).cycles_preload == 8);
  CHECK(small(Dataflow::csOS, {}, 1).reads_c_words == 9);
  CHECK(small(Dataflow::dWS, {}, 1).reads_c_words == 18);
  CHECK(small(Dataflow::sWS, {}, 1).reads_c_words == 9);
  CHECK(small(Dataflow::sIS, {}, 1).reads_c_words == 12);
  CHECK(small(Dataflow::dWS, {}, 1, Accumulate::fold_then_add).reads_c_words == 0);
  CHECK(small(Dataflow::sIS, {}, 1, Accumulate::fold_then_add).reads_c_words == 0);
  CHECK(small(Dataflow::sIS, {}, 1).cycles == 24);

  // sOS folds move 4 * (3 + 4 + 4) + 1 = 45, 4 * (3 + 2 + 2) + 1 = 29, 4 * (1 + 2 + 2) + 1 = 21 and 13 bytes. With 4
  // bytes per cycle: 12, 8, 6, 4 cycles, against 6, 6, 5, 5 of their own.
  const Report serial = small(Dataflow::sOS, {Timing::serial, 4});
  CHECK(serial.cycles == 12 + 8 + 6 + 5);
  CHECK(serial.cycles_stall == 9);
  CHECK(serial.cycles_stream == 14);
  CHECK(small(Dataflow::sOS, {Timing::scalesim, 4}).cycles == 12 + 8 + 6 + 4);
  // Overlapped: starts 12, 8 and 6 apart; the last 1 + 2 + 2 = 5 cycles are more than its 4.
  const Report hidden = small(Dataflow::sOS, {Timing::overlapped, 4});
  CHECK(hidden.cycles == 12 + 8 + 6 + 5);
  CHECK(hidden.cycles_stall == 31 - 12);
  CHECK(hidden.cycles_drain == 2);
  CHECK(small(Dataflow::sOS, {Timing::overlapped, 1}).cycles == 45 + 29 + 21 + 13);
  // csOS moves its CSB bytes instead: 44 + 8, 28 + 8, 20 + 7, 12 + 7.
  CHECK(small(Dataflow::csOS, {Timing::serial, 1}).cycles == 52 + 36 + 27 + 19);
  // sWS: 4 * (3 + 6 + 6) + 1 and 4 * (1 + 3 + 3) + 1.
  CHECK(small(Dataflow::sWS, {Timing::serial, 1}).cycles == 61 + 29);
}

TEST_CASE("cycles: the known answers of section 8") {
  const auto scalesim = [](Dataflow dataflow, Index m, Index n, Index k) {
    GemmOptions options;
    options.dataflow = dataflow;
    options.array = {32, 32};
    return emulation::cycles(m, n, k, Type::f32, Type::f32, options, {Timing::scalesim, 0}).cycles;
  };
  CHECK(scalesim(Dataflow::dWS, 96, 3025, 363) == 112284);
  CHECK(scalesim(Dataflow::dWS, 128, 256, 256) == 11200);
  CHECK(scalesim(Dataflow::dOS, 128, 256, 256) == 10176);
  CHECK(scalesim(Dataflow::dIS, 128, 256, 256) == 14208);

  const std::int8_t two_rows[] = {0, 0, 1, 1, 0, 1};
  GemmOptions options;
  options.dataflow = Dataflow::sIS;
  options.array = {2, 1};
  CHECK(emulation::cycles(row_major(two_rows, 2, 3), 2, Type::u8, options, {Timing::overlapped, 0}).cycles == 11);

  // Columns with rows {0,1}, {0}, {1}, {0,2}, {2}. A full group keeps its place in the window, or it were 3 steps.
  const float five_columns[] = {1, 1, 0, 1, 0,  //
                                1, 0, 1, 0, 0,  //
                                0, 0, 0, 1, 1};
  options.dataflow = Dataflow::csOS;
  options.array = {3, 1};
  options.combine = {2, CombinePolicy::first_fit, 2};
  CHECK(emulation::cycles(row_major(five_columns, 3, 5), 1, Type::f32, options).cycles_stream == 4 + 2);
  options.combine.window = 3;
  CHECK(emulation::cycles(row_major(five_columns, 3, 5), 1, Type::f32, options).cycles_stream == 3 + 2);
}

TEST_CASE("cycles: SCALE-Sim's golden runs") {
#ifdef SEPTET_SHARED_DIR
  std::ifstream file(std::string(SEPTET_SHARED_DIR) + "/workloads/reference/scalesim_golden_dense.json");
  if (!file) {
    MESSAGE("no golden runs under " SEPTET_SHARED_DIR);
    return;
  }
  const nlohmann::json golden = nlohmann::json::parse(file);
  const std::map<std::string, Dataflow> dataflows = {
      {"os", Dataflow::dOS}, {"ws", Dataflow::dWS}, {"is", Dataflow::dIS}};
  for (const auto& run : golden.at("runs")) {
    GemmOptions options;
    options.dataflow = dataflows.at(run.at("dataflow"));
    options.array = {golden.at("array_rows"), golden.at("array_cols")};
    const Index m = run.at("N"), n = run.at("M"), k = run.at("K");  // weights are the right operand there
    INFO(run.dump());
    const Report r = emulation::cycles(m, n, k, Type::f32, Type::f32, options, {Timing::scalesim, 0});
    CHECK(r.cycles == run.at("compute_cycles"));
    CHECK(r.reads_a_words == run.at("sram_filter_reads"));
    CHECK(r.reads_b_words == run.at("sram_ifmap_reads"));
    // OS: its drain writes more words than there are outputs (34816 for 32768), so only WS and IS have a counterpart.
    if (options.dataflow != Dataflow::dOS) CHECK(r.writes_c_words == run.at("sram_ofmap_writes"));
    // Its mapping efficiency is the share of PEs in use, step by step: without the skew.
    const Index steps = r.cycles_stream - r.folds * (options.array.height + options.array.width - 2);
    const double pes = static_cast<double>(steps * options.array.height * options.array.width);
    CHECK(100 * static_cast<double>(r.macs_issued) / pes == doctest::Approx(run.at("mapping_efficiency_pct")));
  }
#else
  MESSAGE("SEPTET_SHARED_DIR is not defined: golden runs not compared");
#endif
}

TEST_CASE("cycles: nothing to do") {
  GemmOptions options;
  options.array = {2, 2};
  for (Dataflow dataflow : kAll) {
    options.dataflow = dataflow;
    INFO(std::string(name(dataflow)));
    // alpha = 0: A is not read, not even its pattern.
    options.alpha = 0;
    CHECK(text(emulation::cycles(row_major(kSmall, 3, 3), 5, Type::f32, options)) == "macs_dense 45 writes_c_words 15");
    options.alpha = 1;
    // k = 0: outputs are written once by no fold. A CSB still has its number of steps, 4 bytes for each of 2 tiles.
    const bool csb = dataflow == Dataflow::csOS;
    const std::string empty = csb ? "writes_c_words 15 a_bytes_metadata 8"  //
                                  : "writes_c_words 15";
    CHECK(text(emulation::cycles(3, 5, 0, Type::f32, Type::f32, options)) == empty);
    CHECK(text(emulation::cycles(row_major(kSmall, 3, 0), 5, Type::f32, options)) == empty);
    CHECK(emulation::cycles(0, 5, 3, Type::f32, Type::f32, options).cycles == 0);
    const Report no_columns = emulation::cycles(row_major(kSmall, 3, 3), 0, Type::f32, options);
    CHECK(no_columns.folds == 0);
    CHECK(no_columns.nnz == 4);
    CHECK(no_columns.utilization == 0);
    CHECK(no_columns.elements_skipped == 0);
    // No non-zero at all: every sparse dataflow writes its preloads without a fold.
    const float zeros[6] = {};
    const Report dead = emulation::cycles(row_major(zeros, 3, 2), 5, Type::f32, options, {Timing::overlapped, 3});
    CHECK((dead.folds == 0) == is_sparse(dataflow));
    if (is_sparse(dataflow)) CHECK(dead.writes_c_words == 15);
    if (csb) CHECK(dead.a_bytes_metadata == 2 * 4);
    if (dataflow == Dataflow::sIS) CHECK(dead.a_bytes_metadata == 1);  // 3 bits for the one k-tile
  }
}

TEST_CASE("cycles: what counts as a preload") {
  GemmOptions options;
  options.dataflow = Dataflow::dOS;
  const auto reads = [&] { return emulation::cycles(4, 4, 4, Type::f32, Type::f32, options).reads_c_words; };
  CHECK(reads() == 0);
  options.beta = 2;
  CHECK(reads() == 16);
  options.beta = 1e-60;  // rounds to 0 in f32
  CHECK(reads() == 0);
  options.beta = 2;
  for (double alpha : {1 - 0x1p-25, 1 + 1e-12, 1 + 0x1p-24}) {  // 1 in f32; the borders are ties
    options.alpha = alpha;
    CHECK(reads() == 16);
  }
  for (double alpha : {1 - 0x1.8p-25, 1 + 0x1.8p-24}) {
    options.alpha = alpha;
    CHECK(reads() == 0);
  }
  options.alpha = 0x1p-150;  // 0 in f32: no folds at all
  CHECK(emulation::cycles(4, 4, 4, Type::f32, Type::f32, options).folds == 0);
  CHECK(emulation::cycles(4, 4, 4, Type::f64, Type::f64, options).folds == 1);
  options.alpha = 3;  // beta * C comes after the sums
  CHECK(reads() == 0);
  options.alpha = 1;
  options.beta = 0;
  const float bias = 1;
  options.preload = ConstMatrix(&bias, Type::f32, 4, 4, 0, 0);
  CHECK(reads() == 16);
}

// ---- A in every form ----------------------------------------------------------------------------------------------

TEST_CASE("cycles: a pattern is the same in every form") {
  std::mt19937 random(99);
  for (int round = 0; round < 60; ++round) {
    Problem p = random_problem(random);
    if (p.m == 0 || p.k == 0) continue;
    std::vector<std::int32_t> row_ptr{0}, col_idx;
    std::vector<std::int64_t> col_ptr{0}, row_idx;
    std::vector<float> by_row, by_column;
    for (Index i = 0; i < p.m; ++i) {
      for (Index j = 0; j < p.k; ++j) {
        if (!p.at(i, j) && random() % 8 != 0) continue;  // some zeros are stored, and count as zeros
        col_idx.push_back(static_cast<std::int32_t>(j));
        by_row.push_back(p.at(i, j) ? 5.0F : -0.0F);
      }
      row_ptr.push_back(static_cast<std::int32_t>(col_idx.size()));
    }
    for (Index j = 0; j < p.k; ++j) {
      for (Index i = 0; i < p.m; ++i) {
        if (!p.at(i, j)) continue;
        row_idx.push_back(i);
        by_column.push_back(std::numeric_limits<float>::quiet_NaN());
      }
      col_ptr.push_back(static_cast<std::int64_t>(row_idx.size()));
    }
    std::vector<float> turned(p.a.size());  // last column first, every column from the bottom
    for (Index i = 0; i < p.m; ++i) {
      for (Index j = 0; j < p.k; ++j) turned[turned.size() - 1 - static_cast<std::size_t>(j * p.m + i)] = p.at(i, j);
    }
    const MatrixView<const float> reversed{turned.data() + turned.size() - 1, p.m, p.k, -1, -p.m};
    for (Dataflow dataflow : kAll) {
      p.options.dataflow = dataflow;
      INFO("seed 99, round ", round, ", ", std::string(name(dataflow)), ", ", p.m, "x", p.n, "x", p.k);
      const std::string expected = text(naive(p));
      const auto check = [&](const Weights& a) {
        CHECK(text(emulation::cycles(a, p.n, Type::f32, p.options, p.array)) == expected);
      };
      check(reversed);
      check(csr(p.m, p.k, row_ptr.data(), col_idx.data(), by_row.data()));
      check(csc(p.m, p.k, col_ptr.data(), row_idx.data(), by_column.data()));
    }
  }
}

TEST_CASE("cycles: zeros under a zero point, and packed matrices") {
  const std::uint8_t bytes[] = {7, 0, 9, 7, 7, 3};
  GemmOptions options;
  options.array = {2, 2};
  options.a_zero_point = 7;
  options.dataflow = Dataflow::csOS;
  const Report report = emulation::cycles(row_major(bytes, 2, 3), 4, Type::s8, options);
  CHECK(report.nnz == 3);
  CHECK(report.a_bytes_values == 3);
  const std::int8_t negative[] = {-7, 0, 9};
  options.a_zero_point = -7;
  CHECK(emulation::cycles(row_major(negative, 1, 3), 4, Type::u8, options).nnz == 2);

  const double corners[] = {0.0, -0.0, std::numeric_limits<double>::denorm_min(), -1.0};
  options.a_zero_point = 0;
  CHECK(emulation::cycles(row_major(corners, 2, 2), 4, Type::f64, options).nnz == 2);

  PackOptions packing;
  packing.zero_point = 7;
  packing.dataflow = Dataflow::sWS;
  packing.array = {2, 2};
  const PackedMatrix packed = pack(row_major(bytes, 2, 3), packing);
  // options.a_zero_point stays 0: a packed matrix brings its own.
  CHECK(text(emulation::cycles(packed, 4, Type::s8, options)) == text(report));
  options.dataflow = Dataflow::automatic;
  CHECK(emulation::cycles(packed, 4, Type::s8, options).dataflow == Dataflow::sWS);
  CHECK(emulation::cycles(packed, 4, Type::s8, options).nnz == 3);
}

TEST_CASE("cycles: automatic") {
  const float a[] = {1};
  const std::int32_t ptr[] = {0, 1}, index[] = {0};
  GemmOptions options;
  const auto dense = [&] { return emulation::cycles(row_major(a, 1, 1), 1, Type::f32, options).dataflow; };
  const auto sparse = [&] { return emulation::cycles(csr(1, 1, ptr, index, a), 1, Type::f32, options).dataflow; };
  CHECK(dense() == Dataflow::dOS);
  CHECK(sparse() == Dataflow::csOS);
  CHECK(emulation::cycles(1, 1, 1, Type::f64, Type::f64).dataflow == Dataflow::dOS);
  options.accumulate = Accumulate::fold_then_add;
  CHECK(dense() == Dataflow::dWS);
  CHECK(sparse() == Dataflow::sWS);
}

// ---- refusals -----------------------------------------------------------------------------------------------------

namespace {

void refused(const Status& status, Cause cause, const std::string& argument) {
  CHECK(status.cause() == cause);
  CHECK(status.argument() == argument);
  CHECK_FALSE(status.message().empty());
}

/// Tries a 2 x 2 x 2 product with options changed by `change`; the report must stay as it was.
template <class Change>
void refused_option(const std::string& argument, Change&& change) {
  GemmOptions options;
  ArrayOptions array;
  change(options, array);
  Report report;
  report.cycles = -5;
  INFO(argument);
  refused(emulation::try_cycles(2, 2, 2, Type::s8, Type::s8, options, array, report), Cause::bad_option, argument);
  CHECK(report.cycles == -5);
}

}  // namespace

TEST_CASE("cycles: options refused") {
  refused_option("options.array", [](auto& o, auto&) { o.array.height = 0; });
  refused_option("options.array", [](auto& o, auto&) { o.array.width = 65537; });
  refused_option("options.combine.lanes", [](auto& o, auto&) { o.combine.lanes = 257; });
  refused_option("options.combine.lanes", [](auto& o, auto&) { o.combine.lanes = 0; });
  refused_option("options.combine.window", [](auto& o, auto&) { o.combine.window = 0; });
  refused_option("options.combine.window", [](auto& o, auto&) { o.combine.window = (1 << 20) + 1; });
  refused_option("options.fold_depth", [](auto& o, auto&) { o.fold_depth = 8; });
  refused_option("options.a_zero_point", [](auto& o, auto&) { o.a_zero_point = 128; });
  refused_option("options.b_zero_point", [](auto& o, auto&) { o.b_zero_point = -129; });
  refused_option("options.alpha", [](auto& o, auto&) { o.alpha = 0.5; });
  refused_option("options.beta", [](auto& o, auto&) { o.beta = 0x1p40; });
  refused_option("array_options.bandwidth", [](auto&, auto& a) { a.bandwidth = -1; });
  refused_option("options.accumulate", [](auto& o, auto&) {
    o.dataflow = Dataflow::sOS;
    o.accumulate = Accumulate::fold_then_add;
  });
  refused_option("options.preload", [](auto& o, auto&) {
    o.preload.data = &o;
    o.beta = 1;
  });
  GemmOptions options;
  options.fold_depth = options.array.height;
  CHECK(emulation::cycles(2, 2, 2, Type::s8, Type::u8, options).folds == 1);
  options.a_zero_point = 1;
  Report report;
  refused(emulation::try_cycles(2, 2, 2, Type::f64, Type::f64, options, {}, report), Cause::bad_option,
          "options.a_zero_point");
}

TEST_CASE("cycles: shapes and types refused, and the largest that are not") {
  Report report;
  const auto shape = [&](Index m, Index n, Index k, const GemmOptions& options = {}) {
    return emulation::try_cycles(m, n, k, Type::f32, Type::f32, options, {}, report);
  };
  refused(shape(-1, 2, 2), Cause::bad_shape, "m");
  refused(shape(2, -1, 2), Cause::bad_shape, "n");
  refused(shape(2, 2, -1), Cause::bad_shape, "k");
  refused(shape(Index{1} << 32, 2, Index{1} << 31), Cause::bad_shape, "m");
  refused(shape(Index{1} << 21, Index{1} << 21, Index{1} << 21), Cause::bad_shape, "n");
  refused(shape(Index{1} << 40, Index{1} << 40, 0), Cause::bad_shape, "n");  // m * n outputs
  refused(shape(0, Index{1} << 40, Index{1} << 40), Cause::bad_shape, "n");
  GemmOptions one;
  one.array = {1, 1};
  refused(shape(Index{1} << 62, 1, 1, one), Cause::bad_shape, "n");  // 2^62 folds of 2 cycles
  CHECK(shape(Index{1} << 60, 1, 1, one).ok());
  CHECK(report.cycles == Index{1} << 61);
  CHECK(report.reads_a_words == Index{1} << 60);
  // 2^20 on each side: 2^16 tiles of m and n, and the sums of a naive loop would take years.
  CHECK(shape(Index{1} << 20, Index{1} << 20, Index{1} << 20).ok());
  CHECK(report.cycles == (Index{1} << 32) * ((Index{1} << 20) + 30 + 16));

  const auto types = [&](Type a, Type b) { return emulation::try_cycles(2, 2, 2, a, b, {}, {}, report); };
  refused(types(Type::f32, Type::f64), Cause::bad_type, "b_type");
  refused(types(Type::s8, Type::f32), Cause::bad_type, "b_type");
  refused(types(Type::u8, Type::s32), Cause::bad_type, "b_type");
  refused(types(Type::s32, Type::s32), Cause::bad_type, "a_type");
  CHECK(types(Type::u8, Type::s8).ok());
  CHECK_THROWS_AS(emulation::cycles(2, 2, 2, Type::f32, Type::s8), Error);
}

TEST_CASE("cycles: operands refused") {
  Report report;
  const auto with = [&](const Weights& a) {
    report.cycles = -5;
    const Status status = emulation::try_cycles(a, 3, Type::f32, {}, {}, report);
    CHECK(report.cycles == -5);
    return status;
  };
  const float values[] = {1, 2, 3};
  const std::int64_t ptr[] = {0, 2, 3}, index[] = {0, 2, 1};
  refused(with(row_major<const float>(nullptr, 2, 2)), Cause::bad_pointer, "a");
  refused(with(row_major(values, -2, 2)), Cause::bad_shape, "a");
  refused(with(row_major(values, 3, 2, Index{1} << 61)), Cause::bad_stride, "a");
  refused(with(PackedMatrix()), Cause::bad_pointer, "a");
  refused(with(csr<float, std::int32_t>(2, 2, nullptr, nullptr, nullptr)), Cause::bad_pointer, "a");
  refused(with(csr<float, std::int64_t>(2, 3, ptr, nullptr, values)), Cause::bad_pointer, "a");
  refused(with(csr<float, std::int64_t>(2, 3, ptr, index, nullptr)), Cause::bad_pointer, "a");
  CHECK(emulation::try_cycles(csr(2, 3, ptr, index, values), 3, Type::f32, {}, {}, report).ok());

  const auto broken = [&](const SparseView& a, const std::string& place) {
    const Status status = with(a);
    refused(status, Cause::bad_structure, "a");
    INFO(status.message());
    CHECK(status.message().find(place) != std::string::npos);
  };
  const std::int64_t late[] = {1, 2, 3}, falling[] = {0, 2, 1}, crowded[] = {0, 0, 3};
  const std::int64_t twice[] = {0, 1, 1}, outside[] = {0, 3, 1}, below[] = {0, 1, -1};
  const std::int64_t descending[] = {2, 0, 1};
  broken(csr(2, 3, late, index, values), "row 0");
  broken(csc(3, 2, falling, index, values), "column 1: the offsets");
  broken(csc(2, 2, crowded, index, values), "column 1: more elements");
  const std::int64_t one_two[] = {0, 1, 3};
  broken(csr(2, 3, one_two, twice, values), "row 1: index 1 occurs twice");
  broken(csr(2, 3, ptr, outside, values), "row 0: index 3");
  broken(csr(2, 3, ptr, below, values), "row 1: index -1");
  broken(csr(2, 3, ptr, descending, values), "row 0: index 0");
  SparseView narrow = csr(2, 3, ptr, index, values);
  narrow.index_bytes = 2;
  refused(with(narrow), Cause::bad_structure, "a");
}
