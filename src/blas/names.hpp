// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// How the door's symbols are spelled: with 32-bit integers as ever, with 64-bit ones under both suffixes in use,
// netlib's and MKL's _64 and OpenBLAS's 64_.
#pragma once

#include "septet/types.hpp"

#define SEPTET_BLAS_EXPORT extern "C" __attribute__((visibility("default")))

// X(Int, suffix of the Fortran name, suffix of the C name, ...)
#define SEPTET_BLAS_INTEGERS(X, ...)      \
  X(std::int32_t, _, , __VA_ARGS__)       \
  X(std::int64_t, _64_, _64, __VA_ARGS__) \
  X(std::int64_t, _64, 64_, __VA_ARGS__)

// A macro whose arguments are expanded first.
#define SEPTET_BLAS_JOIN(a, b, c) SEPTET_BLAS_JOIN_(a, b, c)
#define SEPTET_BLAS_JOIN_(a, b, c) a##b##c
