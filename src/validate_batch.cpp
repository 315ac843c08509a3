// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "validate_batch.hpp"

#include "arithmetic.hpp"
#include "validate.hpp"
#include "validate_epilogue.hpp"

#include <cstdlib>

namespace septet::detail {
namespace {

Status validate_stride(Index count, Index stride, const char* argument) {
  constexpr Index kLimit = Index{1} << 57;  // as far as views reach, and sums of offsets stay exact
  Index distance = 0;
  if (multiply(count - 1, stride, distance) && std::abs(distance) <= kLimit) return {};
  return {Cause::bad_stride, argument,
          std::to_string(count) + " matrices " + std::to_string(stride) + " elements apart: beyond 64-bit addresses"};
}

}  // namespace

Status validate_batch(const Batch& batch, const GemmOptions& options) {
  if (Status status = validate_operands(batch.a, batch.b, batch.c, options); !status.ok()) return status;
  Status status = validate_stride(batch.count, batch.a_stride, "a_stride");
  if (status.ok()) status = validate_stride(batch.count, batch.b_stride, "b_stride");
  if (status.ok()) status = validate_stride(batch.count, batch.c_stride, "c_stride");
  if (!status.ok()) return status;
  if (overlaps_itself(ConstMatrix(batch.c))) return {Cause::bad_stride, "c", "two elements share memory"};
  const RepeatedView c = batch.all_c();
  if (overlaps_itself(c)) return {Cause::bad_stride, "c_stride", "elements of two matrices share memory"};
  if (overlaps(c, batch.all_a())) return {Cause::overlap, "c", "shares elements with a"};
  if (overlaps(c, batch.all_b())) return {Cause::overlap, "c", "shares elements with b"};
  if (options.preload.data != nullptr && overlaps(c, {options.preload, 1, 0})) {
    return {Cause::overlap, "c", "shares elements with options.preload"};
  }
  return validate_epilogue_overlap(c, options.epilogue);
}

Status validate_workspace(const RepeatedView& a, const RepeatedView& b, const RepeatedView& c,
                          const GemmOptions& options) {
  constexpr const char* kArgument = "options.workspace";
  if (options.workspace_bytes < 0) {
    return {Cause::bad_option, "options.workspace_bytes", std::to_string(options.workspace_bytes) + " is negative"};
  }
  if (options.workspace == nullptr) {
    if (options.workspace_bytes == 0) return {};
    return {Cause::bad_pointer, kArgument, "null, but " + std::to_string(options.workspace_bytes) + " bytes"};
  }
  const ConstMatrix memory(options.workspace, Type::u8, 1, options.workspace_bytes, options.workspace_bytes, 1);
  const RepeatedView workspace{memory, 1, 0};
  if (overlaps(c, workspace)) return {Cause::overlap, kArgument, "shares memory with c"};
  if (overlaps(a, workspace)) return {Cause::overlap, kArgument, "shares memory with a"};
  if (overlaps(b, workspace)) return {Cause::overlap, kArgument, "shares memory with b"};
  if (options.preload.data != nullptr && overlaps({options.preload, 1, 0}, workspace)) {
    return {Cause::overlap, kArgument, "shares memory with options.preload"};
  }
  return validate_epilogue_overlap(workspace, options.epilogue, kArgument);
}

}  // namespace septet::detail
