// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "json_file.hpp"

#include "input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace septet::io {
namespace {

std::string read_text(const std::string& path, Index max_bytes, const std::string& what) {
  InputFile file(path);
  if (file.size() > max_bytes) fail(path, "is too large for " + what);
  std::string text(static_cast<std::size_t>(file.size()), '\0');
  text.resize(file.read(text.data(), text.size()));
  return text;
}

// The parser would silently take the last of several fields of one name.
class TwiceRefused {
 public:
  explicit TwiceRefused(std::string path) : path_(std::move(path)) {}

  void see(Json::parse_event_t event, const Json& parsed) {
    if (event == Json::parse_event_t::object_start) open_.emplace_back();
    if (event == Json::parse_event_t::object_end) open_.pop_back();
    if (event == Json::parse_event_t::key) see_key(parsed.get<std::string>());
  }

 private:
  struct Object {
    std::set<std::string> keys;
    std::string last;
  };

  void see_key(const std::string& key) {
    if (!open_.back().keys.insert(key).second) {
      const std::string entry = open_.size() == 1 ? "" : io::quoted(open_.front().last) + ": ";
      fail(path_, entry + io::quoted(key) + " is there twice");
    }
    open_.back().last = key;
  }

  std::string path_;
  std::vector<Object> open_;  // outermost first
};

}  // namespace

Json read_json(const std::string& path, Index max_bytes, const std::string& what) {
  const std::string text = read_text(path, max_bytes, what);
  TwiceRefused twice(path);
  try {
    return Json::parse(text, [&](int, Json::parse_event_t event, const Json& parsed) {
      twice.see(event, parsed);
      return true;
    });
  } catch (const Json::parse_error& error) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(error.byte, text.size()));
    const auto line = 1 + std::count(text.begin(), end, '\n');
    fail(path, fmt::format("is not JSON (line {}, at byte {})", line, error.byte));
  } catch (const Json::out_of_range&) {
    fail(path, "has a number that is not finite");
  }
}

}  // namespace septet::io
