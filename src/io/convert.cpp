// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// From what a file holds to what the calls multiply.
#include "element.hpp"
#include "input.hpp"
#include "matrix_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace septet::io {
namespace {

enum class Misfit : std::uint8_t { none, not_finite, fraction, range };

// The smallest double that rounds to infinity: halfway from the largest float to 2^128, a tie that goes to even.
constexpr double kFloatOverflow = 0x1.ffffffp127;

// Rounded to odd: cut off, and the last bit set if anything was. Rounding that again to a type of at least two digits
// less gives what rounding `value` once would.
float rounded_to_odd(double value) {
  const auto rounded = static_cast<float>(value);
  if (std::isnan(value) || rounded == value) return rounded;
  std::uint32_t bits;
  std::memcpy(&bits, &rounded, sizeof bits);
  if (std::abs(static_cast<double>(rounded)) > std::abs(value)) --bits;
  bits |= 1;
  float odd;
  std::memcpy(&odd, &bits, sizeof odd);
  return odd;
}

// As double; integers beyond 2^53 rounded to odd.
template <class From>
double odd_double(From value) {
  if constexpr (std::is_integral_v<From> && sizeof(From) == 8) {
    const bool negative = value < 0;
    std::uint64_t magnitude = negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    const std::uint64_t low = magnitude % 4096;
    if (magnitude >> 53 != 0 && low != 0) magnitude = (magnitude - low) | 2048;
    return negative ? -static_cast<double>(magnitude) : static_cast<double>(magnitude);
  } else {
    return static_cast<double>(value);
  }
}

// Rounded once: straight from `From`, or by way of what is rounded to odd.
template <class To, class From>
Misfit convert_value(From value, To& converted) {
  if constexpr (kIsNarrowFloat<To>) {
    const double wide = odd_double(value);
    converted = To(rounded_to_odd(wide));
    return std::isfinite(wide) && std::isinf(static_cast<float>(converted)) ? Misfit::range : Misfit::none;
  } else if constexpr (std::is_floating_point_v<To>) {
    if constexpr (std::is_same_v<To, float> && std::is_same_v<From, double>) {
      if (std::isfinite(value) && std::abs(value) >= kFloatOverflow) return Misfit::range;
    }
    converted = static_cast<To>(value);
    return Misfit::none;
  } else {
    constexpr std::int64_t kMin = std::numeric_limits<To>::min(), kMax = std::numeric_limits<To>::max();
    if constexpr (std::is_floating_point_v<From>) {
      if (!std::isfinite(value)) return Misfit::not_finite;
      if (value != std::trunc(value)) return Misfit::fraction;
      const double wide = value;
      if (wide < static_cast<double>(kMin) || wide > static_cast<double>(kMax)) return Misfit::range;
    } else if constexpr (std::is_same_v<From, std::uint64_t>) {
      if (value > static_cast<std::uint64_t>(kMax)) return Misfit::range;
    } else {
      const std::int64_t wide = value;
      if (wide < kMin || wide > kMax) return Misfit::range;
    }
    converted = static_cast<To>(value);
    return Misfit::none;
  }
}

template <class Value>
[[noreturn]] void fail_misfit(const FileMatrix& matrix, Misfit misfit, Index row, Index col, Value value, Type type) {
  const char* why = misfit == Misfit::range      ? "out of range"
                    : misfit == Misfit::fraction ? "not a whole number"
                                                 : "not finite";
  fail(matrix.path, fmt::format("row {}, column {} (0-based): {} is {} for {}", row, col, value, why, name(type)));
}

template <class To, class From>
To converted_or_fail(const FileMatrix& matrix, From value, Index row, Index col) {
  To converted{};
  const Misfit misfit = convert_value(value, converted);
  if (misfit != Misfit::none) fail_misfit(matrix, misfit, row, col, value, type_of<To>());
  return converted;
}

template <class T>
void store(std::vector<std::byte>& values, Index position, T value) {
  std::memcpy(values.data() + static_cast<std::size_t>(position) * sizeof(T), &value, sizeof(T));
}

template <class To, class From>
void convert_dense(const FileMatrix& matrix, std::vector<std::byte>& values) {
  values.resize(static_cast<std::size_t>(matrix.rows * matrix.cols) * sizeof(To));
  const std::byte* from = matrix.bytes.data();
  Index position = 0;
  for (Index row = 0; row < matrix.rows; ++row) {
    for (Index col = 0; col < matrix.cols; ++col, ++position, from += sizeof(From)) {
      From value;
      std::memcpy(&value, from, sizeof value);
      if constexpr (kIsNarrowFloat<From>) {
        store(values, position, converted_or_fail<To>(matrix, static_cast<float>(value), row, col));
      } else {
        store(values, position, converted_or_fail<To>(matrix, value, row, col));
      }
    }
  }
}

template <class To>
void convert_sparse(const FileMatrix& matrix, OwnedMatrix& converted) {
  converted.values.resize(matrix.entries.size() * sizeof(To));
  converted.col_idx.reserve(matrix.entries.size());
  converted.row_ptr.assign(static_cast<std::size_t>(matrix.rows) + 1, 0);
  for (const Entry& entry : matrix.entries) {
    store(converted.values, static_cast<Index>(converted.col_idx.size()),
          converted_or_fail<To>(matrix, entry.value, entry.row, entry.col));
    converted.col_idx.push_back(entry.col);
    converted.row_ptr[static_cast<std::size_t>(entry.row) + 1] = static_cast<std::int64_t>(converted.col_idx.size());
  }
  // So far the ends of the rows that have entries; an empty row ends where the one before does.
  for (std::size_t row = 1; row < converted.row_ptr.size(); ++row) {
    converted.row_ptr[row] = std::max(converted.row_ptr[row], converted.row_ptr[row - 1]);
  }
}

template <class To>
void densify_entries(const FileMatrix& matrix, std::vector<std::byte>& values) {
  const Index bytes = matrix.rows * matrix.cols * static_cast<Index>(sizeof(To));  // dimensions are at most 2^24
  if (bytes > kMaxDenseBytes) {
    throw Error(Status(Cause::out_of_memory, matrix.path,
                       fmt::format("{} x {} as a dense matrix of {} takes {} bytes, at most {} are supported: use "
                                   "it as a sparse matrix",
                                   matrix.rows, matrix.cols, name(type_of<To>()), bytes, kMaxDenseBytes)));
  }
  values.resize(static_cast<std::size_t>(bytes));  // zeros
  for (const Entry& entry : matrix.entries) {
    store(values, entry.row * matrix.cols + entry.col,
          converted_or_fail<To>(matrix, entry.value, entry.row, entry.col));
  }
}

template <class To>
void convert_to(const FileMatrix& matrix, bool densify, OwnedMatrix& converted) {
  if (!matrix.coordinate) {
    visit_element(matrix.element, [&](auto from) { convert_dense<To, decltype(from)>(matrix, converted.values); });
  } else if (densify) {
    densify_entries<To>(matrix, converted.values);
  } else {
    convert_sparse<To>(matrix, converted);
  }
}

}  // namespace

Status convert(const FileMatrix& matrix, Type type, bool densify, OwnedMatrix& converted) {
  return status_of(matrix.path, [&] {
    OwnedMatrix result;
    result.type = type;
    result.rows = matrix.rows;
    result.cols = matrix.cols;
    result.sparse = matrix.coordinate && !densify;
    visit_type(type, [&](auto to) { convert_to<decltype(to)>(matrix, densify, result); });
    converted = std::move(result);
  });
}

}  // namespace septet::io
