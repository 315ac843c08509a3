// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Format::dense: panels of rows of A (or columns of B: `outer` for both), each k by k, as the tile kernels read them.
//
//   [panel][ceil(k / group)][rows of the panel][group]        the last panel is lower; k is filled up with zeros
//
// A group is what one instruction multiplies: four bytes, two s16, or one float; so the panels of bytes serve the CPUs
// that can do that as they lie. Rows per panel: three cache lines of groups of f32.
#pragma once

#include "kernels/tile.hpp"
#include "src/arithmetic.hpp"

#include <algorithm>

namespace septet::detail {

struct DensePanels {
  Type type = Type::f32;
  Index outer = 0;
  Index k = 0;

  Index group() const { return type == Type::s8 || type == Type::u8 ? 4 : type == Type::s16 ? 2 : 1; }
  Index unit() const { return group() * size_of(type); }
  Index height() const { return kernels::panel_cols(std::max<Index>(4, unit())); }
  Index groups() const { return ceil_div(k, group()); }
  Index bytes() const { return outer * groups() * unit(); }

  /// Rows of panel p.
  Index rows(Index p) const { return std::min(height(), outer - p * height()); }
  /// Byte where element (i, k) lies.
  Index offset(Index i, Index at) const {
    const Index p = i / height();
    const Index within = (at / group() * rows(p) + (i - p * height())) * unit();
    return p * height() * groups() * unit() + within + at % group() * size_of(type);
  }
};

}  // namespace septet::detail
