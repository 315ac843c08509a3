// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Preloaded behind libseptet_blas.so, for programs that cannot call C: getenv("SEPTET_BLAS_CALLS") is the number of
// products so far, or not set if that library is not there. A process that ends adds a line with its number to the file
// that SEPTET_BLAS_REPORT names.
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

namespace {

using Calls = std::int64_t (*)();
using Getenv = char* (*)(const char*);

Calls calls() { return reinterpret_cast<Calls>(dlsym(RTLD_DEFAULT, "septet_blas_calls")); }

struct Report {
  ~Report();
} report;

}  // namespace

extern "C" __attribute__((visibility("default"))) char* getenv(const char* name) noexcept {
  static const auto next = reinterpret_cast<Getenv>(dlsym(RTLD_NEXT, "getenv"));
  if (std::strcmp(name, "SEPTET_BLAS_CALLS") != 0) return next(name);
  if (calls() == nullptr) return nullptr;
  static thread_local char text[24];
  std::snprintf(text, sizeof text, "%lld", static_cast<long long>(calls()()));
  return text;
}

Report::~Report() {
  const char* path = getenv("SEPTET_BLAS_REPORT");
  std::FILE* file = path == nullptr || calls() == nullptr ? nullptr : std::fopen(path, "a");
  if (file == nullptr) return;
  std::fprintf(file, "%lld\n", static_cast<long long>(calls()()));
  std::fclose(file);
}
