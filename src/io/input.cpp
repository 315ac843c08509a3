// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "input.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace septet::io {

void fail(const std::string& path, std::string message) {
  throw Error(Status(Cause::bad_file, path, std::move(message)));
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 40;
  std::string shown = "'";
  for (const char c : text.substr(0, kShown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7e) {
      shown += fmt::format("\\x{:02x}", byte);
    } else {
      shown += c;
    }
  }
  return shown + (text.size() > kShown ? "...'" : "'");
}

std::string errno_text(int error) { return std::generic_category().message(error); }

InputFile::InputFile(const std::string& path) : path_(path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) fail(path, "cannot be opened: " + (error ? error.message() : errno_text(ENOENT)));
  if (fs::is_directory(status)) fail(path, "is a directory, not a file");
  if (!fs::is_regular_file(status)) fail(path, "is not a regular file");
  file_.reset(std::fopen(path.c_str(), "rb"));
  if (file_ == nullptr) fail(path, "cannot be opened: " + errno_text(errno));
  const auto size = fs::file_size(path, error);
  if (error) fail(path, "cannot be read: " + error.message());
  size_ = static_cast<Index>(size);
}

std::size_t InputFile::read(void* bytes, std::size_t count) {
  const std::size_t got = std::fread(bytes, 1, count, file_.get());
  if (got < count && std::ferror(file_.get()) != 0) fail(path_, "cannot be read: " + errno_text(errno));
  return got;
}

}  // namespace septet::io
