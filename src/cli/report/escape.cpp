// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "escape.hpp"

#include <string_view>
#include <vector>

namespace septet::cli {
namespace {

// Bytes of the UTF-8 sequence at the beginning of `text`; 0: there is none.
std::size_t sequence(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead < 0x80                   ? 1
                             : lead >= 0xc2 && lead < 0xe0 ? 2
                             : (lead & 0xf0) == 0xe0       ? 3
                             : (lead & 0xf8) == 0xf0       ? 4
                                                           : 0;
  if (length > text.size()) return 0;
  for (const char c : text.substr(1, length == 0 ? 0 : length - 1)) {
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) return 0;
  }
  return length;
}

std::string entity(std::string_view sequence) {
  switch (sequence[0]) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return std::string(sequence);
  }
}

// Where the characters begin.
std::vector<std::size_t> starts_of(const std::string& text) {
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) starts.push_back(i);
  }
  return starts;
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t length = sequence(rest);
    const auto lead = static_cast<unsigned char>(rest[0]);
    out += length == 0 || lead < 0x20 || lead == 0x7f ? "\xef\xbf\xbd" : entity(rest.substr(0, length));
    rest.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::size_t characters(const std::string& text) { return starts_of(text).size(); }

std::string shortened(const std::string& text, std::size_t most) {
  const std::vector<std::size_t> starts = starts_of(text);
  if (starts.size() <= most) return text;
  const std::size_t head = most / 3, tail = most - head - 1;
  return text.substr(0, starts[head]) + "…" + text.substr(starts[starts.size() - tail]);
}

}  // namespace septet::cli
