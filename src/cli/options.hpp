// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The flags that verbs share: each is defined once, here, and a verb takes the groups that mean something to it.
#pragma once

#include "septet/emulation/energy.hpp"
#include "septet/emulation/report.hpp"
#include "septet/emulation/trace.hpp"
#include "septet/gemm.hpp"
#include "verbs.hpp"

#include <optional>
#include <set>
#include <string>

namespace septet::cli {

/// What the flags say. A verb that does not take a flag leaves its default.
struct Flags {
  std::string a;
  std::string b;
  std::string output;         ///< -o; empty: none
  std::string json;           ///< --json; empty: none, "-": stdout
  std::string report;         ///< --report; empty: none
  std::string preload;        ///< --preload; empty: none
  std::string target;         ///< --target; empty: the best
  std::string preset;         ///< --preset; empty: none
  bool preset_array = false;  ///< it names an array
  std::optional<Type> dtype;  ///< --dtype
  /// What --accumulator and --fold-accumulator call a sum: s32 (of any size), f16, f32 or f64.
  std::optional<Type> accumulator, fold_accumulator;
  bool explain = false;  ///< --explain
  std::string trace;     ///< --trace; empty: none
  emulation::TraceWindow trace_window;
  Format format = Format::automatic;
  PackOptions packing;  ///< block, slice, group, tile_cols and expected_cols only
  GemmOptions gemm;     ///< all but the preload's view
  emulation::ArrayOptions array;
  std::optional<emulation::EnergyTable> energy;  ///< --energy
  std::vector<std::string> tables;               ///< files of tables that have been read: of energies, of areas
  std::set<std::string> given;  ///< names of the flags on the command line; a default does not overrule a file

  bool has(const std::string& flag) const { return given.count(flag) != 0; }
};

/// The operands A and B.
void add_operands(CLI::App& verb, Flags& flags);
/// --array.
void add_array(CLI::App& verb, ArrayShape& array);
/// --dataflow, one of them.
void add_dataflow(CLI::App& verb, Flags& flags);
/// --preset. Before every flag that a preset may set: flags take effect in the order of their definition, so these win.
void add_preset(CLI::App& verb, Flags& flags);
/// --accumulate, --accumulator, --fold-accumulator, --flush-subnormals and --mac.
void add_sums(CLI::App& verb, Flags& flags);
/// … and --fold-depth, --preload and the zero points.
void add_arithmetic(CLI::App& verb, Flags& flags);
/// Refuses flags of add_arithmetic() that exclude each other, in words of the command line.
void check_arithmetic(const Flags& flags);
/// … and accumulators that are none of A's type.
void check_accumulators(const Flags& flags, Type a_type);
void add_alpha(CLI::App& verb, Flags& flags);
void add_beta(CLI::App& verb, Flags& flags, const std::string& meaning);
void add_a_zero_point(CLI::App& verb, Flags& flags);
/// What --dtype is for where there are two operands.
inline constexpr const char* kOperandTypes =
    "f32, f64, bf16, f16, s8, u8 or s16: of an operand without a type of its\n"
    "own (text, wide integers); default the other operand's type, else f64.\n"
    "f32 and f64 also widen operands of 16 bits, as beside an f32 or f64";
void add_dtype(CLI::App& verb, Flags& flags, const std::string& meaning);
/// --lanes, --combine, --window.
void add_combine(CLI::App& verb, Combine& combine);
/// --timing.
void add_timing(CLI::App& verb, Flags& flags);
/// --bandwidth.
void add_bandwidth(CLI::App& verb, Flags& flags);
/// --weight-bits.
void add_weight_bits(CLI::App& verb, Flags& flags);
/// --engine.
void add_engine(CLI::App& verb, Flags& flags);
/// --buffers, --off-chip-bandwidth.
void add_buffers(CLI::App& verb, Flags& flags);
/// … and --energy, --print-energy-table.
void add_memory(CLI::App& verb, Flags& flags);
/// Refuses half a memory system.
void check_memory(const Flags& flags);
/// --threads, --target.
void add_cpu(CLI::App& verb, Flags& flags);
/// --format, and the shapes that some formats have.
void add_format(CLI::App& verb, Flags& flags, const std::string& otherwise);
/// --columns.
void add_columns(CLI::App& verb, PackOptions& packing);
void add_format_shapes(CLI::App& verb, PackOptions& packing);
/// -o.
void add_output(CLI::App& verb, Flags& flags);
/// --report, into `path`.
void add_report(CLI::App& verb, std::string& path);
/// --json.
void add_json(CLI::App& verb, Flags& flags);

/// What the verb does, once it is parsed: run(), with `flags.given` filled in. An error about a flag that is not given
/// is about the preset that brought it.
void set_action(CLI::App& verb, Action& action, Flags& flags, std::function<void()> run);

/// A flag with one value, which `set` gets as text. Where a flag is repeated, the last one counts.
CLI::Option* add_value(CLI::App& verb, const std::string& flag, const std::string& value, const std::string& meaning,
                       const std::function<void(const std::string&)>& set);

}  // namespace septet::cli
