// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The C interface over the C++ one: what its functions share. Each of them turns its arguments into C++ operands,
// which refuse what C++ could not have said (a null pointer, a number that is no type) by throwing Error, and hands
// them to the C++ call, all inside run().
#pragma once

#include "septet/septet.h"
#include "septet/septet.hpp"
#include "src/validate.hpp"

#include <exception>
#include <memory>
#include <new>

struct septet_options {
  septet::GemmOptions gemm;
  /// Those of packing that gemm does not have.
  septet::Format format = septet::Format::automatic;
  septet::Side side = septet::Side::left;
  int zero_point = 0;
  septet::BlockShape block;
  septet::SliceShape slice;
  septet::GroupShape group;
  septet::Index tile_cols = 0;
  septet::Index expected_cols = 0;
  septet::emulation::ArrayOptions array;
  septet::emulation::Progress progress;
  /// gemm.epilogue.function refers to it: options stay where they were made.
  struct {
    septet_tile_function call = nullptr;
    void* user = nullptr;
  } tile_function;
};

struct septet_packed {
  septet::PackedMatrix matrix;
};

struct septet_report {
  septet::emulation::Report report;
};

struct septet_explanation {
  septet::Explanation explanation;
  std::string text;
};

namespace septet::capi {

/// Keeps what went wrong, if anything did, for septet_error_…() on this thread.
septet_status remember(Cause cause, const char* argument, const char* message) noexcept;

/// Runs f, which returns a Status. Nothing it throws gets through; what the C++ calls themselves let through comes from
/// a function of the caller's.
template <class F>
septet_status run(F&& f) noexcept {
  try {
    const Status status = detail::guarded(f);
    return remember(status.cause(), status.argument().c_str(), status.message().c_str());
  } catch (const std::bad_alloc&) {  // no memory for a message
    return remember(Cause::out_of_memory, "workspace", "out of memory");
  } catch (const std::exception& error) {
    return remember(Cause::bad_option, "options", error.what());
  } catch (...) {
    return remember(Cause::bad_option, "options", "a function of the caller's threw");
  }
}

/// What `pointer` points to, or Error: bad_pointer.
template <class T>
T& required(T* pointer, const char* argument) {
  if (pointer == nullptr) throw Error({Cause::bad_pointer, argument, "null"});
  return *pointer;
}

/// Operands as the C++ calls take them. Error: a null pointer, a number that is no type.
Type type_of(std::int32_t type, const char* argument);
Matrix matrix_of(const septet_matrix* matrix, const char* argument);
Weights weights_of(const septet_weights* weights, const char* argument);

/// `options`, or the defaults.
const septet_options& options_of(const septet_options* options);

/// Runs f(handle), which fills a new handle and returns a Status; if that is ok, `result` gets the handle. It is made
/// first: without memory for it, nothing is computed.
template <class Handle, class F>
Status make(Handle** result, const char* argument, F&& f) {
  Handle*& target = required(result, argument);
  auto handle = std::make_unique<Handle>();
  Status status = f(*handle);
  if (status.ok()) target = handle.release();
  return status;
}

}  // namespace septet::capi
