// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "memory_grid.hpp"

namespace septet::emulation::memory_model {

Wide total_of(const std::vector<Part>& parts) {
  Wide total = 0;
  for (const Part& part : parts) total += part.count;
  return total;
}

Grid grid_of(const FoldTable& folds) {
  Grid grid;
  std::vector<Wide> ends;
  for (const FoldRow& row : folds.rows()) {
    grid.outer.push_back({grid.outer.size(), row.count});
    Wide end = 0;
    for (const FoldRun& run : row.runs) ends.push_back(end += run.count);
  }
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  Wide begin = 0;
  for (const Wide end : ends) {
    grid.inner.push_back({grid.inner.size(), end - begin});
    begin = end;
  }
  for (const FoldRow& row : folds.rows()) {
    auto run = row.runs.begin();
    Wide end = run->count;
    for (const Wide at : ends) {
      if (at > end) end += (++run)->count;
      grid.cells.push_back(run->fold);
    }
  }
  return grid;
}

}  // namespace septet::emulation::memory_model
