// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "validate_accumulators.hpp"

#include "explain.hpp"

namespace septet::detail {
namespace {

Status validate_accumulator(const Accumulator& accumulator, Type type, const char* bits, const char* overflow) {
  const int n = accumulator.bits;
  if (accumulator.overflow > Overflow::wrap) return {Cause::bad_option, overflow, "is none of the named ones"};
  if (is_integer(type)) {
    if (n == 0 || (n >= 16 && n <= 32)) return {};
    return {Cause::bad_option, bits, joined(n, ": sums of integers have 16 to 32 bits (0: 32)")};
  }
  if (n != 0 && !is_narrow_float(type)) {
    return {Cause::bad_option, bits, joined(n, ": sums of ", name(type), " are ", name(type), " (0)")};
  }
  if (n != 0 && n != 16) {
    return {Cause::bad_option, bits, joined(n, ": sums of ", name(type), " are f32 (0) or f16 (16)")};
  }
  if (n == 0 && accumulator.overflow == Overflow::clamp) {
    return {Cause::bad_option, overflow,
            joined("clamp: sums of ", name(accumulator_of(type)), " go to infinity",
                   is_narrow_float(type) ? "; those of 16 bits can be clamped" : "")};
  }
  return {};
}

}  // namespace

Status validate_accumulators(Type type, const GemmOptions& options) {
  const Accumulator& folds = options.fold_accumulator;
  Status status =
      validate_accumulator(options.accumulator, type, "options.accumulator.bits", "options.accumulator.overflow");
  if (status.ok() && options.accumulate != Accumulate::fold_then_add &&
      (folds.bits != 0 || folds.overflow != Overflow::wrap)) {
    return {Cause::bad_option, "options.fold_accumulator", "only fold_then_add has folds to add"};
  }
  if (status.ok()) {
    status = validate_accumulator(folds, type, "options.fold_accumulator.bits", "options.fold_accumulator.overflow");
  }
  if (status.ok() && options.flush_subnormals && is_integer(type)) {
    return {Cause::bad_option, "options.flush_subnormals", joined(name(type), " has no subnormals")};
  }
  return status;
}

}  // namespace septet::detail
