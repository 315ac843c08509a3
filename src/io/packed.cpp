// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "packed.hpp"

#include "element.hpp"
#include "input.hpp"

#include "septet/packed_file.hpp"

#include <fmt/format.h>

#include <cstring>

namespace septet::io {
namespace {

Element element_of(Type type) {
  // By Type.
  constexpr Element kElements[] = {Element::f32, Element::f64,  Element::s8,  Element::u8,
                                   Element::s32, Element::bf16, Element::f16, Element::s16};
  return kElements[static_cast<int>(type)];
}

template <class T>
bool is_zero(T value) {
  if constexpr (kIsNarrowFloat<T>) {
    return static_cast<float>(value) == 0;
  } else {
    return value == 0;
  }
}

template <class T>
void collect_entries(FileMatrix& matrix) {
  const std::byte* from = matrix.bytes.data();
  for (Index i = 0; i < matrix.rows; ++i) {
    for (Index j = 0; j < matrix.cols; ++j, from += sizeof(T)) {
      T value;
      std::memcpy(&value, from, sizeof(T));
      if (is_zero(value)) continue;
      double wide = 0;
      if constexpr (kIsNarrowFloat<T>) {
        wide = static_cast<double>(static_cast<float>(value));
      } else {
        wide = static_cast<double>(value);
      }
      matrix.entries.push_back({static_cast<std::int32_t>(i), static_cast<std::int32_t>(j), wide});
    }
  }
}

}  // namespace

FileMatrix read_packed(const std::string& path) {
  FileMatrix matrix;
  matrix.path = path;
  throw_if_error(try_load(path, matrix.packed));
  const PackedMatrix& packed = matrix.packed;
  matrix.element = element_of(packed.type());
  matrix.rows = packed.rows(), matrix.cols = packed.cols();
  const Index size = size_of(packed.type());
  Index elements = 0, bytes = 0;
  if (std::max(matrix.rows, matrix.cols) > kMaxFileDimension) {
    fail(path, fmt::format("{} x {}: at most {} rows or columns", matrix.rows, matrix.cols, kMaxFileDimension));
  }
  elements = matrix.rows * matrix.cols, bytes = elements * size;
  if (bytes > kMaxDenseBytes) {
    throw Error(Status(Cause::out_of_memory, path,
                       fmt::format("{} x {} of {} takes {} bytes, at most {} are supported", matrix.rows, matrix.cols,
                                   name(matrix.element), bytes, kMaxDenseBytes)));
  }
  matrix.bytes.resize(static_cast<std::size_t>(bytes));
  throw_if_error(
      try_unpack(packed, Matrix(matrix.bytes.data(), packed.type(), matrix.rows, matrix.cols, matrix.cols, 1)));
  matrix.stored = elements;
  matrix.coordinate = packed.format() != Format::dense && packed.options().zero_point == 0;
  if (!matrix.coordinate) return matrix;
  visit_type(packed.type(), [&](auto zero) { collect_entries<decltype(zero)>(matrix); });
  std::vector<std::byte>().swap(matrix.bytes);
  matrix.stored = static_cast<Index>(matrix.entries.size());
  return matrix;
}

}  // namespace septet::io
