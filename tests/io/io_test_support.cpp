// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "io_test_support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#ifndef SEPTET_SHARED_DIR
#error "SEPTET_SHARED_DIR names the folder of the shared test data (which may be missing)"
#endif

namespace septet::io::test {

namespace fs = std::filesystem;

ScratchFolder::ScratchFolder() : folder_((fs::temp_directory_path() / "septet_io_XXXXXX").string()) {
  if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder " + folder_);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string ScratchFolder::write(std::string_view name, std::string_view content) const {
  std::ofstream file(path(name), std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path(name));
  return path(name);
}

std::string ScratchFolder::read(std::string_view name) const {
  std::ifstream file(path(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> ScratchFolder::list() const {
  std::vector<std::string> names;
  for (const auto& item : fs::directory_iterator(folder_)) names.push_back(item.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string shared_data(const std::string& relative) {
  const std::string path = std::string(SEPTET_SHARED_DIR) + "/" + relative;
  std::error_code ignored;
  if (fs::exists(path, ignored)) return path;
  MESSAGE("shared test data is missing, so this case checks nothing: " << path);
  return "";
}

std::string npy_bytes(std::string_view header, std::string_view data, int version) {
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) bytes += static_cast<char>(header.size() >> 8 * i & 0xff);
  return bytes.append(header).append(data);
}

void check_refused(const Status& status, const std::string& path, std::string_view part, Cause cause) {
  CAPTURE(path);
  CAPTURE(status.message());
  CHECK_FALSE(status.ok());
  CHECK(status.cause() == cause);
  CHECK(status.argument() == path);
  CHECK_FALSE(status.message().empty());
  const bool printable =
      std::all_of(status.message().begin(), status.message().end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  CHECK(printable);
  CHECK(status.message().find(part) != std::string::npos);
}

void check_file_refused(const std::string& path, std::string_view part, Cause cause) {
  FileMatrix matrix;
  matrix.path = "untouched";
  check_refused(read_matrix(path, matrix), path, part, cause);
  CHECK(matrix.path == "untouched");
}

FileMatrix read_ok(const std::string& path) {
  FileMatrix matrix;
  const Status status = read_matrix(path, matrix);
  CAPTURE(status.to_string());
  REQUIRE(status.ok());
  CHECK(matrix.path == path);
  return matrix;
}

template <class T>
std::vector<T> dense(const FileMatrix& matrix) {
  OwnedMatrix converted;
  const Status status = convert(matrix, type_of<T>(), true, converted);
  CAPTURE(status.to_string());
  REQUIRE(status.ok());
  REQUIRE(converted.type == type_of<T>());
  REQUIRE_FALSE(converted.sparse);
  REQUIRE(converted.rows == matrix.rows);
  REQUIRE(converted.cols == matrix.cols);
  std::vector<T> values(static_cast<std::size_t>(matrix.rows * matrix.cols));
  REQUIRE(converted.values.size() == values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), converted.values.data(), converted.values.size());
  return values;
}

template std::vector<float> dense(const FileMatrix&);
template std::vector<double> dense(const FileMatrix&);
template std::vector<std::int8_t> dense(const FileMatrix&);
template std::vector<std::uint8_t> dense(const FileMatrix&);
template std::vector<std::int16_t> dense(const FileMatrix&);
template std::vector<std::int32_t> dense(const FileMatrix&);
template std::vector<bf16> dense(const FileMatrix&);
template std::vector<f16> dense(const FileMatrix&);

}  // namespace septet::io::test
