// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// explore: killed and resumed, in parts and merged, the file is that of one undisturbed process, byte for byte.
#include "explore_support.hpp"

#include "support/storage.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

namespace septet::cli::test {
namespace {

using Clock = std::chrono::steady_clock;

const std::string kSweep = "explore t.csv --sweep sweep.json";

// Machines that a journal has all of.
Index machines_in(const std::string& journal) {
  Index count = 0;
  for (std::size_t at = 0; (at = journal.find("\nmachine ", at)) != std::string::npos; ++at) ++count;
  return count;
}

// The command in a process of its own, ended by SIGKILL after `patience` unless it has ended before. False: killed.
bool survives(const Folder& folder, const std::string& arguments, std::chrono::microseconds patience) {
  const std::string command = "cd '" + folder.path("") + "' && exec " SEPTET_CLI " " + arguments + " >/dev/null 2>&1";
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    ::_exit(127);
  }
  const auto end = Clock::now() + patience;
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (Clock::now() >= end) ::kill(child, SIGKILL);
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  if (!WIFEXITED(status)) return false;
  CHECK(WEXITSTATUS(status) == 0);
  return true;
}

}  // namespace

TEST_CASE("cli: explore: killed at random moments, no point is lost and none is there twice") {
  const ExploreFolder f;
  // Long enough to be hit in the middle of it.
  const std::string arguments =
      "explore t.csv --threads 2 --arrays 2x2,4x4,8x8 --buffer-total 8K,16K --splits 16 --bandwidths 1,2,4,8 "
      "--dataflows auto,dOS -o ";
  constexpr Index kMachines = 3 * 2 * 106 * 4;
  const auto start = Clock::now();
  REQUIRE(survives(f.folder, arguments + "whole.csv", std::chrono::minutes(5)));
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
  const std::string expected = f.folder.read("whole.csv");
  CHECK(csv_rows(expected).size() == 2 * kMachines);
  constexpr std::uint64_t kSeed = 91;
  support::Rng rng(kSeed);
  Index runs = 0, kills = 0, resumed = 0;
  for (; resumed < 4; ++runs) {
    REQUIRE(runs < 100);
    std::remove(f.folder.path("d.csv").c_str());
    Index most = 0;
    // Longer from time to time: at the end it has to get through.
    while (!survives(f.folder, arguments + "d.csv", whole * rng.between(0, 30 + 4 * kills) / 100)) {
      REQUIRE(++kills < 500);
      if (!f.folder.has("d.csv.partial") && f.folder.has("d.csv")) break;  // killed when all was done
      const Index before = machines_in(f.folder.read("d.csv.partial"));
      CHECK(before >= most);
      resumed += before > 0 && before < kMachines ? 1 : 0, most = before;
    }
    CHECK(f.folder.read("d.csv") == expected);
    CHECK_FALSE(f.folder.has("d.csv.partial"));
  }
  MESSAGE("seed " << kSeed << ": killed " << kills << " times, " << resumed << " times in the middle");
}

TEST_CASE("cli: explore: a journal torn anywhere is read on") {
  const ExploreFolder f;
  f.folder.works(kSweep + " -o whole.csv");
  f.folder.works(kSweep + " --shard 1/1 -o part");
  const std::string journal = f.folder.read("part");
  CHECK(machines_in(journal) == kSweepMachines);
  const std::size_t header = journal.find('\n') + 1;
  constexpr std::uint64_t kSeed = 92;
  CAPTURE(kSeed);
  support::Rng rng(kSeed);
  std::vector<std::size_t> cuts = {0, 1, header - 1, header, header + 1, journal.size() - 1, journal.size()};
  for (int i = 0; i < 20; ++i)
    cuts.push_back(static_cast<std::size_t>(rng.between(0, static_cast<Index>(journal.size()))));
  for (const std::size_t cut : cuts) {
    CAPTURE(cut);
    f.folder.write("j", journal.substr(0, cut));
    f.folder.works(kSweep + " --journal j -o d.csv");
    CHECK(f.folder.read("d.csv") == f.folder.read("whole.csv"));
    CHECK_FALSE(f.folder.has("j"));
  }
}

TEST_CASE("cli: explore: what a journal has is not done again") {
  const ExploreFolder f;
  f.folder.works(kSweep + " --shard 1/1 -o part");
  std::string journal = f.folder.read("part");
  // A number that nobody would find, with the sum that it takes.
  const std::size_t begin = journal.find('\n') + 1, end = journal.find("machine 0 ");
  std::string lines = journal.substr(begin, end - begin);
  const std::size_t cell = lines.find(",auto,") + 6;
  lines.replace(cell, lines.find(',', cell) - cell, "123456.5");
  std::uint64_t sum = 0xcbf29ce484222325;
  for (const char c : lines) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  char line[64];
  std::snprintf(line, sizeof line, "machine 0 %016llx\n", static_cast<unsigned long long>(sum));
  f.folder.write("d.csv.partial", journal.substr(0, begin) + lines + line);
  f.folder.works(kSweep + " -o d.csv");
  const auto rows = csv_rows(f.folder.read("d.csv"));
  CHECK(rows.size() == kSweepDesigns);
  CHECK(rows[0].at("area_mm2") == "123456.5");
  CHECK(rows[4].at("area_mm2") != "123456.5");
}

TEST_CASE("cli: explore: a journal that is none, damaged, or of something else is left alone") {
  const ExploreFolder f;
  f.folder.works(kSweep + " --shard 1/1 -o part");
  const std::string journal = f.folder.read("part");
  const auto refused = [&](const std::string& content, const std::string& why, const std::string& arguments = kSweep) {
    f.folder.write("j", content);
    const std::vector<std::string> before = f.folder.list();
    f.folder.refused(arguments + " --journal j -o d.csv", "j", why);
    CHECK(f.folder.read("j") == content);
    CHECK(f.folder.list() == before);
  };
  refused("text\n", "is no journal of septet explore");
  refused("text", "is no journal of septet explore");
  refused("septet-explore 1 {\n", "line 1: is not JSON");
  refused("septet-explore 1 {}\n", "line 1: model is missing");
  refused(
      "septet-explore 1 {\"model\":\"a\",\"shard\":\"1/1\",\"machines\":0,\"designs_per_machine\":1,\"settings\":{}}\n",
      "it has no designs");
  refused(
      "septet-explore 1 {\"model\":\"a\",\"shard\":\"1/1\",\"machines\":1,\"designs_per_machine\":1,\"settings\":{}}\n",
      "is the journal of another exploration");
  refused(journal, "another exploration: options: timing differs", kSweep + " --timing overlapped");
  Json area = Json::parse(f.folder.works("explore --print-area-table").out);
  area["buffer_um2_per_byte"]["value"] = 5;
  f.folder.write("a.json", area.dump());
  refused(journal, "another exploration: area_table: buffer_um2_per_byte differs", kSweep + " --area-table a.json");
  refused(journal, "another exploration: sweep: arrays differs", "explore t.csv --arrays 4x4");
  f.folder.write("u.csv", "Layer, M, N, K\nfirst, 49, 24, 41\n");
  refused(journal, "another exploration: layers", "explore u.csv --sweep sweep.json");
  {
    f.folder.write("j", journal);
    const int file = ::open(f.folder.path("j").c_str(), O_RDWR);
    REQUIRE(::flock(file, LOCK_EX) == 0);
    refused(journal, "is in use by another process");
    ::close(file);
  }
  std::string changed = journal;
  const std::size_t digit = journal.size() / 2;
  changed[digit] = changed[digit] == '7' ? '8' : '7';
  refused(changed, "is damaged");
  const std::size_t first = journal.find('\n') + 1, second = journal.find('\n', journal.find("machine 0 ")) + 1;
  refused(journal + journal.substr(first, second - first), "machine 0 is there twice");
}

TEST_CASE("cli: explore: split in parts of any number, the merged files are those of one process") {
  const ExploreFolder f;
  f.folder.works(kSweep + " -o one.csv --json one.json --report one.html");
  for (const Index parts : {1, 2, 7}) {
    CAPTURE(parts);
    std::string names;
    for (Index i = parts; i >= 1; --i) {
      const std::string name = "part" + std::to_string(i);
      CHECK(f.folder.works(kSweep + " --shard " + std::to_string(i) + "/" + std::to_string(parts) + " -o " + name)
                .out.empty());
      names += " " + name;
    }
    const std::string out = f.folder.works("explore --merge" + names + " -o merged.csv --report merged.html").out;
    CHECK(out == f.folder.works(kSweep).out);
    f.folder.works("explore --json merged.json --merge" + names);
    for (const char* kind : {".csv", ".json", ".html"}) {
      CHECK_MESSAGE(f.folder.read(std::string("merged") + kind) == f.folder.read(std::string("one") + kind), kind);
    }
  }
  f.folder.works(kSweep + " --shard 1/2 -o a"), f.folder.works(kSweep + " --shard 2/4 -o b");
  f.folder.works(kSweep + " --shard 4/4 -o c"), f.folder.works("explore --merge b a c -o merged.csv");
  CHECK(f.folder.read("merged.csv") == f.folder.read("one.csv"));
}

TEST_CASE("cli: explore: a shard that was killed is resumed, too") {
  const ExploreFolder f;
  f.folder.works(kSweep + " --shard 2/3 -o whole");
  const std::string part = f.folder.read("whole");
  f.folder.write("part.partial", part.substr(0, part.size() / 2));
  f.folder.works(kSweep + " --shard 2/3 -o part");
  CHECK(f.folder.read("part") == part);
  f.folder.write("part.partial", part);
  f.folder.refused(kSweep + " --shard 1/3 -o part", "part.partial", "is the journal of --shard 2/3");
  CHECK(f.folder.read("part.partial") == part);
}

TEST_CASE("cli: explore: parts that are no whole") {
  const ExploreFolder f;
  for (const char* shard : {"1/3", "2/3", "3/3"}) f.folder.works(kSweep + " --shard " + shard + " -o p" + shard[0]);
  f.folder.works("explore t.csv --arrays 4x4 --shard 1/1 -o other");
  f.folder.write("torn", f.folder.read("p3").substr(0, f.folder.read("p3").size() - 1));
  f.folder.write("text", "text\n");
  const std::vector<std::string> before = f.folder.list();
  f.folder.refused("explore --merge p1 p3 -o m.csv", "--merge",
                   "64 of 192 machines are in none of the parts, machine 1 the first");
  f.folder.refused("explore --merge p1 p2 p3 p2 -o m.csv", "p2", "has machine 1, which p2 has, too");
  f.folder.refused("explore --merge p1 p2 other -o m.csv", "other",
                   "is of another exploration than p1: sweep: arrays differs");
  f.folder.refused("explore --merge p1 p2 torn -o m.csv", "torn", "ends within a machine");
  f.folder.refused("explore --merge text -o m.csv", "text", "is no journal of septet explore");
  f.folder.refused("explore --merge p1 missing -o m.csv", "missing", "cannot be opened");
  f.folder.refused("explore t.csv --merge p1 p2 p3 -o m.csv", "--merge", "excludes a MODEL");
  f.folder.refused("explore --merge p1 p2 p3 -o m.csv --arrays 4x4", "--arrays", "is settled by the parts");
  f.folder.refused("explore --merge p1 p2 p3 -o m.csv --shard 1/2", "--shard", "is settled by the parts");
  CHECK(f.folder.list() == before);
}

}  // namespace septet::cli::test
