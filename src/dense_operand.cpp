// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "dense_operand.hpp"

#include "element.hpp"

#include <algorithm>
#include <cstdlib>

namespace septet::detail {
namespace {

using kernels::Packed;
using kernels::PanelCall;

DenseOperand operand(const ConstMatrix& x, Index outer, Index k, Index outer_stride, Index k_stride, int zero_point) {
  const Index size = size_of(x.type);
  return {static_cast<const char*>(x.data), x.type, outer, k, outer_stride * size, k_stride * size, zero_point};
}

// Elements of [outer][k] of `call` widened to what the kernels multiply, in the order in which they lie in memory.
// `call` then reads those.
template <class T>
void widen(PanelCall& call, int zero_point, char* wide) {
  using Wide = PackedElement<T>;
  Wide* to = reinterpret_cast<Wide*>(wide);
  const char* from = static_cast<const char*>(call.from);
  const bool along_k = std::abs(call.k_stride) <= std::abs(call.outer_stride);
  const Index lines = along_k ? call.outer : call.k, length = along_k ? call.k : call.outer;
  const Index line_stride = along_k ? call.outer_stride : call.k_stride;
  const Index stride = along_k ? call.k_stride : call.outer_stride;
  for (Index i = 0; i < lines; ++i) {
    const char* line = from + i * line_stride;
    for (Index j = 0; j < length; ++j) {
      *to++ = packed_element(*reinterpret_cast<const T*>(line + j * stride), zero_point);
    }
  }
  const Index size = sizeof(Wide);
  call.from = wide;
  call.outer_stride = along_k ? length * size : size;
  call.k_stride = along_k ? size : length * size;
}

bool is_kernel_type(Type type, Packed packed) {
  return type == (packed == Packed::f32 ? Type::f32 : packed == Packed::f64 ? Type::f64 : Type::s16);
}

}  // namespace

DenseOperand DenseOperand::rows_of(const ConstMatrix& a, int zero_point) {
  return operand(a, a.rows, a.cols, a.row_stride, a.col_stride, zero_point);
}
DenseOperand DenseOperand::columns_of(const ConstMatrix& b, int zero_point) {
  return operand(b, b.cols, b.rows, b.col_stride, b.row_stride, zero_point);
}

bool DenseOperand::widened(Packed packed) const { return !is_kernel_type(type, packed); }

bool DenseOperand::readable(Packed packed, bool contiguous) const {
  if (widened(packed)) return false;
  const Index group = steps_per_group(packed);
  if (group > 1) return !contiguous && k_stride == size_of(type) && k % group == 0;
  return !contiguous || outer_stride == size_of(type);
}

PanelView DenseOperand::view(Packed packed, Index outer0, Index step0) const {
  const Index step = steps_per_group(packed) * k_stride;
  return {data + outer0 * outer_stride + step0 * step, outer_stride, step};
}

PanelView DenseOperand::pack(const kernels::KernelSet& set, Packed packed, Index outer0, Index count, Index step0,
                             Index steps, Index width, char* panel, char* wide) const {
  const Index group = steps_per_group(packed), unit = group * bytes_of(packed);
  PanelCall call;
  call.from = data + outer0 * outer_stride + step0 * group * k_stride;
  call.outer_stride = outer_stride, call.k_stride = k_stride;
  call.outer = count;
  call.k = std::min(steps * group, k - step0 * group);
  call.to = panel;
  call.width = width;
  if (widened(packed)) {
    with_type(type, [&](auto* tag) { widen<std::remove_pointer_t<decltype(tag)>>(call, zero_point, wide); });
  }
  set.pack(call);
  return {panel, unit, width * unit};
}

}  // namespace septet::detail
