// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
//   thread_facts WORD…
//
// Does what the words say, in a process of its own, and prints one word for each that asks: what policy_test compares.
#include "child.hpp"
#include "septet/gemm.hpp"
#include "src/cpu_limit.hpp"
#include "src/threads.hpp"

#include <omp.h>

#include <cstdio>
#include <cstring>

namespace {

using namespace septet;

// Status of a product that is worth sharing.
Status product() {
  constexpr Index kSize = 200;
  static std::vector<float> a(kSize * kSize, 1.5f), b(kSize * kSize, 2.0f), c(kSize * kSize);
  Status status =
      try_gemm(row_major(a.data(), kSize, kSize), row_major(b.data(), kSize, kSize), row_major(c.data(), kSize, kSize));
  for (const float x : c) {
    if (status.ok() && x != 3.0f * kSize) return {Cause::bad_option, "c", "has wrong bits"};
  }
  return status;
}

int share(int threads_option) {
  GemmOptions options;
  options.threads = threads_option;
  return detail::thread_count(options, Index{1} << 40);
}

void obey(const char* word) {
  const char* equals = std::strchr(word, '=');
  const int n = equals == nullptr ? 0 : std::atoi(equals + 1);
  const std::string verb(word, equals == nullptr ? std::strlen(word) : static_cast<std::size_t>(equals - word));
  if (verb == "set") {
    if (!set_threads(n).ok()) std::printf("refused ");
  } else if (verb == "omp") {
    omp_set_num_threads(n);
  } else if (verb == "env") {
    setenv("SEPTET_NUM_THREADS", equals + 1, 1);
  } else if (verb == "reset") {
    reset_threads();
  } else if (verb == "threads") {
    std::printf("%d ", threads());
  } else if (verb == "share") {
    std::printf("%d ", share(n));
  } else if (verb == "region") {  // of the caller's own
    int inside = 0;
#pragma omp parallel num_threads(2)
    if (omp_get_thread_num() == 0) inside = share(n);
    std::printf("%d ", inside);
  } else if (verb == "limit") {
    std::printf("%d ", detail::cpu_limit());
  } else if (verb == "quota") {
    std::printf("%d ", detail::cpu_quota());
  } else if (verb == "gemm") {
    const Status status = product();
    std::printf("%s ", status.ok() ? "ok" : status.argument().c_str());
  } else if (verb == "tasks") {
    std::printf("%d ", threads_test::tasks());
  } else {
    std::printf("%s? ", word);
  }
}

}  // namespace

int main(int count, char** words) {
  for (int i = 1; i < count; ++i) obey(words[i]);
  return 0;
}
