// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "memory_image_file.hpp"

#include "input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace septet::io {
namespace {

constexpr std::size_t kBufferSize = 1 << 16;

int digits_of(int word_bits) { return (word_bits + 3) / 4; }

}  // namespace

const char* name(ImageFormat format) {
  constexpr const char* kNames[] = {"hex", "mem", "coe"};
  return kNames[static_cast<int>(format)];
}

void fail_on_line(const std::string& path, Index line, const std::string& message) {
  fail(path, fmt::format("line {}: {}", line, message));
}

// ---- writing

ImageWriter::ImageWriter(const StagedFile& staged, ImageFormat format, const ImageShape& shape,
                         const std::string& title)
    : file_(staged), format_(format), shape_(shape) {
  if (format == ImageFormat::coe) {
    text_ = "memory_initialization_radix=16;\nmemory_initialization_vector=\n";
    return;
  }
  text_ = fmt::format("// {}: {} words of {} bits\n", title, shape.depth, shape.word_bits);
  if (format == ImageFormat::mem) text_ += "@0\n";
}

void ImageWriter::put(std::uint64_t word) {
  if (format_ == ImageFormat::coe && count_ > 0) text_ += ",\n";
  fmt::format_to(std::back_inserter(text_), "{:0{}x}", word, digits_of(shape_.word_bits));
  if (format_ != ImageFormat::coe) text_ += '\n';
  ++count_;
  if (text_.size() >= kBufferSize) flush();
}

void ImageWriter::close() {
  if (count_ != shape_.depth) throw std::logic_error("a memory image has another number of words than it says");
  if (format_ == ImageFormat::coe) text_ += ";\n";
  flush();
  file_.close();
}

void ImageWriter::flush() {
  file_.write(text_.data(), text_.size());
  text_.clear();
}

// ---- reading

namespace {

constexpr int kEnd = -1;

bool is_blank(int c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f'; }
bool is_separator(int c) { return c == kEnd || is_blank(c) || c == ',' || c == ';' || c == '='; }

// Characters of a file, and words of them between blanks, comments and , ; = (which are words of their own).
class Lexer {
 public:
  explicit Lexer(const std::string& path) : file_(path), buffer_(kBufferSize) {}

  /// The next word; empty at the end of the file. `coe`: a semicolon that begins a line begins a comment.
  const std::string& next(bool coe) {
    skip(coe);
    word_.clear();
    word_line_ = line_;
    if (peek() == kEnd) return word_;
    word_ += static_cast<char>(take());
    if (is_separator(static_cast<unsigned char>(word_[0]))) return word_;
    constexpr std::size_t kLongest = 64;  // what is longer is no word of any memory
    while (!is_separator(peek()) && !at_comment()) {
      const auto c = static_cast<char>(take());
      if (word_.size() < kLongest) word_ += c;
    }
    return word_;
  }

  Index file_size() const { return file_.size(); }
  /// There was a comment of a coe file.
  bool saw_semicolon() const { return semicolon_; }

  /// Of the last word; at the end of the file the last line that has anything in it.
  Index line() const { return word_.empty() ? std::max<Index>(last_line_, 1) : word_line_; }

  [[noreturn]] void fail(const std::string& message) const { fail_on_line(file_.path(), line(), message); }

 private:
  int peek(std::size_t ahead = 0) {
    if (at_ + ahead >= end_ && !refill(ahead)) return kEnd;
    return static_cast<unsigned char>(buffer_[at_ + ahead]);
  }
  int take() {
    const int c = peek();
    ++at_;
    last_line_ = line_;
    if (c == '\n') ++line_, at_line_start_ = true;
    if (!is_blank(c)) at_line_start_ = false;
    return c;
  }
  // True if there is a character `ahead` after it.
  bool refill(std::size_t ahead) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(at_), buffer_.begin() + static_cast<std::ptrdiff_t>(end_),
              buffer_.begin());
    end_ -= at_, at_ = 0;
    end_ += file_.read(buffer_.data() + end_, buffer_.size() - end_);
    return ahead < end_;
  }
  bool at_comment() { return peek() == '/' && (peek(1) == '/' || peek(1) == '*'); }

  void skip(bool coe) {
    for (;;) {
      if (is_blank(peek())) {
        take();
      } else if ((peek() == '/' && peek(1) == '/') || (coe && at_line_start_ && peek() == ';')) {
        semicolon_ |= peek() == ';';
        while (peek() != kEnd && peek() != '\n') take();
      } else if (at_comment()) {
        skip_block();
      } else {
        return;
      }
    }
  }
  void skip_block() {
    const Index begun = line_;
    take(), take();
    while (!(peek() == '*' && peek(1) == '/')) {
      if (peek() == kEnd) fail_on_line(file_.path(), begun, "a comment that does not end");
      take();
    }
    take(), take();
  }

  InputFile file_;
  std::vector<char> buffer_;
  std::size_t at_ = 0, end_ = 0;
  std::string word_;
  Index line_ = 1, word_line_ = 1, last_line_ = 1;
  bool at_line_start_ = true, semicolon_ = false;
};

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// Puts the words of one file in their places.
class Words {
 public:
  Words(Lexer& lexer, const ImageShape& shape, const std::function<void(const ImageWord&)>& each)
      : lexer_(lexer), shape_(shape), each_(each) {}

  void add(const std::string& text) {
    const std::uint64_t bits = parse(text);
    ++count_;
    if (next_ >= shape_.depth) {
      // One after the other, they are counted to the end, for the message; where addresses jump, the place says more.
      if (jumped_) fail_on_address(fmt::format("{:x}", next_));
      return;
    }
    if (jumped_) see(next_);
    each_({next_, bits, lexer_.line()});
    ++next_;
  }

  void jump(const std::string& address) {
    std::uint64_t to = 0;
    const std::string digits = address.substr(1);
    if (digits.empty() || !hexadecimal(digits, to)) {
      lexer_.fail(io::quoted(address) + " is no address: @ and a hexadecimal number are expected");
    }
    // A memory without words may still be told where it begins.
    const bool within = digits.size() <= 16 && to < static_cast<std::uint64_t>(std::max<Index>(shape_.depth, 1));
    if (!within) fail_on_address(digits);
    if (static_cast<Index>(to) != next_ && !jumped_) {
      // Memory follows what is really there: a word takes a character at least.
      if (shape_.depth > lexer_.file_size()) {
        lexer_.fail(fmt::format("a file of {} bytes has no room for {} words", lexer_.file_size(), shape_.depth));
      }
      jumped_ = true;
      seen_.resize(static_cast<std::size_t>(shape_.depth));
      std::fill_n(seen_.begin(), std::min(next_, shape_.depth), true);
    }
    next_ = static_cast<Index>(to);
  }

  void end() const {
    if (count_ == shape_.depth) return;  // each at its place, and none twice
    std::string message = fmt::format("ends with {} words, {} are expected", count_, shape_.depth);
    if (jumped_) {
      const Index word = std::find(seen_.begin(), seen_.end(), false) - seen_.begin();
      message += fmt::format(": word {} (@{:x}) is missing", word, word);
    }
    lexer_.fail(message);
  }

 private:
  void see(Index word) {
    if (seen_[static_cast<std::size_t>(word)]) lexer_.fail(fmt::format("word {} (@{:x}) is there twice", word, word));
    seen_[static_cast<std::size_t>(word)] = true;
  }

  [[noreturn]] void fail_on_address(const std::string& address) const {
    lexer_.fail(fmt::format("address @{} is outside the {} words that are expected", address, shape_.depth));
  }

  static bool hexadecimal(const std::string& digits, std::uint64_t& value) {
    value = 0;
    for (const char c : digits) {
      const bool decimal = c >= '0' && c <= '9';
      if (!decimal && !(c >= 'a' && c <= 'f')) return false;
      value = value << 4 | static_cast<std::uint64_t>(decimal ? c - '0' : c - 'a' + 10);
    }
    return true;
  }

  std::uint64_t parse(const std::string& text) const {
    std::string digits;
    for (const char c : text) {
      if (c != '_' || digits.empty()) digits += c;  // Verilog's numbers may be grouped by them, behind the first digit
    }
    if (digits.find_first_not_of("0123456789abcdefxz?") != std::string::npos) {
      lexer_.fail(io::quoted(text) + " is no hexadecimal number");
    }
    // A word of which a simulator does not know a digit has all of its digits.
    std::uint64_t value = 0;
    const bool prefixed = digits.size() > 2 && digits.compare(0, 2, "0x") == 0 && hexadecimal(digits.substr(2), value);
    if (prefixed && static_cast<int>(digits.size()) != digits_of(shape_.word_bits)) {
      lexer_.fail(io::quoted(text) + " has a prefix: digits alone are expected");
    }
    if (static_cast<int>(digits.size()) > digits_of(shape_.word_bits)) {
      lexer_.fail(fmt::format("{} has more than the {} digits of a word of {} bits", io::quoted(text),
                              digits_of(shape_.word_bits), shape_.word_bits));
    }
    if (!hexadecimal(digits, value)) {
      lexer_.fail(fmt::format("{}, word {}, has unknown digits (x or z)", io::quoted(text), next_));
    }
    if (shape_.word_bits < 64 && value >> shape_.word_bits != 0) {
      lexer_.fail(fmt::format("{} does not fit a word of {} bits", io::quoted(text), shape_.word_bits));
    }
    return value;
  }

  Lexer& lexer_;
  const ImageShape shape_;
  const std::function<void(const ImageWord&)>& each_;
  Index next_ = 0;          // address of the next word
  Index count_ = 0;         // words so far
  bool jumped_ = false;     // by an address, to somewhere else than the next word
  std::vector<bool> seen_;  // then: the words so far; else they are those below next_
};

// Behind "memory_initialization_radix".
void read_coe(Lexer& lexer, Words& words) {
  const auto expect = [&](const std::string& wanted) {
    const std::string found = lower(lexer.next(true));
    if (found != wanted) {
      lexer.fail((found.empty() ? "the file ends" : "there is " + io::quoted(found)) + " where " + io::quoted(wanted) +
                 " is expected");
    }
  };
  expect("=");
  const std::string radix = lexer.next(true);
  if (radix != "16") lexer.fail("memory_initialization_radix is " + io::quoted(radix) + ": 16 is expected");
  expect(";");
  expect("memory_initialization_vector");
  expect("=");
  bool comma = false;  // the last word was one
  for (bool first = true;; first = false) {
    const std::string word = lower(lexer.next(false));
    if (word == ";" && !comma) break;
    if (word.empty()) lexer.fail("the file ends without the semicolon behind its words");
    if (word == "," || word == ";" || word == "=") {
      if (word != "," || comma || first) lexer.fail("there is " + io::quoted(word) + " where a word is expected");
      comma = true;
      continue;
    }
    words.add(word);
    comma = false;
  }
  words.end();
  if (!lexer.next(true).empty()) lexer.fail("something follows the semicolon that ends the words");
}

}  // namespace

void read_image(const std::string& path, const ImageShape& shape, const std::function<void(const ImageWord&)>& each) {
  Lexer lexer(path);
  Words words(lexer, shape, each);
  std::string word = lower(lexer.next(true));
  if (word == "memory_initialization_radix") return read_coe(lexer, words);
  if (lexer.saw_semicolon()) lexer.fail("memory_initialization_radix is expected behind a comment of semicolons");
  for (; !word.empty(); word = lower(lexer.next(false))) {
    if (word[0] == '@') {
      words.jump(word);
    } else {
      words.add(word);
    }
  }
  words.end();
}

}  // namespace septet::io
