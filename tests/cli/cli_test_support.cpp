// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "cli_test_support.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#ifndef SEPTET_CLI
#error "SEPTET_CLI is how the shell runs the command"
#endif

namespace septet::cli::test {

namespace fs = std::filesystem;

Folder::Folder() : folder_((fs::temp_directory_path() / "septet_cli_XXXXXX").string()) {
  if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder " + folder_);
}

Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

bool Folder::has(const std::string& name) const { return fs::exists(path(name)); }

std::string Folder::read(const std::string& name) const {
  std::ifstream file(path(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Folder::write(const std::string& name, const std::string& content) const {
  std::ofstream file(path(name), std::ios::binary);
  file << content;
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path(name));
}

std::vector<std::string> Folder::list() const {
  std::vector<std::string> names;
  for (const auto& item : fs::directory_iterator(folder_)) names.push_back(item.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

Outcome Folder::septet(const std::string& arguments, const std::string& environment) const {
  // Beside the folder, so that what is in it is the command's doing.
  const std::string out = folder_ + ".out", err = folder_ + ".err";
  const std::string command = "cd '" + folder_ + "' && { " + environment + " " SEPTET_CLI " " + arguments + "; } >'" +
                              out + "' 2>'" + err + "' </dev/null";
  const int status = std::system(command.c_str());
  Outcome outcome;
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  for (auto [name, text] : {std::pair(&out, &outcome.out), std::pair(&err, &outcome.err)}) {
    std::ifstream file(*name, std::ios::binary);
    text->assign(std::istreambuf_iterator<char>(file), {});
    fs::remove(*name);
  }
  return outcome;
}

Outcome Folder::works(const std::string& arguments) const {
  CAPTURE(arguments);
  Outcome outcome = septet(arguments);
  CAPTURE(outcome.out);
  CHECK(outcome.err.empty());
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  return outcome;
}

Json Folder::json(const std::string& arguments) const { return Json::parse(works(arguments + " --json -").out); }

void Folder::refused(const std::string& arguments, const std::string& argument, const std::string& part,
                     const std::string& environment) const {
  CAPTURE(arguments);
  const Outcome outcome = septet(arguments, environment);
  CHECK(outcome.code == 2);
  CHECK(outcome.out.empty());
  check_error_line(outcome.err, argument, part);
}

void check_error_line(const std::string& text, const std::string& argument, const std::string& part) {
  CAPTURE(text);
  const std::string start = "septet: " + argument + ": ";
  CHECK(text.compare(0, start.size(), start) == 0);
  CHECK(text.find(part, start.size()) != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  CHECK(text.size() > start.size() + 1);
  CHECK(text.back() == '\n');
}

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& item : object.items()) keys.push_back(item.key());
  return keys;
}

std::string shared_data(const std::string& relative) {
  const std::string path = std::string(SEPTET_SHARED_DIR) + "/" + relative;
  std::error_code ignored;
  if (fs::exists(path, ignored)) return path;
  MESSAGE("shared test data is missing, so this case checks nothing: " << path);
  return "";
}

}  // namespace septet::cli::test
