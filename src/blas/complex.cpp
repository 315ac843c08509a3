// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A complex product as a real one over the same kernels, with as many multiplications (the 1m method: Van Zee,
// "Implementing high-performance complex matrix multiplication via the 1m method", SIAM J. Sci. Comput. 42(5), 2020,
// section 3). With C's rows contiguous, C and A are real matrices as they lie, re and im side by side, and every
// element of B becomes two by two:
//
//     [re c, im c]  +=  [re a, im a] * |  re b   im b |      row 2p      conj(b): im b turns its sign
//                                      | -im b   re b |      row 2p + 1  conj(a): the row 2p + 1 turns its signs
//
// So every output is one chain along k: re a's part of a step, then im a's. alpha is multiplied into B's copy, beta
// into C before the first step.
#include "product.hpp"
#include "src/arithmetic.hpp"
#include "src/multiply.hpp"
#include "src/threads.hpp"
#include "src/workspace.hpp"

#include <algorithm>
#include <cstring>

namespace septet::blas {
namespace {

using detail::ceil_div;

// Steps at a time: so many that a row of A takes 2 KiB, what a tile's rows may take in the first-level cache. Rows of
// B's copy are as wide as kernels read them where they lie (src/dense_blocking.cpp), 2 KiB less two lines, so that a
// column is spread over the cache's sets. The copy stays in the second level.
template <class T>
constexpr Index kSteps = 1024 / sizeof(T);
constexpr Index kRowBytes = 1920;
// Where every element of the copy is used by a few rows only, it had better still be near.
constexpr Index kFewRows = 16, kStepsOfFewRows = 32;
// Rows of A, or of B, that a thread copies at a time.
constexpr Index kBlock = 16;
// Rows of A that are multiplied at once where A has to be copied.
constexpr Index kRows = 1024;

template <class T>
using Complex = std::complex<T>;

template <class T>
Complex<T> times(Complex<T> x, Complex<T> y) {
  if (x.imag() == 0) return {x.real() * y.real(), x.real() * y.imag()};  // no NaN out of 0 * Inf
  return {x.real() * y.real() - x.imag() * y.imag(), x.real() * y.imag() + x.imag() * y.real()};
}

// Which of an element's four numbers turn their signs: those of im b in its two places, and of re b in the lower row.
struct Turns {
  bool im, lower_im, lower_re;
};

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "re is the lower half of a float pair");

// Row 2p and, behind it, row 2p + 1 from n elements of B. Signs are turned as bits: numbers are moved, not computed.
void expand(const float* from, Index n, const Turns& turns, float* to) {
  constexpr std::uint64_t kLow = std::uint64_t{1} << 31, kHigh = std::uint64_t{1} << 63;
  const std::uint64_t upper = turns.im ? kHigh : 0;
  const std::uint64_t lower = (turns.lower_im ? kLow : 0) | (turns.lower_re ? kHigh : 0);
  for (Index j = 0; j < n; ++j) {
    std::uint64_t pair;  // re below im
    std::memcpy(&pair, from + 2 * j, sizeof pair);
    const std::uint64_t above = pair ^ upper, below = ((pair >> 32) | (pair << 32)) ^ lower;
    std::memcpy(to + 2 * j, &above, sizeof above);
    std::memcpy(to + 2 * (n + j), &below, sizeof below);
  }
}

void expand(const double* from, Index n, const Turns& turns, double* to) {
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  const std::uint64_t im = turns.im ? kSign : 0, lower_im = turns.lower_im ? kSign : 0;
  const std::uint64_t lower_re = turns.lower_re ? kSign : 0;
  for (Index j = 0; j < n; ++j) {
    std::uint64_t pair[2];
    std::memcpy(pair, from + 2 * j, sizeof pair);
    const std::uint64_t above[2] = {pair[0], pair[1] ^ im}, below[2] = {pair[1] ^ lower_im, pair[0] ^ lower_re};
    std::memcpy(to + 2 * j, above, sizeof above);
    std::memcpy(to + 2 * (n + j), below, sizeof below);
  }
}

// to[c * to_ld + r] <- from[r * ld + c], `rows` by `cols` of `from`.
template <class T>
void transpose(const T* from, Index ld, Index rows, Index cols, T* to, Index to_ld) {
  constexpr Index kTile = 8;
  Index r = 0;
  for (; r + kTile <= rows; r += kTile, from += kTile * ld) {
    for (Index c = 0; c < cols; ++c) {
      for (Index i = 0; i < kTile; ++i) to[c * to_ld + r + i] = from[i * ld + c];
    }
  }
  for (; r < rows; ++r, from += ld) {
    for (Index c = 0; c < cols; ++c) to[c * to_ld + r] = from[c];
  }
}

template <class T>
class ComplexRun {
 public:
  ComplexRun(const Product& x, Complex<T> alpha)
      : x_(x),
        alpha_(alpha),
        conjugates_a_(x.a_op == Op::conjugate_transpose),
        conjugates_b_(x.b_op == Op::conjugate_transpose),
        copies_a_(x.a_op != Op::none),
        turns_{conjugates_b_, conjugates_a_ == conjugates_b_, conjugates_a_},
        turns_of_scaled_{false, !conjugates_a_, conjugates_a_},
        cols_(std::min<Index>(x.n, kRowBytes / (2 * static_cast<Index>(sizeof(T))))),
        steps_(std::min(x.k, x.m <= kFewRows ? kStepsOfFewRows : kSteps<T>)),
        rows_(copies_a_ ? std::min(x.m, kRows) : x.m),
        memory_((4 * steps_ * cols_ + (copies_a_ ? 2 * rows_ * steps_ : 0)) * static_cast<Index>(sizeof(T))),
        b_(reinterpret_cast<T*>(memory_.data())),
        a_(b_ + 4 * steps_ * cols_) {}

  // beta: 0 or 1.
  Status run(double beta) const {
    for (Index i = 0; i < x_.m; i += rows_) {
      for (Index p = 0; p < x_.k; p += steps_) {
        Status status = pass(i, std::min(rows_, x_.m - i), p, std::min(steps_, x_.k - p), p == 0 ? beta : 1);
        if (!status.ok()) return status;
      }
    }
    return {};
  }

 private:
  // Rows [i, i + m) of C, steps [p, p + k).
  Status pass(Index i, Index m, Index p, Index k, double beta) const {
    Product real;
    real.m = m, real.k = 2 * k;
    real.a = static_cast<const Complex<T>*>(x_.a) + i * x_.lda + p, real.lda = 2 * x_.lda;
    if (copies_a_) {
      copy_a(i, m, p, k);
      real.a = a_, real.lda = 2 * k;
    }
    real.b = b_, real.ldc = 2 * x_.ldc;
    for (Index j = 0; j < x_.n; j += cols_) {
      const Index n = std::min(cols_, x_.n - j);
      expand_b(p, k, j, n);
      real.n = real.ldb = 2 * n;
      real.c = static_cast<Complex<T>*>(x_.c) + i * x_.ldc + j;
      if (Status status = multiply(real, T(1), T(beta)); !status.ok()) return status;
    }
    return {};
  }

  // f(begin, end) over the lines of a copy that moves so many elements.
  template <class F>
  void share(Index lines, Index elements, F&& f) const {
    const int threads = detail::thread_count(detail::kDefaultOptions, 0, static_cast<double>(elements));
    if (threads == 1) {
      for (Index begin = 0; begin < lines; begin += kBlock) f(begin, std::min(lines, begin + kBlock));
      return;
    }
    detail::SharedItems items(ceil_div(lines, kBlock));
    detail::run_team({}, threads, [&](int /*worker*/) {
      items.for_each([&](Index item) { f(item * kBlock, std::min(lines, (item + 1) * kBlock)); });
    });
  }

  // A lies by columns: rows side by side.
  void copy_a(Index i0, Index m, Index p0, Index k) const {
    const Complex<T>* from = static_cast<const Complex<T>*>(x_.a) + p0 * x_.lda + i0;
    share(m, m * k, [&](Index begin, Index end) {
      transpose(from + begin, x_.lda, k, end - begin, reinterpret_cast<Complex<T>*>(a_) + begin * k, k);
    });
  }

  // Two rows of reals from each row of B.
  void expand_b(Index p0, Index k, Index j0, Index n) const {
    const Complex<T>* b = static_cast<const Complex<T>*>(x_.b);
    share(k, 2 * k * n, [&](Index begin, Index end) {
      const Complex<T>* from = b + (p0 + begin) * x_.ldb + j0;
      Index ld = x_.ldb;
      alignas(64) T memory[kBlock * kRowBytes / sizeof(T)];
      if (x_.b_op != Op::none) {
        Complex<T>* rows = reinterpret_cast<Complex<T>*>(memory);
        transpose(b + j0 * x_.ldb + p0 + begin, x_.ldb, n, end - begin, rows, n);
        from = rows, ld = n;
      }
      for (Index p = begin; p < end; ++p, from += ld) expand_row(reinterpret_cast<const T*>(from), n, b_ + 4 * p * n);
    });
  }

  void expand_row(const T* from, Index n, T* to) const {
    if (alpha_ == Complex<T>(1)) return expand(from, n, turns_, to);
    alignas(64) T scaled[kRowBytes / sizeof(T)];
    for (Index j = 0; j < 2 * n; j += 2) {
      const Complex<T> b = times(alpha_, Complex<T>(from[j], conjugates_b_ ? -from[j + 1] : from[j + 1]));
      scaled[j] = b.real(), scaled[j + 1] = b.imag();
    }
    expand(scaled, n, turns_of_scaled_, to);
  }

  const Product& x_;
  Complex<T> alpha_;
  bool conjugates_a_, conjugates_b_, copies_a_;
  Turns turns_, turns_of_scaled_;
  Index cols_, steps_, rows_;
  detail::Workspace memory_;
  T *b_, *a_;
};

// C <- beta * C.
template <class T>
void scale(const Product& x, Complex<T> beta) {
  for (Index i = 0; i < x.m; ++i) {
    Complex<T>* row = static_cast<Complex<T>*>(x.c) + i * x.ldc;
    if (beta == Complex<T>(0)) {
      std::fill_n(row, x.n, Complex<T>(0));
    } else {
      for (Index j = 0; j < x.n; ++j) row[j] = times(beta, row[j]);
    }
  }
}

template <class T>
Status multiply_complex(const Product& x, Complex<T> alpha, Complex<T> beta) {
  if (is_done(x, alpha, beta)) return {};
  const detail::CallScope scope;
  return detail::guarded([&]() -> Status {
    if (!detail::environment_ok()) return detail::environment_status();
    if (alpha == Complex<T>(0) || x.k == 0) {
      scale(x, beta);
      return {};
    }
    const ComplexRun<T> run(x, alpha);  // has claimed its memory before C is touched
    if (beta == Complex<T>(0)) return run.run(0);
    if (beta != Complex<T>(1)) scale(x, beta);
    return run.run(1);
  });
}

}  // namespace

Status multiply(const Product& product, std::complex<float> alpha, std::complex<float> beta) {
  return multiply_complex(product, alpha, beta);
}
Status multiply(const Product& product, std::complex<double> alpha, std::complex<double> beta) {
  return multiply_complex(product, alpha, beta);
}

}  // namespace septet::blas
