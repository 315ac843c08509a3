// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "prune_inputs.hpp"

#include "errors.hpp"
#include "io/tensor_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace septet::cli {
namespace {

using network::Tensor;
using network::TensorInfo;

// How many batches of the input the file holds.
Index batches_of(const std::string& path, const Tensor& file, const TensorInfo& info) {
  if (file.info().type != info.type) {
    refuse(path, fmt::format("holds {}; the network's {} is {}", name(file.info().type), info.name, name(info.type)));
  }
  std::vector<Index> shape = file.info().shape;
  if (shape.size() + 1 == info.shape.size()) shape.insert(shape.begin(), 1);
  const bool alike =
      shape.size() == info.shape.size() && std::equal(shape.begin() + 1, shape.end(), info.shape.begin() + 1);
  if (!alike || shape[0] < 1 || shape[0] % info.dim(0) != 0) {
    refuse(path, fmt::format("is {}; the network's {} is {}, or a multiple of the first",
                             io::shape_text(file.info().shape), info.name, io::shape_text(info.shape)));
  }
  return shape[0] / info.dim(0);
}

}  // namespace

InputBatches::InputBatches(const std::vector<std::string>& paths, const network::Network& network) {
  if (paths.size() != network.inputs.size()) {
    refuse("--input", fmt::format("is given {} times; the network has {} inputs", paths.size(), network.inputs.size()));
  }
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const TensorInfo& info = network.tensors[static_cast<std::size_t>(network.inputs[i])];
    files_.push_back(io::read_tensor(paths[i])), current_.emplace_back(info);
    const Index batches = batches_of(paths[i], files_.back(), info);
    if (i > 0 && batches != batches_) {
      refuse(paths[i], fmt::format("holds {} batches, {} before it {}", batches, paths[i - 1], batches_));
    }
    batches_ = batches;
    if (i == 0) images_ = batches * info.dim(0);
  }
}

std::vector<const Tensor*> InputBatches::batch(Index i) {
  std::vector<const Tensor*> pointers;
  for (std::size_t input = 0; input < files_.size(); ++input) {
    Tensor& to = current_[input];
    const auto* from = static_cast<const std::byte*>(files_[input].data());
    std::memcpy(to.data(), from + static_cast<std::size_t>(i) * to.bytes(), to.bytes());
    pointers.push_back(&to);
  }
  return pointers;
}

}  // namespace septet::cli
