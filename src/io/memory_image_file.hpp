// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Contents of a memory as text, a word a line, in the three formats that simulators and FPGA tools take
// (docs/images.md):
//
//   hex   $readmemh (IEEE 1800-2017, section 21.4): hexadecimal words
//   mem   the same with the address of the first word, as Vivado's .mem files have it
//   coe   Xilinx's coefficient files: memory_initialization_radix=16; memory_initialization_vector= words between
//   commas;
//
// A word is its bits, most significant digit first. Both ends stream: memory does not grow with the file, but for a bit
// per word on reading.
#pragma once

#include "staged_file.hpp"

#include "septet/types.hpp"

#include <functional>
#include <string>

namespace septet::io {

enum class ImageFormat : std::uint8_t { hex, mem, coe };
inline constexpr ImageFormat kImageFormats[] = {ImageFormat::hex, ImageFormat::mem, ImageFormat::coe};
/// "hex", "mem" or "coe": also the file's extension.
const char* name(ImageFormat format);

/// Bits of a word, and how many words there are.
struct ImageShape {
  int word_bits = 8;
  Index depth = 0;
};

/// Writes one word after the other into a file that the caller commits.
class ImageWriter {
 public:
  /// `title` is what the first line says the file is (coe has no such line). Throws Error.
  ImageWriter(const StagedFile& staged, ImageFormat format, const ImageShape& shape, const std::string& title);

  /// The next word, in the low bits.
  void put(std::uint64_t word);
  /// After `depth` words. Throws Error.
  void close();

 private:
  void flush();

  StagedWriter file_;
  const ImageFormat format_;
  const ImageShape shape_;
  std::string text_;  // not written yet
  Index count_ = 0;
};

/// A word as it was read.
struct ImageWord {
  Index address = 0;
  std::uint64_t bits = 0;
  Index line = 0;
};

/// Reads a file of any of the three formats, told from its text, which has to hold every word of the shape once:
/// `each` gets them as they come. Of hex and mem, addresses (@) may jump, and comments be anywhere. Throws Error
/// (bad_file), naming line and cause: what is no number or has too many digits, unknown digits (x, z), an address that
/// is out of range, a word that is missing or there twice, another number of words.
void read_image(const std::string& path, const ImageShape& shape, const std::function<void(const ImageWord&)>& each);

/// Throws Error about a line of an image.
[[noreturn]] void fail_on_line(const std::string& path, Index line, const std::string& message);

}  // namespace septet::io
