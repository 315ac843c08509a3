// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A library that multiplies in a static constructor, be it before the BLAS it calls has had its own.
extern "C" {
void cblas_dgemm(int, int, int, int, int, int, double, const double*, int, const double*, int, double, double*, int);
int septet_blas_set_threads(int);
}

namespace {

constexpr int kSize = 160;

struct Early {
  double a[kSize * kSize], b[kSize * kSize], c[kSize * kSize];
  Early() {
    for (double& x : a) x = 2;
    for (double& x : b) x = 3;
    cblas_dgemm(101, 111, 111, kSize, kSize, kSize, 1, a, kSize, b, kSize, 0, c, kSize);
  }
};
Early early;

}  // namespace

/// How many of its outputs are wrong.
extern "C" __attribute__((visibility("default"))) int early_wrong() {
  int wrong = 0;
  for (const double x : early.c) wrong += x == 6.0 * kSize ? 0 : 1;
  return wrong;
}
