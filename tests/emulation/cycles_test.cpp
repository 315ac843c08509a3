// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The cycle model against a loop over single folds, and A handed over in every form.
#include "cycles_naive.hpp"

#include <doctest/doctest.h>

using namespace septet::cycles_test;
using namespace septet;

TEST_CASE("cycles: equals a loop over single folds") {
  std::mt19937 random(20250611);
  for (int round = 0; round < 400; ++round) {
    Problem p = random_problem(random);
    for (Dataflow dataflow : kAll) {
      for (Timing timing : {Timing::serial, Timing::overlapped, Timing::scalesim}) {
        for (Accumulate accumulate : {Accumulate::chained, Accumulate::fold_then_add}) {
          if (stationary(dataflow, "OS") && accumulate == Accumulate::fold_then_add) continue;
          p.options.dataflow = dataflow;
          p.options.accumulate = accumulate;
          p.array.timing = timing;
          INFO("seed 20250611, round ", round, ", ", std::string(name(dataflow)), ", ", std::string(name(timing)), ", ",
               std::string(name(accumulate)), ", ", p.m, "x", p.n, "x", p.k, " on ", p.height(), "x", p.width(),
               ", bandwidth ", p.array.bandwidth);
          check_against_naive(p);
        }
      }
    }
  }
}

TEST_CASE("cycles: a shape alone is a matrix full of non-zeros") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    Problem p = random_problem(random);
    std::fill(p.a.begin(), p.a.end(), 2.0F);
    p.array.timing = static_cast<Timing>(round % 3);
    Index sparse_os = 0, dense_os = 0;
    for (Dataflow dataflow : kAll) {
      p.options.dataflow = dataflow;
      INFO("seed 7, round ", round, ", ", std::string(name(dataflow)), ", ", p.m, "x", p.n, "x", p.k, " on ",
           p.height(), "x", p.width());
      const Report r = emulation::cycles(p.m, p.n, p.k, Type::f32, Type::f32, p.options, p.array);
      REQUIRE(text(r) == text(naive(p)));
      if (dataflow == Dataflow::sOS) sparse_os = r.cycles - r.cycles_stall;
      if (dataflow == Dataflow::dOS) dense_os = r.cycles - r.cycles_stall;
      ArrayOptions overlapped{Timing::overlapped, 0}, serial{Timing::serial, 0};
      CHECK(emulation::cycles(p.m, p.n, p.k, Type::f32, Type::f32, p.options, overlapped).cycles <=
            emulation::cycles(p.m, p.n, p.k, Type::f32, Type::f32, p.options, serial).cycles);
    }
    CHECK(sparse_os == dense_os);
  }
}

// ---- A in every form ----------------------------------------------------------------------------------------------

TEST_CASE("cycles: a pattern is the same in every form") {
  std::mt19937 random(99);
  for (int round = 0; round < 60; ++round) {
    Problem p = random_problem(random);
    if (p.m == 0 || p.k == 0) continue;
    std::vector<std::int32_t> row_ptr{0}, col_idx;
    std::vector<std::int64_t> col_ptr{0}, row_idx;
    std::vector<float> by_row, by_column;
    for (Index i = 0; i < p.m; ++i) {
      for (Index j = 0; j < p.k; ++j) {
        if (!p.at(i, j) && random() % 8 != 0) continue;  // some zeros are stored, and count as zeros
        col_idx.push_back(static_cast<std::int32_t>(j));
        by_row.push_back(p.at(i, j) ? 5.0F : -0.0F);
      }
      row_ptr.push_back(static_cast<std::int32_t>(col_idx.size()));
    }
    for (Index j = 0; j < p.k; ++j) {
      for (Index i = 0; i < p.m; ++i) {
        if (!p.at(i, j)) continue;
        row_idx.push_back(i);
        by_column.push_back(std::numeric_limits<float>::quiet_NaN());
      }
      col_ptr.push_back(static_cast<std::int64_t>(row_idx.size()));
    }
    std::vector<float> turned(p.a.size());  // last column first, every column from the bottom
    for (Index i = 0; i < p.m; ++i) {
      for (Index j = 0; j < p.k; ++j) turned[turned.size() - 1 - static_cast<std::size_t>(j * p.m + i)] = p.at(i, j);
    }
    const MatrixView<const float> reversed{turned.data() + turned.size() - 1, p.m, p.k, -1, -p.m};
    for (Dataflow dataflow : kAll) {
      p.options.dataflow = dataflow;
      INFO("seed 99, round ", round, ", ", std::string(name(dataflow)), ", ", p.m, "x", p.n, "x", p.k);
      const std::string expected = text(naive(p));
      const auto check = [&](const Weights& a) {
        CHECK(text(emulation::cycles(a, p.n, Type::f32, p.options, p.array)) == expected);
      };
      check(reversed);
      check(csr(p.m, p.k, row_ptr.data(), col_idx.data(), by_row.data()));
      check(csc(p.m, p.k, col_ptr.data(), row_idx.data(), by_column.data()));
    }
  }
}

TEST_CASE("cycles: zeros under a zero point, and packed matrices") {
  const std::uint8_t bytes[] = {7, 0, 9, 7, 7, 3};
  GemmOptions options;
  options.array = {2, 2};
  options.a_zero_point = 7;
  options.dataflow = Dataflow::csOS;
  const Report report = emulation::cycles(row_major(bytes, 2, 3), 4, Type::s8, options);
  CHECK(report.nnz == 3);
  CHECK(report.a_bytes_values == 3);
  const std::int8_t negative[] = {-7, 0, 9};
  options.a_zero_point = -7;
  CHECK(emulation::cycles(row_major(negative, 1, 3), 4, Type::u8, options).nnz == 2);

  const double corners[] = {0.0, -0.0, std::numeric_limits<double>::denorm_min(), -1.0};
  options.a_zero_point = 0;
  CHECK(emulation::cycles(row_major(corners, 2, 2), 4, Type::f64, options).nnz == 2);

  const f16 halves[] = {f16::from_bits(0), f16::from_bits(0x8000), f16::from_bits(1), f16::from_bits(0x8001)};
  const Report half = emulation::cycles(row_major(halves, 2, 2), 4, Type::f16, options);
  CHECK(half.nnz == 2);
  CHECK(half.a_bytes_values == 2 * 2);
  const std::int16_t shorts[] = {0, -256, 256, 0, 0, 1};
  CHECK(emulation::cycles(row_major(shorts, 2, 3), 4, Type::s16, options).nnz == 3);

  PackOptions packing;
  packing.zero_point = 7;
  packing.dataflow = Dataflow::sWS;
  packing.array = {2, 2};
  const PackedMatrix packed = pack(row_major(bytes, 2, 3), packing);
  // options.a_zero_point stays 0: a packed matrix brings its own.
  CHECK(text(emulation::cycles(packed, 4, Type::s8, options)) == text(report));
  options.dataflow = Dataflow::automatic;
  CHECK(emulation::cycles(packed, 4, Type::s8, options).dataflow == Dataflow::sWS);
  CHECK(emulation::cycles(packed, 4, Type::s8, options).nnz == 3);
}

TEST_CASE("cycles: automatic") {
  const float a[] = {1};
  const std::int32_t ptr[] = {0, 1}, index[] = {0};
  GemmOptions options;
  const auto dense = [&] { return emulation::cycles(row_major(a, 1, 1), 1, Type::f32, options).dataflow; };
  const auto sparse = [&] { return emulation::cycles(csr(1, 1, ptr, index, a), 1, Type::f32, options).dataflow; };
  CHECK(dense() == Dataflow::dOS);
  CHECK(sparse() == Dataflow::csOS);
  CHECK(emulation::cycles(1, 1, 1, Type::f64, Type::f64).dataflow == Dataflow::dOS);
  options.accumulate = Accumulate::fold_then_add;
  CHECK(dense() == Dataflow::dWS);
  CHECK(sparse() == Dataflow::sWS);
}
