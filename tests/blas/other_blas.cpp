// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A BLAS of somebody else's, as a program may be linked with it: its products are marked, so that nobody takes them for
// ours.
#define VISIBLE extern "C" __attribute__((visibility("default")))

VISIBLE void cblas_dgemm(int, int, int, int, int, int, double, const double*, int, const double*, int, double,
                         double* c, int) {
  c[0] = -77;
}
VISIBLE void dgemm_(const char*, const char*, const int*, const int*, const int*, const double*, const double*,
                    const int*, const double*, const int*, const double*, double* c, const int*) {
  c[0] = -77;
}
VISIBLE double cblas_ddot(int n, const double* x, int, const double* y, int) {
  double sum = 0;
  for (int i = 0; i < n; ++i) sum += x[i] * y[i];
  return sum;
}
