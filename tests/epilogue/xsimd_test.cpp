// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A step of one's own in xsimd, compiled with the consumer's flags: the example of septet/epilogue.hpp, and swish.
#include "septet/gemm.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <xsimd/xsimd.hpp>

namespace {

using namespace septet;
using namespace septet::support;

// Calls f(batch) for every sum of a tile; the rest of a row through a padded batch.
template <class F>
void for_each_batch(const MatrixView<float>& sums, const F& f) {
  using Batch = xsimd::batch<float>;
  constexpr Index kLanes = static_cast<Index>(Batch::size);
  for (Index i = 0; i < sums.rows; ++i) {
    float* row = &sums(i, 0);
    Index j = 0;
    for (; j + kLanes <= sums.cols; j += kLanes) f(Batch::load_unaligned(row + j)).store_unaligned(row + j);
    if (j == sums.cols) continue;
    float rest[Batch::size] = {};
    std::copy(row + j, row + sums.cols, rest);
    f(Batch::load_unaligned(rest)).store_unaligned(rest);
    std::copy(rest, rest + (sums.cols - j), row + j);
  }
}

}  // namespace

TEST_CASE("leaky relu in xsimd, as the header shows it") {
  const auto leaky_relu = [](const MatrixView<float>& sums, Index /*m0*/, Index /*n0*/) {
    using Batch = xsimd::batch<float>;
    for (Index i = 0; i < sums.rows; ++i) {
      float* row = &sums(i, 0);
      Index j = 0;
      for (; j + Index(Batch::size) <= sums.cols; j += Batch::size) {
        const Batch x = Batch::load_unaligned(row + j);
        xsimd::select(x < Batch(0.f), x * Batch(0.01f), x).store_unaligned(row + j);
      }
      for (; j < sums.cols; ++j) row[j] = row[j] < 0 ? row[j] * 0.01f : row[j];
    }
  };
  Rng rng(1);
  for (const Index n : {1, 7, 16, 33, 200}) {
    const Index m = 45, k = 12;
    Storage<float> a(m, k), b(k, n), plain(m, n), c(m, n);
    fill_random(rng, a.view(), ValueKind::mixed);
    fill_random(rng, b.view(), ValueKind::mixed);
    gemm(a.view(), b.view(), plain.view());
    GemmOptions options;
    options.epilogue.function = tile_function<float>(leaky_relu);
    gemm(a.view(), b.view(), c.view(), options);
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) CHECK(c(i, j) == (plain(i, j) < 0 ? plain(i, j) * 0.01f : plain(i, j)));
    }
  }
}

TEST_CASE("swish in xsimd") {
  const auto swish = [](const MatrixView<float>& sums, Index /*m0*/, Index /*n0*/) {
    for_each_batch(sums, [](xsimd::batch<float> x) { return x / (xsimd::batch<float>(1.f) + xsimd::exp(-x)); });
  };
  const Index m = 30, n = 37, k = 4;
  Rng rng(2);
  Storage<float> a(m, k), b(k, n), plain(m, n), c(m, n);
  fill_random(rng, a.view(), ValueKind::small_integers);
  fill_random(rng, b.view(), ValueKind::small_integers);
  gemm(a.view(), b.view(), plain.view());
  GemmOptions options;
  options.epilogue.function = tile_function<float>(swish);
  gemm(a.view(), b.view(), c.view(), options);
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) {
      const double x = plain(i, j);
      CHECK(c(i, j) == doctest::Approx(x / (1 + std::exp(-x))).epsilon(1e-6));
    }
  }
}
