// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Runs the command in a folder of its own and keeps what it said.
#pragma once

#include "io/matrix_file.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace septet::cli::test {

using Json = nlohmann::ordered_json;

/// What a command left behind.
struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

/// A folder of its own under the system's temporary folder, removed with everything in it; commands run inside.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  bool has(const std::string& name) const;
  std::string read(const std::string& name) const;
  void write(const std::string& name, const std::string& content) const;
  /// Names of what is in it, sorted.
  std::vector<std::string> list() const;

  /// Runs `septet <arguments>` through the shell, in this folder; `environment`: "NAME=value" before it.
  Outcome septet(const std::string& arguments, const std::string& environment = "") const;
  /// The same for what has to work. `json` parses stdout.
  Outcome works(const std::string& arguments) const;
  Json json(const std::string& arguments) const;
  /// The same for what has to be refused: exit code 2, nothing on stdout, one line on stderr that begins with
  /// "septet: <argument>: " and contains `part`.
  void refused(const std::string& arguments, const std::string& argument, const std::string& part,
               const std::string& environment = "") const;

  template <class T>
  void write_npy(const std::string& name, std::vector<T> values, Index rows, Index cols) const {
    REQUIRE(static_cast<Index>(values.size()) == rows * cols);
    REQUIRE(io::write_npy(path(name), row_major(values.data(), rows, cols)).ok());
  }
  template <class T>
  std::vector<T> read_npy(const std::string& name, Index rows, Index cols) const;

 private:
  std::string folder_;
};

/// Checks "septet: <argument>: …\n", one line.
void check_error_line(const std::string& text, const std::string& argument, const std::string& part);

std::vector<std::string> keys_of(const Json& object);

/// A path in the shared data, or "" with a message that it is missing.
std::string shared_data(const std::string& relative);

template <class T>
std::vector<T> Folder::read_npy(const std::string& name, Index rows, Index cols) const {
  io::FileMatrix file;
  REQUIRE(io::read_matrix(path(name), file).ok());
  Type type{};
  REQUIRE(io::native_type(file, type));
  REQUIRE(type == type_of<T>());
  REQUIRE(file.rows == rows);
  REQUIRE(file.cols == cols);
  std::vector<T> values(static_cast<std::size_t>(rows * cols));
  REQUIRE(file.bytes.size() == values.size() * sizeof(T));
  std::memcpy(values.data(), file.bytes.data(), file.bytes.size());
  return values;
}

}  // namespace septet::cli::test
