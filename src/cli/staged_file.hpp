// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A file that appears whole or not at all: written under another name beside its place, then renamed.
#pragma once

#include <filesystem>
#include <string>

namespace septet::cli {

/// Throws Error about a file of the user's.
[[noreturn]] void fail_on_file(const std::string& path, const std::string& what, int error);

/// The folder is there and may be written to, and `path` itself is no folder. Throws Error.
void check_writable(const std::string& path);

class StagedFile {
 public:
  /// Creates the temporary, empty. Where `path` is a device or a pipe, which must stay what it is, there is none.
  explicit StagedFile(const std::string& path);
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;
  ~StagedFile() { remove(); }

  const std::string& path() const { return path_; }
  bool is_device() const { return temporary_.empty(); }
  /// Where to write.
  std::string where() const { return is_device() ? path_ : temporary_.string(); }
  /// What was written becomes `path`.
  void commit();

 private:
  void remove();

  const std::string path_;
  std::filesystem::path target_, temporary_;
};

}  // namespace septet::cli
