// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Problem shapes as named text files: `name m n k` per line, or `name m n k count` for a batch; `#` begins a comment.
#pragma once

#include "septet/types.hpp"

#include <string>
#include <vector>

namespace septet::bench {

struct Shape {
  std::string name;
  Index m = 0, n = 0, k = 0;
  Index count = 1;  ///< products of this shape, one after the other in memory
};

/// Throws std::runtime_error naming file and line.
std::vector<Shape> read_shapes(const std::string& path);

}  // namespace septet::bench
