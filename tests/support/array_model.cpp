// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "array_model.hpp"

#include <algorithm>

namespace septet::support {

namespace {

using emulation::Report;

Index ceil_div(Index x, Index y) { return (x + y - 1) / y; }

/// The number of bits that tell `choices` values apart.
Index bits_for(Index choices) {
  Index bits = 0;
  while ((Index{1} << bits) < choices) ++bits;
  return bits;
}

double rounded(double value, Type type) {
  return type == Type::f32 ? static_cast<double>(static_cast<float>(value)) : value;
}

/// An ArrayProblem with the words of the page.
struct Array {
  explicit Array(const ArrayProblem& problem, Dataflow flow)
      : a(problem.a),
        options(problem.options),
        dataflow(flow),
        sparse(is_sparse(flow)),
        M(problem.a.rows),
        N(problem.n),
        K(problem.a.cols),
        H(problem.options.array.height),
        W(problem.options.array.width),
        a_size(size_of(problem.a_type)) {
    const Type accumulator = accumulator_of(problem.a_type);
    const bool beta_c = rounded(options.alpha, accumulator) == 1 && rounded(options.beta, accumulator) != 0;
    preload = beta_c || options.preload.data != nullptr;
    chained = options.accumulate == Accumulate::chained;
    reads_a_and_b = rounded(options.alpha, accumulator) != 0;
  }

  const Pattern& a;
  const GemmOptions& options;
  Dataflow dataflow;
  bool sparse;
  Index M, N, K, H, W, a_size;
  bool preload = false;       ///< sums start from something
  bool chained = true;        ///< false: zero enters at the top, always
  bool reads_a_and_b = true;  ///< false: alpha = 0, nothing to do
};

Dataflow resolved(const ArrayProblem& problem) {
  return resolve(problem.options.dataflow, problem.options.accumulate, problem.a_is_sparse);
}

std::vector<Index> all_of(Index count) {
  std::vector<Index> list;
  for (Index i = 0; i < count; ++i) list.push_back(i);
  return list;
}

std::vector<Index> range(Index first, Index count) {
  std::vector<Index> list;
  for (Index i = 0; i < count; ++i) list.push_back(first + i);
  return list;
}

// ---- formats, section 5 ----

/// First and second stage of a bitmap tile: one bit per vector, one per element of each live vector.
Index bitmap_bytes(Index vectors, Index height, Index live) { return ceil_div(vectors + height * live, 8); }

/// The CSB of rows [m0, m0 + height): all of it, values included.
Index csb_bytes(const Array& x, Index m0, Index height) {
  const auto steps = combine_columns(x.a, m0, height, x.options.combine);
  const Index lanes = x.options.combine.lanes;
  Index index_bits = 0, presence_bits = 0;
  for (const auto& columns : steps) {
    index_bits += bits_for(lanes + 1) + static_cast<Index>(columns.size()) * bits_for(x.K);
    presence_bits += height;
  }
  const Index weights = count_nonzeros(x.a, m0, 0, height, x.K);
  const Index weight_bits = weights * (bits_for(lanes) + 8 * x.a_size);
  return 4 + ceil_div(index_bits, 8) + ceil_div(presence_bits, 8) + ceil_div(weight_bits, 8);
}

Index csb_metadata_bytes(const Array& x, Index m0, Index height) {
  return csb_bytes(x, m0, height) - count_nonzeros(x.a, m0, 0, height, x.K) * x.a_size;
}

void count_format(const Array& x, Report& report) {
  if (!x.sparse) {
    report.a_bytes_values = x.M * x.K * x.a_size;
    return;
  }
  report.a_bytes_values = count_nonzeros(x.a) * x.a_size;
  if (x.dataflow == Dataflow::sIS) {
    for (Index k0 = 0; k0 < x.K; k0 += x.H) {
      const Index depth = std::min(x.H, x.K - k0);
      const Index live = static_cast<Index>(live_rows(x.a, k0, depth).size());
      report.a_bytes_metadata += bitmap_bytes(x.M, depth, live);
    }
    return;
  }
  const Index tile = x.dataflow == Dataflow::sWS ? x.W : x.H;
  for (Index m0 = 0; m0 < x.M; m0 += tile) {
    const Index height = std::min(tile, x.M - m0);
    const Index live = static_cast<Index>(live_columns(x.a, m0, height).size());
    report.a_bytes_metadata +=
        x.dataflow == Dataflow::csOS ? csb_metadata_bytes(x, m0, height) : bitmap_bytes(x.K, height, live);
  }
}

// ---- folds, sections 3 and 4 ----

std::vector<Fold> os_folds(const Array& x) {
  std::vector<Fold> folds;
  for (Index m0 = 0; m0 < x.M; m0 += x.H) {
    const Index r = std::min(x.H, x.M - m0);
    const std::vector<Index> live = x.sparse ? live_columns(x.a, m0, r) : all_of(x.K);
    const Index columns = static_cast<Index>(live.size());
    const Index nonzeros = count_nonzeros(x.a, m0, 0, r, x.K);
    Index steps = columns;
    Index metadata = x.dataflow == Dataflow::sOS ? bitmap_bytes(x.K, r, columns) : 0;
    if (x.dataflow == Dataflow::csOS) {
      steps = static_cast<Index>(combine_columns(x.a, m0, r, x.options.combine).size());
      metadata = csb_metadata_bytes(x, m0, r);
    }
    for (Index n0 = 0; n0 < x.N; n0 += x.W) {
      if (steps == 0) continue;
      Fold f;
      f.m_tile = m0;
      f.n_tile = n0;
      f.steps = steps;
      f.rows = r;
      f.cols = std::min(x.W, x.N - n0);
      f.written_rows = range(m0, r);
      f.reads_a = x.sparse ? nonzeros : r * steps;
      f.zeros_injected = x.dataflow == Dataflow::sOS ? r * steps - nonzeros : 0;
      f.reads_b = columns * f.cols;
      f.reads_c = x.preload ? r * f.cols : 0;
      f.writes_c = r * f.cols;
      f.macs = x.dataflow == Dataflow::csOS ? nonzeros * f.cols : r * f.cols * steps;
      f.metadata_bytes = metadata;
      folds.push_back(f);
    }
  }
  return folds;
}

std::vector<Fold> ws_folds(const Array& x) {
  std::vector<Fold> folds;
  if (x.N == 0) return folds;
  for (Index m0 = 0; m0 < x.M; m0 += x.W) {
    const Index c = std::min(x.W, x.M - m0);
    const std::vector<Index> live = x.sparse ? live_columns(x.a, m0, c) : all_of(x.K);
    const Index columns = static_cast<Index>(live.size());
    for (Index first = 0; first < columns; first += x.H) {
      const Index r = std::min(x.H, columns - first);
      Index nonzeros = 0;
      for (Index i = first; i < first + r; ++i) {
        nonzeros += count_nonzeros(x.a, m0, live[static_cast<std::size_t>(i)], c, 1);
      }
      const bool enters = x.chained && (first > 0 || x.preload);
      Fold f;
      f.m_tile = m0;
      f.k_tile = first;
      f.steps = x.N;
      f.rows = r;
      f.cols = c;
      f.written_rows = range(m0, c);
      f.reads_a = x.sparse ? nonzeros : r * c;
      f.zeros_injected = x.sparse ? r * c - nonzeros : 0;
      f.reads_b = r * f.steps;
      f.reads_c = enters ? c * f.steps : 0;
      f.writes_c = c * f.steps;
      f.macs = r * c * f.steps;
      f.metadata_bytes = x.sparse ? ceil_div((first == 0 ? x.K : 0) + c * r, 8) : 0;
      folds.push_back(f);
    }
  }
  return folds;
}

std::vector<Fold> is_folds(const Array& x) {
  std::vector<Fold> folds;
  for (Index n0 = 0; n0 < x.N; n0 += x.W) {
    const Index c = std::min(x.W, x.N - n0);
    std::vector<bool> written(static_cast<std::size_t>(x.M), false);  // by an earlier fold of this n-tile
    for (Index k0 = 0; k0 < x.K; k0 += x.H) {
      const Index r = std::min(x.H, x.K - k0);
      Fold f;
      f.streamed_rows = x.sparse ? live_rows(x.a, k0, r) : all_of(x.M);
      f.steps = static_cast<Index>(f.streamed_rows.size());
      if (f.steps == 0) continue;
      f.n_tile = n0;
      f.k_tile = k0;
      f.rows = r;
      f.cols = c;
      f.written_rows = f.streamed_rows;
      const Index nonzeros = count_nonzeros(x.a, 0, k0, x.M, r);
      f.reads_a = x.sparse ? nonzeros : r * f.steps;
      f.zeros_injected = x.sparse ? r * f.steps - nonzeros : 0;
      f.reads_b = r * c;
      for (const Index m : f.streamed_rows) {
        const bool enters = x.chained && (written[static_cast<std::size_t>(m)] || x.preload);
        f.reads_c += enters ? c : 0;
        written[static_cast<std::size_t>(m)] = true;
      }
      f.writes_c = c * f.steps;
      f.macs = r * c * f.steps;
      f.metadata_bytes = x.sparse ? bitmap_bytes(x.M, r, f.steps) : 0;
      folds.push_back(f);
    }
  }
  return folds;
}

std::vector<Fold> folds_of(const Array& x) {
  if (!x.reads_a_and_b) return {};
  if (is_output_stationary(x.dataflow)) return os_folds(x);
  if (x.dataflow == Dataflow::dWS || x.dataflow == Dataflow::sWS) return ws_folds(x);
  return is_folds(x);
}

/// Outputs that no fold writes.
Index unwritten_outputs(const Array& x, const std::vector<Fold>& folds) {
  Pattern written(x.M, x.N);
  const bool weight_stationary = x.dataflow == Dataflow::dWS || x.dataflow == Dataflow::sWS;
  for (const Fold& f : folds) {
    const Index width = weight_stationary ? x.N : f.cols;
    for (const Index m : f.written_rows) {
      for (Index n = f.n_tile; n < f.n_tile + width; ++n) written.set(m, n);
    }
  }
  return x.M * x.N - count_nonzeros(written);
}

// ---- cycles, section 7 ----

/// Z_f: how much later than `f` the next fold must start because of a row that is live in both.
Index chain_delay(const Array& x, const Fold& f, const Fold& next) {
  Index delay = 0;
  if (x.dataflow != Dataflow::sIS || !x.chained || f.n_tile != next.n_tile) return delay;
  std::vector<Index> step_of_row(static_cast<std::size_t>(x.M), -1);
  for (Index t = 0; t < f.steps; ++t) {
    step_of_row[static_cast<std::size_t>(f.streamed_rows[static_cast<std::size_t>(t)])] = t;
  }
  for (Index t = 0; t < next.steps; ++t) {
    const Index before = step_of_row[static_cast<std::size_t>(next.streamed_rows[static_cast<std::size_t>(t)])];
    if (before >= 0) delay = std::max(delay, before - t + x.H);
  }
  return delay;
}

/// Total cycles of the overlapped design; `hold` is the least time that each fold holds the array.
Index overlapped_cycles(const Array& x, const std::vector<Fold>& folds, const std::vector<Index>& hold, Index P,
                        Index D) {
  Index start = P;
  for (std::size_t f = 0; f + 1 < folds.size(); ++f) {
    const Index T = folds[f].steps;
    start += std::max({T, P, T + D - folds[f + 1].steps, chain_delay(x, folds[f], folds[f + 1]), hold[f]});
  }
  return start + std::max(folds.back().steps + x.H + x.W - 2 + D, hold.back());
}

void count_cycles(const Array& x, const std::vector<Fold>& folds, const std::vector<Index>& hold, Timing timing,
                  Report& report) {
  if (folds.empty()) return;
  const bool os = is_output_stationary(x.dataflow);
  const Index P = os && !x.preload ? 0 : x.H;
  const Index D = os ? x.H : 0;
  if (timing == Timing::overlapped) {
    const std::vector<Index> no_limit(folds.size(), 0);
    const Index unlimited = overlapped_cycles(x, folds, no_limit, P, D);
    report.cycles = overlapped_cycles(x, folds, hold, P, D);
    report.cycles_preload = P;
    report.cycles_drain = D;
    report.cycles_stall = report.cycles - unlimited;
    report.cycles_stream = unlimited - P - D;
    return;
  }
  const Index counted_drain = timing == Timing::scalesim ? 0 : D;
  for (std::size_t f = 0; f < folds.size(); ++f) {
    const Index stream = folds[f].steps + x.H + x.W - 2;
    const Index length = P + stream + counted_drain;
    report.cycles += std::max(length, hold[f]);
    report.cycles_preload += P;
    report.cycles_stream += stream;
    report.cycles_drain += counted_drain;
    report.cycles_stall += std::max(length, hold[f]) - length;
  }
}

void count_words(const Array& x, const std::vector<Fold>& folds, Report& report) {
  for (const Fold& f : folds) {
    report.reads_a_words += f.reads_a;
    report.zeros_injected += f.zeros_injected;
    report.reads_b_words += f.reads_b;
    report.reads_c_words += f.reads_c;
    report.writes_c_words += f.writes_c;
    report.macs_issued += f.macs;
  }
  report.writes_c_words += unwritten_outputs(x, folds);
}

/// The dense dataflow that a sparse one skips elements of.
Dataflow dense_counterpart(Dataflow dataflow) {
  switch (dataflow) {
    case Dataflow::sOS:
    case Dataflow::csOS:
      return Dataflow::dOS;
    case Dataflow::sWS:
      return Dataflow::dWS;
    case Dataflow::sIS:
      return Dataflow::dIS;
    default:
      return dataflow;
  }
}

void name_run(const ArrayProblem& problem, const Array& x, Report& report) {
  report.dataflow = x.dataflow;
  report.array_height = x.H;
  report.array_width = x.W;
  report.timing = problem.array_options.timing;
  report.accumulate = problem.options.accumulate;
  report.mac = problem.options.mac;
  report.accumulator = problem.options.accumulator;
  report.fold_accumulator = problem.options.fold_accumulator;
  report.flush_subnormals = problem.options.flush_subnormals;
  report.m = x.M;
  report.n = x.N;
  report.k = x.K;
  report.a_type = problem.a_type;
  report.b_type = problem.b_type;
  report.macs_dense = x.M * x.N * x.K;
}

}  // namespace

std::vector<Fold> array_folds(const ArrayProblem& problem) { return folds_of(Array(problem, resolved(problem))); }

Index fold_bytes(const Fold& fold, const ArrayProblem& problem) {
  return fold.reads_a * size_of(problem.a_type) + fold.reads_b * size_of(problem.b_type) +
         (fold.reads_c + fold.writes_c) * size_of(accumulator_of(problem.a_type)) + fold.metadata_bytes;
}

Report array_report(const ArrayProblem& problem) {
  const Array x(problem, resolved(problem));
  const std::vector<Fold> folds = folds_of(x);
  Report report;
  name_run(problem, x, report);
  report.folds = static_cast<Index>(folds.size());

  std::vector<Index> hold;  // cycles that a fold's bytes take
  for (const Fold& f : folds) {
    const Index bandwidth = problem.array_options.bandwidth;
    hold.push_back(bandwidth == 0 ? 0 : ceil_div(fold_bytes(f, problem), bandwidth));
  }
  count_cycles(x, folds, hold, problem.array_options.timing, report);
  count_words(x, folds, report);
  if (x.reads_a_and_b) {
    report.nnz = count_nonzeros(x.a);
    report.macs_useful = report.nnz * x.N;
    count_format(x, report);
    Index dense_reads = 0;
    for (const Fold& f : folds_of(Array(problem, dense_counterpart(x.dataflow)))) dense_reads += f.reads_a;
    report.elements_skipped = dense_reads - report.reads_a_words - report.zeros_injected;
  }
  const double pe_cycles = static_cast<double>(x.H) * static_cast<double>(x.W) * static_cast<double>(report.cycles);
  report.utilization = report.cycles == 0 ? 0 : static_cast<double>(report.macs_useful) / pe_cycles;
  return report;
}

}  // namespace septet::support
