// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Around the measurements of a program: the core it stays on, the libraries it opens, the line that says how far it is.
#pragma once

#include "bench/common_options.hpp"
#include "bench/report.hpp"

#include <string>
#include <vector>

namespace septet::bench {

template <class AnyPeer>
struct Open {
  std::string name;
  std::unique_ptr<AnyPeer> peer;
};
using OpenPeer = Open<Peer>;

/// Those of `entries` that are wanted and there. Each one wanted is a participant, the missing with their reason.
template <class AnyPeer>
std::vector<Open<AnyPeer>> open_peers(const std::vector<EntryOf<AnyPeer>>& entries, const CommonOptions& options,
                                      std::vector<Participant>& participants) {
  std::vector<Open<AnyPeer>> open;
  for (const EntryOf<AnyPeer>& entry : entries) {
    if (!options.wants_peer(entry.name)) continue;
    Participant participant{entry.name, "", "", ""};
    try {
      auto peer = entry.open(options.peer_settings(entry.name));
      participant.version = peer->version();
      participant.instructions = peer->instructions();
      open.push_back({entry.name, std::move(peer)});
    } catch (const Missing& missing) {
      participant.missing = missing.what();
    }
    participants.push_back(participant);
  }
  return open;
}

/// One thread stays on one core; more are the runtimes' own business.
void pin(int threads);

/// Where somebody looks.
class ProgressLine {
 public:
  ProgressLine();
  void show(const std::string& text) const;
  void clear() const { show(""); }

 private:
  bool terminal_;
};

/// Throws std::runtime_error naming the file.
void write_json(const nlohmann::json& json, const std::string& path);

}  // namespace septet::bench
