// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The shared malformed files: each is treated as EXPECTED.tsv says, row by row.
#include "io_test_support.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <set>

namespace septet::io::test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Accepted {
  Index rows;
  Index cols;
  std::vector<double> values;  // row-major
  Element element = Element::real;
  Index stored = 0;
  Index duplicates = 0;
};

// What "accept" means for each file, from the file's own text or bytes.
const std::map<std::string, Accepted>& accepted_files() {
  static const std::vector<double> ramp = {0, 1, 2, 3, 4, 5};
  static const std::map<std::string, Accepted> files = {
      {"nan_value.mtx", {2, 2, {kNaN, 0, 0, 1}, Element::real, 2}},
      {"inf_value.mtx", {2, 2, {kInf, 0, 0, 1}, Element::real, 2}},
      {"int8_out_of_range.mtx", {2, 2, {200, 0, 0, 0}, Element::integer, 1}},
      {"duplicate_entries.mtx", {2, 2, {3, 0, 0, 0}, Element::real, 2, 1}},
      {"ok_crlf.mtx", {2, 2, {0, 0, -1.5, 0}, Element::real, 1}},
      {"ok_no_final_newline.mtx", {2, 2, {0, 0, -1.5, 0}, Element::real, 1}},
      {"ok_case_blank_comments.mtx", {2, 2, {0, 0, -1.5, 0}, Element::real, 1}},
      {"ok_zero_nnz.mtx", {3, 2, std::vector<double>(6), Element::real, 0}},
      {"zero_dims.mtx", {0, 0, {}, Element::real, 0}},
      {"ok_f32_2x3.npy", {2, 3, ramp, Element::f32, 6}},
      {"ok_v2_header.npy", {2, 3, ramp, Element::f32, 6}},
      {"fortran_order.npy", {2, 3, ramp, Element::f32, 6}},
      {"big_endian_f4.npy", {2, 3, ramp, Element::f32, 6}},
      {"dtype_f8.npy", {1, 6, ramp, Element::f64, 6}},
      {"dtype_f2.npy", {1, 6, ramp, Element::f16, 6}},
      {"zero_size.npy", {0, 5, {}, Element::f32, 0}},
      {"nan_weights.npy", {2, 2, {1, kNaN, kInf, 0}, Element::f32, 4}},
  };
  return files;
}

// A word that the refusal of each file must contain, so that it is refused for the reason that the file was made for.
const std::map<std::string, std::string>& reasons() {
  static const std::map<std::string, std::string> words = {
      {"empty_file.mtx", "empty"},
      {"no_banner.mtx", "line 1: the %%MatrixMarket banner"},
      {"bad_banner.mtx", "line 1: the %%MatrixMarket banner"},
      {"bad_object.mtx", "line 1: object 'vector'"},
      {"bad_format.mtx", "line 1: unknown format 'elemental'"},
      {"bad_field.mtx", "line 1: unknown field 'quaternion'"},
      {"bad_symmetry.mtx", "line 1: unknown symmetry 'symmetrical'"},
      {"complex_field.mtx", "line 1: field complex"},
      {"short_banner.mtx", "line 1: the banner needs four words"},
      {"truncated_no_size.mtx", "line 2: the file ends before the size line"},
      {"truncated_entries.mtx", "line 5: the file ends after 3 of 5 entries"},
      {"truncated_midline.mtx", "line 4: the entry has no value"},
      {"too_many_entries.mtx", "line 5: more than the declared 2"},
      {"row_zero.mtx", "line 3: row index 0, indices are 1-based"},
      {"row_too_big.mtx", "line 3: row index 4"},
      {"col_too_big.mtx", "line 3: column index 4"},
      {"negative_index.mtx", "line 3: negative row index -1"},
      {"index_overflow32.mtx", "line 3: row index 4294967297"},
      {"float_index.mtx", "line 3: row index '1.5' is not a whole number"},
      {"text_value.mtx", "line 3: value 'abc' is not a number"},
      {"value_with_garbage.mtx", "line 3: value '1.0x' is not a number"},
      {"value_overflow.mtx", "line 3: value '1e400' overflows"},
      {"negative_dims.mtx", "line 2: the number of rows is negative"},
      {"huge_dims.mtx", "line 2: 4000000000 x 4000000000"},
      {"huge_nnz.mtx", "line 2: 9000000000000000000 entries do not fit"},
      {"int64_overflow_dims.mtx", "does not fit 64 bits"},
      {"size_line_2_numbers.mtx", "line 2: the size line has no number of entries"},
      {"size_line_garbage.mtx", "line 2: the number of columns, 'x', is not a whole number"},
      {"symmetric_not_square.mtx", "line 2: a symmetric matrix must be square"},
      {"symmetric_upper.mtx", "line 3: row 1, column 3 is above the diagonal"},
      {"skew_with_diagonal.mtx", "line 3: value 5 on the diagonal"},
      {"pattern_with_value.mtx", "line 3: unexpected '5.0'"},
      {"integer_with_fraction.mtx", "line 3: value '2.5' is not an integer"},
      {"array_short.mtx", "line 5: the file ends after 3 of 4 values"},
      {"binary_garbage.mtx", "line 1: byte 0x00 is not text"},
      {"nul_in_middle.mtx", "line 3: byte 0x00 is not text"},
      {"wrong_magic.npy", "byte 0: the magic string"},
      {"empty.npy", "empty"},
      {"magic_only.npy", "byte 6: the file ends before the header"},
      {"truncated_header.npy", "byte 8: a header of 118 bytes in a file of 40"},
      {"truncated_data.npy", "byte 147: the file ends after 19 of 24 bytes"},
      {"extra_data.npy", "byte 152: 8 bytes behind the data"},
      {"dtype_c8.npy", "dtype '<c8' is not supported: complex"},
      {"dtype_struct.npy", "structured dtype"},
      {"dtype_str.npy", "dtype '<U2' is not supported: strings"},
      {"object_pickle.npy", "never unpickled"},
      {"huge_shape.npy", "beyond 64 bits"},
      {"negative_shape.npy", "negative dimension"},
      {"header_len_lies.npy", "byte 8: a header of 65535 bytes in a file of 152"},
      {"header_not_dict.npy", "byte 10: the header is no dict"},
      {"missing_shape.npy", "no key 'shape'"},
      {"version_9.npy", "byte 6: unknown format version 9.0"},
      {"scalar.npy", "a matrix is expected"},
      {"bad_rowptr.smtx", "line 2: row offset 2 (2) is less"},
      {"bad_last_rowptr.smtx", "line 2: the last row offset is 2, not nnz = 3"},
      {"col_out_of_range.smtx", "line 3: column index 3"},
      {"short_cols.smtx", "line 3: 2 of 3 column indices"},
      {"missing_lines.smtx", "the file ends before the row offsets"},
  };
  return words;
}

// Bit-wise, but for the payload of a NaN.
bool same(double a, double b) { return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b); }

void check_accepted(const std::string& path, const Accepted& expected) {
  const FileMatrix matrix = read_ok(path);
  CHECK(matrix.rows == expected.rows);
  CHECK(matrix.cols == expected.cols);
  CHECK(matrix.element == expected.element);
  CHECK(matrix.stored == expected.stored);
  CHECK(matrix.duplicates_stored == expected.duplicates);
  const std::vector<double> values = dense<double>(matrix);
  REQUIRE(values.size() == expected.values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    CAPTURE(i);
    CHECK(same(values[i], expected.values[i]));
  }
}

TEST_CASE("io: the shared malformed files are treated as EXPECTED.tsv says") {
  const std::string folder = shared_data("data/malformed");
  if (folder.empty()) return;
  std::ifstream table(folder + "/EXPECTED.tsv");
  std::string line;
  std::getline(table, line);  // heading
  std::set<std::string> seen;
  while (std::getline(table, line)) {
    const std::size_t tab = line.find('\t');
    REQUIRE(tab != std::string::npos);
    const std::string file = line.substr(0, tab), expected = line.substr(tab + 1);
    CAPTURE(file);
    CAPTURE(expected);
    seen.insert(file);
    if (expected.rfind("reject", 0) == 0) {
      REQUIRE(reasons().count(file) == 1);
      check_file_refused(folder + "/" + file, reasons().at(file));
    } else {
      REQUIRE(expected.rfind("accept", 0) == 0);
      REQUIRE(accepted_files().count(file) == 1);
      check_accepted(folder + "/" + file, accepted_files().at(file));
    }
  }
  CHECK(seen.size() == accepted_files().size() + reasons().size());
  for (const auto& item : std::filesystem::directory_iterator(folder)) {
    const std::string file = item.path().filename().string();
    CAPTURE(file);
    const bool known = file == "EXPECTED.tsv" || seen.count(file) == 1;
    CHECK(known);
  }
}

TEST_CASE("io: what integer types cannot hold is refused by convert, and kept as floats") {
  const std::string folder = shared_data("data/malformed");
  if (folder.empty()) return;
  struct Case {
    const char* file;
    const char* reason;
  };
  for (const Case& each : {Case{"nan_value.mtx", "row 0, column 0 (0-based): nan is not finite for s8"},
                           Case{"inf_value.mtx", "row 0, column 0 (0-based): inf is not finite for s8"},
                           Case{"nan_weights.npy", "row 0, column 1 (0-based): nan is not finite for s8"},
                           Case{"int8_out_of_range.mtx", "row 0, column 0 (0-based): 200 is out of range for s8"}}) {
    const FileMatrix matrix = read_ok(folder + "/" + each.file);
    for (const bool densify : {false, true}) {
      OwnedMatrix converted;
      converted.rows = -1;
      check_refused(convert(matrix, Type::s8, densify, converted), matrix.path, each.reason);
      CHECK(converted.rows == -1);
      CHECK(convert(matrix, Type::f32, densify, converted).ok());
      CHECK(converted.rows == 2);
    }
  }
  CHECK(dense<std::int32_t>(read_ok(folder + "/int8_out_of_range.mtx"))[0] == 200);
  CHECK(dense<std::uint8_t>(read_ok(folder + "/int8_out_of_range.mtx"))[0] == 200);
}

}  // namespace
}  // namespace septet::io::test
