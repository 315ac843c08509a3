// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A product that is worth sharing, and whether its bits are right: those of one thread.
#pragma once

#include "septet/gemm.hpp"
#include "support/storage.hpp"

#include <cstring>
#include <vector>

namespace septet::threads_test {

class Product {
 public:
  explicit Product(std::uint64_t seed, Index size = 160, Dataflow dataflow = Dataflow::dOS) : size_(size) {
    support::Rng rng(seed);
    for (auto* operand : {&a_, &b_}) {
      operand->resize(static_cast<std::size_t>(size * size));
      for (float& x : *operand) x = support::random_value<float>(rng, support::ValueKind::mixed);
    }
    want_.resize(a_.size());
    GemmOptions options;
    options.threads = 1;
    dataflow_ = options.dataflow = dataflow;
    gemm(view(a_), view(b_), view(want_), options);
  }

  /// True if the bits are right.
  bool run(GemmOptions options = {}) const {
    std::vector<float> c(want_.size(), -1.0f);
    options.dataflow = dataflow_;
    return try_gemm(view(a_), view(b_), view(c), options).ok() &&
           std::memcmp(c.data(), want_.data(), c.size() * sizeof(float)) == 0;
  }
  bool run_with(int threads) const {
    GemmOptions options;
    options.threads = threads;
    return run(options);
  }

 private:
  MatrixView<float> view(std::vector<float>& x) const { return row_major(x.data(), size_, size_); }
  MatrixView<const float> view(const std::vector<float>& x) const { return row_major(x.data(), size_, size_); }

  Index size_;
  Dataflow dataflow_ = Dataflow::dOS;
  std::vector<float> a_, b_, want_;
};

}  // namespace septet::threads_test
