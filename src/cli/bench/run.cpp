// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include "cli/errors.hpp"
#include "cli/progress.hpp"
#include "libraries.hpp"
#include "problem.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>

namespace septet::cli {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// A pattern to be made or read when its turn comes.
struct PatternSource {
  PatternKind kind;
  std::string path;
  MatrixShape shape;
  double sparsity = 0;
};

std::vector<PatternSource> sources_of(const BenchSettings& settings) {
  std::vector<PatternSource> sources;
  for (const PatternKind kind : settings.patterns) {
    for (const MatrixShape& shape : settings.shapes) {
      for (const double sparsity : settings.sparsities) {
        sources.push_back({kind, "", shape, sparsity});
        // One pair, one sparsity.
        if (kind == PatternKind::nm && settings.pattern_options.group) break;
      }
    }
  }
  for (const std::string& path : settings.matrices) sources.push_back({PatternKind::file, path, {}, 0});
  return sources;
}

Pattern pattern_of(const PatternSource& source, const BenchSettings& settings) {
  if (source.kind == PatternKind::file) return read_pattern(source.path);
  return make_pattern(source.kind, settings.pattern_options, source.shape.m, source.shape.k, source.sparsity,
                      settings.seed);
}

// What can be refused before anything is measured: an hour later would be late.
void check_source(const PatternSource& source, const BenchSettings& settings) {
  MatrixShape shape = source.shape;
  if (source.kind == PatternKind::file) {
    const Pattern pattern = read_pattern(source.path);
    shape = {pattern.rows, pattern.cols};
  } else {
    check_dense_size("--shapes", shape.m, shape.k);
  }
  for (const Index n : settings.columns) check_dense_size("--n", std::max(shape.m, shape.k), n);
}

// A candidate on its way: the entry of the results, and how it runs with so many threads.
struct Contender {
  Result result;
  PackedMatrix packed;                   // a format's
  const BlasLibrary* library = nullptr;  // or a library's

  std::function<void()> call(const Problem& problem, int threads) const {
    if (library != nullptr) return library->product(problem);
    GemmOptions options;
    options.threads = threads;
    const Weights a = packed.empty() ? Weights(problem.a()) : Weights(packed);
    return [a, options, b = problem.b(), c = problem.c()] { gemm(a, b, c, options); };
  }
};

// The first time may also start threads, or have the CPU's costs measured; it gives the matrix. Then the median of
// some more.
void pack_timed(const Problem& problem, const PackOptions& options, int rounds, Contender& contender) {
  constexpr double kEnough = 50e-3;
  const auto first = Clock::now();
  const Status status = try_pack(problem.a(), options, contender.packed);
  if (!status.ok()) {
    // What not even the dense kernel takes is no matter of the format.
    if (status.cause() == Cause::out_of_memory || contender.result.role == Role::dense) require(status);
    contender.result.state = State::not_applicable;
    contender.result.reason = status.message();
    return;
  }
  contender.result.first_pack_s = seconds_since(first);
  std::vector<double> seconds;
  for (double sum = 0; seconds.empty() || (sum < kEnough && static_cast<int>(seconds.size()) < rounds);) {
    PackedMatrix again;
    const auto begin = Clock::now();
    throw_if_error(try_pack(problem.a(), options, again));
    seconds.push_back(seconds_since(begin));
    sum += seconds.back();
  }
  contender.result.pack_s = bench::spread_of(seconds).median;
  contender.result.packed_as = contender.packed.format();
  const Footprint bytes = contender.packed.footprint();
  contender.result.values_bytes = bytes.values, contender.result.metadata_bytes = bytes.metadata;
}

Contender contender_of(std::string name, Role role, const Problem& problem) {
  Contender contender;
  contender.result.candidate = std::move(name);
  contender.result.role = role;
  const ConstMatrix a = problem.a();
  contender.result.values_bytes = a.rows * a.cols * size_of(a.type);
  return contender;
}

// Calls it once and compares. What it refuses is not applicable.
void check(Contender& contender, const Problem& problem, int threads) {
  if (contender.result.state == State::not_applicable) return;
  problem.poison();
  try {
    contender.call(problem, threads)();
  } catch (const Error& refused) {
    if (refused.status().cause() == Cause::out_of_memory) throw;
    contender.result.state = State::not_applicable;
    contender.result.reason = refused.status().message();
    return;
  }
  const std::string wrong = problem.difference(contender.library != nullptr);
  if (wrong.empty()) return;
  contender.result.state = State::wrong;
  contender.result.reason = wrong;
}

class Bench {
 public:
  explicit Bench(const BenchSettings& settings)
      : settings_(settings),
        machine_(this_machine()),
        sweep_(machine_, settings.sweep_bytes),
        progress_("septet bench", "point") {
    for (const LibraryPath& path : settings.libraries) libraries_.emplace_back(path);
  }

  Run run();

 private:
  void measure_matrix(const PatternSource& source, Type type);
  std::vector<Contender> contenders(const Problem& problem, const Pattern& pattern) const;
  Point point_of(const Pattern& pattern, const Problem& problem, int threads, Cache cache) const;
  void measure_point(const Problem& problem, std::vector<Contender> contenders, Point point);

  const BenchSettings& settings_;
  const Machine machine_;
  const Sweep sweep_;
  std::deque<BlasLibrary> libraries_;
  ProgressLine progress_;
  Index done_ = 0, total_ = 0;
  std::vector<Point> points_;
};

Run Bench::run() {
  Run run;
  run.settings = settings_;
  run.machine = machine_;
  run.sweep_bytes = sweep_.bytes();
  run.sweep_empties_all = sweep_.empties_all(machine_);
  const std::vector<PatternSource> sources = sources_of(settings_);
  for (const PatternSource& source : sources) check_source(source, settings_);
  total_ = static_cast<Index>(sources.size() * settings_.types.size() * settings_.columns.size() *
                              settings_.threads.size() * settings_.caches.size());
  for (const int threads : settings_.threads) run.sweep_bandwidth[threads] = sweep_.bandwidth(threads);
  for (const Type type : settings_.types) {
    for (const PatternSource& source : sources) measure_matrix(source, type);
  }
  run.points = std::move(points_);
  return run;
}

void Bench::measure_matrix(const PatternSource& source, Type type) {
  const Pattern pattern = pattern_of(source, settings_);
  const WeightMatrix a(pattern, type, settings_.seed);
  for (const Index n : settings_.columns) {
    const Problem problem(a, n, settings_.seed + 1);
    const std::vector<Contender> packed = contenders(problem, pattern);
    for (const int threads : settings_.threads) {
      for (const Cache cache : settings_.caches) {
        measure_point(problem, packed, point_of(pattern, problem, threads, cache));
        progress_.show(++done_, total_);
      }
    }
  }
}

std::vector<Contender> Bench::contenders(const Problem& problem, const Pattern& pattern) const {
  std::vector<Contender> all = {contender_of("dense", Role::dense, problem)};
  PackOptions options = settings_.packing;
  options.expected_cols = problem.b().cols;
  if (pattern.kind == PatternKind::nm) options.group = pattern.group;
  const auto add_packed = [&](const char* candidate, Role role, Format format) {
    all.push_back(contender_of(candidate, role, problem));
    options.format = format;
    pack_timed(problem, options, settings_.rounds, all.back());
  };
  add_packed("dense_packed", Role::dense, Format::dense);
  for (const BlasLibrary& library : libraries_) {
    if (!BlasLibrary::multiplies(problem.a().type)) continue;
    all.push_back(contender_of(library.name(), Role::library, problem));
    all.back().library = &library;
  }
  for (const Format format : settings_.formats) {
    if (format != Format::dense) add_packed(septet::name(format), Role::format, format);  // it is there anyway
  }
  return all;
}

Point Bench::point_of(const Pattern& pattern, const Problem& problem, int threads, Cache cache) const {
  Point point;
  point.kind = pattern.kind;
  point.detail = pattern.detail;
  point.m = pattern.rows, point.k = pattern.cols, point.n = problem.b().cols;
  point.nnz = pattern.nnz;
  point.sparsity = pattern.sparsity();
  point.type = problem.a().type;
  point.threads = threads;
  point.cache = cache;
  return point;
}

void Bench::measure_point(const Problem& problem, std::vector<Contender> contenders, Point point) {
  const int threads = point.threads;
  const bool cold = point.cache == Cache::cold;
  const double operand_bytes =
      static_cast<double>(point.m * point.k * size_of(point.type)) + problem.bytes_of_b_and_c();
  const Probe peak = peak_probe(point.type, threads), read = read_probe(operand_bytes, threads, cold);
  std::vector<bench::Candidate> candidates = {peak.candidate, read.candidate};
  std::vector<Contender*> measured;
  for (Contender& contender : contenders) {
    const BlasLibrary* library = contender.library;
    if (library != nullptr && !library->set_threads(threads)) {
      contender.result.reason = "no function to set its threads: as many as its environment says";
    }
    check(contender, problem, threads);
    if (contender.result.state != State::measured) continue;
    measured.push_back(&contender);
    candidates.push_back({contender.result.candidate, contender.call(problem, threads),
                          library == nullptr ? bench::Runtime::openmp : bench::Runtime::own, bench::Role::ours, "",
                          nullptr});
  }
  bench::MeasureOptions options;
  options.rounds = settings_.rounds;
  options.burst_s = settings_.burst_s;
  options.threads = threads;
  if (cold) options.sweep = [this, threads] { sweep_.run(threads); };
  const bench::Measured times = bench::measure(candidates, options);
  point.peak = peak.amount / bench::spread_of(times.rounds[0]).median;
  point.peak_instruction = peak.instruction;
  point.bandwidth = read.amount / bench::spread_of(times.rounds[1]).median;
  point.waited = times.waited;
  for (std::size_t i = 0; i < measured.size(); ++i) measured[i]->result.rounds = times.rounds[i + 2];
  for (Contender& contender : contenders) point.results.push_back(std::move(contender.result));
  points_.push_back(std::move(point));
}

}  // namespace

Run measure_all(const BenchSettings& settings) {
  if (!settings.target.empty()) require(set_target(settings.target.c_str()));
  return Bench(settings).run();
}

}  // namespace septet::cli
