// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// For the tests of septet/inline: random operands between guard pages, and what a sequence of MACs gives, written
// down plainly. Shares no code with the folds.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "septet/inline/mac.hpp"
#include "septet/matrix_view.hpp"

namespace inline_test {

using septet::Index;
using septet::MatrixView;
using septet::fold::Sum;

struct Random {
  std::uint64_t state;
  std::uint64_t next() {  // splitmix64
    std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  Index below(Index n) { return static_cast<Index>(next() % static_cast<std::uint64_t>(n)); }
  /// 0 … limit; often all of it.
  Index up_to(Index limit) { return below(2) == 0 ? limit : below(limit + 1); }
};

/// Any number that may matter: mostly of like size, so that roundings and cancellations happen; zeros of both signs,
/// subnormals, huge ones (which may overflow to Inf and on to NaN).
template <class T>
T random_value(Random& random) {
  if constexpr (std::is_integral_v<T>) {
    return random.below(8) == 0 ? T(0) : static_cast<T>(random.next());
  } else {
    const Index kind = random.below(64);
    const double fraction = 1 + static_cast<double>(random.next() >> 11) * 0x1p-53;
    const double sign = random.below(2) == 0 ? 1 : -1;
    constexpr int kTop = sizeof(T) == 4 ? 126 : 1022;
    if (kind < 6) return static_cast<T>(sign * 0.0);
    if (kind == 6) return static_cast<T>(std::ldexp(sign * fraction, -kTop - 9));  // subnormal
    if (kind == 7) return static_cast<T>(std::ldexp(sign * fraction, -kTop / 2));  // its products are
    if (kind == 8) return static_cast<T>(std::ldexp(sign * fraction, kTop / 2));
    return static_cast<T>(std::ldexp(sign * fraction, static_cast<int>(random.below(6)) - 3));
  }
}

/// Memory between two pages that fault when touched; the buffer ends, or begins, exactly there.
class Guarded {
 public:
  Guarded() {
    page_ = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    base_ = static_cast<char*>(mmap(nullptr, kBytes + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base_ == MAP_FAILED || mprotect(base_ + page_, kBytes, PROT_READ | PROT_WRITE) != 0) std::abort();
  }
  ~Guarded() { munmap(base_, kBytes + 2 * page_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  void* place(std::size_t bytes, bool at_end) {
    if (bytes > kBytes) std::abort();
    return base_ + page_ + (at_end ? kBytes - bytes : 0);
  }

 private:
  static constexpr std::size_t kBytes = std::size_t{1} << 20;
  std::size_t page_ = 0;
  char* base_ = nullptr;
};

enum class Layout { row_major, column_major, strided, reversed };

inline Layout random_layout(Random& random) {
  const Index kind = random.below(6);
  return kind < 3    ? Layout::row_major
         : kind == 3 ? Layout::column_major
         : kind == 4 ? Layout::strided
                     : Layout::reversed;
}

/// A rows x cols operand in a random layout, padding poisoned.
template <class T>
struct Operand {
  Guarded memory;
  MatrixView<T> view;
  T* begin = nullptr;
  Index extent = 0;
  std::vector<unsigned char> before;

  Operand(Random& random, Index rows, Index cols, Layout layout) {
    const Index pad = random.below(4), step = layout == Layout::strided ? 2 + random.below(2) : 1;
    view.rows = rows;
    view.cols = cols;
    view.col_stride = layout == Layout::column_major ? rows + pad : step;
    view.row_stride = layout == Layout::column_major ? 1 : cols * step + pad;
    if (rows > 0 && cols > 0) extent = (rows - 1) * view.row_stride + (cols - 1) * view.col_stride + 1;
    begin = static_cast<T*>(memory.place(static_cast<std::size_t>(extent) * sizeof(T), random.below(2) == 0));
    std::memset(static_cast<void*>(begin), 0xa5, static_cast<std::size_t>(extent) * sizeof(T));
    view.data = begin;
    if (layout == Layout::reversed && extent > 0) {
      view.data += (cols - 1) * view.col_stride;
      view.col_stride = -view.col_stride;
    }
  }
  Operand(Random& random, Index rows, Index cols) : Operand(random, rows, cols, random_layout(random)) {}

  /// Random elements, one in `zeros` of them `zero` (0: none).
  void fill(Random& random, Index zeros = 0, T zero = T()) {
    for (Index i = 0; i < view.rows; ++i)
      for (Index j = 0; j < view.cols; ++j)
        view(i, j) = zeros != 0 && random.below(zeros) == 0 ? zero : random_value<T>(random);
  }
  std::size_t bytes() const { return static_cast<std::size_t>(extent) * sizeof(T); }
  void remember() {
    const auto* from = reinterpret_cast<const unsigned char*>(begin);
    before.assign(from, from + bytes());
  }
  /// True if nothing but the view's own elements changed since remember().
  bool padding_untouched() const {
    std::vector<unsigned char> now(before);
    for (Index i = 0; i < view.rows; ++i)
      for (Index j = 0; j < view.cols; ++j) {
        const T* at = &view(i, j);
        std::memcpy(now.data() + (at - begin) * static_cast<Index>(sizeof(T)), at, sizeof(T));
      }
    return now.empty() || std::memcmp(now.data(), begin, now.size()) == 0;
  }
};

/// Equal bits; any NaN equals any other (its payload and sign are outside the contract).
template <class T>
bool same_bits(T a, T b) {
  if (a != a) return b != b;
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

// The MACs, plainly. volatile: the test is built with contraction on, too.
struct PlainFused {
  template <class C, class A, class B>
  C operator()(C acc, A a, B b) const {
    return std::fma(static_cast<C>(a), static_cast<C>(b), acc);
  }
  template <class C>
  C add(C acc, C sum) const {
    return acc + sum;
  }
};
struct PlainUnfused : PlainFused {
  template <class C, class A, class B>
  C operator()(C acc, A a, B b) const {
    volatile C product = static_cast<C>(a) * static_cast<C>(b);
    volatile C sum = acc + product;
    return sum;
  }
};
struct PlainExact {
  std::int64_t a_zero_point = 0, b_zero_point = 0;
  template <class A, class B>
  std::int32_t operator()(std::int32_t acc, A a, B b) const {
    // 33-bit factors of s32 would overflow 64 bits: each factor modulo 2^32 first, as the product is.
    const std::uint64_t x = static_cast<std::uint32_t>(a - a_zero_point),
                        y = static_cast<std::uint32_t>(b - b_zero_point);
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(static_cast<std::uint64_t>(acc) + x * y));
  }
  std::int32_t add(std::int32_t acc, std::int32_t sum) const {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(std::int64_t{acc} + sum));
  }
};

/// One output: `count` MACs in order, for a start that `sum` names. a_at, b_at: the operands of step p; live(p): false
/// if step p brings no weight.
template <class C, class Plain, class AtA, class AtB, class Live>
C sequence(const Plain& plain, Sum sum, C preload, Index count, AtA a_at, AtB b_at, Live live) {
  C acc = sum == Sum::chained ? preload : C();
  for (Index p = 0; p < count; ++p)
    if (live(p)) acc = plain(acc, a_at(p), b_at(p));
  return sum == Sum::fold_then_add ? plain.add(preload, acc) : acc;
}

}  // namespace inline_test
