// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the cycle model refuses, by cause and argument.
#include "cycles_naive.hpp"

#include <doctest/doctest.h>

using namespace septet::cycles_test;
using namespace septet;

namespace {

void refused(const Status& status, Cause cause, const std::string& argument) {
  CHECK(status.cause() == cause);
  CHECK(status.argument() == argument);
  CHECK_FALSE(status.message().empty());
}

/// Tries a 2 x 2 x 2 product with options changed by `change`; the report must stay as it was.
template <class Change>
void refused_option(const std::string& argument, Change&& change) {
  GemmOptions options;
  ArrayOptions array;
  change(options, array);
  Report report;
  report.cycles = -5;
  INFO(argument);
  refused(emulation::try_cycles(2, 2, 2, Type::s8, Type::s8, options, array, report), Cause::bad_option, argument);
  CHECK(report.cycles == -5);
}

}  // namespace

TEST_CASE("cycles: options refused") {
  refused_option("options.array", [](auto& o, auto&) { o.array.height = 0; });
  refused_option("options.array", [](auto& o, auto&) { o.array.width = 65537; });
  refused_option("options.combine.lanes", [](auto& o, auto&) { o.combine.lanes = 257; });
  refused_option("options.combine.lanes", [](auto& o, auto&) { o.combine.lanes = 0; });
  refused_option("options.combine.window", [](auto& o, auto&) { o.combine.window = 0; });
  refused_option("options.combine.window", [](auto& o, auto&) { o.combine.window = (1 << 20) + 1; });
  refused_option("options.fold_depth", [](auto& o, auto&) { o.fold_depth = 8; });
  refused_option("options.a_zero_point", [](auto& o, auto&) { o.a_zero_point = 128; });
  refused_option("options.b_zero_point", [](auto& o, auto&) { o.b_zero_point = -129; });
  refused_option("options.alpha", [](auto& o, auto&) { o.alpha = 0.5; });
  refused_option("options.beta", [](auto& o, auto&) { o.beta = 0x1p40; });
  refused_option("array_options.bandwidth", [](auto&, auto& a) { a.bandwidth = -1; });
  refused_option("array_options.a_word_bits", [](auto&, auto& a) { a.a_word_bits = -1; });
  refused_option("array_options.a_word_bits", [](auto&, auto& a) { a.a_word_bits = 9; });  // of s8
  refused_option("options.accumulate", [](auto& o, auto&) {
    o.dataflow = Dataflow::sOS;
    o.accumulate = Accumulate::fold_then_add;
  });
  refused_option("options.preload", [](auto& o, auto&) {
    o.preload.data = &o;
    o.beta = 1;
  });
  GemmOptions options;
  options.fold_depth = options.array.height;
  Report unused;
  refused(emulation::try_cycles(2, 2, 2, Type::s8, Type::u8, options, {}, unused), Cause::bad_option,
          "options.fold_depth");  // chained sums have no folds to be deep
  options.accumulate = Accumulate::fold_then_add;
  CHECK(emulation::cycles(2, 2, 2, Type::s8, Type::u8, options).folds == 1);
  options.a_zero_point = 1;
  Report report;
  refused(emulation::try_cycles(2, 2, 2, Type::f64, Type::f64, options, {}, report), Cause::bad_option,
          "options.a_zero_point");
}

TEST_CASE("cycles: shapes and types refused, and the largest that are not") {
  Report report;
  const auto shape = [&](Index m, Index n, Index k, const GemmOptions& options = {}) {
    return emulation::try_cycles(m, n, k, Type::f32, Type::f32, options, {}, report);
  };
  refused(shape(-1, 2, 2), Cause::bad_shape, "m");
  refused(shape(2, -1, 2), Cause::bad_shape, "n");
  refused(shape(2, 2, -1), Cause::bad_shape, "k");
  refused(shape(Index{1} << 32, 2, Index{1} << 31), Cause::bad_shape, "m");
  refused(shape(Index{1} << 21, Index{1} << 21, Index{1} << 21), Cause::bad_shape, "n");
  refused(shape(Index{1} << 40, Index{1} << 40, 0), Cause::bad_shape, "n");  // m * n outputs
  refused(shape(0, Index{1} << 40, Index{1} << 40), Cause::bad_shape, "n");
  GemmOptions one;
  one.array = {1, 1};
  refused(shape(Index{1} << 62, 1, 1, one), Cause::bad_shape, "n");  // 2^62 folds of 2 cycles
  CHECK(shape(Index{1} << 60, 1, 1, one).ok());
  CHECK(report.cycles == Index{1} << 61);
  CHECK(report.reads_a_words == Index{1} << 60);
  // 2^20 on each side: 2^16 tiles of m and n, and the sums of a naive loop would take years.
  CHECK(shape(Index{1} << 20, Index{1} << 20, Index{1} << 20).ok());
  CHECK(report.cycles == (Index{1} << 32) * ((Index{1} << 20) + 30 + 16));

  const auto types = [&](Type a, Type b) { return emulation::try_cycles(2, 2, 2, a, b, {}, {}, report); };
  refused(types(Type::f32, Type::f64), Cause::bad_type, "b_type");
  refused(types(Type::s8, Type::f32), Cause::bad_type, "b_type");
  refused(types(Type::u8, Type::s32), Cause::bad_type, "b_type");
  refused(types(Type::s32, Type::s32), Cause::bad_type, "a_type");
  refused(types(Type::bf16, Type::f16), Cause::bad_type, "b_type");
  refused(types(Type::f16, Type::f32), Cause::bad_type, "b_type");
  refused(types(Type::s16, Type::s8), Cause::bad_type, "b_type");
  refused(types(Type::u8, Type::s16), Cause::bad_type, "b_type");
  CHECK(types(Type::u8, Type::s8).ok());
  CHECK(types(Type::bf16, Type::bf16).ok());
  CHECK(types(Type::s16, Type::s16).ok());
  CHECK_THROWS_AS(emulation::cycles(2, 2, 2, Type::f32, Type::s8), Error);
}

TEST_CASE("cycles: operands refused") {
  Report report;
  const auto with = [&](const Weights& a) {
    report.cycles = -5;
    const Status status = emulation::try_cycles(a, 3, Type::f32, {}, {}, report);
    CHECK(report.cycles == -5);
    return status;
  };
  const float values[] = {1, 2, 3};
  const std::int64_t ptr[] = {0, 2, 3}, index[] = {0, 2, 1};
  refused(with(row_major<const float>(nullptr, 2, 2)), Cause::bad_pointer, "a");
  refused(with(row_major(values, -2, 2)), Cause::bad_shape, "a");
  refused(with(row_major(values, 3, 2, Index{1} << 61)), Cause::bad_stride, "a");
  refused(with(PackedMatrix()), Cause::bad_pointer, "a");
  refused(with(csr<float, std::int32_t>(2, 2, nullptr, nullptr, nullptr)), Cause::bad_pointer, "a");
  refused(with(csr<float, std::int64_t>(2, 3, ptr, nullptr, values)), Cause::bad_pointer, "a");
  refused(with(csr<float, std::int64_t>(2, 3, ptr, index, nullptr)), Cause::bad_pointer, "a");
  CHECK(emulation::try_cycles(csr(2, 3, ptr, index, values), 3, Type::f32, {}, {}, report).ok());

  const auto broken = [&](const SparseView& a, const std::string& place) {
    const Status status = with(a);
    refused(status, Cause::bad_structure, "a");
    INFO(status.message());
    CHECK(status.message().find(place) != std::string::npos);
  };
  const std::int64_t late[] = {1, 2, 3}, falling[] = {0, 2, 1}, crowded[] = {0, 0, 3};
  const std::int64_t twice[] = {0, 1, 1}, outside[] = {0, 3, 1}, below[] = {0, 1, -1};
  const std::int64_t descending[] = {2, 0, 1};
  broken(csr(2, 3, late, index, values), "row 0");
  broken(csc(3, 2, falling, index, values), "column 1: the offsets");
  broken(csc(2, 2, crowded, index, values), "column 1: more elements");
  const std::int64_t one_two[] = {0, 1, 3};
  broken(csr(2, 3, one_two, twice, values), "row 1: index 1 occurs twice");
  broken(csr(2, 3, ptr, outside, values), "row 0: index 3");
  broken(csr(2, 3, ptr, below, values), "row 1: index -1");
  broken(csr(2, 3, ptr, descending, values), "row 0: index 0");
  SparseView narrow = csr(2, 3, ptr, index, values);
  narrow.index_bytes = 2;
  refused(with(narrow), Cause::bad_structure, "a");
}
