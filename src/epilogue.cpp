// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "epilogue.hpp"

#include <cmath>
#include <type_traits>

namespace septet::detail {
namespace {

// round(x * y); integers modulo 2^32.
template <class T>
T scaled(T x, T y) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<std::uint32_t>(x) * static_cast<std::uint32_t>(y));
  } else {
    return x * y;
  }
}

// x * y + z, rounded once; integers modulo 2^32.
template <class T>
T fused(T x, T y, T z) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<std::uint32_t>(scaled(x, y)) + static_cast<std::uint32_t>(z));
  } else {
    return std::fma(x, y, z);
  }
}

// Calls f(C's element, the sum) for a block.
template <class T, class Sum, class F>
void for_each_output(const Matrix& c, Index m0, Index m1, Index n0, Index n1, Sum* acc, Index ld, F&& f) {
  for (Index m = m0; m < m1; ++m) {
    T* row = static_cast<T*>(c.data) + m * c.row_stride;
    Sum* sums = acc + (m - m0) * ld;
    for (Index n = n0; n < n1; ++n) f(row[n * c.col_stride], sums[n - n0]);
  }
}

template <class T>
void begin_block(const Matrix& c, const GemmOptions& o, Index m0, Index m1, Index n0, Index n1, T* acc, Index ld) {
  std::fill(acc, acc + (m1 - m0) * ld, T{0});
  if (o.preload.data != nullptr) {
    const Matrix from(const_cast<void*>(o.preload.data), c.type, c.rows, c.cols, o.preload.row_stride,
                      o.preload.col_stride);
    for_each_output<const T>(from, m0, m1, n0, n1, acc, ld, [](T preload, T& sum) { sum = preload; });
  } else if (o.alpha == 1 && o.beta != 0) {
    const T beta = static_cast<T>(o.beta);
    for_each_output<const T>(c, m0, m1, n0, n1, acc, ld, [&](T old, T& sum) { sum = scaled(beta, old); });
  }
}

template <class T>
void end_block(const Matrix& c, const GemmOptions& o, Index m0, Index m1, Index n0, Index n1, const T* acc, Index ld) {
  const T alpha = static_cast<T>(o.alpha), beta = static_cast<T>(o.beta);
  if (o.alpha == 1) {
    for_each_output<T>(c, m0, m1, n0, n1, acc, ld, [](T& out, T sum) { out = sum; });
  } else if (o.beta == 0) {
    for_each_output<T>(c, m0, m1, n0, n1, acc, ld, [&](T& out, T sum) { out = fused(alpha, sum, T{0}); });
  } else {
    for_each_output<T>(c, m0, m1, n0, n1, acc, ld, [&](T& out, T sum) { out = fused(alpha, sum, scaled(beta, out)); });
  }
}

// Calls f with a null pointer of the accumulator type.
template <class F>
void with_accumulator(Type type, F&& f) {
  if (type == Type::f32) return f(static_cast<float*>(nullptr));
  if (type == Type::f64) return f(static_cast<double*>(nullptr));
  return f(static_cast<std::int32_t*>(nullptr));
}

}  // namespace

void Epilogue::begin(Index m0, Index m1, Index n0, Index n1, void* acc, Index ld) const {
  with_accumulator(c_.type,
                   [&](auto* tag) { begin_block(c_, options_, m0, m1, n0, n1, static_cast<decltype(tag)>(acc), ld); });
}

void Epilogue::end(Index m0, Index m1, Index n0, Index n1, const void* acc, Index ld) const {
  with_accumulator(c_.type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    end_block(c_, options_, m0, m1, n0, n1, static_cast<const T*>(acc), ld);
  });
}

}  // namespace septet::detail
