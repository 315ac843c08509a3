// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A file that appears whole or not at all: written under another name beside its place, then renamed. A signal that
// ends the process removes what is not renamed yet.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>

namespace septet::io {

/// Throws Error about a file of the user's: what, and the system's reason.
[[noreturn]] void fail_on_file(const std::string& path, const std::string& what, int error);

/// The folder is there and may be written to, and `path` itself is no folder. Throws Error.
void check_writable(const std::string& path);

/// Two names of one place, whether there is a file or not: "r.json" and "./r.json", a symbolic link and its target.
bool same_file(const std::string& left, const std::string& right);

/// Of the name of a file: a temporary, which a process that was killed may have left.
bool is_temporary(const std::string& name);

class StagedFile {
 public:
  /// Creates the temporary, empty. Where `path` is a device or a pipe, which must stay what it is, there is none.
  /// Throws Error.
  explicit StagedFile(const std::string& path);
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;
  ~StagedFile() { remove(); }

  const std::string& path() const { return path_; }
  bool is_device() const { return temporary_.empty(); }
  /// For what is no text. Throws Error.
  void refuse_device() const;
  /// Where to write.
  std::string where() const { return is_device() ? path_ : temporary_.string(); }
  /// What was written becomes `path`. Throws Error.
  void commit();

 private:
  void remove() noexcept;

  const std::string path_;
  std::filesystem::path target_, temporary_;
};

/// A folder for staged files: made if it is not there, and gone again if it is not kept.
class StagedFolder {
 public:
  /// Throws Error.
  explicit StagedFolder(const std::string& path);
  StagedFolder(const StagedFolder&) = delete;
  StagedFolder& operator=(const StagedFolder&) = delete;
  /// Files that are in it have to be gone before.
  ~StagedFolder();

  void keep();

 private:
  std::string made_;  // empty: nothing to remove
};

/// Writes to a staged file. A full disk may show itself only in close(). Throws Error about the file's own path.
class StagedWriter {
 public:
  explicit StagedWriter(const StagedFile& staged);
  StagedWriter(const StagedWriter&) = delete;
  StagedWriter& operator=(const StagedWriter&) = delete;
  ~StagedWriter();

  void write(const void* bytes, std::size_t count);
  void close();

 private:
  const std::string& path_;
  std::FILE* file_;
};

}  // namespace septet::io
