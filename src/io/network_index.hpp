// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Networks in a folder: index.json, which lists tensors and steps, and .npy files of weights. docs/network_index.md
// defines every key.
#pragma once

#include "septet/network/network.hpp"

#include <memory>
#include <string>
#include <vector>

namespace septet::io {

/// Reads an index.json, or the one in a folder. What comes back has passed network::validate(). Throws Error, which
/// names the file, the step or key, and the cause; std::bad_alloc.
network::Network read_network(const std::string& path);

/// The index at `path`, or in that folder, and the files that it names. Of what is no index nothing: read_network()
/// says why. Throws std::bad_alloc.
std::vector<std::string> network_files(const std::string& path);

/// A network that validate() accepts on its way into `folder`, which is made if it is not there: its files appear with
/// commit(), all or none.
class NetworkWriter {
 public:
  /// Throws Error, std::bad_alloc.
  NetworkWriter(const std::string& folder, const network::Network& network);
  NetworkWriter(const NetworkWriter&) = delete;
  NetworkWriter& operator=(const NetworkWriter&) = delete;
  ~NetworkWriter();

  void commit();

 private:
  struct Content;
  std::unique_ptr<Content> content_;
};

/// The same at once.
void write_network(const std::string& folder, const network::Network& network);

}  // namespace septet::io
