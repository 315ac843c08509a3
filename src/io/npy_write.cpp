// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "input.hpp"
#include "matrix_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace septet::io {
namespace {

namespace fs = std::filesystem;

std::string npy_header(const ConstMatrix& matrix) {
  // By Type; check() has refused bf16.
  constexpr const char* kDescr[] = {"f4", "f8", "i1", "u1", "i4", nullptr, "f2", "i2"};
  const char order = size_of(matrix.type) == 1 ? '|' : __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? '>' : '<';
  std::string dict = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}, {}), }}", order,
                                 kDescr[static_cast<int>(matrix.type)], matrix.rows, matrix.cols);
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

// A file beside `target` that becomes `target` when commit() succeeds, and vanishes otherwise.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& path, fs::path target) : path_(path), target_(std::move(target)) {
    static std::atomic<unsigned> counter{0};
    // A name of its own, as short as any: `target` may already be as long as the file system allows.
    temporary_ = target_.parent_path() / fmt::format(".septet-{}-{}.tmp", ::getpid(), counter++);
    file_ = std::fopen(temporary_.c_str(), "wbx");  // x: never somebody else's file
    if (file_ == nullptr) fail_because("cannot be created", errno);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (committed_) return;
    if (file_ != nullptr) std::fclose(file_);
    std::error_code ignored;
    fs::remove(temporary_, ignored);
  }

  void write(const void* bytes, std::size_t count) {
    if (std::fwrite(bytes, 1, count, file_) != count) fail_because("cannot be written", errno);
  }

  // A full disk may show itself only when the last buffer goes out: fclose() counts as a write.
  void commit() {
    if (std::fclose(std::exchange(file_, nullptr)) != 0) fail_because("cannot be written", errno);
    std::error_code error;
    fs::rename(temporary_, target_, error);
    if (error) fail_because("cannot be replaced", error.value());
    committed_ = true;
  }

 private:
  [[noreturn]] void fail_because(const char* what, int error) const {
    fail(path_, fmt::format("{}: {}", what, errno_text(error)));
  }

  const std::string& path_;
  fs::path target_, temporary_;
  std::FILE* file_ = nullptr;
  bool committed_ = false;
};

// Where to write: what a symbolic link points to, so that the link stays.
fs::path target_of(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return path;
  if (!fs::is_regular_file(status)) fail(path, "is there and not a regular file");
  const fs::path target = fs::canonical(path, error);
  return error ? fs::path(path) : target;
}

void write_rows(TemporaryFile& file, const ConstMatrix& matrix) {
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

Status write_npy(const std::string& path, const ConstMatrix& matrix) {
  return status_of(path, [&] {
    throw_if_error(check(matrix));
    TemporaryFile file(path, target_of(path));
    const std::string header = npy_header(matrix);
    file.write(header.data(), header.size());
    if (matrix.rows > 0 && matrix.cols > 0) write_rows(file, matrix);
    file.commit();
  });
}

}  // namespace septet::io
