// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "io_test_support.hpp"

#include <doctest/doctest.h>

namespace septet::io::test {
namespace {

TEST_CASE("smtx: malformed files") {
  struct Case {
    const char* what;
    std::string text;
    const char* reason;
  };
  const std::vector<Case> cases = {
      {"empty", "", "the file is empty"},
      {"blank first line", "\n2, 3, 3\n0 2 3\n0 2 1\n", "line 1: 'rows, cols, nnz' is expected, not ''"},
      {"no commas", "2 3 3\n0 2 3\n0 2 1\n", "line 1: 'rows, cols, nnz' is expected, not '2 3 3'"},
      {"two numbers", "2, 3\n0 2 3\n0 2 1\n", "'rows, cols, nnz' is expected"},
      {"four numbers", "2, 3, 3, 1\n0 2 3\n0 2 1\n", "'rows, cols, nnz' is expected"},
      {"a number missing", "2, , 3\n0 2 3\n0 2 1\n", "the number of columns '' is not a whole number"},
      {"blank in a number", "2, 3, 3 3\n0 2 3\n0 2 1\n", "the number of entries '3 3' is not a whole number"},
      {"many words", "2, 3, 3 3 3 3 3 3\n", "is not a whole number"},
      {"fraction", "2.0, 3, 3\n0 2 3\n0 2 1\n", "the number of rows '2.0' is not a whole number"},
      {"negative rows", "-2, 3, 3\n0 2 3\n0 2 1\n", "the number of rows -2 is negative"},
      {"rows beyond 64 bits", "9223372036854775808, 3, 3\n", "does not fit 64 bits"},
      {"rows beyond the limit", "16777217, 3, 3\n0\n", "at most 16777216"},
      {"columns beyond the limit", "2, 4294967296, 3\n0\n", "at most 16777216"},
      {"more entries than elements", "2, 3, 7\n0 3 7\n0 1 2 0 1 2 0\n", "7 entries do not fit into 2 x 3"},
      {"blank line for the offsets", "2, 3, 3\n\n0 2 3\n0 2 1\n", "line 2: 0 of 3 row offsets"},
      {"too few offsets", "2, 3, 3\n0 3\n0 2 1\n", "line 2: 2 of 3 row offsets"},
      {"too many offsets", "2, 3, 3\n0 2 3 3\n0 2 1\n", "line 2: more than the expected 3 row offsets"},
      {"offsets from 1", "2, 3, 3\n1 3 4\n0 2 1\n", "line 2: the first row offset is 1, not 0"},
      {"negative offset", "2, 3, 3\n0 -2 3\n0 2 1\n", "line 2: row offset -2 is negative"},
      {"row longer than the matrix is wide", "2, 3, 4\n0 4 4\n0 1 2 0\n", "row 0 has 4 entries in 3 columns"},
      {"last offset beyond nnz", "2, 3, 3\n0 2 4\n0 2 1\n", "the last row offset is 4, not nnz = 3"},
      {"no column indices", "2, 3, 3\n0 2 3\n", "line 2: the file ends before the column indices"},
      {"too many column indices", "2, 3, 3\n0 2 3\n0 2 1 0\n", "line 3: more than the expected 3 column indices"},
      {"column indices over two lines", "2, 3, 3\n0 2 3\n0 2\n1\n", "line 3: 2 of 3 column indices"},
      {"negative column", "2, 3, 3\n0 2 3\n0 -2 1\n", "line 3: column index -2 is negative"},
      {"column beyond 32 bits", "2, 3, 3\n0 2 3\n0 4294967297 1\n", "line 3: column index 4294967297"},
      {"column beyond 64 bits", "2, 3, 3\n0 2 3\n0 18446744073709551617 1\n", "does not fit 64 bits"},
      {"column twice in a row", "2, 3, 3\n0 2 3\n2 2 1\n", "line 3: row 0 holds column 2 twice"},
      {"column twice, not side by side", "1, 3, 3\n0 3\n2 1 2\n", "line 3: row 0 holds column 2 twice"},
      {"a fourth line", "2, 3, 3\n0 2 3\n0 2 1\n1 1 1\n", "line 4: unexpected text after the column indices"},
      {"commas in the lists", "2, 3, 3\n0, 2, 3\n0, 2, 1\n", "row offset '0,' is not a whole number"},
      {"NUL", std::string("2, 3, 3\n0 2\0003\n0 2 1\n", 20), "line 2: byte 0x00 is not text"},
      {"column without entries", "2, 3, 0\n0 0 0\n1\n", "line 3: more than the expected 0 column indices"},
  };
  const ScratchFolder folder;
  for (const Case& each : cases) {
    CAPTURE(each.what);
    check_file_refused(folder.write("a.smtx", each.text), each.reason);
  }
}

TEST_CASE("smtx: unusual text that means a matrix") {
  const ScratchFolder folder;
  for (const char* text : {"2, 3, 3\n0 2 3\n0 2 1\n", "2,3,3\n0 2 3\n0 2 1",
                           " 2 , 3 , 3 \r\n 0  2\t3 \r\n2 0 1 \r\n\r\n", "02, 3, 3\n+0 2 3\n2 0 1\n\n \n"}) {
    CAPTURE(text);
    const FileMatrix matrix = read_ok(folder.write("a.smtx", text));
    CHECK(matrix.element == Element::pattern);
    CHECK(matrix.coordinate);
    CHECK(matrix.stored == 3);
    CHECK(dense<float>(matrix) == std::vector<float>{1, 0, 1, 0, 1, 0});
    REQUIRE(matrix.entries.size() == 3);
    CHECK(matrix.entries[0].col == 0);  // sorted
    CHECK(matrix.entries[1].col == 2);
  }
}

TEST_CASE("smtx: empty rows and empty matrices") {
  const ScratchFolder folder;
  const FileMatrix rows = read_ok(folder.write("a.smtx", "5, 2, 2\n0 0 1 1 2 2\n1 0\n"));
  CHECK(dense<float>(rows) == std::vector<float>{0, 0, 0, 1, 0, 0, 1, 0, 0, 0});
  for (const char* text : {"2, 3, 0\n0 0 0\n\n", "2, 3, 0\n0 0 0\n", "2, 3, 0\n0 0 0"}) {
    CHECK(dense<float>(read_ok(folder.write("a.smtx", text))) == std::vector<float>(6));
  }
  CHECK(read_ok(folder.write("a.smtx", "0, 3, 0\n0\n")).rows == 0);
  CHECK(read_ok(folder.write("a.smtx", "3, 0, 0\n0 0 0 0\n")).cols == 0);
}

}  // namespace
}  // namespace septet::io::test
