// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Matrix Market files with one thing wrong, or unusual.
#include "io_test_support.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <limits>

namespace septet::io::test {
namespace {

const std::string kReal = "%%MatrixMarket matrix coordinate real general\n";
const std::string kInteger = "%%MatrixMarket matrix coordinate integer general\n";
const std::string kArray = "%%MatrixMarket matrix array real general\n";

std::string banner(const std::string& format, const std::string& field, const std::string& symmetry) {
  return "%%MatrixMarket matrix " + format + " " + field + " " + symmetry + "\n";
}

struct Refused {
  const char* what;
  std::string text;
  const char* reason;
};

void check_all_refused(const std::vector<Refused>& cases) {
  const ScratchFolder folder;
  for (const Refused& each : cases) {
    CAPTURE(each.what);
    check_file_refused(folder.write("a.mtx", each.text), each.reason);
  }
}

std::vector<double> values_of(const std::string& text) {
  const ScratchFolder folder;
  return dense<double>(read_ok(folder.write("a.mtx", text)));
}

TEST_CASE("mtx: malformed banners") {
  check_all_refused({
      {"blank before the banner's line", "\n" + kReal + "1 1 1\n1 1 1\n", "line 1: the %%MatrixMarket banner"},
      {"byte order mark", "\xef\xbb\xbf" + kReal + "1 1 1\n1 1 1\n", "line 1: byte 0xef is not text"},
      {"one percent sign", "%MatrixMarket matrix coordinate real general\n1 1 0\n", "banner is missing"},
      {"blank after %%", "%% MatrixMarket matrix coordinate real general\n1 1 0\n", "banner is missing"},
      {"one word", "%%MatrixMarket\n1 1 0\n", "four words"},
      {"three words", "%%MatrixMarket matrix coordinate real\n1 1 0\n", "four words"},
      {"six words", "%%MatrixMarket matrix coordinate real general really\n1 1 0\n", "unexpected 'really'"},
      {"words run together", "%%MatrixMarketmatrix coordinate real general\n1 1 0\n", "banner is missing"},
      {"hermitian", banner("coordinate", "real", "hermitian") + "1 1 0\n", "symmetry hermitian is not supported"},
      {"pattern array", banner("array", "pattern", "general") + "1 1\n", "pattern needs the coordinate format"},
      {"skew-symmetric pattern", banner("coordinate", "pattern", "skew-symmetric") + "1 1 0\n", "no signs"},
      {"control characters", "%%MatrixMarket matrix coordinate \x1b[31m general\n", "line 1: byte 0x1b is not text"},
      {"UTF-16", std::string("%\0%\0M\0a\0t\0r\0i\0x\0", 16), "line 1: byte 0x00 is not text"},
      {"a word of 5000 letters", "%%MatrixMarket " + std::string(5000, 'm') + "\n", "more than 4096 characters"},
      {"carriage returns only", "%%MatrixMarket matrix coordinate real general\r1 1 1\r1 1 1\r",
       "line 1: a carriage return without a line feed"},
      {"nothing but the banner", kReal, "line 1: the file ends before the size line"},
      {"nothing but the banner, cut", "%%MatrixMarket matrix coordinate real general", "before the size line"},
  });
}

TEST_CASE("mtx: malformed size lines") {
  check_all_refused({
      {"four numbers", kReal + "1 1 1 1\n1 1 1\n", "line 2: unexpected '1' after the size line"},
      {"one number", kReal + "1\n1 1 1\n", "no number of columns"},
      {"fraction", kReal + "1.0 1 1\n1 1 1\n", "number of rows, '1.0', is not a whole number"},
      {"hexadecimal", kReal + "0x1 1 1\n1 1 1\n", "number of rows, '0x1', is not a whole number"},
      {"commas", kReal + "1,1,1\n1 1 1\n", "'1,1,1', is not a whole number"},
      {"negative entries", kReal + "1 1 -1\n", "number of entries is negative"},
      {"one entry too many for the size", kReal + "2 2 5\n", "5 entries do not fit into 2 x 2"},
      {"entries in an empty matrix", kReal + "0 5 1\n1 1 1\n", "1 entries do not fit into 0 x 5"},
      {"rows beyond the limit", kReal + "16777217 1 0\n", "at most 16777216 rows or columns"},
      {"columns beyond the limit", kReal + "1 16777217 0\n", "at most 16777216 rows or columns"},
      {"2^63", kReal + "1 9223372036854775808 0\n", "does not fit 64 bits"},
      {"entries beyond 64 bits", kReal + "9 9 99999999999999999999\n", "entries, '99999999999999999999', does not fit"},
      {"array with three numbers", kArray + "1 1 1\n1\n", "unexpected '1' after the size line"},
      {"skew-symmetric, not square", banner("array", "real", "skew-symmetric") + "2 3\n", "must be square, not 2 x 3"},
      {"comment behind the numbers", kReal + "1 1 1 % size\n1 1 1\n", "unexpected '%' after the size line"},
  });
}

TEST_CASE("mtx: malformed entries") {
  check_all_refused({
      {"no entries", kReal + "2 2 1\n", "line 2: the file ends after 0 of 1 entries"},
      {"comments instead of the last entry", kReal + "2 2 2\n1 1 1\n% 2 2 1\n", "line 4: the file ends after 1 of 2"},
      {"blank lines instead of the last entry", kReal + "2 2 2\n1 1 1\n\n \n", "line 5: the file ends after 1 of 2"},
      {"an entry too many after blank lines", kReal + "2 2 1\n1 1 1\n\n2 2 1\n", "line 5: more than the declared 1"},
      {"row index alone", kReal + "2 2 1\n1\n", "line 3: the entry has no column index"},
      {"two entries on a line", kReal + "2 2 2\n1 1 1 2 2 1\n", "line 3: unexpected '2' after the entry"},
      {"entry over two lines", kReal + "2 2 1\n1 1\n1\n", "line 3: the entry has no value"},
      {"column 0", kReal + "2 2 1\n1 0 1\n", "line 3: column index 0, indices are 1-based"},
      {"negative column", kReal + "2 2 1\n1 -1 1\n", "line 3: negative column index -1"},
      {"minus zero", kReal + "2 2 1\n-0 1 1\n", "line 3: row index 0"},
      {"index beyond 64 bits", kReal + "2 2 1\n18446744073709551617 1 1\n", "is out of range"},
      {"two signs", kReal + "2 2 1\n+-1 1 1\n", "row index '+-1' is not a whole number"},
      {"two plus signs", kReal + "2 2 1\n++1 1 1\n", "row index '++1' is not a whole number"},
      {"sign alone", kReal + "2 2 1\n+ 1 1\n", "row index '+' is not a whole number"},
      {"index with an exponent", kReal + "2 2 1\n1e0 1 1\n", "row index '1e0' is not a whole number"},
      {"hexadecimal index", kReal + "2 2 1\n0x1 1 1\n", "row index '0x1' is not a whole number"},
      {"comma", kReal + "2 2 1\n1, 1, 1\n", "row index '1,' is not a whole number"},
      {"complex value", kReal + "2 2 1\n1 1 1 0\n", "unexpected '0' after the entry"},
      {"comment behind an entry", kReal + "2 2 1\n1 1 1 % one\n", "unexpected '%' after the entry"},
      {"no-break space",
       kReal + "2 2 1\n1 1\xc2\xa0"
               "1\n",
       "line 3: byte 0xc2 is not text"},
      {"vertical tab", kReal + "2 2 1\n1 1\v1\n", "line 3: byte 0x0b is not text"},
      {"carriage return in a line", kReal + "2 2 1\n1\r1 1\n", "line 3: a carriage return without a line feed"},
      {"end-of-file character", kReal + "2 2 1\n1 1 1\n\x1a", "line 4: more than the declared 1 entries"},
      {"infinite diagonal", banner("coordinate", "real", "skew-symmetric") + "2 2 1\n1 1 nan\n", "nan on the diagonal"},
      {"sum of duplicates", kReal + "2 2 2\n1 1 1e308\n1 1 1e308\n", "row 1, column 1 sum up to inf"},
      {"sum of integers", kInteger + "2 2 2\n2 1 9007199254740992\n2 1 1000\n", "row 2, column 1 sum up to"},
  });
}

TEST_CASE("mtx: malformed values") {
  const ScratchFolder folder;
  for (const char* value :
       {"1d3",     "1.5D+3",    "0x1p3", "0x10", "1e",    "1e+", "e5",    ".",       "-",      "+",
        "--1",     "+-1",       "1.2.3", "1,5",  "1_000", "1f",  "1#INF", "1.#QNAN", "nan(1)", "nan()",
        "infinit", "infinity1", "nano",  "NA",   "none",  "1/2", "'1'",   "(1,0)"}) {
    CAPTURE(value);
    const std::string path = folder.write("a.mtx", kReal + "1 1 1\n1 1 " + value + "\n");
    check_file_refused(path, "line 3: value '" + std::string(value) + "' is not a number");
  }
  for (const char* value :
       {"1e309", "-1e309", "1.7976931348623159e308", "1e99999999999999999999", "123e400", "0.0000000001e1000"}) {
    CAPTURE(value);
    const std::string path = folder.write("a.mtx", kReal + "1 1 1\n1 1 " + value + "\n");
    check_file_refused(path, "line 3: value '" + std::string(value) + "' overflows a double");
  }
  const std::string long_number = "1" + std::string(400, '0');
  check_file_refused(folder.write("a.mtx", kReal + "1 1 1\n1 1 " + long_number), "...' overflows a double");
  for (const char* value : {"1.0", "1e3", "inf", "nan", "0x1", "1L"}) {
    CAPTURE(value);
    const std::string path = folder.write("a.mtx", kInteger + "1 1 1\n1 1 " + value + "\n");
    check_file_refused(path, "line 3: value '" + std::string(value) + "' is not an integer");
  }
  for (const char* value : {"9007199254740993", "-9007199254740993", "9223372036854775808"}) {
    CAPTURE(value);
    const std::string path = folder.write("a.mtx", kInteger + "1 1 1\n1 1 " + value + "\n");
    check_file_refused(path, "line 3: value '" + std::string(value) + "' is beyond 2^53");
  }
  check_file_refused(folder.write("a.mtx", kReal + "1 1 1\n1 1 " + std::string(4097, '1')), "more than 4096");
  const std::string long_word = folder.write("a.mtx", kReal + "1 1 1\n1 1 " + std::string(100, 'x'));
  check_file_refused(long_word, "'" + std::string(40, 'x') + "...' is not a number");
}

TEST_CASE("mtx: unusual values") {
  struct Case {
    std::string word;
    double value;
  };
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const std::vector<Case> cases = {
      {"+1", 1},
      {"-0", -0.0},
      {".5", 0.5},
      {"5.", 5},
      {"-.5e+1", -5},
      {"1E-2", 0.01},
      {"007", 7},
      {"0.1", 0.1},
      {"1e-400", 0},
      {"-1e-400", -0.0},
      {"2e-324", 0},
      {"5e-324", 5e-324},
      {"3e-324", 5e-324},
      {"0e999999", 0},
      {"0.00001e-99999999999999999999", 0},
      {"Inf", kInf},
      {"-INFINITY", -kInf},
      {"+infinity", kInf},
      {"1.7976931348623157e308", 1.7976931348623157e308},
      {"1" + std::string(400, '0') + "e-400", 1},
      {"0." + std::string(400, '0') + "1e401", 1},
      {"9007199254740993", 9007199254740992},
      {"0." + std::string(400, '0') + "1", 0},
  };
  for (const Case& each : cases) {
    CAPTURE(each.word);
    const std::vector<double> values = values_of(kReal + "1 1 1\n1 1 " + each.word + "\n");
    CHECK(values[0] == each.value);
    CHECK(std::signbit(values[0]) == std::signbit(each.value));
  }
  for (const char* word : {"nan", "NaN", "-NAN", "+nan"}) {
    CAPTURE(word);
    CHECK(std::isnan(values_of(kReal + "1 1 1\n1 1 " + word + "\n")[0]));
  }
  CHECK(values_of(kInteger + "1 2 2\n1 1 9007199254740992\n1 2 -9007199254740992\n") ==
        std::vector<double>{0x1p53, -0x1p53});
}

TEST_CASE("mtx: unusual text that means a matrix") {
  struct Case {
    const char* what;
    std::string text;
  };
  const std::vector<Case> cases = {
      {"plain", kReal + "2 2 2\n1 2 3\n2 1 4\n"},
      {"field double", banner("coordinate", "double", "general") + "2 2 2\n1 2 3\n2 1 4\n"},
      {"entries from the end", kReal + "2 2 2\n2 1 4\n1 2 3\n"},
      {"tabs", "%%MatrixMarket\tmatrix\tcoordinate\treal\tgeneral\n2\t2\t2\n1\t2\t3\n2\t1\t4\n"},
      {"leading and trailing blanks", kReal + "  2  2  2  \n   1  2   3  \n\t2 1 4 \t \n"},
      {"blank lines everywhere", kReal + "\n\n2 2 2\n\n1 2 3\n \n\t\n2 1 4\n\n\n  \n"},
      {"no final newline", kReal + "2 2 2\n1 2 3\n2 1 4"},
      {"blanks at the end of the file", kReal + "2 2 2\n1 2 3\n2 1 4\n  "},
      {"CR LF", "%%MatrixMarket matrix coordinate real general\r\n%\r\n\r\n2 2 2\r\n1 2 3\r\n2 1 4\r\n"},
      {"CR at the end of the file", kReal + "2 2 2\n1 2 3\n2 1 4\r"},
      {"plus signs", kReal + "+2 +2 +2\n+1 +2 +3\n+2 +1 +4\n"},
      {"leading zeros", kReal + "02 02 002\n01 0002 03\n2 1 4\n"},
      {"comments everywhere", kReal + "% a\n  % b\n2 2 2\n% c\n1 2 3\n%%%\n2 1 4\n% d\n%"},
      {"comments beyond ASCII", kReal + "% \xc3\xa9 \xff " + std::string(1, '\0') + " \r x\n2 2 2\n1 2 3\n2 1 4\n"},
      {"a comment of 200000 characters", kReal + "%" + std::string(200000, '%') + "\n2 2 2\n1 2 3\n2 1 4\n"},
      {"200000 blanks", kReal + "2 2 2\n1 2 3\n2 1" + std::string(200000, ' ') + "4\n"},
      {"explicit zero", kReal + "2 2 3\n1 2 3\n2 1 4\n2 2 0\n"},
      {"array", kArray + "2 2\n0\n4\n3\n0\n"},
      {"integer array with comments", banner("array", "integer", "general") + "%\n2 2\n0\n4\n% x\n\n3\n0\n\n"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.what);
    CHECK(values_of(each.text) == std::vector<double>{0, 3, 4, 0});
  }
}

// Words and line ends that straddle the reader's buffer, wherever it ends.
TEST_CASE("mtx: words across buffer boundaries") {
  const ScratchFolder folder;
  for (int shift = 0; shift < 24; ++shift) {
    std::string text =
        kReal + "%" + std::string(static_cast<std::size_t>(65536 - 70 + shift), 'x') + "\r\n40 40 40\r\n";
    for (int i = 1; i <= 40; ++i) {
      const std::string index = std::to_string(i);
      text.append(index).append(" ").append(index).append(" ").append(index).append(".25\r\n");
    }
    const FileMatrix matrix = read_ok(folder.write("a.mtx", text));
    REQUIRE(matrix.entries.size() == 40);
    bool right = true;
    for (int i = 0; i < 40; ++i) {
      const Entry& entry = matrix.entries[static_cast<std::size_t>(i)];
      right = right && entry.row == i && entry.col == i && entry.value == i + 1.25;
    }
    CAPTURE(shift);
    CHECK(right);
  }
}

TEST_CASE("mtx: symmetries") {
  CHECK(values_of(banner("coordinate", "real", "symmetric") + "2 2 2\n1 1 5\n2 1 7\n") ==
        std::vector<double>{5, 7, 7, 0});
  CHECK(values_of(banner("coordinate", "pattern", "symmetric") + "2 2 1\n2 1\n") == std::vector<double>{0, 1, 1, 0});
  CHECK(values_of(banner("coordinate", "integer", "skew-symmetric") + "2 2 1\n2 1 7\n") ==
        std::vector<double>{0, -7, 7, 0});
  CHECK(values_of(banner("array", "real", "symmetric") + "3 3\n1\n2\n3\n4\n5\n6\n") ==
        std::vector<double>{1, 2, 3, 2, 4, 5, 3, 5, 6});
  CHECK(values_of(banner("array", "real", "skew-symmetric") + "3 3\n1\n2\n3\n") ==
        std::vector<double>{0, -1, -2, 1, 0, -3, 2, 3, 0});
  CHECK(values_of(banner("array", "real", "skew-symmetric") + "1 1\n") == std::vector<double>{0});
  CHECK(values_of(banner("array", "real", "symmetric") + "0 0\n").empty());
  check_all_refused({
      {"too few of a symmetric array", banner("array", "real", "symmetric") + "2 2\n1\n2\n", "after 2 of 3 values"},
      {"all of a symmetric array", banner("array", "real", "symmetric") + "2 2\n1\n2\n2\n3\n",
       "more than the declared 3"},
      {"two values on a line", kArray + "2 2\n1 2\n3 4\n", "line 3: unexpected '2' after the value"},
      {"skew-symmetric, above the diagonal", banner("coordinate", "real", "skew-symmetric") + "2 2 1\n1 2 3\n",
       "line 3: row 1, column 2 is above the diagonal"},
  });
}

TEST_CASE("mtx: what is stored is counted as the file stores it") {
  const ScratchFolder folder;
  const std::string text =
      banner("coordinate", "real", "symmetric") + "3 3 6\n2 1 1\n2 1 2\n3 3 0\n2 1 -3\n3 3 4\n3 2 0\n";
  const FileMatrix matrix = read_ok(folder.write("a.mtx", text));
  CHECK(matrix.stored == 6);
  CHECK(matrix.duplicates_stored == 3);
  CHECK(matrix.explicit_zeros_stored == 2);
  CHECK(matrix.symmetry == "symmetric");
  CHECK(matrix.entries.size() == 5);  // (2,1) and (3,2), mirrored, and (3,3)
  CHECK(dense<double>(matrix) == std::vector<double>{0, 0, 0, 0, 0, 0, 0, 0, 4});
  const FileMatrix skew =
      read_ok(folder.write("a.mtx", banner("coordinate", "real", "skew-symmetric") + "2 2 2\n1 1 0\n2 1 0\n"));
  CHECK(skew.explicit_zeros_stored == 2);
  REQUIRE(skew.entries.size() == 3);
  for (const Entry& entry : skew.entries) CHECK_FALSE(std::signbit(entry.value));
}

// A comment pads the file so that the stray carriage return is the last byte of the reader's 64 KiB.
TEST_CASE("mtx: a carriage return alone at a buffer boundary") {
  const ScratchFolder folder;
  const std::string tail = "\n2 2 1\n1 1 1";
  std::string text = kReal + "%";
  text += std::string(65535 - text.size() - tail.size(), 'x') + tail + "\r5\n";
  REQUIRE(text[65535] == '\r');
  check_file_refused(folder.write("a.mtx", text), "line 4: a carriage return without a line feed");
}

// (1 + 2^-53) + 2^-53 = 1, but 1 + (2^-53 + 2^-53) = 1 + 2^-52: the order shows.
TEST_CASE("mtx: duplicates are summed in the order of the file") {
  const std::string tiny = "1 1 1.1102230246251565e-16\n";
  CHECK(values_of(kReal + "2 2 4\n1 1 1\n" + tiny + "2 2 9\n" + tiny)[0] == 1);
  CHECK(values_of(kReal + "2 2 4\n" + tiny + "2 2 9\n" + tiny + "1 1 1\n")[0] == 1 + 0x1p-52);
  CHECK(values_of(banner("coordinate", "pattern", "general") + "1 2 2\n1 2\n1 2\n") == std::vector<double>{0, 2});
}

// Sums of thirds and sevenths, whose last bits depend on the order; more of them than an insertion sort handles.
TEST_CASE("mtx: many duplicates are summed in the order of the file") {
  std::string text = kReal + "50 50 2000\n";
  std::vector<double> expected(2500);
  for (int i = 0; i < 2000; ++i) {
    const int row = i * 7 % 3, col = i % 2;
    const double value = (i * 7919 % 1000 + 1) / 21.0;
    expected[static_cast<std::size_t>(row * 50 + col)] += value;
    char line[64];
    std::snprintf(line, sizeof line, "%d %d %.17g\n", row + 1, col + 1, value);
    text += line;
  }
  CHECK(values_of(text) == expected);
}

TEST_CASE("mtx: files cut off anywhere never read as something else") {
  const ScratchFolder folder;
  const std::string whole = kReal + "3 3 2\n1 1 10\n3 2 25\n";
  const FileMatrix expected = read_ok(folder.write("a.mtx", whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    FileMatrix matrix;
    const Status status = read_matrix(folder.write("a.mtx", whole.substr(0, length)), matrix);
    // Without its last digit or newline the last number is still one: no reader can tell.
    const bool whole_number = length + 2 >= whole.size();
    CHECK(status.ok() == whole_number);
    if (!whole_number) CHECK(status.cause() == Cause::bad_file);
  }
}

}  // namespace
}  // namespace septet::io::test
