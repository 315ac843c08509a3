// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Inaccessible pages right before and right after every operand, read-only inputs: on every target, for every
// dataflow, no kernel and no emulator reads or writes beside its elements.
#include "septet/septet.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"
#include "support/guard.hpp"

#include <doctest/doctest.h>

namespace {

using namespace septet;
using namespace septet::support;

template <class T>
MatrixView<T> guarded_view(const GuardedBuffer& buffer, Index rows, Index cols, bool by_rows) {
  return by_rows ? row_major(buffer.as<T>(), rows, cols) : column_major(buffer.as<T>(), rows, cols);
}

template <class T, class TC>
void run_guarded(Rng& rng, Index m, Index n, Index k, GuardedBuffer::Side side) {
  GuardedBuffer a_memory(m * k * sizeof(T), side), b_memory(k * n * sizeof(T), side),
      c_memory(m * n * sizeof(TC), side);
  const auto a = guarded_view<T>(a_memory, m, k, rng.chance(0.5));
  const auto b = guarded_view<T>(b_memory, k, n, rng.chance(0.5));
  const auto c = guarded_view<TC>(c_memory, m, n, rng.chance(0.5));
  fill_random(rng, a, ValueKind::small_integers, 0, 0.6);
  fill_random(rng, b, ValueKind::small_integers);
  a_memory.make_read_only();
  b_memory.make_read_only();
  GemmOptions options;
  options.array = {rng.between(1, 9), rng.between(1, 9)};
  Storage<TC> want(m, n);
  reference_gemm(a, b, want.view(), options);
  for (int d = 0; d < 8; ++d) {
    options.dataflow = static_cast<Dataflow>(d);
    gemm(a, b, c, options);
    const Difference difference = compare_up_to_zero_sign(c, want.view());
    INFO(name(options.dataflow) << " " << m << "x" << n << "x" << k << " " << difference.text);
    CHECK(difference.equal);
  }
  options.dataflow = static_cast<Dataflow>(rng.between(1, 7));
  emulation::emulate(a, b, c, options);
  CHECK(compare_up_to_zero_sign(c, want.view()).equal);
  CHECK(a_memory.slack_intact());
  CHECK(b_memory.slack_intact());
  CHECK(c_memory.slack_intact());
}

}  // namespace

TEST_CASE("guard pages around every operand") {
  constexpr Index kSizes[] = {1, 2, 3, 5, 7, 8, 13, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 131};
  Rng rng(3);
  for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
    REQUIRE(set_target(*target).ok());
    INFO(std::string(*target));
    for (int i = 0; i < 25; ++i) {
      const Index m = kSizes[rng.below(16)], n = kSizes[rng.below(18)], k = kSizes[rng.below(16)];
      for (const auto side : {GuardedBuffer::Side::begin, GuardedBuffer::Side::end}) {
        run_guarded<float, float>(rng, m, n, k, side);
        run_guarded<double, double>(rng, m, n, k, side);
        run_guarded<std::int8_t, std::int32_t>(rng, m, n, k, side);
        run_guarded<std::uint8_t, std::int32_t>(rng, m, n, k, side);
        run_guarded<std::int16_t, std::int32_t>(rng, m, n, k, side);
        run_guarded<bf16, bf16>(rng, m, n, k, side);
        run_guarded<f16, float>(rng, m, n, k, side);
      }
    }
  }
  REQUIRE(set_target(nullptr).ok());
}
