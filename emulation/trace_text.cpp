// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "trace_text.hpp"

#include "septet/status.hpp"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <ostream>
#include <system_error>

namespace septet::emulation {
namespace {

template <class Number>
void append_number(std::string& text, Number number) {
  char buffer[32];
  text.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr);
}

template <class Float>
void append_float(std::string& text, Float number) {
  if (std::isnan(number)) {
    text += "nan";  // its sign and payload mean nothing
  } else {
    append_number(text, number);
  }
}

}  // namespace

const char* name(PeAction action) {
  switch (action) {
    case PeAction::mac:
      return "mac";
    case PeAction::injected:
      return "injected";
    case PeAction::gated:
      return "gated";
    default:
      return "idle";
  }
}

void append(std::string& text, Index number) { append_number(text, number); }

void append(std::string& text, std::uint64_t bits, const TraceNumber& number) {
  switch (number.type) {
    case Type::f64: {
      double value;
      std::memcpy(&value, &bits, sizeof value);
      return append_float(text, value);
    }
    case Type::f32:
      return append_float(text, detail::float_of_bits(static_cast<std::uint32_t>(bits)));
    case Type::bf16:
      return append_float(text, static_cast<float>(bf16::from_bits(static_cast<std::uint16_t>(bits))));
    case Type::f16:
      return append_float(text, static_cast<float>(f16::from_bits(static_cast<std::uint16_t>(bits))));
    case Type::u8:
      return append_number(text, bits);
    default: {
      const std::uint64_t sign = std::uint64_t{1} << (number.bits - 1);
      return append_number(text, static_cast<std::int64_t>((bits ^ sign) - sign));
    }
  }
}

std::string to_text(std::uint64_t bits, const TraceNumber& number) {
  std::string text;
  append(text, bits, number);
  return text;
}

void TraceWriter::flush() {
  errno = 0;
  out_.write(text_.data(), static_cast<std::streamsize>(text_.size())).flush();
  text_.clear();
  if (out_) return;
  const std::string why = errno == 0 ? "" : ": " + std::generic_category().message(errno);
  throw Error(Status(Cause::bad_file, "trace", "cannot be written" + why));
}

std::string title_of(const TraceHeader& h) {
  const auto by = [](Index rows, Index cols) { return std::to_string(rows) + " x " + std::to_string(cols); };
  std::string types = name(h.a_type);
  if (h.a_type != h.b_type) types += std::string(" and ") + name(h.b_type);
  return std::string(name(h.dataflow)) + " on " + by(h.array.height, h.array.width) + " PEs, " + name(h.timing) + ", " +
         name(h.accumulate) + ": C " + by(h.m, h.n) + " = A " + by(h.m, h.k) + " * B " + by(h.k, h.n) + ", " + types;
}

}  // namespace septet::emulation
