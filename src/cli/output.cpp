// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "output.hpp"

#include "errors.hpp"
#include "io/matrix_file.hpp"
#include "values.hpp"

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

// Text that becomes the file `path` when commit() is called. A device is written to then, other files before.
class StagedText {
 public:
  StagedText(const std::string& path, std::string text) : file_(path), text_(std::move(text)) {
    if (!file_.is_device()) write();
  }

  void commit() {
    if (file_.is_device()) write();
    file_.commit();
  }

 private:
  void write() const {
    io::StagedWriter file(file_);
    file.write(text_.data(), text_.size());
    file.close();
  }

  io::StagedFile file_;
  const std::string text_;
};

bool ends_with(const std::string& path, const std::string& ending) {
  return path.size() > ending.size() && path.compare(path.size() - ending.size(), ending.size(), ending) == 0;
}

// But for what a verb that was killed left, which is nobody's.
bool is_empty(const std::string& folder) {
  std::error_code error;
  for (fs::directory_iterator item(folder, error); !error && item != fs::directory_iterator(); item.increment(error)) {
    if (!io::is_temporary(item->path().filename().string())) return false;
  }
  if (error) io::fail_on_file(folder, "cannot be read", error.value());
  return true;
}

}  // namespace

bool check_output_folder(const std::string& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (fs::exists(status) && !fs::is_directory(status)) refuse(folder, "is there and no folder");
  if (fs::is_directory(status)) {
    if (::access(folder.c_str(), W_OK | X_OK) != 0) io::fail_on_file(folder, "cannot be written", errno);
    return !is_empty(folder);
  }
  const fs::path path = fs::path(folder).lexically_normal();  // "images/" is "images"
  io::check_writable(path.has_filename() ? path.string() : path.parent_path().string());
  return false;
}

bool is_septet(const std::string& path) { return ends_with(path, ".septet"); }

void check_outputs(const Flags& flags, bool packed_too) {
  if (!flags.output.empty()) {
    if (!ends_with(flags.output, ".npy") && !(packed_too && is_septet(flags.output))) {
      refuse(flags.output,
             fmt::format("the output is a .npy {}file, and its name has to say so", packed_too ? "or .septet " : ""));
    }
    io::check_writable(flags.output);
  }
  if (!flags.json.empty() && flags.json != "-") {
    if (io::same_file(flags.json, flags.output)) {
      refuse(flags.json, packed_too ? "is the output file already" : "is the file for C already");
    }
    io::check_writable(flags.json);
  }
  if (flags.report.empty()) return;
  check_page(flags.report);
  for (const std::string& other : {flags.output, flags.json}) {
    if (io::same_file(flags.report, other)) refuse(flags.report, "is the file of another output already");
  }
  io::check_writable(flags.report);
}

void check_apart(const std::vector<std::string>& outputs, const std::vector<std::string>& inputs) {
  for (const std::string& output : outputs) {
    if (output == "-") continue;
    for (const std::string& input : inputs) {
      if (io::same_file(output, input)) refuse(output, "is a file that is read: it would be overwritten");
    }
  }
}

void check_page(const std::string& path) {
  if (path == "-") refuse("--report", "needs a file");
  if (!ends_with(path, ".html")) refuse("--report", cli::quoted(path) + " does not end in .html");
}

void print(const std::string& text) {
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0) io::fail_on_file("stdout", "cannot be written", errno);
}

void publish(const Flags& flags, const Json& json, const std::string& table, const ConstMatrix* c,
             io::StagedFile* trace) {
  publish(
      flags, json, table,
      [&](const io::StagedFile& file) {
        if (c != nullptr) io::write_npy(file, *c);
      },
      trace);
}

void publish(const Flags& flags, const Json& json, const std::string& table, const WriteOutput& write,
             io::StagedFile* trace, const std::string& page) {
  std::optional<io::StagedFile> output;
  if (!flags.output.empty()) {
    output.emplace(flags.output);
    write(*output);
  }
  publish(
      flags, json, table,
      [&] {
        if (output) output->commit();
        if (trace != nullptr) trace->commit();
      },
      page);
}

void publish(const Flags& flags, const Json& json, const std::string& table, const std::function<void()>& commit,
             const std::string& page) {
  const bool to_stdout = flags.json == "-";
  std::deque<StagedText> texts;
  if (!flags.json.empty() && !to_stdout) texts.emplace_back(flags.json, dump(json));
  if (!flags.report.empty()) texts.emplace_back(flags.report, page);
  // Texts first: a device is written only now, and may be full. Renames of other files come after.
  for (StagedText& text : texts) text.commit();
  commit();
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
