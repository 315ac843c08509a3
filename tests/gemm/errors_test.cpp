// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Bad arguments: the cause, the argument's name, and C untouched.
#include "septet/septet.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace {

using namespace septet;

// A good call that each case spoils in one way.
struct Call {
  std::vector<float> a_data = std::vector<float>(6, 1), b_data = std::vector<float>(12, 1);
  std::vector<float> c_data = std::vector<float>(8, 42);
  ConstMatrix a = row_major(a_data.data(), 2, 3);
  ConstMatrix b = row_major(b_data.data(), 3, 4);
  Matrix c = row_major(c_data.data(), 2, 4);
  GemmOptions options;
  emulation::ArrayOptions array_options;
};

void expect(Cause cause, const std::string& argument, const std::function<void(Call&)>& spoil) {
  Call call;
  spoil(call);
  const auto check = [&](const Status& status) {
    INFO(status.to_string());
    CHECK(status.cause() == cause);
    CHECK(status.argument() == argument);
    CHECK(!status.message().empty());
    CHECK(status.message().find('\n') == std::string::npos);
    CHECK(call.c_data == std::vector<float>(8, 42));
  };
  if (argument.rfind("array_options", 0) != 0) check(try_gemm(call.a, call.b, call.c, call.options));
  emulation::Report report;
  report.cycles = -7;
  check(try_emulate(call.a, call.b, call.c, call.options, call.array_options, report));
  CHECK(report.cycles == -7);
}

}  // namespace

TEST_CASE("the good call is good") {
  Call call;
  CHECK(try_gemm(call.a, call.b, call.c, call.options).ok());
  CHECK(call.c_data == std::vector<float>(8, 3));
}

TEST_CASE("shapes, pointers, strides, types") {
  constexpr Index kHuge = std::numeric_limits<Index>::max();
  expect(Cause::bad_shape, "a", [](Call& c) { c.a.rows = -1; });
  expect(Cause::bad_shape, "b", [](Call& c) { c.b.rows = 2; });
  expect(Cause::bad_shape, "c", [](Call& c) { c.c.cols = 3; });
  expect(Cause::bad_pointer, "a", [](Call& c) { c.a.data = nullptr; });
  expect(Cause::bad_pointer, "b", [](Call& c) { c.b.data = nullptr; });
  expect(Cause::bad_pointer, "c", [](Call& c) { c.c.data = nullptr; });
  expect(Cause::bad_stride, "a", [](Call& c) { c.a.row_stride = kHuge; });
  expect(Cause::bad_stride, "b", [](Call& c) { c.b.col_stride = -kHuge; });
  expect(Cause::bad_stride, "c", [](Call& c) { c.c.row_stride = 0; });
  expect(Cause::bad_stride, "c", [](Call& c) { c.c.row_stride = 3; });
  expect(Cause::bad_type, "a", [](Call& c) { c.a.type = Type::s32; });
  expect(Cause::bad_type, "b", [](Call& c) { c.b.type = Type::f64; });
  expect(Cause::bad_type, "b", [](Call& c) { c.b.type = Type::u8; });
  expect(Cause::bad_type, "c", [](Call& c) { c.c.type = Type::s32; });
}

TEST_CASE("which types multiply each other, and into what") {
  // 8 bytes are enough for one element of any type.
  const std::vector<double> data(3);
  double out = 42;
  const auto status = [&](Type a, Type b, Type c, Type preload) {
    GemmOptions options;
    if (preload != c) options.preload = ConstMatrix(&data[2], preload, 1, 1, 1, 1);
    return try_gemm(ConstMatrix(&data[0], a, 1, 1, 1, 1), ConstMatrix(&data[1], b, 1, 1, 1, 1),
                    Matrix(&out, c, 1, 1, 1, 1), options);
  };
  constexpr Type kTypes[] = {Type::f32, Type::f64, Type::s8, Type::u8, Type::bf16, Type::f16, Type::s16};
  int accepted = 0;
  for (const Type a : kTypes) {
    for (const Type b : kTypes) {
      const bool bytes = (a == Type::s8 || a == Type::u8) && (b == Type::s8 || b == Type::u8);
      const bool alike = a == b || bytes;
      for (const Type c : {Type::f32, Type::f64, Type::s8, Type::u8, Type::s32, Type::bf16, Type::f16, Type::s16}) {
        const Status found = status(a, b, c, c);
        const Type sums = a == Type::f64 ? Type::f64 : is_integer(a) ? Type::s32 : Type::f32;
        const bool fits = c == sums || (c == a && (a == Type::bf16 || a == Type::f16));
        INFO(name(a) << " " << name(b) << " " << name(c) << " " << found.to_string());
        CHECK(found.ok() == (alike && fits));
        if (!alike) CHECK(found.argument() == "b");
        if (alike && !fits) CHECK(found.argument() == "c");
        if (!found.ok()) CHECK(found.cause() == Cause::bad_type);
        accepted += found.ok();
      }
    }
  }
  CHECK(accepted == 2 + 4 + 2 * 2 + 1);
  CHECK(status(Type::bf16, Type::bf16, Type::f32, Type::bf16).to_string() ==
        "options.preload: is bf16, the sums are f32");
  CHECK(status(Type::f16, Type::f16, Type::f16, Type::f32).ok());  // a preload has the type of the sums
  CHECK(status(Type::bf16, Type::bf16, Type::f16, Type::f16).to_string() ==
        "c: is f16, the sums are f32 and may be narrowed to bf16");
  CHECK(status(Type::s16, Type::s8, Type::s32, Type::s32).to_string() == "b: s8 is not multiplied with an a of s16");
}

TEST_CASE("s8 and u8 alone have a zero point") {
  const std::int16_t x = 1;
  std::int32_t c = 9;
  GemmOptions options;
  options.b_zero_point = 1;
  const Status status = try_gemm(row_major(&x, 1, 1), row_major(&x, 1, 1), row_major(&c, 1, 1), options);
  CHECK(status.to_string() == "options.b_zero_point: only s8 and u8 have a zero point, not s16");
  PackedMatrix packed;
  PackOptions packing;
  packing.zero_point = -1;
  CHECK(try_pack(row_major(&x, 1, 1), packing, packed).argument() == "options.zero_point");
  CHECK(c == 9);
}

TEST_CASE("options") {
  const auto option = [](const std::string& argument, const std::function<void(GemmOptions&)>& spoil) {
    expect(Cause::bad_option, argument, [&](Call& c) { spoil(c.options); });
  };
  option("options.array", [](GemmOptions& o) { o.array.height = 0; });
  option("options.array", [](GemmOptions& o) { o.array = {65536, 65536}; });
  option("options.combine.lanes", [](GemmOptions& o) { o.combine.lanes = 257; });
  option("options.combine.window", [](GemmOptions& o) { o.combine.window = 0; });
  option("options.threads", [](GemmOptions& o) { o.threads = -1; });
  option("options.threads", [](GemmOptions& o) { o.threads = 1025; });
  option("options.fold_depth", [](GemmOptions& o) { o.fold_depth = -1; });
  option("options.fold_depth", [](GemmOptions& o) { o.fold_depth = 16; });
  option("options.a_zero_point", [](GemmOptions& o) { o.a_zero_point = 1; });
  option("options.accumulate", [](GemmOptions& o) {
    o.accumulate = Accumulate::fold_then_add;
    o.dataflow = Dataflow::sOS;
  });
  expect(Cause::bad_option, "options.preload", [](Call& c) {
    c.options.preload = c.b;
    c.options.preload.rows = 2;
    c.options.beta = 1;
  });
  expect(Cause::bad_shape, "options.preload", [](Call& c) { c.options.preload = c.b; });
  expect(Cause::overlap, "c", [](Call& c) { c.options.preload = c.c; });
  expect(Cause::bad_option, "array_options.bandwidth", [](Call& c) { c.array_options.bandwidth = -1; });
}

TEST_CASE("integer scales must be whole numbers of 32 bits") {
  const std::vector<std::int8_t> a(1, 1), b(1, 1);
  std::int32_t c = 5;
  GemmOptions options;
  for (const double bad : {0.5, 4294967296.0, -2147483649.0, std::numeric_limits<double>::quiet_NaN()}) {
    options.beta = bad;
    const Status status = try_gemm(row_major(a.data(), 1, 1), row_major(b.data(), 1, 1), row_major(&c, 1, 1), options);
    CHECK(status.argument() == "options.beta");
    CHECK(c == 5);
  }
}

TEST_CASE("dimension products are counted in 64 bits") {
  // 2^31 x 2^31 outputs of one repeated row: no memory behind it, and nothing may be touched before the refusal.
  float x = 1;
  const Index big = Index{1} << 32;
  const ConstMatrix a(&x, Type::f32, big, 2, 0, 0), b(&x, Type::f32, 2, big, 0, 0);
  const Matrix c(&x, Type::f32, big, big, 1, big);
  const Status status = try_gemm(a, b, c);
  CHECK(!status.ok());
  emulation::Report report;
  // 2^20 x 2^20 x 2^20 products are fine to count.
  REQUIRE(emulation::try_cycles(1 << 20, 1 << 20, 1 << 20, Type::s8, Type::s8, {}, {}, report).ok());
  CHECK(report.macs_dense == Index{1} << 60);
  CHECK(!emulation::try_cycles(Index{1} << 31, Index{1} << 31, 8, Type::s8, Type::s8, {}, {}, report).ok());
}

TEST_CASE("broken sparse views are refused by name of the row or column") {
  const std::vector<float> b(3, 1), values(4, 1);
  std::vector<float> c(2, 9);
  const auto refuse = [&](std::vector<std::int32_t> offsets, std::vector<std::int32_t> indices,
                          const std::string& place) {
    const SparseView a = csr(2, 3, offsets.data(), indices.data(), values.data());
    const Status status = try_gemm(a, row_major(b.data(), 3, 1), row_major(c.data(), 2, 1));
    INFO(status.to_string());
    CHECK(status.cause() == Cause::bad_structure);
    CHECK(status.message().find(place) != std::string::npos);
    CHECK(c == std::vector<float>(2, 9));
  };
  refuse({1, 2, 3}, {0, 1, 2}, "first offset");
  refuse({0, 2, 1}, {0, 1}, "row 1");
  refuse({0, 1, 3}, {0, 1, 3}, "row 1");
  refuse({0, 1, 3}, {0, -1, 2}, "row 1");
  refuse({0, 2, 3}, {1, 1, 2}, "row 0");
  refuse({0, 2, 3}, {2, 1, 2}, "row 0");
}

TEST_CASE("an empty PackedMatrix, and one that was packed for something else") {
  const std::vector<float> a(8, 1), b(4, 1);
  std::vector<float> c(2, 9);
  const auto call = [&](const PackedMatrix& packed, const GemmOptions& options) {
    return try_gemm(packed, row_major(b.data(), 4, 1), row_major(c.data(), 2, 1), options);
  };
  CHECK(call(PackedMatrix(), {}).cause() == Cause::bad_pointer);
  CHECK(Weights(PackedMatrix()).rows() == 0);
  CHECK(Weights(PackedMatrix()).type() == PackedMatrix().type());
  CHECK(PackedMatrix().format() == Format::automatic);
  PackOptions packing;
  packing.dataflow = Dataflow::sOS;
  packing.array = {4, 4};
  const PackedMatrix packed = pack(row_major(a.data(), 2, 4), packing);
  CHECK(call(packed, {}).ok());  // brings its own dataflow and array
  c.assign(2, 9);
  GemmOptions options;
  options.array = {4, 8};
  for (const Dataflow wrong : {Dataflow::dOS, Dataflow::sIS, Dataflow::csOS, Dataflow::sWS}) {
    options.dataflow = wrong;
    CHECK(call(packed, options).argument() == "options.dataflow");
    CHECK(c == std::vector<float>(2, 9));
  }
  options.dataflow = Dataflow::sOS;
  CHECK(call(packed, options).ok());  // the width does not matter to it
  options.array = {8, 8};
  CHECK(call(packed, options).argument() == "options.dataflow");
}

TEST_CASE("a sparse view beyond 32-bit indices is refused under every dataflow") {
  const std::vector<std::int64_t> offsets{0, 0};
  const std::int64_t* indices = nullptr;
  const std::int8_t* values = nullptr;
  const std::int8_t one = 1;
  std::int32_t c = 9;
  const Index wide = Index{3} << 30;
  const SparseView a = csr(1, wide, offsets.data(), indices, values);
  const ConstMatrix b(&one, Type::s8, wide, 1, 0, 0);
  GemmOptions options;
  for (int d = 0; d < 8; ++d) {
    options.dataflow = static_cast<Dataflow>(d);
    CHECK(try_gemm(a, b, row_major(&c, 1, 1), options).cause() == Cause::bad_shape);
  }
  PackedMatrix packed;
  PackOptions packing;
  packing.format = Format::dense;
  CHECK(try_pack(a, packing, packed).cause() == Cause::bad_shape);
  CHECK(c == 9);
}

TEST_CASE("the throwing calls throw the same Status") {
  Call call;
  call.b.rows = 2;
  CHECK_THROWS_AS(gemm(call.a, call.b, call.c), Error);
  try {
    gemm(call.a, call.b, call.c);
  } catch (const Error& error) {
    CHECK(error.status().argument() == "b");
    CHECK(std::string(error.what()).find("b: ") == 0);
  }
}
