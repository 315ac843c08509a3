// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "sub_pixel.hpp"

#include "share.hpp"

#include <algorithm>
#include <numeric>

namespace septet::network {
namespace {

constexpr Index kBlock = 16;  // of inputs, of outputs: a cache line of f32

// One convolution over dy for the phases of both axes.
SubPixel form_of(const SubPixelAxis& rows, const SubPixelAxis& columns, Index height, Index width,
                 const Window& forward) {
  SubPixel form;
  form.rows = rows, form.columns = columns;
  const auto out = [](const SubPixelAxis& axis, Index size) {
    return (size - axis.first_phase + axis.stride - 1) / axis.stride;
  };
  form.out_height = out(rows, height), form.out_width = out(columns, width);
  Window& w = form.window;
  w.height = rows.offsets, w.width = columns.offsets;
  w.dilation_h = rows.step, w.dilation_w = columns.step;
  w.pad_top = -rows.first_offset, w.pad_left = -columns.first_offset;
  w.pad_bottom = form.out_height - forward.out_height(height) - w.pad_top + w.dilation_h * (w.height - 1);
  w.pad_right = form.out_width - forward.out_width(width) - w.pad_left + w.dilation_w * (w.width - 1);
  return form;
}

// Of the phases that an input of `size` has. Where none of those has an element there is no product: then of all.
SubPixelAxis axis_of(Index size, Index elements, Index stride, Index dilation, Index pad) {
  const SubPixelAxis axis = sub_pixel_axis(elements, stride, dilation, pad, 0, std::min(stride, size));
  return axis.offsets > 0 ? axis : sub_pixel_axis(elements, stride, dilation, pad);
}

// For inputs [c0, c1) of a group, every offset and output: to[(c * offsets + offset) * outputs + o]. A transposition,
// block by block: the elements of a block lie on few cache lines on either side.
template <class T>
void arrange(const SubPixel& form, Index phase, const T* weights, Index outputs, Index channels, Index c0, Index c1,
             T* to) {
  const SubPixelAxis &rows = form.rows, &columns = form.columns;
  const Index window = rows.elements * columns.elements;
  for (Index t = 0; t < form.offsets(); ++t) {
    const auto i = rows.tap(phase / columns.phases, t / columns.offsets);
    const auto j = columns.tap(phase % columns.phases, t % columns.offsets);
    if (!i || !j) continue;
    const T* from = weights + (*i * columns.elements + *j) * channels;
    for (Index o0 = 0; o0 < outputs; o0 += kBlock) {
      const Index o1 = std::min(outputs, o0 + kBlock);
      for (Index c = c0; c < c1; ++c) {
        T* row = to + (c * form.offsets() + t) * outputs;
        for (Index o = o0; o < o1; ++o) row[o] = from[o * window * channels + c];
      }
    }
  }
}

template <class T>
void arrange_all(const SubPixel& form, const Tensor& weight, Index groups, Tensor& arranged) {
  const TensorInfo& info = weight.info();
  const Index outputs = info.dim(0) / groups, channels = info.dim(-1), phases = form.phases();
  const Index blocks = (channels + kBlock - 1) / kBlock, pieces = groups * phases * blocks;
  const auto zero = static_cast<T>(info.quantisation.zero_point);
  if (zero != 0) std::fill_n(arranged.as<T>(), arranged.info().elements(), zero);
  share(pieces, threads_for(pieces, 0, info.elements()), [&](Index piece, int /*worker*/) {
    const Index c0 = piece % blocks * kBlock, part = piece / blocks, group = part / phases;
    arrange(form, part % phases, weight.as<T>() + group * outputs * (info.elements() / info.dim(0)), outputs, channels,
            c0, std::min(channels, c0 + kBlock), arranged.as<T>() + part * channels * form.offsets() * outputs);
  });
}

}  // namespace

std::optional<Index> SubPixelAxis::tap(Index p, Index t) const {
  const Index reach = first_phase + p + pad - stride * (first_offset + t * step);  // dilation * element
  if (reach < 0 || reach % dilation != 0 || reach / dilation >= elements) return {};
  return reach / dilation;
}

SubPixelAxis sub_pixel_axis(Index elements, Index stride, Index dilation, Index pad) {
  return sub_pixel_axis(elements, stride, dilation, pad, 0, stride);
}

SubPixelAxis sub_pixel_axis(Index elements, Index stride, Index dilation, Index pad, Index first_phase, Index phases) {
  SubPixelAxis axis;
  axis.stride = stride, axis.dilation = dilation, axis.pad = pad, axis.elements = elements;
  axis.first_phase = first_phase, axis.phases = phases;
  std::vector<Index> offsets;
  for (Index phase = first_phase; phase < first_phase + phases; ++phase) {
    for (Index i = 0; i < elements; ++i) {
      const Index distance = phase + pad - dilation * i;
      if (distance % stride == 0) offsets.push_back(distance / stride);
    }
  }
  if (offsets.empty()) return axis;
  const auto [first, last] = std::minmax_element(offsets.begin(), offsets.end());
  Index step = 0;
  for (const Index offset : offsets) step = std::gcd(step, offset - *first);
  axis.first_offset = *first, axis.step = std::max<Index>(step, 1);
  axis.offsets = (*last - *first) / axis.step + 1;
  return axis;
}

SubPixel sub_pixel(const Window& w, Index height, Index width) {
  return form_of(axis_of(height, w.height, w.stride_h, w.dilation_h, w.pad_top),
                 axis_of(width, w.width, w.stride_w, w.dilation_w, w.pad_left), height, width, w);
}

std::vector<SubPixel> sub_pixel_phases(const Window& w, Index height, Index width) {
  std::vector<SubPixel> forms;
  for (Index r = 0; r < std::min(w.stride_h, height); ++r) {
    for (Index q = 0; q < std::min(w.stride_w, width); ++q) {
      const SubPixelAxis rows = sub_pixel_axis(w.height, w.stride_h, w.dilation_h, w.pad_top, r, 1);
      const SubPixelAxis columns = sub_pixel_axis(w.width, w.stride_w, w.dilation_w, w.pad_left, q, 1);
      if (rows.offsets > 0 && columns.offsets > 0) forms.push_back(form_of(rows, columns, height, width, w));
    }
  }
  return forms;
}

Tensor sub_pixel_weights(const SubPixel& form, const Tensor& weight, Index groups) {
  const TensorInfo& info = weight.info();
  Tensor arranged(
      {info.name,
       info.type,
       {groups * form.phases() * info.dim(-1), form.rows.offsets, form.columns.offsets, info.dim(0) / groups},
       info.quantisation});
  if (info.type == Type::f32) {
    arrange_all<float>(form, weight, groups, arranged);
  } else {
    arrange_all<std::uint8_t>(form, weight, groups, arranged);
  }
  return arranged;
}

}  // namespace septet::network
