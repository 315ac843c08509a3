// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What goes into a network, many batches of it in a file.
#pragma once

#include "septet/network/network.hpp"

#include <string>
#include <vector>

namespace septet::cli {

/// One or several batches of each of a network's inputs, a file per input. Of batches of one the first dimension may
/// be missing.
class InputBatches {
 public:
  /// Throws Error.
  InputBatches(const std::vector<std::string>& paths, const network::Network& network);

  Index batches() const { return batches_; }
  /// Together.
  Index images() const { return images_; }
  /// In this object's memory, until the next call.
  std::vector<const network::Tensor*> batch(Index i);

 private:
  std::vector<network::Tensor> files_, current_;
  Index batches_ = 0, images_ = 0;
};

}  // namespace septet::cli
