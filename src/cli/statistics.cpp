// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "statistics.hpp"

#include "io/element.hpp"

#include <algorithm>
#include <cmath>

namespace septet::cli {
namespace {

// Calls visit(row, col, value) for every stored element, row by row, columns ascending. All types are exact
// as doubles.
template <class T, class Visit>
void for_each_of_type(const io::OwnedMatrix& matrix, Visit visit) {
  const T* values = reinterpret_cast<const T*>(matrix.values.data());
  for (Index row = 0; row < matrix.rows; ++row) {
    const Index begin = matrix.sparse ? matrix.row_ptr[row] : row * matrix.cols;
    const Index end = matrix.sparse ? matrix.row_ptr[row + 1] : begin + matrix.cols;
    for (Index p = begin; p < end; ++p) {
      visit(row, matrix.sparse ? matrix.col_idx[p] : p - begin, io::as_double(values[p]));
    }
  }
}

template <class Visit>
void for_each_element(const io::OwnedMatrix& matrix, Visit visit) {
  switch (matrix.type) {
    case Type::f32:
      return for_each_of_type<float>(matrix, visit);
    case Type::f64:
      return for_each_of_type<double>(matrix, visit);
    case Type::s8:
      return for_each_of_type<std::int8_t>(matrix, visit);
    case Type::s16:
      return for_each_of_type<std::int16_t>(matrix, visit);
    case Type::bf16:
      return for_each_of_type<bf16>(matrix, visit);
    case Type::f16:
      return for_each_of_type<f16>(matrix, visit);
    default:
      return for_each_of_type<std::uint8_t>(matrix, visit);
  }
}

Index maximum(const std::vector<Index>& counts) {
  return counts.empty() ? 0 : *std::max_element(counts.begin(), counts.end());
}

Index zeros_among(const std::vector<Index>& counts) { return std::count(counts.begin(), counts.end(), Index{0}); }

Index tiles_of(Index size, Index tile) { return size / tile + (size % tile != 0); }

}  // namespace

Statistics statistics_of(const io::OwnedMatrix& matrix, int zero_point) {
  Statistics found;
  std::vector<Index> row_counts(static_cast<std::size_t>(matrix.rows)),
      col_counts(static_cast<std::size_t>(matrix.cols));
  long double sum = 0, squares = 0;
  Index stored = 0;
  const auto include = [&](double value) {
    if (std::isnan(value)) return;
    found.min = std::min(found.min.value_or(value), value);
    found.max = std::max(found.max.value_or(value), value);
  };
  for_each_element(matrix, [&](Index row, Index col, double value) {
    ++stored;
    const bool is_zero = value == zero_point;
    found.nnz += !is_zero;
    found.nan_count += std::isnan(value);
    found.inf_count += std::isinf(value);
    if (matrix.sparse || !is_zero) ++row_counts[row], ++col_counts[col];
    sum += value;
    squares += static_cast<long double>(value) * value;
    include(value);
  });
  if (stored < matrix.rows * matrix.cols) include(0);
  found.empty_rows = zeros_among(row_counts);
  found.empty_cols = zeros_among(col_counts);
  found.max_row_nnz = maximum(row_counts);
  found.max_col_nnz = maximum(col_counts);
  found.sum = static_cast<double>(sum);
  found.frobenius = static_cast<double>(std::sqrt(squares));
  return found;
}

std::vector<Index> row_lengths(const io::OwnedMatrix& matrix, int zero_point) {
  std::vector<Index> lengths(static_cast<std::size_t>(matrix.rows));
  for_each_element(matrix, [&](Index row, Index, double value) { lengths[row] += value != zero_point; });
  return lengths;
}

Index fullest_group(const io::OwnedMatrix& matrix, Index size, int zero_point) {
  Index most = 0, count = 0, last_row = -1, last_group = -1;
  for_each_element(matrix, [&](Index row, Index col, double value) {
    if (value == zero_point) return;
    count = row == last_row && col / size == last_group ? count + 1 : 1;
    last_row = row, last_group = col / size;
    most = std::max(most, count);
  });
  return most;
}

LiveLists live_columns(const io::OwnedMatrix& matrix, Index tile, int zero_point) {
  LiveLists lists(static_cast<std::size_t>(tiles_of(matrix.rows, tile)));
  std::vector<Index> last_tile(static_cast<std::size_t>(matrix.cols), -1);
  for_each_element(matrix, [&](Index row, Index col, double value) {
    const Index t = row / tile;
    if (value == zero_point || last_tile[col] == t) return;
    last_tile[col] = t;
    lists[t].push_back(col);
  });
  for (auto& list : lists) std::sort(list.begin(), list.end());
  return lists;
}

LiveLists live_rows(const io::OwnedMatrix& matrix, Index tile, int zero_point) {
  LiveLists lists(static_cast<std::size_t>(tiles_of(matrix.cols, tile)));
  for_each_element(matrix, [&](Index row, Index col, double value) {
    std::vector<Index>& list = lists[col / tile];
    if (value != zero_point && (list.empty() || list.back() != row)) list.push_back(row);
  });
  return lists;
}

}  // namespace septet::cli
