// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
//   preloaded OURS     1: the door stands in front of the other BLAS (preloaded, or linked first), 0: it does not
//
// A program that knows of the other BLAS only.
#include <cstdio>
#include <cstdlib>

extern "C" {
void cblas_dgemm(int, int, int, int, int, int, double, const double*, int, const double*, int, double, double*, int);
void dgemm_(const char*, const char*, const int*, const int*, const int*, const double*, const double*, const int*,
            const double*, const int*, const double*, double*, const int*);
double cblas_ddot(int, const double*, int, const double*, int);
}

int main(int, char** arguments) {
  const bool ours = std::atoi(arguments[1]) == 1;
  const double a[4] = {1, 2, 3, 4}, b[4] = {5, 6, 7, 8}, one = 1, zero = 0;
  const int two = 2;
  double c[4] = {}, fortran[4] = {};
  cblas_dgemm(101, 111, 111, 2, 2, 2, 1, a, 2, b, 2, 0, c, 2);
  dgemm_("N", "N", &two, &two, &two, &one, a, &two, b, &two, &zero, fortran, &two);
  std::printf("%g %g, dot %g\n", c[0], fortran[0], cblas_ddot(4, a, 1, b, 1));
  return c[0] == (ours ? 19 : -77) && fortran[0] == (ours ? 23 : -77) && cblas_ddot(4, a, 1, b, 1) == 70 ? 0 : 1;
}
