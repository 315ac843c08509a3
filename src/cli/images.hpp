// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A folder of memory images: what `septet export` writes and `septet compare` reads (docs/images.md).
#pragma once

#include "io/memory_image_file.hpp"
#include "output.hpp"
#include "septet/emulation/memory_image.hpp"

#include <string>
#include <vector>

namespace septet::cli {

enum class Image : std::uint8_t { sizes, a, b, c_start, c_expected, writes_expected, a_dense };
inline constexpr Image kImages[] = {Image::sizes,           Image::a,      Image::b, Image::c_start, Image::c_expected,
                                    Image::writes_expected, Image::a_dense};
/// The file's name without its extension.
const char* name(Image image);

inline constexpr const char* kManifest = "manifest.json";

/// The exported product, as far as the images do not hold it.
struct ExportedProduct {
  Index m = 0, n = 0, k = 0;
  Type a_type = Type::f32, b_type = Type::f32;
  GemmOptions options;  ///< dataflow, array and numbers; the preload's data is an image
  Timing timing = Timing::serial;
  bool preload = false;  ///< sums start from c_start
  Index a_bytes = 0;     ///< of the image of A
  Index writes = 0;      ///< words that the store units write
  Index cycles = 0;
  std::vector<io::ImageFormat> formats;  ///< of which all images are there

  Type sums() const { return accumulator_of(a_type); }
  io::ImageShape shape(Image image) const;
};

/// "folder/a.hex".
std::string image_path(const std::string& folder, Image image, io::ImageFormat format);
std::string manifest_path(const std::string& folder);

/// Every file that an export may have, in whatever formats.
std::vector<std::string> export_paths(const std::string& folder);
/// Refuses a --json that is the folder of an export, or a file of it. Throws Error.
void check_report(const std::string& json, const std::string& folder);

/// The manifest; `report` of the run.
Json manifest_json(const ExportedProduct& product, const emulation::Report& report);
/// True if the folder holds a manifest of an export.
bool holds_export(const std::string& folder);
/// Throws Error about the manifest.
ExportedProduct read_manifest(const std::string& folder);
/// The manifest against what the operands give; the report, where there has been a run. Throws Error about the first
/// key that differs.
void check_manifest(const std::string& folder, const ExportedProduct& product,
                    const emulation::Report* report = nullptr);

/// The words of an image, one element after the other in as many bytes as a word has. Memory follows what is really
/// there. Throws Error.
std::vector<std::byte> read_elements(const std::string& path, const io::ImageShape& shape);

}  // namespace septet::cli
