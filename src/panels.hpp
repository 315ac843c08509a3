// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// B as the kernels read it: panels of `cols` columns, each all k rows deep, row by row, the last one filled up with
// zeros. Elements become what src/element.hpp packs them as.
#pragma once

#include "aligned_buffer.hpp"
#include "arithmetic.hpp"
#include "kernels/strip.hpp"
#include "septet/matrix_view.hpp"

namespace septet::detail {

/// Columns cut into panels of at most `most` vectors, as evenly as it goes: the first `wide` have `vectors` of them,
/// the others one less.
struct PanelWidths {
  Index count = 0;
  Index wide = 0;
  int vectors = 1;

  PanelWidths(Index cols, Index lanes, int most)
      : count(ceil_div(ceil_div(cols, lanes), most)),
        vectors(count == 0 ? 1 : static_cast<int>(ceil_div(ceil_div(cols, lanes), count))) {
    wide = ceil_div(cols, lanes) - (vectors - 1) * count;
  }
  int of(Index panel) const { return panel < wide ? vectors : vectors - 1; }
};

/// The first `cols` columns of `b` (or fewer, if it has fewer, and zeros) as one panel at `to`.
void fill_panel(const ConstMatrix& b, int zero_point, Index cols, void* to);

class Panels {
 public:
  Panels(const ConstMatrix& b, int zero_point, kernels::Packed packed, Index cols);

  Index count() const { return count_; }
  Index cols() const { return cols_; }
  /// Copies panel p; panels may be filled by different threads.
  void fill(Index p) const;
  /// Elements of each.
  Index size() const { return b_.rows * cols_; }
  std::byte* panel(Index p) const { return bytes_.data() + p * panel_bytes_; }

 private:
  ConstMatrix b_;
  int zero_point_;
  Index cols_;
  Index count_;
  Index panel_bytes_;
  AlignedBuffer bytes_;
};

}  // namespace septet::detail
