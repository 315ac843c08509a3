// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// This machine, this library: targets, threads, version.
#include "capi.hpp"

using namespace septet;
using namespace septet::capi;

const char* const* septet_supported_targets() noexcept { return supported_targets(); }
septet_status septet_set_target(const char* name) noexcept {
  return run([&] { return set_target(name); });
}
const char* septet_target() noexcept { return target(); }

septet_status septet_set_threads(int32_t n) noexcept {
  return run([&] { return set_threads(n); });
}
void septet_reset_threads() noexcept { reset_threads(); }
int32_t septet_threads() noexcept { return threads(); }

const char* septet_version() noexcept { return SEPTET_VERSION; }
