// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The machine under a measurement: what it is, what its ceilings are, and how its caches are emptied.
#pragma once

#include "bench/buffer.hpp"
#include "bench/candidate.hpp"
#include "settings.hpp"

#include <functional>
#include <string>

namespace septet::cli {

/// As the system tells; 0 or empty where it does not.
struct Machine {
  std::string cpu;
  Index logical_cpus = 0;
  Index l1_bytes = 0, l2_bytes = 0, l3_bytes = 0;
  std::string target;  ///< of our kernels
  std::string compiler;
  std::string version;  ///< Septet's
  std::string date_utc;

  Index last_cache_bytes() const { return l3_bytes > 0 ? l3_bytes : l2_bytes; }
};
Machine this_machine();

/// Runs work(thread) on as many threads, which are OpenMP's and so those of our products.
void on_all_threads(int threads, const std::function<void(int)>& work);

/// A buffer that is read, in equal shares by all threads, to empty the caches. One thread's share is never less than
/// the caches that it has for itself.
class Sweep {
 public:
  /// `bytes`: 0 for twice the last cache, within 16 and 256 MiB.
  Sweep(const Machine& machine, Index bytes);

  Index bytes() const { return bytes_; }
  /// Larger than the last cache: nothing of what was there before is left.
  bool empties_all(const Machine& machine) const { return bytes_ > machine.last_cache_bytes(); }
  void run(int threads) const;
  /// Bytes per second of such a sweep: the median of several.
  double bandwidth(int threads) const;

 private:
  Index bytes_;
  bench::Buffer buffer_;
};

/// A ceiling that is measured among the candidates of a point.
struct Probe {
  bench::Candidate candidate;
  std::string instruction;
  double amount = 0;  ///< of one call: operations, or bytes
};
/// Multiply-adds on registers alone, of the fastest instruction for the type.
Probe peak_probe(Type type, int threads);
/// Reads of a buffer as large as the operands together: the level of cache that they fit into, or memory. `once`: one
/// pass, for a cache that is cold.
Probe read_probe(double operand_bytes, int threads, bool once);

}  // namespace septet::cli
