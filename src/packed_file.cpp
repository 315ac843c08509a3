// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// save() and load() at the public edge; formats/serialize.hpp knows the bytes.
#include "septet/packed_file.hpp"

#include "formats/serialize.hpp"
#include "fp_environment.hpp"
#include "validate.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace septet {
namespace {

namespace fs = std::filesystem;

Status bad_file(const std::string& path, const std::string& message) { return {Cause::bad_file, path, message}; }

std::string error_text(int error) { return std::generic_category().message(error); }

// What deserialize() says, about the file or argument at fault.
template <class F>
Status about(const std::string& argument, F&& f) {
  const Status status = detail::guarded(f);
  return status.cause() == Cause::bad_file && status.argument().empty() ? bad_file(argument, status.message()) : status;
}

// A file that closes itself, and knows whether that went well.
class File {
 public:
  File(const fs::path& path, const char* mode) : file_(std::fopen(path.c_str(), mode)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (file_ != nullptr) std::fclose(file_);
  }
  bool is_open() const { return file_ != nullptr; }
  std::FILE* get() const { return file_; }
  bool close() { return std::fclose(std::exchange(file_, nullptr)) == 0; }

 private:
  std::FILE* file_;
};

// Beside `target`, under a name that nobody has: a rename stays within one file system.
Status write_beside(const fs::path& target, const std::vector<std::byte>& bytes, fs::path& temporary) {
  constexpr int kTries = 1000;
  for (int n = 0; n < kTries; ++n) {
    temporary = target.parent_path() / (".septet-" + std::to_string(n) + ".tmp");
    File file(temporary, "wbx");
    if (!file.is_open()) {
      if (errno == EEXIST) continue;
      const int error = errno;
      temporary.clear();
      return bad_file("", "cannot be created: " + error_text(error));
    }
    if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size() && file.close()) return {};
    return bad_file("", "cannot be written: " + error_text(errno));
  }
  temporary.clear();
  return bad_file("", "no name is free for a temporary file");
}

// What a symbolic link points to, so that the link stays.
Status find_target(const std::string& path, fs::path& target) {
  target = path;
  std::error_code error;
  const fs::file_status status = fs::status(target, error);
  if (!fs::exists(status)) return {};
  if (!fs::is_regular_file(status)) return bad_file("", "is there and not a regular file");
  const fs::path real = fs::canonical(target, error);
  if (!error) target = real;
  return {};
}

Status write_file(const std::string& path, const std::vector<std::byte>& bytes) {
  fs::path target, temporary;
  Status status = find_target(path, target);
  if (status.ok()) status = write_beside(target, bytes, temporary);
  std::error_code error;
  if (status.ok()) {
    fs::rename(temporary, target, error);
    if (!error) return {};
    status = bad_file("", "cannot be replaced: " + error.message());
  }
  if (!temporary.empty()) fs::remove(temporary, error);
  return status;
}

Status read_file(const std::string& path, std::vector<std::byte>& bytes) {
  std::error_code error;
  const fs::file_status kind = fs::status(path, error);
  // A pipe has no end to check a length against, and opening one may wait for ever.
  if (fs::exists(kind) && !fs::is_regular_file(kind)) return bad_file("", "is not a regular file");
  const File file(path, "rb");
  if (!file.is_open()) return bad_file("", error_text(errno));
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  const auto expected = fs::is_regular_file(path, error) ? fs::file_size(path, error) : 0;
  if (!error) bytes.reserve(static_cast<std::size_t>(expected) + 1);
  for (std::size_t got = kPiece; got != 0;) {
    const std::size_t size = bytes.size();
    const std::size_t room = bytes.capacity() > size ? bytes.capacity() - size : kPiece;
    bytes.resize(size + std::min(room, kPiece));
    got = std::fread(bytes.data() + size, 1, bytes.size() - size, file.get());
    bytes.resize(size + got);
  }
  return std::ferror(file.get()) == 0 ? Status() : bad_file("", "cannot be read");
}

}  // namespace

Status try_serialize(const PackedMatrix& packed, std::vector<std::byte>& bytes) {
  return detail::guarded([&]() -> Status {
    if (packed.empty()) return {Cause::bad_pointer, "packed", "an empty PackedMatrix: nothing was packed into it"};
    bytes = detail::serialize(*packed.storage());
    return {};
  });
}

Status try_deserialize(const void* bytes, Index size, PackedMatrix& packed) {
  const detail::FpEnvironment environment;  // a subnormal is no zero
  return about("bytes", [&]() -> Status {
    if (size < 0) return {Cause::bad_shape, "size", std::to_string(size) + " is negative"};
    if (bytes == nullptr && size > 0) return {Cause::bad_pointer, "bytes", "null, but a size was given"};
    packed = PackedMatrix(detail::deserialize(static_cast<const std::byte*>(bytes), size));
    return {};
  });
}

Status try_save(const PackedMatrix& packed, const std::string& path) {
  return about(path, [&]() -> Status {
    std::vector<std::byte> bytes;
    if (Status status = try_serialize(packed, bytes); !status.ok()) return status;
    return write_file(path, bytes);
  });
}

void save(const PackedMatrix& packed, const std::string& path) { throw_if_error(try_save(packed, path)); }

Status try_load(const std::string& path, PackedMatrix& packed) {
  return about(path, [&]() -> Status {
    std::vector<std::byte> bytes;
    if (Status status = read_file(path, bytes); !status.ok()) return status;
    const Status status = try_deserialize(bytes.data(), static_cast<Index>(bytes.size()), packed);
    return status.cause() == Cause::bad_file ? bad_file("", status.message()) : status;
  });
}

PackedMatrix load(const std::string& path) {
  PackedMatrix packed;
  throw_if_error(try_load(path, packed));
  return packed;
}

}  // namespace septet
