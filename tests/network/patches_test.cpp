// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Where the inputs of a convolution are a view of the image, and how much is gathered where they are not.
#include "src/network/patches.hpp"
#include "septet/network/execute.hpp"

#include <doctest/doctest.h>

namespace septet::network {
namespace {

Tensor image(std::vector<Index> shape) { return Tensor({"x", Type::s8, std::move(shape), {}}); }

// Is it a view, and of these strides?
void check_view(const Tensor& x, const Window& window, Index groups, Index row_stride, Index col_stride) {
  const Patches patches(x, window, groups);
  for (Index group = 0; group < groups; ++group) {
    const auto view = patches.view(group);
    REQUIRE(view.has_value());
    CHECK(view->data == x.as<std::int8_t>() + group * (x.info().dim(3) / groups));
    CHECK(view->rows == patches.k());
    CHECK(view->cols == patches.n());
    CHECK(view->row_stride == row_stride);
    CHECK(view->col_stride == col_stride);
  }
}

Window window_of(Index height, Index width, Index stride_h, Index stride_w) {
  Window window;
  window.height = height, window.width = width, window.stride_h = stride_h, window.stride_w = stride_w;
  return window;
}

}  // namespace

TEST_CASE("nothing is gathered where two strides reach all of the inputs") {
  const Tensor x = image({2, 6, 8, 12});
  check_view(x, {}, 1, 1, 12);
  check_view(x, {}, 3, 1, 12);
  check_view(x, window_of(6, 8, 1, 1), 1, 1, 6 * 8 * 12);                // the whole image
  check_view(x, window_of(2, 8, 2, 1), 1, 1, 2 * 8 * 12);                // whole rows
  check_view(x, window_of(1, 2, 1, 2), 1, 1, 2 * 12);                    // parts of rows, side by side
  check_view(image({1, 1, 30, 4}), window_of(1, 5, 1, 3), 1, 1, 3 * 4);  // overlapping parts of one row
  Window unused = window_of(1, 1, 1, 2);
  unused.pad_right = 1;  // never reached
  check_view(image({1, 1, 9, 12}), unused, 1, 1, 2 * 12);
}

TEST_CASE("what no two strides reach, or padding, is gathered") {
  const Tensor x = image({2, 6, 8, 12});
  CHECK_FALSE(Patches(x, window_of(3, 3, 1, 1), 1).view(0));
  CHECK_FALSE(Patches(x, window_of(1, 1, 2, 2), 1).view(0));
  CHECK_FALSE(Patches(x, window_of(1, 2, 1, 2), 2).view(0));  // groups leave gaps between pixels
  for (Index Window::*side : {&Window::pad_top, &Window::pad_bottom, &Window::pad_left, &Window::pad_right}) {
    Window padded;
    padded.*side = 1;
    CHECK_FALSE(Patches(x, padded, 1).view(0));
    Window rows = window_of(1, 8, 1, 1);
    rows.pad_right = 1, rows.width = 9;
    CHECK_FALSE(Patches(x, rows, 1).view(0));
  }
}

TEST_CASE("a call gathers no more than it was allowed to, or one column") {
  Convolution op;
  op.window = window_of(3, 3, 1, 1);
  op.linear.weight = std::make_shared<const Tensor>(TensorInfo{"w", Type::s8, {4, 3, 3, 12}, {}});
  op.linear.multiplier.assign(4, 1 << 30), op.linear.shift.assign(4, 0);
  const Tensor x = image({2, 6, 8, 12});
  Tensor y({"y", Type::s8, {2, 4, 6, 4}, {}});
  for (const Index bytes : {1, 108, 700, 1 << 20, 0}) {
    Index columns = 0, largest = 0;
    Execution execution;
    execution.gather_bytes = bytes;
    execution.gemm = [&](const GemmCall& call) {
      columns += call.b.cols;
      largest = std::max(largest, call.b.cols);
    };
    execute({"conv", op, {0}, 1}, {&x}, y, execution);
    CHECK(columns == 48);
    CHECK(largest == (bytes == 0 ? 48 : std::clamp<Index>(bytes / 108, 1, 48)));
  }
}

}  // namespace septet::network
