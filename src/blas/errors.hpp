// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What happens when a call cannot be done: C is left alone, one message, and control returns to the caller. In this
// order, the first there is:
//   a handler that was set (septet/blas.h)
//   the program's own xerbla_ (for Fortran's names) or cblas_xerbla (for C's): one that the executable itself defines,
//   as
//     BLAS's own testers do. Those of another library end the process, and are not called.
//   netlib's text on stderr
#pragma once

#include "arguments.hpp"
#include "septet/status.hpp"

namespace septet::blas {

/// Argument `info` of the Fortran routine, "DGEMM".
void report_fortran(const char* routine, int info);
/// An argument of the C function, "cblas_dgemm".
void report_c(const char* function, const CCheck& check);
/// What no number says: the environment, or memory.
void report(const char* routine, const Status& status);

}  // namespace septet::blas
