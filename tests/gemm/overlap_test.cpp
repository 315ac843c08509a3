// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Overlap is decided by the elements that views really touch: compared with marking every byte.
#include "src/overlap.hpp"
#include "septet/septet.hpp"
#include "support/storage.hpp"

#include <doctest/doctest.h>

#include <set>

namespace {

using namespace septet;
using namespace septet::support;

struct Marked {
  std::set<Index> bytes;
  bool twice = false;
};

Marked mark(const ConstMatrix& x) {
  Marked marked;
  for (Index i = 0; i < x.rows; ++i) {
    for (Index j = 0; j < x.cols; ++j) {
      const Index at = reinterpret_cast<Index>(x.data) + (i * x.row_stride + j * x.col_stride) * size_of(x.type);
      for (Index b = 0; b < size_of(x.type); ++b) marked.twice |= !marked.bytes.insert(at + b).second;
    }
  }
  return marked;
}

bool share_a_byte(const Marked& x, const Marked& y) {
  for (const Index byte : x.bytes) {
    if (y.bytes.count(byte) != 0) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("random lattices against marked bytes") {
  Rng rng(11);
  alignas(8) static char memory[4096];
  const auto random_view = [&] {
    const Type type = rng.pick({Type::u8, Type::f32, Type::f64});
    return ConstMatrix(memory + 2048 + rng.between(-60, 60), type, rng.between(0, 6), rng.between(0, 6),
                       rng.between(-12, 12), rng.between(-12, 12));
  };
  int overlapping = 0, self_overlapping = 0;
  for (int i = 0; i < 40000; ++i) {
    const ConstMatrix x = random_view(), y = random_view();
    const Marked mx = mark(x), my = mark(y);
    const bool share = share_a_byte(mx, my);
    overlapping += share;
    self_overlapping += mx.twice;
    INFO(i);
    CHECK(detail::overlaps(x, y) == share);
    CHECK(detail::overlaps(y, x) == share);
    CHECK(detail::overlaps_itself(x) == mx.twice);
  }
  CHECK(overlapping > 4000);  // the generator must reach both answers
  CHECK(overlapping < 36000);
  CHECK(self_overlapping > 1000);
}

TEST_CASE("interleaved blocks of one buffer may be operands and output of one product") {
  std::vector<float> buffer(8 * 12, 1);
  const auto all = row_major(buffer.data(), 8, 12);
  const auto a = all.block(0, 0, 8, 4), c = all.block(0, 4, 8, 4), b = all.block(0, 8, 4, 4);
  CHECK(try_gemm(a, b, c).ok());
  CHECK(buffer[4] == 4);
  CHECK(buffer[3] == 1);
  CHECK(buffer[8] == 1);
  // Even columns in, odd columns out.
  const MatrixView<float> even{buffer.data(), 4, 4, 12, 2}, odd{buffer.data() + 1, 4, 4, 12, 2};
  CHECK(try_gemm(even, b, odd).ok());
  CHECK(try_gemm(a, b, a.block(0, 0, 8, 4)).cause() == Cause::overlap);
  CHECK(try_gemm(a, b, all.block(0, 3, 8, 4)).cause() == Cause::overlap);
  CHECK(try_gemm(a, all.block(4, 5, 4, 4), c).cause() == Cause::overlap);
}

TEST_CASE("a sparse view's arrays count as its elements") {
  std::vector<float> values(4, 1), b(4, 1);
  const std::vector<std::int32_t> offsets{0, 2, 4}, indices{0, 1, 0, 1};
  const SparseView a = csr(2, 2, offsets.data(), indices.data(), values.data());
  CHECK(try_gemm(a, row_major(b.data(), 2, 2), row_major(values.data(), 2, 2)).cause() == Cause::overlap);
  CHECK(values == std::vector<float>(4, 1));
}
