// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Dense products of named shapes, ours beside what else a user could call, interleaved round by round, every result
// checked. `bench_gemm --help` has examples.
#include "bench/options.hpp"
#include "bench/peers/peer.hpp"
#include "bench/report.hpp"
#include "bench/session.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>

namespace septet::bench {
namespace {

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

bool ours_is_right(const std::vector<Row>& rows) {
  return std::all_of(rows.begin(), rows.end(),
                     [](const Row& row) { return row.ours() == nullptr || row.ours()->is_right; });
}

int run(const Options& options) {
  pin(options.setting.threads);
  limit_instructions(options.limit);
  Run run{options.setting, options.measuring, {}, {}};
  const std::vector<OpenPeer> peers = open_peers(all_peers(), options, run.participants);
  std::cout << participants_text(run.participants);
  if (options.list) return 0;
  std::cout << '\n' << table_header(options.setting) << std::flush;
  measure_all(options, peers, run);
  std::cout << '\n' << summary(run);
  if (!options.json.empty()) write_json(to_json(run), options.json);
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
