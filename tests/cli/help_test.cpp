// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Help, version, and that every example in a help text works as it stands.
#include "cli_test_support.hpp"

#include <sstream>

namespace septet::cli::test {
namespace {

constexpr const char* kVerbs[] = {"gemm",    "emulate", "verify",  "cycles", "inspect",
                                  "convert", "export",  "compare", "prune",  "bench"};

std::vector<std::string> examples_in(const std::string& help) {
  const std::string start = "  septet ";
  std::vector<std::string> examples;
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    if (line.compare(0, start.size(), start) == 0) examples.push_back(line.substr(start.size()));
  }
  return examples;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("cli: the help of septet names every verb, and its examples run") {
  const Folder folder;
  const std::string help = folder.works("--help").out;
  CHECK(contains(help, "Usage: septet "));
  for (const char* verb : kVerbs) CHECK_MESSAGE(contains(help, std::string("\n  ") + verb + " "), verb);
  CHECK(examples_in(help).size() >= 1);
  for (const std::string& example : examples_in(help)) folder.works(example);
  CHECK(folder.works("-h").out == help);
}

TEST_CASE("cli: the help of every verb has examples that run in any folder") {
  const Folder folder;
  for (const char* verb : kVerbs) {
    CAPTURE(verb);
    const std::string help = folder.works(std::string(verb) + " --help").out;
    CHECK(contains(help, std::string("Usage: septet ") + verb + " "));
    CHECK(contains(help, "--json FILE"));
    CHECK_FALSE(contains(help, "\n\n\n"));
    if (contains(help, "--preset NAME")) CHECK(contains(help, "default the preset's, else 16x16"));
    const std::vector<std::string> examples = examples_in(help);
    CHECK(examples.size() >= 1);
    for (const std::string& example : examples) {
      CHECK(example.compare(0, std::string(verb).size(), verb) == 0);
      const Outcome outcome = folder.works(example);
      CHECK_FALSE(outcome.out.empty());
    }
  }
  const std::vector<std::string> left = {"images", "run.svg"};
  CHECK_MESSAGE(folder.list() == left, "examples leave no files but a picture and a folder of images");
}

TEST_CASE("cli: the version") {
  const Folder folder;
  const std::string version = folder.works("--version").out;
  CHECK(version.compare(0, 7, "septet ") == 0);
  CHECK(version.find_first_of("0123456789") == 7);
}

TEST_CASE("cli: help does not need a working SEPTET_TARGET") {
  const Folder folder;
  CHECK(folder.septet("gemm --help", "SEPTET_TARGET=nonsense").code == 0);
}

}  // namespace
}  // namespace septet::cli::test
