// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "page_support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace septet::cli::test {
namespace {

// Every element is closed by its own end tag, in order; the text of style and script is not looked at.
void check_well_formed(const std::string& html) {
  const std::string start = "<!DOCTYPE html>\n";
  REQUIRE(html.compare(0, start.size(), start) == 0);
  std::vector<std::string> open;
  for (std::size_t at = html.find('<', start.size()); at != std::string::npos; at = html.find('<', at)) {
    const std::size_t end = html.find('>', at);
    REQUIRE(end != std::string::npos);
    const std::string tag = html.substr(at + 1, end - at - 1);
    CHECK_MESSAGE(std::count(tag.begin(), tag.end(), '"') % 2 == 0, tag);
    const std::string name = tag.substr(0, tag.find_first_of(" /", 1));
    at = end + 1;
    if (name == "meta" || tag.back() == '/') continue;
    if (tag[0] == '/') {
      REQUIRE_FALSE(open.empty());
      REQUIRE_MESSAGE(open.back() == tag.substr(1), tag);
      open.pop_back();
      continue;
    }
    open.push_back(name);
    if (name == "style" || name == "script") at = html.find("</" + name, at);
  }
  CHECK(open.empty());
}

}  // namespace

void check_page_alone(const std::string& html) {
  check_well_formed(html);
  for (const char* outside :
       {"http", "//", "src=\"", "href", "url(", "@import", "<link", "<img", "<iframe", "fetch("}) {
    CHECK_MESSAGE(html.find(outside) == std::string::npos, outside);
  }
}

}  // namespace septet::cli::test
