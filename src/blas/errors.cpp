// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "errors.hpp"

#include "names.hpp"
#include "septet/blas.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

#include <cstdio>
#include <cstring>
#include <mutex>

// References that nothing has to satisfy: for them a linker lets a program's own functions be seen from here, which it
// otherwise does only for names that are called.
extern "C" {
__attribute__((weak)) void xerbla_(const char* routine, const void* info, std::size_t length);
__attribute__((weak)) void cblas_xerbla(int info, const char* function, const char* form, ...);
}

namespace septet::blas {
namespace {

[[maybe_unused, gnu::used]] const void* const references[] = {reinterpret_cast<const void*>(&xerbla_),
                                                              reinterpret_cast<const void*>(&cblas_xerbla)};

struct Handler {
  septet_blas_error_handler call = nullptr;
  void* user = nullptr;
};
std::mutex mutex;
Handler handler;
// A child is not to wait for a thread that only its parent has.
const int fork_handlers = pthread_atfork([] { mutex.lock(); }, [] { mutex.unlock(); }, [] { mutex.unlock(); });

// A function of this name that the executable itself defines.
void* of_program(const char* name) {
  void* found = dlsym(RTLD_DEFAULT, name);
  Dl_info info;
  link_map *its = nullptr, *first = nullptr;
  if (found == nullptr || dladdr1(found, &info, reinterpret_cast<void**>(&its), RTLD_DL_LINKMAP) == 0) return nullptr;
  void* program = dlopen(nullptr, RTLD_LAZY | RTLD_NOLOAD);
  if (program == nullptr) return nullptr;
  const bool is_its = dlinfo(program, RTLD_DI_LINKMAP, &first) == 0 && first == its;
  dlclose(program);
  return is_its ? found : nullptr;
}

bool handled(const char* routine, int info, const char* message) {
  Handler mine;
  {
    const std::lock_guard lock(mutex);
    mine = handler;
  }
  if (mine.call == nullptr) return false;
  mine.call(routine, info, message, mine.user);
  return true;
}

}  // namespace

void report_fortran(const char* routine, int info) {
  char text[96];
  std::snprintf(text, sizeof text, " ** On entry to %s parameter number %2d had an illegal value", routine, info);
  if (handled(routine, info, text)) return;
  if (const auto xerbla = reinterpret_cast<decltype(&xerbla_)>(of_program("xerbla_")); xerbla != nullptr) {
    char name[32];
    std::snprintf(name, sizeof name, "%-6s", routine);
    const std::int64_t number = info;  // serves INTEGER of either size, little-endian
    return xerbla(name, &number, std::strlen(name));
  }
  std::fprintf(stderr, "%s\n", text);
}

void report_c(const char* function, const CCheck& check) {
  char text[96];
  std::snprintf(text, sizeof text, "Parameter %d to routine %s was incorrect", check.info, function);
  if (handled(function, check.info, text)) return;
  if (const auto xerbla = reinterpret_cast<decltype(&cblas_xerbla)>(of_program("cblas_xerbla")); xerbla != nullptr) {
    return xerbla(check.raw, function, "");
  }
  std::fprintf(stderr, "%s\n", text);
}

void report(const char* routine, const Status& status) {
  char text[512];  // there may be no memory
  std::snprintf(text, sizeof text, "%s: %s: %s", routine, status.argument().c_str(), status.message().c_str());
  if (!handled(routine, 0, text)) std::fprintf(stderr, "septet: %s\n", text);
}

}  // namespace septet::blas

SEPTET_BLAS_EXPORT void septet_blas_set_error_handler(septet_blas_error_handler call, void* user) {
  const std::lock_guard lock(septet::blas::mutex);
  septet::blas::handler = {call, user};
}
