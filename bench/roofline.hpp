// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the machine would allow for a product, measured in the same rounds as the candidates:
//
//   peak       operations per second of a loop on registers (see peak.hpp). Where the order of the sums asks for more
//              than one instruction per multiply-add, the peak is divided by that: 2 if unfused, (d + 1) / d in folds
//              of d
//   bandwidth  bytes per second of a loop that reads a buffer as large as A, B and C together, over and over: whichever
//              level of cache that fits into, or memory, is the level whose bandwidth it sees. (At least 16 KB per
//              thread, the first level anyway, for the sake of the loop.)
//   roofline   the lower of peak and operations / bytes * bandwidth, bytes being A, B and C once each
//
// Floats are summed one after the other along k. With few outputs that chain is what bounds us, and only us, because a
// peer may split it: those products are shown with their share of the chain's time, but not compared.
#pragma once

#include "bench/candidate.hpp"
#include "bench/measure.hpp"
#include "bench/peak.hpp"
#include "bench/problem.hpp"

namespace septet::bench {

/// Fewer outputs than this do not fill the registers with chains: two ports, four cycles, sixteen lanes.
constexpr Index kFewOutputs = 128;

/// A loop to measure beside the candidates, and what one call of it does: operations, or bytes.
struct Probe {
  Candidate candidate;
  double work = 0;
};
Probe peak_probe(Type type, InstructionLimit limit, int threads);
/// Reads as many bytes as that, shared among the threads.
Probe read_probe(double bytes, int threads);

class Roofline {
 public:
  Roofline(const Problem& problem, InstructionLimit limit);

  /// The loops to measure beside the candidates.
  const std::vector<Candidate>& probes() const { return probes_; }

  /// Medians, and the bound of each round.
  struct Result {
    double peak = 0;        ///< operations per second
    std::string peak_name;  ///< instruction
    double bandwidth = 0;   ///< bytes per second
    double bound = 0;       ///< operations per second
    bool by_memory = false;
    bool by_chain = false;    ///< the chains of additions are what bounds us
    Rounds fastest_possible;  ///< seconds of a call that reaches the bound
  };
  /// `rounds`: of the probes, in their order.
  Result evaluate(const std::vector<Rounds>& rounds) const;

 private:
  void add_peak(InstructionLimit limit);
  void add_read();
  void add_chain();

  const Problem& problem_;
  bool by_chain_;
  std::string peak_name_;
  double peak_operations_ = 0;  // of one call of the first probe
  double read_bytes_ = 0;       // of the second
  std::vector<Candidate> probes_;
};

}  // namespace septet::bench
