// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of real arrays and libraries, by name: every numeric option of GemmOptions at once.
//
//   septet::GemmOptions options;
//   septet::apply_preset("gemmini", options);
//   septet::gemm(a, b, c, options);                                  // on this CPU
//   septet::emulation::emulate(a, b, c, options);                    // on the array: the same bits
//
// A preset sets accumulate, fold_depth, mac, accumulator, fold_accumulator, flush_subnormals and the requantisation's
// rounding and overflow; where it names an array, that too; and leaves everything else. What is set afterwards counts.
#pragma once

#include "septet/gemm.hpp"

namespace septet {

struct Preset {
  const char* name;
  const char* meaning;  ///< one line
  const char* source;
};

/// All of them; the last one's name is null.
///
///   flexisaga            one chain along k in the full type, through all folds: the dataflows as they are defined
///   gemmini              sums of 20 bits that wrap in the array, added fold by fold to accumulators of 32 bits; an
///                        array of 16 x 16; requantisation rounds half to even and saturates
///   tflite               sums of 32 bits; requantisation with gemmlowp's double rounding, and saturation
///   inference-card-fp16  f16 operands; every product and sum rounded to f16, subnormals flushed, overflow clipped to
///                        65504; k in blocks of 128, each added to a total in f16: folds of an array 128 high
SEPTET_API const Preset* presets();

/// Applies the preset of this name. bad_option "preset": there is none; the message lists them, and `options` is
/// untouched.
SEPTET_API Status try_apply_preset(const char* name, GemmOptions& options);
SEPTET_API void apply_preset(const char* name, GemmOptions& options);

}  // namespace septet
