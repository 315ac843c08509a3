// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A shared library opened for itself alone: several of them export the same names (cblas_sgemm, …).
#pragma once

#include <memory>
#include <string>

namespace septet::bench {

class DynamicLibrary {
 public:
  /// Throws Missing with the linker's reason.
  explicit DynamicLibrary(const std::string& path);

  /// nullptr if it has no such function.
  template <class Function>
  Function* find(const char* name) const {
    return reinterpret_cast<Function*>(symbol(name));
  }
  /// Throws Missing.
  template <class Function>
  Function* get(const char* name) const {
    return reinterpret_cast<Function*>(symbol_or_throw(name));
  }

 private:
  void* symbol(const char* name) const;
  void* symbol_or_throw(const char* name) const;

  std::string path_;
  void* handle_ = nullptr;  // stays open: workers may still run in it
};

}  // namespace septet::bench
