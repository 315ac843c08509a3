// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A library with the functions that a BLAS has for errors. Those end the process; these count.
#include <cstddef>

#define VISIBLE extern "C" __attribute__((visibility("default")))

static int calls = 0;
VISIBLE void xerbla_(const char*, const int*, std::size_t) { ++calls; }
VISIBLE void cblas_xerbla(int, const char*, const char*, ...) { ++calls; }
VISIBLE int elsewhere_calls() { return calls; }
