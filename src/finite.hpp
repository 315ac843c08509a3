// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "element.hpp"
#include "septet/matrix_view.hpp"

#include <cmath>

namespace septet::detail {

/// No element is Inf or NaN. Integers never are.
inline bool all_finite(const ConstMatrix& b) {
  if (is_integer(b.type)) return true;
  return with_type(b.type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    for (Index i = 0; i < b.rows; ++i) {
      const T* row = static_cast<const T*>(b.data) + i * b.row_stride;
      for (Index j = 0; j < b.cols; ++j) {
        if constexpr (std::is_integral_v<T>)
          continue;
        else if (!std::isfinite(static_cast<PackedElement<T>>(row[j * b.col_stride])))
          return false;
      }
    }
    return true;
  });
}

}  // namespace septet::detail
