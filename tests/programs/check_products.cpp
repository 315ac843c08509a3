// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// check_products FILE ...: recomputes products that programs wrote down, one chain of fused multiplications and
// additions along ascending k per output, and compares bits. A file is a sequence of
//
//     int32  type ('s', 'd', 'c', 'z'), m, n, k, order ('R': asked for by rows, 'C': by columns)
//     A (m x k), B (k x n), C (m x n), each column after column, complex numbers as two
//
// The order matters to complex products alone: a step along k is re x's part, then im x's, where x is A of a product by
// rows and B of one by columns, which is the transposed one by rows.
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <vector>

namespace {

struct Header {
  std::int32_t type, m, n, k, order;
};

float chain(float sum, float a, float b, bool /*by_rows*/) { return std::fma(a, b, sum); }
double chain(double sum, double a, double b, bool /*by_rows*/) { return std::fma(a, b, sum); }

template <class T>
std::complex<T> chain(std::complex<T> sum, std::complex<T> a, std::complex<T> b, bool by_rows) {
  if (!by_rows) std::swap(a, b);
  return {std::fma(-a.imag(), b.imag(), std::fma(a.real(), b.real(), sum.real())),
          std::fma(a.imag(), b.real(), std::fma(a.real(), b.imag(), sum.imag()))};
}

template <class T>
std::vector<T> read(std::ifstream& file, std::int64_t count) {
  std::vector<T> values(static_cast<std::size_t>(count));
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(sizeof(T) * values.size()));
  return values;
}

// How many outputs differ.
template <class T>
std::int64_t differing(std::ifstream& file, const Header& x) {
  const std::int64_t m = x.m, n = x.n, k = x.k;
  const auto a = read<T>(file, m * k), b = read<T>(file, k * n), c = read<T>(file, m * n);
  if (!file) return 0;
  std::int64_t differ = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t i = 0; i < m; ++i) {
      T sum{};
      for (std::int64_t p = 0; p < k; ++p) sum = chain(sum, a[p * m + i], b[j * k + p], x.order == 'R');
      differ += std::memcmp(&sum, &c[j * m + i], sizeof sum) != 0;
    }
  }
  return differ;
}

std::int64_t differing(std::ifstream& file, const Header& x, bool& known) {
  switch (x.type) {
    case 's':
      return differing<float>(file, x);
    case 'd':
      return differing<double>(file, x);
    case 'c':
      return differing<std::complex<float>>(file, x);
    case 'z':
      return differing<std::complex<double>>(file, x);
    default:
      known = false;
      return 0;
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t products = 0, wrong = 0;
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    for (Header x{}; file.read(reinterpret_cast<char*>(&x), sizeof x); ++products) {
      bool known = true;
      const std::int64_t differ = differing(file, x, known);
      if (!known || !file) {
        std::fprintf(stderr, "check_products: %s: product %lld is not whole\n", argv[i],
                     static_cast<long long>(products));
        return 2;
      }
      if (differ == 0) continue;
      if (++wrong <= 5) {
        std::printf("%c %d x %d x %d: %lld of %lld outputs have other bits\n", x.type, x.m, x.k, x.n,
                    static_cast<long long>(differ), static_cast<long long>(x.m) * x.n);
      }
    }
  }
  std::printf("bits: %lld of %lld products are Septet's\n", static_cast<long long>(products - wrong),
              static_cast<long long>(products));
  return products > 0 && wrong == 0 ? 0 : 1;
}
