// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The public edge: every call checks its arguments here, once; behind it there are assertions only.
#pragma once

#include "formats/storage.hpp"

#include <exception>
#include <new>

namespace septet::detail {

/// Largest array side; the emulator keeps registers for every PE.
constexpr Index kMaxArraySide = 65536;
constexpr Index kMaxArrayCells = Index{1} << 26;
constexpr int kMaxLanes = 256;
/// OpenMP runtimes end the process when they cannot start what was asked for.
constexpr int kMaxThreads = 1024;
constexpr int kMaxWindow = 1 << 20;

/// A view of the given name: dimensions, pointer, extents within 64 bits.
Status validate_view(const ConstMatrix& view, const char* argument);
Status validate_pack(const Weights& a, const PackOptions& options);
/// Options without `automatic`, and a matrix of this type and shape that they may pack.
Status validate_packing(const PackOptions& chosen, Type type, Index rows, Index cols, bool sparse_view);
Status validate_unpack(const PackedMatrix& packed, const Matrix& a);
Status validate_update(const PackedMatrix& packed, const Weights& a);
/// Everything but C: what the cycle model has to know too is a separate matter (it shares no code).
Status validate_operands(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options);
Status validate_operands(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c, const GemmOptions& options);
/// That, and C touches no operand.
Status validate_gemm(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options);
Status validate_gemm(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c, const GemmOptions& options);

/// `options` of a validated call without `automatic`; array, combine and zero point as a packed A brings them.
GemmOptions resolved(const Weights& a, GemmOptions options);
PackOptions resolved(const Weights& a, const PackOptions& options);
/// How A has to be packed for them.
PackOptions packing_for(const GemmOptions& resolved);

/// Packs whatever `a` is (validated); `chosen` has no automatic.
std::shared_ptr<const PackedStorage> pack_any(const Weights& a, const PackOptions& chosen);
/// … in the format that takes the least time (choose.hpp); is_open().
std::shared_ptr<const PackedStorage> pack_quickest(const Weights& a, const PackOptions& options, bool dense_too = true);
/// A as a dense view: itself, or written out into `buffer`.
ConstMatrix dense_form(const Weights& a, int zero_point, std::vector<std::byte>& buffer);

/// True if the sums start from something other than zero: beta * C under alpha = 1, or options.preload.
inline bool has_preload(const GemmOptions& options) {
  return options.preload.data != nullptr || (options.alpha == 1 && options.beta != 0);
}

/// Runs `f` (which returns a Status), turning what it throws into a Status too.
template <class F>
Status guarded(F&& f) {
  try {
    return f();
  } catch (const Error& error) {
    return error.status();
  } catch (const std::bad_alloc&) {
    return {Cause::out_of_memory, "workspace", "out of memory"};  // short strings: there is no memory for long ones
  } catch (const std::length_error&) {
    return {Cause::out_of_memory, "workspace", "too large"};
  }
}

}  // namespace septet::detail
