// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The heart of septet export, with the kernel as an argument, so that a test can bring one that errs.
#pragma once

#include "images.hpp"
#include "verify.hpp"

namespace septet::cli {

struct ExportFlags : Flags {
  std::string folder;
  std::vector<io::ImageFormat> formats = {io::ImageFormat::hex};
};

/// Multiplies by `kernel` and on the emulated array and writes the images. Throws CheckFailed where the two, or the
/// closed form of the cycles, differ; Error for anything else. Nothing has been written then.
void export_images(const ExportFlags& flags, const Kernel& kernel);

}  // namespace septet::cli
