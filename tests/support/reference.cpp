// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "reference.hpp"

namespace septet::support {

Index rows_per_tile(Dataflow dataflow, const ArrayShape& array) {
  switch (dataflow) {
    case Dataflow::dOS:
    case Dataflow::sOS:
    case Dataflow::csOS:
      return array.height;
    case Dataflow::dWS:
    case Dataflow::sWS:
      return array.width;
    default:
      return 1;
  }
}

namespace {

/// `columns` in their order, cut into folds of `depth`.
RowOrder cut(const std::vector<Index>& columns, Index depth) {
  RowOrder order;
  for (const Index k : columns) {
    const Index done = static_cast<Index>(order.size()) + 1;
    order.push_back({k, done % depth == 0 || done == static_cast<Index>(columns.size())});
  }
  return order;
}

std::vector<Index> all_columns(const Pattern& a) {
  std::vector<Index> columns;
  for (Index k = 0; k < a.cols; ++k) columns.push_back(k);
  return columns;
}

/// sIS: the whole k-tile, wherever the row has a non-zero in it.
RowOrder live_tiles(const Pattern& a, Index m, Index depth) {
  RowOrder order;
  for (Index k0 = 0; k0 < a.cols; k0 += std::min(depth, a.cols - k0)) {
    const Index width = std::min(depth, a.cols - k0);
    if (count_nonzeros(a, m, k0, 1, width) == 0) continue;
    for (Index k = k0; k < k0 + width; ++k) order.push_back({k, k == k0 + width - 1});
  }
  return order;
}

/// csOS: the row's own non-zeros, in the order of the steps.
RowOrder own_nonzeros(const Pattern& a, Index m, const std::vector<std::vector<Index>>& steps) {
  RowOrder order;
  for (const std::vector<Index>& columns : steps) {
    for (const Index k : columns) {
      if (a(m, k)) order.push_back({k, false});
    }
  }
  return order;
}

}  // namespace

std::vector<RowOrder> row_orders(const Pattern& a, Index m0, Index height, Dataflow dataflow,
                                 const GemmOptions& options) {
  const bool own_depth = options.accumulate == Accumulate::fold_then_add && options.fold_depth != 0;
  const Index depth = own_depth ? options.fold_depth : options.array.height;
  const std::size_t rows = static_cast<std::size_t>(height);
  if (dataflow == Dataflow::sOS || dataflow == Dataflow::sWS) {
    return std::vector<RowOrder>(rows, cut(live_columns(a, m0, height), depth));
  }
  if (dataflow == Dataflow::sIS || dataflow == Dataflow::csOS) {
    std::vector<std::vector<Index>> steps;
    if (dataflow == Dataflow::csOS) steps = combine_columns(a, m0, height, options.combine);
    std::vector<RowOrder> orders;
    for (Index m = m0; m < m0 + height; ++m) {
      orders.push_back(dataflow == Dataflow::sIS ? live_tiles(a, m, depth) : own_nonzeros(a, m, steps));
    }
    return orders;
  }
  return std::vector<RowOrder>(rows, cut(all_columns(a), depth));
}

}  // namespace septet::support
