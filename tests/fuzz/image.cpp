// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Memory images as text: the first two bytes are the word's bits and the depth, the rest is the file. Refused by name
// and line, or every word once and within its bits; and then what is written of them is read again.
#include "io/input.hpp"
#include "io/memory_image_file.hpp"
#include "scratch_file.hpp"
#include "target.hpp"

#include <fstream>
#include <string>

namespace septet::fuzz {
namespace {

Input seed(int bits, int depth, const std::string& text) {
  const std::string whole = std::string{static_cast<char>(bits - 1), static_cast<char>(depth)} + text;
  return {whole.begin(), whole.end()};
}

using Words = std::vector<std::uint64_t>;

Words read(const std::string& path, const io::ImageShape& shape) {
  Words words(static_cast<std::size_t>(shape.depth));
  std::vector<bool> seen(words.size());
  Index count = 0, line = 1;
  io::read_image(path, shape, [&](const io::ImageWord& word) {
    require(word.address >= 0 && word.address < shape.depth, "within");
    const auto at = static_cast<std::size_t>(word.address);
    require(!seen[at], "once");
    require(shape.word_bits == 64 || word.bits >> shape.word_bits == 0, "fits");
    require(word.line >= line, "lines ascend");
    line = word.line, seen[at] = true, words[at] = word.bits, ++count;
  });
  require(count == shape.depth, "all of them");
  return words;
}

}  // namespace

std::vector<Input> seeds() {
  return {
      seed(8, 3, "// a: 3 words of 8 bits\n00\nff\n1A\n"),
      seed(16, 4, "@0\n0000 /* two\n lines */ beef\n@2 1_2 // x\nffff\n"),
      seed(32, 2, "@1 00000001\n@0 00000002\r\n"),
      seed(8, 3, "memory_initialization_radix=16;\nmemory_initialization_vector=\n00,\nff,\n1a;\n"),
      seed(64, 1, "; comment\nMEMORY_INITIALIZATION_RADIX = 16;\nmemory_initialization_vector = 0123456789abcdef ;"),
      seed(8, 1, "xz\n")};
}

}  // namespace septet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace septet;
  if (size < 2) return 0;
  static const fuzz::ScratchFile file("-image");
  const io::ImageShape shape = {data[0] % 64 + 1, data[1] % 16};
  std::ofstream(file.path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(data + 2), static_cast<std::streamsize>(size - 2));
  fuzz::Words words;
  const Status status = io::status_of(file.path, [&] { words = fuzz::read(file.path, shape); });
  if (!status.ok()) {
    fuzz::require(status.cause() == Cause::bad_file, "another cause");
    fuzz::require(status.argument() == file.path, "names the file");
    fuzz::require(status.message().compare(0, 5, "line ") == 0, "names the line");
    return 0;
  }
  for (const io::ImageFormat format : io::kImageFormats) {
    io::StagedFile staged(file.path);
    io::ImageWriter writer(staged, format, shape, "fuzz");
    for (const std::uint64_t word : words) writer.put(word);
    writer.close();
    staged.commit();
    fuzz::require(fuzz::read(file.path, shape) == words, "written and read");
  }
  return 0;
}
