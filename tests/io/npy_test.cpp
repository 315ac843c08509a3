// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Headers that NumPy would never write, and those that it might.
#include "io_test_support.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

namespace septet::io::test {
namespace {

const std::string& six_floats() {
  static const std::string bytes = bytes_of(std::vector<float>{0, 1, 2, 3, 4, 5});
  return bytes;
}

std::string header(const std::string& descr, const std::string& order, const std::string& shape) {
  return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}

std::string shaped(const std::string& shape) { return header("'<f4'", "False", shape); }
std::string typed(const std::string& descr) { return header("'" + descr + "'", "False", "(2, 3)"); }

TEST_CASE("npy: malformed headers") {
  struct Case {
    const char* what;
    std::string header;
    const char* reason;
  };
  const std::vector<Case> cases = {
      {"empty header", "", "'{' at its beginning"},
      {"not terminated by a newline", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", "newline"},
      {"dict not closed", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), \n", "a key in quotes"},
      {"dict not closed, no comma", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)\n", "between its items"},
      {"tuple not closed", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3", "not a tuple of whole numbers"},
      {"string not closed", "{'descr': '<f4, }\n", "a string in the header does not end"},
      {"text behind the dict", shaped("(2, 3)") + "x\n", "behind the header's dict"},
      {"NUL behind the dict", shaped("(2, 3)") + std::string(1, '\0') + "\n", "behind the header's dict"},
      {"no descr", "{'fortran_order': False, 'shape': (2, 3)}\n", "no key 'descr'"},
      {"no fortran_order", "{'descr': '<f4', 'shape': (2, 3)}\n", "no key 'fortran_order'"},
      {"extra key", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1}\n", "unknown header key 'x'"},
      {"key twice", "{'shape': (2, 3), 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}\n", "appears twice"},
      {"key without quotes", "{descr: '<f4'}\n", "a key in quotes"},
      {"key without value", "{'descr'}\n", "':' after a key"},
      {"no comma between items", "{'descr': '<f4' 'shape': (2, 3)}\n", "between its items"},
      {"two commas", "{'descr': '<f4',, 'shape': (2, 3)}\n", "a key in quotes"},
      {"non-ASCII key", "{'d\xc3\xa9scr': '<f4'}\n", "unknown header key 'd\\xc3\\xa9scr'"},
      {"control characters in a key", "{'\x1b[2J\n': 1}\n", "unknown header key '\\x1b[2J\\x0a'"},
      {"lower-case false", header("'<f4'", "false", "(2, 3)"), "neither True nor False"},
      {"0 for False", header("'<f4'", "0", "(2, 3)"), "neither True nor False"},
      {"something behind True", header("'<f4'", "Truely", "(2, 3)"), "between its items"},
      {"blanks in the dtype", typed(" <f4 "), "no byte order"},
      {"blank behind the dtype", typed("<f4 "), "dtype '<f4 ' is not supported"},
      {"no byte order", typed("f4"), "no byte order"},
      {"native byte order", typed("=f4"), "no byte order"},
      {"no byte order for 4 bytes", typed("|f4"), "dtype '|f4' has no byte order"},
      {"empty dtype", typed(""), "no byte order"},
      {"byte order alone", typed("<"), "no byte order"},
      {"dtype as a number", header("4", "False", "(2, 3)"), "a dtype in quotes"},
      {"structured dtype", header("[('a', '<f4')]", "False", "(2, 3)"), "structured"},
      {"bool", typed("|b1"), "truth values: convert with .astype('u1')"},
      {"long double", typed("<f16"), "floats of this size"},
      {"128-bit integer", typed("<i16"), "integers of this size"},
      {"complex", typed("<c16"), "complex numbers"},
      {"date", typed("<M8[ns]"), "dtype '<M8[ns]' is not supported"},
      {"raw bytes", typed("|V4"), "raw bytes"},
      {"byte string", typed("|S4"), "strings"},
      {"unknown kind", typed("<q4"), "nothing known"},
      {"shape product beyond 64 bits", shaped("(4611686018427387904, 4)"), "beyond 64 bits"},
      {"size in bytes beyond 64 bits", shaped("(4611686018427387904, 1)"), "beyond 64 bits"},
      {"dimension beyond 64 bits", shaped("(2, 36893488147419103232)"), "does not fit 64 bits"},
      {"negative dimension", shaped("(2, -3)"), "negative dimension"},
      {"two negative dimensions", shaped("(-2, -3)"), "negative dimension"},
      {"minus zero", shaped("(-0, 3)"), "negative dimension"},
      {"plus sign", shaped("(+2, 3)"), "not a tuple of whole numbers"},
      {"leading zero", shaped("(02, 3)"), "begins with 0"},
      {"hexadecimal", shaped("(0x2, 3)"), "not a tuple of whole numbers"},
      {"fraction", shaped("(2.0, 3)"), "not a tuple of whole numbers"},
      {"exponent", shaped("(2e0, 3)"), "not a tuple of whole numbers"},
      {"underscore", shaped("(2_0, 3)"), "not a tuple of whole numbers"},
      {"shape as a list", shaped("[2, 3]"), "'(' at the beginning of the shape"},
      {"shape as a number", shaped("6"), "'(' at the beginning of the shape"},
      {"number in parentheses", shaped("(6)"), "not a tuple"},
      {"lonely comma", shaped("(,)"), "not a tuple of whole numbers"},
      {"two commas in the shape", shaped("(2,, 3)"), "not a tuple of whole numbers"},
      {"no comma in the shape", shaped("(2 3)"), "not a tuple of whole numbers"},
      {"None in the shape", shaped("(None, 3)"), "not a tuple of whole numbers"},
      {"three dimensions", shaped("(1, 2, 3)"), "3 dimensions: a matrix is expected; reshape it"},
      {"scalar", shaped("()"), "a scalar: a matrix is expected"},
      {"empty shape with data", shaped("(0, 3)"), "24 bytes behind the data"},
      {"smaller shape than data", shaped("(2, 2)"), "8 bytes behind the data"},
      {"larger shape than data", shaped("(3, 3)"), "24 of 36 bytes"},
      {"far larger shape than data", shaped("(1000000000, 1000000000)"), "24 of 4000000000000000000 bytes"},
      {"8-byte elements", typed("<f8"), "24 of 48 bytes"},
  };
  const ScratchFolder folder;
  for (const Case& each : cases) {
    CAPTURE(each.what);
    for (const int version : {1, 2, 3}) {
      check_file_refused(folder.write("a.npy", npy_bytes(each.header, six_floats(), version)), each.reason);
    }
  }
}

TEST_CASE("npy: unusual headers that mean a matrix") {
  struct Case {
    const char* what;
    std::string header;
  };
  const std::vector<Case> cases = {
      {"as NumPy writes it", shaped("(2, 3)")},
      {"no trailing comma", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}\n"},
      {"other order of keys", "{'shape': (2, 3), 'fortran_order': False, 'descr': '<f4'}\n"},
      {"double quotes", "{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (2, 3)}\n"},
      {"no blanks", "{'descr':'<f4','fortran_order':False,'shape':(2,3)}\n"},
      {"many blanks", " \t{ 'descr' : '<f4' ,\n'fortran_order' : False , 'shape' : ( 2 , 3 , ) , } \n\n"},
      {"Python 2's long", shaped("(2L, 3L)")},
      {"trailing comma in the shape", shaped("(2, 3,)")},
      {"long padding", shaped("(2, 3)") + std::string(60000, ' ') + "\n"},
  };
  const ScratchFolder folder;
  for (const Case& each : cases) {
    CAPTURE(each.what);
    for (const int version : {1, 2, 3}) {
      const FileMatrix matrix = read_ok(folder.write("a.npy", npy_bytes(each.header, six_floats(), version)));
      CHECK(matrix.rows == 2);
      CHECK(matrix.cols == 3);
      CHECK(matrix.stored == 6);
      CHECK_FALSE(matrix.coordinate);
      CHECK(dense<float>(matrix) == std::vector<float>{0, 1, 2, 3, 4, 5});
    }
  }
}

TEST_CASE("npy: files cut off anywhere are refused") {
  const ScratchFolder folder;
  for (const int version : {1, 2, 3}) {
    const std::string whole = npy_bytes(shaped("(2, 3)"), six_floats(), version);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      CAPTURE(length);
      check_file_refused(folder.write("a.npy", whole.substr(0, length)), length == 0 ? "empty" : "");
    }
    CHECK(read_ok(folder.write("a.npy", whole)).stored == 6);
  }
}

TEST_CASE("npy: a wrong byte anywhere before the data is refused or harmless, never a crash") {
  const ScratchFolder folder;
  const std::string whole = npy_bytes(shaped("(2, 3)"), six_floats());
  Index refused = 0;
  for (std::size_t at = 0; at + 24 < whole.size(); ++at) {
    for (const char wrong : {'\0', '\xff', '9', ' ', '\'', '}'}) {
      std::string bytes = whole;
      bytes[at] = wrong;
      FileMatrix matrix;
      const Status status = read_matrix(folder.write("a.npy", bytes), matrix);
      CAPTURE(at);
      if (status.ok()) {
        CHECK(matrix.bytes.size() == 24);
      } else {
        CHECK(status.cause() == Cause::bad_file);
        ++refused;
      }
    }
  }
  CHECK(refused > 300);  // all but what replaces a blank, or a character by itself
}

TEST_CASE("npy: prefixes") {
  const ScratchFolder folder;
  const std::string good = npy_bytes(shaped("(2, 3)"), six_floats());
  const auto with = [&good](std::size_t at, const std::string& bytes) {
    std::string changed = good;
    return changed.replace(at, bytes.size(), bytes);
  };
  check_file_refused(folder.write("a.npy", with(6, std::string("\0\0", 2))), "byte 6: unknown format version 0.0");
  check_file_refused(folder.write("a.npy", with(6, std::string("\1\1", 2))), "byte 6: unknown format version 1.1");
  check_file_refused(folder.write("a.npy", with(6, std::string("\4\0", 2))), "byte 6: unknown format version 4.0");
  check_file_refused(folder.write("a.npy", with(6, "\xff\xff")), "byte 6: unknown format version 255.255");
  check_file_refused(folder.write("a.npy", "\x93NUMPZ\1"), "byte 0: the magic string");
  check_file_refused(folder.write("a.npy", "PK\3\4 a zip archive, as .npz files are"), "byte 0: the magic string");
  check_file_refused(folder.write("a.npy", std::string("\x93NUMPY\2\0\xff\xff\xff\xff{", 13)),
                     "byte 8: a header of 4294967295 bytes in a file of 13");
  check_file_refused(folder.write("a.npy", std::string("\x93NUMPY\2\0\x01\x00", 10)),
                     "the file ends before the header");
  check_file_refused(folder.write("a.npy", std::string("\x93NUMPY\3\0\x01\x00\x00", 11)), "ends before the header");
}

// numpy.atleast_2d does the same.
TEST_CASE("npy: one dimension is one row") {
  const ScratchFolder folder;
  const FileMatrix matrix = read_ok(folder.write("a.npy", npy_bytes(shaped("(6,)"), six_floats())));
  CHECK(matrix.rows == 1);
  CHECK(matrix.cols == 6);
  CHECK(dense<float>(matrix) == std::vector<float>{0, 1, 2, 3, 4, 5});
  check_file_refused(folder.write("a.npy", npy_bytes(shaped("(5,)"), six_floats())), "4 bytes behind the data");
}

TEST_CASE("npy: empty matrices") {
  const ScratchFolder folder;
  for (const char* shape : {"(0, 0)", "(0, 7)", "(7, 0)", "(0,)", "(16777216, 0)"}) {
    CAPTURE(shape);
    const FileMatrix matrix = read_ok(folder.write("a.npy", npy_bytes(shaped(shape), "")));
    CHECK(matrix.stored == 0);
    CHECK(matrix.bytes.empty());
    CHECK(dense<float>(matrix).empty());
  }
  for (const char* shape : {"(16777217, 0)", "(0, 9223372036854775807)", "(9223372036854775807, 0)"}) {
    CAPTURE(shape);
    check_file_refused(folder.write("a.npy", npy_bytes(shaped(shape), "")), "rows or columns in an empty matrix");
  }
}

// Values whose bytes all differ, in both byte orders and both storage orders.
template <class T>
void check_orders(const ScratchFolder& folder, const std::string& kind, Element element, const std::vector<T>& values) {
  REQUIRE(values.size() == 6);
  CAPTURE(kind);
  const std::vector<T> columns = {values[0], values[3], values[1], values[4], values[2], values[5]};
  for (const bool fortran : {false, true}) {
    const std::string little = bytes_of(fortran ? columns : values);
    std::string big = little;
    for (std::size_t at = 0; at < big.size(); at += sizeof(T)) {
      std::reverse(big.begin() + static_cast<std::ptrdiff_t>(at),
                   big.begin() + static_cast<std::ptrdiff_t>(at + sizeof(T)));
    }
    for (const bool is_big : {false, true}) {
      const std::string dict = header((is_big ? "'>" : "'<") + kind + "'", fortran ? "True" : "False", "(2, 3)");
      const FileMatrix matrix = read_ok(folder.write("a.npy", npy_bytes(dict, is_big ? big : little)));
      CHECK(matrix.element == element);
      REQUIRE(matrix.bytes.size() == little.size());
      CHECK(std::memcmp(matrix.bytes.data(), values.data(), matrix.bytes.size()) == 0);
    }
  }
}

TEST_CASE("npy: every type, byte order and storage order") {
  const ScratchFolder folder;
  check_orders<std::uint16_t>(folder, "f2", Element::f16, {0x3c01, 0xc002, 0x7c00, 0x0001, 0x8000, 0x7e03});
  check_orders<float>(folder, "f4", Element::f32, {1.1F, -2.3e-30F, 3.7e20F, 4, 0.1F, -6.25F});
  check_orders<double>(folder, "f8", Element::f64, {1.1, -2.3e-300, 3.7e200, 4, 0.1, -6.25});
  check_orders<std::int8_t>(folder, "i1", Element::s8, {-128, 127, 0, 1, -1, 5});
  check_orders<std::uint8_t>(folder, "u1", Element::u8, {0, 255, 128, 127, 1, 5});
  check_orders<std::int16_t>(folder, "i2", Element::s16, {-32768, 32767, 258, -1, 1, 0});
  check_orders<std::uint16_t>(folder, "u2", Element::u16, {65535, 258, 1, 0, 2, 513});
  check_orders<std::int32_t>(folder, "i4", Element::s32, {INT32_MIN, INT32_MAX, 0x01020304, -1, 1, 0});
  check_orders<std::uint32_t>(folder, "u4", Element::u32, {UINT32_MAX, 0x01020304, 1, 0, 2, 3});
  check_orders<std::int64_t>(folder, "i8", Element::s64, {INT64_MIN, INT64_MAX, 0x0102030405060708, -1, 1, 0});
  check_orders<std::uint64_t>(folder, "u8", Element::u64, {UINT64_MAX, 0x0102030405060708, 1, 0, 2, 3});
}

TEST_CASE("npy: what is no file, or not one") {
  const ScratchFolder folder;
  check_file_refused(folder.path("missing.npy"), "cannot be opened: No such file or directory");
  check_file_refused(folder.path("missing/a.npy"), "cannot be opened: No such file or directory");
  folder.write("file", "");
  check_file_refused(folder.path("file/a.npy"), "cannot be opened: Not a directory");
  std::filesystem::create_directory(folder.path("folder.npy"));
  check_file_refused(folder.path("folder.npy"), "is a directory");
  std::filesystem::create_symlink("/dev/zero", folder.path("endless.npy"));
  check_file_refused(folder.path("endless.npy"), "is not a regular file");
  REQUIRE(::mkfifo(folder.path("pipe.npy").c_str(), 0600) == 0);  // opening it would wait for a writer
  check_file_refused(folder.path("pipe.npy"), "is not a regular file");
  check_file_refused(folder.write("a.txt", "1 2 3"), "unknown kind of file");
  check_file_refused(folder.write("npy", "1 2 3"), "unknown kind of file");
  check_file_refused("", "unknown kind of file");
}

}  // namespace
}  // namespace septet::io::test
