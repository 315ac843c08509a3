// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet export: what becomes of the folder and what is in it.
#include "images_support.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>

namespace septet::cli::test {
namespace {

const std::string kSmall = "export random:9x14,zeros=0.6,dtype=s8 random:14x7,dtype=s8 --array 3x4 ";

std::vector<std::string> list(const Folder& folder, const std::string& dir) {
  std::vector<std::string> names;
  for (const auto& item : std::filesystem::directory_iterator(folder.path(dir))) {
    names.push_back(item.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

const std::vector<std::string> kHexFiles = {"a.hex",       "a_dense.hex",   "b.hex",     "c_expected.hex",
                                            "c_start.hex", "manifest.json", "sizes.hex", "writes_expected.hex"};

TEST_CASE("export: the folder is new, empty, or of an earlier export, whose images go") {
  const Folder folder;
  folder.works(kSmall + "-o images/ --image hex,mem,coe --json report.json");
  CHECK(list(folder, "images").size() == 22);
  CHECK(folder.read("report.json") == folder.read("images/manifest.json"));
  folder.write("images/dump.hex", "the user's own");
  folder.works(kSmall + "-o images --dataflow sIS");
  std::vector<std::string> with_dump = kHexFiles;
  with_dump.insert(with_dump.end() - 2, "dump.hex");
  std::sort(with_dump.begin(), with_dump.end());
  CHECK(list(folder, "images") == with_dump);
  CHECK(folder.read("images/dump.hex") == "the user's own");
  CHECK(Images(folder, "images").manifest.at("dataflow") == "sIS");
  std::filesystem::create_directory(folder.path("empty"));
  folder.works(kSmall + "-o empty");
  CHECK(list(folder, "empty") == kHexFiles);
  CHECK(folder.json(kSmall + "-o empty") == Json::parse(folder.read("empty/manifest.json")));
}

TEST_CASE("export: what is refused leaves nothing behind, and what is there as it was") {
  const Folder folder;
  folder.refused(kSmall, "--output", "is missing");
  folder.refused(kSmall + "-o ''", "-o", "'' is no file's name");
  folder.refused(kSmall + "-o missing/images", "missing/images", "No such file");
  folder.refused(kSmall + "-o images --image hex,bin", "--image", "'bin' is none of hex, mem, coe");
  folder.refused(kSmall + "-o images --image hex,hex", "--image", "hex is named twice");
  folder.refused(kSmall + "-o images --image ''", "--image", "'' is none of");
  folder.refused(kSmall + "-o images --alpha 2", "--alpha", "unknown option");
  folder.refused(kSmall + "-o images --beta 1", "--beta", "unknown option");
  folder.refused(kSmall + "-o images --bandwidth 8", "--bandwidth", "unknown option");
  folder.refused(kSmall + "-o images --accumulate fold --dataflow sOS", "--accumulate", "sOS keeps its sums");
  folder.refused(kSmall + "-o images --accumulate fold --dataflow sWS --fold-depth 5", "--fold-depth", "as deep as");
  folder.refused(kSmall + "-o images --array 0x4", "--array", "");
  folder.refused(kSmall + "-o images --a-zero-point 300", "--a-zero-point", "outside s8");
  folder.refused(kSmall + "-o images --json missing/report.json", "missing/report.json", "No such file");
  folder.refused("export random:3x4,dtype=s8 random:5x2,dtype=s8 -o images", "random:5x2,dtype=s8", "is 5 x 2");
  folder.refused("export random:3x4,dtype=s8 random:4x2,dtype=f32 -o images", "random:4x2,dtype=f32", "");
  folder.refused("export random:3x4,dtype=s8 random:4x2,dtype=s8 --preload missing.npy -o images", "missing.npy", "");
  CHECK(folder.list().empty());
  std::vector<std::int8_t> identity(8 * 8);
  for (std::size_t i = 0; i < 8; ++i) identity[i * 9] = 1;
  folder.write_npy("eight.npy", identity, 8, 8);
  folder.refused("export eight.npy eight.npy --dataflow csOS --array 8x65536 --lanes 8 -o images", "--array",
                 "too many columns, times lanes");
  CHECK(folder.list() == std::vector<std::string>{"eight.npy"});
  folder.write("images", "a file");
  folder.refused(kSmall + "-o images", "images", "is there and no folder");
  CHECK(folder.read("images") == "a file");
  std::filesystem::create_directory(folder.path("other"));
  folder.write("other/a.hex", "somebody's");
  folder.refused(kSmall + "-o other", "other", "is not empty and holds no earlier export");
  folder.write("other/manifest.json", "{\"kind\": \"another\", \"version\": 1}");
  folder.refused(kSmall + "-o other", "other", "is not empty and holds no earlier export");
  CHECK(list(folder, "other") == std::vector<std::string>{"a.hex", "manifest.json"});
  std::filesystem::remove(folder.path("images"));
  folder.works(kSmall + "-o images");
  const std::string before = folder.read("images/c_expected.hex");
  std::filesystem::remove(folder.path("images/b.hex"));
  std::filesystem::create_directory(folder.path("images/b.hex"));
  folder.refused(kSmall + "-o images --dataflow sIS", "images/b.hex", "");
  CHECK(folder.read("images/c_expected.hex") == before);
  CHECK(list(folder, "images") == kHexFiles);
}

TEST_CASE("export: its report is neither an image nor the folder, and where it fails there is no export") {
  const Folder folder;
  folder.refused(kSmall + "-o new --json new", "new", "is the folder of the images");
  folder.refused(kSmall + "-o new/ --json ./new", "./new", "is the folder of the images");
  folder.refused(kSmall + "-o new --json new/a.hex", "new/a.hex", "No such file");
  folder.refused(kSmall + "-o new --json /dev/full", "/dev/full", "No space left");
  CHECK(folder.list().empty());
  folder.works(kSmall + "-o images");
  const std::string before = folder.read("images/c_expected.hex"), manifest = folder.read("images/manifest.json");
  std::filesystem::create_symlink("images/b.hex", folder.path("link.json"));
  for (const std::string json : {"images/a.hex", "images/../images/c_start.coe", "images/manifest.json", "link.json"}) {
    folder.refused(kSmall + "-o images --json " + json, json, "is a file of the export");
  }
  folder.refused(kSmall + "-o images --dataflow sIS --json /dev/full", "/dev/full", "No space left");
  CHECK(folder.read("images/manifest.json") == manifest);
  CHECK(folder.read("images/c_expected.hex") == before);
  CHECK(list(folder, "images") == kHexFiles);
  folder.works(kSmall + "-o images --json images/report.json");
  CHECK(folder.read("images/report.json") == folder.read("images/manifest.json"));
}

TEST_CASE("export: what a killed one left does not count; what is no file is not replaced, and nothing is") {
  const Folder folder;
  std::filesystem::create_directory(folder.path("images"));
  folder.write("images/.septet-1234-5.tmp", "00");
  folder.works(kSmall + "-o images");
  std::filesystem::create_directory(folder.path("other"));
  folder.write("other/.septet-1234-5.tmp", "00");
  folder.write("other/.septet.tmp", "somebody's");
  folder.refused(kSmall + "-o other", "other", "is not empty");
  const std::string manifest = folder.read("images/manifest.json");
  for (const std::string path : {"images/a.coe", "images/sizes.mem", "images/b.hex"}) {
    std::filesystem::remove(folder.path(path));
    std::filesystem::create_directory(folder.path(path));
    folder.refused(kSmall + "-o images --dataflow sIS", path, "is there and not a regular file");
    std::filesystem::remove(folder.path(path));
    CHECK(folder.read("images/manifest.json") == manifest);
  }
  folder.works(kSmall + "-o images --dataflow sIS");
}

TEST_CASE("export: an interrupted one leaves nothing") {
  const Folder folder;
  const Outcome outcome = folder.septet("export random:40x40,dtype=s8 random:40x1000,dtype=s8 --array 8x8 -o images",
                                        "ulimit -c 0; ulimit -f 64;");
  CHECK(outcome.code == 128 + SIGXFSZ);
  CHECK(folder.list().empty());
}

}  // namespace
}  // namespace septet::cli::test
