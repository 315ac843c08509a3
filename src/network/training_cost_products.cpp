// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The gradients of products, as products.
#include "src/element.hpp"
#include "sub_pixel.hpp"
#include "training_cost_parts.hpp"

#include <algorithm>
#include <cstring>

namespace septet::network {
namespace {

Index check(const Layer& layer, std::initializer_list<Index> factors) { return checked_product(layer.name, factors); }

TrainingLayer gradient_of(const Layer& forward, Pass pass, const Product& product) {
  TrainingLayer gradient;
  gradient.pass = pass;
  gradient.layer.name = forward.name + " " + name(pass), gradient.layer.op = name(pass);
  gradient.layer.product = product, gradient.layer.repeats = forward.repeats;
  gradient.layer.a_type = gradient.layer.b_type = forward.b_type;
  gradient.macs = check(forward, {forward.product.macs(), forward.repeats});
  check(forward, {product.m, product.n, product.k, product.count, forward.repeats});
  return gradient;
}

void set_zero_inserted(const Layer& forward, const Product& product, Index channels, TrainingLayer& gradient) {
  check(forward, {product.m, product.n, product.k, product.count, forward.repeats});
  gradient.zero_inserted = product, gradient.channels = channels;
  const auto& shape = forward.convolution;
  gradient.strided = shape && (shape->window.stride_h > 1 || shape->window.stride_w > 1);
}

// Of the forward product's weights: patterns of A, one after the other; no data: all elements are there.
class Pattern {
 public:
  Pattern(const Layer& forward, const ConvolutionShape& shape, const SubPixel& form)
      : forward_(forward),
        form_(form),
        inputs_(shape.inputs / shape.groups),
        outputs_(shape.outputs / shape.groups),
        rows_(check(forward, {form.phases(), inputs_})),
        cols_(check(forward, {form.offsets(), outputs_})) {}

  void give(Layer& gradient) const {
    const bool shared = forward_.weights.data == nullptr || forward_.weights_stride == 0;
    const Index patterns = shared ? 1 : forward_.product.count, elements = check(forward_, {rows_, cols_});
    if (check(forward_, {patterns, elements}) > kMostGradientElements)
      fail(forward_, "the pattern of its data gradient is too large");
    const Index bytes = size_of(gradient.a_type);
    const auto memory = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(patterns * elements * bytes));
    for (Index i = 0; i < patterns; ++i) mark(i, memory->data() + i * elements * bytes, bytes);
    gradient.weights = ConstMatrix(memory->data(), gradient.a_type, rows_, cols_, cols_, 1);
    gradient.weights_stride = shared ? 0 : elements;
    gradient.weights_owner = memory;
  }

 private:
  // Elements of product i that are no zeros get some value.
  void mark(Index product, std::byte* to, Index bytes) const {
    const SubPixelAxis &rows = form_.rows, &columns = form_.columns;
    for (Index row = 0; row < rows_; ++row) {
      const Index phase = row / inputs_, input = row % inputs_;
      for (Index t = 0; t < form_.offsets(); ++t) {
        const auto i = rows.tap(phase / columns.phases, t / columns.offsets);
        const auto j = columns.tap(phase % columns.phases, t % columns.offsets);
        if (!i || !j) continue;
        const Index k = (*i * columns.elements + *j) * inputs_ + input;
        for (Index o = 0; o < outputs_; ++o) {
          std::byte* element = to + (row * cols_ + t * outputs_ + o) * bytes;
          if (is_weight(product, o, k)) std::memset(element, 1, static_cast<std::size_t>(bytes));
        }
      }
    }
  }
  // Is there a number other than zero?
  bool is_weight(Index product, Index output, Index k) const {
    const ConstMatrix& w = forward_.weights;
    if (w.data == nullptr) return true;
    const Index at = product * forward_.weights_stride + output * w.row_stride + k * w.col_stride;
    return detail::with_type(w.type, [&](auto* tag) {
      using T = std::remove_pointer_t<decltype(tag)>;
      return !detail::is_zero(static_cast<const T*>(w.data)[at], forward_.zero_point);
    });
  }

  const Layer& forward_;
  const SubPixel& form_;
  Index inputs_, outputs_, rows_, cols_;
};

// The weights' pattern, as A has it. Of a window of one element at every place A is the weights themselves, turned.
void give_pattern(const Layer& forward, const ConvolutionShape& shape, const SubPixel& form, Layer& gradient) {
  const ConstMatrix& w = forward.weights;
  if (w.data == nullptr && form.phases() == 1) return;  // dense: every offset has its element
  if (w.data == nullptr || !is_pointwise(shape.window)) return Pattern(forward, shape, form).give(gradient);
  gradient.weights = ConstMatrix(w.data, w.type, w.cols, w.rows, w.col_stride, w.row_stride);
  gradient.weights_stride = forward.weights_stride, gradient.weights_owner = forward.weights_owner;
  gradient.zero_point = forward.zero_point;
}

// Finding the offsets takes a stride times a window.
SubPixel form_of(const Layer& layer, const ConvolutionShape& shape) {
  const Window& w = shape.window;
  if (std::max(check(layer, {w.stride_h, w.height}), check(layer, {w.stride_w, w.width})) > kMostGradientElements) {
    fail(layer, "stride and window are too large");
  }
  return sub_pixel(w, shape.in_height, shape.in_width);
}

}  // namespace

bool is_pointwise(const Window& window) {
  return window.height == 1 && window.width == 1 && window.stride_h == 1 && window.stride_w == 1;
}

void fail(const Layer& layer, const std::string& message) { throw Error({Cause::bad_shape, layer.name, message}); }

Index checked_product(const std::string& layer, std::initializer_list<Index> factors) {
  Index product = 1;
  for (const Index factor : factors) {
    if (__builtin_mul_overflow(product, factor, &product))
      throw Error({Cause::bad_shape, layer, "counts beyond 64 bits"});
  }
  return product;
}

TrainingLayer data_gradient(const Layer& layer) {
  const ConvolutionShape& shape = *layer.convolution;
  const Index inputs = shape.inputs / shape.groups, outputs = shape.outputs / shape.groups;
  const Index count = layer.product.count, taps = check(layer, {shape.window.height, shape.window.width});
  const SubPixel form = form_of(layer, shape);
  const Product product = {check(layer, {form.phases(), inputs}),
                           check(layer, {shape.batch, form.out_height, form.out_width}),
                           check(layer, {form.offsets(), outputs}), count};
  TrainingLayer gradient = gradient_of(layer, Pass::data_gradient, product);
  gradient.layer.a_type = layer.a_type;
  gradient.layer.prunable = layer.prunable, gradient.layer.data_gradient_of = shape;
  give_pattern(layer, shape, form, gradient.layer);
  gradient.layer.joinable = layer.joinable && gradient.layer.weights_stride != 0;
  set_zero_inserted(
      layer,
      {inputs, check(layer, {shape.batch, shape.in_height, shape.in_width}), check(layer, {taps, outputs}), count},
      outputs, gradient);
  return gradient;
}

TrainingLayer weight_gradient(const Layer& layer) {
  const ConvolutionShape& shape = *layer.convolution;
  const Window& w = shape.window;
  const Product& p = layer.product;
  TrainingLayer gradient = gradient_of(layer, Pass::weight_gradient, {p.m, p.k, p.n, p.count});
  // As a convolution of the images with the dilated gradient.
  const Index height = (shape.out_height() - 1) * w.stride_h + 1, width = (shape.out_width() - 1) * w.stride_w + 1;
  const Index rows = shape.in_height + w.pad_top + w.pad_bottom - height + 1,
              columns = shape.in_width + w.pad_left + w.pad_right - width + 1;
  set_zero_inserted(layer,
                    {p.m, check(layer, {shape.inputs / shape.groups, rows, columns}),
                     check(layer, {shape.batch, height, width}), p.count},
                    shape.batch, gradient);
  return gradient;
}

std::vector<TrainingLayer> operand_gradients(const Layer& layer) {
  const Product& p = layer.product;
  std::vector<TrainingLayer> both;
  for (const Product& product : {Product{p.m, p.k, p.n, p.count}, Product{p.k, p.n, p.m, p.count}}) {
    both.push_back(gradient_of(layer, Pass::data_gradient, product));
    both.back().layer.name += both.size() == 1 ? " x0" : " x1";
    set_zero_inserted(layer, product, product.k, both.back());
  }
  return both;
}

}  // namespace septet::network
