// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Reports of the emulator and the cycle model: as JSON, whose keys are a public contract, and as tables for people.
#pragma once

#include "output.hpp"
#include "septet/emulation/energy.hpp"
#include "septet/emulation/report.hpp"
#include "septet/gemm.hpp"

#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

/// The arithmetic that a report, or a product, names.
struct Numbers {
  Accumulate accumulate;
  Mac mac;
  Accumulator accumulator, fold_accumulator;
  bool flush_subnormals;
  Type a_type;
};
inline Numbers numbers_of(const emulation::Report& r) {
  return {r.accumulate, r.mac, r.accumulator, r.fold_accumulator, r.flush_subnormals, r.a_type};
}
inline Numbers numbers_of(const GemmOptions& o, Type a_type) {
  return {o.accumulate, o.mac, o.accumulator, o.fold_accumulator, o.flush_subnormals, a_type};
}
/// "s32", "s20", "f16 clamp": what a sum of products of this type is kept in.
std::string sum_name(const Accumulator& accumulator, Type a_type);
/// Keys accumulate, mac, accumulator, fold_accumulator (null where nothing is folded) and flush_subnormals.
void add_numbers(Json& json, const Numbers& numbers);
/// "fold, fused, sums of s20, folds added in s32", with no more than is not usual.
std::string numbers_line(const Numbers& numbers);

/// With it, a report says what it costs.
using Energy = std::optional<emulation::EnergyTable>;

/// One flat object, but for the list of walks that a memory system brings.
Json report_json(const emulation::Report& report, const Energy& energy = {});

/// Every count of one run.
std::string report_table(const emulation::Report& report, const Energy& energy = {});

/// A line per dataflow.
std::string reports_table(const std::vector<emulation::Report>& reports, const Energy& energy = {});

/// "C 64 x 100 = A 64 x 576 * B 576 x 100", and the types.
std::string product_line(Index m, Index n, Index k, Type a_type, Type b_type);

/// "f32", "f64", "bf16", "f16"; integers: A, B, accumulator ("u8s8s32").
std::string dtype_name(Type a_type, Type b_type);

}  // namespace septet::cli
