// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Every instruction set this build knows is either tested on this CPU or reported as missing, and a set that nobody
// has is refused, not replaced.
#include "kernels/dispatch.hpp"
#include "septet/septet.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <set>
#include <string>
#include <vector>

namespace {
using namespace septet;
}

TEST_CASE("which targets run here") {
  std::set<std::string> here;
  for (const char* const* name = supported_targets(); *name != nullptr; ++name) here.insert(*name);
  std::string missing;
#if defined(__x86_64__)
  for (const char* known : {"AVX3_AMX", "AVX3_VNNI", "AVX3_DL", "AVX3", "AVX2", "SSE4", "SSSE3"}) {
    if (here.count(known) == 0) missing += std::string(" ") + known;
  }
  // What the CPU can do must be among the targets: a build that lost a kernel would otherwise pass in silence.
  CHECK(here.count("AVX2") == (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 1 : 0));
  const bool sse4 =
      __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
  CHECK(here.count("SSE4") == (sse4 ? 1 : 0));
  const bool avx3 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  CHECK(here.count("AVX3") == (avx3 ? 1 : 0));
  const bool vnni = avx3 && __builtin_cpu_supports("avx512vnni");
  CHECK(here.count("AVX3_VNNI") == (vnni ? 1 : 0));
  // Tiles also take a system that knows them.
  if (here.count("AVX3_AMX") == 1) CHECK(vnni);
#elif defined(__aarch64__)
  for (const char* known : {"SVE2_128", "SVE_256", "SVE2", "SVE", "NEON"}) {
    if (here.count(known) == 0) missing += std::string(" ") + known;
  }
  CHECK(here.count("NEON") == 1);
#endif
  MESSAGE("targets NOT TESTED on this CPU with this build:" << (missing.empty() ? std::string(" none") : missing));
  CHECK(here.count("portable") == 1);
}

TEST_CASE("the kernels of every target keep the contract's shape") {
  for (const char* const* name = supported_targets(); *name != nullptr; ++name) {
    REQUIRE(set_target(*name).ok());
    CHECK(std::string(target()) == *name);
#define SEPTET_ARITHMETIC(id, packed, acc, mac)                                                       \
  {                                                                                                   \
    const kernels::KernelSet& set = kernels::kernel_set(kernels::Arithmetic::id);                     \
    for (const auto& kernel : {set.tall_wide, set.tall_narrow, set.single_wide, set.single_narrow}) { \
      CHECK(kernel.cols >= 1);                                                                        \
      int last = kernel.heights[0] + 1;                                                               \
      for (const int* height = kernel.heights; last != 1; ++height) {                                 \
        CHECK(*height < last);                                                                        \
        last = *height;                                                                               \
      }                                                                                               \
    }                                                                                                 \
  }
#include "kernels/registry.def"
#undef SEPTET_ARITHMETIC
  }
  REQUIRE(set_target(nullptr).ok());
}

TEST_CASE("an unknown target is an error") {
  const std::string before = target();
  const Status status = set_target("AVX9000");
  CHECK(status.cause() == Cause::bad_option);
  CHECK(status.message().find(before) != std::string::npos);  // says what there is
  CHECK(target() == before);
}
