// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Reads a value change dump (IEEE 1364-2005, section 18) into the value of every signal at every rising edge of the
// clock. Written from the standard, shares nothing with what it reads.
#pragma once

#include <cstdint>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace septet::trace_test {

/// "01x…", as many digits as the signal is wide.
using Digits = std::string;

class Vcd {
 public:
  explicit Vcd(const std::string& text) : in_(text) {
    read_header();
    read_changes();
  }

  std::int64_t edges() const { return static_cast<std::int64_t>(times_.size()); }
  /// When the clock rises for the i-th time.
  std::int64_t time(std::int64_t i) const { return times_[static_cast<std::size_t>(i)]; }
  std::int64_t end() const { return time_; }
  bool has(const std::string& name) const { return signals_.count(name) != 0; }
  int width(const std::string& name) const { return find(name).width; }
  const Digits& digits(const std::string& name, std::int64_t i) const {
    return find(name).at_edge.at(static_cast<std::size_t>(i));
  }
  bool known(const std::string& name, std::int64_t i) const {
    return digits(name, i).find_first_not_of("01") == std::string::npos;
  }
  /// Throws on x.
  std::uint64_t bits(const std::string& name, std::int64_t i) const {
    if (!known(name, i)) throw std::runtime_error(name + " is x at edge " + std::to_string(i));
    std::uint64_t value = 0;
    for (const char c : digits(name, i)) value = 2 * value + (c == '1');
    return value;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, signal] : signals_) names.push_back(name);
    return names;
  }

 private:
  struct Signal {
    int width = 0;
    std::string id;
    std::vector<Digits> at_edge;
  };

  [[noreturn]] static void fail(const std::string& what) { throw std::runtime_error("VCD: " + what); }

  const Signal& find(const std::string& name) const {
    const auto at = signals_.find(name);
    if (at == signals_.end()) fail("no signal " + name);
    return at->second;
  }

  std::vector<std::string> until_end() {
    std::vector<std::string> words;
    for (std::string word; in_ >> word;) {
      if (word == "$end") return words;
      words.push_back(word);
    }
    fail("$end is missing");
  }

  void read_header() {
    std::vector<std::string> scopes;
    for (std::string word; in_ >> word;) {
      const std::vector<std::string> words = until_end();
      if (word == "$scope") scopes.push_back(words.at(1));
      if (word == "$upscope") scopes.pop_back();
      if (word == "$var") {
        std::string name;
        for (const std::string& scope : scopes) name += scope + ".";
        name += words.at(3);
        Signal signal{std::stoi(words.at(1)), words.at(2), {}};
        const std::string range = "[" + std::to_string(signal.width - 1) + ":0]";
        if (signal.width > 1 && words.at(4) != range) fail(name + " has the range " + words[4]);
        if (!value_.emplace(signal.id, Digits(static_cast<std::size_t>(signal.width), 'x')).second) fail("id twice");
        if (!signals_.emplace(name, signal).second) fail(name + " twice");
      }
      if (word == "$enddefinitions") {
        if (!scopes.empty()) fail("a scope is left open");
        return;
      }
    }
    fail("$enddefinitions is missing");
  }

  void read_changes() {
    bool dumping = false, clock_rose = false;
    const std::string clock = find("array.clk").id;
    for (std::string word; in_ >> word;) {
      if (word[0] == '#') {
        if (clock_rose) sample();
        clock_rose = false;
        const std::int64_t time = std::stoll(word.substr(1));
        if (started_ && time <= time_) fail("time does not grow at " + word);
        started_ = true, time_ = time;
      } else if (word == "$dumpvars") {
        dumping = true;
      } else if (word == "$end") {
        if (!dumping) fail("stray $end");
        dumping = false;
      } else if (word[0] == 'b') {
        std::string id;
        if (!(in_ >> id)) fail("no id after " + word);
        change(id, word.substr(1));
      } else {
        const std::string id = word.substr(1);
        if (id == clock && word[0] == '1' && value_[id] != "1") clock_rose = true;
        change(id, word.substr(0, 1));
      }
    }
    if (clock_rose) sample();
    if (dumping) fail("$dumpvars is left open");
  }

  void change(const std::string& id, const std::string& digits) {
    const auto at = value_.find(id);
    if (at == value_.end()) fail("unknown id " + id);
    const std::size_t width = at->second.size();
    if (digits.empty() || digits.size() > width || digits.find_first_not_of("01x") != std::string::npos) {
      fail("bad value " + digits + " of " + id);
    }
    // Left-extension (18.2.1): by 0 after 0 and 1, by x after x.
    at->second = std::string(width - digits.size(), digits[0] == 'x' ? 'x' : '0') + digits;
  }

  void sample() {
    times_.push_back(time_);
    for (auto& [name, signal] : signals_) signal.at_edge.push_back(value_.at(signal.id));
  }

  std::istringstream in_;
  std::map<std::string, Signal> signals_;
  std::map<std::string, Digits> value_;  // by id
  std::vector<std::int64_t> times_;
  std::int64_t time_ = 0;
  bool started_ = false;
};

}  // namespace septet::trace_test
