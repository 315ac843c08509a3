// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "input.hpp"
#include "matrix_file.hpp"
#include "npy.hpp"
#include "staged_file.hpp"

#include <fmt/format.h>

#include <cstring>
#include <vector>

namespace septet::io {
namespace {

std::string npy_header(Type type, const std::vector<Index>& shape) {
  // By Type; bf16 has been refused.
  constexpr const char* kDescr[] = {"f4", "f8", "i1", "u1", "i4", nullptr, "f2", "i2"};
  const char order = size_of(type) == 1 ? '|' : __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? '>' : '<';
  std::string dict = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}{}), }}", order,
                                 kDescr[static_cast<int>(type)], fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  // Magic, version and length take 10 bytes; with blanks and a newline the elements begin at a multiple of 64.
  constexpr std::size_t kPrefix = 10, kAlignment = 64;
  const std::size_t total = (kPrefix + dict.size() + 1 + kAlignment - 1) / kAlignment * kAlignment;
  dict.append(total - kPrefix - dict.size() - 1, ' ');
  dict += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dict.size() & 0xff);
  header += static_cast<char>(dict.size() >> 8);
  return header + dict;
}

void write_rows(StagedWriter& file, const ConstMatrix& matrix) {
  const Index size = size_of(matrix.type);
  std::vector<char> row(static_cast<std::size_t>(matrix.cols * size));
  const char* base = static_cast<const char*>(matrix.data);
  for (Index i = 0; i < matrix.rows; ++i) {
    const char* from = base + i * matrix.row_stride * size;
    if (matrix.col_stride == 1) {
      file.write(from, row.size());
      continue;
    }
    for (Index j = 0; j < matrix.cols; ++j) {
      std::memcpy(row.data() + j * size, from + j * matrix.col_stride * size, static_cast<std::size_t>(size));
    }
    file.write(row.data(), row.size());
  }
}

Status check(const ConstMatrix& matrix) {
  if (matrix.rows < 0 || matrix.cols < 0) {
    return {Cause::bad_shape, "matrix", fmt::format("{} x {}: negative dimension", matrix.rows, matrix.cols)};
  }
  if (matrix.type == Type::bf16) return {Cause::bad_type, "matrix", "NumPy has no bf16"};
  Index bytes = 0;
  if (__builtin_mul_overflow(matrix.rows, matrix.cols, &bytes) ||
      __builtin_mul_overflow(bytes, size_of(matrix.type), &bytes)) {
    return {Cause::bad_shape, "matrix", fmt::format("{} x {}: beyond 64 bits", matrix.rows, matrix.cols)};
  }
  if (bytes > 0 && matrix.data == nullptr) return {Cause::bad_pointer, "matrix", "no data"};
  return {};
}

}  // namespace

void write_npy(const StagedFile& staged, const ConstMatrix& matrix) {
  throw_if_error(check(matrix));
  staged.refuse_device();
  StagedWriter file(staged);
  const std::string header = npy_header(matrix.type, {matrix.rows, matrix.cols});
  file.write(header.data(), header.size());
  if (matrix.rows > 0 && matrix.cols > 0) write_rows(file, matrix);
  file.close();
}

void write_npy_array(const StagedFile& staged, Type type, const std::vector<Index>& shape, const void* elements) {
  if (type == Type::bf16) throw Error(Status(Cause::bad_type, staged.path(), "NumPy has no bf16"));
  staged.refuse_device();
  StagedWriter file(staged);
  const std::string header = npy_header(type, shape);
  file.write(header.data(), header.size());
  Index count = 1;
  for (const Index size : shape) count *= size;
  if (count > 0) file.write(elements, static_cast<std::size_t>(count * size_of(type)));
  file.close();
}

Status write_npy(const std::string& path, const ConstMatrix& matrix) {
  return status_of(path, [&] {
    StagedFile file(path);
    write_npy(file, matrix);
    file.commit();
  });
}

}  // namespace septet::io
