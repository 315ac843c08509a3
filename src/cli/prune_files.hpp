// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What `septet prune` writes: a network and its masks in a folder, or a matrix and its mask.
#pragma once

#include "io/network_index.hpp"
#include "io/staged_file.hpp"
#include "prune_flags.hpp"

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

/// Of the layers, in a model's folder: "conv1_mask.npy". What is no letter or digit of a name becomes "_"; of two that
/// would be one the second has its place among the layers beside it ("conv_1_2_mask.npy").
std::vector<std::string> mask_files(const network::Pruning& pruning);

/// Written when it is made; the files get their names with commit(), all or none.
class PruneFiles {
 public:
  /// `pruning` has to outlive it. Throws Error.
  PruneFiles(const PruneFlags& given, const network::Pruning& pruning);

  void commit();

 private:
  void add_mask(const std::string& path, const network::Pruning& pruning, std::size_t layer);

  std::optional<io::StagedFolder> folder_;  // made first, gone last
  std::optional<io::NetworkWriter> network_;
  std::deque<io::StagedFile> files_;
};

}  // namespace septet::cli
