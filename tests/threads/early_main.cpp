// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// After early.cpp's product: the library is as if it had come first.
#include "child.hpp"

#include <cstdio>

extern "C" {
int early_wrong();
void cblas_dgemm(int, int, int, int, int, int, double, const double*, int, const double*, int, double, double*, int);
int septet_blas_set_threads(int);
}

int main() {
  constexpr int kSize = 160;
  static double a[kSize * kSize], b[kSize * kSize], c[kSize * kSize];
  for (double& x : a) x = 2;
  for (double& x : b) x = 3;
  const auto right = [] {
    cblas_dgemm(101, 111, 111, kSize, kSize, kSize, 1, a, kSize, b, kSize, 0, c, kSize);
    int wrong = 0;
    for (const double x : c) wrong += x == 6.0 * kSize ? 0 : 1;
    return wrong == 0;
  };
  const bool now = right();
  septet_blas_set_threads(3);
  const bool shared = right();
  const int threads = septet::threads_test::tasks();
  const int child = septet::threads_test::in_child([&] { return right() && septet::threads_test::tasks() == 1; });
  std::printf("early: %d wrong; now %d, shared %d by %d, child %d\n", early_wrong(), now, shared, threads, child);
  return early_wrong() == 0 && now && shared && threads == 3 && child == 0 ? 0 : 1;
}
