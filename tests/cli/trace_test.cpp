// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet emulate --trace: four kinds of files, windows, and what leaves no file behind.
#include "cli_test_support.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

namespace septet::cli::test {
namespace {

const std::string kRun = "emulate random:6x7,zeros=0.6,seed=3 random:7x5,seed=4 --array 4x4 --dataflow dWS ";
const std::vector<std::string> kNothing;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

TEST_CASE("cli: a trace in every format, which changes neither C nor the report") {
  const Folder folder;
  folder.works(kRun + "-o C.npy --json r.json");
  const std::string c = folder.read("C.npy"), report = folder.read("r.json");
  const std::pair<const char*, const char*> kinds[] = {
      {"t.vcd", "$comment dWS on 4 x 4 PEs, serial, chained: C 6 x 5 = A 6 x 7 * B 7 x 5, f32 $end"},
      {"t.json", R"({"displayTimeUnit":"ns","otherData":{"title":"dWS on 4 x 4 PEs)"},
      {"t.csv", "cycle,unit,h,w,action,fold,step,m,n,k,lane,a,b,sum,chain,drain"},
      {"t.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\""}};
  for (const auto& kind : kinds) {
    const std::string file = kind.first, start = kind.second;
    CAPTURE(file);
    const Outcome traced = folder.works(kRun + "-o C.npy --json r.json --trace " + file);
    CHECK(traced.out.find(std::string("\ntrace written to ") + file + "\n") != std::string::npos);
    CHECK(folder.read("C.npy") == c);
    CHECK(folder.read("r.json") == report);
    CHECK(first_line(folder.read(file)).find(start) == 0);
  }
  CHECK(folder.list() == std::vector<std::string>{"C.npy", "r.json", "t.csv", "t.json", "t.svg", "t.vcd"});
}

TEST_CASE("cli: the picture in docs/traces.md is what its command makes") {
  const Folder folder;
  folder.works(
      "emulate random:10x11,zeros=0.6,seed=3,dtype=s8 random:11x9,dtype=s8,seed=4 "
      "--dataflow sIS --array 4x4 --timing overlapped --trace array_over_time.svg");
  std::ifstream file(SEPTET_DOCS_DIR "/array_over_time.svg", std::ios::binary);
  REQUIRE(file.good());
  const std::string shown(std::istreambuf_iterator<char>(file), {});
  CHECK(folder.read("array_over_time.svg") == shown);
}

TEST_CASE("cli: a window of cycles and PEs") {
  const Folder folder;
  folder.works(kRun + "--trace t.csv --trace-cycles 4:6 --trace-pes 0:1,2:4");
  std::istringstream lines(folder.read("t.csv"));
  std::string line, cycle, unit, h, w;
  std::getline(lines, line);  // the columns' names
  int count = 0;
  for (; std::getline(lines, line); ++count) {
    CAPTURE(line);
    std::istringstream fields(line);
    for (std::string* field : {&cycle, &unit, &h, &w}) std::getline(fields, *field, ',');
    CHECK((cycle == "4" || cycle == "5"));
    CHECK((h.empty() || h == "0"));
    CHECK((w.empty() || w == "2" || w == "3"));
  }
  CHECK(count > 0);
}

TEST_CASE("cli: traces that are refused leave nothing behind") {
  const Folder folder;
  const auto refused = [&](const std::string& flags, const std::string& argument, const std::string& part) {
    folder.refused(kRun + flags, argument, part);
  };
  refused("--trace t.txt", "t.txt", "a trace is a .vcd, .json, .csv or .svg file");
  refused("--trace vcd", "vcd", "its name has to say so");
  refused("--trace nowhere/t.vcd", "nowhere/t.vcd", "cannot be created: No such file");
  refused("--trace t.json --json t.json", "t.json", "is the file for the report already");
  refused("--trace t.json --json ./t.json", "t.json", "is the file for the report already");
  refused("--trace ./t.json --json \"$PWD/t.json\"", "./t.json", "is the file for the report already");
  refused("--trace ''", "--trace", "'' is no file's name");
  refused("--trace-cycles 0:4", "--trace-cycles", "needs --trace FILE");
  refused("--trace-pes 0:4,0:4", "--trace-pes", "needs --trace FILE");
  refused("--trace t.vcd --trace-cycles 5", "--trace-cycles", "'5' is no range");
  refused("--trace t.vcd --trace-cycles 5:5", "--trace-cycles", "'5:5' is empty");
  refused("--trace t.vcd --trace-cycles a:5", "--trace-cycles", "'a' is not a whole number");
  refused("--trace t.vcd --trace-cycles 0:1000", "--trace-cycles",
          "0 to 1000 is not within the run, which has 60 cycles");
  refused("--trace t.vcd --trace-pes 0:4", "--trace-pes", "'0:4' is no window");
  refused("--trace t.vcd --trace-pes 0:4,3:5", "--trace-pes", "3 to 5 is not within an array of 4 x 4");
  folder.refused("emulate random:9x9000 random:9000x9 --array 4x4 --trace t.svg", "--trace-cycles, --trace-pes",
                 "are too much for a picture (5000 cycles");
  folder.refused("emulate random:5x5 random:5x5 --array 8192x8192 --trace t.vcd --trace-cycles 0:1",
                 "--trace-cycles, --trace-pes",
                 "8192 x 8192 PEs are too much for a trace (262144 PEs): narrow the rows and columns of PEs");
  CHECK(folder.list() == kNothing);
  std::filesystem::create_directory_symlink(".", folder.path("here"));
  refused("--trace t.json --json here/t.json", "t.json", "is the file for the report already");
  std::filesystem::remove(folder.path("here"));
  folder.write("old.json", "old");
  std::filesystem::create_symlink("old.json", folder.path("t.json"));
  refused("--trace t.json --json old.json", "t.json", "is the file for the report already");
  CHECK(folder.read("old.json") == "old");
  std::filesystem::remove(folder.path("t.json"));
  std::filesystem::remove(folder.path("old.json"));
  std::filesystem::create_directory(folder.path("t.vcd"));
  refused("--trace t.vcd", "t.vcd", "cannot be written: Is a directory");
}

TEST_CASE("cli: a trace that cannot be finished leaves no file, and the old one as it was") {
  const Folder folder;
  folder.write("old.csv", "old");
  // The shell lets no file grow beyond some blocks of 512 bytes or 1 KiB.
  const Outcome outcome = folder.septet("emulate random:40x70 random:70x50 --array 4x4 -o C.npy --trace old.csv",
                                        "trap '' XFSZ; ulimit -f 256;");
  CHECK(outcome.code == 2);
  check_error_line(outcome.err, "old.csv", "cannot be written: File too large");
  CHECK(folder.read("old.csv") == "old");
  CHECK(folder.list() == std::vector<std::string>{"old.csv"});
  if (!std::ifstream("/dev/full")) {
    MESSAGE("no /dev/full here: the rest checks nothing");
    return;
  }
  for (const char* link : {"full.vcd", "full.json", "full.csv", "full.svg"}) {
    std::filesystem::create_symlink("/dev/full", folder.path(link));
    folder.refused(kRun + "-o C.npy --trace " + link, link, "cannot be written: No space left on device");
    CHECK(std::filesystem::is_symlink(folder.path(link)));
    std::filesystem::remove(folder.path(link));
  }
  CHECK(folder.list() == std::vector<std::string>{"old.csv"});
}

TEST_CASE("cli: a stdout that is full or closed costs no file") {
  const Folder folder;
  const std::vector<std::string> all = {"C.npy", "r.json", "t.csv"};
  const std::string outputs = "-o C.npy --json r.json --trace t.csv ";
  folder.works(kRun + outputs);
  const std::string c = folder.read("C.npy"), report = folder.read("r.json"), trace = folder.read("t.csv");
  const auto check_files = [&] {
    CHECK(folder.list() == all);
    CHECK(folder.read("C.npy") == c);
    CHECK(folder.read("r.json") == report);
    CHECK(folder.read("t.csv") == trace);
    for (const std::string& file : all) std::filesystem::remove(folder.path(file));
  };
  check_files();
  // The pipe has no reader before the command begins: sleep gives `true` the time to be gone.
  folder.septet(kRun + outputs + " | true", "sleep 0.2;");
  check_files();
  if (!std::ifstream("/dev/full")) {
    MESSAGE("no /dev/full here: the rest checks nothing");
    return;
  }
  const Outcome outcome = folder.septet(kRun + outputs + "> /dev/full");
  CHECK(outcome.code == 2);
  check_error_line(outcome.err, "stdout", "cannot be written: No space left on device");
  check_files();
  // A report that is a device is written before the others get their names.
  folder.refused(kRun + "-o C.npy --json /dev/full --trace t.csv", "/dev/full", "cannot be written");
  CHECK(folder.list() == kNothing);
}

// Runs what follows it, and sends itself the signal as soon as the trace's temporary has something in it.
std::string killed_by(const std::string& signal) {
  return "sh -c '(for i in $(seq 1000); do if [ -s .septet-*.tmp ]; then kill -" + signal +
         " $$; touch sent; exit; fi; sleep 0.01; done) & exec \"$@\"' sh";
}

// The one who sent the signal may be slower than who died of it.
void forget_sender(const Folder& folder) {
  for (int i = 0; i < 1000 && !std::filesystem::exists(folder.path("sent")); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(std::filesystem::remove(folder.path("sent")));
}

TEST_CASE("cli: a signal leaves no part of a trace") {
  const Folder folder;
  folder.write("old.vcd", "old");
  const std::string run =  // 90 MB of trace
      "emulate random:100x200 random:200x100 --array 16x16 --dataflow dOS -o C.npy --json r.json --trace old.vcd";
  const std::vector<std::string> before = {"old.vcd"};
  for (const auto& signal : {std::pair("INT", SIGINT), std::pair("TERM", SIGTERM), std::pair("HUP", SIGHUP)}) {
    const char* const name = signal.first;
    const int number = signal.second;
    CAPTURE(name);
    struct sigaction ours {};
    REQUIRE(::sigaction(number, nullptr, &ours) == 0);
    if (ours.sa_handler == SIG_IGN) {
      MESSAGE("this signal is ignored here, and so by the command: not tested: " << name);
      continue;
    }
    const Outcome outcome = folder.septet(run, killed_by(name));
    CHECK(outcome.code == 128 + number);
    CHECK(folder.read("old.vcd") == "old");
    forget_sender(folder);
    CHECK(folder.list() == before);
  }
  CHECK(folder.septet(run, "ulimit -c 0; ulimit -f 256;").code == 128 + SIGXFSZ);
  CHECK(folder.list() == before);
}

TEST_CASE("cli: a signal that is ignored ends nothing") {
  const Folder folder;
  const std::string run =
      "emulate random:100x200 random:200x100 --array 16x16 -o C.npy --trace t.vcd";  // half a second
  CHECK(folder.septet(run, "trap '' HUP INT; " + killed_by("HUP")).code == 0);
  forget_sender(folder);
  CHECK(folder.list() == std::vector<std::string>{"C.npy", "t.vcd"});
}

}  // namespace
}  // namespace septet::cli::test
