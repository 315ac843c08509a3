// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A BLAS that the user names: opened at run time, called through cblas_sgemm and cblas_dgemm.
#pragma once

#include "bench/peers/dynamic_library.hpp"
#include "problem.hpp"
#include "settings.hpp"

#include <functional>
#include <string>

namespace septet::cli {

class BlasLibrary {
 public:
  /// Throws Error where it cannot be opened or has no such functions.
  explicit BlasLibrary(const LibraryPath& path);

  const std::string& name() const { return name_; }
  /// f32 and f64.
  static bool multiplies(Type type) { return type == Type::f32 || type == Type::f64; }
  /// By the library's own function for that. false: it has none that we know, and keeps the threads that its
  /// environment gave it.
  bool set_threads(int threads) const;
  /// C = A * B of a problem, dense.
  std::function<void()> product(const Problem& problem) const;

 private:
  std::string name_;
  bench::DynamicLibrary library_;
};

}  // namespace septet::cli
