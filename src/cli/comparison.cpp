// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "comparison.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

namespace septet::cli {
namespace {

template <class T>
struct BitsOf {
  using type = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
};

template <class T>
typename BitsOf<T>::type bits(T value) {
  typename BitsOf<T>::type result;
  std::memcpy(&result, &value, sizeof value);
  return result;
}

template <class T>
bool same(T x, T y) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(x) && std::isnan(y)) return true;
  }
  return bits(x) == bits(y);
}

template <class T>
std::string text(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return fmt::format("{} (0x{:0{}x})", value, bits(value), 2 * sizeof value);
  } else {
    return fmt::format("{}", value);
  }
}

template <class T>
std::optional<Difference> compare(const ConstMatrix& left, const ConstMatrix& right) {
  const auto at = [](const ConstMatrix& matrix, Index i, Index j) {
    return static_cast<const T*>(matrix.data)[i * matrix.row_stride + j * matrix.col_stride];
  };
  for (Index i = 0; i < left.rows; ++i) {
    for (Index j = 0; j < left.cols; ++j) {
      const T x = at(left, i, j), y = at(right, i, j);
      if (!same(x, y)) return Difference{i, j, text(x), text(y)};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Difference> first_difference(const ConstMatrix& left, const ConstMatrix& right) {
  switch (left.type) {
    case Type::f32:
      return compare<float>(left, right);
    case Type::f64:
      return compare<double>(left, right);
    default:
      return compare<std::int32_t>(left, right);
  }
}

}  // namespace septet::cli
