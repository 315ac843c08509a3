// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Where a weight matrix has its non-zeros: made from a seed, the same on every platform, or read from a file.
//
//   uniform     exactly round((1 - s) m k) elements, each set of so many as likely as any other
//   vector      the same of columns h x 1 (h rows of one column, together or not at all)
//   block       the same of blocks h x w
//   nm          n of every m neighbours in a row; of all n <= m <= 16 the pair next to 1 - s, or the pair that is given
//   banded      every row as many elements as any other, side by side around the diagonal
//   power-law   row lengths fall as rank^-exponent, rows in random order, columns uniform within a row
#pragma once

#include "septet/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

enum class PatternKind : std::uint8_t { uniform, vector, block, nm, banded, power_law, file };
const char* name(PatternKind kind);

struct PatternOptions {
  Index vector_height = 8;
  BlockShape block;
  std::optional<GroupShape> group;  ///< none: the pair next to the sparsity asked for
  double exponent = 1;              ///< power-law
};

/// Which elements of a matrix are not zero.
struct Pattern {
  PatternKind kind = PatternKind::uniform;
  std::string detail;  ///< "8x1", "4x4", "2:4"; of a file its path; empty where there is nothing to say
  Index rows = 0;
  Index cols = 0;
  Index nnz = 0;
  GroupShape group;                ///< nm: the pair that was used
  std::vector<std::uint8_t> live;  ///< row-major: 1, or 0 for a zero

  double sparsity() const {
    return 1 - static_cast<double>(nnz) / (static_cast<double>(rows) * static_cast<double>(cols));
  }
};

/// Refuses a matrix without elements, and one that as f64 would take more than io::kMaxDenseBytes. Throws Error.
void check_dense_size(const std::string& what, Index rows, Index cols);

/// `kind`: any but file. `sparsity` from 0 to 1; rows, cols at least 1.
Pattern make_pattern(PatternKind kind, const PatternOptions& options, Index rows, Index cols, double sparsity,
                     std::uint64_t seed);

/// The non-zeros of a matrix in a file. Throws Error, also where it has no elements at all.
Pattern read_pattern(const std::string& path);

}  // namespace septet::cli
