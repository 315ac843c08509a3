// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "images.hpp"

#include "errors.hpp"
#include "io/input.hpp"
#include "report_output.hpp"
#include "values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace septet::cli {
namespace {

constexpr const char* kKind = "septet memory images";
constexpr int kVersion = 1;
constexpr Index kMaxManifestBytes = 1 << 20;

int bits_of(Type type) { return static_cast<int>(8 * size_of(type)); }

// The manifest, key by key. What is wrong is an Error about its file.
class Manifest {
 public:
  explicit Manifest(const std::string& folder) : path_(manifest_path(folder)), json_(parse(path_)) {
    if (text("kind") != kKind) fail(fmt::format("is no manifest of {}", kKind));
    if (number("version", 1, std::numeric_limits<Index>::max()) != kVersion) fail("is of another version of septet");
  }

  Index number(const char* key, Index least, Index most) const {
    const Json& value = at(key);
    if (!value.is_number_integer()) fail(fmt::format("'{}' is no whole number", key));
    // What is beyond an Index would come out of it as another number.
    const bool beyond =
        value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<Index>::max()};
    if (const auto whole = value.get<Index>(); !beyond && whole >= least && whole <= most) return whole;
    fail(fmt::format("'{}' is {}: {} to {} are possible", key, value.dump(), least, most));
  }
  std::string text(const char* key) const {
    const Json& value = at(key);
    if (!value.is_string()) fail(fmt::format("'{}' is no text", key));
    return value.get<std::string>();
  }
  bool truth(const char* key) const {
    const Json& value = at(key);
    if (!value.is_boolean()) fail(fmt::format("'{}' is neither true nor false", key));
    return value.get<bool>();
  }
  /// A name as the flags have it: parse(flag, text).
  template <class Parse>
  auto named(const char* key, Parse parse) const {
    const std::string said = text(key);
    try {
      return parse(key, said);
    } catch (const Error& error) {
      std::string message = error.status().message();
      const std::string as_it_is = cli::quoted(said);  // may be of any length, and of any characters
      if (const auto at = message.find(as_it_is); at != std::string::npos) {
        message.replace(at, as_it_is.size(), io::quoted(said));
      }
      fail(fmt::format("'{}': {}", key, message));
    }
  }
  std::vector<io::ImageFormat> formats() const {
    const Json& list = at("images");
    std::vector<io::ImageFormat> formats;
    if (list.is_array()) {
      for (const io::ImageFormat format : io::kImageFormats) {
        if (std::find(list.begin(), list.end(), Json(name(format))) != list.end()) formats.push_back(format);
      }
    }
    if (formats.empty() || formats.size() != list.size()) fail("'images' is no list of hex, mem and coe");
    return formats;
  }

  void check(const char* key, const Json& expected) const {
    const Json& found = at(key);
    if (in_any_order(found) == in_any_order(expected)) return;
    if (found.is_structured()) fail(fmt::format("'{}' is not what the operands and its other keys give", key));
    fail(fmt::format("'{}' is {}, but the operands give {}: the export was changed", key, found.dump(),
                     expected.dump()));
  }

  [[noreturn]] void fail(const std::string& message) const { io::fail(path_, message); }

 private:
  static nlohmann::json in_any_order(const Json& json) { return nlohmann::json::parse(json.dump()); }
  static Json parse(const std::string& path) {
    io::InputFile file(path);
    if (file.size() > kMaxManifestBytes) io::fail(path, "is too large for a manifest");
    std::string text(static_cast<std::size_t>(file.size()), '\0');
    text.resize(file.read(text.data(), text.size()));
    try {
      return Json::parse(text);
    } catch (const Json::exception&) {
      io::fail(path, "is not JSON");
    }
  }
  const Json& at(const char* key) const {
    if (!json_.is_object() || !json_.contains(key)) fail(fmt::format("'{}' is missing", key));
    return json_.at(key);
  }

  const std::string path_;
  const Json json_;
};

Overflow parse_overflow(const std::string& key, const std::string& text) {
  for (const Overflow overflow : {Overflow::clamp, Overflow::wrap}) {
    if (text == name(overflow)) return overflow;
  }
  refuse(key, cli::quoted(text) + " is neither clamp nor wrap");
}

Accumulator read_accumulator(const Manifest& manifest, const std::string& key) {
  const std::string bits = key + "_bits", overflow = key + "_overflow";
  return {static_cast<int>(manifest.number(bits.c_str(), 0, 32)), manifest.named(overflow.c_str(), parse_overflow)};
}

void add_accumulator(Json& json, const std::string& key, const Accumulator& accumulator) {
  json[key + "_bits"] = accumulator.bits;
  json[key + "_overflow"] = name(accumulator.overflow);
}

}  // namespace

const char* name(Image image) {
  constexpr const char* kNames[] = {"sizes", "a", "b", "c_start", "c_expected", "writes_expected", "a_dense"};
  return kNames[static_cast<int>(image)];
}

io::ImageShape ExportedProduct::shape(Image image) const {
  switch (image) {
    case Image::sizes:
      return {32, emulation::kSizesWords};
    case Image::a:
      return {8, a_bytes};
    case Image::a_dense:
      return {bits_of(a_type), m * k};
    case Image::b:
      return {bits_of(b_type), k * n};
    case Image::writes_expected:
      return {bits_of(sums()), writes};
    default:
      return {bits_of(sums()), m * n};
  }
}

std::string image_path(const std::string& folder, Image image, io::ImageFormat format) {
  return (std::filesystem::path(folder) / fmt::format("{}.{}", name(image), io::name(format))).string();
}

std::string manifest_path(const std::string& folder) { return (std::filesystem::path(folder) / kManifest).string(); }

std::vector<std::string> export_paths(const std::string& folder) {
  std::vector<std::string> paths{manifest_path(folder)};
  for (const io::ImageFormat format : io::kImageFormats) {
    for (const Image image : kImages) paths.push_back(image_path(folder, image, format));
  }
  return paths;
}

void check_report(const std::string& json, const std::string& folder) {
  if (json.empty() || json == "-") return;
  // "images/" is "images"
  if (io::same_file(json, (std::filesystem::path(folder) / "").parent_path().string())) {
    refuse(json, "is the folder of the images");
  }
  for (const std::string& path : export_paths(folder)) {
    if (io::same_file(json, path)) refuse(json, "is a file of the export");
  }
}

namespace {

Json product_json(const ExportedProduct& product) {
  const GemmOptions& options = product.options;
  Json json;
  json["kind"] = kKind, json["version"] = kVersion;
  json["dataflow"] = name(options.dataflow);
  json["array_height"] = options.array.height, json["array_width"] = options.array.width;
  json["timing"] = name(product.timing);
  json["lanes"] = options.combine.lanes;
  json["combine"] = name(options.combine.policy);
  json["window"] = options.combine.window;
  json["m"] = product.m, json["n"] = product.n, json["k"] = product.k;
  json["a_type"] = name(product.a_type), json["b_type"] = name(product.b_type), json["sum_type"] = name(product.sums());
  json["a_zero_point"] = options.a_zero_point, json["b_zero_point"] = options.b_zero_point;
  json["preload"] = product.preload;
  json["accumulate"] = name(options.accumulate);
  json["mac"] = name(options.mac);
  add_accumulator(json, "accumulator", options.accumulator);
  add_accumulator(json, "fold_accumulator", options.fold_accumulator);
  json["flush_subnormals"] = options.flush_subnormals;
  json["cycles"] = product.cycles;
  json["a_bytes"] = product.a_bytes;
  json["writes"] = product.writes;
  json["images"] = Json::array();
  json["files"] = Json::array();
  for (const io::ImageFormat format : product.formats) {
    json["images"].push_back(io::name(format));
    for (const Image image : kImages) {
      const io::ImageShape shape = product.shape(image);
      json["files"].push_back({{"name", fmt::format("{}.{}", name(image), io::name(format))},
                               {"word_bits", shape.word_bits},
                               {"depth", shape.depth}});
    }
  }
  return json;
}

}  // namespace

Json manifest_json(const ExportedProduct& product, const emulation::Report& report) {
  Json json = product_json(product);
  json["report"] = report_json(report);
  return json;
}

bool holds_export(const std::string& folder) {
  try {
    const Manifest manifest(folder);
    return true;
  } catch (const Error&) {
    return false;
  }
}

ExportedProduct read_manifest(const std::string& folder) {
  const Manifest manifest(folder);
  // Their products fit 64 bits, and so do the bytes of a matrix.
  constexpr Index kMostWord = std::numeric_limits<std::uint32_t>::max(), kMost = std::numeric_limits<Index>::max();
  constexpr Index kMostSide = std::numeric_limits<std::int32_t>::max();
  ExportedProduct product;
  GemmOptions& options = product.options;
  options.dataflow = manifest.named("dataflow", parse_dataflow);
  options.array = {manifest.number("array_height", 1, kMostSide), manifest.number("array_width", 1, kMostSide)};
  product.timing = manifest.named("timing", parse_timing);
  options.combine.lanes = static_cast<int>(manifest.number("lanes", 1, kMostSide));
  options.combine.policy = manifest.named("combine", parse_combine);
  options.combine.window = static_cast<int>(manifest.number("window", 1, kMostSide));
  product.m = manifest.number("m", 0, kMostWord), product.n = manifest.number("n", 0, kMostWord);
  product.k = manifest.number("k", 0, kMostWord);
  product.a_type = manifest.named("a_type", parse_type), product.b_type = manifest.named("b_type", parse_type);
  options.a_zero_point = static_cast<int>(manifest.number("a_zero_point", -kMostSide, kMostSide));
  options.b_zero_point = static_cast<int>(manifest.number("b_zero_point", -kMostSide, kMostSide));
  product.preload = manifest.truth("preload");
  options.accumulate = manifest.named("accumulate", parse_accumulate);
  options.mac = manifest.named("mac", parse_mac);
  options.accumulator = read_accumulator(manifest, "accumulator");
  options.fold_accumulator = read_accumulator(manifest, "fold_accumulator");
  options.flush_subnormals = manifest.truth("flush_subnormals");
  product.cycles = manifest.number("cycles", 0, kMost);
  product.a_bytes = manifest.number("a_bytes", 0, kMostWord);
  product.writes = manifest.number("writes", 0, kMost);
  product.formats = manifest.formats();
  for (const auto& [rows, cols] : {std::pair{product.m, product.k}, {product.k, product.n}, {product.m, product.n}}) {
    const auto bytes = static_cast<__int128>(rows) * cols * 8;
    if (bytes > kMost) manifest.fail("'m', 'n' and 'k' are too large for any memory");
  }
  return product;
}

void check_manifest(const std::string& folder, const ExportedProduct& product, const emulation::Report* report) {
  const Manifest manifest(folder);
  const Json expected = report == nullptr ? product_json(product) : manifest_json(product, *report);
  for (const auto& item : expected.items()) manifest.check(item.key().c_str(), item.value());
}

std::vector<std::byte> read_elements(const std::string& path, const io::ImageShape& shape) {
  const auto size = static_cast<std::size_t>(shape.word_bits / 8);
  std::vector<std::byte> bytes;
  io::read_image(path, shape, [&](const io::ImageWord& word) {
    const std::size_t at = static_cast<std::size_t>(word.address) * size;
    if (bytes.size() < at + size) bytes.resize(at + size);
    std::memcpy(bytes.data() + at, &word.bits, size);  // little-endian, as everything this library runs on
  });
  return bytes;
}

}  // namespace septet::cli
