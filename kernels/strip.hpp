// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The one microkernel contract. All seven dataflows are strips: a few rows of A that walk the same list of k.
//
//                      columns of the B panel (`cols` of them, one or more vectors)
//                    +---------------------------+
//            k_0 ->  | b row k_index[0]          |      for s = 0 … steps - 1, in this order, one chain per output:
//            k_1 ->  | b row k_index[1]          |        for i in rows, j in cols:
//             …      |                           |          acc[i][j] = mac(acc[i][j], a[s][i], b[k_index[s]][j])
//                    +---------------------------+
//   a[s][0 … rows)   | acc rows, in registers    |
//                    +---------------------------+
//
//   dense            k = k0, k0 + 1, …                     consecutive rows of C
//   sOS, sWS         k from the m-tile's live columns      consecutive rows of C
//   sIS              k = k0, k0 + 1, … within a k-tile     rows of C from the tile's live rows
//   csOS             k from one row's own weights          one row of C
//
// Vectors run along the columns, never along k: that is what makes the bits independent of the vector length.
#pragma once

#include "kernels/items.hpp"
#include "kernels/tile.hpp"
#include "septet/types.hpp"

namespace septet::kernels {

struct Narrow;

/// Operands of one call. Element types belong to the kernel: `packed` (a, b) and `acc` of its KernelSet.
struct StripCall {
  Index rows = 0;  ///< one of the kernel's heights
  Index steps = 0;
  const void* a = nullptr;                ///< [steps][rows]; s16: [ceil(steps / 2)][rows][2], an odd end padded with 0
  const void* b = nullptr;                ///< panel rows of `cols` elements, from row 0 of the panel on
  const std::int32_t* k_index = nullptr;  ///< panel row of each step; null: k0, k0 + 1, …
  Index k0 = 0;
  void* acc = nullptr;                      ///< rows of `cols` accumulators
  const std::int32_t* row_index = nullptr;  ///< accumulator row of each strip row; null: row0, row0 + 1, …
  Index row0 = 0;
  bool fold = false;  ///< false: sums go on from acc. true: they start at zero and are added to acc at the end
  const Narrow* narrow = nullptr;  ///< of the narrow arithmetics: what a sum is kept in (narrow.hpp)
};

/// One compiled microkernel. `heights` lists the row counts it has code for, descending, ending with 1.
struct StripKernel {
  Index cols;
  const int* heights;
  void (*run)(const StripCall&) noexcept;
};

/// Element types that the packed operands have. Packing widens: bf16 and f16 to f32, s8 and u8 less their zero points
/// to s16.
/// s8 stands for both bytes, packed as they are, four to a group, where the target multiplies them so (quad.hpp).
enum class Packed : std::uint8_t { f32, f64, s16, s8 };

/// Steps whose A elements lie together in `a`: s16 are multiplied in pairs.
constexpr Index steps_per_group(Packed packed) { return packed == Packed::s8 ? 4 : packed == Packed::s16 ? 2 : 1; }
constexpr Index bytes_of(Packed packed) {
  return packed == Packed::f64 ? 8 : packed == Packed::f32 ? 4 : packed == Packed::s16 ? 2 : 1;
}

/// Widens `count` elements side by side.
using WidenRow = void (*)(const void* from, Index count, float* to);

/// The kernels of one instruction set for one arithmetic. `tall`: many rows share each loaded vector of B; `single`:
/// one row over many vectors, where rows share nothing. `narrow`: one vector wide, for few columns.
/// `tiles` and `pack`: the dense kernels and their panels (tile.hpp). `find_items`: the kernel for a batch of small
/// products (items.hpp) of m x n x k, or null. `widen_…`: of the sets of f32, or null. The narrow arithmetics have
/// strips and nothing else.
struct KernelSet {
  StripKernel tall_wide;
  StripKernel tall_narrow;
  StripKernel single_wide;
  StripKernel single_narrow;
  TileSet tiles{};
  void (*pack)(const PanelCall&) = nullptr;
  ItemsKernel (*find_items)(Index m, Index n, Index k) = nullptr;
  WidenRow widen_bf16 = nullptr;
  WidenRow widen_f16 = nullptr;
};

}  // namespace septet::kernels
