// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Sparse products, ours in every format beside the best dense product and what else a user could call for sparse
// weights, interleaved round by round, every result checked. `bench_sparse --help` has examples.
//
// Weights are known beforehand: packing, analysis and conversion, ours and the peers', are outside the timed region.
#include "bench/packed_formats.hpp"
#include "bench/session.hpp"
#include "bench/sparse_options.hpp"
#include "bench/sparse_summary.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>

namespace septet::bench {
namespace {

struct Peers {
  std::vector<OpenPeer> dense;
  std::vector<Open<SparsePeer>> sparse;
};

// One matrix, to be multiplied for every n.
struct LayerWeights {
  Shape shape;  // n: its own
  Pattern pattern;
  PatternKind kind;
  double zeros;
};

// A candidate and what is known of it.
struct Contender {
  Candidate candidate;
  SparseEntry entry;
};

// The products of one matrix. Its CSR serves every n.
class MatrixBench {
 public:
  MatrixBench(const LayerWeights& matrix, const SparseOptions& options, const Peers& peers)
      : matrix_(matrix), options_(options), peers_(peers) {}

  Point measure_columns(Index n);

 private:
  void gather(const SparseProblem& problem, Point& point);
  void add_ours(const SparseProblem& problem, Point& point);
  void add_dense(const Problem& problem);
  void add_peers(const SparseProblem& problem, Point& point);
  void add_format(const FormatCandidate& format, const std::string& name, Kind kind);
  void check(const Problem& problem);
  void drop_slow();
  void drop_other_single();
  void measure_kept(const SparseProblem& problem, Point& point);

  const LayerWeights& matrix_;
  const SparseOptions& options_;
  const Peers& peers_;
  std::shared_ptr<const SparseWeights> weights_;
  std::vector<Contender> contenders_;  // of the n at hand
};

Point MatrixBench::measure_columns(Index n) {
  Shape shape = matrix_.shape;
  shape.n = n;
  const Problem problem(shape, options_.setting, &matrix_.pattern);
  if (weights_ == nullptr) weights_ = std::make_shared<SparseWeights>(problem.a(problem.original()));
  Point point;
  point.shape = shape;
  point.pattern = matrix_.kind.name;
  point.zeros = matrix_.zeros;
  point.nnz = weights_->nnz();
  point.useful_operations = 2.0 * static_cast<double>(point.nnz) * static_cast<double>(n);
  const SparseProblem sparse{problem, weights_};
  gather(sparse, point);
  check(problem);
  drop_slow();
  measure_kept(sparse, point);
  for (Contender& contender : contenders_) point.entries.push_back(std::move(contender.entry));
  contenders_.clear();
  return point;
}

void MatrixBench::gather(const SparseProblem& problem, Point& point) {
  add_ours(problem, point);
  add_dense(problem.problem);
  add_peers(problem, point);
  std::stable_sort(contenders_.begin(), contenders_.end(),
                   [](const Contender& a, const Contender& b) { return a.candidate.runtime < b.candidate.runtime; });
}

void MatrixBench::add_format(const FormatCandidate& format, const std::string& name, Kind kind) {
  contenders_.push_back({format.candidate, {name, format.format, kind, true, true, format.bytes, 0, {}}});
}

void MatrixBench::add_ours(const SparseProblem& problem, Point& point) {
  const int threads = options_.setting.threads;
  std::vector<FormatCandidate> formats;
  const PackedFormats packed(problem.problem.a(problem.problem.original()),
                             format_variants(matrix_.kind, options_.formats, problem.n()));
  packed.propose(problem, threads, formats);
  for (const FormatCandidate& format : formats) add_format(format, format.candidate.name, Kind::format);
  add_format(automatic(problem, threads), "automatic", Kind::automatic);
  point.left_out = packed.refused();
  if (threads == 1) return;
  formats.clear();
  packed.propose(problem, 1, formats);
  for (const FormatCandidate& format : formats) {
    add_format(format, format.candidate.name + " on one thread", Kind::single);
  }
}

void MatrixBench::add_dense(const Problem& problem) {
  std::vector<Candidate> dense;
  for (const OpenPeer& open : peers_.dense) open.peer->propose(problem, dense);
  for (const Candidate& candidate : dense) {
    const bool is_ours = candidate.role == Role::ours;
    const double bytes = static_cast<double>(problem.a_stride() * size_of(problem.setting().types.a));
    contenders_.push_back(
        {candidate, {candidate.name, candidate.implementation, Kind::dense, is_ours, true, bytes, 0, {}}});
  }
}

void MatrixBench::add_peers(const SparseProblem& problem, Point& point) {
  std::vector<Candidate> sparse;
  for (const auto& open : peers_.sparse) open.peer->propose(problem, sparse, point.left_out);
  for (const Candidate& candidate : sparse) {
    contenders_.push_back({candidate, {candidate.name, candidate.implementation, Kind::peer, false, true, 0, 0, {}}});
  }
}

// The first call is checked; those after it are the trial.
void MatrixBench::check(const Problem& problem) {
  const Buffer expected = dense_product(problem);
  for (Contender& contender : contenders_) {
    const Operands& operands = *contender.candidate.operands;
    problem.poison(operands);
    contender.candidate.run();
    if (contender.candidate.fetch) contender.candidate.fetch();
    contender.entry.is_right = problem.is_right(operands);
    if (contender.entry.is_ours) {
      contender.entry.is_right &= same_bits(operands.c, expected, problem.setting().types.c);
    }
    contender.entry.trial_s = glance(contender.candidate, options_.setting.threads);
  }
}

// What is far behind the best of its kind is not worth the time of all the rounds. The entry stays, without rounds.
void MatrixBench::drop_slow() {
  constexpr int kKinds = 5;
  double best[kKinds] = {};
  for (const Contender& contender : contenders_) {
    double& least = best[static_cast<int>(contender.entry.kind)];
    if (contender.entry.is_right && (least == 0 || contender.entry.trial_s < least)) least = contender.entry.trial_s;
  }
  for (Contender& contender : contenders_) {
    const bool is_slow = contender.entry.trial_s > options_.give_up * best[static_cast<int>(contender.entry.kind)];
    const bool is_needed = contender.entry.kind == Kind::dense && contender.entry.is_ours;
    const bool gives_up = options_.give_up > 0 && is_slow && !is_needed;
    if (gives_up || !contender.entry.is_right) contender.candidate.run = nullptr;
  }
  drop_other_single();
}

// Of those on one thread, the twin of the best on all of them stays.
void MatrixBench::drop_other_single() {
  const Contender* best = nullptr;
  for (const Contender& contender : contenders_) {
    if (contender.entry.kind != Kind::format || !contender.candidate.run) continue;
    if (best == nullptr || contender.entry.trial_s < best->entry.trial_s) best = &contender;
  }
  const std::string name = best == nullptr ? "" : best->entry.name + " on one thread";
  const auto is_other = [&](const Contender& c) { return c.entry.kind == Kind::single && c.entry.name != name; };
  contenders_.erase(std::remove_if(contenders_.begin(), contenders_.end(), is_other), contenders_.end());
}

// Per second, round by round.
Rounds rates_of(const Probe& probe, const Rounds& seconds) {
  Rounds rates;
  for (const double one : seconds) rates.push_back(probe.work / one);
  return rates;
}

// What is read at least: A in the smallest of our formats, and B and C.
double bytes_of(const std::vector<Contender>& contenders, const Problem& problem) {
  double least = static_cast<double>(problem.original().a.bytes());
  const double others = problem.bytes() - least;
  for (const Contender& contender : contenders) {
    if (contender.entry.kind == Kind::format && contender.candidate.run) least = std::min(least, contender.entry.bytes);
  }
  return least + others;
}

void MatrixBench::measure_kept(const SparseProblem& problem, Point& point) {
  const Setting& setting = options_.setting;
  const Probe peak = peak_probe(setting.types.a, options_.limit, setting.threads);
  const Probe read = read_probe(bytes_of(contenders_, problem.problem), setting.threads);
  std::vector<Candidate> all = {peak.candidate, read.candidate};
  std::vector<SparseEntry*> entries;
  for (Contender& contender : contenders_) {
    if (!contender.candidate.run) continue;
    all.push_back(contender.candidate);
    entries.push_back(&contender.entry);
  }
  const Measured measured = measure(all, options_.measuring);
  point.peak_name = peak.candidate.implementation;
  point.peak = rates_of(peak, measured.rounds[0]);
  point.bandwidth = rates_of(read, measured.rounds[1]);
  point.waited = measured.waited;
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i]->rounds = measured.rounds[i + 2];
}

double dense_operations(const Shape& shape, Index n) {
  return 2.0 * static_cast<double>(shape.m) * static_cast<double>(shape.k) * static_cast<double>(n);
}

class Series {
 public:
  Series(const SparseOptions& options, const Peers& peers, SparseRun& run)
      : options_(options), peers_(peers), run_(run) {}

  void measure_shapes();
  void measure_files();

 private:
  void measure_matrix(const LayerWeights& matrix);

  const SparseOptions& options_;
  const Peers& peers_;
  SparseRun& run_;
  ProgressLine progress_;
};

// Points go out as soon as they have all their rounds.
void Series::measure_matrix(const LayerWeights& matrix) {
  MatrixBench bench(matrix, options_, peers_);
  for (const Index listed : options_.columns) {
    const Index n = listed == 0 ? matrix.shape.n : listed;
    if (dense_operations(matrix.shape, n) > options_.largest) {
      run_.left_out.push_back(
          {fmt::format("{} n {} {} {}", matrix.shape.name, n, matrix.kind.name, matrix.zeros),
           fmt::format("of more than {:.3g} GFLOP when dense (--largest)", options_.largest * 1e-9)});
      continue;
    }
    progress_.show(fmt::format("{} n {}, {} {:.3g}", matrix.shape.name, n, matrix.kind.name, matrix.zeros));
    run_.points.push_back(bench.measure_columns(n));
    progress_.clear();
    std::cout << sparse_table_row(run_.points.back(), options_.details) << std::flush;
  }
}

void Series::measure_shapes() {
  for (const Shape& shape : options_.shapes()) {
    for (const PatternKind& kind : options_.patterns) {
      const double own = kind.is_grouped() ? 1 - static_cast<double>(kind.group_n) / kind.group_m : 0;
      const std::vector<double> zeros = kind.is_grouped() ? std::vector<double>{own} : options_.zeros;
      for (const double share : zeros) {
        const LayerWeights weights{shape, make_pattern(kind, shape.m, shape.k, share), kind, share};
        measure_matrix(weights);
      }
    }
  }
}

void Series::measure_files() {
  PatternKind kind;
  kind.name = "file";
  for (const std::string& path : options_.matrices) {
    for (const std::string& file : pattern_files(path)) {
      const std::string name = std::filesystem::path(file).stem().string();
      if (name.find(options_.filter) == std::string::npos) continue;
      Pattern pattern = read_pattern(file);
      const Shape shape = {name, pattern.rows, 1, pattern.cols};
      const double elements = static_cast<double>(shape.m) * static_cast<double>(shape.k);
      const double zeros = 1 - static_cast<double>(pattern.nnz()) / elements;
      const LayerWeights weights{shape, std::move(pattern), kind, zeros};
      measure_matrix(weights);
    }
  }
}

bool ours_is_right(const std::vector<Point>& points) {
  for (const Point& point : points) {
    const auto is_wrong = [](const SparseEntry& entry) { return entry.is_ours && !entry.is_right; };
    if (std::any_of(point.entries.begin(), point.entries.end(), is_wrong)) return false;
  }
  return true;
}

std::string give_up_text(double times) {
  if (times == 0) return "";
  return fmt::format(" Given up: what took {} times longer than the best of its kind at a glance.", times);
}

int run(const SparseOptions& options) {
  pin(options.setting.threads);
  limit_instructions(options.limit);
  SparseRun run;
  run.setting = options.setting;
  run.measuring = options.measuring;
  run.cache_bytes = options.cache_bytes;
  const Peers peers = {open_peers(all_peers(), options, run.participants),
                       open_peers(all_sparse_peers(), options, run.sparse_participants)};
  std::cout << "dense\n"
            << participants_text(run.participants) << "sparse\n"
            << participants_text(run.sparse_participants);
  if (options.list) return 0;
  std::cout << "\nNot timed: packing, analysis and conversion of A." << give_up_text(options.give_up) << '\n'
            << sparse_table_header(options.setting) << std::flush;
  Series series(options, peers, run);
  if (options.matrices.empty()) {
    series.measure_shapes();
  } else {
    series.measure_files();
  }
  std::cout << '\n' << sparse_summary(run);
  if (!options.json.empty()) write_json(to_json(run), options.json);
  return ours_is_right(run.points) ? 0 : 1;
}

}  // namespace
}  // namespace septet::bench

int main(int argc, char** argv) try {
  septet::bench::SparseOptions options;
  if (const int code = septet::bench::parse(argc, argv, options); code >= 0) return code;
  return septet::bench::run(options);
} catch (const std::exception& error) {
  std::cerr << "bench_sparse: " << error.what() << '\n';
  return 2;
}
