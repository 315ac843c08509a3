// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// How much of the CPU a run may use: a newer machine stands in for an older one.
#pragma once

namespace septet::bench {

/// `all`: what each library picks by itself. `avx512`: with its dot products, without the tiles of AMX.
enum class InstructionLimit { all, avx512, avx2 };

/// Sets what the libraries' own environment variables say about it; before the first of them is opened.
void limit_instructions(InstructionLimit limit);

}  // namespace septet::bench
