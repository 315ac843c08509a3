// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One operand of a dense product as the tile kernels see it (kernels/tile.hpp): rows of A or columns of B, `outer` for
// both, by k.
#pragma once

#include "formats/storage.hpp"
#include "kernels/dispatch.hpp"

namespace septet::detail {

/// Rows or columns that the kernel walks: element group (i, s) lies at data + i * outer_stride + s * step_stride,
/// bytes.
struct PanelView {
  const char* data = nullptr;
  Index outer_stride = 0;
  Index step_stride = 0;
};

struct DenseOperand {
  const char* data = nullptr;
  Type type = Type::f32;
  Index outer = 0;
  Index k = 0;
  Index outer_stride = 0;  ///< bytes
  Index k_stride = 0;      ///< bytes
  int zero_point = 0;
  bool panels = false;  ///< packed: as DensePanels says, strides mean nothing

  static DenseOperand rows_of(const ConstMatrix& a, int zero_point);
  static DenseOperand columns_of(const ConstMatrix& b, int zero_point);
  /// Of Format::dense: rows of A or columns of B, as it was packed.
  static DenseOperand packed(const PackedStorage& packed);

  /// Rows or columns side by side in memory, k apart.
  bool contiguous() const { return !panels && outer_stride == size_of(type); }

  DensePanels geometry() const { return {type, outer, k}; }
  /// Rows that no view and no panel reaches across: a multiple of this is a boundary; 0: there is none.
  Index segment() const { return panels ? geometry().height() : 0; }

  /// Can the kernels of this arithmetic read it where it lies, as rows of A or (`contiguous`) as columns of B?
  bool readable(kernels::Packed packed_as, bool contiguous) const;
  /// From row `outer0`, step `step0` on, where it lies.
  PanelView view(kernels::Packed packed_as, Index outer0, Index step0) const {
    const Index group = steps_per_group(packed_as);
    if (panels) return panel_view(outer0, step0 * group);
    return {data + outer0 * outer_stride + step0 * group * k_stride, outer_stride, group * k_stride};
  }
  /// Copies rows [outer0, outer0 + count), steps [step0, step0 + steps), zeros behind the last k, into a panel of
  /// `width`; `wide` holds count * steps groups if the type has to be widened first.
  void pack(void (*pack_panel)(const kernels::PanelCall&), kernels::Packed packed_as, Index outer0, Index count,
            Index step0, Index steps, Index width, char* panel, char* wide) const;
  /// Does packing need the memory `wide`?
  bool widened(kernels::Packed packed_as) const;

 private:
  PanelView panel_view(Index outer0, Index k0) const;
};

}  // namespace septet::detail
