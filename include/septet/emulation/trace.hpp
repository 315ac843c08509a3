// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Observation: what every PE, load unit and store unit does in each cycle of a window of the run. docs/traces.md.
//
//   std::ofstream file("run.vcd");
//   const auto sink = septet::emulation::vcd_sink(file);
//   septet::emulation::emulate(a, b, c, options, array_options, {}, {sink.get(), {{1000, 2000}}});
//
// A sink gets a header, then one CycleTrace per cycle of the window in ascending order. Memory does not grow with the
// run. Observing changes neither C nor the report.
#pragma once

#include "septet/types.hpp"

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace septet::emulation {

/// [begin, end); both 0: everything.
struct TraceRange {
  Index begin = 0, end = 0;

  bool everything() const { return begin == 0 && end == 0; }
  Index size() const { return end - begin; }
};

/// Cycles of the run, counted from 0; rows and columns of PEs.
struct TraceWindow {
  TraceRange cycles, rows, cols;
};

/// What the bits of a register mean: a float of `type` in its own format, or a two's complement integer of `bits` bits
/// (under u8 without a sign). Narrower than `type` where the array's register is.
struct TraceNumber {
  Type type = Type::s32;
  int bits = 32;
};

/// The number, exactly: integers in decimal, floats as the shortest decimal that reads back as the same float.
SEPTET_API std::string to_text(std::uint64_t bits, const TraceNumber& number);

/// A register or a link: the low TraceNumber::bits of `bits`. Not valid: nothing is in it that anyone will use.
struct TraceValue {
  std::uint64_t bits = 0;
  bool valid = false;
};

/// A place in the matrices; -1: does not apply.
struct TracePlace {
  Index m = -1, n = -1, k = -1;
};

/// `mac`: a multiply-accumulate; `injected`: one on a zero that the decompression unit injected; `gated`: one whose sum
/// was kept (strict_nonfinite). All three count as issued.
enum class PeAction : std::uint8_t { idle, mac, injected, gated };
SEPTET_API const char* name(PeAction action);

/// A PE at the end of a cycle. Its multiply-accumulate was sum <- sum (WS, IS: from above) + a * b.
struct PeTrace {
  PeAction action = PeAction::idle;
  Index fold = -1, step = -1;  ///< whose step came by in this cycle; -1: none
  TracePlace place;            ///< which product of A[m][k] and B[k][n], where there was one
  TraceValue a;                ///< the weight: moves right (OS, IS), or stays (WS)
  TraceValue b;                ///< the input: moves down (OS), right (WS), or stays (IS); csOS: that of a's lane
  int lane = 0;                ///< csOS: of a
  TraceValue sum;              ///< stays (OS), or moves down (WS, IS)
  TraceValue chain;            ///< preload chain: the next stationary operand (WS, IS) or start of a sum (OS)
  TraceValue drain;            ///< drain chain (OS)
};

/// A load or store unit in one cycle.
struct PortTrace {
  TraceValue value;       ///< valid: it loaded or stored
  bool injected = false;  ///< a zero of the decompression unit's, read from nowhere
  int lane = 0;           ///< csOS, left: of the weight
  Index fold = -1, step = -1;
  TracePlace place;  ///< which element
};

/// A fold that is somewhere in the array.
struct TraceFold {
  Index number = 0;
  Index start = 0;  ///< cycle of its first MAC
  Index steps = 0;
  Index tile = 0, m0 = 0, m_count = 0, n0 = 0, n_count = 0, k0 = 0, k_count = 0;
};

/// The run and how its values are to be read.
struct TraceHeader {
  Dataflow dataflow = Dataflow::dOS;
  ArrayShape array;
  Timing timing = Timing::serial;
  Accumulate accumulate = Accumulate::chained;
  Index m = 0, n = 0, k = 0;
  Type a_type = Type::f32, b_type = Type::f32;
  Index folds = 0;
  Index cycles = 0;    ///< the report's
  Index end = 0;       ///< where the last register has moved: `cycles`, under scalesim and its last drain
  Index lanes = 1;     ///< rows of B that the top links hand down together (csOS)
  bool chain = false;  ///< there is a preload chain
  bool drain = false;  ///< there is a drain chain
  TraceNumber a, b, sum;
  TraceNumber left, top, preload;  ///< what the load units hand in: each is one of the three above
  TraceWindow window;              ///< as asked for, with nothing left to default
};

/// One cycle of the window. PEs are row by row; `left` has a port per row, the others one per column.
struct CycleTrace {
  Index cycle = 0;
  bool stall = false;  ///< only the bandwidth limit adds this cycle
  std::vector<PeTrace> pes;
  std::vector<TraceValue> lanes;   ///< csOS with header.lanes > 1: every PE's b registers, lanes innermost
  std::vector<PortTrace> left;     ///< streamed operand: A (OS, IS) or B (WS)
  std::vector<PortTrace> top;      ///< OS: B, header.lanes ports per column; WS, IS: the partial sum that enters
  std::vector<PortTrace> preload;  ///< into the preload chain
  std::vector<PortTrace> store;    ///< out of the drain chain (OS) or the bottom row (WS, IS)
  std::vector<TraceFold> folds;    ///< in ascending order
};

/// Somebody who looks. What it throws ends the run and passes through (try_emulate: an Error becomes its Status).
class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual void begin(const TraceHeader& header) = 0;
  virtual void cycle(const CycleTrace& cycle) = 0;
  virtual void end() = 0;
};

/// For emulate(): no sink, no trace. A window that is not within the run, or the array, is bad_option; so is one of
/// more than 2^18 PEs ("trace.window"; csOS: times header.lanes), which no sink could hold in reasonable memory.
struct Trace {
  TraceSink* sink = nullptr;
  TraceWindow window;
};

/// The standard sinks. Each writes to `out`, which has to outlive it, and throws Error (bad_file, "trace") when that
/// fails.
///   vcd      value change dump (IEEE 1364-2005, section 18): every register as a signal, for GTKWave and its like
///   chrome   Chrome's trace events as JSON, for Perfetto and chrome://tracing: 1 cycle is 1 us
///   csv      one line per PE or unit and cycle in which it holds or does something
///   picture  self-contained SVG: which PEs work in which cycle. bad_option, "trace.window", where that is too much
SEPTET_API std::unique_ptr<TraceSink> vcd_sink(std::ostream& out);
SEPTET_API std::unique_ptr<TraceSink> chrome_sink(std::ostream& out);
SEPTET_API std::unique_ptr<TraceSink> csv_sink(std::ostream& out);
SEPTET_API std::unique_ptr<TraceSink> picture_sink(std::ostream& out);

}  // namespace septet::emulation
