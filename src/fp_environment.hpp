// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Round to nearest even, subnormals kept: whatever the caller has set, and restored afterwards. One per thread that
// computes.
#pragma once

#if defined(__SSE2__)
#include <xmmintrin.h>
#else
#include <cfenv>
#endif

namespace septet::detail {

#if defined(__SSE2__)
// Everything here computes in SSE registers: one control register, read and (seldom) written in a few cycles, where
// fesetenv takes a hundred.
class FpEnvironment {
 public:
  FpEnvironment() : saved_(_mm_getcsr()) {
    if ((saved_ & ~kFlags) != kDefault) _mm_setcsr(kDefault);
  }
  ~FpEnvironment() {
    if ((saved_ & ~kFlags) != kDefault) _mm_setcsr(saved_);
  }
  FpEnvironment(const FpEnvironment&) = delete;
  FpEnvironment& operator=(const FpEnvironment&) = delete;

 private:
  static constexpr unsigned kFlags = 0x3f;      // exceptions that were seen
  static constexpr unsigned kDefault = 0x1f80;  // all exceptions masked
  unsigned saved_;
};
#else
class FpEnvironment {
 public:
  FpEnvironment() {
    std::fegetenv(&saved_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~FpEnvironment() { std::fesetenv(&saved_); }
  FpEnvironment(const FpEnvironment&) = delete;
  FpEnvironment& operator=(const FpEnvironment&) = delete;

 private:
  std::fenv_t saved_;
};
#endif

}  // namespace septet::detail
