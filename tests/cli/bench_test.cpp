// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet bench: what it writes, what it refuses, and its parts. No time is ever compared with anything.
#include "cli/bench/patterns.hpp"
#include "cli/bench/problem.hpp"
#include "cli/bench/records.hpp"
#include "cli/bench/results.hpp"
#include "cli/bench/tables.hpp"
#include "cli/report/escape.hpp"
#include "cli_test_support.hpp"
#include "page_support.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

namespace septet::cli::test {
namespace {

// A few milliseconds.
const std::string kQuick = "bench --rounds 2 --burst-ms 0.02 --sweep-mib 1 ";

const std::vector<std::string> kResultKeys = {"pattern",
                                              "pattern_detail",
                                              "matrix",
                                              "m",
                                              "k",
                                              "n",
                                              "nnz",
                                              "sparsity",
                                              "dtype",
                                              "threads",
                                              "cache",
                                              "candidate",
                                              "role",
                                              "state",
                                              "reason",
                                              "packed_as",
                                              "seconds_median",
                                              "seconds_lower_quartile",
                                              "seconds_upper_quartile",
                                              "rounds",
                                              "useful_gflop_s",
                                              "dense_gflop_s",
                                              "useful_share_of_peak",
                                              "a_bytes_values",
                                              "a_bytes_metadata",
                                              "a_bytes_per_nonzero",
                                              "operand_bytes",
                                              "intensity_flop_per_byte",
                                              "baseline",
                                              "baseline_seconds_median",
                                              "speedup",
                                              "speedup_lower_quartile",
                                              "speedup_upper_quartile",
                                              "pack_seconds",
                                              "pack_seconds_first",
                                              "break_even_products",
                                              "peak_gflop_s",
                                              "peak_instruction",
                                              "read_gb_s",
                                              "waited_share",
                                              "seed"};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Fields of a line of CSV, quotes resolved.
std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += line[++i];
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  CHECK_FALSE(quoted);
  return fields;
}

TEST_CASE("bench: every product with every candidate, its keys and what they say of each other") {
  const Folder folder;
  const Json json = folder.json(kQuick +
                                "--formats csr,csb,dense --shapes 20x30 --n 1,7 --sparsity 0.9,0.5 "
                                "--types f32,s8 --threads 1,2 --cache both --seed 5");
  CHECK(keys_of(json) == std::vector<std::string>{"verb", "version", "date_utc", "cpu", "logical_cpus", "l1_bytes",
                                                  "l2_bytes", "l3_bytes", "target", "compiler", "seed", "rounds",
                                                  "burst_ms", "sweep_bytes", "sweep_empties_all_caches",
                                                  "sweep_read_gb_s", "libraries", "results", "crossovers"});
  CHECK(json.at("verb") == "bench");
  CHECK(json.at("seed") == 5);
  CHECK(json.at("sweep_bytes") == 1 << 20);
  CHECK(json.at("sweep_read_gb_s").size() == 2);
  constexpr int kPoints = 2 * 2 * 2 * 2 * 2, kCandidates = 4;  // dense, dense_packed, csr, csb
  REQUIRE(json.at("results").size() == kPoints * kCandidates);
  std::map<std::string, int> count;
  for (const Json& result : json.at("results")) {
    CAPTURE(result.dump());
    CHECK(keys_of(result) == kResultKeys);
    CHECK(result.at("state") == "measured");
    CHECK(result.at("nnz") == (result.at("sparsity") < 0.7 ? 300 : 60));
    const double seconds = result.at("seconds_median"), n = result.at("n"), nnz = result.at("nnz");
    CHECK(seconds > 0);
    CHECK(result.at("seconds_lower_quartile") <= seconds);
    CHECK(result.at("seconds_upper_quartile") >= seconds);
    CHECK(result.at("rounds") == 2);
    CHECK(result.at("useful_gflop_s").get<double>() == doctest::Approx(2 * nnz * n / seconds * 1e-9));
    CHECK(result.at("dense_gflop_s").get<double>() == doctest::Approx(2 * 600 * n / seconds * 1e-9));
    const double bytes = result.at("a_bytes_values").get<double>() + result.at("a_bytes_metadata").get<double>();
    CHECK(result.at("a_bytes_per_nonzero").get<double>() == doctest::Approx(bytes / nnz));
    const double element = result.at("dtype") == "s8" ? 1 : 4;
    CHECK(result.at("operand_bytes").get<double>() == doctest::Approx(bytes + 30 * n * element + 20 * n * 4));
    CHECK(result.at("pack_seconds").is_null() == (result.at("candidate") == "dense"));
    CHECK(result.at("role") ==
          (result.at("candidate") == "csr" || result.at("candidate") == "csb" ? "format" : "dense"));
    if (result.at("candidate") == result.at("baseline")) CHECK(result.at("speedup") == 1);
    if (!result.at("break_even_products").is_null()) CHECK(seconds < result.at("baseline_seconds_median"));
    ++count[result.at("candidate").get<std::string>() + " " + result.at("cache").get<std::string>()];
  }
  CHECK(count.size() == 2 * kCandidates);
  for (const auto& of : count) CHECK_MESSAGE(of.second == kPoints / 2, of.first);
  CHECK(json.at("crossovers").size() == 2 * 2 * 2 * 2 * 2);  // n, type, threads, cache; csr and csb
  CHECK(keys_of(json.at("crossovers")[0]) == std::vector<std::string>{"pattern", "m", "k", "n", "dtype", "threads",
                                                                      "cache", "candidate", "kind", "sparsity"});
}

TEST_CASE("bench: CSV has the keys of the results, a line each, and quotes what it has to") {
  const Folder folder;
  folder.write("a,\"b\".mtx", "%%MatrixMarket matrix coordinate real general\n3 4 3\n1 1 2\n2 3 0\n3 4 -1\n");
  const std::string text = folder.works(kQuick + "--formats csr --n 2 --matrix 'a,\"b\".mtx' --csv -").out;
  const std::vector<std::string> lines = lines_of(text);
  REQUIRE(lines.size() == 4);
  CHECK(fields_of(lines[0]) == kResultKeys);
  const auto field = [&](std::size_t line, const std::string& key) {
    const auto at = std::find(kResultKeys.begin(), kResultKeys.end(), key) - kResultKeys.begin();
    return fields_of(lines[line])[static_cast<std::size_t>(at)];
  };
  for (std::size_t i = 1; i < lines.size(); ++i) REQUIRE(fields_of(lines[i]).size() == kResultKeys.size());
  CHECK(field(3, "candidate") == "csr");
  CHECK(field(3, "matrix") == "a,\"b\".mtx");
  CHECK(field(3, "nnz") == "2");  // a stored zero is a zero
  CHECK(field(3, "pattern") == "file");
  CHECK(field(1, "packed_as").empty());
}

TEST_CASE("bench: the report is one well-formed page that asks for nothing else") {
  const Folder folder;
  folder.write("<img src=x>&'.mtx", "%%MatrixMarket matrix coordinate pattern general\n3 4 2\n1 1\n3 4\n");
  folder.write("\xff.mtx", "%%MatrixMarket matrix coordinate pattern general\n3 4 2\n1 1\n3 4\n");
  const Outcome outcome = folder.works(kQuick +
                                       "--formats csr,tsb,nm --shapes 16x24 --n 1,5 --sparsity 0.3,0.6,0.9 "
                                       "--pattern uniform,nm --matrix \"<img src=x>&'.mtx\" '\xff.mtx' "
                                       "--cache both --report report.html --json report.json");
  CHECK(outcome.out.find("speed-up over dense") != std::string::npos);
  const std::string html = folder.read("report.html");
  check_page_alone(html);
  CHECK(html.find("&lt;img src=x&gt;&amp;&#39;.mtx") != std::string::npos);
  CHECK(html.find("\xff") == std::string::npos);
  CHECK(html.find("\xef\xbf\xbd.mtx") != std::string::npos);
  for (const char* part : {"speed-up over dense (times)", "zeros in A (%)", "bytes per non-zero", "useful GFLOP/s",
                           "arithmetic intensity", "All points", "Machine", "Method", "cold: 1 MiB"}) {
    CHECK_MESSAGE(html.find(part) != std::string::npos, part);
  }
  const Json results = Json::parse(folder.read("report.json")).at("results");
  std::size_t rows = 0;
  for (std::size_t at = 0; (at = html.find("<tr class=", at)) != std::string::npos; ++at) ++rows;
  CHECK(rows == results.size());
}

TEST_CASE("bench: a format that does not take a matrix is reported, and the rest is measured") {
  const Folder folder;
  const Json json = folder.json(kQuick + "--formats csr,nm --shapes 16x16 --n 3 --sparsity 0.25");
  int refused = 0;
  for (const Json& result : json.at("results")) {
    if (result.at("candidate") != "nm") {
      CHECK(result.at("state") == "measured");
      continue;
    }
    ++refused;
    CHECK(result.at("state") == "not_applicable");
    CHECK_FALSE(result.at("reason").get<std::string>().empty());
    CHECK(result.at("seconds_median").is_null());
    CHECK(result.at("speedup").is_null());
    CHECK(result.at("a_bytes_values").is_null());
  }
  CHECK(refused == 1);
  const std::string table = folder.works(kQuick + "--formats nm --shapes 16x16 --n 3 --sparsity 0.25 --details").out;
  CHECK(table.find("nm: not applicable: ") != std::string::npos);
}

TEST_CASE("bench: bad usage is refused before anything is measured, and nothing is written") {
  const Folder folder;
  const auto refused = [&](const std::string& flags, const std::string& argument, const std::string& part) {
    folder.refused(kQuick + flags, argument, part);
  };
  refused("--formats csr,quick", "--formats", "'quick' is none of dense, csr, csc, coo, bsr");
  refused("--formats csr,csr", "--formats", "named twice");
  refused("--formats csr,", "--formats", "'' is none of");
  refused("--sparsity 1", "--sparsity", "from 0 to less than 1");
  refused("--sparsity nan", "--sparsity", "from 0 to less than 1");
  refused("--sparsity x", "--sparsity", "'x' is not a number");
  refused("--pattern file", "--pattern", "none of uniform, vector, block, nm, banded, power-law");
  refused("--shapes 3", "--shapes", "two whole numbers with 'x' between");
  refused("--shapes 0x3", "--shapes", "0 is not 1 to");
  refused("--shapes 4x4,100000x100000", "--shapes", "more than");
  refused("--n 0", "--n", "0 is not 1 to");
  refused("--shapes 60000x10 --n 16777216", "--n", "more than");
  refused("--types f32,f8", "--types", "none of f32");
  refused("--threads 0", "--threads", "0 is not 1 to");
  refused("--cache hot", "--cache", "none of warm, cold");
  refused("--block 4", "--block", "'x' between");
  refused("--block 4x257", "--block", "257 is not 1 to 256");
  refused("--group 5:4", "--group", "5:4");
  refused("--group 2:17", "--group", "17 is not 1 to 16");
  refused("--slice 16,24", "--slice", "24 is no multiple of 16");
  refused("--exponent -1", "--exponent", "0 to 8");
  refused("--rounds 0", "--rounds", "0 is not 1 to");
  refused("--burst-ms 0", "--burst-ms", "0");
  refused("--array 0x4", "--array", "0 x 4");
  refused("--target Z80", "--target", "Z80");
  refused("--library nonsense", "--library", "'nonsense' is not NAME=PATH");
  refused("--library csr=x.so", "--library", "name of a format");
  refused("--library x=./nowhere.so", "--library", "x: ");
  refused("--library x=a.so --library x=b.so", "--library", "named twice");
  refused("--matrix nowhere.npy", "nowhere.npy", "cannot be opened");
  refused("--matrix random:0x3", "random:0x3", "nothing to measure");
  refused("--matrix random:4x4 --shapes 4x4", "--shapes", "--pattern");
  refused("--matrix random:4x4 --sparsity 0.5", "--sparsity", "--pattern");
  refused("extra", "extra", "one operand too many");
  refused("--json -  --csv -", "--csv", "stdout");
  refused("--report -", "--report", "needs a file");
  refused("--json x --csv x", "x", "another report");
  refused("--json nowhere/x.json", "nowhere/x.json", "cannot be created");
  refused("--csv . --json x", ".", "cannot be written");
  refused("--report nowhere/x.html --json x --csv y", "nowhere/x.html", "cannot be created");
  CHECK(folder.list().empty());
}

TEST_CASE("bench: patterns have the structure and the number of non-zeros that they say") {
  const PatternOptions options;
  const auto make = [&](PatternKind kind, double sparsity, Index rows = 37, Index cols = 50) {
    const Pattern pattern = make_pattern(kind, options, rows, cols, sparsity, 3);
    CHECK(pattern.nnz == std::count(pattern.live.begin(), pattern.live.end(), 1));
    CHECK(make_pattern(kind, options, rows, cols, sparsity, 3).live == pattern.live);
    return pattern;
  };
  for (const double sparsity : {0.0, 0.5, 0.83, 0.999}) {
    CAPTURE(sparsity);
    const auto wanted = static_cast<Index>(std::llround((1 - sparsity) * 37 * 50));
    for (const PatternKind kind : {PatternKind::uniform, PatternKind::banded, PatternKind::power_law}) {
      CHECK_MESSAGE(std::abs(make(kind, sparsity).nnz - wanted) <= 1, name(kind));
    }
  }
  const Pattern vectors = make(PatternKind::vector, 0.7, 40, 50);
  CHECK(vectors.nnz == 8 * 75);
  for (Index i = 0; i < 40; ++i) {
    for (Index j = 0; j < 50; ++j) CHECK(vectors.live[i * 50 + j] == vectors.live[i / 8 * 8 * 50 + j]);
  }
  const Pattern blocks = make(PatternKind::block, 0.5, 40, 48);
  CHECK(blocks.nnz == 16 * 60);
  for (Index i = 0; i < 40; ++i) {
    for (Index j = 0; j < 48; ++j) CHECK(blocks.live[i * 48 + j] == blocks.live[i / 4 * 4 * 48 + j / 4 * 4]);
  }
  CHECK(make(PatternKind::uniform, 0.5).live != make_pattern(PatternKind::uniform, options, 37, 50, 0.5, 4).live);
}

TEST_CASE("bench: n of m neighbours, with the pair next to the sparsity") {
  struct Case {
    double sparsity;
    const char* pair;
  };
  for (const auto& [sparsity, pair] : {Case{0.5, "2:4"}, {0.75, "1:4"}, {0.9, "1:10"}, {0.6, "2:5"}, {0.99, "1:16"}}) {
    const Pattern pattern = make_pattern(PatternKind::nm, {}, 9, 80, sparsity, 1);
    CHECK(pattern.detail == pair);
    const auto [n, m] = pattern.group;
    for (Index i = 0; i < 9; ++i) {
      for (Index j = 0; j < 80; j += m) {
        const auto begin = pattern.live.begin() + i * 80 + j;
        CHECK(std::count(begin, begin + m, 1) == n);
      }
    }
  }
}

TEST_CASE("bench: a band is around the diagonal, rows of a power law are not alike") {
  const Pattern band = make_pattern(PatternKind::banded, {}, 20, 20, 0.75, 1);
  for (Index i = 0; i < 20; ++i) {
    for (Index j = 0; j < 20; ++j) {
      if (band.live[i * 20 + j] != 0) CHECK(std::abs(i - j) <= 5);
    }
  }
  const Pattern law = make_pattern(PatternKind::power_law, {}, 100, 400, 0.9, 1);
  std::vector<Index> lengths;
  for (Index i = 0; i < 100; ++i) {
    lengths.push_back(std::count(law.live.begin() + i * 400, law.live.begin() + (i + 1) * 400, 1));
  }
  std::sort(lengths.rbegin(), lengths.rend());
  CHECK(lengths[0] == 400);
  CHECK(lengths[99] < lengths[0] / 20);
  CHECK(std::abs(lengths[9] - 10 * lengths[99]) <= 10);  // rank 10 and rank 100
}

TEST_CASE("bench: a wrong element is found, in the last bit for ours, beyond the rounding of any order for others") {
  const Pattern pattern = make_pattern(PatternKind::uniform, {}, 11, 30, 0.5, 1);
  const WeightMatrix a(pattern, Type::f32, 1);
  const Problem problem(a, 6, 2);
  CHECK(problem.difference(false).empty());  // the dense kernel's, as it was made
  problem.poison();
  CHECK_FALSE(problem.difference(false).empty());
  gemm(problem.a(), problem.b(), problem.c());
  CHECK(problem.difference(false).empty());
  float& element = static_cast<float*>(problem.c().data)[3 * 6 + 4];
  const float right = element;
  element = std::nextafter(right, 2 * right);
  CHECK(problem.difference(false).find("C(3, 4) (0-based) is ") == 0);
  CHECK(problem.difference(true).empty());
  element = right + 0.01F;
  CHECK(problem.difference(true).find("C(3, 4) (0-based) is ") == 0);
  problem.poison();
  CHECK_FALSE(problem.difference(true).empty());
}

// A group with these speed-ups of "csr" over a "dense" that takes a second.
Run run_of(const std::vector<std::pair<double, double>>& speedups) {
  Run run;
  for (const auto& [sparsity, speedup] : speedups) {
    Point point;
    point.m = point.k = 10, point.n = 1, point.nnz = 10;
    point.sparsity = sparsity;
    Result dense, csr;
    dense.candidate = "dense", dense.role = Role::dense, dense.rounds = {1, 1, 1};
    csr.candidate = "csr", csr.rounds = {1 / speedup, 1 / speedup, 1 / speedup}, csr.pack_s = 3;
    point.results = {dense, csr};
    run.points.push_back(point);
  }
  return run;
}

TEST_CASE("bench: the crossover is where the logarithm of the speed-up passes 0 for the last time") {
  const auto found = [](const std::vector<std::pair<double, double>>& speedups) {
    const Run run = run_of(speedups);
    return crossover(run.groups().front(), "csr");
  };
  CHECK(found({{0.9, 2}, {0.5, 0.5}})->sparsity == doctest::Approx(0.7));
  CHECK(found({{0.5, 0.5}, {0.9, 2}})->kind == Crossover::Kind::interpolated);
  CHECK(found({{0.5, 2}, {0.6, 0.5}, {0.8, 0.25}, {0.9, 4}})->sparsity == doctest::Approx(0.85));
  CHECK(found({{0.5, 0.5}, {0.9, 1}})->sparsity == doctest::Approx(0.9));
  CHECK(found({{0.5, 1.5}, {0.9, 2}})->kind == Crossover::Kind::below_all);
  CHECK(found({{0.5, 1.5}, {0.9, 2}})->sparsity == 0.5);
  CHECK(found({{0.5, 1.5}, {0.9, 0.9}})->kind == Crossover::Kind::above_all);
  CHECK_FALSE(found({{0.5, 1.5}}).has_value());
}

TEST_CASE("bench: noise is no crossover, and neither is auto that packs densely") {
  Run run = run_of({{0.5, 0.5}, {0.7, 1.1}, {0.9, 2}});
  run.points[1].results[1].rounds = {0.5, 0.9, 1.5};  // the median is faster, the lower quartile is not
  CHECK(crossover(run.groups().front(), "csr")->sparsity == 0.9);
  run = run_of({{0.5, 1.5}, {0.9, 2}});
  CHECK(text_of(*crossover(run.groups().front(), "csr")) == "everywhere (from 50.0 %)");
  for (Point& point : run.points) {
    point.results[1].candidate = "auto", point.results[1].packed_as = Format::dense;
  }
  CHECK(crossover(run.groups().front(), "auto")->kind == Crossover::Kind::above_all);
  run.points[1].results[1].packed_as = Format::csr;
  CHECK(crossover(run.groups().front(), "auto")->sparsity == 0.9);
}

TEST_CASE("bench: what cannot be swept, and a report that is no page") {
  const Folder folder;
  folder.refused(kQuick + "--formats csr --n 2 --sweep-mib 1000000", "--sweep-mib", "1000000 MiB");
  folder.refused(kQuick + "--formats csr --n 2 --report a.txt", "--report", "'a.txt' does not end in .html");
  CHECK(folder.list().empty());
}

TEST_CASE("bench: packing pays after packing time over time saved; what is wrong is no baseline") {
  Run run = run_of({{0.5, 4}});
  const Point& point = run.points[0];
  CHECK(point.break_even(point.results[1]).value() == doctest::Approx(3 / 0.75));
  CHECK_FALSE(point.break_even(point.results[0]).has_value());
  CHECK(point.speedup(point.results[1])->median == doctest::Approx(4));
  run.points[0].results[0].state = State::wrong;
  CHECK(run.points[0].baseline() == nullptr);
  CHECK_FALSE(run.points[0].speedup(run.points[0].results[1]).has_value());
  CHECK(record_of({}, run.points[0], run.points[0].results[1]).at("speedup").is_null());
}

TEST_CASE("bench: text for HTML") {
  CHECK(escaped("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;");
  CHECK(escaped("\xc3\xa9\xe2\x82\xac") == "\xc3\xa9\xe2\x82\xac");
  CHECK(escaped("\xc3(\xe2\x82") == "\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(escaped("\n") == "\xef\xbf\xbd");
}

}  // namespace
}  // namespace septet::cli::test
