// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/presets.hpp"

#include <iterator>
#include <string>

namespace septet {
namespace {

// What a preset decides. The defaults are one chain in the full type.
struct Numerics {
  Accumulate accumulate = Accumulate::chained;
  Index fold_depth = 0;
  Mac mac = Mac::fused;
  Accumulator accumulator;
  Accumulator fold_accumulator;
  bool flush_subnormals = false;
  Rounding rounding = Rounding::gemmlowp_double;
  Overflow overflow = Overflow::clamp;
  ArrayShape array = {0, 0};  // 0 x 0: none is named
};

// PEs compute on floats and integers of 32 bits; a fold's partial sums go on where those of the last one ended.
Numerics flexisaga() { return {}; }

// ucb-bar/gemmini, commit 0064b9411e71, Configs.scala, defaultConfig: inputType SInt(8), accType SInt(32),
// spatialArrayOutputType SInt(20), a mesh of 16 x 16, weight-stationary. PE.scala (0888fb714940): a sum passes from PE
// to PE as an outputType, to which what mac() returns is assigned, so it wraps. AccumulatorMem.scala (02fec16709ff):
// what leaves the mesh is added with + in accType, which wraps, too. Arithmetic.scala (0888fb714940), operator >>: half
// to even; clippedToWidthOf: saturation.
Numerics gemmini() {
  Numerics numerics;
  numerics.accumulate = Accumulate::fold_then_add;
  numerics.accumulator = {20, Overflow::wrap};
  numerics.fold_accumulator = {32, Overflow::wrap};
  numerics.rounding = Rounding::single_half_even;
  numerics.array = {16, 16};
  return numerics;
}

// B. Jacob and others, CVPR 2018, sections 2.2 to 2.4; MultiplyByQuantizedMultiplier in TensorFlow Lite's
// kernels/internal/common.h.
Numerics tflite() { return {}; }

// M. Anderson and others, arXiv 2107.04140, 2021; what the cards compute was published as PyTorch's fakelowp operators
// (caffe2/contrib/fakelowp). fp16_gemm_utils.cc (38ca2996fc47), custom_fp16_gemm() with use_acc_fp16 and
// use_temp_accumulator, as Fp16FCAcc16 of fp16_fc_acc_op.cc (cc28dc6c5192) calls it: kb_max is 128; within a block a
// sum starts at 0; operands and products below 2^-14 become 0, every product and every sum is rounded to fp16; at a
// block's end its sum is added to C, which is rounded to fp16. Values are clipped to 65504 where they become fp16
// (FLAGS_caffe2_fbgemm_fake_fp16_clamp); here, sums are, too. There, sums within a block, and the last total, keep a
// subnormal that two normal numbers leave between them; here it is flushed as all others are.
Numerics inference_card_fp16() {
  Numerics numerics;
  numerics.accumulate = Accumulate::fold_then_add;
  numerics.fold_depth = 128;
  numerics.mac = Mac::unfused;
  numerics.accumulator = numerics.fold_accumulator = {16, Overflow::clamp};
  numerics.flush_subnormals = true;
  // 128 deep: its folds are the blocks. The 16 is ours: what is published says nothing of an array, and no width
  // changes a bit.
  numerics.array = {128, 16};
  return numerics;
}

constexpr Preset kPresets[] = {
    {"flexisaga", "one chain along k in the full type, through all folds",
     "Mueller and others, FlexiSAGA, arXiv 2506.01566, 2025"},
    {"gemmini", "int8; sums of 20 bits in a 16 x 16 array, folds added in 32 bits, half to even",
     "ucb-bar/gemmini, GemminiConfigs.defaultConfig"},
    {"tflite", "int8; sums of 32 bits, gemmlowp's double rounding, saturating outputs",
     "Jacob and others, CVPR 2018; TensorFlow Lite"},
    {"inference-card-fp16", "f16; every product and sum in f16, clipped to 65504, k in blocks of 128",
     "Anderson and others, arXiv 2107.04140, 2021; PyTorch's fakelowp operators"},
    {nullptr, nullptr, nullptr}};
constexpr Numerics (*kNumerics[])() = {flexisaga, gemmini, tflite, inference_card_fp16};
static_assert(std::size(kPresets) == std::size(kNumerics) + 1, "septet: a preset without its numbers");

void apply(const Numerics& numerics, GemmOptions& options) {
  options.accumulate = numerics.accumulate;
  options.fold_depth = numerics.fold_depth;
  options.mac = numerics.mac;
  options.accumulator = numerics.accumulator;
  options.fold_accumulator = numerics.fold_accumulator;
  options.flush_subnormals = numerics.flush_subnormals;
  options.epilogue.requantise.rounding = numerics.rounding;
  options.epilogue.requantise.overflow = numerics.overflow;
  if (numerics.array.height != 0) options.array = numerics.array;
}

}  // namespace

const Preset* presets() { return kPresets; }

Status try_apply_preset(const char* name, GemmOptions& options) {
  const std::string wanted = name == nullptr ? "null" : name;
  std::string known;
  for (std::size_t i = 0; i < std::size(kNumerics); ++i) {
    if (wanted == kPresets[i].name) {
      apply(kNumerics[i](), options);
      return {};
    }
    known += (i == 0 ? "" : ", ") + std::string(kPresets[i].name);
  }
  return {Cause::bad_option, "preset", wanted + " is none of " + known};
}

void apply_preset(const char* name, GemmOptions& options) { throw_if_error(try_apply_preset(name, options)); }

}  // namespace septet
