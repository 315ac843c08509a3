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

Epilogue LinearTarget::epilogue(Index m0, Index rows, Index cols) const {
  Epilogue epilogue;
  const auto part = [&](const auto* data) { return per_row(data + m0, rows, cols); };
  if (is_integer_) {
    if (linear_.bias) epilogue.bias = part(linear_.bias->as<std::int32_t>());
    epilogue.requantise = requantise_of(linear_, y_.info().quantisation, part);
  } else {
    if (linear_.bias) epilogue.bias = part(linear_.bias->as<float>());
    if (!stores_sums_) epilogue.activation = linear_.activation;
  }
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
