// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Files that the command writes: whole, at the end, and not at all when something goes wrong.
#include "cli_test_support.hpp"

#include <filesystem>
#include <fstream>

namespace septet::cli::test {
namespace {

constexpr const char* kOperands = "random:3x4 random:4x2 ";
const std::vector<std::string> kNothing;

TEST_CASE("cli: C and the report") {
  const Folder folder;
  for (const std::string verb : {"gemm ", "emulate "}) {
    CAPTURE(verb);
    const Outcome outcome = folder.works(verb + kOperands + "-o C.npy --json report.json");
    CHECK(outcome.out.find("C 3 x 2 = A 3 x 4 * B 4 x 2, f32") == 0);  // the table stays
    CHECK(outcome.out.find("C.npy") != std::string::npos);
    CHECK(folder.list() == std::vector<std::string>{"C.npy", "report.json"});
    const Json json = Json::parse(folder.read("report.json"));
    CHECK(json.at("m") == 3);
    CHECK(folder.read("report.json").back() == '\n');
    folder.read_npy<float>("C.npy", 3, 2);
  }
  CHECK(folder.json(std::string("gemm ") + kOperands + "-o C.npy").at("output") == "C.npy");
  CHECK(folder.json(std::string("gemm ") + kOperands).at("output").is_null());
}

TEST_CASE("cli: nothing is written when something goes wrong") {
  const Folder folder;
  for (const std::string verb : {"gemm ", "emulate "}) {
    CAPTURE(verb);
    const std::string outputs = " -o C.npy --json report.json";
    folder.refused(verb + "random:3x4 random:5x2" + outputs, "random:5x2", "is 5 x 2");
    folder.refused(verb + kOperands + "--array 0x4" + outputs, "--array", "");
    folder.refused(verb + kOperands + "--beta 1" + outputs, "C.npy", "--beta reads the old C from here");
    folder.refused(verb + kOperands + "-o C.npy --json missing/report.json", "missing/report.json", "No such file");
    folder.refused(verb + kOperands + "-o missing/C.npy --json report.json", "missing/C.npy", "No such file");
    folder.refused(verb + kOperands + "-o C.txt --json report.json", "C.txt", ".npy");
    folder.refused(verb + kOperands + "-o C.npy --json C.npy", "C.npy", "is the file for C already");
    folder.refused(verb + kOperands + "-o C.npy --json ./C.npy", "./C.npy", "is the file for C already");
    folder.refused(verb + kOperands + "-o '' --json report.json", "-o", "'' is no file's name");
    folder.refused(verb + kOperands + "-o C.npy --json ''", "--json", "'' is no file's name");
    folder.refused(verb + kOperands + "-o C.npy --json .", ".", "directory");
  }
  folder.refused("verify random:3x4 random:5x2 --json report.json", "random:5x2", "");
  folder.refused("cycles 3x4x5 --array 0x1 --json report.json", "--array", "");
  CHECK(folder.list() == kNothing);
}

TEST_CASE("cli: what is there stays whole when something goes wrong") {
  const Folder folder;
  folder.write_npy<float>("C.npy", {1, 2, 3, 4, 5, 6}, 2, 3);
  folder.write("report.json", "old");
  const std::string before = folder.read("C.npy");
  const std::string outputs = " -o C.npy --json report.json";
  folder.refused(std::string("gemm ") + kOperands + "--beta 1" + outputs, "C.npy", "is 2 x 3, the product is 3 x 2");
  folder.refused(std::string("emulate ") + kOperands + "--array 0x4" + outputs, "--array", "");
  folder.refused("gemm random:3x4,dtype=f64 random:4x2" + outputs, "random:4x2", "");
  CHECK(folder.read("C.npy") == before);
  CHECK(folder.read("report.json") == "old");
  CHECK(folder.list() == std::vector<std::string>{"C.npy", "report.json"});
  folder.works(std::string("gemm ") + kOperands + outputs);
  CHECK(folder.read("C.npy") != before);
  CHECK(folder.read("report.json") != "old");
  CHECK(folder.list() == std::vector<std::string>{"C.npy", "report.json"});
}

TEST_CASE("cli: a link to a report stays a link, a device a device") {
  const Folder folder;
  folder.write("real.json", "old");
  std::filesystem::create_symlink("real.json", folder.path("link.json"));
  folder.works("cycles 3x4x5 --json link.json");
  CHECK(std::filesystem::is_symlink(folder.path("link.json")));
  CHECK(Json::parse(folder.read("real.json")).at("n") == 4);
  CHECK(folder.list() == std::vector<std::string>{"link.json", "real.json"});
  std::filesystem::remove(folder.path("link.json"));
  if (!std::ifstream("/dev/full")) {
    MESSAGE("no /dev/full here: the rest checks nothing");
    return;
  }
  folder.works("cycles 3x4x5 --json /dev/null");
  CHECK(std::filesystem::is_character_file("/dev/null"));
  folder.refused("cycles 3x4x5 --json /dev/full", "/dev/full", "cannot be written");
  CHECK(std::filesystem::is_character_file("/dev/full"));
}

TEST_CASE("cli: --json - gives JSON and nothing else") {
  const Folder folder;
  for (const std::string arguments : {"gemm random:3x4 random:4x2", "emulate random:3x4 random:4x2",
                                      "verify random:3x4 random:4x2", "cycles 3x4x5", "inspect random:3x4"}) {
    CAPTURE(arguments);
    CHECK(folder.json(arguments).is_object());
    const Outcome table = folder.works(arguments);
    CHECK(table.out[0] != '{');
  }
  CHECK(folder.list() == kNothing);
}

}  // namespace
}  // namespace septet::cli::test
