// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Random products that the RTL multiplies (s8 and u8 into s32, with zero points), and what the emulator says of them.
#pragma once

#include "septet/septet.hpp"
#include "simulated_array.hpp"
#include "support/storage.hpp"

#include <optional>
#include <string>

namespace septet::rtl_test {

/// Cannot be copied: options.preload points into it.
struct RtlProblem {
  RtlProblem() = default;
  RtlProblem(const RtlProblem&) = delete;
  RtlProblem& operator=(const RtlProblem&) = delete;
  RtlProblem(RtlProblem&&) = default;
  RtlProblem& operator=(RtlProblem&&) = default;

  std::uint64_t seed = 0;
  Index m = 0, n = 0, k = 0;
  std::string pattern;
  GemmOptions options;
  emulation::ArrayOptions array_options;
  Type a_type = Type::s8, b_type = Type::s8;
  support::Storage<std::int8_t> a, b;    ///< u8: the same bits
  support::Storage<std::int32_t> start;  ///< what C's memory starts from: the preload, or zeros

  ConstMatrix a_view() const { return typed(a, a_type); }
  ConstMatrix b_view() const { return typed(b, b_type); }

 private:
  static ConstMatrix typed(const support::Storage<std::int8_t>& matrix, Type type) {
    ConstMatrix view = matrix.view();
    view.type = type;
    return view;
  }
};

struct Sizes {
  Index m = 0, n = 0, k = 0;
};

/// For this array: of its shape, its lanes, and operands that it takes. With `sizes`: of these, A without a zero.
RtlProblem random_problem(std::uint64_t seed, Dataflow dataflow, const SimulatedArray& array,
                          const std::optional<Sizes>& sizes = {});

/// One line with everything that reproduces the problem.
std::string describe(const RtlProblem& problem);

/// The images of the product.
Inputs inputs_of(const RtlProblem& problem);

/// A word at a store unit of the plain array, as it is in C's memory from then on.
struct StoredWord {
  Index cycle = 0, column = 0, m = 0, n = 0, fold = 0;
  std::int32_t value = 0;
};
/// All of them, by cycle, then by column.
std::vector<StoredWord> stored_words(const RtlProblem& problem);

}  // namespace septet::rtl_test
