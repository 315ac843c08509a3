// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// From every element to every type: exact where it fits, rounded once where it may be, refused where it does not.
#include "io_test_support.hpp"
#include "support/number.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace septet::io::test {
namespace {

constexpr Type kTypes[] = {Type::f32, Type::f64, Type::bf16, Type::f16, Type::s8, Type::u8, Type::s16, Type::s32};

template <class T>
FileMatrix row_of(Element element, const std::vector<T>& values) {
  FileMatrix matrix;
  matrix.path = "made";
  matrix.element = element;
  matrix.rows = 1;
  matrix.cols = static_cast<Index>(values.size());
  const auto* bytes = reinterpret_cast<const std::byte*>(values.data());
  matrix.bytes.assign(bytes, bytes + values.size() * sizeof(T));
  return matrix;
}

FileMatrix entries_of(Index rows, Index cols, std::vector<Entry> entries) {
  FileMatrix matrix;
  matrix.path = "made";
  matrix.coordinate = true;
  matrix.rows = rows;
  matrix.cols = cols;
  matrix.entries = std::move(entries);
  return matrix;
}

void check_misfit(const FileMatrix& matrix, Type type, const std::string& reason) {
  OwnedMatrix converted;
  CAPTURE(name(type));
  check_refused(convert(matrix, type, true, converted), "made", reason);
}

// The value of a half from its definition, digit by digit.
double half_value(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  if (exponent == 31) return fraction != 0 ? std::nan("") : sign * std::numeric_limits<double>::infinity();
  return exponent == 0 ? sign * std::ldexp(fraction, -24) : sign * std::ldexp(1024 + fraction, exponent - 25);
}

TEST_CASE("convert: all 65536 halves widen exactly") {
  std::vector<std::uint16_t> halves(65536);
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
  const FileMatrix matrix = row_of(Element::f16, halves);
  const std::vector<float> floats = dense<float>(matrix);
  const std::vector<double> doubles = dense<double>(matrix);
  int wrong = 0;
  for (std::size_t i = 0; i < halves.size(); ++i) {
    const double expected = half_value(halves[i]);
    const bool nan = std::isnan(expected);
    const bool right =
        nan ? std::isnan(floats[i]) && std::isnan(doubles[i]) : floats[i] == expected && doubles[i] == expected;
    const bool sign = std::signbit(floats[i]) == ((halves[i] & 0x8000) != 0);
    wrong += right && sign ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("convert: integers at the edges of each type") {
  const FileMatrix wide = row_of<std::int64_t>(Element::s64, {-128, 127});
  CHECK(dense<std::int8_t>(wide) == std::vector<std::int8_t>{-128, 127});
  CHECK(dense<std::uint8_t>(row_of<std::int64_t>(Element::s64, {0, 255})) == std::vector<std::uint8_t>{0, 255});
  CHECK(dense<std::int32_t>(row_of<std::int64_t>(Element::s64, {INT32_MIN, INT32_MAX})) ==
        std::vector<std::int32_t>{INT32_MIN, INT32_MAX});
  CHECK(dense<std::int32_t>(row_of<double>(Element::f64, {-2147483648.0, 2147483647.0, -0.0})) ==
        std::vector<std::int32_t>{INT32_MIN, INT32_MAX, 0});
  CHECK(dense<std::uint8_t>(row_of<float>(Element::f32, {0, 255})) == std::vector<std::uint8_t>{0, 255});

  CHECK(dense<std::int16_t>(row_of<std::int64_t>(Element::s64, {-32768, 32767})) ==
        std::vector<std::int16_t>{-32768, 32767});
  check_misfit(row_of<std::uint16_t>(Element::u16, {32768}), Type::s16, "32768 is out of range for s16");
  check_misfit(row_of<float>(Element::f32, {-32769}), Type::s16, "-32769 is out of range for s16");
  check_misfit(row_of<std::int64_t>(Element::s64, {0, -129}), Type::s8,
               "column 1 (0-based): -129 is out of range for s8");
  check_misfit(row_of<std::int16_t>(Element::s16, {0, 128}), Type::s8,
               "column 1 (0-based): 128 is out of range for s8");
  check_misfit(row_of<std::uint8_t>(Element::u8, {200}), Type::s8, "column 0 (0-based): 200 is out of range for s8");
  check_misfit(row_of<std::int8_t>(Element::s8, {-1}), Type::u8, "column 0 (0-based): -1 is out of range for u8");
  check_misfit(row_of<std::uint16_t>(Element::u16, {256}), Type::u8, "256 is out of range for u8");
  check_misfit(row_of<std::uint32_t>(Element::u32, {2147483648U}), Type::s32, "2147483648 is out of range for s32");
  check_misfit(row_of<std::uint64_t>(Element::u64, {UINT64_MAX}), Type::s32, "18446744073709551615 is out of range");
  check_misfit(row_of<std::uint64_t>(Element::u64, {UINT64_MAX}), Type::s8, "18446744073709551615 is out of range");
  check_misfit(row_of<std::uint64_t>(Element::u64, {255, 256}), Type::u8, "column 1 (0-based): 256 is out of range");
  check_misfit(row_of<std::int64_t>(Element::s64, {INT64_MIN}), Type::s32, "-9223372036854775808 is out of range");
  check_misfit(row_of<float>(Element::f32, {2147483648.0F}), Type::s32, "is out of range for s32");
  check_misfit(row_of<double>(Element::f64, {-2147483649.0}), Type::s32, "is out of range for s32");
  check_misfit(row_of<double>(Element::f64, {1e300}), Type::u8, "1e+300 is out of range for u8");
}

TEST_CASE("convert: integer types take whole, finite floats alone") {
  const double inf = std::numeric_limits<double>::infinity();
  for (const Type type : {Type::s8, Type::u8, Type::s16, Type::s32}) {
    check_misfit(row_of<double>(Element::f64, {1, 2.5}), type, "column 1 (0-based): 2.5 is not a whole number for");
    check_misfit(row_of<double>(Element::f64, {5e-324}), type, "5e-324 is not a whole number for");
    check_misfit(row_of<double>(Element::f64, {inf}), type, "inf is not finite for");
    check_misfit(row_of<double>(Element::f64, {-inf}), type, "-inf is not finite for");
    check_misfit(row_of<float>(Element::f32, {std::nanf("")}), type, "nan is not finite for");
    check_misfit(row_of<std::uint16_t>(Element::f16, {0x3800}), type, "0.5 is not a whole number for");
    check_misfit(row_of<std::uint16_t>(Element::f16, {0x7c00}), type, "inf is not finite for");
  }
  FileMatrix text = row_of<double>(Element::real, {1, 2, 3, 4.5});
  text.rows = 2;
  text.cols = 2;
  check_misfit(text, Type::s8, "row 1, column 1 (0-based): 4.5 is not a whole number for s8");
  text.element = Element::integer;  // as text is kept, too
  CHECK(dense<double>(text) == std::vector<double>{1, 2, 3, 4.5});
}

TEST_CASE("convert: floats round to nearest even, once") {
  const double halfway = 1 + 0x1p-24, above = 1 + 0x1p-24 + 0x1p-50, odd = 1 + 3 * 0x1p-24;
  CHECK(dense<float>(row_of<double>(Element::f64, {halfway, above, odd})) ==
        std::vector<float>{1, 1 + 0x1p-23F, 1 + 0x1p-22F});
  // 2^60 + 2^36 + 1 lies above halfway between two floats; as a double it would first become exactly halfway.
  const std::int64_t once = (std::int64_t{1} << 60) + (std::int64_t{1} << 36) + 1;
  CHECK(dense<float>(row_of<std::int64_t>(Element::s64, {once, -once})) ==
        std::vector<float>{0x1p60F + 0x1p37F, -0x1p60F - 0x1p37F});
  CHECK(dense<float>(row_of<std::uint64_t>(Element::u64, {static_cast<std::uint64_t>(once), UINT64_MAX})) ==
        std::vector<float>{0x1p60F + 0x1p37F, 0x1p64F});
  CHECK(dense<double>(row_of<std::uint64_t>(Element::u64, {UINT64_MAX})) == std::vector<double>{0x1p64});
  CHECK(dense<float>(row_of<double>(Element::f64, {1e-60, 0x1p-149, 0x1p-150})) == std::vector<float>{0, 0x1p-149F, 0});
}

// Bits of `values` as T.
template <class T, class From>
std::vector<int> narrowed(Element element, const std::vector<From>& values) {
  std::vector<int> bits;
  for (const T value : dense<T>(row_of<From>(element, values))) bits.push_back(value.bits);
  return bits;
}

// Every value, every tie between two, and doubles so close to a tie that a float in between would take them for one.
template <class T>
void check_narrowing() {
  std::vector<double> values;
  std::vector<int> expected;
  for (int bits = 0; bits < support::kInfinityBits<T> - 1; ++bits) {
    const double value = support::value_of_bits<T>(bits), next = support::value_of_bits<T>(bits + 1);
    const double tie = value + (next - value) / 2;
    for (const double x : {value, std::nextafter(tie, 0.0), tie, std::nextafter(tie, 1e300)}) {
      values.push_back(x), values.push_back(-x);
    }
    for (const int want : {bits, bits, bits + (bits & 1), bits + 1}) {
      expected.push_back(want), expected.push_back(want | 0x8000);
    }
  }
  CHECK(narrowed<T>(Element::f64, values) == expected);
}

TEST_CASE("convert: bf16 and f16 round to nearest even, once") {
  check_narrowing<bf16>();
  check_narrowing<f16>();
  // Just above and below a tie of bf16, by less than a double tells: 2^62 + 2^54, plus or minus 1.
  const std::int64_t tie = (std::int64_t{1} << 62) + (std::int64_t{1} << 54);
  const int power = bf16(0x1p62F).bits;
  CHECK(narrowed<bf16, std::int64_t>(Element::s64, {tie - 1, tie, tie + 1, -tie - 1, -tie}) ==
        std::vector<int>{power, power, power + 1, (power + 1) | 0x8000, power | 0x8000});
  CHECK(narrowed<bf16, std::uint64_t>(Element::u64, {static_cast<std::uint64_t>(tie) * 2 + 1, UINT64_MAX}) ==
        std::vector<int>{bf16(0x1p63F).bits + 1, bf16(0x1p64F).bits});
  CHECK(narrowed<bf16, std::int64_t>(Element::s64, {INT64_MIN}) == std::vector<int>{bf16(-0x1p63F).bits});
  CHECK(narrowed<f16, std::int32_t>(Element::s32, {2049, 2051, -65504}) ==
        std::vector<int>{f16(2048.0F).bits, f16(2052.0F).bits, 0xfbff});
  CHECK(narrowed<bf16, float>(Element::f32, {1.00390625F, -0.0F}) == std::vector<int>{0x3f80, 0x8000});
  // Halves and their neighbours as they are.
  CHECK(narrowed<f16, std::uint16_t>(Element::f16, {0x3c01, 0x8000, 0x7c00, 1}) ==
        std::vector<int>{0x3c01, 0x8000, 0x7c00, 1});
}

TEST_CASE("convert: a finite value never becomes an infinite bf16 or f16") {
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(narrowed<f16, double>(Element::f64, {std::nextafter(65520.0, 0.0), inf, -inf}) ==
        std::vector<int>{0x7bff, 0x7c00, 0xfc00});
  CHECK(narrowed<bf16, double>(Element::f64, {std::nextafter(0x1.ffp127, 0.0), inf}) ==
        std::vector<int>{0x7f7f, 0x7f80});
  check_misfit(row_of<double>(Element::f64, {0, 65520}), Type::f16,
               "column 1 (0-based): 65520 is out of range for f16");
  check_misfit(row_of<double>(Element::f64, {-1e300}), Type::f16, "-1e+300 is out of range for f16");
  check_misfit(row_of<double>(Element::f64, {0x1.ffp127}), Type::bf16, "is out of range for bf16");
  check_misfit(row_of<float>(Element::f32, {3.39e38F, 3.4028235e38F}), Type::bf16, "column 1 (0-based):");
  check_misfit(row_of<std::int64_t>(Element::s64, {65520}), Type::f16, "65520 is out of range for f16");
  const std::vector<f16> nan = dense<f16>(row_of<double>(Element::f64, {std::nan("")}));
  CHECK((nan[0].bits & 0x7fff) > 0x7c00);
}

TEST_CASE("convert: a finite double never becomes an infinite float") {
  const double largest = std::numeric_limits<float>::max();
  const double limit = 0x1.ffffffp127;  // halfway from the largest float to 2^128
  const float rounded = static_cast<float>(largest);
  CHECK(dense<float>(row_of<double>(Element::f64, {largest, std::nextafter(limit, 0.0), -largest})) ==
        std::vector<float>{rounded, rounded, -rounded});
  check_misfit(row_of<double>(Element::f64, {0, limit}), Type::f32, "column 1 (0-based):");
  check_misfit(row_of<double>(Element::f64, {0, -1e300}), Type::f32, "-1e+300 is out of range for f32");
  const std::vector<float> kept = dense<float>(row_of<double>(
      Element::f64, {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), std::nan("")}));
  CHECK(kept[0] == std::numeric_limits<float>::infinity());
  CHECK(kept[1] == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(kept[2]));
}

TEST_CASE("convert: the first offender in row-major order is the one named") {
  check_misfit(entries_of(3, 3, {{0, 0, 1}, {0, 2, 300}, {1, 1, 0.5}}), Type::s8, "row 0, column 2 (0-based): 300");
}

TEST_CASE("convert: entries to CSR and to dense rows") {
  const FileMatrix matrix = entries_of(5, 4, {{1, 0, 3}, {1, 3, 0}, {3, 2, -7}});
  OwnedMatrix sparse, full;
  REQUIRE(convert(matrix, Type::s8, false, sparse).ok());
  CHECK(sparse.sparse);
  CHECK(sparse.row_ptr == std::vector<std::int64_t>{0, 0, 2, 2, 3, 3});
  CHECK(sparse.col_idx == std::vector<std::int64_t>{0, 3, 2});
  const SparseView view = sparse.sparse_view();
  CHECK(view.layout == SparseView::Layout::csr);
  CHECK(view.type == Type::s8);
  CHECK(view.index_bytes == 8);
  CHECK(view.rows == 5);
  CHECK(view.cols == 4);
  CHECK(view.offsets == sparse.row_ptr.data());
  CHECK(view.indices == sparse.col_idx.data());
  const auto* values = static_cast<const std::int8_t*>(view.values);
  CHECK(values[0] == 3);
  CHECK(values[1] == 0);
  CHECK(values[2] == -7);
  CHECK(sparse.weights().sparse() != nullptr);

  REQUIRE(convert(matrix, Type::s8, true, full).ok());
  const Matrix rows = full.dense_view();
  CHECK(rows.type == Type::s8);
  CHECK(rows.rows == 5);
  CHECK(rows.cols == 4);
  CHECK(rows.row_stride == 4);
  CHECK(rows.col_stride == 1);
  const auto* elements = static_cast<const std::int8_t*>(rows.data);
  CHECK(elements[4] == 3);
  CHECK(elements[14] == -7);
  REQUIRE(full.weights().dense() != nullptr);
  CHECK(full.weights().dense()->data == full.values.data());
}

TEST_CASE("convert: empty matrices of every type") {
  for (const Type type : kTypes) {
    for (const bool densify : {false, true}) {
      OwnedMatrix converted;
      REQUIRE(convert(entries_of(0, 0, {}), type, densify, converted).ok());
      CHECK(converted.values.empty());
      REQUIRE(convert(entries_of(3, 0, {}), type, densify, converted).ok());
      CHECK(converted.rows == 3);
      CHECK(converted.values.empty());
      if (!densify) CHECK(converted.row_ptr == std::vector<std::int64_t>{0, 0, 0, 0});
    }
  }
}

TEST_CASE("convert: a dense form beyond the limit is refused") {
  const FileMatrix matrix = entries_of(kMaxFileDimension, kMaxFileDimension, {{5, 5, 1}});
  OwnedMatrix converted;
  converted.rows = -1;
  check_refused(convert(matrix, Type::u8, true, converted), "made", "takes 281474976710656 bytes",
                Cause::out_of_memory);
  check_refused(convert(entries_of((kMaxDenseBytes >> 12) + 1, 512, {}), Type::f64, true, converted), "made",
                "takes 8589938688 bytes, at most 8589934592", Cause::out_of_memory);
  CHECK(converted.rows == -1);
}

TEST_CASE("convert: native types and names") {
  struct Case {
    Element element;
    const char* name;
    bool native;
    Type type;
  };
  for (const Case& each :
       {Case{Element::f16, "f16", true, Type::f16}, Case{Element::bf16, "bf16", true, Type::bf16},
        Case{Element::f32, "f32", true, Type::f32}, Case{Element::f64, "f64", true, Type::f64},
        Case{Element::s8, "s8", true, Type::s8}, Case{Element::u8, "u8", true, Type::u8},
        Case{Element::s16, "s16", true, Type::s16}, Case{Element::u16, "u16", false, Type::f32},
        Case{Element::s32, "s32", true, Type::s32}, Case{Element::u32, "u32", false, Type::f32},
        Case{Element::s64, "s64", false, Type::f32}, Case{Element::u64, "u64", false, Type::f32},
        Case{Element::pattern, "pattern", false, Type::f32}, Case{Element::real, "real", false, Type::f32},
        Case{Element::integer, "integer", false, Type::f32}}) {
    CAPTURE(each.name);
    FileMatrix matrix;
    matrix.element = each.element;
    Type type = Type::f32;
    CHECK(std::string(name(each.element)) == each.name);
    CHECK(native_type(matrix, type) == each.native);
    if (each.native) CHECK(type == each.type);
  }
}

}  // namespace
}  // namespace septet::io::test
