// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Sparse views over the caller's arrays: every index type and orientation packs to the same bytes as the dense matrix.
#include "formats/storage.hpp"
#include "septet/septet.hpp"

#include <doctest/doctest.h>

namespace {
using namespace septet;

//  0 7 0
//  0 0 0
//  8 0 9
template <class I>
struct Arrays {
  std::vector<I> row_ptr{0, 1, 1, 3}, col_idx{1, 0, 2}, col_ptr{0, 1, 2, 3}, row_idx{2, 0, 2};
  std::vector<float> by_rows{7, 8, 9}, by_columns{8, 7, 9};
  SparseView as_csr() const { return csr(3, 3, row_ptr.data(), col_idx.data(), by_rows.data()); }
  SparseView as_csc() const { return csc(3, 3, col_ptr.data(), row_idx.data(), by_columns.data()); }
};

std::vector<std::byte> packed_bytes(const Weights& a, Dataflow dataflow) {
  PackOptions options;
  options.dataflow = dataflow;
  options.array = {2, 2};
  return pack(a, options).storage()->bytes;
}
}  // namespace

TEST_CASE("CSR and CSC, 32 and 64 bits, pack like the dense matrix") {
  const std::vector<float> dense{0, 7, 0, 0, 0, 0, 8, 0, 9};
  const Arrays<std::int32_t> narrow;
  const Arrays<std::int64_t> wide;
  for (const Dataflow dataflow : {Dataflow::dOS, Dataflow::sOS, Dataflow::sWS, Dataflow::sIS, Dataflow::csOS}) {
    const auto want = packed_bytes(row_major(dense.data(), 3, 3), dataflow);
    CHECK(packed_bytes(narrow.as_csr(), dataflow) == want);
    CHECK(packed_bytes(narrow.as_csc(), dataflow) == want);
    CHECK(packed_bytes(wide.as_csr(), dataflow) == want);
    CHECK(packed_bytes(wide.as_csc(), dataflow) == want);
  }
}

TEST_CASE("a stored zero counts as a zero") {
  const std::vector<std::int32_t> offsets{0, 3}, indices{0, 1, 2};
  const std::vector<float> values{0.f, 5.f, -0.f};
  const PackedMatrix packed = pack(csr(1, 3, offsets.data(), indices.data(), values.data()));
  CHECK(packed.nnz() == 1);
  CHECK(packed.format() == Format::csr);
  std::vector<float> back(3, 1);
  unpack(packed, row_major(back.data(), 1, 3));
  CHECK(back == std::vector<float>{0, 5, 0});
}

TEST_CASE("views do strides: blocks, transposes, padding") {
  const std::vector<int> data{1, 2, 3, 4, 5, 6, 7, 8};
  const auto a = row_major(data.data(), 2, 3, 4);
  CHECK(a(1, 2) == 7);
  CHECK(a.transposed()(2, 1) == 7);
  CHECK(a.transposed().rows == 3);
  CHECK(a.block(1, 1, 1, 2)(0, 1) == 7);
  CHECK(column_major(data.data(), 2, 4)(1, 2) == 6);
  CHECK(per_row(data.data(), 2, 9)(1, 8) == 2);
}

namespace {

//  0 7 | 0 0
//  0 0 | 0 0
//  ----+----
//  8 0 | 9 0
//  0 0 | 0 6
template <class I>
struct BlocksAndCoordinates {
  std::vector<I> row{3, 2, 0, 2}, col{3, 2, 1, 0};
  std::vector<float> values{6, 9, 7, 8};
  std::vector<I> block_ptr{0, 1, 3}, block_idx{0, 0, 1};
  std::vector<float> blocks{0, 7, 0, 0, 8, 0, 0, -0.f, 9, 0, 0, 6};
  SparseView as_coo() const { return coo(4, 4, 4, row.data(), col.data(), values.data()); }
  SparseView as_bsr() const { return bsr(4, 4, 2, 2, block_ptr.data(), block_idx.data(), blocks.data()); }
};

Status refusal(const SparseView& view) {
  PackedMatrix packed;
  Status status = try_pack(view, {}, packed);
  CHECK(packed.empty());
  emulation::Report report;
  CHECK(emulation::try_cycles(view, 1, Type::f32, {}, {}, report).cause() == status.cause());
  return status;
}

template <class I>
void pack_like_dense() {
  const std::vector<float> dense{0, 7, 0, 0, 0, 0, 0, 0, 8, 0, 9, 0, 0, 0, 0, 6};
  const BlocksAndCoordinates<I> arrays;
  for (const Dataflow dataflow : {Dataflow::dOS, Dataflow::sOS, Dataflow::sWS, Dataflow::sIS, Dataflow::csOS}) {
    const auto want = packed_bytes(row_major(dense.data(), 4, 4), dataflow);
    CHECK(packed_bytes(arrays.as_coo(), dataflow) == want);
    CHECK(packed_bytes(arrays.as_bsr(), dataflow) == want);
    GemmOptions options;
    options.dataflow = dataflow;
    const auto cycles = emulation::cycles(row_major(dense.data(), 4, 4), 5, Type::f32, options);
    for (const SparseView& view : {arrays.as_coo(), arrays.as_bsr()}) {
      const auto got = emulation::cycles(view, 5, Type::f32, options);
      CHECK(got.cycles == cycles.cycles);
      CHECK(got.nnz == cycles.nnz);
      CHECK(got.a_bytes_metadata == cycles.a_bytes_metadata);
    }
  }
}

}  // namespace

TEST_CASE("COO in any order and BSR pack like the dense matrix") {
  pack_like_dense<std::int32_t>();
  pack_like_dense<std::int64_t>();
}

TEST_CASE("products of COO and BSR views, and C in their arrays") {
  const BlocksAndCoordinates<std::int32_t> arrays;
  const std::vector<float> b{1, 2, 3, 4};
  std::vector<float> c(4);
  for (const SparseView& view : {arrays.as_coo(), arrays.as_bsr()}) {
    gemm(view, row_major(b.data(), 4, 1), row_major(c.data(), 4, 1));
    CHECK(c == std::vector<float>{14, 0, 35, 24});
  }
  BlocksAndCoordinates<std::int32_t> own;
  const auto overlap = [&](const SparseView& view, float* at) {
    const Status status = try_gemm(view, row_major(b.data(), 4, 1), row_major(at, 4, 1), {});
    return status.cause();
  };
  CHECK(overlap(own.as_coo(), own.values.data()) == Cause::overlap);
  CHECK(overlap(own.as_bsr(), own.blocks.data() + 8) == Cause::overlap);
  CHECK(overlap(own.as_coo(), reinterpret_cast<float*>(own.col.data())) == Cause::overlap);
}

TEST_CASE("broken COO") {
  const std::vector<float> values{1, 2, 3};
  const auto view = [&](const std::vector<std::int32_t>& row, const std::vector<std::int32_t>& col) {
    return refusal(coo(2, 3, 3, row.data(), col.data(), values.data()));
  };
  CHECK(view({1, 0, 1}, {2, 0, 2}).to_string() ==
        "a: element 2 is (1, 2), as element 0 is; no element may be there twice");
  CHECK(view({0, 2, 1}, {0, 1, 2}).to_string() == "a: element 1: (2, 1) is outside 2 x 3");
  CHECK(view({0, 1, 1}, {0, 1, -1}).to_string() == "a: element 2: (1, -1) is outside 2 x 3");
  const std::vector<std::int32_t> some{0, 1, 2};
  SparseView bad = coo(3, 3, 3, some.data(), some.data(), values.data());
  bad.nnz = -1;
  CHECK(refusal(bad).cause() == Cause::bad_shape);
  bad.nnz = 3, bad.values = nullptr;
  CHECK(refusal(bad).to_string() == "a: 3 elements, but no values");
  bad.nnz = 0;
  CHECK(pack(bad).nnz() == 0);
}

TEST_CASE("broken BSR") {
  const std::vector<float> values(12, 1);
  const auto view = [&](const std::vector<std::int64_t>& ptr, const std::vector<std::int64_t>& idx, Index height = 2) {
    return refusal(bsr(4, 4, height, 2, ptr.data(), idx.data(), values.data()));
  };
  CHECK(view({0, 1, 3}, {0, 1, 1}).to_string() == "a: block row 1: index 1 follows 1; indices must ascend");
  CHECK(view({0, 1, 3}, {0, 0, 2}).to_string() == "a: block row 1: index 2 is outside 0 to 1");
  CHECK(view({0, 2, 1}, {0, 1, 1}).to_string() == "a: block row 1: offsets decrease from 2 to 1");
  CHECK(view({0, 1, 3}, {0, 0, 1}, 3).to_string() == "a: 4 x 4 is no multiple of the blocks, 3 x 2");
  CHECK(view({0, 1, 3}, {0, 0, 1}, 0).cause() == Cause::bad_shape);
}
