// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "linear_epilogue.hpp"

#include "execute_operators.hpp"

namespace septet::network {

LinearTarget::LinearTarget(const Linear& linear, Tensor& y, Tensor* sums)
    : linear_(linear),
      y_(y),
      sums_(sums),
      outputs_(linear.outputs()),
      is_integer_(is_integer(y.info().type)),
      stores_sums_(sums != nullptr && !is_integer_) {
  if (sums != nullptr) *sums = Tensor({y.info().name, is_integer_ ? Type::s32 : Type::f32, y.info().shape, {}});
}

Epilogue epilogue_of(const Linear& linear, const TensorInfo& y, Index m0, Index rows, Index cols) {
  Epilogue epilogue;
  const auto part = [&](const auto* data) { return per_row(data + m0, rows, cols); };
  if (!is_integer(y.type)) {
    if (linear.bias) epilogue.bias = part(linear.bias->as<float>());
    epilogue.activation = linear.activation;
    return epilogue;
  }
  if (linear.bias) epilogue.bias = part(linear.bias->as<std::int32_t>());
  if (y.type == Type::s32) return epilogue;
  Requantise& r = epilogue.requantise;
  if (linear.rounding == Rounding::fp32_nearest_even) {
    r.scale = part(linear.scale.data());
  } else {
    r.multiplier = part(linear.multiplier.data()), r.shift = part(linear.shift.data());
  }
  r.zero_point = y.quantisation.zero_point, r.rounding = linear.rounding;
  r.low = linear.low, r.high = linear.high;
  return epilogue;
}

Epilogue LinearTarget::epilogue(Index m0, Index rows, Index cols) const {
  Epilogue epilogue = epilogue_of(linear_, y_.info(), m0, rows, cols);
  if (stores_sums_) epilogue.activation = Activation::none;
  return epilogue;
}

void LinearTarget::finish() {
  if (stores_sums_) execute(Activate{linear_.activation}, {sums_}, y_);
}

Epilogue transposed(Epilogue epilogue) {
  Requantise& r = epilogue.requantise;
  for (ConstMatrix* view : {&epilogue.bias, &r.multiplier, &r.shift, &r.scale}) {
    std::swap(view->rows, view->cols);
    std::swap(view->row_stride, view->col_stride);
  }
  return epilogue;
}

}  // namespace septet::network
