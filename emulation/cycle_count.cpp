// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "cycle_count.hpp"

#include "cycle_memory.hpp"
#include "reporting.hpp"

#include <algorithm>

namespace septet::emulation::cycle_model {
namespace {

/// Section 7: the phases, and what the bandwidth adds to them.
void report_cycles(const Setting& s, const Sequence& all, Into64& into_64, Report& report) {
  if (all.folds == 0) return;
  const bool overlapped = s.timing == Timing::overlapped;
  Wide cycles = all.lengths;
  Wide preload = all.folds * s.preload_cycles();
  Wide drain = all.folds * s.drain_cycles();
  Wide stream = all.sum.steps + all.folds * s.skew_cycles();
  if (overlapped) {
    preload = s.preload_cycles();
    drain = s.drain_cycles();
    const Wide rest = all.last_steps + s.skew_cycles();
    stream = all.starts + rest;
    cycles = preload + all.limited_starts + std::max(rest + drain, all.last_traffic);
  }
  report.cycles = into_64(cycles);
  report.cycles_preload = into_64(preload);
  report.cycles_stream = into_64(stream);
  report.cycles_drain = into_64(drain);
  report.cycles_stall = into_64(cycles - preload - stream - drain);
  report.utilization = static_cast<double>(report.macs_useful) /
                       (static_cast<double>(s.height * s.width) * static_cast<double>(report.cycles));
}

/// Outputs below which nothing of A lives: no fold writes them.
Wide unwritten_outputs(const Setting& s, const std::vector<Tile>& tiles) {
  Wide rows = is_input_stationary(s.dataflow) ? s.m : 0;
  for (const Tile& tile : tiles) {
    if (is_input_stationary(s.dataflow)) {
      rows -= (tile.live - tile.resumed) * tile.repeat;
    } else if (tile.live == 0) {
      rows += tile.height * tile.repeat;
    }
  }
  return rows * s.n;
}

Status cut(const Request& r, const Tiling& tiling, std::shared_ptr<const std::vector<Tile>>& tiles) {
  if (r.a != nullptr && is_sparse(tiling.dataflow)) return r.cache->cut(r.zero_point, tiling, tiles);
  tiles = std::make_shared<const std::vector<Tile>>(cut_full(r.m, r.k, tiling));
  return {};
}

/// Counts the folds: A and B are read.
Status count_folds(const Request& r, const Tiling& tiling, Counted& counted) {
  const Setting& s = counted.setting;
  Report& report = counted.report;
  if (Status status = cut(r, tiling, counted.tiles); !status) return status;
  const std::vector<Tile>& tiles = *counted.tiles;
  if (r.a != nullptr && is_sparse(s.dataflow)) {
    if (Status status = r.cache->pattern(r.zero_point, s.dataflow, counted.pattern); !status) return status;
  }
  Index nnz = r.m * r.k;
  if (r.a != nullptr) {
    if (Status status = r.cache->count(r.zero_point, nnz); !status) return status;
  }
  const Sequence all = all_folds(s, tiles);

  Into64 into_64;
  Wide metadata = 0;
  for (const Tile& tile : tiles) metadata += tile_metadata(s, tile) * tile.repeat;
  const Wide values = is_sparse(s.dataflow) ? Wide{nnz} : static_cast<Wide>(r.m) * r.k;
  report.nnz = nnz;
  report.macs_useful = into_64(static_cast<Wide>(nnz) * r.n);
  report.folds = into_64(all.folds);
  report.macs_issued = into_64(all.sum.macs);
  report.reads_a_words = into_64(all.sum.reads_a);
  report.reads_b_words = into_64(all.sum.reads_b);
  report.reads_c_words = into_64(all.sum.reads_c);
  const Wide unwritten = unwritten_outputs(s, tiles);
  report.writes_c_words = into_64(all.sum.writes_c + unwritten);
  report.writes_without_fold = into_64(unwritten);
  report.a_bytes_values = into_64(s.a_bytes(values));
  report.a_bytes_metadata = into_64(metadata);
  report.zeros_injected = into_64(all.sum.injected);
  report.elements_skipped = into_64(dense_reads_a(s) - all.sum.reads_a - all.sum.injected);
  report_cycles(s, all, into_64, report);
  return into_64.status();
}

}  // namespace

Status count(const Request& r, const GemmOptions& options, const ArrayOptions& array_options, Counted& counted) {
  if (Status status = check(r, options, array_options); !status) return status;
  Report& result = counted.report;
  result.dataflow = r.dataflow;
  result.array_height = options.array.height;
  result.array_width = options.array.width;
  result.timing = array_options.timing;
  result.accumulate = options.accumulate;
  result.mac = options.mac;
  result.accumulator = options.accumulator;
  result.fold_accumulator = options.fold_accumulator;
  result.flush_subnormals = options.flush_subnormals;
  result.m = r.m;
  result.n = r.n;
  result.k = r.k;
  result.a_type = r.a_type;
  result.b_type = r.b_type;
  result.a_word_bits = array_options.a_word_bits;
  result.macs_dense = r.m * r.n * r.k;
  counted.setting = setting_of(r, options, array_options);
  if (!r.alpha_is_0) return count_folds(r, tiling_of(r.dataflow, options.array, options.combine), counted);
  // A and B are never read (section 6): no folds, and nothing known of A
  counted.tiles = std::make_shared<const std::vector<Tile>>();
  result.writes_c_words = result.writes_without_fold = r.m * r.n;
  return {};
}

memory_model::Product folds_of(const Counted& counted, memory_model::FoldTable& folds) {
  memory_model::Product product = memory_folds(counted.setting, *counted.tiles, counted.pattern.get(), folds);
  product.unwritten_bytes = static_cast<Wide>(counted.report.writes_without_fold) * counted.setting.c_size;
  return product;
}

}  // namespace septet::emulation::cycle_model
