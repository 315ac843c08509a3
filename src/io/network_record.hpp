// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What went into and came out of every step of a run, in a folder: record.json, which lists the layers, and .npy files.
// docs/network_record.md defines the keys.
#pragma once

#include "septet/network/network.hpp"
#include "staged_file.hpp"

#include <memory>
#include <string>
#include <vector>

namespace septet::io {

struct LayerRecord {
  std::string layer;                    ///< the step's name
  std::vector<network::Tensor> inputs;  ///< empty: not recorded; not quantised, as everything here
  network::Tensor sums, output;         ///< empty(): not recorded
};

/// Reads a folder's record.json, or else its golden.json, or a file of either layout. Throws Error, std::bad_alloc.
std::vector<LayerRecord> read_network_record(const std::string& path);

/// Writes a record while a network runs: its files appear with commit(), all or none.
class NetworkRecordWriter {
 public:
  /// The folder is made if it is not there. Throws Error.
  NetworkRecordWriter(std::string folder, std::string model);
  NetworkRecordWriter(const NetworkRecordWriter&) = delete;
  NetworkRecordWriter& operator=(const NetworkRecordWriter&) = delete;
  ~NetworkRecordWriter();

  /// The next step; `sums` may be null. Throws Error.
  void add(const network::Step& step, const std::vector<const network::Tensor*>& x, const network::Tensor& y,
           const network::Tensor* sums);
  void commit();

 private:
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace septet::io
