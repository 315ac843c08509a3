// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "byte_offsets.hpp"

#include <algorithm>
#include <cstring>

namespace septet::detail {
namespace {

std::int32_t times(std::int32_t x, std::int64_t y) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(x) * static_cast<std::uint32_t>(y));
}
std::int32_t plus(std::int32_t x, std::int32_t y) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(x) + static_cast<std::uint32_t>(y));
}

Index on_line(Index bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

ByteOffsets::ByteOffsets(const kernels::QuadKernels* quads, const DenseOperand& a, const DenseOperand& b)
    : quads_(quads) {
  if (quads == nullptr) return;
  a_signed_ = a.type == Type::s8;
  turns_b_ = a.type == b.type && !quads->any_signs;
  oa_ = a.zero_point;
  ob_ = b.zero_point + (turns_b_ ? b.type == Type::s8 ? 128 : -128 : 0);
}

Index ByteOffsets::bytes(Index rows, Index cols, Index steps) const {
  return any() ? on_line(rows * 4) + on_line(cols * 4) + on_line(steps * 4) : 0;
}

ByteOffsets::Pass ByteOffsets::begin(char* memory, Index rows, Index cols, Index k, Index steps) const {
  Pass pass;
  if (!any()) return pass;
  pass.by_row = reinterpret_cast<std::int32_t*>(memory);
  pass.by_col = reinterpret_cast<std::int32_t*>(memory + on_line(rows * 4));
  pass.ones = memory + on_line(rows * 4) + on_line(cols * 4);
  pass.k = k, pass.steps = steps;
  std::memset(pass.ones, 1, static_cast<std::size_t>(k));
  std::memset(pass.ones + k, 0, static_cast<std::size_t>(steps * 4 - k));
  return pass;
}

void ByteOffsets::add_rows(const Pass& pass, const PanelView& a, Index first, Index rows) const {
  if (ob_ == 0) return;
  kernels::TileCall call;
  call.a = a.data, call.a_row = a.outer_stride, call.a_step = a.step_stride;
  call.steps = pass.steps;
  std::int32_t* sums = pass.by_row + first;
  std::fill(sums, sums + rows, 0);
  quads_->row_sums(call, rows, a_signed_, sums);
  for (Index i = 0; i < rows; ++i) sums[i] = times(-ob_, sums[i]);
}

void ByteOffsets::add_column(const Pass& pass, const kernels::TileSet& tiles, const PanelView& b, Index first,
                             Index cols) const {
  if (oa_ == 0) return;
  std::int32_t* by_col = pass.by_col + first;
  kernels::TileCall call;  // the columns' sums are the product with a row of ones
  call.steps = pass.steps;
  call.a = pass.ones, call.a_step = 4;
  call.b = b.data, call.b_step = b.step_stride;
  call.c = by_col;
  call.rows = 1, call.cols = cols;
  call.zero = true;
  tiles.run[(cols - 1) / tiles.lanes][0](call);
  const std::int32_t constant = times(times(oa_, ob_), pass.k);
  for (Index j = 0; j < cols; ++j) by_col[j] = plus(times(-oa_, by_col[j]), constant);
}

void ByteOffsets::add(const Pass& pass, void* c, Index c_row, Index rows, Index cols) const {
  if (!any()) return;
  quads_->add(c, c_row, rows, cols, ob_ != 0 ? pass.by_row : nullptr, oa_ != 0 ? pass.by_col : nullptr);
}

}  // namespace septet::detail
