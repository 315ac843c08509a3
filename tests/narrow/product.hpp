// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Small products under narrow accumulators, on every target and on the array.
#pragma once

#include "septet/septet.hpp"
#include "support/comparison.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

namespace septet::support {

/// The row a times the column b; the same on every target and on the emulated array.
template <class TC, class T>
TC dot(const std::vector<T>& a, const std::vector<T>& b, const GemmOptions& options) {
  const Index k = static_cast<Index>(a.size());
  const auto left = row_major(a.data(), 1, k), right = row_major(b.data(), k, 1);
  TC result{};
  bool first = true;
  const auto check = [&](TC c, const std::string& where) {
    if (first) result = c;
    first = false;
    INFO(where);
    CHECK(std::memcmp(&c, &result, sizeof c) == 0);
  };
  for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
    REQUIRE(set_target(*target).ok());
    TC c{};
    gemm(left, right, row_major(&c, 1, 1), options);
    check(c, *target);
  }
  REQUIRE(set_target(nullptr).ok());
  for (const Engine engine : {Engine::registers, Engine::plan, Engine::plain}) {
    TC c{};
    GemmOptions on_array = options;
    if (options.fold_depth != 0) on_array.array.height = options.fold_depth;
    emulation::ArrayOptions array_options;
    array_options.engine = engine;
    emulation::emulate(left, right, row_major(&c, 1, 1), on_array, array_options);
    check(c, std::string("emulator, ") + name(engine));
  }
  return result;
}

inline std::vector<f16> halves(const std::vector<float>& values) {
  std::vector<f16> result;
  for (const float value : values) result.push_back(f16(value));
  return result;
}

}  // namespace septet::support
