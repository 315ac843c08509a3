// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
//   unloading LIBRARY TIMES
//
// A program that knows of no BLAS and no OpenMP opens the library, has it multiply on three threads, closes it; and so
// on. Nothing may crash, and nothing may pile up. The library has cblas_sgemm.
#include "child.hpp"

#include <dlfcn.h>

#include <cstdio>

namespace {

using septet::threads_test::entries;

// A thousand pages; 0 if nobody says.
long resident_kib() {
  long pages = 0, resident = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
  std::fclose(file);
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

constexpr int kSize = 128;
float a[kSize * kSize], b[kSize * kSize], c[kSize * kSize];

bool multiplies(const char* library) {
  void* const handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return false;
  }
  using Gemm = void (*)(int, int, int, int, int, int, float, const float*, int, const float*, int, float, float*, int);
  const auto gemm = reinterpret_cast<Gemm>(dlsym(handle, "cblas_sgemm"));
  if (gemm == nullptr) return false;
  for (float& x : c) x = -1;
  gemm(101, 111, 111, kSize, kSize, kSize, 1, a, kSize, b, kSize, 0, c, kSize);
  bool right = true;
  for (int i = 0; i < kSize * kSize; ++i) right = right && c[i] == 6.0f * kSize;
  return dlclose(handle) == 0 && right;
}

struct State {
  int threads = entries("/proc/self/task"), files = entries("/proc/self/fd");
  long kib = resident_kib();
};

}  // namespace

int main(int, char** arguments) {
  const int times = std::atoi(arguments[2]);
  for (float& x : a) x = 2;
  for (float& x : b) x = 3;
  State first;
  for (int i = 0; i < times; ++i) {
    if (!multiplies(arguments[1])) {
      std::printf("round %d is wrong\n", i);
      return 1;
    }
    if (i == 20) first = State();
  }
  const State last;
  std::printf("threads %d -> %d, files %d -> %d, KiB %ld -> %ld\n", first.threads, last.threads, first.files,
              last.files, first.kib, last.kib);
  if (first.threads < 2) std::printf("was not shared among threads\n");
  return first.threads >= 2 && last.threads <= first.threads && last.files <= first.files &&
                 last.kib <= first.kib + 2048
             ? 0
             : 1;
}
