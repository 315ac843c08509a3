// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Round to nearest even, subnormals kept: whatever the caller has set, and restored afterwards. One per thread that
// computes.
#pragma once

#include <cfenv>

namespace septet::detail {

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

}  // namespace septet::detail
