// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A plugin that is linked with libseptet.so: unloading it must not unload the code that OpenMP's threads live in.
#include "septet/gemm.hpp"

extern "C" __attribute__((visibility("default"))) void cblas_sgemm(int, int, int, int m, int n, int k, float,
                                                                   const float* a, int lda, const float* b, int ldb,
                                                                   float, float* c, int ldc) {
  septet::gemm(septet::row_major(a, m, k, lda), septet::row_major(b, k, n, ldb), septet::row_major(c, m, n, ldc));
}
