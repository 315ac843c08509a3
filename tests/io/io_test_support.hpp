// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the reader tests share: files of their own in a folder that goes away, and the project's shared test data.
#pragma once

#include "io/matrix_file.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace septet::io::test {

/// A folder of its own under the system's temporary folder, removed with everything in it.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string path(std::string_view name) const { return folder_ + "/" + std::string(name); }
  /// Writes a file and returns its path.
  std::string write(std::string_view name, std::string_view content) const;
  std::string read(std::string_view name) const;
  /// Names of what is in it, sorted.
  std::vector<std::string> list() const;

 private:
  std::string folder_;
};

/// A path in the shared data (`relative` "data/malformed"), or "" with a message that it is missing.
std::string shared_data(const std::string& relative);

/// An .npy file of the given version around `header`, which is taken as it is.
std::string npy_bytes(std::string_view header, std::string_view data, int version = 1);

/// The bytes of numbers as they lie in memory.
template <class T>
std::string bytes_of(const std::vector<T>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T)};
}

/// Checks that `status` refuses `path` because of the file, in one printable line that contains `part`.
void check_refused(const Status& status, const std::string& path, std::string_view part, Cause cause = Cause::bad_file);

/// Reads `path`, checks that it is refused as above and that nothing was written to the result.
void check_file_refused(const std::string& path, std::string_view part, Cause cause = Cause::bad_file);

/// Reads `path`, which must work.
FileMatrix read_ok(const std::string& path);

/// `matrix` converted to dense rows of T, which must work.
template <class T>
std::vector<T> dense(const FileMatrix& matrix);

extern template std::vector<float> dense(const FileMatrix&);
extern template std::vector<double> dense(const FileMatrix&);
extern template std::vector<std::int8_t> dense(const FileMatrix&);
extern template std::vector<std::uint8_t> dense(const FileMatrix&);
extern template std::vector<std::int16_t> dense(const FileMatrix&);
extern template std::vector<std::int32_t> dense(const FileMatrix&);
extern template std::vector<bf16> dense(const FileMatrix&);
extern template std::vector<f16> dense(const FileMatrix&);

}  // namespace septet::io::test
