// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "dense_operand.hpp"

#include "element.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace septet::detail {
namespace {

using kernels::Packed;
using kernels::PanelCall;

DenseOperand operand(const ConstMatrix& x, Index outer, Index k, Index outer_stride, Index k_stride, int zero_point) {
  const Index size = size_of(x.type);
  // The stride of a single row or column may be anything, and says nothing.
  const auto bytes = [&](Index count, Index stride) { return count > 1 ? stride * size : size; };
  return {
      static_cast<const char*>(x.data), x.type, outer, k, bytes(outer, outer_stride), bytes(k, k_stride), zero_point};
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

// For rows of bf16 and f16 side by side; null: element by element.
kernels::WidenRow row_widener(Type type) {
  if (!is_narrow_float(type)) return nullptr;
  const kernels::KernelSet& set = kernels::kernel_set(kernels::Arithmetic::f32_fused);
  return type == Type::bf16 ? set.widen_bf16 : set.widen_f16;
}

bool is_kernel_type(Type type, Packed packed) {
  if (packed == Packed::s8) return type == Type::s8 || type == Type::u8;
  return type == (packed == Packed::f32 ? Type::f32 : packed == Packed::f64 ? Type::f64 : Type::s16);
}

// The groups of `call` from panels, copied as they are; or element by element, widened, with k contiguous.
template <class T>
void widen_panels(const DenseOperand& from, Index outer0, Index k0, PanelCall& call, char* wide) {
  using Wide = PackedElement<T>;
  Wide* to = reinterpret_cast<Wide*>(wide);
  const DensePanels panels = from.geometry();
  for (Index i = 0; i < call.outer; ++i) {
    for (Index k = 0; k < call.k; ++k) {
      const char* element = from.data + panels.offset(outer0 + i, k0 + k);
      *to++ = packed_element(*reinterpret_cast<const T*>(element), from.zero_point);
    }
  }
  call.from = wide;
  call.outer_stride = call.k * static_cast<Index>(sizeof(Wide)), call.k_stride = sizeof(Wide);
}

void copy_groups(const PanelView& from, Index unit, const PanelCall& call, Index steps) {
  char* to = static_cast<char*>(call.to);
  if (call.width == 1 && unit == 4) {  // a row of quads
    for (Index s = 0; s < steps; ++s) std::memcpy(to + s * 4, from.data + s * from.step_stride, 4);
    return;
  }
  for (Index s = 0; s < steps; ++s, to += call.width * unit) {
    std::memcpy(to, from.data + s * from.step_stride, static_cast<std::size_t>(call.outer * unit));
    std::memset(to + call.outer * unit, 0, static_cast<std::size_t>((call.width - call.outer) * unit));
  }
}

}  // namespace

DenseOperand DenseOperand::rows_of(const ConstMatrix& a, int zero_point) {
  return operand(a, a.rows, a.cols, a.row_stride, a.col_stride, zero_point);
}
DenseOperand DenseOperand::columns_of(const ConstMatrix& b, int zero_point) {
  return operand(b, b.cols, b.rows, b.col_stride, b.row_stride, zero_point);
}
DenseOperand DenseOperand::packed(const PackedStorage& packed) {
  const DensePanels panels = packed.panels();
  return {reinterpret_cast<const char*>(packed.bytes.data()),
          packed.type,
          panels.outer,
          panels.k,
          0,
          0,
          packed.options.zero_point,
          true};
}

bool DenseOperand::widened(Packed packed_as) const { return !is_kernel_type(type, packed_as); }

bool DenseOperand::readable(Packed packed_as, bool contiguous) const {
  if (widened(packed_as)) return false;
  if (panels) return true;
  const Index group = steps_per_group(packed_as);
  if (group > 1) return !contiguous && k_stride == size_of(type) && k % group == 0;
  return !contiguous || outer_stride == size_of(type);
}

PanelView DenseOperand::panel_view(Index outer0, Index k0) const {
  const DensePanels p = geometry();
  return {data + p.offset(outer0, k0), p.unit(), p.rows(outer0 / p.height()) * p.unit()};
}

void DenseOperand::pack(void (*pack_panel)(const PanelCall&), Packed packed_as, Index outer0, Index count, Index step0,
                        Index steps, Index width, char* panel, char* wide) const {
  const Index group = steps_per_group(packed_as), unit = group * bytes_of(packed_as);
  PanelCall call;
  call.outer = count;
  call.k = std::clamp<Index>(k - step0 * group, 0, steps * group);  // nothing, where padding begins
  call.to = panel;
  call.width = width;
  if (const Index there = ceil_div(call.k, group); there < steps) {  // zeros change no sum
    std::memset(panel + there * width * unit, 0, static_cast<std::size_t>((steps - there) * width * unit));
    steps = there;
  }
  if (panels && !widened(packed_as)) {
    return copy_groups(view(packed_as, outer0, step0), unit, call, steps);
  }
  if (const kernels::WidenRow widen_row = panels ? nullptr : row_widener(type); widen_row != nullptr) {
    const char* from = data + outer0 * outer_stride + step0 * k_stride;
    float* to = reinterpret_cast<float*>(panel);
    if (width == 1 && k_stride == size_of(type)) {
      return widen_row(from, call.k, to);
    }
    if (contiguous()) {
      for (Index i = 0; i < call.k; ++i, from += k_stride, to += width) {
        widen_row(from, count, to);
        std::fill(to + count, to + width, 0.0f);
      }
      return;
    }
  }
  with_type(type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    if (panels) return widen_panels<T>(*this, outer0, step0 * group, call, wide);
    call.from = data + outer0 * outer_stride + step0 * group * k_stride;
    call.outer_stride = outer_stride, call.k_stride = k_stride;
    if (widened(packed_as)) widen<T>(call, zero_point, wide);
  });
  pack_panel(call);
}

}  // namespace septet::detail
