// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the files about MKL share: its numbers, and the sizes as it takes them (MKL_INT is int in the LP64
// interface).
#pragma once

#include "bench/peers/cblas.hpp"

namespace septet::bench {

constexpr int kMklPacked = 151;                  // CblasPacked, in place of a transposition
constexpr int kMklPackA = 161, kMklPackB = 162;  // CblasAMatrix, CblasBMatrix
using MklPackSize = std::size_t(int identifier, int m, int n, int k);

struct MklSizes {
  explicit MklSizes(const RowMajorProduct& p)
      : m(static_cast<int>(p.m)),
        n(static_cast<int>(p.n)),
        k(static_cast<int>(p.k)),
        lda(static_cast<int>(p.a.ld)),
        ldb(static_cast<int>(p.b.ld)) {}
  int m, n, k, lda, ldb;
};

/// The operands of a product one of which has been packed into `buffer`.
struct MklPackedOperands {
  MklPackedOperands(const RowMajorProduct& p, MklPackSize* size);

  bool of_a;
  const Operand& source;  ///< what is to be packed
  int identifier;
  std::shared_ptr<Buffer> buffer;
  const void *a, *b;
  int trans_a, trans_b;
};

/// For so many threads as `settings` says.
DynamicLibrary open_mkl_library(const PeerSettings& settings);
std::string mkl_version(const DynamicLibrary& library);
std::string mkl_instructions(const DynamicLibrary& library);

/// 8-bit and 16-bit types, where MKL has the combination.
void add_mkl_narrow(const DynamicLibrary& library, const Problem& problem, std::vector<Candidate>& candidates);

}  // namespace septet::bench
