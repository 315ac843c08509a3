// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
//   for each block of rows x chunk of panels          independent: shared among the threads
//     sums <- preload
//     for each segment of the plan's order            ascending; a segment ends where a fold is cut, or a cache is full
//       strips <- A                                   decompressed here
//       for each panel, for each strip: kernel        WS the other way round: the weights stay
//     C <- epilogue(sums)
#include "driver.hpp"

#include "arithmetic.hpp"
#include "explain.hpp"
#include "flush.hpp"
#include "kernels/dispatch.hpp"
#include "panels.hpp"
#include "threads.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace septet::detail {
namespace {

using kernels::Arithmetic;
using kernels::KernelSet;
using kernels::Packed;
using kernels::StripCall;
using kernels::StripKernel;

// Steps per segment where the order does not cut: a panel's 192 rows of two vectors stay in the first-level cache
// (192 * 128 bytes = 24 KiB) while every strip of the block passes over them.
constexpr Index kSegmentSteps = 192;
constexpr Index kStripsPerBlock = 8;
// Sums of one block and chunk: half of a small second-level cache.
constexpr Index kSumBytes = Index{128} * 1024;
constexpr Index kItemsPerThread = 4;

// How the work is cut for this CPU. Nothing here touches the order.
struct Blocking {
  StripKernel kernel;
  Index block_rows;
  Index chunk;  // panels
  Index segment_steps;
};

StripKernel choose_kernel(const Plan& plan, const PackedStorage* packed, const KernelSet& set) {
  const bool rows_share = plan.dataflow != Dataflow::csOS && plan.m > 1 &&
                          (packed == nullptr || packed->by_rows() || packed->live == nullptr || packed->live->tile > 1);
  const bool narrow = plan.n <= set.tall_narrow.cols;
  if (rows_share) return narrow ? set.tall_narrow : set.tall_wide;
  return narrow ? set.single_narrow : set.single_wide;
}

Blocking choose_blocking(const Plan& plan, const PackedStorage* packed, const KernelSet& set, Index acc_bytes,
                         int threads) {
  Blocking blocking{choose_kernel(plan, packed, set), 0, 0, kSegmentSteps};
  blocking.block_rows = std::max<Index>(kStripsPerBlock * blocking.kernel.heights[0], 16);
  if (plan.live && !plan.is_is()) blocking.block_rows = std::min(blocking.block_rows, plan.live->tile);
  // CSB can only be read from a tile's beginning: the whole tile is one block.
  if (plan.live && plan.dataflow == Dataflow::csOS) blocking.block_rows = std::min(plan.live->tile, plan.m);
  const Index panels = ceil_div(plan.n, blocking.kernel.cols);
  const Index blocks = ceil_div(plan.m, blocking.block_rows);
  const Index fits = std::max<Index>(1, kSumBytes / (blocking.block_rows * blocking.kernel.cols * acc_bytes));
  const Index wanted_chunks = std::max<Index>(1, ceil_div(threads == 1 ? 1 : kItemsPerThread * threads, blocks));
  blocking.chunk = std::clamp<Index>(ceil_div(panels, wanted_chunks), 1, fits);
  if (plan.dataflow == Dataflow::csOS) blocking.segment_steps = plan.k;  // a row's own list is never cut
  return blocking;
}

// The segments of one m-tile, or of all k-tiles, in the plan's order: f(segment).
template <class F>
void for_each_segment(const Plan& plan, Index tile, Index segment_steps, F&& f) {
  if (plan.dataflow == Dataflow::sIS) {
    for (Index t = 0; t * plan.depth < plan.k; ++t) {
      if (plan.row_count(t) > 0) f(Segment{t, t * plan.depth, std::min((t + 1) * plan.depth, plan.k)});
    }
    return;
  }
  if (plan.dataflow == Dataflow::csOS) return f(Segment{tile, 0, plan.k});
  const Index steps = plan.cut() == 0 ? segment_steps : plan.cut();
  const Index count = plan.column_count(tile);
  for (Index begin = 0; begin < count; begin += steps) f(Segment{tile, begin, std::min(begin + steps, count)});
}

// What the driver needs to know to do every step as it is stated (kernels/narrow.hpp).
struct Steps {
  kernels::Narrow narrow;
  bool flushes;  // elements of A and B, of type
  Type type;
};

class Run {
 public:
  Run(const Plan& plan, const StripSource* a, const PackedStorage* packed, const Panels& panels,
      const TileEpilogue& epilogue, const Blocking& blocking, Packed packed_type, const Steps* steps)
      : plan_(plan),
        a_(a),
        panels_(panels),
        epilogue_(epilogue),
        blocking_(blocking),
        packed_type_(packed_type),
        steps_(steps) {
    // Blocks end where m-tiles do.
    const bool tiled = plan.live && !plan.is_is();
    tile_ = tiled ? plan.live->tile : packed != nullptr && plan.dataflow == Dataflow::csOS ? plan.tile_rows() : plan.m;
    for (Index begin = 0; begin < plan.m; begin += tile_) {
      const Index end = std::min(begin + tile_, plan.m);
      for (Index m0 = begin; m0 < end; m0 += blocking.block_rows) {
        blocks_.push_back({m0, std::min(m0 + blocking.block_rows, end)});
      }
    }
    chunks_ = ceil_div(panels.count(), blocking.chunk);
  }

  Index items() const { return static_cast<Index>(blocks_.size()) * chunks_; }
  Index sum_bytes() const { return blocking_.block_rows * blocking_.chunk * panels_.cols() * acc_bytes(); }

  void item(Index number, std::byte* sums, StripBuffer& buffer) const {
    const Index m0 = blocks_[number / chunks_].m0, m1 = blocks_[number / chunks_].m1;
    const Index first = number % chunks_ * blocking_.chunk;
    const Index count = std::min(blocking_.chunk, panels_.count() - first);
    const auto sums_of = [&](Index p) { return sums + p * blocking_.block_rows * panels_.cols() * acc_bytes(); };
    const auto columns_of = [&](Index p) {
      const Index n0 = (first + p) * panels_.cols();
      return std::pair(n0, std::min(n0 + panels_.cols(), plan_.n));
    };
    std::memset(sums, 0, sum_bytes());  // the panels' empty columns are computed too
    for (Index p = 0; p < count; ++p) {
      const auto [n0, n1] = columns_of(p);
      epilogue_.begin(m0, m1, n0, n1, sums_of(p), panels_.cols());
    }
    if (a_ != nullptr) {
      for_each_segment(plan_, m0 / tile_, blocking_.segment_steps, [&](const Segment& segment) {
        a_->load(m0, m1, segment, blocking_.kernel.heights, buffer);
        flush_strips(buffer);
        multiply(buffer.calls, first, count, sums_of);
      });
    }
    for (Index p = 0; p < count; ++p) {
      const auto [n0, n1] = columns_of(p);
      epilogue_.end(m0, m1, n0, n1, sums_of(p), panels_.cols());
    }
  }

  void fill(Index panel) const {
    panels_.fill(panel);
    if (steps_ != nullptr && steps_->flushes) flush_elements(steps_->type, panels_.panel(panel), panels_.size());
  }

 private:
  Index acc_bytes() const { return packed_type_ == Packed::f64 ? 8 : 4; }

  void flush_strips(StripBuffer& buffer) const {
    if (steps_ == nullptr || !steps_->flushes) return;
    for (const StripCall& call : buffer.calls) {
      flush_elements(steps_->type, const_cast<void*>(call.a), call.rows * call.steps);
    }
  }

  template <class SumsOf>
  void multiply(std::vector<StripCall>& calls, Index first, Index count, const SumsOf& sums_of) const {
    const auto one = [&](StripCall& call, Index p) {
      call.b = panels_.panel(first + p);
      call.acc = sums_of(p);
      call.fold = plan_.cut() != 0;
      call.narrow = steps_ == nullptr ? nullptr : &steps_->narrow;
      blocking_.kernel.run(call);
    };
    if (plan_.is_ws()) {
      for (StripCall& call : calls) {
        for (Index p = 0; p < count; ++p) one(call, p);
      }
    } else {
      for (Index p = 0; p < count; ++p) {
        for (StripCall& call : calls) one(call, p);
      }
    }
  }

  struct Block {
    Index m0, m1;
  };
  const Plan& plan_;
  const StripSource* a_;
  const Panels& panels_;
  const TileEpilogue& epilogue_;
  Blocking blocking_;
  Packed packed_type_;
  const Steps* steps_;  // null: the order is all that matters
  Index tile_ = 1;
  std::vector<Block> blocks_;
  Index chunks_ = 0;
};

// Longest segment that load() will be asked for, and the weights of the largest CSB tile.
Index longest_segment(const Plan& plan, const Blocking& blocking) {
  if (plan.dataflow == Dataflow::csOS) return plan.k;
  const Index steps = plan.dataflow == Dataflow::sIS || plan.cut() != 0 ? plan.depth : blocking.segment_steps;
  return std::min(steps, plan.k);
}

Index largest_csb_tile(const PackedStorage* packed) {
  if (packed == nullptr || packed->options.format != Format::csb) return 0;
  return std::min(packed->stored, packed->live->tile * packed->cols);
}

}  // namespace

void run(const Plan& plan, const StripSource* a, const PackedStorage* packed, const ConstMatrix& b, int b_zero_point,
         const TileEpilogue& epilogue, Type accumulator, const GemmOptions& options, Explanation* instead) {
  if (plan.m == 0 || plan.n == 0) return;
  const Steps steps{kernels::narrow_of(accumulator, options), options.flush_subnormals, b.type};
  const bool by_steps = kernels::steps_matter(accumulator, options);
  const Arithmetic arithmetic = by_steps ? kernels::narrow_arithmetic_for(accumulator, plan.mac, steps.narrow)
                                         : kernels::arithmetic_for(accumulator, plan.mac);
  const Packed packed_type = kernels::packed_of(arithmetic);
  const ThreadChoice choice = choose_threads(options, plan.m * plan.n * std::max<Index>(a == nullptr ? 1 : plan.k, 1));
  int threads = choice.count;
  const Blocking blocking =
      choose_blocking(plan, packed, kernels::kernel_set(arithmetic), size_of(accumulator), threads);
  ConstMatrix used = b;
  if (a == nullptr) used.rows = 0;  // B is not read
  used.cols = plan.n;
  const Panels panels(used, b_zero_point, packed_type, blocking.kernel.cols);
  const Run job(plan, a, packed, panels, epilogue, blocking, packed_type, by_steps ? &steps : nullptr);

  threads = static_cast<int>(std::min<Index>(threads, job.items()));
  if (instead != nullptr) {
    instead->add("kernel",
                 joined(kernels::name(arithmetic), ", strips of up to ", blocking.kernel.heights[0], " x ",
                        blocking.kernel.cols),
                 by_steps ? kernels::why_steps_matter(options) : "");
    instead->add("threads", joined(threads), choice.why);
    instead->add("blocks",
                 joined(job.items(), " of ", blocking.block_rows, " x ", blocking.chunk * blocking.kernel.cols));
    instead->add("b", "packed", "strips gather its rows");
    return;
  }
  std::vector<AlignedBuffer> sums;
  std::vector<StripBuffer> buffers;
  buffers.reserve(threads);
  for (int t = 0; t < threads; ++t) {
    sums.emplace_back(job.sum_bytes());
    buffers.emplace_back(blocking.block_rows, longest_segment(plan, blocking), largest_csb_tile(packed), packed_type);
  }
  SharedItems fills(a == nullptr ? 0 : panels.count()), items(job.items());
  run_team(options.parallel_for, threads, [&](int) { fills.for_each([&](Index p) { job.fill(p); }); });
  run_team(options.parallel_for, threads,
           [&](int worker) { items.for_each([&](Index i) { job.item(i, sums[worker].data(), buffers[worker]); }); });
}

}  // namespace septet::detail
