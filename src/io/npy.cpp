// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "npy.hpp"

#include "element.hpp"
#include "input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

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

// Rows and columns from the shape, checked against the bytes that are really there.
void set_shape(FileMatrix& matrix, const NpyHeader& header, Index data_offset, Index file_size) {
  const std::vector<Index>& shape = header.shape;
  if (shape.empty()) fail(matrix.path, "a scalar: a matrix is expected");
  if (shape.size() > 2) {
    fail(matrix.path, fmt::format("{} dimensions: a matrix is expected; reshape it to (rows, columns)", shape.size()));
  }
  matrix.rows = shape.size() == 1 ? 1 : shape[0];
  matrix.cols = shape.back();
  Index bytes = 0;
  const bool overflow = __builtin_mul_overflow(matrix.rows, matrix.cols, &matrix.stored) ||
                        __builtin_mul_overflow(matrix.stored, size_of(matrix.element), &bytes);
  if (overflow) fail(matrix.path, fmt::format("shape {} x {}: beyond 64 bits", matrix.rows, matrix.cols));
  const Index there = file_size - data_offset;
  if (bytes > there) {
    fail(matrix.path, fmt::format("byte {}: the file ends after {} of {} bytes of data", file_size, there, bytes));
  }
  if (bytes < there) {
    fail(matrix.path, fmt::format("byte {}: {} bytes behind the data", data_offset + bytes, there - bytes));
  }
  // No data vouches for the other dimension of an empty matrix.
  if (bytes == 0 && std::max(matrix.rows, matrix.cols) > kMaxFileDimension) {
    fail(matrix.path, fmt::format("{} x {}: at most {} rows or columns in an empty matrix", matrix.rows, matrix.cols,
                                  kMaxFileDimension));
  }
}

constexpr bool native_is_big_endian() { return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__; }

void swap_bytes(std::vector<std::byte>& bytes, std::size_t size) {
  for (auto element = bytes.begin(); element != bytes.end(); element += static_cast<std::ptrdiff_t>(size)) {
    std::reverse(element, element + static_cast<std::ptrdiff_t>(size));
  }
}

// Column-major to row-major.
std::vector<std::byte> transposed(const std::vector<std::byte>& bytes, Index rows, Index cols, std::size_t size) {
  std::vector<std::byte> result(bytes.size());
  const std::byte* from = bytes.data();
  for (Index col = 0; col < cols; ++col) {
    for (Index row = 0; row < rows; ++row, from += size) {
      std::memcpy(result.data() + static_cast<std::size_t>(row * cols + col) * size, from, size);
    }
  }
  return result;
}

}  // namespace

FileMatrix read_npy(const std::string& path) {
  InputFile file(path);
  Index data_offset = 0;
  const NpyHeader header = read_header(file, data_offset);
  FileMatrix matrix;
  matrix.path = path;
  matrix.element = header.element;
  set_shape(matrix, header, data_offset, file.size());

  const auto size = static_cast<std::size_t>(size_of(matrix.element));
  const std::size_t count = static_cast<std::size_t>(matrix.stored) * size;
  matrix.bytes = read_exactly<std::vector<std::byte>>(file, count, "the data");
  if (header.big_endian != native_is_big_endian()) swap_bytes(matrix.bytes, size);
  if (header.fortran_order) matrix.bytes = transposed(matrix.bytes, matrix.rows, matrix.cols, size);
  return matrix;
}

}  // namespace septet::io
