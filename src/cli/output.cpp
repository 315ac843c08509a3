// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "output.hpp"

#include "errors.hpp"
#include "io/matrix_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <system_error>
#include <utility>

namespace septet::cli {
namespace {

namespace fs = std::filesystem;

std::string errno_text(int error) { return std::generic_category().message(error); }

[[noreturn]] void fail(const std::string& path, const std::string& what, int error) {
  throw Error(Status(Cause::bad_file, path, what + ": " + errno_text(error)));
}

// Text that becomes the file `path` when commit() is called, by renaming; where `path` is a device or a pipe, which
// must stay what it is, commit() writes to it.
class StagedText {
 public:
  StagedText(const std::string& path, std::string text) : path_(path), target_(path), text_(std::move(text)) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (fs::exists(status) && !fs::is_regular_file(status)) return;
    if (fs::exists(status)) target_ = fs::canonical(path, error);  // a symbolic link stays one
    if (error && fs::exists(status)) fail(path, "cannot be resolved", error.value());
    static int count = 0;  // a verb may write several
    temporary_ = target_.parent_path() / fmt::format(".septet-{}-{}.tmp", ::getpid(), ++count);
    try {
      write(temporary_.string(), "wbx");
    } catch (...) {
      remove();
      throw;
    }
  }
  StagedText(const StagedText&) = delete;
  StagedText& operator=(const StagedText&) = delete;
  ~StagedText() { remove(); }

  void commit() {
    if (temporary_.empty()) return write(path_, "wb");
    std::error_code error;
    fs::rename(temporary_, target_, error);
    if (error) fail(path_, "cannot be replaced", error.value());
    temporary_.clear();
  }

 private:
  void write(const std::string& file_path, const char* mode) const {
    std::FILE* file = std::fopen(file_path.c_str(), mode);
    if (file == nullptr) fail(path_, "cannot be created", errno);
    errno = 0;
    const bool written = std::fwrite(text_.data(), 1, text_.size(), file) == text_.size();
    const int write_error = errno;
    // A full disk may show itself only when the last buffer goes out.
    const bool closed = std::fclose(file) == 0;
    if (!written || !closed) fail(path_, "cannot be written", written ? errno : write_error);
  }

  void remove() {
    if (temporary_.empty()) return;
    std::error_code ignored;
    fs::remove(temporary_, ignored);
  }

  const std::string path_;
  fs::path target_, temporary_;
  const std::string text_;
};

bool ends_with(const std::string& path, const std::string& ending) {
  return path.size() > ending.size() && path.compare(path.size() - ending.size(), ending.size(), ending) == 0;
}

}  // namespace

// The folder is there and may be written to, and `path` itself is no folder.
void check_writable(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) fail(path, "cannot be written", EISDIR);
  if (fs::exists(status) && !fs::is_regular_file(status)) return;
  const fs::path target = fs::exists(status) ? fs::canonical(path, error) : fs::path(path);
  const std::string folder = target.has_parent_path() ? target.parent_path().string() : ".";
  if (::access(folder.c_str(), W_OK | X_OK) != 0) fail(path, "cannot be created", errno);
}

bool is_septet(const std::string& path) { return ends_with(path, ".septet"); }

void check_outputs(const Flags& flags, bool packed_too) {
  if (!flags.output.empty()) {
    if (!ends_with(flags.output, ".npy") && !(packed_too && is_septet(flags.output))) {
      refuse(flags.output,
             fmt::format("the output is a .npy {}file, and its name has to say so", packed_too ? "or .septet " : ""));
    }
    check_writable(flags.output);
  }
  if (!flags.json.empty() && flags.json != "-") {
    if (flags.json == flags.output) {
      refuse(flags.json, packed_too ? "is the output file already" : "is the file for C already");
    }
    check_writable(flags.json);
  }
}

void print(const std::string& text) {
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0) fail("stdout", "cannot be written", errno);
}

void publish(const Flags& flags, const Json& json, const std::string& table, const ConstMatrix* c) {
  publish(flags, json, table, [&] {
    if (c != nullptr) throw_if_error(io::write_npy(flags.output, *c));
  });
}

void publish(const Flags& flags, const Json& json, const std::string& table, const std::function<void()>& write) {
  const bool to_stdout = flags.json == "-";
  std::optional<StagedText> staged;
  if (!flags.json.empty() && !to_stdout) staged.emplace(flags.json, dump(json));
  if (!flags.output.empty()) write();
  if (staged) staged->commit();
  print(to_stdout ? dump(json) : table);
}

void publish(const std::vector<OutputText>& files, const std::string& to_stdout) {
  std::deque<StagedText> staged;
  for (const OutputText& file : files) staged.emplace_back(file.path, file.text);
  for (StagedText& file : staged) file.commit();
  print(to_stdout);
}

std::string dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace septet::cli
