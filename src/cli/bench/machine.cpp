// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include "bench/measure.hpp"
#include "bench/peak.hpp"
#include "septet/gemm.hpp"

#include <fmt/format.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <memory>
#include <new>

namespace septet::cli {
namespace {

constexpr Index kMiB = Index{1} << 20;

Index configured(int what) { return std::max<Index>(0, ::sysconf(what)); }

// "model name : …" is x86's; elsewhere there may be nothing of the kind.
std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.compare(0, 10, "model name") == 0 && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

std::string compiler_name() {
#if defined(__clang__)
  return "Clang " __clang_version__;
#elif defined(__GNUC__)
  return "GCC " __VERSION__;
#else
  return "";
#endif
}

std::string now_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Index sweep_size(const Machine& machine, Index bytes) {
  return bytes != 0 ? bytes : std::clamp(2 * machine.last_cache_bytes(), 16 * kMiB, 256 * kMiB);
}

bench::Buffer sweep_buffer(Index bytes) try { return bench::Buffer(bytes); } catch (const std::bad_alloc&) {
  throw Error(Status(Cause::out_of_memory, "--sweep-mib", fmt::format("no memory for {} MiB", bytes / kMiB)));
}

}  // namespace

Machine this_machine() {
  Machine machine;
  machine.cpu = cpu_name();
  machine.logical_cpus = configured(_SC_NPROCESSORS_ONLN);
#if defined(_SC_LEVEL1_DCACHE_SIZE) && defined(_SC_LEVEL2_CACHE_SIZE) && defined(_SC_LEVEL3_CACHE_SIZE)
  machine.l1_bytes = configured(_SC_LEVEL1_DCACHE_SIZE);
  machine.l2_bytes = configured(_SC_LEVEL2_CACHE_SIZE);
  machine.l3_bytes = configured(_SC_LEVEL3_CACHE_SIZE);
#endif
  machine.target = target();
  machine.compiler = compiler_name();
  machine.version = SEPTET_VERSION;
  machine.date_utc = now_utc();
  return machine;
}

void on_all_threads(int threads, const std::function<void(int)>& work) {
  if (threads == 1) return work(0);
#pragma omp parallel num_threads(threads)
  work(omp_get_thread_num());
}

Sweep::Sweep(const Machine& machine, Index bytes) : bytes_(sweep_size(machine, bytes)), buffer_(sweep_buffer(bytes_)) {}

// With many threads the shares may be smaller than a core's own caches: then they overlap.
void Sweep::run(int threads) const {
  constexpr Index kOwn = 8 * kMiB, kPiece = 4096;
  const Index share = std::min(bytes_, std::max(bytes_ / threads, kOwn)) / kPiece * kPiece;
  on_all_threads(threads, [&](int thread) {
    const Index begin = std::min(bytes_ / threads / kPiece * kPiece * thread, bytes_ - share) / kPiece * kPiece;
    bench::read_memory(buffer_.data<char>() + begin, share, 1);
  });
}

double Sweep::bandwidth(int threads) const {
  constexpr Index kPiece = 4096;
  const Index share = bytes_ / threads / kPiece * kPiece;
  std::vector<double> seconds;
  for (int i = 0; i < 6; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    on_all_threads(threads, [&](int thread) { bench::read_memory(buffer_.data<char>() + share * thread, share, 1); });
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
    if (i > 0) seconds.push_back(passed.count());  // the first wakes the threads
  }
  return static_cast<double>(share * threads) / bench::spread_of(seconds).median;
}

// Several threads need calls long enough that waking them does not count.
Probe peak_probe(Type type, int threads) {
  const int loops = threads == 1 ? 1 : 16;
  const bench::Loop loop = bench::peak_loop(type, bench::InstructionLimit::all);
  const auto burst = [=](int) {
    for (int i = 0; i < loops; ++i) loop.run();
  };
  const auto run = [=] { on_all_threads(threads, burst); };
  return {{"peak", run, bench::Runtime::openmp, bench::Role::reference, loop.name, nullptr},
          loop.name,
          loop.operations * loops * threads};
}

Probe read_probe(double operand_bytes, int threads, bool once) {
  constexpr Index kLeast = 16384, kPiece = 512;
  constexpr double kBytesPerCall = 1e6;
  const Index share = std::max(static_cast<Index>(operand_bytes) / threads / kPiece * kPiece, kLeast);
  const Index times = once ? 1 : static_cast<Index>(kBytesPerCall / static_cast<double>(share)) + 1;
  const auto buffer = std::make_shared<bench::Buffer>(share * threads);
  const auto read = [=](int thread) { bench::read_memory(buffer->data<char>() + thread * share, share, times); };
  return {{"read", [=] { on_all_threads(threads, read); }, bench::Runtime::openmp, bench::Role::reference, "", nullptr},
          "",
          static_cast<double>(share * times * threads)};
}

}  // namespace septet::cli
