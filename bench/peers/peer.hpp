// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A library that multiplies matrices, ours among them, as the benchmark sees it. One file per peer; peers.cpp has the
// list of them.
#pragma once

#include "bench/candidate.hpp"
#include "bench/instructions.hpp"
#include "bench/problem.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace septet::bench {

struct PeerSettings {
  int threads = 1;
  InstructionLimit limit = InstructionLimit::all;
  std::string library;  ///< a path instead of the usual name
};

class Peer {
 public:
  virtual ~Peer() = default;
  virtual std::string version() const = 0;
  /// The instruction set that it says it uses, in its own words.
  virtual std::string instructions() const = 0;
  /// Adds every way a user of this library could compute the product; nothing if there is none.
  virtual void propose(const Problem& problem, std::vector<Candidate>& candidates) = 0;
};

/// Thrown by what opens a peer, with the reason why it cannot take part.
class Missing : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <class AnyPeer>
struct EntryOf {
  const char* name;
  std::unique_ptr<AnyPeer> (*open)(const PeerSettings&);  ///< may throw Missing
};
using PeerEntry = EntryOf<Peer>;
/// Septet first.
const std::vector<PeerEntry>& all_peers();

std::unique_ptr<Peer> open_septet(const PeerSettings& settings);
std::unique_ptr<Peer> open_openblas(const PeerSettings& settings);
std::unique_ptr<Peer> open_blis(const PeerSettings& settings);
std::unique_ptr<Peer> open_mkl(const PeerSettings& settings);
std::unique_ptr<Peer> open_onednn(const PeerSettings& settings);
std::unique_ptr<Peer> open_libxsmm(const PeerSettings& settings);
std::unique_ptr<Peer> open_eigen(const PeerSettings& settings);

}  // namespace septet::bench
