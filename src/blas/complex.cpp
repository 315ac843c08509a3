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
#include "src/fp_environment.hpp"
#include "src/multiply.hpp"
#include "src/threads.hpp"
#include "src/workspace.hpp"

#include <algorithm>

namespace septet::blas {
namespace {

using detail::ceil_div;

// B's copy is 512 rows of reals, and as wide as rows may be that kernels read where they lie (src/dense_blocking.cpp):
// 2 KiB less a few lines, so that a column of them is spread over the cache's sets. All of it stays in the second
// level.
constexpr Index kSteps = 256;
constexpr Index kRowBytes = 1920;
// Rows of A that are copied at once, if they have to be: then as much memory as a slice of B needs.
constexpr Index kRows = 1024;

template <class T>
using Complex = std::complex<T>;

template <class T>
Complex<T> times(Complex<T> x, Complex<T> y) {
  if (x.imag() == 0) return {x.real() * y.real(), x.real() * y.imag()};  // no NaN out of 0 * Inf
  return {x.real() * y.real() - x.imag() * y.imag(), x.real() * y.imag() + x.imag() * y.real()};
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
        cols_(std::min<Index>(x.n, kRowBytes / (2 * static_cast<Index>(sizeof(T))))),
        steps_(std::min(x.k, kSteps)),
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
    const Complex<T>* from = static_cast<const Complex<T>*>(x_.a);
    ConstMatrix a(from + i * x_.lda + p, type_of<T>(), m, 2 * k, 2 * x_.lda, 1);
    if (copies_a_) {
      copy_a(i, m, p, k);
      a = ConstMatrix(a_, type_of<T>(), m, 2 * k, 2 * k, 1);
    }
    for (Index j = 0; j < x_.n; j += cols_) {
      const Index n = std::min(cols_, x_.n - j);
      expand_b(p, k, j, n);
      const ConstMatrix b(b_, type_of<T>(), 2 * k, 2 * n, 2 * n, 1);
      const Matrix c(static_cast<Complex<T>*>(x_.c) + i * x_.ldc + j, type_of<T>(), m, 2 * n, 2 * x_.ldc, 1);
      Status status =
          with_options(1, beta, [&](const GemmOptions& options) { return detail::multiply_checked(a, b, c, options); });
      if (!status.ok()) return status;
    }
    return {};
  }

  // f(begin, end) over the lines of a copy that moves so many elements.
  template <class F>
  void share(Index lines, Index elements, F&& f) const {
    constexpr Index kBlock = 16;
    const int threads = detail::thread_count(detail::kDefaultOptions, 0, static_cast<double>(elements));
    detail::SharedItems items(ceil_div(lines, kBlock));
    detail::run_team({}, threads, [&](int /*worker*/) {
      items.for_each([&](Index item) { f(item * kBlock, std::min(lines, (item + 1) * kBlock)); });
    });
  }

  // A lies by columns: rows side by side.
  void copy_a(Index i0, Index m, Index p0, Index k) const {
    constexpr Index kTile = 8;  // of one cache line and more on either side
    const Complex<T>* from = static_cast<const Complex<T>*>(x_.a) + p0 * x_.lda + i0;
    Complex<T>* to = reinterpret_cast<Complex<T>*>(a_);
    share(m, m * k, [&](Index begin, Index end) {
      for (Index p = 0; p < k; p += kTile) {
        for (Index i = begin; i < end; ++i) {
          for (Index q = p; q < std::min(k, p + kTile); ++q) to[i * k + q] = from[q * x_.lda + i];
        }
      }
    });
  }

  void expand_b(Index p0, Index k, Index j0, Index n) const {
    share(k, 2 * k * n, [&](Index begin, Index end) {
      if (x_.b_op == Op::none) {
        const Complex<T>* from = static_cast<const Complex<T>*>(x_.b) + p0 * x_.ldb + j0;
        for (Index p = begin; p < end; ++p) {
          expand_row(
              n, [&, row = from + p * x_.ldb](Index j) { return row[j]; }, b_ + 4 * p * n);
        }
      } else {
        const Complex<T>* from = static_cast<const Complex<T>*>(x_.b) + j0 * x_.ldb + p0;
        for (Index p = begin; p < end; ++p) {
          expand_row(
              n, [&](Index j) { return from[j * x_.ldb + p]; }, b_ + 4 * p * n);
        }
      }
    });
  }

  // Two rows of reals from one of B.
  template <class Element>
  void expand_row(Index n, Element&& element, T* to) const {
    const T b_sign = conjugates_b_ ? T(-1) : T(1), a_sign = conjugates_a_ ? T(-1) : T(1);
    const bool scales = alpha_ != Complex<T>(1);
    T* below = to + 2 * n;
    for (Index j = 0; j < n; ++j) {
      Complex<T> b = element(j);
      b.imag(b_sign * b.imag());
      if (scales) b = times(alpha_, b);
      to[2 * j] = b.real(), to[2 * j + 1] = b.imag();
      below[2 * j] = -a_sign * b.imag(), below[2 * j + 1] = a_sign * b.real();
    }
  }

  const Product& x_;
  Complex<T> alpha_;
  bool conjugates_a_, conjugates_b_, copies_a_;
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
  const detail::FpEnvironment environment;
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
