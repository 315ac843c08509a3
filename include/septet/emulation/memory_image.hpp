// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What a hardware array finds in its memories before a run, for testbenches of RTL: the bytes of A in the order in
// which the dataflow streams it, the sizes that its controller is started with, and what its store units are to write.
// docs/images.md has every byte; `septet export` writes them as files.
//
//   septet::GemmOptions options;
//   options.dataflow = septet::Dataflow::sOS;
//   options.array = {4, 8};
//   const auto image = septet::emulation::memory_image(a, n, septet::Type::s8, options);
//   // image.a: bytes; image.sizes[septet::emulation::kSizesM], …
#pragma once

#include "septet/emulation/report.hpp"
#include "septet/emulation/trace.hpp"
#include "septet/gemm.hpp"

#include <array>
#include <functional>
#include <memory>
#include <vector>

namespace septet::emulation {

/// The words of the sizes, in their order.
enum SizesWord : int {
  kSizesVersion,   ///< 1
  kSizesDataflow,  ///< 1 dOS, 2 dWS, 3 dIS, 4 sOS, 5 sWS, 6 sIS, 7 csOS
  kSizesM,
  kSizesN,
  kSizesK,
  kSizesHeight,  ///< of the array
  kSizesWidth,
  kSizesLanes,       ///< csOS: columns that a step may hold; else 1
  kSizesTiming,      ///< 0 serial, 1 overlapped, 2 scalesim
  kSizesAccumulate,  ///< 0 chained, 1 fold-then-add
  kSizesPreload,     ///< 1: sums start from what C's memory holds
  kSizesABytes,      ///< length of MemoryImage::a
  kSizesAType,       ///< a Type, as of B and of the sums
  kSizesBType,
  kSizesSumType,
  kSizesAZeroPoint,  ///< two's complement
  kSizesBZeroPoint,
  kSizesWords  ///< how many there are
};

struct MemoryImage {
  /// Two-stage bitmap (sOS, sWS, sIS) or CSB (csOS), as a PackedMatrix keeps them; of the dense dataflows all elements,
  /// tile after tile (m-tiles of H rows, dWS of W; dIS k-tiles of H columns), in a tile vector after vector (columns;
  /// dIS: rows), in a vector element after element. Elements are little-endian.
  std::vector<std::byte> a;
  std::array<std::uint32_t, kSizesWords> sizes{};
};

/// The image of A for a product with a k x n matrix of `b_type`, validated as emulate() does. Of `options`, alpha and
/// the epilogue work behind the array and change nothing (but that beta counts as a preload only where alpha is 1); of
/// the preload it counts that there is one. A dataflow that is `automatic` resolves as for gemm. Errors: those of
/// emulate(); bad_shape, where a size does not fit 32 bits. `image` is left alone unless the Status is ok.
SEPTET_API Status try_memory_image(const Weights& a, Index n, Type b_type, const GemmOptions& options,
                                   const ArrayOptions& array_options, MemoryImage& image);
SEPTET_API MemoryImage memory_image(const Weights& a, Index n, Type b_type, const GemmOptions& options = {},
                                    const ArrayOptions& array_options = {});

/// An element on its way from a store unit to C's memory.
struct StoredWord {
  Index cycle = 0;  ///< in which the store unit takes it (OS), or its bottom register is written (WS, IS)
  Index column = 0;
  Index step = 0;  ///< of the fold's drain (OS) or stream (WS, IS)
  Index m = 0, n = 0;
  /// What C's memory holds from then on, in the low bits, of the sums' type: a finished or (WS, IS) partial sum; under
  /// fold-then-add the total so far.
  std::uint64_t bits = 0;
};
using StoreFunction = std::function<void(const StoredWord& word, const TraceFold& fold)>;

/// A sink that calls `store` for each word that the folds write, by cycle, then by column. `options` as for emulate();
/// beta has to be 0, and a preload is read while the trace lasts. It looks at columns alone: a window of one row of PEs
/// is enough.
///
///   const auto sink = septet::emulation::store_sink(options, [](const StoredWord& word, const TraceFold& fold) { … });
///   septet::emulation::emulate(a, b, c, options, array_options, {}, {sink.get(), {{}, {0, 1}, {}}});
SEPTET_API std::unique_ptr<TraceSink> store_sink(const GemmOptions& options, StoreFunction store);

}  // namespace septet::emulation
