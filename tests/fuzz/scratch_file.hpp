// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// For readers that take a path: one file, written over and over; in memory where the system has such a folder.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace septet::fuzz {

struct ScratchFile {
  std::string path;

  /// "septet-fuzz-", the process, and this ending.
  explicit ScratchFile(const std::string& ending) {
    namespace fs = std::filesystem;
    const fs::path folder = fs::is_directory("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
    path = (folder / ("septet-fuzz-" + std::to_string(::getpid()) + ending)).string();
  }
  ~ScratchFile() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
};

}  // namespace septet::fuzz
