// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// CSV, Chrome trace and picture; and windows: what one shows is what the whole trace shows there, wherever it is.
#include "traced.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace {

using namespace septet;
using namespace septet::support;
using namespace septet::trace_test;
using emulation::TraceWindow;
using Json = nlohmann::json;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// Rows of a CSV by the names of its columns.
std::vector<std::map<std::string, std::string>> csv_rows(const std::string& text) {
  const std::vector<std::string> lines = split(text, '\n');
  const std::vector<std::string> names = split(lines.at(0), ',');
  std::vector<std::map<std::string, std::string>> rows;
  REQUIRE(lines.back().empty());
  for (std::size_t i = 1; i + 1 < lines.size(); ++i) {
    const std::vector<std::string> fields = split(lines[i], ',');
    REQUIRE(fields.size() == names.size());
    std::map<std::string, std::string>& row = rows.emplace_back();
    for (std::size_t j = 0; j < names.size(); ++j) row[names[j]] = fields[j];
  }
  return rows;
}

bool within(const emulation::TraceRange& range, const std::string& field) {
  if (field.empty() || range.everything()) return true;
  const Index number = std::stoll(field);
  return range.begin <= number && number < range.end;
}

// The lines of a CSV that a window keeps.
std::string windowed(const std::string& csv, const TraceWindow& window) {
  std::string kept;
  for (const std::string& line : split(csv, '\n')) {
    if (line.empty()) continue;
    const std::vector<std::string> fields = split(line, ',');
    const bool head = kept.empty();
    if (!head &&
        !(within(window.cycles, fields[0]) && within(window.rows, fields[2]) && within(window.cols, fields[3]))) {
      continue;
    }
    kept += line + "\n";
  }
  return kept;
}

emulation::TraceRange random_range(Rng& rng, Index size) {
  const Index begin = rng.between(0, size - 1);
  return {begin, rng.between(begin + 1, size)};
}

// Events of Chrome's trace by lane, in file order.
struct Lanes {
  std::map<int, std::string> names;
  std::map<int, std::vector<Json>> events;
};

Lanes chrome_lanes(const Json& trace) {
  Lanes lanes;
  for (const Json& event : trace["traceEvents"]) {
    if (event["ph"] == "M" && event["name"] == "thread_name") lanes.names[event["tid"]] = event["args"]["name"];
    if (event["ph"] == "X") lanes.events[event["tid"]].push_back(event);
  }
  return lanes;
}

}  // namespace

TEST_CASE("CSV: the MACs of the trace are those of the report, and every element is used where it belongs") {
  for (int d = 1; d <= 7; ++d) {
    for (int i = 0; i < problem_count(20); ++i) {
      for_random_problem(static_cast<std::uint64_t>(2000 * d + i), small_problem(d), [](auto& p) {
        INFO(describe(p));
        emulation::Report report;
        Index macs = 0, writes = 0, stalls = 0;
        std::map<std::string, std::vector<Index>> ks;  // by output: k of its products in the order of time
        for (auto& row : csv_rows(traced(p, emulation::csv_sink, report))) {
          stalls += row["unit"] == "stall";
          writes += row["unit"] == "store";
          if (row["unit"] != "pe" || row["action"] == "idle") continue;
          ++macs;
          ks[row["m"] + "," + row["n"]].push_back(std::stoll(row["k"]));
        }
        CHECK(macs == report.macs_issued);
        CHECK(writes <= report.writes_c_words);
        CHECK(stalls == report.cycles_stall);
        // Under fold-then-add nothing waits for the fold before.
        const bool ascending =
            p.options.accumulate == Accumulate::chained &&
            (report.dataflow != Dataflow::csOS || p.options.combine.policy == CombinePolicy::in_order);
        for (auto& [output, k] : ks) CHECK((!ascending || std::is_sorted(k.begin(), k.end())));
      });
    }
  }
}

TEST_CASE("windows show what the whole trace shows there") {
  for (int d = 1; d <= 7; ++d) {
    for (int i = 0; i < problem_count(30); ++i) {
      const auto seed = static_cast<std::uint64_t>(3000 * d + i);
      for_random_problem(seed, small_problem(d), [&](auto& p) {
        emulation::Report report, same;
        const std::string all = traced(p, emulation::csv_sink, report);
        if (report.cycles == 0) return;
        Rng rng(seed);
        for (int window = 0; window < 3; ++window) {
          const TraceWindow part{random_range(rng, report.cycles), random_range(rng, report.array_height),
                                 random_range(rng, report.array_width)};
          INFO(describe(p) << " cycles " << part.cycles.begin << ":" << part.cycles.end);
          CHECK(traced(p, emulation::csv_sink, same, part) == windowed(all, part));
          CHECK(same.cycles == report.cycles);
        }
      });
    }
  }
}

TEST_CASE("engines: the trace is the same beside each of them") {
  for (int d = 1; d <= 7; ++d) {
    for_random_problem(static_cast<std::uint64_t>(4000 + d), small_problem(d), [](auto& p) {
      INFO(describe(p));
      emulation::Report report;
      std::set<std::string> traces;
      for (const Engine engine : {Engine::registers, Engine::plan, Engine::plain}) {
        p.array_options.engine = engine;
        traces.insert(traced(p, emulation::vcd_sink, report));
      }
      CHECK(traces.size() == 1);
    });
  }
}

TEST_CASE("Chrome trace: valid JSON; events of a lane follow each other within the window") {
  for (int d = 1; d <= 7; ++d) {
    for (int i = 0; i < problem_count(20); ++i) {
      const auto seed = static_cast<std::uint64_t>(5000 * d + i);
      for_random_problem(seed, small_problem(d), [&](auto& p) {
        INFO(describe(p));
        Rng rng(seed);
        emulation::Report report;
        traced(p, emulation::csv_sink, report);
        TraceWindow window;
        if (report.cycles > 0 && rng.chance(0.5)) window.cycles = random_range(rng, report.cycles);
        const bool whole = window.cycles.everything();
        const Json trace = Json::parse(traced(p, emulation::chrome_sink, report, window));
        CHECK(trace["otherData"]["cycles"] == report.cycles);
        const Lanes lanes = chrome_lanes(trace);
        CHECK(static_cast<Index>(lanes.names.size()) == 6 + report.array_height);
        const Index begin = window.cycles.begin;
        // Under scalesim the last drain is not counted.
        const Index end = whole ? report.cycles + report.array_height : window.cycles.end;
        Index macs = 0, injected = 0, folds = 0, stalls = 0;
        for (const auto& [lane, events] : lanes.events) {
          Index free = begin;
          for (const Json& event : events) {
            const Index ts = event["ts"], dur = event["dur"];
            CHECK(ts >= free);
            CHECK(dur > 0);
            free = ts + dur;
            const Json& args = event["args"];
            if (lanes.names.at(lane) == "stall") stalls += dur;
            if (lanes.names.at(lane) == "folds") {
              ++folds;
              CHECK(event["name"] == "fold " + std::to_string(args["fold"].get<Index>()));
              if (whole) CHECK(dur == args["steps"].get<Index>());
              CHECK(ts == std::max(args["start"].get<Index>(), begin));
            } else if (lanes.names.at(lane).find("PE row") == 0) {
              macs += args["mac"].get<Index>() + args["injected"].get<Index>() + args["gated"].get<Index>();
            } else if (args.contains("injected")) {
              injected += args["injected"].get<Index>();
            }
          }
          CHECK(free <= end);
        }
        if (!whole) return;
        CHECK(macs == report.macs_issued);
        CHECK(injected == report.zeros_injected);
        CHECK(folds == report.folds);
        CHECK(stalls == report.cycles_stall);
      });
    }
  }
}

TEST_CASE("picture: one cell for every MAC, and nothing from elsewhere") {
  for (int d = 1; d <= 7; ++d) {
    for (int i = 0; i < problem_count(10); ++i) {
      for_random_problem(static_cast<std::uint64_t>(6000 * d + i), small_problem(d), [](auto& p) {
        p.array_options.bandwidth = 0;  // or the run may be too long
        INFO(describe(p));
        emulation::Report report;
        const std::string svg = traced(p, emulation::picture_sink, report);
        CHECK(svg.rfind("<svg xmlns=\"http://www.w3.org/2000/svg\"", 0) == 0);
        CHECK(svg.substr(svg.size() - 7) == "</svg>\n");
        for (const char* foreign : {"href", "url(", "<script", "@import"})
          CHECK(svg.find(foreign) == std::string::npos);
        Index macs = 0;  // cells of the paths "M<x> <y>h<length>v1h-<length>z"
        for (const char* colour : {"mac", "inj", "gat"}) {
          const std::string mark = std::string("<path class=\"") + colour + "\" d=\"";
          for (std::size_t at = svg.find(mark); at != std::string::npos; at = svg.find(mark, at + 1)) {
            const std::string path = svg.substr(at + mark.size(), svg.find('"', at + mark.size()) - at - mark.size());
            for (std::size_t run = path.find('h'); run != std::string::npos; run = path.find("zM", run)) {
              run = path.find('h', run);
              macs += std::stoll(path.substr(run + 1));
            }
          }
        }
        CHECK(macs == report.macs_issued);
      });
    }
  }
}

TEST_CASE("numbers are printed exactly") {
  using emulation::to_text;
  CHECK(to_text(0xff, {Type::s8, 8}) == "-1");
  CHECK(to_text(0xff, {Type::u8, 8}) == "255");
  CHECK(to_text(0x101, {Type::s16, 9}) == "-255");
  CHECK(to_text(0xffff, {Type::s16, 16}) == "-1");
  CHECK(to_text(0x80000000, {Type::s32, 32}) == "-2147483648");
  CHECK(to_text(0x80000, {Type::s32, 20}) == "-524288");
  CHECK(to_text(0x3dcccccd, {Type::f32, 32}) == "0.1");
  CHECK(to_text(0x80000000, {Type::f32, 32}) == "-0");
  CHECK(to_text(0x7f800000, {Type::f32, 32}) == "inf");
  CHECK(to_text(0xffc00001, {Type::f32, 32}) == "nan");
  CHECK(to_text(0x1, {Type::f32, 32}) == "1e-45");
  CHECK(to_text(0x3fb999999999999a, {Type::f64, 64}) == "0.1");
  CHECK(to_text(0x3f80, {Type::bf16, 16}) == "1");
  CHECK(to_text(0x7bff, {Type::f16, 16}) == "65504");
}
