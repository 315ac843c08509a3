// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The command as a function.
#pragma once

#include <functional>

namespace septet::cli {

/// Runs `septet argv[1] …`. Returns 0: ok, 1: a check failed, 2: bad usage or bad input; after 1 or 2 there is one line
/// on stderr, "septet: <argument or file>: <place and cause>". Throws nothing.
int run(int argc, const char* const* argv) noexcept;

/// The same for any action: what it throws becomes the line and the code.
int exit_code_of(const std::function<void()>& action) noexcept;

}  // namespace septet::cli
