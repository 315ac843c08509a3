// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What a call says when it cannot do what it was asked. Calls named `try_…` return a Status and never throw; the
// others throw Error with the same Status inside. Either way nothing has been written.
#pragma once

#include "septet/types.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace septet {

/// Why a call was refused.
enum class Cause : std::uint8_t {
  ok,             ///< nothing went wrong
  bad_shape,      ///< a negative dimension, operands that do not fit together, sizes beyond 64 bits
  bad_pointer,    ///< a null pointer to a non-empty operand
  bad_stride,     ///< two outputs on the same element, or an extent beyond 64 bits
  bad_type,       ///< element types that are not multiplied with each other
  bad_option,     ///< an option out of range, or options that exclude each other
  overlap,        ///< C touches an element of A, B or the preload
  bad_structure,  ///< a sparse index array that is unsorted, duplicated, out of range or inconsistent
  out_of_memory,  ///< workspace could not be allocated
  bad_file,       ///< a file that cannot be read, or does not hold what its format says
};

/// Outcome of a call: a cause, the offending argument, and one line of explanation.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Cause cause, std::string argument, std::string message)
      : cause_(cause), argument_(std::move(argument)), message_(std::move(message)) {}

  bool ok() const { return cause_ == Cause::ok; }
  explicit operator bool() const { return ok(); }
  Cause cause() const { return cause_; }
  /// The argument or file at fault, as the caller knows it ("a", "options.fold_depth", "weights.mtx").
  const std::string& argument() const { return argument_; }
  /// One line: the place and the cause.
  const std::string& message() const { return message_; }
  /// "argument: message", or "ok".
  std::string to_string() const { return ok() ? "ok" : argument_ + ": " + message_; }

 private:
  Cause cause_ = Cause::ok;
  std::string argument_;
  std::string message_;
};

/// Thrown by the calls that do not return a Status. Its type information is shared with the library, which throws it.
class SEPTET_API Error : public std::runtime_error {
 public:
  explicit Error(Status status) : std::runtime_error(status.to_string()), status_(std::move(status)) {}
  const Status& status() const { return status_; }

 private:
  Status status_;
};

/// Throws Error unless `status` is ok.
inline void throw_if_error(Status status) {
  if (!status.ok()) throw Error(std::move(status));
}

}  // namespace septet
