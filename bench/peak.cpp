// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/peak.hpp"

#include "bench/peak_x86.hpp"

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

// Eight sums, so that additions never wait.
void Read(const std::uint8_t* HWY_RESTRICT data, std::int64_t bytes) {
  const hn::ScalableTag<std::uint32_t> d;
  const auto step = static_cast<std::int64_t>(hn::Lanes(d) * sizeof(std::uint32_t));
  constexpr int kSums = 8;
  hn::Vec<decltype(d)> sum[kSums];
  for (int s = 0; s < kSums; ++s) sum[s] = hn::Zero(d);
  const auto load = [&](std::int64_t at) { return hn::Load(d, reinterpret_cast<const std::uint32_t*>(data + at)); };
  std::int64_t i = 0;
  for (; i + kSums * step <= bytes; i += kSums * step) {
    HWY_UNROLL(8)
    for (int s = 0; s < kSums; ++s) sum[s] = hn::Add(sum[s], load(i + s * step));
  }
  for (; i + step <= bytes; i += step) sum[0] = hn::Add(sum[0], load(i));
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

constexpr std::int64_t kRounds = 40000;

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

std::vector<Loop> peak_loops(Type type, bool amx) {
  if (type == Type::f64) return {{"fma f64", HWY_DYNAMIC_DISPATCH(FmaF64)(kRounds), run_fma_f64}};
  std::vector<Loop> loops = {{"fma f32", HWY_DYNAMIC_DISPATCH(FmaF32)(kRounds), run_fma_f32}};
  if (type == Type::f32) return loops;
  const std::vector<Loop> narrow = peak_loops_x86(type, amx);
  return narrow.empty() ? loops : narrow;
}

void run_chain(Type type) {
  if (type == Type::f64) {
    HWY_DYNAMIC_DISPATCH(ChainF64)(kChainLength);
  } else {
    HWY_DYNAMIC_DISPATCH(ChainF32)(kChainLength);
  }
}

void read_memory(const void* data, Index bytes) {
  HWY_DYNAMIC_DISPATCH(Read)(static_cast<const std::uint8_t*>(data), bytes);
}

}  // namespace septet::bench
#endif
