// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "capi.hpp"

#include <cstdio>

namespace septet::capi {
namespace {

// Of a fixed size, so that keeping an error cannot fail; the rest of a longer text is dropped.
struct Failure {
  char argument[128];
  char message[512];
};
thread_local Failure last_failure{};

constexpr bool same(septet_status status, Cause cause) { return static_cast<int>(status) == static_cast<int>(cause); }
static_assert(same(SEPTET_OK, Cause::ok) && same(SEPTET_BAD_SHAPE, Cause::bad_shape) &&
                  same(SEPTET_BAD_POINTER, Cause::bad_pointer) && same(SEPTET_BAD_STRIDE, Cause::bad_stride) &&
                  same(SEPTET_BAD_TYPE, Cause::bad_type) && same(SEPTET_BAD_OPTION, Cause::bad_option) &&
                  same(SEPTET_OVERLAP, Cause::overlap) && same(SEPTET_BAD_STRUCTURE, Cause::bad_structure) &&
                  same(SEPTET_OUT_OF_MEMORY, Cause::out_of_memory) && same(SEPTET_BAD_FILE, Cause::bad_file),
              "septet: septet_status has the order of Cause");

}  // namespace

septet_status remember(Cause cause, const char* argument, const char* message) noexcept {
  if (cause != Cause::ok) {
    std::snprintf(last_failure.argument, sizeof last_failure.argument, "%s", argument);
    std::snprintf(last_failure.message, sizeof last_failure.message, "%s", message);
  }
  return static_cast<septet_status>(cause);
}

}  // namespace septet::capi

const char* septet_error_argument() noexcept { return septet::capi::last_failure.argument; }
const char* septet_error_message() noexcept { return septet::capi::last_failure.message; }
