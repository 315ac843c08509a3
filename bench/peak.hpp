// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The machine's ceiling, measured beside what it is the ceiling of.
#pragma once

namespace septet::bench {

/// f32 operations per second of one core that does nothing but fused multiply-adds in registers: the best of several
/// short bursts. A multiply-add counts as two.
double peak_f32();

}  // namespace septet::bench
