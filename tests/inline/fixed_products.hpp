// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// gemm_fixed against a plain loop of MACs: operands between guard pages, padding poisoned.
#pragma once

#include <doctest/doctest.h>

#include <initializer_list>

#include "septet/inline/gemm_fixed.hpp"
#include "support.hpp"

namespace inline_test {

template <class A_, class B_, class C_, class Mac_, class Plain_>
struct FixedNumbers {
  using A = A_;
  using B = B_;
  using C = C_;
  using Mac = Mac_;
  using Plain = Plain_;
  Mac mac{};
  Plain plain{};
};

/// A rows x cols operand, `pad` elements between rows; its end, or its begin, touches a page that faults.
template <class T>
struct FixedOperand {
  Guarded memory;
  Index rows, cols, ld;
  std::size_t bytes;
  T* data;
  std::vector<unsigned char> before;

  FixedOperand(Random& random, Index rows_, Index cols_, Index pad, bool at_end)
      : rows(rows_), cols(cols_), ld(cols_ + pad) {
    bytes = static_cast<std::size_t>((rows - 1) * ld + cols) * sizeof(T);
    data = static_cast<T*>(memory.place(bytes, at_end));
    std::memset(static_cast<void*>(data), 0xa5, bytes);
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < cols; ++j) data[i * ld + j] = random_value<T>(random);
    const auto* from = reinterpret_cast<const unsigned char*>(data);
    before.assign(from, from + bytes);
  }
  const T* old() const { return reinterpret_cast<const T*>(before.data()); }
};

/// One shape, sum and way to call: all of a test that is compiled for each of them. What surrounds the call is compiled
/// once for all shapes of a kind of number.
template <class Numbers>
struct FixedProduct {
  int m, n, k;
  Sum sum;
  void (*run)(const Numbers&, const typename Numbers::A* a, Index lda, const typename Numbers::B* b, Index ldb,
              typename Numbers::C* c, Index ldc);
};

/// Run-time leading dimensions: each product is some hundred instructions, and a second of compiling.
template <int M, int N, int K, Sum kSum, class Numbers>
FixedProduct<Numbers> strided_product() {
  return {M, N, K, kSum, [](const Numbers& numbers, auto* a, Index lda, auto* b, Index ldb, auto* c, Index ldc) {
            septet::fold::gemm_fixed<M, N, K, kSum>(a, lda, b, ldb, c, ldc, numbers.mac);
          }};
}
/// None but those of a matrix without padding.
template <int M, int N, int K, Sum kSum, class Numbers>
FixedProduct<Numbers> dense_product() {
  return {M, N, K, kSum, [](const Numbers& numbers, auto* a, Index, auto* b, Index, auto* c, Index) {
            septet::fold::gemm_fixed<M, N, K, kSum>(a, b, c, numbers.mac);
          }};
}

/// One product. From zero, what was in C must not show.
template <class Numbers>
void check_product(const Numbers& numbers, const FixedProduct<Numbers>& product, Random& random, bool padded,
                   bool at_end) {
  using C = typename Numbers::C;
  const int m = product.m, n = product.n, depth = product.k;
  FixedOperand<typename Numbers::A> a(random, m, depth, padded ? 1 + random.below(5) : 0, at_end);
  FixedOperand<typename Numbers::B> b(random, depth, n, padded ? 1 + random.below(5) : 0, at_end);
  FixedOperand<C> c(random, m, n, padded ? 1 + random.below(5) : 0, at_end);
  product.run(numbers, a.data, a.ld, b.data, b.ld, c.data, c.ld);
  std::vector<unsigned char> want(c.before);
  Index wrong = 0;
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; ++j) {
      const C value = sequence(
          numbers.plain, product.sum, c.old()[i * c.ld + j], depth, [&](Index k) { return a.data[i * a.ld + k]; },
          [&](Index k) { return b.data[k * b.ld + j]; }, [](Index) { return true; });
      C& got = c.data[i * c.ld + j];
      wrong += same_bits(got, value) ? 0 : 1;
      std::memcpy(want.data() + static_cast<std::size_t>(i * c.ld + j) * sizeof(C), &got, sizeof(C));
    }
  CAPTURE(m);
  CAPTURE(n);
  CAPTURE(depth);
  CAPTURE(static_cast<int>(product.sum));
  CAPTURE(padded);
  CAPTURE(at_end);
  CHECK(wrong == 0);
  CHECK(std::memcmp(want.data(), c.data, c.bytes) == 0);  // padding
  CHECK(std::memcmp(a.before.data(), a.data, a.bytes) == 0);
  CHECK(std::memcmp(b.before.data(), b.data, b.bytes) == 0);
}

template <class Numbers>
void check_products(const Numbers& numbers, std::uint64_t seed, std::initializer_list<FixedProduct<Numbers>> products,
                    std::initializer_list<bool> paddings) {
  Random random{seed};
  for (const bool padded : paddings)
    for (const bool at_end : {true, false})
      for (const auto& product : products) check_product(numbers, product, random, padded, at_end);
}

template <int M, int N, int K, Sum... kSums, class Numbers>
void fixed_sums(const Numbers& numbers, std::uint64_t seed) {
  check_products<Numbers>(numbers, seed + static_cast<std::uint64_t>((M * 100 + N) * 100 + K),
                          {strided_product<M, N, K, kSums, Numbers>()...}, {false, true});
}

template <int M, int N, int K, Sum kSum, class Numbers>
void fixed_dense(const Numbers& numbers, std::uint64_t seed) {
  check_products<Numbers>(numbers, seed, {dense_product<M, N, K, kSum, Numbers>()}, {false});
}

}  // namespace inline_test
