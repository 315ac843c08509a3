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
  // Beyond every type's range is beyond; within, the difference to the whole part is exact.
  const float steps = std::max(-1024.0f, std::min(1024.0f, x / quantisation.scale));
  const int whole = static_cast<int>(steps);
  const float rest = steps - static_cast<float>(whole);
  const int nearest = whole + (rest >= 0.5f ? 1 : 0) - (rest <= -0.5f ? 1 : 0);
  return std::clamp(nearest + quantisation.zero_point, range.low, range.high);
}

}  // namespace septet::network
