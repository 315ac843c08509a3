// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The arrangement of a convolution's weights for its data gradient: every element of the window in its place, once.
#include "src/network/sub_pixel.hpp"

#include "support/generators.hpp"

#include <doctest/doctest.h>

namespace septet::network {
namespace {

using namespace septet::support;

// By the definition: element i of the window at output p lies at p * stride - pad + i * dilation.
void check_axis(const SubPixelAxis& axis, Index elements, Index stride, Index dilation, Index pad) {
  CHECK(axis.phases == stride);
  Index seen = 0;
  for (Index phase = 0; phase < axis.phases; ++phase) {
    for (Index t = 0; t < axis.offsets; ++t) {
      const auto i = axis.tap(phase, t);
      if (!i) continue;
      ++seen;
      const Index u = 7, p = u + axis.first_offset + t * axis.step;  // any place
      CHECK(p * stride - pad + *i * dilation == u * stride + phase);
    }
  }
  CHECK(seen == elements);  // each has one place: i * dilation - pad decides the phase, and then the offset
}

// Is there an element at the first and at the last offset? Else there are too many.
bool is_tight(const SubPixelAxis& axis) {
  bool first = false, last = false;
  for (Index phase = 0; phase < axis.phases; ++phase) {
    first = first || axis.tap(phase, 0), last = last || axis.tap(phase, axis.offsets - 1);
  }
  return first && last;
}

}  // namespace

TEST_CASE("every element of a window has one phase and one offset") {
  Rng rng(1);
  for (int problem = 0; problem < problem_count(2000); ++problem) {
    const Index elements = rng.between(1, 8), stride = rng.between(1, 5), dilation = rng.between(1, 4),
                pad = rng.between(0, 12);
    INFO(elements << " elements, stride " << stride << ", dilation " << dilation << ", padding " << pad);
    const SubPixelAxis axis = sub_pixel_axis(elements, stride, dilation, pad);
    check_axis(axis, elements, stride, dilation, pad);
    CHECK(is_tight(axis));
    Index in_phases = 0;  // phase by phase nothing is empty
    for (Index phase = 0; phase < stride; ++phase) {
      const SubPixelAxis one = sub_pixel_axis(elements, stride, dilation, pad, phase, 1);
      for (Index t = 0; t < one.offsets; ++t) CHECK(one.tap(0, t).has_value());
      in_phases += one.offsets;
    }
    CHECK(in_phases == elements);
  }
}

TEST_CASE("the offsets of usual layers") {
  CHECK(sub_pixel_axis(3, 1, 1, 1).offsets == 3);
  CHECK(sub_pixel_axis(3, 2, 1, 1).offsets == 2);
  CHECK(sub_pixel_axis(7, 2, 1, 3).offsets == 4);
  CHECK(sub_pixel_axis(1, 2, 1, 0).offsets == 1);
  const SubPixelAxis dilated = sub_pixel_axis(3, 1, 2, 2);  // as many as there are elements, two apart
  CHECK(dilated.offsets == 3);
  CHECK(dilated.step == 2);
}

TEST_CASE("an input smaller than the stride has as many phases as rows") {
  Window w;
  w.height = w.width = 3, w.stride_h = w.stride_w = 1000, w.pad_top = w.pad_bottom = 1;
  const SubPixel form = sub_pixel(w, 2, 5);
  CHECK(form.phases() == 2 * 5);
  CHECK(form.out_height == 1);
  CHECK(form.out_width == 1);
  w.height = 1;  // at the border alone: there is no row that it meets
  CHECK(sub_pixel(w, 2, 5).phases() == 1000 * 5);
}

TEST_CASE("weights in sub-pixel form: each once, zero points elsewhere") {
  Window w;
  w.height = w.width = 3, w.stride_h = w.stride_w = 2, w.pad_top = w.pad_left = w.pad_bottom = w.pad_right = 1;
  const Index groups = 2, outputs = 3, channels = 2;
  Tensor weight({"w", Type::u8, {groups * outputs, 3, 3, channels}, {0.5f, 255}});
  for (Index i = 0; i < weight.info().elements(); ++i) weight.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(i);
  const SubPixel form = sub_pixel(w, 6, 5);
  CHECK(form.out_height == 3);
  CHECK(form.out_width == 3);
  CHECK(form.window.out_height(w.out_height(6)) == 3);
  CHECK(form.window.out_width(w.out_width(5)) == 3);
  const Tensor arranged = sub_pixel_weights(form, weight, groups);
  CHECK(arranged.info().shape == std::vector<Index>{groups * 4 * channels, 2, 2, outputs});
  CHECK(arranged.info().quantisation.zero_point == 255);
  std::vector<int> seen(256, 0);
  for (Index i = 0; i < arranged.info().elements(); ++i) ++seen[arranged.as<std::uint8_t>()[i]];
  for (Index i = 0; i < weight.info().elements(); ++i) CHECK(seen[static_cast<std::size_t>(i)] == 1);
  CHECK(seen[255] == arranged.info().elements() - weight.info().elements());
  // Row 2 u + 1 of x lies under element 2 of output u's window, and under element 0 of output u + 1's.
  const auto at = [&](Index row, Index a, Index b, Index o) {
    return arranged.as<std::uint8_t>()[((row * 2 + a) * 2 + b) * outputs + o];
  };
  const Index group = 1, c = 1, o = 2, row = (group * 4 + 3) * channels + c;  // phase (1, 1)
  const auto of = [&](Index i, Index j) {
    return weight.as<std::uint8_t>()[(((group * outputs + o) * 3 + i) * 3 + j) * channels + c];
  };
  CHECK(at(row, 0, 0, o) == of(2, 2));
  CHECK(at(row, 0, 1, o) == of(2, 0));
  CHECK(at(row, 1, 1, o) == of(0, 0));
}

}  // namespace septet::network
