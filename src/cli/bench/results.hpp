// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What `septet bench` found out: points of the axes, what every candidate did there, and where sparse meets dense.
#pragma once

#include "bench/measure.hpp"
#include "machine.hpp"
#include "settings.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

/// `dense`: our dense kernel, from A as it is or packed. `library`: a BLAS of the user's. `format`: what is compared.
enum class Role : std::uint8_t { dense, library, format };
const char* name(Role role);

enum class State : std::uint8_t { measured, not_applicable, wrong };
const char* name(State state);

struct Result {
  std::string candidate;  ///< "dense", "dense_packed", a library's name, or a format's
  Role role = Role::format;
  State state = State::measured;
  std::string reason;               ///< why it is not applicable, or what is wrong; a note on a library
  std::optional<Format> packed_as;  ///< none: from A as it is
  Index values_bytes = 0, metadata_bytes = 0;
  double pack_s = 0, first_pack_s = 0;  ///< the median; the first, untimed one apart
  bench::Rounds rounds;                 ///< seconds of a call in each; empty unless measured

  bench::Spread seconds() const { return bench::spread_of(rounds); }
};

/// One product, and all candidates' rounds at it.
struct Point {
  PatternKind kind = PatternKind::uniform;
  std::string detail;  ///< of the pattern; a file's path
  Index m = 0, k = 0, n = 0, nnz = 0;
  double sparsity = 0;  ///< of the matrix as it is, not as it was asked for
  Type type = Type::f32;
  int threads = 1;
  Cache cache = Cache::warm;
  double peak = 0;  ///< operations per second, measured in the same rounds
  std::string peak_instruction;
  double bandwidth = 0;  ///< bytes per second, likewise
  double waited = 0;     ///< share of the time in which others had our cores
  std::vector<Result> results;

  double useful_operations() const { return 2.0 * static_cast<double>(nnz) * static_cast<double>(n); }
  double dense_operations() const {
    return 2.0 * static_cast<double>(m) * static_cast<double>(k) * static_cast<double>(n);
  }
  /// A in its form, B and C, once each.
  double bytes(const Result& result) const;
  /// Of the dense kernel's and the libraries' results the fastest; none if all are wrong.
  const Result* baseline() const;
  /// Round by round, how many times faster than the baseline.
  std::optional<bench::Spread> speedup(const Result& result) const;
  /// Products after which packing has paid; none if the format is not the faster one.
  std::optional<double> break_even(const Result& result) const;
};

/// Points that differ in sparsity alone (files: in the matrix).
struct Group {
  std::vector<const Point*> points;  ///< by ascending sparsity
  const Point& first() const { return *points.front(); }
  /// "uniform, 512x512, n = 49, f32, 1 thread, warm".
  std::string title() const;
};

/// From which sparsity on a format is faster than dense.
struct Crossover {
  enum class Kind : std::uint8_t { interpolated, below_all, above_all };
  Kind kind = Kind::above_all;
  double sparsity = 0;  ///< interpolated: between two points; else the lowest or the highest that was measured
};
const char* name(Crossover::Kind kind);

struct Run {
  BenchSettings settings;
  Machine machine;
  Index sweep_bytes = 0;
  bool sweep_empties_all = false;
  std::map<int, double> sweep_bandwidth;  ///< by threads: bytes per second of such a sweep
  std::vector<Point> points;

  std::vector<Group> groups() const;
  /// Names of the candidates with this role, in the order of the results.
  std::vector<std::string> candidates(Role role) const;
};

/// Of a candidate's results, by its name; null if it has none.
const Result* result_of(const Point& point, const std::string& candidate);

/// The lowest sparsity above which the format is faster (the lower quartile of the speed-ups is at least 1) at all
/// points of the group, by the logarithms of the median speed-ups between two of them. `auto` is not where it packs
/// densely. None where it was measured at fewer than two, and for files, which are different matrices.
std::optional<Crossover> crossover(const Group& group, const std::string& candidate);

}  // namespace septet::cli
