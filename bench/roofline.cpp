// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/roofline.hpp"

#include <omp.h>

#include <algorithm>

namespace septet::bench {
namespace {

// Several threads need calls long enough that waking them does not count.
constexpr int kLoopsPerCall = 16;

void on_all_threads(int threads, const std::function<void(int)>& work) {
  if (threads == 1) return work(0);
#pragma omp parallel num_threads(threads)
  work(omp_get_thread_num());
}

// Instructions on the busiest port per multiply-add.
double instructions_per_step(const Problem& problem) {
  const Order order = problem.setting().order;
  if (is_integer(problem.setting().types.a)) return 1;
  if (order == Order::unfused) return 2;
  return order == Order::fold ? (kFoldDepth + 1.0) / kFoldDepth : 1;
}

}  // namespace

Probe peak_probe(Type type, InstructionLimit limit, int threads) {
  const int loops = threads == 1 ? 1 : kLoopsPerCall;
  const Loop loop = peak_loop(type, limit);
  const auto burst = [=](int) {
    for (int i = 0; i < loops; ++i) loop.run();
  };
  const auto run = [=] { on_all_threads(threads, burst); };
  return {{"peak", run, Runtime::openmp, Role::reference, loop.name, nullptr}, loop.operations * loops * threads};
}

Probe read_probe(double bytes, int threads) {
  constexpr Index kLeast = 16384, kPiece = 512;
  constexpr double kBytesPerCall = 1e6;
  const Index share = std::max(static_cast<Index>(bytes) / threads / kPiece * kPiece, kLeast);
  const Index times = static_cast<Index>(kBytesPerCall / static_cast<double>(share)) + 1;
  const auto buffer = std::make_shared<Buffer>(share * threads);
  const auto read = [=](int thread) { read_memory(buffer->data<char>() + thread * share, share, times); };
  return {{"read", [=] { on_all_threads(threads, read); }, Runtime::openmp, Role::reference, "", nullptr},
          static_cast<double>(share * times * threads)};
}

Roofline::Roofline(const Problem& problem, InstructionLimit limit)
    : problem_(problem), by_chain_(!is_integer(problem.setting().types.a) && problem.outputs() < kFewOutputs) {
  add_peak(limit);
  add_read();
  if (by_chain_) add_chain();
}

void Roofline::add_peak(InstructionLimit limit) {
  const Probe probe = peak_probe(problem_.setting().types.a, limit, problem_.setting().threads);
  peak_name_ = probe.candidate.implementation;
  peak_operations_ = probe.work / instructions_per_step(problem_);
  probes_.push_back(probe.candidate);
}

void Roofline::add_read() {
  const Probe probe = read_probe(problem_.bytes(), problem_.setting().threads);
  read_bytes_ = probe.work;
  probes_.push_back(probe.candidate);
}

void Roofline::add_chain() {
  const auto run = [type = problem_.setting().types.c] { run_chain(type); };
  probes_.push_back({"chain", run, Runtime::none, Role::reference, "", nullptr});
}

Roofline::Result Roofline::evaluate(const std::vector<Rounds>& rounds) const {
  const Rounds &peak_s = rounds[0], &read_s = rounds[1];
  const double operations = problem_.operations(), bytes = problem_.bytes();
  Result result;
  result.peak = peak_operations_ / spread_of(peak_s).median;
  result.peak_name = peak_name_;
  result.bandwidth = read_bytes_ / spread_of(read_s).median;
  result.by_memory = operations / bytes * result.bandwidth < result.peak;
  result.by_chain = by_chain_;
  for (std::size_t i = 0; i < peak_s.size(); ++i) {
    double fastest = std::max(operations / peak_operations_ * peak_s[i], bytes / read_bytes_ * read_s[i]);
    if (by_chain_) fastest = static_cast<double>(problem_.shape().k) / kChainLength * rounds[2][i];
    result.fastest_possible.push_back(fastest);
  }
  result.bound = operations / spread_of(result.fastest_possible).median;
  return result;
}

}  // namespace septet::bench
