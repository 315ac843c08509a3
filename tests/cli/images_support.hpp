// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Memory images as a testbench sees them: text, words, and numbers in the words. Reads what docs/images.md says,
// without the library's reader.
#pragma once

#include "cli_test_support.hpp"
#include "support/generators.hpp"
#include "support/image_reader.hpp"
#include "support/store_order.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <sstream>

namespace septet::cli::test {

/// The words of DIR/image.format, and what the lines around them have to be.
inline std::vector<std::uint64_t> words_of(const Folder& folder, const std::string& dir, const std::string& image,
                                           const std::string& format, std::size_t digits) {
  std::istringstream lines(folder.read(dir + "/" + image + "." + format));
  std::string line;
  std::vector<std::uint64_t> words;
  bool ended = false;
  if (format == "coe") {
    std::getline(lines, line);
    CHECK(line == "memory_initialization_radix=16;");
    std::getline(lines, line);
    CHECK(line == "memory_initialization_vector=");
  } else {
    std::getline(lines, line);
    CHECK(line.compare(0, 3 + image.size(), "// " + image) == 0);
    if (format == "mem") {
      std::getline(lines, line);
      CHECK(line == "@0");
    }
  }
  while (std::getline(lines, line)) {
    CHECK_FALSE(ended);
    if (format == "coe") {
      ended = line.back() == ';';
      CHECK((ended || line.back() == ','));
      line.pop_back();
      if (line.empty()) continue;
    }
    CHECK(line.size() == digits);
    CHECK(line.find_first_not_of("0123456789abcdef") == std::string::npos);
    words.push_back(std::stoull(line, nullptr, 16));
  }
  CHECK(ended == (format == "coe"));
  return words;
}

/// Everything that an export with formats `format` (one of them) holds.
struct Images {
  Images(const Folder& folder, const std::string& dir, const std::string& format = "hex")
      : manifest(Json::parse(folder.read(dir + "/manifest.json"))), sizes(sizes_of(folder, dir, format)) {
    constexpr std::size_t kDigits[] = {8, 16, 2, 2, 8, 4, 4, 4};
    const std::size_t a_digits = kDigits[sizes.a_type], b_digits = kDigits[sizes.b_type],
                      sum_digits = kDigits[sizes.sum_type];
    a = words_of(folder, dir, "a", format, 2);
    a_dense = words_of(folder, dir, "a_dense", format, a_digits);
    b = words_of(folder, dir, "b", format, b_digits);
    c_start = words_of(folder, dir, "c_start", format, sum_digits);
    c_expected = words_of(folder, dir, "c_expected", format, sum_digits);
    writes_expected = words_of(folder, dir, "writes_expected", format, sum_digits);
  }

  Json manifest;
  support::ImageSizes sizes;
  std::vector<std::uint64_t> a, a_dense, b, c_start, c_expected, writes_expected;

  /// A, decoded from the bytes that the dataflow streams.
  std::vector<std::uint64_t> decoded_a() const {
    return support::read_a_image(sizes, std::vector<std::uint8_t>(a.begin(), a.end()));
  }

 private:
  static support::ImageSizes sizes_of(const Folder& folder, const std::string& dir, const std::string& format) {
    const std::vector<std::uint64_t> words = words_of(folder, dir, "sizes", format, 8);
    return support::ImageSizes({words.begin(), words.end()});
  }
};

/// Words as numbers of T.
template <class T>
std::vector<T> numbers(const std::vector<std::uint64_t>& words) {
  std::vector<T> result(words.size());
  for (std::size_t i = 0; i < words.size(); ++i) std::memcpy(&result[i], &words[i], sizeof(T));
  return result;
}

/// A file of hex words, as simulators write it.
inline std::string hex_text(const std::vector<std::uint64_t>& words, int digits) {
  std::string text;
  for (const std::uint64_t word : words) {
    char line[20];
    std::snprintf(line, sizeof line, "%0*llx\n", digits, static_cast<unsigned long long>(word));
    text += line;
  }
  return text;
}

/// The options that an export's sizes and manifest describe; without a preload's data.
inline GemmOptions options_of(const Images& images) {
  GemmOptions options;
  options.dataflow = static_cast<Dataflow>(images.sizes.dataflow);
  options.array = {images.sizes.height, images.sizes.width};
  options.combine.lanes = static_cast<int>(images.sizes.lanes);
  if (images.manifest.at("combine") == "first-fit") options.combine.policy = CombinePolicy::first_fit;
  options.combine.window = images.manifest.at("window");
  if (images.sizes.accumulate == 1) options.accumulate = Accumulate::fold_then_add;
  const Json& manifest = images.manifest;
  const auto accumulator = [&](const std::string& key) {
    return Accumulator{manifest.at(key + "_bits"),
                       manifest.at(key + "_overflow") == "clamp" ? Overflow::clamp : Overflow::wrap};
  };
  options.accumulator = accumulator("accumulator"), options.fold_accumulator = accumulator("fold_accumulator");
  options.flush_subnormals = manifest.at("flush_subnormals");
  if (manifest.at("mac") == "unfused") options.mac = Mac::unfused;
  options.a_zero_point = images.sizes.a_zero_point, options.b_zero_point = images.sizes.b_zero_point;
  return options;
}

/// The page's order of what is written; `start` only says whether there is a preload.
template <class TA>
support::StoreOrder order_of(const Images& images, const std::vector<TA>& a, const std::vector<std::int32_t>& start) {
  GemmOptions options = options_of(images);
  if (images.sizes.preload == 1) options.preload = row_major(start.data(), images.sizes.m, images.sizes.n);
  emulation::ArrayOptions array;
  array.timing = static_cast<Timing>(images.sizes.timing);
  return support::store_order(
      {support::pattern_of(row_major(a.data(), images.sizes.m, images.sizes.k), options.a_zero_point), images.sizes.n,
       static_cast<Type>(images.sizes.a_type), static_cast<Type>(images.sizes.b_type), options, array, false});
}

}  // namespace septet::cli::test
