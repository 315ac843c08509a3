// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Every option that C can set, once: its key, and where its value goes. septet.h says what they mean.
#pragma once

#include "capi.hpp"

#include <variant>

namespace septet::capi {

/// An option: how C calls it, and where it is.
template <class Field>
struct Key {
  const char* key;
  Field (*field)(septet_options& options);
};

using Number = std::variant<double*, int*, Index*, bool*>;
using Choice = std::variant<Dataflow*, Accumulate*, Mac*, CombinePolicy*, Timing*, Engine*, Format*, Side*, Activation*,
                            Rounding*, Overflow*>;
using Operand = ConstMatrix*;

inline constexpr Key<Number> kNumberKeys[] = {
    {"alpha", [](septet_options& o) -> Number { return &o.gemm.alpha; }},
    {"beta", [](septet_options& o) -> Number { return &o.gemm.beta; }},
    {"a_zero_point", [](septet_options& o) -> Number { return &o.gemm.a_zero_point; }},
    {"b_zero_point", [](septet_options& o) -> Number { return &o.gemm.b_zero_point; }},
    {"zero_point", [](septet_options& o) -> Number { return &o.zero_point; }},
    {"threads", [](septet_options& o) -> Number { return &o.gemm.threads; }},
    {"array.height", [](septet_options& o) -> Number { return &o.gemm.array.height; }},
    {"array.width", [](septet_options& o) -> Number { return &o.gemm.array.width; }},
    {"fold_depth", [](septet_options& o) -> Number { return &o.gemm.fold_depth; }},
    {"combine.lanes", [](septet_options& o) -> Number { return &o.gemm.combine.lanes; }},
    {"combine.window", [](septet_options& o) -> Number { return &o.gemm.combine.window; }},
    {"strict_nonfinite", [](septet_options& o) -> Number { return &o.gemm.strict_nonfinite; }},
    {"block.rows", [](septet_options& o) -> Number { return &o.block.rows; }},
    {"block.cols", [](septet_options& o) -> Number { return &o.block.cols; }},
    {"slice.height", [](septet_options& o) -> Number { return &o.slice.height; }},
    {"slice.window", [](septet_options& o) -> Number { return &o.slice.window; }},
    {"group.n", [](septet_options& o) -> Number { return &o.group.n; }},
    {"group.m", [](septet_options& o) -> Number { return &o.group.m; }},
    {"tile_cols", [](septet_options& o) -> Number { return &o.tile_cols; }},
    {"expected_cols", [](septet_options& o) -> Number { return &o.expected_cols; }},
    {"accumulator.bits", [](septet_options& o) -> Number { return &o.gemm.accumulator.bits; }},
    {"fold_accumulator.bits", [](septet_options& o) -> Number { return &o.gemm.fold_accumulator.bits; }},
    {"flush_subnormals", [](septet_options& o) -> Number { return &o.gemm.flush_subnormals; }},
    {"bandwidth", [](septet_options& o) -> Number { return &o.array.bandwidth; }},
    {"a_word_bits", [](septet_options& o) -> Number { return &o.array.a_word_bits; }},
    {"memory.a_bytes", [](septet_options& o) -> Number { return &o.array.memory.a_bytes; }},
    {"memory.b_bytes", [](septet_options& o) -> Number { return &o.array.memory.b_bytes; }},
    {"memory.c_bytes", [](septet_options& o) -> Number { return &o.array.memory.c_bytes; }},
    {"memory.off_chip_bandwidth", [](septet_options& o) -> Number { return &o.array.memory.off_chip_bandwidth; }},
    {"epilogue.requantise.zero_point",
     [](septet_options& o) -> Number { return &o.gemm.epilogue.requantise.zero_point; }},
    {"epilogue.requantise.low", [](septet_options& o) -> Number { return &o.gemm.epilogue.requantise.low; }},
    {"epilogue.requantise.high", [](septet_options& o) -> Number { return &o.gemm.epilogue.requantise.high; }},
};

inline constexpr Key<Operand> kOperandKeys[] = {
    {"preload", [](septet_options& o) -> Operand { return &o.gemm.preload; }},
    {"epilogue.scale", [](septet_options& o) -> Operand { return &o.gemm.epilogue.scale; }},
    {"epilogue.bias", [](septet_options& o) -> Operand { return &o.gemm.epilogue.bias; }},
    {"epilogue.residual", [](septet_options& o) -> Operand { return &o.gemm.epilogue.residual; }},
    {"epilogue.requantise.multiplier",
     [](septet_options& o) -> Operand { return &o.gemm.epilogue.requantise.multiplier; }},
    {"epilogue.requantise.shift", [](septet_options& o) -> Operand { return &o.gemm.epilogue.requantise.shift; }},
    {"epilogue.requantise.scale", [](septet_options& o) -> Operand { return &o.gemm.epilogue.requantise.scale; }},
};

inline constexpr Key<Choice> kChoiceKeys[] = {
    {"dataflow", [](septet_options& o) -> Choice { return &o.gemm.dataflow; }},
    {"accumulate", [](septet_options& o) -> Choice { return &o.gemm.accumulate; }},
    {"mac", [](septet_options& o) -> Choice { return &o.gemm.mac; }},
    {"accumulator.overflow", [](septet_options& o) -> Choice { return &o.gemm.accumulator.overflow; }},
    {"fold_accumulator.overflow", [](septet_options& o) -> Choice { return &o.gemm.fold_accumulator.overflow; }},
    {"combine.policy", [](septet_options& o) -> Choice { return &o.gemm.combine.policy; }},
    {"timing", [](septet_options& o) -> Choice { return &o.array.timing; }},
    {"engine", [](septet_options& o) -> Choice { return &o.array.engine; }},
    {"format", [](septet_options& o) -> Choice { return &o.format; }},
    {"side", [](septet_options& o) -> Choice { return &o.side; }},
    {"epilogue.activation", [](septet_options& o) -> Choice { return &o.gemm.epilogue.activation; }},
    {"epilogue.requantise.rounding", [](septet_options& o) -> Choice { return &o.gemm.epilogue.requantise.rounding; }},
    {"epilogue.requantise.overflow", [](septet_options& o) -> Choice { return &o.gemm.epilogue.requantise.overflow; }},
};

}  // namespace septet::capi
