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

/// One product. From zero, what was in C must not show.
template <int M, int N, int K, Sum kSum, bool kDense, class Numbers>
void fixed_product(const Numbers& numbers, Random& random, bool padded, bool at_end) {
  using C = typename Numbers::C;
  FixedOperand<typename Numbers::A> a(random, M, K, padded ? 1 + random.below(5) : 0, at_end);
  FixedOperand<typename Numbers::B> b(random, K, N, padded ? 1 + random.below(5) : 0, at_end);
  FixedOperand<C> c(random, M, N, padded ? 1 + random.below(5) : 0, at_end);
  if constexpr (!kDense) {
    septet::fold::gemm_fixed<M, N, K, kSum>(a.data, a.ld, b.data, b.ld, c.data, c.ld, numbers.mac);
  } else {
    septet::fold::gemm_fixed<M, N, K, kSum>(a.data, b.data, c.data, numbers.mac);
  }
  std::vector<unsigned char> want(c.before);
  Index wrong = 0;
  for (Index i = 0; i < M; ++i)
    for (Index j = 0; j < N; ++j) {
      const C value = sequence(
          numbers.plain, kSum, c.old()[i * c.ld + j], K, [&](Index k) { return a.data[i * a.ld + k]; },
          [&](Index k) { return b.data[k * b.ld + j]; }, [](Index) { return true; });
      C& got = c.data[i * c.ld + j];
      wrong += same_bits(got, value) ? 0 : 1;
      std::memcpy(want.data() + static_cast<std::size_t>(i * c.ld + j) * sizeof(C), &got, sizeof(C));
    }
  CAPTURE(M);
  CAPTURE(N);
  CAPTURE(K);
  CAPTURE(static_cast<int>(kSum));
  CAPTURE(padded);
  CAPTURE(at_end);
  CHECK(wrong == 0);
  CHECK(std::memcmp(want.data(), c.data, c.bytes) == 0);  // padding
  CHECK(std::memcmp(a.before.data(), a.data, a.bytes) == 0);
  CHECK(std::memcmp(b.before.data(), b.data, b.bytes) == 0);
}

/// Run-time leading dimensions: each product is some hundred instructions, and a second of compiling.
template <int M, int N, int K, Sum... kSums, class Numbers>
void fixed_sums(const Numbers& numbers, std::uint64_t seed) {
  Random random{seed + static_cast<std::uint64_t>((M * 100 + N) * 100 + K)};
  for (const bool padded : {false, true})
    for (const bool at_end : {true, false})
      (fixed_product<M, N, K, kSums, false>(numbers, random, padded, at_end), ...);
}

/// None but those of a matrix without padding.
template <int M, int N, int K, Sum kSum, class Numbers>
void fixed_dense(const Numbers& numbers, std::uint64_t seed) {
  Random random{seed};
  for (const bool at_end : {true, false}) fixed_product<M, N, K, kSum, true>(numbers, random, false, at_end);
}

}  // namespace inline_test
