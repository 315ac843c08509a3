// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "io/memory_image_file.hpp"

#include "io/input.hpp"
#include "io_test_support.hpp"

#include <doctest/doctest.h>

#include <random>

namespace septet::io::test {
namespace {

using Words = std::vector<std::uint64_t>;

std::string write(const ScratchFolder& folder, ImageFormat format, int bits, const Words& words) {
  const std::string path = folder.path(std::string("a.") + name(format));
  StagedFile staged(path);
  ImageWriter writer(staged, format, {bits, static_cast<Index>(words.size())}, "a");
  for (const std::uint64_t word : words) writer.put(word);
  writer.close();
  staged.commit();
  return path;
}

// In the order of their addresses.
Words read(const std::string& path, int bits, Index depth) {
  constexpr std::uint64_t kMissing = 0xdeadbeefdeadbeef;
  Words words(static_cast<std::size_t>(depth), kMissing);
  read_image(path, {bits, depth}, [&](const ImageWord& word) {
    std::uint64_t& at = words.at(static_cast<std::size_t>(word.address));
    CHECK(at == kMissing);
    at = word.bits;
  });
  return words;
}

Words read_text(const ScratchFolder& folder, const std::string& text, int bits, Index depth) {
  return read(folder.write("text", text), bits, depth);
}

void check_refused_text(const ScratchFolder& folder, const std::string& text, int bits, Index depth,
                        const std::string& part) {
  CAPTURE(text);
  const std::string path = folder.write("text", text);
  check_refused(status_of(path, [&] { read_image(path, {bits, depth}, [](const ImageWord&) {}); }), path, part);
}

TEST_CASE("images: each format, to the letter") {
  const ScratchFolder folder;
  const Words words{0, 0xff, 0x1a};
  write(folder, ImageFormat::hex, 8, words);
  CHECK(folder.read("a.hex") == "// a: 3 words of 8 bits\n00\nff\n1a\n");
  write(folder, ImageFormat::mem, 16, words);
  CHECK(folder.read("a.mem") == "// a: 3 words of 16 bits\n@0\n0000\n00ff\n001a\n");
  write(folder, ImageFormat::coe, 32, words);
  CHECK(folder.read("a.coe") ==
        "memory_initialization_radix=16;\nmemory_initialization_vector=\n00000000,\n000000ff,\n0000001a;\n");
  write(folder, ImageFormat::coe, 32, {});
  CHECK(folder.read("a.coe") == "memory_initialization_radix=16;\nmemory_initialization_vector=\n;\n");
  CHECK(folder.list() == std::vector<std::string>{"a.coe", "a.hex", "a.mem"});
}

TEST_CASE("images: what is written is read, in any format, of any size") {
  const ScratchFolder folder;
  std::mt19937_64 random(7);
  for (const ImageFormat format : kImageFormats) {
    for (const int bits : {1, 3, 8, 16, 32, 33, 64}) {
      for (const int depth : {0, 1, 2, 17, 30000}) {
        Words words;
        for (int i = 0; i < depth; ++i) words.push_back(random() >> (64 - bits));
        CAPTURE(name(format));
        CAPTURE(bits);
        CAPTURE(depth);
        CHECK(read(write(folder, format, bits, words), bits, depth) == words);
      }
    }
  }
}

TEST_CASE("images: what simulators and people write") {
  const ScratchFolder folder;
  const Words words{0x0a, 0xff, 0x01, 0x20};
  for (const char* text : {
           "0a\nff\n01\n20\n",
           "0A FF 1 20",                               // short words, blanks, no last line end
           "0a ff\r\n01\t20\r\n",                      // Windows
           "\n\n 0a ff\n\n01 20 \n\n",                 // empty lines
           "// 0x00000000\n0a\nff // 33\n01//44\n20",  // $writememh's comments, and others
           "/* a comment\n of 2 lines */0a/**/ff/*x*/ 01 20 // \xc3\xa4 end",
           "@0 0a ff 01 20",
           "@0\n0a\nff\n@2\n01\n20\n",
           "@2 01 20\n@00000000 0a ff\n",  // out of order
           "@3 20 @2 01 @1 ff @0 0a",
           "@0 0_a f_f 0_1 2_0_",  // grouped digits
           "memory_initialization_radix=16;\nmemory_initialization_vector=0a,ff,01,20;",
           "; a comment\nMEMORY_INITIALIZATION_RADIX = 16 ;\n; another; one\nmemory_initialization_vector =\n0a, "
           "ff,\n01 "
           "20 ;\n; the end\n",
           "memory_initialization_radix=16;\r\nmemory_initialization_vector=\r\n0a,\r\nff,\r\n01,\r\n20;\r\n",
       }) {
    CAPTURE(text);
    CHECK(read_text(folder, text, 8, 4) == words);
  }
  for (const char* text :
       {"", "\n", "// nothing\n", "@0\n", "memory_initialization_radix=16;memory_initialization_vector=;"}) {
    CAPTURE(text);
    CHECK(read_text(folder, text, 8, 0).empty());
  }
}

TEST_CASE("images: words come with their lines") {
  const ScratchFolder folder;
  const std::string path = folder.write("text", "// first\n0a ff\n/* \n\n */ 01\n\n20");
  std::vector<Index> lines;
  read_image(path, {8, 4}, [&](const ImageWord& word) { lines.push_back(word.line); });
  CHECK(lines == std::vector<Index>{2, 2, 5, 7});
}

TEST_CASE("images: malformed hex and mem") {
  const ScratchFolder folder;
  const auto refused = [&](const std::string& text, const std::string& part, int bits = 8, Index depth = 3) {
    check_refused_text(folder, text, bits, depth, part);
  };
  refused("0a\nxx\n01\n", "line 2: 'xx', word 1, has unknown digits (x or z)");
  refused("0a 1X 01\n", "line 1: '1x', word 1, has unknown digits");
  refused("0a\n01\nz0\n", "line 3: 'z0', word 2, has unknown digits");
  refused("0a\n01\n?0\n", "line 3: '?0', word 2, has unknown digits");
  refused("0a\n0g\n01\n", "line 2: '0g' is no hexadecimal number");
  refused("0a\n-1\n01\n", "line 2: '-1' is no hexadecimal number");
  refused("0a\n0x01\n01\n", "line 2: '0x01' has a prefix: digits alone are expected");
  refused("0a\n0X1\n01\n", "line 2: '0x1' has a prefix", 32);
  refused("0a\n0x\n01\n", "line 2: '0x', word 1, has unknown digits", 8);
  refused("0a\n0x000001\n01\n", "line 2: '0x000001', word 1, has unknown digits", 32);  // all 8: a simulator's
  refused("0a\n0x00x1\n01\n", "line 2: '0x00x1', word 1, has unknown digits", 32);
  refused("0a\n_1\n01\n", "line 2: '_1' is no hexadecimal number");
  refused("0a\n8'h01\n01\n", "line 2: '8'h01' is no hexadecimal number");
  refused(std::string("0a\n\0\n01\n", 8), "line 2: '\\x00' is no hexadecimal number");
  refused("0a\n\xff\n01\n", "line 2: '\\xff' is no hexadecimal number");
  refused("0a\n100\n01\n", "line 2: '100' has more than the 2 digits of a word of 8 bits");
  refused("0a\n001\n01\n", "line 2: '001' has more than the 2 digits of a word of 8 bits");
  refused("0a\n" + std::string(100000, '0') + "\n01\n",
          "line 2: '0000000000000000000000000000000000000000...' has more");
  refused("0\n8\n1\n", "line 2: '8' does not fit a word of 3 bits", 3);
  refused("", "line 1: ends with 0 words, 3 are expected");
  refused("0a\n01\n", "line 2: ends with 2 words, 3 are expected");
  refused("0a\n01\n\n\n", "line 4: ends with 2 words, 3 are expected");
  refused("0a\n01\n02\n03\n04", "line 5: ends with 5 words, 3 are expected");
  refused("0a", "line 1: ends with 1 words, 0 are expected", 8, 0);
  refused("@3 0a\n", "line 1: address @3 is outside the 3 words that are expected");
  refused("@0\n0a\n@ffffffffffffffffffff\n", "line 3: address @ffffffffffffffffffff is outside");
  refused("@ffffffffffffffff\n", "line 1: address @ffffffffffffffff is outside");
  refused("@1 0a\n", "line 1: address @1 is outside the 0 words", 8, 0);
  refused("0a @\n", "line 1: '@' is no address");
  refused("0a @x\n", "line 1: '@x' is no address");
  refused("0a\n@2\n01\n", "line 3: ends with 2 words, 3 are expected: word 1 (@1) is missing");
  refused("@1 0a 01\n", "ends with 2 words, 3 are expected: word 0 (@0) is missing");
  refused("0a\n01\n@1\n02\n", "line 4: word 1 (@1) is there twice");
  refused("@2 0a @0 01 02 03\n", "line 1: word 2 (@2) is there twice");
  refused("@1 0a 01 02\n", "line 1: address @3 is outside");
  refused("0a 01 /* 02\n\n", "line 1: a comment that does not end");
  refused("0a 01 /2\n", "'/2' is no hexadecimal number");
  refused("0a, 01, 02\n", "line 1: ',' is no hexadecimal number");
  refused("; a comment\n0a 01 02\n", "line 2: memory_initialization_radix is expected");
  refused("@1 00", "line 1: a file of 5 bytes has no room for 1152921504606846976 words", 8, Index{1} << 60);
}

TEST_CASE("images: malformed coe") {
  const ScratchFolder folder;
  const std::string radix = "memory_initialization_radix=16;\n", vector = "memory_initialization_vector=\n";
  const auto refused = [&](const std::string& text, const std::string& part) {
    check_refused_text(folder, text, 8, 3, part);
  };
  refused("memory_initialization_radix=2;\n" + vector + "0,1,0;", "line 1: memory_initialization_radix is '2': 16 is");
  refused("memory_initialization_radix 16;\n", "line 1: there is '16' where '=' is expected");
  refused("memory_initialization_radix=16\n" + vector, "line 2: there is 'memory_initialization_vector' where ';'");
  refused(radix, "line 1: the file ends where 'memory_initialization_vector' is expected");
  refused(radix + "0a,01,02;", "line 2: there is '0a' where 'memory_initialization_vector' is expected");
  refused(radix + "memory_initialization_vector\n", "the file ends where '=' is expected");
  refused(radix + vector + "0a,\n01,\n02\n", "line 5: the file ends without the semicolon");
  refused(radix + vector + "0a,\n01,\n02,\n;", "line 6: there is ';' where a word is expected");
  refused(radix + vector + ",0a,01,02;", "line 3: there is ',' where a word is expected");
  refused(radix + vector + "0a,,01,02;", "line 3: there is ',' where a word is expected");
  refused(radix + vector + "0a=01,02;", "line 3: there is '=' where a word is expected");
  refused(radix + vector + "0a,01;", "line 3: ends with 2 words, 3 are expected");
  refused(radix + vector + "0a,01,\n02,03;", "line 4: ends with 4 words, 3 are expected");
  refused(radix + vector + "0a,xx,\n02;", "line 3: 'xx', word 1, has unknown digits");
  refused(radix + vector + "0a,100,\n02;", "line 3: '100' has more than the 2 digits");
  refused(radix + vector + "@0 0a,01,\n02;", "line 3: '@0' is no hexadecimal number");
  refused(radix + vector + "0a,01,02;\nmore", "line 4: something follows the semicolon");
}

TEST_CASE("images: files that cannot be read") {
  const ScratchFolder folder;
  const auto refused = [&](const std::string& path, const std::string& part) {
    check_refused(status_of(path, [&] { read_image(path, {8, 1}, [](const ImageWord&) {}); }), path, part);
  };
  refused(folder.path("missing.hex"), "No such file");
  refused(folder.path(""), "is a directory");
}

TEST_CASE("images: a writer that is given another number of words says so") {
  const ScratchFolder folder;
  StagedFile staged(folder.path("a.hex"));
  ImageWriter writer(staged, ImageFormat::hex, {8, 2}, "a");
  writer.put(1);
  CHECK_THROWS_AS(writer.close(), const std::logic_error&);
}

TEST_CASE("staged folders: made, and gone again if they are not kept") {
  const ScratchFolder folder;
  {
    const StagedFolder staged(folder.path("new"));
    const StagedFile file(folder.path("new") + "/a");
    CHECK(folder.list() == std::vector<std::string>{"new"});
  }
  CHECK(folder.list().empty());
  {
    StagedFolder staged(folder.path("new"));
    StagedFile file(folder.path("new") + "/a");
    file.commit();
    staged.keep();
  }
  CHECK(folder.list() == std::vector<std::string>{"new"});
  {
    const StagedFolder staged(folder.path("new"));  // was there before: stays
  }
  CHECK(folder.list() == std::vector<std::string>{"new"});
  CHECK_THROWS_WITH_AS(StagedFolder(folder.path("missing/new")),
                       (folder.path("missing/new") + ": cannot be created: No such file or directory").c_str(),
                       const Error&);
}

}  // namespace
}  // namespace septet::io::test
