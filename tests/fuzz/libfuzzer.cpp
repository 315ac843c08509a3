// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Under libFuzzer: the target's seeds go into the corpus' folder, if one was given.
#include "target.hpp"

#include <filesystem>
#include <fstream>
#include <string>

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  namespace fs = std::filesystem;
  for (int i = 1; i < *argc; ++i) {
    const fs::path folder = (*argv)[i];
    if (!fs::is_directory(folder)) continue;
    int number = 0;
    for (const septet::fuzz::Input& input : septet::fuzz::seeds()) {
      std::ofstream(folder / ("seed-" + std::to_string(number++)), std::ios::binary)
          .write(reinterpret_cast<const char*>(input.data()), static_cast<std::streamsize>(input.size()));
    }
    break;
  }
  return 0;
}
