// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "septet/threads.hpp"
#include "src/threads.hpp"

#include <doctest/doctest.h>

namespace septet::support {

/// Small problems are shared among threads, too, while one lives.
class Sharing {
 public:
  explicit Sharing(int threads) : before_(detail::worth_sharing()) {
    detail::worth_sharing() = 0;
    CHECK(set_threads(threads).ok());
  }
  ~Sharing() {
    detail::worth_sharing() = before_;
    reset_threads();
  }
  Sharing(const Sharing&) = delete;
  Sharing& operator=(const Sharing&) = delete;

 private:
  Index before_;
};

}  // namespace septet::support
