// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Matrices as BLAS has them, in memory whose other elements are NaN and must stay so, and what ?gemm must make of them:
// by the definition, one output after the other.
#pragma once

#include "door.hpp"
#include "support/comparison.hpp"
#include "support/guard.hpp"
#include "support/reference.hpp"
#include "support/storage.hpp"

#include <memory>

namespace septet::blas_test {

using support::GuardedBuffer;
using support::Rng;
using support::ValueKind;

template <class T>
inline constexpr bool kIsComplex = false;
template <class T>
inline constexpr bool kIsComplex<std::complex<T>> = true;
/// float, double, also of complex numbers.
template <class T>
struct RealOf {
  using type = support::NumberOf<T>;
};
template <class T>
struct RealOf<std::complex<T>> {
  using type = T;
};
/// What a product of T sums in, and its alpha, beta and C are.
template <class T>
using SumOf = support::NumberOf<T>;

template <class T>
T nan_of() {
  if constexpr (kIsComplex<T>) {
    return {support::poison<typename T::value_type>(), support::poison<typename T::value_type>()};
  } else {
    return support::poison<T>();
  }
}

template <class T>
bool same(const T& x, const T& y) {
  if constexpr (kIsComplex<T>) {
    return support::same_bits(x.real(), y.real()) && support::same_bits(x.imag(), y.imag());
  } else {
    return support::same_bits(x, y);
  }
}

template <class T>
std::string text_of(const T& x) {
  if constexpr (kIsComplex<T>) {
    return support::bits_text(x.real()) + " + i " + support::bits_text(x.imag());
  } else {
    return support::bits_text(x);
  }
}

template <class T>
T random_element(Rng& rng, ValueKind kind) {
  if constexpr (kIsComplex<T>) {
    using Real = typename T::value_type;
    const Real re = random_element<Real>(rng, kind), im = random_element<Real>(rng, kind);
    return {re, im};
  } else {
    return rng.chance(0.05) ? support::random_zero<T>(rng, 0) : support::random_value<T>(rng, kind);
  }
}

/// Where a matrix lies: between other memory, or beside pages that cannot be touched.
enum class Place { heap, guard_begin, guard_end };

/// `lines` (rows or columns, as the layout says) of `length` elements, `ld` apart.
template <class T>
class Lines {
 public:
  Lines(Index length, Index lines, Index ld, Place place = Place::heap) : length_(length), lines_(lines), ld_(ld) {
    const Index size = length == 0 || lines == 0 ? 0 : (lines - 1) * ld + length;
    margin_ = place == Place::heap ? 5 : 0;
    size_ = size + 2 * margin_;
    const auto bytes = static_cast<std::size_t>(size_) * sizeof(T);
    if (place == Place::heap) {
      heap_.resize(static_cast<std::size_t>(size_));
    } else {
      const auto side = place == Place::guard_begin ? GuardedBuffer::Side::begin : GuardedBuffer::Side::end;
      guard_ = std::make_unique<GuardedBuffer>(bytes, side);
    }
    std::fill_n(memory(), size_, nan_of<T>());
  }

  T* data() { return memory() + margin_; }
  Index length() const { return length_; }
  Index lines() const { return lines_; }
  Index ld() const { return ld_; }
  T& at(Index within, Index line) { return data()[line * ld_ + within]; }

  void fill(Rng& rng, ValueKind kind) {
    for (Index j = 0; j < lines_; ++j) {
      for (Index i = 0; i < length_; ++i) at(i, j) = random_element<T>(rng, kind);
    }
  }
  void make_read_only() {
    if (guard_ != nullptr) guard_->make_read_only();
  }
  /// Everything but the elements is as it was made.
  bool padding_intact() {
    const T poison = nan_of<T>();
    for (Index i = -margin_; i < size_ - margin_; ++i) {
      const bool is_element = i >= 0 && i < size_ - 2 * margin_ && i % ld_ < length_;
      if (!is_element && std::memcmp(&data()[i], &poison, sizeof(T)) != 0) return false;
    }
    return guard_ == nullptr || guard_->slack_intact();
  }
  std::vector<T> copy() { return std::vector<T>(memory(), memory() + size_); }
  bool same_bytes(const std::vector<T>& before) {
    return std::memcmp(memory(), before.data(), before.size() * sizeof(T)) == 0;
  }

 private:
  T* memory() { return guard_ == nullptr ? heap_.data() : guard_->template as<T>(); }

  Index length_, lines_, ld_, margin_ = 0, size_ = 0;
  std::vector<T> heap_;
  std::unique_ptr<GuardedBuffer> guard_;
};

/// Lines for a rows x cols matrix that is stored by rows, or by columns.
template <class T>
Lines<T> matrix(bool by_rows, Index rows, Index cols, Index padding, Place place = Place::heap) {
  const Index length = by_rows ? cols : rows;
  return Lines<T>(length, by_rows ? rows : cols, std::max<Index>(1, length) + padding, place);
}

inline bool is_plain(char op) { return op == 'N' || op == 'n'; }
inline bool is_conjugate(char op) { return op == 'C' || op == 'c'; }

/// Element (i, j) of op(X), conjugated if op says so.
template <class T>
SumOf<T> op_element(Lines<T>& x, bool by_rows, char op, Index i, Index j) {
  if (!is_plain(op)) std::swap(i, j);
  const T value = by_rows ? x.at(j, i) : x.at(i, j);
  if constexpr (kIsComplex<T>) {
    return is_conjugate(op) ? std::conj(value) : value;
  } else {
    return support::number(value);
  }
}

// ---- the sums

/// alpha = 1: from beta * C on; any other: alpha times the sum from 0, plus beta * C, fused (septet/gemm.hpp).
template <class T, class Left, class Right>
T expected_real(Index k, T alpha, T beta, T c, const Left& left, const Right& right) {
  const T start = beta == 0 ? 0 : support::product(beta, c);
  const bool reads = alpha != 0;
  T sum = alpha == 1 ? start : 0;
  for (Index p = 0; reads && p < k; ++p) sum = std::fma(left(p), right(p), sum);
  return alpha == 1 ? sum : std::fma(alpha, sum, start);
}

template <class T>
std::complex<T> times(std::complex<T> x, std::complex<T> y) {
  using support::product;
  if (x.imag() == 0) return {product(x.real(), y.real()), product(x.real(), y.imag())};
  return {product(x.real(), y.real()) - product(x.imag(), y.imag()),
          product(x.real(), y.imag()) + product(x.imag(), y.real())};
}

/// One chain: from beta * C on, each step's real part of `left`, then its imaginary part, times alpha * `right`. `left`
/// is the operand that has C's lines: A by rows, B by columns.
template <class T, class Left, class Right>
std::complex<T> expected_complex(Index k, std::complex<T> alpha, std::complex<T> beta, std::complex<T> c,
                                 const Left& left, const Right& right) {
  using Value = std::complex<T>;
  Value sum = beta == Value(0) ? Value(0) : beta == Value(1) ? c : times(beta, c);
  T re = sum.real(), im = sum.imag();
  const bool reads = alpha != Value(0);
  for (Index p = 0; reads && p < k; ++p) {
    const Value x = left(p), y = alpha == Value(1) ? right(p) : times(alpha, right(p));
    re = std::fma(x.real(), y.real(), re), im = std::fma(x.real(), y.imag(), im);
    re = std::fma(-x.imag(), y.imag(), re), im = std::fma(x.imag(), y.real(), im);
  }
  return {re, im};
}

/// A product and everything about it.
template <class T>
struct Problem {
  using Sum = SumOf<T>;
  int layout = kColMajor;
  char op_a = 'N', op_b = 'N';
  Index m, n, k;
  Sum alpha, beta;
  Lines<T> a, b;
  Lines<Sum> c;
  bool by_rows() const { return layout == kRowMajor; }

  struct Shape {
    int layout;
    char op_a, op_b;
    Index m, n, k;
    Index pad_a = 0, pad_b = 0, pad_c = 0;
    Place place = Place::heap;
  };
  Problem(Rng& rng, const Shape& s, Sum alpha_, Sum beta_, ValueKind kind)
      : layout(s.layout),
        op_a(s.op_a),
        op_b(s.op_b),
        m(s.m),
        n(s.n),
        k(s.k),
        alpha(alpha_),
        beta(beta_),
        a(matrix<T>(by_rows(), is_plain(op_a) ? m : k, is_plain(op_a) ? k : m, s.pad_a, s.place)),
        b(matrix<T>(by_rows(), is_plain(op_b) ? k : n, is_plain(op_b) ? n : k, s.pad_b, s.place)),
        c(matrix<Sum>(by_rows(), m, n, s.pad_c, s.place)) {
    // What must not be read stays NaN.
    if (alpha != Sum(0)) a.fill(rng, kind), b.fill(rng, kind);
    if (beta != Sum(0)) c.fill(rng, kind);
  }

  Call call() {
    Call x{layout, op_a, op_b, m, n, k};
    x.alpha = &alpha, x.beta = &beta;
    x.a = a.data(), x.lda = a.ld(), x.b = b.data(), x.ldb = b.ld(), x.c = c.data(), x.ldc = c.ld();
    return x;
  }
  Sum expected(Index i, Index j, Sum old) {
    if ((alpha == Sum(0) || k == 0) && beta == Sum(1)) return old;
    const auto of_a = [&](Index p) { return op_element(a, by_rows(), op_a, i, p); };
    const auto of_b = [&](Index p) { return op_element(b, by_rows(), op_b, p, j); };
    if constexpr (kIsComplex<T>) {
      return by_rows() ? expected_complex(k, alpha, beta, old, of_a, of_b)
                       : expected_complex(k, alpha, beta, old, of_b, of_a);
    } else {
      return expected_real<Sum>(k, alpha, beta, old, of_a, of_b);
    }
  }
  Sum& c_at(Index i, Index j) { return by_rows() ? c.at(j, i) : c.at(i, j); }
  std::string describe() const {
    return std::string(by_rows() ? "by rows " : "by columns ") + op_a + op_b + " " + std::to_string(m) + "x" +
           std::to_string(n) + "x" + std::to_string(k) + " alpha " + text_of(alpha) + " beta " + text_of(beta) +
           " lda " + std::to_string(a.ld()) + " ldb " + std::to_string(b.ld()) + " ldc " + std::to_string(c.ld());
  }

  /// Runs it under this name: "" or what is wrong. All outputs are looked at, or so many of them.
  std::string run(const Spelling& gemm, Rng& rng, Index samples = 0) {
    const std::vector<T> a_before = a.copy(), b_before = b.copy();
    std::vector<Sum> old(static_cast<std::size_t>(m * n));
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) old[i * n + j] = c_at(i, j);
    }
    gemm(call());
    std::string wrong;
    const auto check = [&](Index i, Index j) {
      const Sum want = expected(i, j, old[i * n + j]), got = c_at(i, j);
      if (!wrong.empty() || same(got, want)) return;
      wrong = "(" + std::to_string(i) + ", " + std::to_string(j) + "): got " + text_of(got) + ", want " + text_of(want);
    };
    if (samples == 0 || m * n <= samples) {
      for (Index i = 0; i < m; ++i) {
        for (Index j = 0; j < n; ++j) check(i, j);
      }
    } else {
      for (Index s = 0; s < samples; ++s) check(rng.below(m), rng.below(n));
      for (const Index i : {Index{0}, m - 1}) {
        for (const Index j : {Index{0}, n - 1}) check(i, j);
      }
    }
    if (!c.padding_intact()) wrong += " C's padding was written";
    if (!a.same_bytes(a_before)) wrong += " A was written";
    if (!b.same_bytes(b_before)) wrong += " B was written";
    return wrong.empty() ? wrong : std::string(gemm.name) + " " + describe() + ": " + wrong;
  }
};

}  // namespace septet::blas_test
