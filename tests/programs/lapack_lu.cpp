// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// lapack_lu N ...: factors and solves systems of N equations in every type with LAPACK's ?getrf and ?getrs, which call
// BLAS' ?gemm. Fails if a residual is not below the threshold that LAPACK's own tests use, computed as they do (dget01,
// dget02), or if libseptet_blas.so was not asked for products.
#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#define DECLARE(prefix, T)                                                                                     \
  extern "C" void prefix##getrf_(const int* m, const int* n, T* a, const int* lda, int* pivots, int* info);    \
  extern "C" void prefix##getrs_(const char* op, const int* n, const int* columns, const T* a, const int* lda, \
                                 const int* pivots, T* b, const int* ldb, int* info, std::size_t op_length);   \
  void factor(int n, T* a, int* pivots, int* info) { prefix##getrf_(&n, &n, a, &n, pivots, info); }            \
  void solve(int n, int columns, const T* a, const int* pivots, T* b, int* info) {                             \
    prefix##getrs_("N", &n, &columns, a, &n, pivots, b, &n, info, 1);                                          \
  }
DECLARE(s, float)
DECLARE(d, double)
DECLARE(c, std::complex<float>)
DECLARE(z, std::complex<double>)

namespace {

constexpr unsigned kSeed = 20240611;
constexpr double kThreshold = 30;
constexpr int kColumns = 5;

std::int64_t calls() {
  using Calls = std::int64_t (*)();
  const auto call = reinterpret_cast<Calls>(dlsym(RTLD_DEFAULT, "septet_blas_calls"));
  return call == nullptr ? 0 : call();
}

template <class T>
struct RealOf {
  using type = T;
};
template <class T>
struct RealOf<std::complex<T>> {
  using type = T;
};

// y += alpha * x; std::complex's own product looks for infinities.
template <class T>
void add(int n, T alpha, const T* x, T* y) {
  for (int i = 0; i < n; ++i) y[i] += alpha * x[i];
}
template <class T>
void add(int n, std::complex<T> alpha, const std::complex<T>* x, std::complex<T>* y) {
  const T re = alpha.real(), im = alpha.imag();
  for (int i = 0; i < n; ++i) {
    y[i] += std::complex<T>(re * x[i].real() - im * x[i].imag(), re * x[i].imag() + im * x[i].real());
  }
}

// The largest sum of a column.
template <class T>
double norm1(int rows, int cols, const std::vector<T>& a) {
  double norm = 0;
  for (int j = 0; j < cols; ++j) {
    double sum = 0;
    for (int i = 0; i < rows; ++i) sum += std::abs(a[static_cast<std::size_t>(j) * rows + i]);
    norm = std::isnan(sum) ? sum : std::max(norm, sum);
    if (std::isnan(norm)) return norm;
  }
  return norm;
}

template <class T>
T value(std::mt19937& random) {
  std::uniform_real_distribution<double> uniform(-1, 1);
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(uniform(random));
  } else {
    const double re = uniform(random), im = uniform(random);
    return T(static_cast<typename T::value_type>(re), static_cast<typename T::value_type>(im));
  }
}

template <class T>
bool check(char letter, int n) {
  constexpr double kEps = std::numeric_limits<typename RealOf<T>::type>::epsilon() / 2;
  const auto size = static_cast<std::size_t>(n);
  std::mt19937 random(kSeed);
  std::vector<T> a(size * size), b(size * kColumns);
  for (T& x : a) x = value<T>(random);
  for (T& x : b) x = value<T>(random);

  const std::int64_t before = calls();
  std::vector<T> lu = a, x = b;
  std::vector<int> pivots(size);
  int info = 0, info_solve = 0;
  factor(n, lu.data(), pivots.data(), &info);
  solve(n, kColumns, lu.data(), pivots.data(), x.data(), &info_solve);
  const std::int64_t products = calls() - before;

  // L * U, rows put back, less A.
  std::vector<T> difference(size * size);
  for (int j = 0; j < n; ++j) {
    T* column = difference.data() + j * size;
    for (int k = 0; k <= j; ++k) {
      const T u = lu[j * size + k];
      column[k] += u;  // L's diagonal is 1
      add(n - k - 1, u, lu.data() + k * size + k + 1, column + k + 1);
    }
    for (int i = n - 1; i >= 0; --i) std::swap(column[i], column[pivots[i] - 1]);
    for (int i = 0; i < n; ++i) column[i] -= a[j * size + i];
  }
  const double norm = norm1(n, n, a), factored = norm1(n, n, difference) / (n * norm * kEps);

  // b - A * x
  double solved = 0;
  for (int j = 0; j < kColumns; ++j) {
    std::vector<T> rest(b.begin() + j * n, b.begin() + (j + 1) * n);
    const std::vector<T> column(x.begin() + j * n, x.begin() + (j + 1) * n);
    for (int k = 0; k < n; ++k) add(n, -column[k], a.data() + k * size, rest.data());
    const double ratio = norm1(n, 1, rest) / norm / norm1(n, 1, column) / kEps;
    if (!(ratio <= solved)) solved = ratio;
  }
  const bool good = info == 0 && info_solve == 0 && factored < kThreshold && solved < kThreshold && products > 0;
  std::printf("%cgetrf %4d: ||PLU - A|| / (n ||A|| eps) %.4f, ||b - Ax|| / (||A|| ||x|| eps) %.4f, %lld calls%s\n",
              letter, n, factored, solved, static_cast<long long>(products), good ? "" : "  FAILED");
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  std::printf("seed %u, threshold %g\n", kSeed, kThreshold);
  bool good = argc > 1;
  for (int i = 1; i < argc; ++i) {
    const int n = std::atoi(argv[i]);
    good = check<float>('s', n) && good;
    good = check<double>('d', n) && good;
    good = check<std::complex<float>>('c', n) && good;
    good = check<std::complex<double>>('z', n) && good;
  }
  return good ? 0 : 1;
}
