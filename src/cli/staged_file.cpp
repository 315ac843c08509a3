// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "staged_file.hpp"

#include "errors.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace septet::cli {

namespace fs = std::filesystem;

void fail_on_file(const std::string& path, const std::string& what, int error) {
  throw Error(Status(Cause::bad_file, path, what + ": " + std::generic_category().message(error)));
}

void check_writable(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) fail_on_file(path, "cannot be written", EISDIR);
  if (fs::exists(status) && !fs::is_regular_file(status)) return;
  const fs::path target = fs::exists(status) ? fs::canonical(path, error) : fs::path(path);
  const std::string folder = target.has_parent_path() ? target.parent_path().string() : ".";
  if (::access(folder.c_str(), W_OK | X_OK) != 0) fail_on_file(path, "cannot be created", errno);
}

StagedFile::StagedFile(const std::string& path) : path_(path), target_(path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) return;
  if (fs::exists(status)) target_ = fs::canonical(path, error);  // a symbolic link stays one
  if (error && fs::exists(status)) fail_on_file(path, "cannot be resolved", error.value());
  static int count = 0;  // a verb may write several
  fs::path temporary = target_.parent_path() / fmt::format(".septet-{}-{}.tmp", ::getpid(), ++count);
  std::FILE* file = std::fopen(temporary.c_str(), "wbx");
  if (file == nullptr) fail_on_file(path, "cannot be created", errno);
  std::fclose(file);
  temporary_ = std::move(temporary);
}

void StagedFile::commit() {
  if (is_device()) return;
  std::error_code error;
  fs::rename(temporary_, target_, error);
  if (error) fail_on_file(path_, "cannot be replaced", error.value());
  temporary_.clear();
}

void StagedFile::remove() {
  if (is_device()) return;
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

}  // namespace septet::cli
