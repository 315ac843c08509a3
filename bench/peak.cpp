// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/peak.hpp"

#include "bench/peak_x86.hpp"

#include <algorithm>
#include <atomic>
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
template <class T, int kChains>
double FmaBurst(std::int64_t rounds) {
  const hn::ScalableTag<T> d;
  const auto x = hn::Set(d, static_cast<T>(0.999)), y = hn::Set(d, static_cast<T>(1e-3));
  hn::Vec<decltype(d)> acc[kChains];
  for (int c = 0; c < kChains; ++c) acc[c] = hn::Set(d, static_cast<T>(c));
  for (std::int64_t i = 0; i < rounds; ++i) {
    HWY_UNROLL(12)
    for (int c = 0; c < kChains; ++c) acc[c] = hn::MulAdd(acc[c], x, y);
  }
  auto sum = acc[0];
  for (int c = 1; c < kChains; ++c) sum = hn::Add(sum, acc[c]);
  volatile T sink = hn::GetLane(sum);
  (void)sink;
  return 2.0 * kChains * static_cast<double>(hn::Lanes(d)) * static_cast<double>(rounds);
}

double FmaF32(std::int64_t rounds) { return FmaBurst<float, 12>(rounds); }
double FmaF64(std::int64_t rounds) { return FmaBurst<double, 12>(rounds); }
double ChainF32(std::int64_t rounds) { return FmaBurst<float, 1>(rounds); }
double ChainF64(std::int64_t rounds) { return FmaBurst<double, 1>(rounds); }

// Four streams at once: one alone does not keep enough lines of a far memory under way. Two sums for each of them, so
// that additions never wait.
void Read(const std::uint8_t* HWY_RESTRICT data, std::int64_t bytes, std::int64_t times) {
  const hn::ScalableTag<std::uint32_t> d;
  constexpr int kStreams = 4, kSums = 8;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d) * sizeof(std::uint32_t)), step = 2 * width;
  const std::int64_t length = bytes / kStreams / step * step;
  hn::Vec<decltype(d)> sum[kSums];
  for (int s = 0; s < kSums; ++s) sum[s] = hn::Zero(d);
  for (std::int64_t time = 0; time < times; ++time) {
    for (std::int64_t i = 0; i < length; i += step) {
      HWY_UNROLL(8)
      for (std::int64_t s = 0; s < kSums; ++s) {
        const auto* at = reinterpret_cast<const std::uint32_t*>(data + s / 2 * length + i + s % 2 * width);
        sum[s] = hn::Add(sum[s], hn::Load(d, at));
      }
    }
    std::atomic_signal_fence(std::memory_order_seq_cst);  // another time is not the same sum
  }
  for (int s = 1; s < kSums; ++s) sum[0] = hn::Add(sum[0], sum[s]);
  volatile std::uint32_t sink = hn::GetLane(sum[0]);
  (void)sink;
}

}  // namespace septet::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace septet::bench {
namespace {

HWY_EXPORT(FmaF32);
HWY_EXPORT(FmaF64);
HWY_EXPORT(ChainF32);
HWY_EXPORT(ChainF64);
HWY_EXPORT(Read);

constexpr std::int64_t kRounds = 40000;  // some tens of microseconds

void run_fma_f32() { HWY_DYNAMIC_DISPATCH(FmaF32)(kRounds); }
void run_fma_f64() { HWY_DYNAMIC_DISPATCH(FmaF64)(kRounds); }

}  // namespace

double peak_f32() {
  double best = 0;
  for (int i = 0; i < 9; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const double operations = HWY_DYNAMIC_DISPATCH(FmaF32)(400000);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    best = std::max(best, operations / seconds.count());
  }
  return best;
}

Loop peak_loop(Type type, InstructionLimit limit) {
  const std::vector<Loop> x86 = peak_loop_x86(type, limit);
  if (!x86.empty()) return x86[0];
  if (type == Type::f64) return {"fma f64", HWY_DYNAMIC_DISPATCH(FmaF64)(kRounds), run_fma_f64};
  return {"fma f32", HWY_DYNAMIC_DISPATCH(FmaF32)(kRounds), run_fma_f32};
}

void run_chain(Type type) {
  if (type == Type::f64) {
    HWY_DYNAMIC_DISPATCH(ChainF64)(kChainLength);
  } else {
    HWY_DYNAMIC_DISPATCH(ChainF32)(kChainLength);
  }
}

void read_memory(const void* data, Index bytes, Index times) {
  HWY_DYNAMIC_DISPATCH(Read)(static_cast<const std::uint8_t*>(data), bytes, times);
}

}  // namespace septet::bench
#endif
