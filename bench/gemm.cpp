// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Dense products of named shapes, ours beside what else a user could call, interleaved round by round, every result
// checked. `bench_gemm --help` has examples.
#include "bench/options.hpp"
#include "bench/peers/peer.hpp"
#include "bench/report.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

namespace septet::bench {
namespace {

struct OpenPeer {
  std::string name;
  std::unique_ptr<Peer> peer;
};

// One thread stays on one core; more are the runtimes' own business.
void pin(int threads) {
  if (threads > 1) return;
  cpu_set_t allowed, one;
  CPU_ZERO(&one);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0; --cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    CPU_SET(cpu, &one);
    ::sched_setaffinity(0, sizeof one, &one);
    return;
  }
}

std::vector<OpenPeer> open_peers(const Options& options, std::vector<Participant>& participants) {
  std::vector<OpenPeer> open;
  for (const PeerEntry& entry : all_peers()) {
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

// Candidates of one runtime stand together, so that a round changes runtimes as seldom as it can.
void group_by_runtime(std::vector<Candidate>& candidates) {
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.runtime < b.runtime; });
}

Row measure_shape(const Shape& shape, const Options& options, const std::vector<OpenPeer>& peers) {
  const Problem problem(shape, options.setting);
  std::vector<Candidate> candidates;
  for (const OpenPeer& open : peers) open.peer->propose(problem, candidates);
  group_by_runtime(candidates);
  Row row{shape, problem.operations(), {}, {}, 0};
  for (const Candidate& candidate : candidates) {
    problem.poison(*candidate.operands);
    candidate.run();
    const bool right = problem.is_right(*candidate.operands);
    row.entries.push_back({candidate.name, candidate.implementation, candidate.role, right, {}});
  }
  const Roofline roofline(problem, options.limit);
  std::vector<Candidate> all = roofline.probes();
  const auto probes = static_cast<std::ptrdiff_t>(all.size());
  all.insert(all.end(), candidates.begin(), candidates.end());
  const Measured measured = measure(all, options.measuring);
  const auto first_entry = measured.rounds.begin() + probes;
  row.roofline = roofline.evaluate({measured.rounds.begin(), first_entry});
  row.waited = measured.waited;
  for (std::size_t i = 0; i < row.entries.size(); ++i)
    row.entries[i].rounds = first_entry[static_cast<std::ptrdiff_t>(i)];
  return row;
}

// Where somebody looks.
class ProgressLine {
 public:
  void show(const std::string& text) const {
    if (terminal_) std::cerr << "\r" << text << "\033[K" << std::flush;
  }
  void clear() const { show(""); }

 private:
  bool terminal_ = ::isatty(STDERR_FILENO) == 1;
};

// Rows go out as soon as they have all their rounds.
void measure_all(const Options& options, const std::vector<OpenPeer>& peers, Run& run) {
  const ProgressLine progress;
  const std::vector<Shape> shapes = options.shapes();
  for (int pass = 1; pass <= options.repeats; ++pass) {
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      progress.show(fmt::format("{} of {}, {} of {}: {}", pass, options.repeats, i + 1, shapes.size(), shapes[i].name));
      const Row row = measure_shape(shapes[i], options, peers);
      progress.clear();
      if (pass == 1) {
        run.rows.push_back(row);
      } else {
        run.rows[i].append(row);
      }
      if (pass == options.repeats) std::cout << table_row(run.rows[i], options.details) << std::flush;
    }
  }
}

void write_json(const Run& run, const std::string& path) {
  std::ofstream file(path);
  file << to_json(run).dump(1) << '\n';
  if (!file.flush()) throw std::runtime_error(path + ": cannot be written");
}

bool ours_is_right(const std::vector<Row>& rows) {
  return std::all_of(rows.begin(), rows.end(),
                     [](const Row& row) { return row.ours() == nullptr || row.ours()->is_right; });
}

int run(const Options& options) {
  pin(options.setting.threads);
  limit_instructions(options.limit);
  Run run{options.setting, options.measuring, {}, {}};
  const std::vector<OpenPeer> peers = open_peers(options, run.participants);
  std::cout << participants_text(run.participants);
  if (options.list) return 0;
  std::cout << '\n' << table_header(options.setting) << std::flush;
  measure_all(options, peers, run);
  std::cout << '\n' << summary(run);
  if (!options.json.empty()) write_json(run, options.json);
  return ours_is_right(run.rows) ? 0 : 1;
}

}  // namespace
}  // namespace septet::bench

int main(int argc, char** argv) try {
  septet::bench::Options options;
  if (const int code = septet::bench::parse(argc, argv, options); code >= 0) return code;
  return septet::bench::run(options);
} catch (const std::exception& error) {
  std::cerr << "bench_gemm: " << error.what() << '\n';
  return 2;
}
