// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "costs.hpp"

#include "aligned_buffer.hpp"
#include "environment.hpp"
#include "formats/storage.hpp"
#include "kernels/expand.hpp"
#include "kernels/quad_blocks.hpp"
#include "multiply.hpp"
#include "validate.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <limits>

namespace septet::detail {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Index kRows = 128;
constexpr Index kDepth = 256;
constexpr Index kStreamBytes = Index{16} << 20;
constexpr double kLeastBurst = 60e3;  // nanoseconds
constexpr int kBursts = 3;

// Nanoseconds per call: the quickest of a few bursts, which is the one that nobody disturbed.
template <class F>
double time_of(F&& f) {
  f();
  double best = std::numeric_limits<double>::max();
  for (int burst = 0; burst < kBursts; ++burst) {
    int calls = 0;
    const auto begin = Clock::now();
    double passed = 0;
    do {
      f();
      ++calls;
      passed = std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
    } while (passed < kLeastBurst);
    best = std::min(best, passed / calls);
  }
  return best;
}

// Which elements there are, the same ones every time.
class Dice {
 public:
  bool below(double share) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state_ >> 11) * 0x1p-53 < share;
  }

 private:
  std::uint64_t state_ = 1;
};

// A of kRows x kDepth in blocks of height x 1, B and C large enough for all.
class Measurement {
 public:
  explicit Measurement(Type type) : type_(type), b_(kDepth * kMostCols * kBytes), c_(kRows * kMostCols * kBytes) {
    std::memset(b_.data(), kAnyByte, kDepth * kMostCols * kBytes);
  }

  std::shared_ptr<const PackedStorage> pack(double density, Index height, const PackOptions& options) const {
    CsrArrays csr;
    csr.rows = kRows, csr.cols = kDepth, csr.type = type_;
    Dice dice;
    std::vector<char> live(kDepth);
    for (Index i = 0; i < kRows; ++i) {
      if (i % height == 0) {
        for (char& there : live) there = dice.below(density);
      }
      for (Index k = 0; k < kDepth; ++k) {
        if (live[k]) csr.col_idx.push_back(static_cast<std::int32_t>(k));
      }
      csr.row_ptr.push_back(static_cast<Index>(csr.col_idx.size()));
    }
    csr.values.assign(csr.nnz() * size_of(type_), std::byte{kAnyByte});
    return pack_csr(std::move(csr), options);
  }

  double time(const PackedMatrix& a, Index cols) {
    const Type acc = accumulator_of(type_);
    const ConstMatrix b(b_.data(), type_, kDepth, cols, cols, 1);
    const Matrix c(c_.data(), acc, kRows, cols, cols, 1);
    GemmOptions options;
    options.threads = 1;
    return time_of([&] { multiply(Weights(a), b, c, options); });
  }

  // element and piece from two densities.
  template <class Count>
  ListCost list_cost(Index cols, Index height, const PackOptions& options, double high, double low, Count&& count) {
    const PackedMatrix full(pack(high, height, options)), thin(pack(low, height, options));
    const double t1 = time(full, cols), t2 = time(thin, cols);
    const auto [n1, p1] = count(*full.storage());
    const auto [n2, p2] = count(*thin.storage());
    const double determinant = n1 * p2 - n2 * p1;
    ListCost cost;
    cost.element = std::max((t1 * p2 - t2 * p1) / determinant, t1 / n1 / 4);
    cost.piece = std::max((t1 - cost.element * n1) / p1, 0.0);
    return cost;
  }

  double dense(Index cols) {
    std::vector<std::byte> values(kRows * kDepth * size_of(type_), std::byte{kAnyByte});
    PackOptions options;
    options.format = Format::dense, options.dataflow = Dataflow::dOS;
    const PackedMatrix a(pack_dense({values.data(), type_, kRows, kDepth, kDepth, 1}, options));
    return time(a, cols) / static_cast<double>(kRows * kDepth);
  }

 private:
  static constexpr Index kMostCols = 512;
  static constexpr Index kBytes = 8;              // of the largest element
  static constexpr std::uint8_t kAnyByte = 0x3c;  // as every byte of an element: a normal number in every type
  Type type_;
  AlignedBuffer b_, c_;
};

std::pair<double, double> rows_of(const PackedStorage& a) {
  return {static_cast<double>(a.nnz), static_cast<double>(a.rows)};
}
std::pair<double, double> slices_of(const PackedStorage& a) {
  return {static_cast<double>(a.nnz), static_cast<double>(std::get<SellArrays>(a.arrays).slice_ptr.size() - 1)};
}
std::pair<double, double> tile_rows_of(const PackedStorage& a) {
  return {static_cast<double>(a.nnz), static_cast<double>(std::get<TcsrArrays>(a.arrays).row_idx.size())};
}
std::pair<double, double> tile_steps_of(const PackedStorage& a) {
  return {static_cast<double>(a.live->index.size()), static_cast<double>(a.live->tiles())};
}

PackOptions packed_as(Format format) {
  PackOptions options;
  options.format = format, options.dataflow = Dataflow::csOS;
  return options;
}

double read_cost() {
  std::vector<std::uint64_t> data(kStreamBytes / 8, 1);
  volatile std::uint64_t sink = 0;
  const double time = time_of([&] {
    std::uint64_t sum[4] = {};
    for (std::size_t i = 0; i < data.size(); i += 4) {
      for (int lane = 0; lane < 4; ++lane) sum[lane] += data[i + lane];
    }
    sink = sum[0] + sum[1] + sum[2] + sum[3];
  });
  return time / static_cast<double>(kStreamBytes);
}

void measure_blocks(Measurement& measurement, Type type, const kernels::RowSet& kernels, Costs& costs) {
  const auto steps_of = [](const PackedStorage& a) {
    const BsrArrays& bsr = std::get<BsrArrays>(a.arrays);
    return std::pair(static_cast<double>(bsr.block_idx.size()), static_cast<double>(bsr.block_ptr.size() - 1));
  };
  const kernels::QuadBlockKernels* quads = size_of(type) == 1 ? kernels::quad_block_kernels() : nullptr;
  costs.bsr_group = quads != nullptr ? 4 : 1;
  for (int h = 0; h < 4; ++h) {
    PackOptions blocks = packed_as(Format::bsr);
    blocks.block = {kCostHeights[h], costs.bsr_group};
    const int at = kernels::kBlockHeightCount - 1 - h;
    costs.bsr_vectors[h] = quads != nullptr ? quads->vectors[at] : kernels.block_vectors[at];
    // In quads, one element in four columns makes a block of them.
    const Index cols = costs.bsr_vectors[h] * kernels.lanes;
    costs.bsr[h] = measurement.list_cost(cols, kCostHeights[h], blocks, quads != nullptr ? 0.16 : 0.5,
                                         quads != nullptr ? 0.008 : 0.03, steps_of);
  }
}

Costs measure(Type type) {
  Costs costs;
  Measurement measurement(type);
  const kernels::RowSet& kernels = kernels::row_set(kernels::arithmetic_for(accumulator_of(type), Mac::fused));
  costs.lanes = kernels.lanes;
  for (int i = 0; i < 9; ++i) costs.dense[i] = measurement.dense(kCostCols[i]);
  for (int v = 0; v < 4; ++v) {
    const Index cols = kCostVectors[v] * kernels.lanes;
    PackOptions tiled = packed_as(Format::tcsr);
    tiled.expected_cols = cols;
    costs.csr[v] = measurement.list_cost(cols, 1, packed_as(Format::csr), 0.4, 0.03, rows_of);
    costs.tcsr[v] = measurement.list_cost(cols, 1, tiled, 0.4, 0.03, tile_rows_of);
  }
  costs.csr_column = measurement.list_cost(1, 1, packed_as(Format::csr), 0.4, 0.03, rows_of);
  costs.sell_column = measurement.list_cost(1, 1, packed_as(Format::sell), 0.4, 0.03, slices_of);
  if (type == Type::f32 && kernels::expand_kernels() != nullptr) {
    PackOptions expanded = packed_as(Format::tsb);
    expanded.dataflow = Dataflow::sOS;
    for (int n = 0; n < 4; ++n) costs.expand[n] = measurement.list_cost(n + 1, 1, expanded, 0.4, 0.004, tile_steps_of);
  }
  measure_blocks(measurement, type, kernels, costs);
  costs.byte = read_cost();
  return costs;
}

}  // namespace

const Costs& costs_of(Type type) {
  // A list that only grows, and no lock: another thread may measure at the moment of a fork. Two that measure the same
  // keep both.
  struct Known {
    const void* target;
    Type type;
    Costs costs;
    Known* next;
  };
  static std::atomic<Known*> first{nullptr};
  const void* target = kernels::PinnedTarget::in_use();
  for (const Known* known = first.load(std::memory_order_acquire); known != nullptr; known = known->next) {
    if (known->target == target && known->type == type) return known->costs;
  }
  auto* mine = new Known{target, type, measure(type), first.load(std::memory_order_relaxed)};
  while (!first.compare_exchange_weak(mine->next, mine, std::memory_order_release, std::memory_order_relaxed)) {
  }
  return mine->costs;
}

}  // namespace septet::detail
