// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "staged_file.hpp"

#include "input.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <system_error>
#include <utility>

namespace septet::io {

namespace fs = std::filesystem;

namespace {

constexpr const char *kTemporaryPrefix = ".septet-", *kTemporarySuffix = ".tmp";

// What a signal has to remove: all that a handler may touch. Most has a network: up to four files for a layer.
constexpr std::size_t kMaxStaged = 1 << 14;
std::atomic<const char*> temporaries[kMaxStaged];
static_assert(std::atomic<const char*>::is_always_lock_free);

extern "C" void remove_temporaries(int signal) {
  for (const std::atomic<const char*>& temporary : temporaries) {
    if (const char* path = temporary.load(); path != nullptr) ::unlink(path);
  }
  for (const std::atomic<const char*>& temporary : temporaries) {  // a folder, when nothing is in it any more
    if (const char* path = temporary.load(); path != nullptr) ::rmdir(path);
  }
  ::raise(signal);  // once more, by default (SA_RESETHAND): the process ends as if nobody had caught it
}

bool catch_signals() {
  struct sigaction action {};
  action.sa_handler = remove_temporaries;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigfillset(&action.sa_mask);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGXCPU, SIGXFSZ}) {
    struct sigaction before {};
    // What is ignored (nohup) or somebody else's stays so.
    if (::sigaction(signal, nullptr, &before) != 0 || before.sa_handler != SIG_DFL) continue;
    ::sigaction(signal, &action, nullptr);
  }
  return true;
}

bool exchange(const char* from, const char* to) noexcept {
  for (std::atomic<const char*>& temporary : temporaries) {
    const char* expected = from;
    if (temporary.compare_exchange_strong(expected, to)) return true;
  }
  return false;
}

void remember(const char* path) {
  [[maybe_unused]] static const bool caught = catch_signals();
  if (!exchange(nullptr, path)) fail(path, fmt::format("cannot be created: more than {} files at once", kMaxStaged));
}

void forget(const char* path) noexcept { exchange(path, nullptr); }

}  // namespace

void fail_on_file(const std::string& path, const std::string& what, int error) {
  fail(path, what + ": " + errno_text(error));
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

bool same_file(const std::string& left, const std::string& right) {
  if (left.empty() || right.empty()) return false;
  const auto place = [](const std::string& path) {
    std::error_code error;
    const fs::path whole = fs::absolute(path, error);  // else a name of nothing stays relative
    fs::path canonical = fs::weakly_canonical(whole, error);
    return error ? whole.lexically_normal() : canonical;
  };
  return place(left) == place(right);
}

bool is_temporary(const std::string& name) {
  constexpr std::string_view kPrefix = kTemporaryPrefix, kSuffix = kTemporarySuffix;
  return name.size() > kPrefix.size() + kSuffix.size() && name.compare(0, kPrefix.size(), kPrefix) == 0 &&
         name.compare(name.size() - kSuffix.size(), kSuffix.size(), kSuffix) == 0;
}

StagedFile::StagedFile(const std::string& path) : path_(path), target_(path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) return;
  if (fs::exists(status)) target_ = fs::canonical(path, error);  // a symbolic link stays one
  if (error && fs::exists(status)) fail_on_file(path, "cannot be resolved", error.value());
  static std::atomic<unsigned> count{0};  // a verb may write several
  // A name of its own, as short as any: `path` may already be as long as the file system allows.
  temporary_ =
      target_.parent_path() / fmt::format("{}{}-{}{}", kTemporaryPrefix, ::getpid(), ++count, kTemporarySuffix);
  remember(temporary_.c_str());
  std::FILE* file = std::fopen(temporary_.c_str(), "wbx");  // x: never somebody else's file
  if (file == nullptr) {
    const int reason = errno;
    forget(temporary_.c_str());
    fail_on_file(path, "cannot be created", reason);
  }
  std::fclose(file);
}

void StagedFile::refuse_device() const {
  if (is_device()) fail(path_, "is there and not a regular file");
}

void StagedFile::commit() {
  if (is_device()) return;
  std::error_code error;
  fs::rename(temporary_, target_, error);
  if (error) fail_on_file(path_, "cannot be replaced", error.value());
  forget(temporary_.c_str());
  temporary_.clear();
}

void StagedFile::remove() noexcept {
  if (is_device()) return;
  std::error_code ignored;
  fs::remove(temporary_, ignored);
  forget(temporary_.c_str());
}

StagedFolder::StagedFolder(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return;
  made_ = path;
  remember(made_.c_str());
  if (::mkdir(path.c_str(), 0777) == 0) return;
  const int reason = errno;
  keep();  // what is there is somebody else's
  fail_on_file(path, "cannot be created", reason);
}

StagedFolder::~StagedFolder() {
  if (made_.empty()) return;
  std::error_code ignored;
  fs::remove(made_, ignored);
  keep();
}

void StagedFolder::keep() {
  if (made_.empty()) return;
  forget(made_.c_str());
  made_.clear();
}

StagedWriter::StagedWriter(const StagedFile& staged)
    : path_(staged.path()), file_(std::fopen(staged.where().c_str(), "wb")) {
  if (file_ == nullptr) fail_on_file(path_, "cannot be created", errno);
}

StagedWriter::~StagedWriter() {
  if (file_ != nullptr) std::fclose(file_);
}

void StagedWriter::write(const void* bytes, std::size_t count) {
  if (std::fwrite(bytes, 1, count, file_) != count) fail_on_file(path_, "cannot be written", errno);
}

void StagedWriter::close() {
  if (std::fclose(std::exchange(file_, nullptr)) != 0) fail_on_file(path_, "cannot be written", errno);
}

}  // namespace septet::io
