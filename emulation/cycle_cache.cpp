// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "cycle_cache.hpp"

#include <utility>

namespace septet::emulation::cycle_model {

CycleCache::Key CycleCache::key_of(const Tiling& tiling) {
  if (tiling.dataflow != Dataflow::csOS) return {static_cast<Index>(tiling.dataflow), tiling.height, 0, 0, 0};
  const Combine& combine = tiling.combine;
  return {static_cast<Index>(tiling.dataflow), tiling.height, combine.lanes, static_cast<Index>(combine.policy),
          combine.policy == CombinePolicy::first_fit ? combine.window : 0};
}

/// Another zero point is another pattern.
void CycleCache::be_of(int zero_point) {
  if (zero_point == zero_point_) return;
  nnz_.reset();
  columns_.reset();
  rows_.reset();
  tiles_.clear();
  zero_point_ = zero_point;
}

Status CycleCache::read(Dataflow dataflow, std::shared_ptr<const Pattern>& found) {
  const bool by_rows = is_input_stationary(dataflow);
  std::shared_ptr<const Pattern>& kept = by_rows ? rows_ : columns_;
  if (!kept) {
    Pattern pattern;
    const Vectors vectors = by_rows ? Vectors::rows : Vectors::columns;
    if (Status status = read_pattern(a_, zero_point_, vectors, pattern); !status) return status;
    nnz_ = pattern.nnz;
    kept = std::make_shared<const Pattern>(std::move(pattern));
  }
  found = kept;
  return {};
}

Status CycleCache::pattern(int zero_point, Dataflow dataflow, std::shared_ptr<const Pattern>& found) {
  const std::lock_guard<std::mutex> lock(mutex_);
  be_of(zero_point);
  return read(dataflow, found);
}

Status CycleCache::count(int zero_point, Index& nnz) {
  const std::lock_guard<std::mutex> lock(mutex_);
  be_of(zero_point);
  if (!nnz_) {
    Pattern counted;
    if (Status status = read_pattern(a_, zero_point_, Vectors::none, counted); !status) return status;
    nnz_ = counted.nnz;
  }
  nnz = *nnz_;
  return {};
}

Status CycleCache::cut(int zero_point, const Tiling& tiling, std::shared_ptr<const Tiles>& tiles) {
  const std::lock_guard<std::mutex> lock(mutex_);
  be_of(zero_point);
  const Key key = key_of(tiling);
  auto kept = tiles_.find(key);
  if (kept == tiles_.end()) {
    std::shared_ptr<const Pattern> found;
    if (Status status = read(tiling.dataflow, found); !status) return status;
    kept = tiles_.emplace(key, std::make_shared<const Tiles>(cut_pattern(*found, tiling))).first;
  }
  tiles = kept->second;
  return {};
}

}  // namespace septet::emulation::cycle_model
