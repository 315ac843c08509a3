// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/instructions.hpp"

#include "hwy/targets.h"

#include <cstdint>
#include <cstdlib>

namespace septet::bench {

// Each library has its own name for the same thing (BLIS has numbers that change). What the user has set stays.
void limit_instructions(InstructionLimit limit) {
  struct Variable {
    const char *name, *avx512, *avx2;
  };
  constexpr Variable kVariables[] = {
      {"OPENBLAS_CORETYPE", "SkylakeX", "Haswell"},
      {"MKL_ENABLE_INSTRUCTIONS", "AVX512_E3", "AVX2"},
      {"ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16", "AVX2"},
      {"LIBXSMM_TARGET", "cpx", "hsw"},
  };
  if (limit == InstructionLimit::all) return;
  for (const Variable& variable : kVariables) {
    const char* value = limit == InstructionLimit::avx512 ? variable.avx512 : variable.avx2;
    if (value != nullptr) ::setenv(variable.name, value, 0);
  }
  // Better targets have lower bits. Highway 1.0.3 forgets about DisableTargets() when asked what it supports.
  constexpr std::int64_t kBetter = HWY_AVX2 - 1;
  if (limit == InstructionLimit::avx2) hwy::SetSupportedTargetsForTest(hwy::SupportedTargets() & ~kBetter);
}

}  // namespace septet::bench
