// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A program with an xerbla_ and a cblas_xerbla of its own, as netlib's testers: they are called, with netlib's
// arguments. Compiled with XERBLA_ELSEWHERE, they are in a shared library instead, and are not called.
#include "door.hpp"
#include "septet/blas.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

static int calls = 0, last = 0;
static std::string last_name;

#ifdef XERBLA_ELSEWHERE
extern "C" int elsewhere_calls();
static bool is_called() { return false; }
static int calls_so_far() { return elsewhere_calls(); }
#else
extern "C" __attribute__((visibility("default"))) void xerbla_(const char* name, const int* info, std::size_t length) {
  ++calls, last = *info, last_name = std::string(name, length);
}
extern "C" __attribute__((visibility("default"))) void cblas_xerbla(int info, const char* name, const char* form, ...) {
  ++calls, last = info, last_name = name;
  std::va_list none;  // netlib's prints it
  va_start(none, form);
  std::vfprintf(stderr, form, none);
  va_end(none);
}
static bool is_called() { return true; }
static int calls_so_far() { return calls; }
#endif

static void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "wrong: %s (calls %d, last %d \"%s\")\n", what, calls, last, last_name.c_str());
  std::exit(1);
}

int main() {
  using namespace septet::blas_test;
  double x[64] = {}, one = 1;
  const Call sound{kColMajor, 'N', 'N', 2, 3, 4, &one, x, 4, x, 4, &one, x + 32, 4};
  int want = 0;
  for (const Spelling& gemm : spellings<double>()) {
    Call call = sound;
    call.m = -1;
    gemm(call);
    want += is_called() ? 1 : 0;
    expect(calls_so_far() == want, "called once for a bad m");
    if (is_called()) {
      expect(last == (gemm.fortran ? 3 : 4), "the number of m");
      expect(last_name == (gemm.fortran ? "DGEMM " : "cblas_dgemm"), "the name");
    }
    if (gemm.fortran) continue;
    call = sound;  // by rows netlib's C functions report the number of the transposed product, for the handler to undo
    call.layout = kRowMajor, call.lda = 3;
    gemm(call);
    want += is_called() ? 1 : 0;
    expect(calls_so_far() == want, "called once for a bad lda");
    if (is_called()) expect(last == 11, "the number of a bad lda by rows");
  }
  cblas_dgemm_batch_strided(kRowMajor, 111, 111, -1, 1, 1, 1, x, 1, 1, x, 1, 1, 1, x, 1, 1, 1);
  want += is_called() ? 1 : 0;
  expect(calls_so_far() == want, "called by a batch");
  {
    Reports reports;  // a handler comes first
    Call call = sound;
    call.k = -1;
    for (const Spelling& gemm : spellings<double>()) {
      gemm(call);
      expect(reports.info() == (gemm.fortran ? 5 : 6), "the handler's number");
    }
    expect(calls_so_far() == want, "not called beside a handler");
  }
  std::printf("%d calls\n", calls_so_far());
  return 0;
}
