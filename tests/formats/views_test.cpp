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
