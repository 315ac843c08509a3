// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the seven folds share; not for users, who include a fold. A fold is a small product
//
//     C[i][j] <- C[i][j] + sum over p ascending of left[i][p] * right[p][j]
//
// with limits: OS has at most H x W outputs and any number of steps p; WS at most W rows and H steps, N columns
// streamed; IS at most W columns and H steps, M rows streamed. Each output is one sequence of MACs, p upwards, in
// one accumulator that stays in a register from first to last; columns go side by side in a Lane. So the
// order in which blocks of outputs are visited is free, and the bits are those of the array.
#pragma once

#include <cassert>
#include <type_traits>
#include <utility>

#include "septet/inline/lane.hpp"
#include "septet/inline/mac.hpp"
#include "septet/matrix_view.hpp"
#include "septet/types.hpp"

namespace septet::fold::detail {

template <class Function, int... kIndex>
SEPTET_ALWAYS_INLINE void unroll(std::integer_sequence<int, kIndex...>, Function&& function) {
  (function(kIndex), ...);
}
/// function(0), …, function(kCount - 1) with constants, so that what they index can live in registers.
template <int kCount, class Function>
SEPTET_ALWAYS_INLINE void unroll(Function&& function) {
  unroll(std::make_integer_sequence<int, kCount>{}, function);
}

/// An array whose elements are made in place: needs no default constructor.
template <class T, int kCount>
struct Registers {
  T at[kCount];

  template <class Make>
  explicit SEPTET_ALWAYS_INLINE Registers(Make&& make) : Registers(std::make_integer_sequence<int, kCount>{}, make) {}

 private:
  template <class Make, int... kIndex>
  SEPTET_ALWAYS_INLINE Registers(std::integer_sequence<int, kIndex...>, Make&& make) : at{make(kIndex)...} {}
};

/// Which k belongs to step p (or which row of C to row i): itself, or an entry of a list.
struct Same {
  SEPTET_ALWAYS_INLINE Index operator()(Index p) const { return p; }
};
template <class IndexT>
struct Listed {
  static_assert(std::is_integral_v<IndexT>, "septet: a list of live columns or rows holds integers");
  const IndexT* list;
  SEPTET_ALWAYS_INLINE Index operator()(Index p) const { return static_cast<Index>(list[p]); }
};

/// A or B: place i along the output (a row of A, a column of B), step p along k.
template <class T, class MapK>
struct Operand {
  using Element = T;
  const T* data;
  Index stride;    ///< elements from i to i + 1
  Index k_stride;  ///< elements from k to k + 1
  MapK k;
  SEPTET_ALWAYS_INLINE const T* at(Index i, Index p) const { return data + i * stride + k(p) * k_stride; }
};

/// C.
template <class T, class MapRow>
struct Output {
  T* data;
  Index row_stride;
  Index col_stride;
  MapRow row;
  SEPTET_ALWAYS_INLINE T* at(Index i, Index j) const { return data + row(i) * row_stride + j * col_stride; }
};

/// True if the MAC takes elements of B as they lie in memory, so that a vector of them is one load, whole or partial.
template <class Mac, class B, class T>
constexpr bool plain() {
  if constexpr (kTakesLanes<Mac>) return Mac::kKeepsOwnType && std::is_same_v<B, T>;
  return false;
}

/// How one MAC reads its operands and steps, in a lane L, if it takes lanes …
template <class L, class Mac, class T, bool kTakes = kTakesLanes<Mac>>
struct Step {
  static constexpr bool kCanAdd = true;
  const Mac& mac;

  template <class A>
  SEPTET_ALWAYS_INLINE typename L::Vec left(const A* a) const {
    return L::broadcast(mac.template take_a<L>(*a));
  }
  template <bool kFull, class B>
  SEPTET_ALWAYS_INLINE typename L::Vec right(const B* b, int n) const {
    if constexpr (plain<Mac, B, T>()) {
      return kFull ? L::load(b) : L::load(b, n);
    } else {
      static_assert(kFull || L::kWidth == 1, "septet: converted operands have no partial vectors");
      T lanes[L::kWidth];
      for (int j = 0; j < L::kWidth; ++j) lanes[j] = mac.template take_b<L>(b[j]);
      return L::load(lanes);
    }
  }
  SEPTET_ALWAYS_INLINE void run(typename L::Vec& acc, const typename L::Vec& a, const typename L::Vec& b) const {
    acc = mac.template mac<L>(acc, a, b);
  }
  SEPTET_ALWAYS_INLINE typename L::Vec add(const typename L::Vec& acc, const typename L::Vec& sum) const {
    return L::add(acc, sum);
  }
};

template <class Mac, class T, class = void>
inline constexpr bool kMacAdds = false;
template <class Mac, class T>
inline constexpr bool kMacAdds<
    Mac, T, std::void_t<decltype(std::declval<const Mac&>().add(std::declval<const T&>(), std::declval<const T&>()))>> =
    true;
template <class T, class = void>
inline constexpr bool kHasPlus = false;
template <class T>
inline constexpr bool
    kHasPlus<T, std::void_t<decltype(static_cast<T>(std::declval<const T&>() + std::declval<const T&>()))>> = true;
/// True if a fold can add its sums to an accumulator, and start them from zero.
template <class Mac, class T>
inline constexpr bool kCanAdd = std::is_default_constructible_v<T> &&
                                (kTakesLanes<Mac> || kMacAdds<Mac, T> || kHasPlus<T>);

/// … and if it is the user's: operands stay where they are, and the functor sees them one by one.
template <class L, class Mac, class T>
struct Step<L, Mac, T, false> {
  static constexpr bool kCanAdd = detail::kCanAdd<Mac, T>;
  const Mac& mac;

  template <class A>
  SEPTET_ALWAYS_INLINE const A* left(const A* a) const {
    return a;
  }
  template <bool kFull, class B>
  SEPTET_ALWAYS_INLINE const B* right(const B* b, int /*n*/) const {
    return b;
  }
  template <class A, class B>
  SEPTET_ALWAYS_INLINE void run(T& acc, const A* a, const B* b) const {
    static_assert(std::is_invocable_v<const Mac&, const T&, const A&, const B&>,
                  "septet: a MAC of your own is called as mac(acc, a, b), and is const");
    static_assert(std::is_convertible_v<std::invoke_result_t<const Mac&, const T&, const A&, const B&>, T>,
                  "septet: a MAC of your own returns the new sum");
    acc = mac(static_cast<const T&>(acc), *a, *b);
  }
  SEPTET_ALWAYS_INLINE T add(const T& acc, const T& sum) const {
    if constexpr (kMacAdds<Mac, T>) {
      return mac.add(acc, sum);
    } else {
      return L::add(acc, sum);
    }
  }
};

/// A MAC whose sides have changed places: for columns of C that lie along m.
template <class Mac>
struct Swapped {
  static constexpr bool kTakesLanes = true;
  static constexpr bool kKeepsOwnType = Mac::kKeepsOwnType;
  const Mac& base;

  template <class L, class T>
  SEPTET_ALWAYS_INLINE typename L::Value take_a(T a) const {
    return base.template take_b<L>(a);
  }
  template <class L, class T>
  SEPTET_ALWAYS_INLINE typename L::Value take_b(T b) const {
    return base.template take_a<L>(b);
  }
  template <class L>
  SEPTET_ALWAYS_INLINE typename L::Vec mac(const typename L::Vec& acc, const typename L::Vec& a,
                                           const typename L::Vec& b) const {
    return base.template mac<L>(acc, b, a);
  }
};

/// Steps in which every row has a value: all but csOS.
template <class Left, class Right>
struct DenseSteps {
  using RightElement = typename Right::Element;
  Left left;
  Right right;

  template <int kRows, int kVecs, bool kFull, class L, class Stepper, class Acc>
  SEPTET_ALWAYS_INLINE void run(const Stepper& step, Acc& acc, Index i, Index j, int n, Index p) const {
    using Vec = decltype(step.template right<kFull>(right.data, n));
    const Registers<Vec, kVecs> b([&](int v) SEPTET_ALWAYS_INLINE_LAMBDA {
      return step.template right<kFull>(right.at(j + v * L::kWidth, p), n);
    });
    unroll<kRows>([&](int r) SEPTET_ALWAYS_INLINE_LAMBDA {
      const auto a = step.left(left.at(i + r, p));
      unroll<kVecs>([&](int v) SEPTET_ALWAYS_INLINE_LAMBDA { step.run(acc.at[r * kVecs + v], a, b.at[v]); });
    });
  }
};

// Partial vectors of C, out of line: a block has one per row, but only at its two ends. By value: a sum whose address
// is taken would be kept in memory.
template <class L>
SEPTET_NEVER_INLINE typename L::Vec load_edge(const typename L::Value* from, int n) {
  return L::load(from, n);
}
template <class L>
SEPTET_NEVER_INLINE void store_edge(typename L::Value* to, typename L::Vec value, int n) {
  L::store(to, value, n);
}

/// One block of C: kRows x kVecs lanes from (i, j), the last lane n wide (all full if kFull), through all steps.
template <int kRows, int kVecs, bool kFull, class L, class Stepper, class Steps, class Out>
void block(const Stepper& step, Sum sum, const Steps& steps, const Out& out, Index i, Index j, int n, Index depth) {
  constexpr int kSums = kRows * kVecs;
  const auto at = [&](int q)
                      SEPTET_ALWAYS_INLINE_LAMBDA { return out.at(i + q / kVecs, j + q % kVecs * Index{L::kWidth}); };
  const auto load = [&](int q) SEPTET_ALWAYS_INLINE_LAMBDA {
    if constexpr (kFull) {
      return L::load(at(q));
    } else {
      return load_edge<L>(at(q), n);
    }
  };
  constexpr bool kHasZero = std::is_default_constructible_v<typename L::Value>;
  Registers<typename L::Vec, kSums> acc([&](int q) SEPTET_ALWAYS_INLINE_LAMBDA {
    if constexpr (kHasZero) {
      return L::broadcast(typename L::Value());
    } else {
      return load(q);
    }
  });
  if constexpr (kHasZero) {
    if (sum == Sum::chained) unroll<kSums>([&](int q) SEPTET_ALWAYS_INLINE_LAMBDA { acc.at[q] = load(q); });
  }
  for (Index p = 0; p < depth; ++p) steps.template run<kRows, kVecs, kFull, L>(step, acc, i, j, n, p);
  if constexpr (Stepper::kCanAdd) {
    if (sum == Sum::fold_then_add) {
      unroll<kSums>([&](int q) SEPTET_ALWAYS_INLINE_LAMBDA { acc.at[q] = step.add(load(q), acc.at[q]); });
    }
  }
  unroll<kSums>([&](int q) SEPTET_ALWAYS_INLINE_LAMBDA {
    if constexpr (kFull) {
      L::store(at(q), acc.at[q]);
    } else {
      store_edge<L>(at(q), acc.at[q], n);
    }
  });
}

/// Size of a block of accumulators, from the registers there are: 16, or 32 with AVX-512 and on 64-bit Arm.
template <class L>
struct BlockShape {
  static constexpr bool kManyRegisters = sizeof(typename L::Vec) >= 64 ||
#if defined(__aarch64__)
                                         true;
#else
                                         false;
#endif
  static constexpr bool kScalar = L::kWidth == 1;
  static constexpr bool kCheap = std::is_trivially_copyable_v<typename L::Vec>;  // else one at a time
  static constexpr int kVecs = kScalar ? 1 : 2;
  /// 12 * 2 sums + 2 of B + 1 of A = 27 of 32; 6 * 2 + 2 + 1 = 15 of 16; scalars: enough to hide the latency of a sum.
  static constexpr int kRows = !kCheap ? 1 : kScalar ? 4 : kManyRegisters ? 12 : 6;
};

/// The next lower block, for the rows left over. Three heights: every one more is code to compile and to keep.
constexpr int lower(int rows) { return rows > 6 ? 4 : rows > 4 ? 2 : 1; }
constexpr int clipped(int rows, int limit) { return limit != 0 && limit < rows ? limit : rows; }

template <int kRows, int kVecs, bool kFull, class L, class Stepper, class Steps, class Out>
SEPTET_ALWAYS_INLINE void strip(const Stepper& step, Sum sum, const Steps& steps, const Out& out, Index i, Index rows,
                                Index j, int n, Index depth) {
  for (; rows - i >= kRows; i += kRows) block<kRows, kVecs, kFull, L>(step, sum, steps, out, i, j, n, depth);
  if constexpr (kRows > 1) {
    if (i < rows) strip<lower(kRows), kVecs, kFull, L>(step, sum, steps, out, i, rows, j, n, depth);
  }
}

/// Columns j and up of the whole fold, in lanes L. kRowLimit, kColLimit: the most rows and columns there can be; 0: no
/// limit. A partial vector is a masked one, or, where operands are converted one by one anyway, scalars (Rest).
template <class L, class Rest, int kRowLimit, int kColLimit, class Mac, class Steps, class Out>
void product(const Mac& mac, Sum sum, const Steps& steps, const Out& out, Index rows, Index j, Index cols,
             Index depth) {
  using T = typename L::Value;
  using Shape = BlockShape<L>;
  constexpr int kRows = clipped(Shape::kRows, kRowLimit);
  constexpr Index kWidth = L::kWidth;
  constexpr Index kStrip = Shape::kVecs * kWidth;
  const Step<L, Mac, T> step{mac};
  if constexpr (Shape::kVecs > 1 && (kColLimit == 0 || kColLimit >= kStrip)) {
    for (; cols - j >= kStrip; j += kStrip) {
      strip<kRows, Shape::kVecs, true, L>(step, sum, steps, out, 0, rows, j, L::kWidth, depth);
    }
  }
  if constexpr (kWidth == 1 || plain<Mac, typename Steps::RightElement, T>()) {
    for (; j < cols; j += kWidth) {
      const int n = static_cast<int>(cols - j < kWidth ? cols - j : kWidth);
      strip<kRows, 1, kWidth == 1, L>(step, sum, steps, out, 0, rows, j, n, depth);
    }
  } else {
    for (; cols - j >= kWidth; j += kWidth) {
      strip<kRows, 1, true, L>(step, sum, steps, out, 0, rows, j, L::kWidth, depth);
    }
    if (j < cols) product<Rest, Rest, kRowLimit, kColLimit>(mac, sum, steps, out, rows, j, cols, depth);
  }
}

/// In vectors along the columns if C and the right operand have unit strides there, else one by one.
template <class Arch, int kRowLimit, int kColLimit, class Mac, class Steps, class T, class Map>
SEPTET_ALWAYS_INLINE void along_columns(const Mac& mac, Sum sum, const Steps& steps, const Output<T, Map>& out,
                                        Index rows, Index cols, Index depth) {
  if constexpr (kTakesLanes<Mac> && kHasBatch<T, Arch>) {
    if (steps.right.stride == 1 && out.col_stride == 1) {
      return product<BatchLane<T, Arch>, ScalarLane<T, Arch>, kRowLimit, kColLimit>(mac, sum, steps, out, rows, 0, cols,
                                                                                    depth);
    }
  }
  product<ScalarLane<T, Arch>, ScalarLane<T, Arch>, kRowLimit, kColLimit>(mac, sum, steps, out, rows, 0, cols, depth);
}

/// What every fold asks of its types.
template <int H, int W, Sum kSum, class C, class Mac>
constexpr bool check() {
  static_assert(H > 0 && W > 0, "septet: an array has at least one row and one column of processing elements");
  static_assert(!std::is_const_v<C>, "septet: C is an output: a view of non-const elements");
  static_assert(kSum == Sum::chained || std::is_default_constructible_v<C>,
                "septet: sums that start from zero need a type whose C{} is zero");
  static_assert(kSum != Sum::fold_then_add || kCanAdd<Mac, C>,
                "septet: fold-then-add needs mac.add(acc, sum) or acc + sum");
  return true;
}

/// A's rows and B's columns as operands; C as the output.
template <class MapK, class T>
SEPTET_ALWAYS_INLINE Operand<std::remove_const_t<T>, MapK> rows_of(const MatrixView<T>& a, MapK k) {
  return {a.data, a.row_stride, a.col_stride, k};
}
template <class MapK, class T>
SEPTET_ALWAYS_INLINE Operand<std::remove_const_t<T>, MapK> columns_of(const MatrixView<T>& b, MapK k) {
  return {b.data, b.col_stride, b.row_stride, k};
}
template <class MapRow, class T>
SEPTET_ALWAYS_INLINE Output<T, MapRow> output_of(const MatrixView<T>& c, MapRow row) {
  return {c.data, c.row_stride, c.col_stride, row};
}

}  // namespace septet::fold::detail
