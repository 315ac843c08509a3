// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "validate_step.hpp"

#include "septet/network/quantisation.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <sstream>

namespace septet::network {
namespace {

using Shape = std::vector<Index>;

constexpr Index kLargestNumber = std::numeric_limits<std::int32_t>::max();
constexpr Index kLargestIntegerWindow = Index{1} << 23;  // sums of so many bytes are an s32
constexpr int kLowestShift = -31, kHighestShift = 30;    // Requantise's

template <class... Parts>
[[noreturn]] void refuse(Cause cause, const std::string& argument, const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error({cause, argument, text.str()});
}

std::string describe(const Shape& shape) {
  std::string text = "[";
  for (const Index size : shape) text += (text.size() == 1 ? "" : ", ") + std::to_string(size);
  return text + "]";
}

bool is_quantised(Type type) { return type == Type::s8 || type == Type::u8; }

std::size_t inputs_of(const Operator& op) {
  const bool two =
      std::holds_alternative<MatMul>(op) || std::holds_alternative<EmbeddingBag>(op) || std::holds_alternative<Add>(op);
  return two ? 2 : 1;
}

// Is a list of matrices that of another, but with dimensions of 1, or fewer, before a matrix's own two?
bool repeats(const Shape& shape, const Shape& all) {
  if (shape.size() > all.size()) return false;
  for (std::size_t i = 1; i <= shape.size(); ++i) {
    const Index size = shape[shape.size() - i];
    if (size != all[all.size() - i] && (i <= 2 || size != 1)) return false;
  }
  return true;
}

// Is there an element under each position of a window that slides along one dimension?
bool always_touches(Index outputs, Index stride, Index pad, Index elements, Index dilation, Index in) {
  for (Index p = 0; p < outputs; ++p) {
    const Index start = p * stride - pad;
    const Index first = start >= 0 ? 0 : (-start + dilation - 1) / dilation;  // element of the window
    if (first >= elements || start + first * dilation >= in) return false;
  }
  return true;
}

class StepRules {
 public:
  StepRules(const Network& network, const Step& step, const std::string& argument)
      : network_(network), step_(step), argument_(argument) {}

  void operator()(const Convolution& op) const {
    need_image(x(), "input");
    const Index channels = x().dim(3);
    need(op.groups >= 1 && channels % op.groups == 0, Cause::bad_shape, op.groups, " groups of ", channels,
         " channels");
    need_weight(op.linear);
    const Index outputs = op.linear.outputs();
    need(outputs % op.groups == 0, Cause::bad_shape, op.groups, " groups of ", outputs, " outputs");
    need_shape(op.linear.weight->info(), {outputs, op.window.height, op.window.width, channels / op.groups}, "weight");
    need_window(op.window, outputs);
    need_linear(op.linear);
  }

  void operator()(const FullyConnected& op) const {
    need_weight(op.linear);
    const Index outputs = op.linear.outputs(), k = op.linear.weight->info().elements() / outputs;
    Index row = 1;  // of the last dimensions of x
    for (std::size_t i = x().shape.size(); i > 0 && row < k; --i) row *= x().shape[i - 1];
    need(row == k, Cause::bad_shape, "an input ", network::describe(x()), " has no rows of ", k,
         ", which the weights take");
    const Index rows = x().elements() / k;
    need(y().dim(-1) == outputs && y().elements() == rows * outputs, Cause::bad_shape, "the output is ",
         network::describe(y()), ", not ", rows, " times ", outputs);
    need_linear(op.linear);
  }

  void operator()(const MatMul& op) const {
    const bool quantised = is_quantised(y().type);
    for (const TensorInfo* info : {&x(), &x(1), &y()}) {
      if (quantised) {
        need_type(*info, {Type::s8, Type::u8});
      } else {
        need_type(*info, {Type::f32});
      }
      need_scale(*info);
      need(info->shape.size() >= 2, Cause::bad_shape, network::describe(*info), " is no matrix");
    }
    Shape b = x().shape, c = x().shape;
    b[b.size() - 2] = x().dim(-1), b.back() = c.back() = y().dim(-1);
    if (op.transposed) std::swap(b[b.size() - 2], b.back());
    need(repeats(x(1).shape, b), Cause::bad_shape, "the second input is ", network::describe(x(1)), ", not ",
         describe(b));
    need_shape(y(), c, "output");
    need(std::isfinite(op.scale), Cause::bad_option, "its scale is ", op.scale);
    if (!quantised) return;
    need(op.scale == 1, Cause::bad_option, "its scale is ", op.scale, ", of integers");
    need_clamp(op.low, op.high, Activation::none);
    need(op.rounding <= Rounding::single_half_even, Cause::bad_option, "its rounding is none of the named ones");
    const float s0 = x().quantisation.scale, s1 = x(1).quantisation.scale, to = y().quantisation.scale;
    const bool small = nearest_multiplier(factor_of_sums(s0, s1, to, true)).shift <= kHighestShift;
    need(small && std::isfinite(float_factor_of_sums(s0, s1, to)), Cause::bad_option, "scales of ", s0, ", ", s1,
         " and ", to, " are too far apart");
  }

  void operator()(const EmbeddingBag& op) const {
    need(op.table != nullptr, Cause::bad_pointer, "has no table");
    const TensorInfo& table = op.table->info();
    validate_tensor(table, argument_, "its table");
    need_type(table, {Type::f32, Type::f16, Type::u8});
    need(table.shape.size() == 2, Cause::bad_shape, "its table is ", network::describe(table), ", not [rows][columns]");
    const Index width = table.dim(1) - (table.type == Type::u8 ? 8 : 0);  // a scale and a bias
    need(width >= 1, Cause::bad_shape, "its table is ", network::describe(table),
         ": no room for a scale and a bias at the end of a row");
    need_type(x(), {Type::s32});
    need_type(x(1), {Type::s32});
    need_type(y(), {Type::f32});
    need(x().shape.size() == 1, Cause::bad_shape, "the indices are ", network::describe(x()));
    need(x(1).shape.size() == 1 && x(1).dim(0) >= 2, Cause::bad_shape, "the offsets are ", network::describe(x(1)));
    need_shape(y(), {x(1).dim(0) - 1, width}, "output");
    need(op.mode <= EmbeddingBag::Mode::mean, Cause::bad_option, "its mode is neither sum nor mean");
    need(op.sums == Type::f32 || op.sums == Type::f16, Cause::bad_option, "sums of ", septet::name(op.sums));
  }

  void operator()(const MaxPool& op) const { need_pool(op.window, op.low, op.high, op.activation); }
  void operator()(const AveragePool& op) const { need_pool(op.window, op.low, op.high, op.activation); }

  void operator()(const Mean& /*op*/) const {
    need_one_type({Type::f32, Type::s8, Type::u8});
    need_image(x(), "input");
    const Index batch = x().dim(0), channels = x().dim(3);
    need(y().shape == Shape{batch, channels} || y().shape == Shape{batch, 1, 1, channels}, Cause::bad_shape,
         "the output is ", network::describe(y()), ", not ", describe(Shape{batch, channels}));
    need_short_sums(x().dim(1), x().dim(2));
    need_scales();
  }

  void operator()(const Add& op) const {
    need_one_type({Type::f32, Type::s8, Type::u8});
    need_shape(x(1), x().shape, "second input");
    need_shape(y(), x().shape, "output");
    need_clamp(op.low, op.high, op.activation);
    need_scales();
    if (!is_quantised(y().type)) return;
    const float from = std::max(x().quantisation.scale, x(1).quantisation.scale), to = y().quantisation.scale;
    need(double{from} < 0x1p19 * double{to}, Cause::bad_option, "a scale of ", from, " is 2^19 times the output's, ",
         to, ", or more");
  }

  void operator()(const Activate& op) const {
    need_one_type({Type::f32, Type::s8, Type::u8});
    need_shape(y(), x().shape, "output");
    need_activation(op.activation);
    need(!is_quantised(y().type) || op.activation <= Activation::relu6, Cause::bad_type, septet::name(op.activation),
         " of ", septet::name(y().type));
    need_scales();
  }

  void operator()(const BatchNorm& op) const {
    need_one_type({Type::f32});
    need_shape(y(), x().shape, "output");
    need_vector(op.factor.get(), x().dim(-1), "factor");
    need_vector(op.term.get(), x().dim(-1), "term");
  }

  void operator()(const LayerNorm& op) const {
    need_one_type({Type::f32});
    need_shape(y(), x().shape, "output");
    need_vector(op.gamma.get(), x().dim(-1), "gamma");
    need_vector(op.beta.get(), x().dim(-1), "beta");
    need(std::isfinite(op.epsilon) && op.epsilon >= 0, Cause::bad_option, "its epsilon is ", op.epsilon);
  }

  void operator()(const Softmax& op) const {
    need_one_type({Type::f32, Type::s8, Type::u8});
    need_shape(y(), x().shape, "output");
    need(std::isfinite(op.factor) && op.factor > 0, Cause::bad_option, "its factor is ", op.factor);
    need_scales();
    if (!is_quantised(y().type)) return;
    const float steps = x().quantisation.scale;
    need(double{op.factor} * double{steps} > 0x1p-26, Cause::bad_option, "its factor, ", op.factor,
         ", times a scale of ", steps, " is 2^-26 or less");
    const Quantisation& q = y().quantisation;
    need(q.scale == 0x1p-8f && q.zero_point == range_of(y().type).low, Cause::bad_option, "its output is in units of ",
         q.scale, " above ", q.zero_point, ", not of 1/256 above the type's least");
  }

  void operator()(const Quantise& /*op*/) const {
    need_type(x(), {Type::f32, Type::s8, Type::u8});
    need_type(y(), {Type::f32, Type::s8, Type::u8});
    need_shape(y(), x().shape, "output");
    need(is_quantised(x().type) || is_quantised(y().type), Cause::bad_type, "neither side is quantised");
    need_scales();
  }

  void operator()(const Reshape& /*op*/) const {
    need(x().type == y().type, Cause::bad_type, network::describe(x()), " to ", network::describe(y()));
    need(x().elements() == y().elements(), Cause::bad_shape, network::describe(x()), " to ", network::describe(y()));
    need_equal_quantisation();
  }

 private:
  const TensorInfo& tensor(Index i) const { return network_.tensors[static_cast<std::size_t>(i)]; }
  const TensorInfo& x(std::size_t i = 0) const { return tensor(step_.inputs[i]); }
  const TensorInfo& y() const { return tensor(step_.output); }

  template <class... Parts>
  void need(bool holds, Cause cause, const Parts&... parts) const {
    if (!holds) refuse(cause, argument_, parts...);
  }

  void need_type(const TensorInfo& info, std::initializer_list<Type> types) const {
    const bool is_one = std::find(types.begin(), types.end(), info.type) != types.end();
    need(is_one, Cause::bad_type, "takes no \"", info.name, "\" of ", septet::name(info.type));
  }
  // All operands have the same one.
  void need_one_type(std::initializer_list<Type> types) const {
    need_type(y(), types);
    for (std::size_t i = 0; i < step_.inputs.size(); ++i) need_type(x(i), {y().type});
  }
  void need_shape(const TensorInfo& info, const Shape& shape, const char* what) const {
    need(info.shape == shape, Cause::bad_shape, "the ", what, " is ", describe(info.shape), ", not ", describe(shape));
  }
  void need_image(const TensorInfo& info, const char* what) const {
    need(info.shape.size() == 4, Cause::bad_shape, "the ", what, " is ", network::describe(info),
         ", not an image of four dimensions");
  }
  void need_vector(const Tensor* tensor, Index elements, const char* what) const {
    need(tensor != nullptr, Cause::bad_pointer, "has no ", what);
    need_type(tensor->info(), {Type::f32});
    need_shape(tensor->info(), {elements}, what);
  }
  void need_activation(Activation activation) const {
    need(activation <= Activation::tanh, Cause::bad_option, "its activation is none of the named ones");
  }

  // Integers.
  void need_scales() const {
    need_scale(y());
    for (std::size_t i = 0; i < step_.inputs.size(); ++i) {
      need_scale(x(i));
      if (!is_quantised(x(i).type) || !is_quantised(y().type)) continue;
      const float from = x(i).quantisation.scale, to = y().quantisation.scale;
      need(nearest_multiplier(double{from} / double{to}).shift <= kHighestShift, Cause::bad_option, "scales of ", from,
           " and ", to, " are too far apart");
    }
  }
  void need_scale(const TensorInfo& info) const {
    need(!is_quantised(info.type) || info.quantisation.scale > 0, Cause::bad_option, "\"", info.name, "\" of ",
         septet::name(info.type), " has no scale");
  }
  void need_equal_quantisation() const {
    const Quantisation &from = x().quantisation, &to = y().quantisation;
    need(!is_integer(y().type) || (from.scale == to.scale && from.zero_point == to.zero_point), Cause::bad_option,
         "input and output are quantised differently");
  }
  void need_clamp(int low, int high, Activation activation) const {
    need_activation(activation);
    if (!is_quantised(y().type)) return;
    const IntegerRange range = range_of(y().type);
    need(low >= range.low && low <= high && high <= range.high, Cause::bad_option, "clamps to [", low, ", ", high,
         "] of ", septet::name(y().type));
  }
  void need_short_sums(Index height, Index width) const {
    need(!is_quantised(y().type) || height <= kLargestIntegerWindow / width, Cause::bad_shape, "sums ", height, " x ",
         width, " integers, more than 2^23");
  }

  // y is what a window makes of x, with so many channels.
  void need_window(const Window& w, Index channels) const {
    for (const Index number : {w.height, w.width, w.stride_h, w.stride_w, w.dilation_h, w.dilation_w}) {
      need(number >= 1 && number <= kLargestNumber, Cause::bad_option, "a window, stride or dilation of ", number);
    }
    for (const Index pad : {w.pad_top, w.pad_bottom, w.pad_left, w.pad_right}) {
      need(pad >= 0 && pad <= kLargestNumber, Cause::bad_option, "a padding of ", pad);
    }
    need_fit(x().dim(1), w.pad_top + w.pad_bottom, w.height, w.dilation_h, "rows");
    need_fit(x().dim(2), w.pad_left + w.pad_right, w.width, w.dilation_w, "columns");
    need_shape(y(), {x().dim(0), w.out_height(x().dim(1)), w.out_width(x().dim(2)), channels}, "output");
  }
  void need_fit(Index in, Index pad, Index elements, Index dilation, const char* what) const {
    const Index reach = dilation * (elements - 1) + 1;
    need(in <= kLargestNumber && reach <= in + pad, Cause::bad_shape, "a window over ", reach, " ", what, " of ",
         in + pad);
  }
  void need_pool(const Window& w, int low, int high, Activation activation) const {
    need_one_type({Type::f32, Type::s8, Type::u8});
    need_image(x(), "input");
    need_window(w, x().dim(3));
    need(always_touches(y().dim(1), w.stride_h, w.pad_top, w.height, w.dilation_h, x().dim(1)) &&
             always_touches(y().dim(2), w.stride_w, w.pad_left, w.width, w.dilation_w, x().dim(2)),
         Cause::bad_shape, "a window lies in padding alone");
    need_short_sums(w.height, w.width);
    need_clamp(low, high, activation);
    need_equal_quantisation();
  }

  void need_weight(const Linear& linear) const {
    need_type(x(), {Type::f32, Type::s8, Type::u8});
    need(linear.weight != nullptr, Cause::bad_pointer, "has no weights");
    validate_tensor(linear.weight->info(), argument_, "its weight");
    if (is_quantised(x().type)) {
      need_type(linear.weight->info(), {Type::s8, Type::u8});
      need_type(y(), {Type::s8, Type::u8});
    } else {
      need_type(linear.weight->info(), {Type::f32});
      need_type(y(), {Type::f32});
    }
  }
  // Beside the weights.
  void need_linear(const Linear& linear) const {
    const bool quantised = is_quantised(x().type);
    const Index outputs = linear.outputs();
    if (linear.bias != nullptr) {
      need_type(linear.bias->info(), {quantised ? Type::s32 : Type::f32});
      need_shape(linear.bias->info(), {outputs}, "bias");
    }
    const bool by_scale = linear.rounding == Rounding::fp32_nearest_even;
    const std::size_t numbers = quantised && !by_scale ? static_cast<std::size_t>(outputs) : 0;
    const std::size_t scales = quantised && by_scale ? static_cast<std::size_t>(outputs) : 0;
    need(linear.multiplier.size() == numbers && linear.shift.size() == numbers, Cause::bad_shape,
         linear.multiplier.size(), " multipliers and ", linear.shift.size(), " shifts, not ", numbers);
    for (const std::int32_t shift : linear.shift) {
      need(shift >= kLowestShift && shift <= kHighestShift, Cause::bad_option, "a shift of ", shift);
    }
    need(linear.scale.size() == scales, Cause::bad_shape, linear.scale.size(), " scales of sums, not ", scales);
    for (const float scale : linear.scale) {
      need(std::isfinite(scale) && scale >= 0, Cause::bad_option, "a scale of sums of ", scale);
    }
    need(linear.rounding <= Rounding::single_half_even, Cause::bad_option, "its rounding is none of the named ones");
    need_clamp(linear.low, linear.high, linear.activation);
  }

  const Network& network_;
  const Step& step_;
  const std::string& argument_;
};

}  // namespace

std::string describe(const TensorInfo& info) {
  return std::string(septet::name(info.type)) + " " + describe(info.shape);
}

void validate_tensor(const TensorInfo& info, const std::string& argument, const std::string& what) {
  const Type type = info.type;
  if (type != Type::f32 && type != Type::f16 && type != Type::s32 && !is_quantised(type)) {
    refuse(Cause::bad_type, argument, what, " is of ", septet::name(type));
  }
  if (info.shape.empty()) refuse(Cause::bad_shape, argument, what, " has no dimensions");
  Index bytes = size_of(type);
  for (const Index size : info.shape) {
    if (size < 1) refuse(Cause::bad_shape, argument, what, " is ", describe(info.shape));
    if (size > std::numeric_limits<Index>::max() / bytes) {
      refuse(Cause::bad_shape, argument, what, " is ", describe(info.shape), ": too large for 64 bits");
    }
    bytes *= size;
  }
  const Quantisation& q = info.quantisation;
  if (!std::isfinite(q.scale) || q.scale < 0) refuse(Cause::bad_option, argument, what, " has a scale of ", q.scale);
  const IntegerRange range = is_quantised(type) ? range_of(type) : IntegerRange{0, 0};
  if (q.zero_point < range.low || q.zero_point > range.high) {
    refuse(Cause::bad_option, argument, what, " has a zero point of ", q.zero_point, ", which is no ",
           septet::name(type));
  }
}

void validate_step(const Network& network, const Step& step, const std::string& argument) {
  const std::size_t inputs = inputs_of(step.op);
  if (step.inputs.size() != inputs) {
    refuse(Cause::bad_shape, argument, step.inputs.size(), " inputs; ", name(step.op), " has ", inputs);
  }
  std::visit(StepRules(network, step, argument), step.op);
}

}  // namespace septet::network
