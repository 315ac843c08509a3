// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One small product on a 4 x 4 array in each dataflow, overlapped timing: the whole trace must be the text that was
// reviewed against docs/dataflows.md (traces/, whose lines with a # say what to see). With SEPTET_RECORD_TRACES=FOLDER
// the traces are written there instead: for a new review.
#include "grid_sink.hpp"
#include "septet/septet.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace {

using namespace septet;

constexpr Index kM = 4, kN = 5, kK = 7;
// Live columns 0, 2, 4, 5, 6; row 2 is dead in k >= 4.
const std::vector<std::int8_t> kA{1, 0, 0, 0, 2, 0, 0,  //
                                  0, 0, 3, 0, 0, 4, 0,  //
                                  0, 0, 5, 0, 0, 0, 0,  //
                                  7, 0, 0, 0, 0, 8, 9};
const std::vector<std::int8_t> kB{1,  2, 3, 4, 5,   //
                                  -1, 1, 2, 1, -1,  //
                                  3,  1, 4, 1, 5,   //
                                  2,  2, 2, 2, 2,   //
                                  -5, 1, 0, 1, 3,   //
                                  6,  5, 4, 3, 2,   //
                                  1,  0, 1, 0, 1};

std::string trace_of(Dataflow dataflow) {
  GemmOptions options;
  options.dataflow = dataflow;
  options.array = {4, 4};
  const std::vector<std::int32_t> preload{10, 20, 30, 40};  // of a row each
  if (dataflow == Dataflow::dOS) options.preload = {preload.data(), Type::s32, kM, kN, 1, 0};
  std::vector<std::int32_t> c(kM * kN), want(kM * kN);
  std::ostringstream text;
  golden::GridSink sink(text);
  const auto a = row_major(kA.data(), kM, kK), b = row_major(kB.data(), kK, kN);
  emulation::emulate(a, b, row_major(c.data(), kM, kN), options, {Timing::overlapped}, {}, {&sink, {}});
  gemm(a, b, row_major(want.data(), kM, kN), options);
  CHECK(c == want);
  return text.str();
}

// A file's lines without a #.
std::string reviewed(const std::string& path) {
  std::ifstream file(path);
  REQUIRE_MESSAGE(file.good(), path);
  std::string text;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] != '#') text += line + "\n";
  }
  return text;
}

void check_lines(const std::string& got, const std::string& want, const std::string& name) {
  std::istringstream got_lines(got), want_lines(want);
  std::string got_line, want_line;
  for (int number = 1; std::getline(got_lines, got_line); ++number) {
    REQUIRE_MESSAGE(std::getline(want_lines, want_line), name << ": more lines than " << number - 1);
    REQUIRE_MESSAGE(got_line == want_line, name << ", line " << number << " behind the head:\n  got  " << got_line
                                                << "\n  want " << want_line);
  }
  CHECK_MESSAGE(got == want, name << ": lines are missing");
}

}  // namespace

TEST_CASE("golden traces") {
  const char* folder = std::getenv("SEPTET_RECORD_TRACES");
  for (int d = 1; d <= 7; ++d) {
    const auto dataflow = static_cast<Dataflow>(d);
    const std::string file = std::string("/") + name(dataflow) + ".txt";
    if (folder != nullptr) {
      std::ofstream(folder + file) << trace_of(dataflow);
    } else {
      check_lines(trace_of(dataflow), reviewed(SEPTET_GOLDEN_TRACES + file), name(dataflow));
    }
  }
}
