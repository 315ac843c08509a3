// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/peak.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/peak.cpp"
#include "hwy/foreach_target.h"  // must come before what is compiled per target

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace septet::bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Twelve independent chains cover two ports times a latency of four to five cycles on any target.
double Burst(std::int64_t rounds, float* sink) {
  const hn::ScalableTag<float> d;
  const auto x = hn::Set(d, 0.999f), y = hn::Set(d, 1e-3f);
  constexpr int kChains = 12;
  hn::Vec<decltype(d)> acc[kChains];
  for (int c = 0; c < kChains; ++c) acc[c] = hn::Set(d, static_cast<float>(c));
  for (std::int64_t i = 0; i < rounds; ++i) {
    HWY_UNROLL(12)
    for (int c = 0; c < kChains; ++c) acc[c] = hn::MulAdd(acc[c], x, y);
  }
  auto sum = acc[0];
  for (int c = 1; c < kChains; ++c) sum = hn::Add(sum, acc[c]);
  *sink = hn::GetLane(sum);
  return 2.0 * kChains * static_cast<double>(hn::Lanes(d)) * static_cast<double>(rounds);
}

}  // namespace septet::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace septet::bench {
HWY_EXPORT(Burst);

double peak_f32() {
  volatile float sink = 0;
  double best = 0;
  for (int i = 0; i < 9; ++i) {
    float value = 0;
    const auto begin = std::chrono::steady_clock::now();
    const double operations = HWY_DYNAMIC_DISPATCH(Burst)(400000, &value);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    sink = value;
    best = std::max(best, operations / seconds.count());
  }
  (void)sink;
  return best;
}

}  // namespace septet::bench
#endif
