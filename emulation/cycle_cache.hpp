// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A's pattern and tiles, kept: what all evaluations of the cycle model for one A have in common. A is read once for its
// columns, once for its rows and once to be counted, each when first asked for, and cut once for every tiling.
#pragma once

#include "cycle_tiles.hpp"

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace septet::emulation::cycle_model {

class CycleCache {
 public:
  using Tiles = std::vector<Tile>;

  explicit CycleCache(const Weights& a) : a_(a) {}
  const Weights& weights() const { return a_; }

  /// Safe to be called from many threads; who asks for something that is being made waits for it. Errors: those of
  /// read_pattern(). std::bad_alloc passes through and leaves the cache as it was.
  Status count(int zero_point, Index& nnz);
  /// The pattern that the tiles of a sparse dataflow are cut from.
  Status pattern(int zero_point, Dataflow dataflow, std::shared_ptr<const Pattern>& found);
  Status cut(int zero_point, const Tiling& tiling, std::shared_ptr<const Tiles>& tiles);

 private:
  /// Everything that a tile depends on but A: the dataflow, its height, and the combining of csOS (0 elsewhere).
  using Key = std::array<Index, 5>;
  static Key key_of(const Tiling& tiling);
  void be_of(int zero_point);
  Status read(Dataflow dataflow, std::shared_ptr<const Pattern>& found);

  const Weights a_;
  std::mutex mutex_;
  int zero_point_ = 0;  ///< what the rest below took for zero
  std::optional<Index> nnz_;
  std::shared_ptr<const Pattern> columns_, rows_;
  std::map<Key, std::shared_ptr<const Tiles>> tiles_;
};

}  // namespace septet::emulation::cycle_model
