// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "npy.hpp"

#include "element.hpp"
#include "input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

namespace septet::io {
namespace {

constexpr char kMagic[] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

// The next `count` bytes of the file. The caller has compared `count` with the file's size; that the file shrinks
// meanwhile is possible, so the read is checked as well.
template <class Bytes>
Bytes read_exactly(InputFile& file, std::size_t count, const char* what) {
  Bytes bytes;
  bytes.resize(count);
  if (file.read(bytes.data(), count) < count) fail(file.path(), fmt::format("the file ends within {}", what));
  return bytes;
}

// The header and, in `data_offset`, where it ends.
NpyHeader read_header(InputFile& file, Index& data_offset) {
  if (file.size() == 0) fail(file.path(), "the file is empty");
  char start[12] = {};  // magic, version, length: 10 bytes or 12
  constexpr std::size_t kShort = 10;
  const std::size_t got = file.read(start, kShort);
  if (std::memcmp(start, kMagic, std::min(got, sizeof kMagic)) != 0) {
    fail(file.path(), "byte 0: the magic string \\x93NUMPY is missing");
  }
  const int major = static_cast<unsigned char>(start[6]), minor = static_cast<unsigned char>(start[7]);
  const bool known = major >= 1 && major <= 3 && minor == 0;
  if (got >= 8 && !known) fail(file.path(), fmt::format("byte 6: unknown format version {}.{}", major, minor));
  std::size_t prefix = kShort;
  if (got == kShort && major > 1) prefix += file.read(start + kShort, 2);
  const std::size_t needed = major > 1 ? 12 : kShort;
  if (got < kShort || prefix < needed) {
    fail(file.path(), fmt::format("byte {}: the file ends before the header", file.size()));
  }
  Index length = 0;
  for (std::size_t i = needed; i > 8; --i) length = length * 256 + static_cast<unsigned char>(start[i - 1]);
  const Index offset = static_cast<Index>(needed);
  data_offset = offset + length;
  if (data_offset > file.size()) {
    fail(file.path(), fmt::format("byte 8: a header of {} bytes in a file of {} bytes", length, file.size()));
  }
  const auto header = read_exactly<std::string>(file, static_cast<std::size_t>(length), "the header");
  return parse_npy_header(file.path(), header, offset);
}

// Elements of the shape, checked against the bytes that are really there.
Index count_elements(const InputFile& file, const NpyHeader& header, Index data_offset) {
  Index elements = 1, bytes = 0;
  bool overflow = false;
  for (const Index size : header.shape) overflow |= __builtin_mul_overflow(elements, size, &elements);
  overflow |= __builtin_mul_overflow(elements, size_of(header.element), &bytes);
  const auto shape = [&] { return fmt::format("shape {}", fmt::join(header.shape, " x ")); };
  if (overflow) fail(file.path(), shape() + ": beyond 64 bits");
  const Index there = file.size() - data_offset;
  if (bytes > there) {
    fail(file.path(), fmt::format("byte {}: the file ends after {} of {} bytes of data", file.size(), there, bytes));
  }
  if (bytes < there) {
    fail(file.path(), fmt::format("byte {}: {} bytes behind the data", data_offset + bytes, there - bytes));
  }
  return elements;
}

constexpr bool native_is_big_endian() { return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__; }

void swap_bytes(std::vector<std::byte>& bytes, std::size_t size) {
  for (auto element = bytes.begin(); element != bytes.end(); element += static_cast<std::ptrdiff_t>(size)) {
    std::reverse(element, element + static_cast<std::ptrdiff_t>(size));
  }
}

// Column-major to row-major: the first index runs fastest in `bytes`, the last one in the result.
std::vector<std::byte> reordered(const std::vector<std::byte>& bytes, const std::vector<Index>& shape,
                                 std::size_t size) {
  std::vector<std::byte> result(bytes.size());
  if (result.empty()) return result;  // sizes beside a 0 may be anything
  std::vector<Index> stride(shape.size(), 1), at(shape.size(), 0);
  for (std::size_t d = shape.size(); d-- > 1;) stride[d - 1] = stride[d] * shape[d];
  Index to = 0;
  for (std::size_t from = 0; from < bytes.size(); from += size) {
    std::memcpy(result.data() + static_cast<std::size_t>(to) * size, bytes.data() + from, size);
    for (std::size_t d = 0; d < shape.size(); ++d) {
      to += stride[d];
      if (++at[d] < shape[d]) break;
      to -= at[d] * stride[d];
      at[d] = 0;
    }
  }
  return result;
}

NpyArray read_array(InputFile& file, const NpyHeader& header, Index data_offset) {
  NpyArray array{file.path(), header.element, header.shape, count_elements(file, header, data_offset), {}};
  const auto size = static_cast<std::size_t>(size_of(array.element));
  const std::size_t count = static_cast<std::size_t>(array.elements) * size;
  array.bytes = read_exactly<std::vector<std::byte>>(file, count, "the data");
  if (header.big_endian != native_is_big_endian()) swap_bytes(array.bytes, size);
  if (header.fortran_order) array.bytes = reordered(array.bytes, array.shape, size);
  return array;
}

}  // namespace

NpyArray read_npy_array(const std::string& path) {
  InputFile file(path);
  Index data_offset = 0;
  const NpyHeader header = read_header(file, data_offset);
  return read_array(file, header, data_offset);
}

std::vector<Index> integers_of(const NpyArray& array) {
  std::vector<Index> values;
  values.reserve(static_cast<std::size_t>(array.elements));
  visit_element(array.element, [&](auto type) {
    using T = decltype(type);
    if constexpr (std::is_integral_v<T>) {
      for (Index i = 0; i < array.elements; ++i) {
        T value;
        std::memcpy(&value, array.bytes.data() + static_cast<std::size_t>(i) * sizeof value, sizeof value);
        if constexpr (std::is_same_v<T, std::uint64_t>) {
          if (value > static_cast<T>(std::numeric_limits<Index>::max())) {
            fail(array.path, fmt::format("element {} (0-based) is {}", i, value));
          }
        }
        values.push_back(static_cast<Index>(value));
      }
    } else {
      fail(array.path, fmt::format("elements of {}: integers are expected", name(array.element)));
    }
  });
  return values;
}

FileMatrix read_npy(const std::string& path) {
  InputFile file(path);
  Index data_offset = 0;
  const NpyHeader header = read_header(file, data_offset);
  const std::vector<Index>& shape = header.shape;
  if (shape.empty()) fail(path, "a scalar: a matrix is expected");
  if (shape.size() > 2) {
    fail(path, fmt::format("{} dimensions: a matrix is expected; reshape it to (rows, columns)", shape.size()));
  }
  NpyArray array = read_array(file, header, data_offset);
  FileMatrix matrix;
  matrix.path = path;
  matrix.element = array.element;
  matrix.rows = shape.size() == 1 ? 1 : shape[0];
  matrix.cols = shape.back();
  matrix.stored = array.elements;
  // No data vouches for the other dimension of an empty matrix.
  if (array.elements == 0 && std::max(matrix.rows, matrix.cols) > kMaxFileDimension) {
    fail(path, fmt::format("{} x {}: at most {} rows or columns in an empty matrix", matrix.rows, matrix.cols,
                           kMaxFileDimension));
  }
  matrix.bytes = std::move(array.bytes);
  return matrix;
}

}  // namespace septet::io
