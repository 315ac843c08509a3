// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "validate_epilogue.hpp"

#include "overlap.hpp"
#include "validate.hpp"

#include <cmath>
#include <limits>
#include <sstream>
#include <string>

namespace septet::detail {
namespace {

constexpr int kLowestShift = -31, kHighestShift = 30;

template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// One m x n operand of the given type, or none.
Status validate_operand(const ConstMatrix& view, Type type, const Matrix& c, const char* argument) {
  if (view.data == nullptr) return {};
  if (Status status = validate_view(view, argument); !status.ok()) return status;
  if (view.type != type) return {Cause::bad_type, argument, text("is ", name(view.type), ", not ", name(type))};
  if (view.rows == c.rows && view.cols == c.cols) return {};
  return {Cause::bad_shape, argument,
          text("is ", view.rows, " x ", view.cols, ", the other operands need ", c.rows, " x ", c.cols)};
}

// Every element of a validated view that may have strides of 0: f(value, row, column) says whether it is fine.
template <class T, class F>
bool all_of(const ConstMatrix& view, F&& f) {
  const Index rows = view.row_stride == 0 ? std::min<Index>(view.rows, 1) : view.rows;
  const Index cols = view.col_stride == 0 ? std::min<Index>(view.cols, 1) : view.cols;
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < cols; ++j) {
      if (!f(static_cast<const T*>(view.data)[i * view.row_stride + j * view.col_stride], i, j)) return false;
    }
  }
  return true;
}

Status validate_shifts(const ConstMatrix& shift) {
  Status status;
  if (shift.data == nullptr) return status;
  all_of<std::int32_t>(shift, [&](std::int32_t value, Index i, Index j) {
    if (value >= kLowestShift && value <= kHighestShift) return true;
    status = {Cause::bad_option, "options.epilogue.requantise.shift",
              text(value, " at row ", i, ", column ", j, " is outside ", kLowestShift, " to ", kHighestShift)};
    return false;
  });
  return status;
}

Status validate_scales(const ConstMatrix& scale) {
  Status status;
  if (scale.data == nullptr) return status;
  all_of<float>(scale, [&](float value, Index i, Index j) {
    if (std::isfinite(value)) return true;
    status = {Cause::bad_option, "options.epilogue.requantise.scale",
              text(value, " at row ", i, ", column ", j, " is not finite")};
    return false;
  });
  return status;
}

// The numbers of a requantisation.
Status validate_output(const Requantise& r, Type type) {
  constexpr int kLowest = std::numeric_limits<int>::min(), kHighest = std::numeric_limits<int>::max();
  Requantise whole = r;
  whole.low = kLowest, whole.high = kHighest;
  const OutputRange range = output_range(whole, type);
  const auto outside = [&](int value, const char* argument) -> Status {
    return {Cause::bad_option, argument, text(value, " is outside ", name(type))};
  };
  const auto within = [&](int value) { return value >= range.low && value <= range.high; };
  if (!within(r.zero_point)) return outside(r.zero_point, "options.epilogue.requantise.zero_point");
  if (r.low != kLowest && !within(r.low)) return outside(r.low, "options.epilogue.requantise.low");
  if (r.high != kHighest && !within(r.high)) return outside(r.high, "options.epilogue.requantise.high");
  if (r.low > r.high) {
    return {Cause::bad_option, "options.epilogue.requantise.low", text(r.low, " is above high, ", r.high)};
  }
  if (r.overflow == Overflow::wrap && (r.low != kLowest || r.high != kHighest)) {
    return {Cause::bad_option, "options.epilogue.requantise.overflow", "wrap has no bounds of its own"};
  }
  return {};
}

Status validate_requantise(const Matrix& c, const GemmOptions& options) {
  const Requantise& r = options.epilogue.requantise;
  if (r.rounding > Rounding::single_half_even) {
    return {Cause::bad_option, "options.epilogue.requantise.rounding", "is none of the named ones"};
  }
  const bool by_scale = r.rounding == Rounding::fp32_nearest_even;
  if (by_scale && (r.multiplier.data != nullptr || r.shift.data != nullptr)) {
    return {Cause::bad_option, "options.epilogue.requantise.multiplier", "fp32_nearest_even takes a scale instead"};
  }
  if (!by_scale && r.scale.data != nullptr) {
    return {Cause::bad_option, "options.epilogue.requantise.scale", "only fp32_nearest_even takes one"};
  }
  if (options.beta != 0) return {Cause::bad_option, "options.beta", "a requantised output needs beta = 0"};
  Status status = validate_operand(r.multiplier, Type::s32, c, "options.epilogue.requantise.multiplier");
  if (status.ok()) status = validate_operand(r.shift, Type::s32, c, "options.epilogue.requantise.shift");
  if (status.ok()) status = validate_operand(r.scale, Type::f32, c, "options.epilogue.requantise.scale");
  if (status.ok()) status = validate_output(r, c.type);
  if (status.ok()) status = validate_shifts(r.shift);
  if (status.ok()) status = validate_scales(r.scale);
  return status;
}

}  // namespace

OutputRange output_range(const Requantise& requantise, Type type) {
  const OutputRange range = type == Type::u8   ? OutputRange{0, 255}
                            : type == Type::s8 ? OutputRange{-128, 127}
                                               : OutputRange{-32768, 32767};
  return {std::max(range.low, requantise.low), std::min(range.high, requantise.high)};
}

bool is_requantised(Type type) { return type == Type::s8 || type == Type::u8 || type == Type::s16; }

Status validate_epilogue(Type accumulator, const Matrix& c, const GemmOptions& options) {
  const Epilogue& e = options.epilogue;
  if (e.requantise.enabled()) {
    if (accumulator != Type::s32) {
      return {Cause::bad_option, "options.epilogue.requantise", text("sums of ", name(accumulator), " are not")};
    }
    if (!is_requantised(c.type)) {
      return {Cause::bad_type, "c", text("is ", name(c.type), ", a requantised output is s8, u8 or s16")};
    }
    if (Status status = validate_requantise(c, options); !status.ok()) return status;
  } else if (e.requantise.shift.data != nullptr) {
    return {Cause::bad_option, "options.epilogue.requantise.shift", "needs a multiplier"};
  }
  if (e.activation > Activation::tanh) {
    return {Cause::bad_option, "options.epilogue.activation", "is none of the named ones"};
  }
  if (accumulator == Type::s32) {
    if (e.scale.data != nullptr) {
      return {Cause::bad_option, "options.epilogue.scale", "sums of s32 are scaled by requantise"};
    }
    if (e.activation != Activation::none && e.activation != Activation::relu) {
      return {Cause::bad_option, "options.epilogue.activation", "sums of s32 have relu alone"};
    }
  }
  Status status = validate_operand(e.scale, accumulator, c, "options.epilogue.scale");
  if (status.ok()) status = validate_operand(e.bias, accumulator, c, "options.epilogue.bias");
  if (status.ok()) status = validate_operand(e.residual, accumulator, c, "options.epilogue.residual");
  return status;
}

Status validate_epilogue_overlap(const RepeatedView& c, const Epilogue& epilogue, const char* argument) {
  const struct {
    const ConstMatrix& view;
    const char* name;
  } operands[] = {{epilogue.scale, "scale"},
                  {epilogue.bias, "bias"},
                  {epilogue.residual, "residual"},
                  {epilogue.requantise.multiplier, "requantise.multiplier"},
                  {epilogue.requantise.shift, "requantise.shift"},
                  {epilogue.requantise.scale, "requantise.scale"}};
  for (const auto& operand : operands) {
    if (operand.view.data != nullptr && overlaps(c, {operand.view, 1, 0})) {
      return {Cause::overlap, argument, text("shares elements with options.epilogue.", operand.name)};
    }
  }
  return {};
}

}  // namespace septet::detail
