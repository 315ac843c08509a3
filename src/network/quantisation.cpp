// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/quantisation.hpp"

#include <algorithm>
#include <cmath>

namespace septet::network {

Multiplier nearest_multiplier(double real) {
  int shift = 0;
  auto fraction = static_cast<std::int64_t>(std::round(std::frexp(real, &shift) * 0x1p31));
  if (fraction == std::int64_t{1} << 31) fraction /= 2, ++shift;
  if (shift < -31) return {};
  return {static_cast<std::int32_t>(fraction), shift};
}

IntegerRange activated_range(Activation activation, Type type, const Quantisation& quantisation) {
  IntegerRange range = range_of(type);
  if (activation != Activation::relu && activation != Activation::relu6) return range;
  range.low = nearest_quantised(0, type, quantisation);
  if (activation == Activation::relu6) range.high = nearest_quantised(6, type, quantisation);
  return range;
}

int nearest_quantised(float x, Type type, const Quantisation& quantisation) {
  const IntegerRange range = range_of(type);
  if (x != x) return quantisation.zero_point;
  const double steps = std::round(static_cast<double>(x / quantisation.scale));
  return static_cast<int>(std::clamp(steps + quantisation.zero_point, double(range.low), double(range.high)));
}

}  // namespace septet::network
