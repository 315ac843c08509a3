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

// T: C's elements. They are the sums' own type, or narrower: then read widened, and written rounded once.
template <class T, class Sum>
void begin_block(const Matrix& c, const GemmOptions& o, Index m0, Index m1, Index n0, Index n1, Sum* acc, Index ld) {
  if (o.preload.data != nullptr) {
    const Matrix from(const_cast<void*>(o.preload.data), o.preload.type, c.rows, c.cols, o.preload.row_stride,
                      o.preload.col_stride);
    for_each_output<const Sum>(from, m0, m1, n0, n1, acc, ld, [](Sum preload, Sum& sum) { sum = preload; });
  } else if (o.alpha == 1 && o.beta != 0) {
    const Sum beta = static_cast<Sum>(o.beta);
    for_each_output<const T>(c, m0, m1, n0, n1, acc, ld,
                             [&](T old, Sum& sum) { sum = scaled(beta, static_cast<Sum>(old)); });
  } else {
    for (Index m = 0; m < m1 - m0; ++m) std::fill(acc + m * ld, acc + m * ld + (n1 - n0), Sum{0});
  }
}

template <class T, class Sum>
void end_block(const Matrix& c, const GemmOptions& o, Index m0, Index m1, Index n0, Index n1, const Sum* acc,
               Index ld) {
  const Sum alpha = static_cast<Sum>(o.alpha), beta = static_cast<Sum>(o.beta);
  const auto store = [&](auto&& result) {
    for_each_output<T>(c, m0, m1, n0, n1, acc, ld, [&](T& out, Sum sum) { out = static_cast<T>(result(out, sum)); });
  };
  if (o.alpha == 1) {
    store([](T, Sum sum) { return sum; });
  } else if (o.beta == 0) {
    store([&](T, Sum sum) { return fused(alpha, sum, Sum{0}); });
  } else {
    store([&](T old, Sum sum) { return fused(alpha, sum, scaled(beta, static_cast<Sum>(old))); });
  }
}

// Calls f with null pointers of C's type and of the accumulator type.
template <class F>
void with_output(Type type, F&& f) {
  float* const single = nullptr;
  switch (type) {
    case Type::f32:
      return f(single, single);
    case Type::bf16:
      return f(static_cast<bf16*>(nullptr), single);
    case Type::f16:
      return f(static_cast<f16*>(nullptr), single);
    case Type::f64:
      return f(static_cast<double*>(nullptr), static_cast<double*>(nullptr));
    default:
      return f(static_cast<std::int32_t*>(nullptr), static_cast<std::int32_t*>(nullptr));
  }
}

}  // namespace

bool Epilogue::plain() const {
  return options_.alpha == 1 && (options_.beta == 0 || options_.beta == 1) && c_.type == accumulator_of(c_.type);
}

void Epilogue::begin(Index m0, Index m1, Index n0, Index n1, void* acc, Index ld) const {
  with_output(c_.type, [&](auto* output, auto* sum) {
    using T = std::remove_pointer_t<decltype(output)>;
    begin_block<T>(c_, options_, m0, m1, n0, n1, static_cast<decltype(sum)>(acc), ld);
  });
}

void Epilogue::end(Index m0, Index m1, Index n0, Index n1, const void* acc, Index ld) const {
  with_output(c_.type, [&](auto* output, auto* sum) {
    using T = std::remove_pointer_t<decltype(output)>;
    using Sum = std::remove_pointer_t<decltype(sum)>;
    end_block<T>(c_, options_, m0, m1, n0, n1, static_cast<const Sum*>(acc), ld);
  });
}

}  // namespace septet::detail
