// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Text on its way to a stream: what the sinks write with. No locale, no rounding.
#pragma once

#include "septet/emulation/trace.hpp"

#include <iosfwd>
#include <string>
#include <string_view>

namespace septet::emulation {

/// Appends a number in decimal; floats as to_text().
void append(std::string& text, Index number);
void append(std::string& text, std::uint64_t bits, const TraceNumber& number);

/// Gathers text and hands it to a stream in large pieces. Throws Error (bad_file, "trace") when that fails.
class TraceWriter {
 public:
  explicit TraceWriter(std::ostream& out) : out_(out) {}

  TraceWriter& operator<<(std::string_view text) { return text_ += text, *this; }
  TraceWriter& operator<<(char c) { return text_ += c, *this; }
  TraceWriter& operator<<(Index number) { return append(text_, number), *this; }
  TraceWriter& number(const TraceValue& value, const TraceNumber& number) {
    return append(text_, value.bits, number), *this;
  }
  std::string& text() { return text_; }

  /// At the end of a piece that belongs together.
  void flush_some() {
    if (text_.size() >= kPiece) flush();
  }
  void flush();

 private:
  static constexpr std::size_t kPiece = 1 << 16;
  std::ostream& out_;
  std::string text_;
};

/// "dOS on 4 x 8 PEs, serial: C 5 x 6 = A 5 x 7 * B 7 x 6, s8": what a viewer shows as the title.
std::string title_of(const TraceHeader& header);

}  // namespace septet::emulation
