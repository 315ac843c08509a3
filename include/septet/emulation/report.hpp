// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What a run on the array costs: the same report from the emulator, which counts it register by register, and from
// the cycle model, which computes it in closed form.
#pragma once

#include "septet/emulation/memory.hpp"

namespace septet::emulation {

/// Timing of the array around the product itself.
struct ArrayOptions {
  Timing timing = Timing::serial;
  Index bandwidth = 0;  ///< bytes per cycle between memory and array; 0: not a limit
  Engine engine = Engine::registers;
  MemorySystem memory = {};  ///< none: words come and go as the array asks for them
  /// Bits that a word of A takes outside the array: in buffers, off-chip, on the way (docs/memory.md); 1 to those of
  /// its type. 0: its type's.
  Index a_word_bits = 0;
};

/// Words are elements; cycles are the array's clock. A fold is one pass of the array over a piece that fits it.
struct Report {
  Dataflow dataflow = Dataflow::dOS;
  Index array_height = 0, array_width = 0;
  Timing timing = Timing::serial;
  Accumulate accumulate = Accumulate::chained;
  Mac mac = Mac::fused;
  Accumulator accumulator, fold_accumulator;
  bool flush_subnormals = false;
  Index m = 0, n = 0, k = 0;
  Type a_type = Type::f32, b_type = Type::f32;
  Index folds = 0;
  Index cycles = 0;          ///< the four below, added up
  Index cycles_preload = 0;  ///< serial, scalesim: all folds; overlapped: the first fold's
  Index cycles_stream = 0;   ///< the rest
  Index cycles_drain = 0;    ///< serial: all folds; overlapped: the last fold's; scalesim: 0
  Index cycles_stall = 0;    ///< cycles beyond those without the bandwidth limit
  Index macs_dense = 0;      ///< m * n * k
  Index macs_issued = 0;     ///< MACs that PEs did, those on injected zeros included
  Index macs_useful = 0;     ///< nnz(A) * n
  double utilization = 0;    ///< macs_useful / (height * width * cycles)
  Index nnz = 0;
  Index reads_a_words = 0, reads_b_words = 0, reads_c_words = 0, writes_c_words = 0;
  Index a_bytes_values = 0, a_bytes_metadata = 0;  ///< A in the format that the dataflow streams
  Index zeros_injected = 0;                        ///< zeros that the decompression units inserted
  Index elements_skipped = 0;                      ///< words that the dense dataflow would have read beyond these
  Index writes_without_fold = 0;                   ///< of writes_c_words: outputs above which nothing of A is live
  MemoryReport memory;
  Index a_word_bits = 0;  ///< as asked for; 0: a_type's
};

/// Calls f("key", value) for every key in the public order; `dtype` is spelled by the caller from the two types.
/// The one list of keys: the JSON of the command line and the tests' comparisons are made from it.
template <class F>
void for_each_count(const Report& r, F&& f) {
  f("folds", r.folds);
  f("cycles", r.cycles);
  f("cycles_preload", r.cycles_preload);
  f("cycles_stream", r.cycles_stream);
  f("cycles_drain", r.cycles_drain);
  f("cycles_stall", r.cycles_stall);
  f("macs_dense", r.macs_dense);
  f("macs_issued", r.macs_issued);
  f("macs_useful", r.macs_useful);
  f("nnz", r.nnz);
  f("reads_a_words", r.reads_a_words);
  f("reads_b_words", r.reads_b_words);
  f("reads_c_words", r.reads_c_words);
  f("writes_c_words", r.writes_c_words);
  f("a_bytes_values", r.a_bytes_values);
  f("a_bytes_metadata", r.a_bytes_metadata);
  f("zeros_injected", r.zeros_injected);
  f("elements_skipped", r.elements_skipped);
}

}  // namespace septet::emulation
