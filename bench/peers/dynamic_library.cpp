// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/peers/dynamic_library.hpp"

#include "bench/peers/peer.hpp"

#include <dlfcn.h>

namespace septet::bench {

DynamicLibrary::DynamicLibrary(const std::string& path)
    : path_(path), handle_(::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND)) {
  if (handle_ == nullptr) throw Missing(::dlerror());
}

void* DynamicLibrary::symbol(const char* name) const { return ::dlsym(handle_, name); }

void* DynamicLibrary::symbol_or_throw(const char* name) const {
  void* found = symbol(name);
  if (found == nullptr) throw Missing(path_ + " has no " + name);
  return found;
}

}  // namespace septet::bench
