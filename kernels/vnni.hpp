// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the kernels for bytes in fours share. For their .cpp files, on x86-64 with GCC or Clang: intrinsics, in
// functions of their own target, so that nothing else (inline functions that other files share) is compiled for it.
#pragma once

// GCC 12 takes the undefined upper lanes of its own intrinsics for a mistake.
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#define SEPTET_VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,bmi2")))

namespace septet::kernels {

inline bool cpu_has_vnni() {
  return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

// sum += u * s, quad by quad. Written out, because GCC 12 copies the sum before and after its intrinsic, which takes
// twice the registers: 280 against 800 GOP/s.
SEPTET_VNNI static inline void multiply_add(__m512i& sum, __m512i u, __m512i s) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(u), "v"(s));
}

}  // namespace septet::kernels
