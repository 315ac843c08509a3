// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A fuzz target: libFuzzer's entry point, and inputs to begin with. Linked with libFuzzer (preset `fuzz`), or with
// driver.cpp, which mutates the seeds for a given time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace septet::fuzz {

using Input = std::vector<std::uint8_t>;

/// Valid inputs.
std::vector<Input> seeds();

/// Ends the program, which is what a fuzzer looks for.
[[noreturn]] void fail(const char* what);
inline void require(bool holds, const char* what) {
  if (!holds) fail(what);
}

}  // namespace septet::fuzz
