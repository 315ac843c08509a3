// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// store_sink(): what the store units write to C's memory. Under fold-then-add the separate accumulators are here.
#include "kernels/narrow.hpp"
#include "septet/emulation/memory_image.hpp"

#include <cstring>

namespace septet::emulation {
namespace {

template <class T>
std::uint64_t bits_of(T value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}

/// A register's bits as a sum, exactly.
template <class T>
T widened(std::uint64_t bits, const TraceNumber& number) {
  if constexpr (std::is_integral_v<T>) {
    const int unused = 32 - number.bits;
    return static_cast<T>(static_cast<std::uint32_t>(bits) << unused) >> unused;
  } else {
    if (number.type == Type::f16) return static_cast<float>(f16::from_bits(static_cast<std::uint16_t>(bits)));
    T value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
}

/// What a sum becomes in C's memory.
class Memory {
 public:
  virtual ~Memory() = default;
  virtual std::uint64_t store(Index m, Index n, std::uint64_t bits) = 0;
};

template <class T>
class ChainedMemory : public Memory {
 public:
  explicit ChainedMemory(const TraceNumber& sum) : sum_(sum) {}
  std::uint64_t store(Index, Index, std::uint64_t bits) override { return bits_of(widened<T>(bits, sum_)); }

 private:
  const TraceNumber sum_;
};

/// total <- F(R'(start)), then total <- F(R'(total + sum)): docs/dataflows.md, section 9.
template <class T>
class FoldMemory : public Memory {
 public:
  FoldMemory(const TraceHeader& header, const GemmOptions& options)
      : sum_(header.sum),
        total_(kernels::narrow_of(type_of<T>(), options).total),
        n_(header.n),
        totals_(static_cast<std::size_t>(header.m * header.n)) {
    const ConstMatrix& start = options.preload;
    if (start.data == nullptr) return;
    for (Index m = 0; m < header.m; ++m) {
      for (Index n = 0; n < n_; ++n) {
        const T value = static_cast<const T*>(start.data)[m * start.row_stride + n * start.col_stride];
        totals_[static_cast<std::size_t>(m * n_ + n)] = kernels::rounded(total_, value);
      }
    }
  }
  std::uint64_t store(Index m, Index n, std::uint64_t bits) override {
    T& total = totals_[static_cast<std::size_t>(m * n_ + n)];
    total = kernels::narrow_add(total_, total, widened<T>(bits, sum_));
    return bits_of(total);
  }

 private:
  const TraceNumber sum_;
  const kernels::NarrowSum total_;
  const Index n_;
  std::vector<T> totals_;
};

template <class T>
std::unique_ptr<Memory> memory_of(const TraceHeader& header, const GemmOptions& options) {
  if (header.accumulate == Accumulate::chained) return std::make_unique<ChainedMemory<T>>(header.sum);
  return std::make_unique<FoldMemory<T>>(header, options);
}

std::unique_ptr<Memory> memory_of(const TraceHeader& header, const GemmOptions& options) {
  const Type sums = accumulator_of(header.a_type);
  if (sums == Type::f64) return memory_of<double>(header, options);
  if (sums == Type::s32) return memory_of<std::int32_t>(header, options);
  return memory_of<float>(header, options);
}

class StoreSink : public TraceSink {
 public:
  StoreSink(const GemmOptions& options, StoreFunction store) : options_(options), store_(std::move(store)) {}

  void begin(const TraceHeader& header) override {
    memory_ = memory_of(header, options_);
    first_column_ = header.window.cols.begin;
  }
  void cycle(const CycleTrace& cycle) override {
    Index column = first_column_;
    for (const PortTrace& port : cycle.store) {
      if (port.value.valid) {
        const StoredWord word{cycle.cycle,  column,       port.step,
                              port.place.m, port.place.n, memory_->store(port.place.m, port.place.n, port.value.bits)};
        store_(word, fold_of(cycle, port.fold));
      }
      ++column;
    }
  }
  void end() override {}

 private:
  static const TraceFold& fold_of(const CycleTrace& cycle, Index number) {
    std::size_t i = 0;
    while (cycle.folds[i].number != number) ++i;  // a fold that stores is somewhere in the array
    return cycle.folds[i];
  }

  const GemmOptions options_;
  const StoreFunction store_;
  std::unique_ptr<Memory> memory_;
  Index first_column_ = 0;
};

}  // namespace

std::unique_ptr<TraceSink> store_sink(const GemmOptions& options, StoreFunction store) {
  if (options.beta != 0) throw Error({Cause::bad_option, "options.beta", "sums start from a preload here, or from 0"});
  return std::make_unique<StoreSink>(options, std::move(store));
}

}  // namespace septet::emulation
