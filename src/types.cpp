// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/types.hpp"

#include "septet/epilogue.hpp"
#include "septet/spmm.hpp"

namespace septet {

const char* name(Type type) {
  constexpr const char* kNames[] = {"f32", "f64", "s8", "u8", "s32", "bf16", "f16", "s16"};
  return kNames[static_cast<int>(type)];
}

const char* name(Dataflow dataflow) {
  constexpr const char* kNames[] = {"auto", "dOS", "dWS", "dIS", "sOS", "sWS", "sIS", "csOS"};
  return kNames[static_cast<int>(dataflow)];
}

const char* name(Accumulate accumulate) { return accumulate == Accumulate::chained ? "chained" : "fold"; }

const char* name(Mac mac) { return mac == Mac::fused ? "fused" : "unfused"; }

const char* name(Timing timing) {
  constexpr const char* kNames[] = {"serial", "overlapped", "scalesim"};
  return kNames[static_cast<int>(timing)];
}

const char* name(Format format) {
  constexpr const char* kNames[] = {"auto", "dense", "csr",  "tsb",    "csb", "csc", "coo",
                                    "bsr",  "ell",   "sell", "bitmap", "nm",  "tcsr"};
  return kNames[static_cast<int>(format)];
}

const char* name(CombinePolicy policy) { return policy == CombinePolicy::in_order ? "in-order" : "first-fit"; }

const char* name(Activation activation) {
  constexpr const char* kNames[] = {"none", "relu", "relu6", "gelu", "sigmoid", "tanh"};
  return kNames[static_cast<int>(activation)];
}

const char* name(Rounding rounding) {
  constexpr const char* kNames[] = {"gemmlowp-double", "single-half-up",    "single-half-away", "truncate",
                                    "floor",           "fp32-nearest-even", "single-half-even"};
  return kNames[static_cast<int>(rounding)];
}

const char* name(Overflow overflow) { return overflow == Overflow::clamp ? "clamp" : "wrap"; }

const char* name(Engine engine) {
  constexpr const char* kNames[] = {"registers", "plan", "plain"};
  return kNames[static_cast<int>(engine)];
}

const char* name(Side side) { return side == Side::left ? "left" : "right"; }

}  // namespace septet
