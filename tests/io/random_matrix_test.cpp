// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "io_test_support.hpp"
#include "support/number.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace septet::io::test {
namespace {

// The first outputs of std::mt19937_64, from an implementation in Python that reproduces the standard's 10000th value.
TEST_CASE("random: the same values on every platform") {
  const std::vector<float> expected = {2246077, 2288530, 7570129, 352728, 5887093, -15290050, 7897910, -1248644};
  std::vector<float> values = dense<float>(read_ok("random:2x4,seed=1"));
  for (float& value : values) value *= 0x1p24F;
  CHECK(values == expected);
  CHECK(dense<std::uint8_t>(read_ok("random:8x1,seed=1,dtype=u8")) ==
        std::vector<std::uint8_t>{34, 34, 115, 5, 89, 233, 120, 19});
  CHECK(dense<std::int8_t>(read_ok("random:1x8,dtype=s8,seed=18446744073709551615")) ==
        std::vector<std::int8_t>{6, -73, 9, -125, -17, -122, 71, 99});
  CHECK(read_ok("random:3x5").bytes == read_ok("random:3x5,dtype=f32,seed=1,zeros=0").bytes);
  CHECK(read_ok("random:3x5,seed=2").bytes != read_ok("random:3x5,seed=1").bytes);
  CHECK(dense<double>(read_ok("random:9x9,dtype=f64")) == dense<double>(read_ok("random:9x9,dtype=f32")));
}

TEST_CASE("random: bf16 and f16 have the values of f32, rounded; s16 all its bits") {
  const std::vector<float> values = dense<float>(read_ok("random:50x200"));
  const std::vector<bf16> brains = dense<bf16>(read_ok("random:50x200,dtype=bf16"));
  const std::vector<f16> halves = dense<f16>(read_ok("random:50x200,dtype=f16"));
  int wrong = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    wrong += brains[i].bits != support::rounded_bits<bf16>(values[i]) || (brains[i].bits & 0x7fff) == 0;
    wrong += halves[i].bits != support::rounded_bits<f16>(values[i]) || (halves[i].bits & 0x7fff) == 0;
  }
  CHECK(wrong == 0);
  const std::vector<std::int16_t> shorts = dense<std::int16_t>(read_ok("random:1x65536,dtype=s16"));
  int ones = 0, zeros = 0;
  for (const std::int16_t each : shorts) ones |= each, zeros |= ~each;
  CHECK((ones & zeros & 0xffff) == 0xffff);
  CHECK(std::count(shorts.begin(), shorts.end(), 0) == 0);
  CHECK(*std::min_element(shorts.begin(), shorts.end()) < -32700);
  CHECK(*std::max_element(shorts.begin(), shorts.end()) > 32700);
}

TEST_CASE("random: elements and shape") {
  const FileMatrix matrix = read_ok("random:64x576,dtype=s8");
  CHECK(matrix.rows == 64);
  CHECK(matrix.cols == 576);
  CHECK(matrix.element == Element::s8);
  CHECK(matrix.stored == 64 * 576);
  CHECK_FALSE(matrix.coordinate);
  CHECK(read_ok("random:2x2,dtype=u8").element == Element::u8);
  CHECK(read_ok("random:2x2,dtype=f64").element == Element::f64);
  CHECK(read_ok("random:2x2,dtype=bf16").element == Element::bf16);
  CHECK(read_ok("random:2x2,dtype=f16").element == Element::f16);
  CHECK(read_ok("random:2x2,dtype=s16").element == Element::s16);
  CHECK(read_ok("random:2x2").element == Element::f32);
  CHECK(read_ok("random:0x5").bytes.empty());
  CHECK(read_ok("random:5x0,zeros=1").bytes.empty());
}

// 65536 draws of 255 values: about 257 each, standard deviation 16. Six of those either way.
TEST_CASE("random: integers are uniform over everything but zero") {
  for (const char* spec : {"random:256x256,dtype=u8", "random:256x256,dtype=s8"}) {
    CAPTURE(spec);
    std::array<int, 256> counts{};
    for (const std::byte byte : read_ok(spec).bytes) ++counts[std::to_integer<std::size_t>(byte)];
    CHECK(counts[0] == 0);
    CHECK(*std::min_element(counts.begin() + 1, counts.end()) > 257 - 6 * 16);
    CHECK(*std::max_element(counts.begin() + 1, counts.end()) < 257 + 6 * 16);
  }
}

TEST_CASE("random: floats are multiples of 2^-24 within (-1, 1), of both signs, with all 24 bits") {
  const std::vector<double> values = dense<double>(read_ok("random:256x256,dtype=f64"));
  std::array<int, 24> ones{};
  int negative = 0, wrong = 0;
  for (const double value : values) {
    const double scaled = std::abs(value) * 0x1p24;
    if (!(scaled >= 1 && scaled < 0x1p24 && scaled == std::floor(scaled))) ++wrong;
    negative += value < 0 ? 1 : 0;
    const auto bits = static_cast<std::uint32_t>(scaled);
    for (std::size_t bit = 0; bit < 24; ++bit) ones[bit] += static_cast<int>(bits >> bit & 1);
  }
  CHECK(wrong == 0);
  // Fair coins, 65536 throws: standard deviation 128.
  CHECK(std::abs(negative - 32768) < 6 * 128);
  for (const int count : ones) CHECK(std::abs(count - 32768) < 6 * 128);
}

// Magnitude pruning, spelt out.
std::vector<double> pruned(const std::vector<double>& values, std::size_t zeros) {
  std::vector<std::size_t> order(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return std::abs(values[a]) < std::abs(values[b]); });
  std::vector<double> result = values;
  for (std::size_t i = 0; i < zeros; ++i) result[order[i]] = 0;
  return result;
}

TEST_CASE("random: exactly the smallest elements become zero") {
  struct Case {
    const char* zeros;
    std::size_t count;  // of 17 x 23 = 391
  };
  for (const Case& each :
       {Case{"0", 0}, Case{"0.8", 313}, Case{"80%", 313}, Case{"1", 391}, Case{"100%", 391}, Case{"0.5", 196},
        Case{"0.001", 0}, Case{"0.0013", 1}, Case{"12.5%", 49}, Case{"1e-1", 39}}) {
    for (const char* dtype : {"f32", "f64", "bf16", "f16", "s8", "u8", "s16"}) {
      CAPTURE(each.zeros);
      CAPTURE(dtype);
      const std::string base = std::string("random:17x23,seed=7,dtype=") + dtype;
      const std::vector<double> values = dense<double>(read_ok(base + ",zeros=" + each.zeros));
      CHECK(static_cast<std::size_t>(std::count(values.begin(), values.end(), 0.0)) == each.count);
      CHECK(values == pruned(dense<double>(read_ok(base)), each.count));
      CHECK(std::none_of(values.begin(), values.end(), [](double v) { return v == 0 && std::signbit(v); }));
    }
  }
}

TEST_CASE("random: bad specifications") {
  for (const char* spec : {"random:", "random:4", "random:x", "random:4x", "random:x4", "random:4x4x4", "random:-4x4",
                           "random:4x-4", "random:+4x4", "random:4.0x4", "random: 4x4", "random:4X4", "random:4x4 ",
                           "random:0x10x4", "random:99999999999999999999x1"}) {
    check_file_refused(spec, "is no shape", Cause::bad_option);
  }
  for (const char* spec : {"random:16777217x1", "random:1x9223372036854775807"}) {
    check_file_refused(spec, "at most 16777216 rows or columns", Cause::bad_option);
  }
  check_file_refused("random:65536x32769", "more than 8589934592 bytes", Cause::bad_option);
  check_file_refused("random:32769x32768,dtype=f64", "more than 8589934592 bytes", Cause::bad_option);
  for (const char* zeros : {"", "%", "-0.1", "1.1", "101%", "nan", "inf", "0.5x", "1e400", "0,5", "0.5%%", "-1e-9"}) {
    CAPTURE(zeros);
    check_file_refused(std::string("random:4x4,zeros=") + zeros, "", Cause::bad_option);
  }
  for (const char* seed : {"", "-1", "1.5", "18446744073709551616", "0x1", "one"}) {
    check_file_refused(std::string("random:4x4,seed=") + seed, "is no whole number of 64 bits", Cause::bad_option);
  }
  for (const char* dtype : {"", "f128", "s32", "u16", "F32", "float", "f32 "}) {
    check_file_refused(std::string("random:4x4,dtype=") + dtype, "is none of f32, f64, bf16, f16, s8, u8, s16",
                       Cause::bad_option);
  }
  for (const char* option : {"", "seed", "seed:1", "Seed=1", "zero=1", " seed=1", "=1", "x=\x1b[2J\n"}) {
    check_file_refused(std::string("random:4x4,") + option, "is none of zeros=", Cause::bad_option);
  }
  check_file_refused("random:4x4,seed=1,", "is none of zeros=", Cause::bad_option);
  check_file_refused("random:4x4,seed=1,seed=1", "'seed' is given twice", Cause::bad_option);
  check_file_refused("random:4x4,zeros=0,dtype=f32,zeros=0", "'zeros' is given twice", Cause::bad_option);
}

}  // namespace
}  // namespace septet::io::test
