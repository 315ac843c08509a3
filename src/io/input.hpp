// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What every reader stands on: an open file, and how to say what is wrong with it. Readers throw Error; read_matrix()
// and its like turn that into a Status, so no exception leaves the folder.
#pragma once

#include "septet/status.hpp"

#include <cstdio>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

namespace septet::io {

/// Throws Error(bad_file, path, message).
[[noreturn]] void fail(const std::string& path, std::string message);

/// Text from a file, fit for a one-line message: in quotes, unprintable bytes as \xNN, cut after 40 characters.
std::string quoted(std::string_view text);

/// What the system says about an errno value ("No such file or directory").
std::string errno_text(int error);

/// Runs `body` (which throws) and turns what it throws into a Status about `argument`.
template <class Body>
Status status_of(const std::string& argument, Body body);

/// A regular file open for reading. Pipes and devices are refused: they have no size to check a header against, and
/// opening one could block for ever.
class InputFile {
 public:
  explicit InputFile(const std::string& path);

  const std::string& path() const { return path_; }
  /// Bytes in the file when it was opened.
  Index size() const { return size_; }
  /// Reads up to `count` bytes and says how many it were: fewer only at the end of the file.
  std::size_t read(void* bytes, std::size_t count);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  std::string path_;
  Index size_ = 0;
  std::unique_ptr<std::FILE, Close> file_;
};

template <class Body>
Status status_of(const std::string& argument, Body body) {
  try {
    body();
    return {};
  } catch (const Error& error) {
    return error.status();
  } catch (const std::bad_alloc&) {
    return {Cause::out_of_memory, argument, "not enough memory for this matrix"};
  } catch (const std::length_error&) {  // a vector asked for more than its max_size()
    return {Cause::out_of_memory, argument, "not enough memory for this matrix"};
  }
}

}  // namespace septet::io
