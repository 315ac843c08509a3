// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "prune_files.hpp"

#include "io/npy.hpp"
#include "io/tensor_file.hpp"
#include "prune_model.hpp"

#include <fmt/format.h>

#include <cctype>
#include <filesystem>
#include <set>

namespace septet::cli {

std::vector<std::string> mask_files(const network::Pruning& pruning) {
  std::set<std::string> taken;
  std::vector<std::string> files;
  for (const network::PrunedLayer& layer : pruning.layers) {
    std::string name = pruning.network.steps[static_cast<std::size_t>(layer.step)].name;
    for (char& c : name) {
      if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    }
    std::string file = name + "_mask.npy";
    for (std::size_t place = files.size(); !taken.insert(file).second; ++place) {
      file = fmt::format("{}_{}_mask.npy", name, place);
    }
    files.push_back(file);
  }
  return files;
}

PruneFiles::PruneFiles(const PruneFlags& given, const network::Pruning& pruning) {
  const std::string& output = given.flags.output;
  if (!given.is_matrix()) {
    if (output.empty()) return;
    folder_.emplace(output), network_.emplace(output, pruning.network);
    const std::vector<std::string> masks = mask_files(pruning);
    for (std::size_t i = 0; i < masks.size(); ++i) {
      add_mask((std::filesystem::path(output) / masks[i]).string(), pruning, i);
    }
    return;
  }
  if (!output.empty()) io::write_tensor(files_.emplace_back(output), weights_of(pruning.network, 0));
  if (!given.mask.empty()) add_mask(given.mask, pruning, 0);
}

void PruneFiles::add_mask(const std::string& path, const network::Pruning& pruning, std::size_t layer) {
  const network::PrunedLayer& pruned = pruning.layers[layer];
  io::write_npy_array(files_.emplace_back(path), Type::u8, weights_of(pruning.network, pruned.step).info().shape,
                      pruned.mask.data());
}

void PruneFiles::commit() {
  if (network_) network_->commit();
  for (io::StagedFile& file : files_) file.commit();
  if (folder_) folder_->keep();
}

}  // namespace septet::cli
