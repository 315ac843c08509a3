// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Our sparse products: A packed in every format, through the public interface like anyone else.
#pragma once

#include "bench/pattern.hpp"
#include "bench/peers/sparse_peer.hpp"
#include "septet/spmm.hpp"

namespace septet::bench {

/// A format with its options: blocks, slices and vectors come in the shapes of the pattern too.
struct FormatVariant {
  std::string name;  ///< "csr", "bsr 4x4", "tsb 16", …
  PackOptions options;
};
/// Of the formats whose names are `wanted`, all of them if that is empty, for a B of so many columns.
std::vector<FormatVariant> format_variants(const PatternKind& kind, const std::vector<std::string>& wanted,
                                           Index expected_cols);
/// The names of all formats that are not dense.
std::vector<std::string> sparse_format_names();

/// One of ours, and the bytes that it reads A from.
struct FormatCandidate {
  Candidate candidate;
  std::string format;
  double bytes = 0;
};

/// A packed in all variants.
class PackedFormats {
 public:
  PackedFormats(const ConstMatrix& a, const std::vector<FormatVariant>& variants);

  /// The formats that took the matrix.
  void propose(const SparseProblem& problem, int threads, std::vector<FormatCandidate>& candidates) const;
  /// Why the others did not.
  const std::vector<LeftOut>& refused() const { return refused_; }

 private:
  struct Packed {
    std::string name;
    PackedMatrix matrix;
  };
  std::vector<Packed> packed_;
  std::vector<LeftOut> refused_;
};

/// The format that the library chooses for so many columns of B.
FormatCandidate automatic(const SparseProblem& problem, int threads);

/// Our dense product of the same operands, as a C of its own.
Buffer dense_product(const Problem& problem);
/// Whether both hold the same bits, but for the sign of zeros.
bool same_bits(const Buffer& x, const Buffer& y, Type type);

}  // namespace septet::bench
