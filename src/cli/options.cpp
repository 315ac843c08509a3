// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "options.hpp"
#include "command_line.hpp"

#include "energy_file.hpp"
#include "errors.hpp"
#include "septet/presets.hpp"
#include "values.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace septet::cli {
namespace {

constexpr Index kMaxInt = std::numeric_limits<int>::max();
// More threads than any machine has cores only end in a refusal of the operating system that nobody can catch.
constexpr Index kMaxThreads = 4096;

constexpr const char* kArrayGroup = "Array";
constexpr const char* kMemoryGroup = "Memory and energy";
constexpr const char* kNumbersGroup = "Numbers";
constexpr const char* kCombineGroup = "Column combining (csOS)";
constexpr const char* kCpuGroup = "CPU";
constexpr const char* kFormatGroup = "Formats";
constexpr const char* kOutputGroup = "Output";

int parse_int(const std::string& flag, const std::string& text, Index least, Index most = kMaxInt) {
  return static_cast<int>(parse_whole(flag, text, least, most));
}

// A flag whose value `parse(flag, text)` puts into `value`, which the help shows as the default.
template <class T, class Parse>
CLI::Option* add_parsed(CLI::App& verb, const std::string& flag, const std::string& kind, const std::string& meaning,
                        T& value, Parse parse) {
  return add_value(verb, flag, kind, meaning,
                   [&value, flag, parse](const std::string& text) { value = parse(flag, text); });
}

void add_zero_point(CLI::App& verb, const std::string& flag, const std::string& meaning, int& value) {
  add_parsed(verb, flag, "z", meaning, value, [](const std::string& name, const std::string& text) {
    return parse_int(name, text, -kMaxInt);
  })->group(kNumbersGroup);
}

}  // namespace

CLI::Option* add_value(CLI::App& verb, const std::string& flag, const std::string& value, const std::string& meaning,
                       const std::function<void(const std::string&)>& set) {
  return verb.add_option_function<std::string>(flag, set, meaning)
      ->type_name(value)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

namespace {

// Flags whose values a preset may bring.
constexpr const char* kPresetFlags[] = {"--accumulate",       "--fold-depth",       "--mac",  "--accumulator",
                                        "--fold-accumulator", "--flush-subnormals", "--array"};

bool is_brought(const Flags& flags, const std::string& flag) {
  const bool may_be = std::find(std::begin(kPresetFlags), std::end(kPresetFlags), flag) != std::end(kPresetFlags);
  return may_be && !flags.preset.empty() && !flags.has(flag);
}

void run_with_preset(const Flags& flags, const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    const Status& status = error.status();
    if (!is_brought(flags, status.argument())) throw;
    throw Error(Status(status.cause(), "--preset " + flags.preset, status.argument() + ": " + status.message()));
  }
}

}  // namespace

void set_action(CLI::App& verb, Action& action, Flags& flags, std::function<void()> run) {
  verb.callback([&verb, &action, &flags, run = std::move(run)] {
    for (const CLI::Option* option : verb.get_options()) {
      if (option->count() != 0) flags.given.insert(option->get_name());
    }
    action = [&flags, run] { run_with_preset(flags, run); };
  });
}

void add_operands(CLI::App& verb, Flags& flags) {
  const std::string kinds =
      ".npy, .mtx, .smtx, .septet, or random:64x576,zeros=0.8,seed=1,dtype=f32\n(or f64, bf16, f16, s8, u8, s16)";
  verb.add_option("A", flags.a, "the weights, M x K: " + kinds)->required()->type_name("FILE");
  verb.add_option("B", flags.b, "the inputs, K x N: the same kinds")->required()->type_name("FILE");
}

void add_array(CLI::App& verb, ArrayShape& array) {
  const bool has_presets = verb.get_option_no_throw("--preset") != nullptr;
  add_parsed(verb, "--array", "HxW",
             std::string("rows x columns of processing elements; default ") +
                 (has_presets ? "the preset's, else " : "") + "16x16",
             array, parse_array)
      ->group(kArrayGroup);
}

void add_dataflow(CLI::App& verb, Flags& flags) {
  add_parsed(verb, "--dataflow", "NAME",
             "auto, dOS, dWS, dIS, sOS, sWS, sIS or csOS; default auto: dOS for a dense A,\n"
             "csOS for a coordinate file; with --accumulate fold dWS and sWS",
             flags.gemm.dataflow, parse_dataflow)
      ->group(kArrayGroup);
}

namespace {

bool names_array(const std::string& preset) {
  GemmOptions options;
  options.array = {0, 0};  // what no preset names
  apply_preset(preset.c_str(), options);
  return options.array.height != 0;
}

}  // namespace

void add_preset(CLI::App& verb, Flags& flags) {
  std::string known;
  for (const Preset* preset = presets(); preset->name != nullptr; ++preset) {
    known += std::string(preset == presets() ? "" : ";\n") + preset->name + ": " + preset->meaning;
  }
  add_value(verb, "--preset", "NAME", "the arithmetic of a real array; flags beside it win.\n" + known,
            [&flags](const std::string& text) {
              const Status status = try_apply_preset(text.c_str(), flags.gemm);
              if (!status.ok()) refuse("--preset", status.message());
              flags.preset = text;
              flags.preset_array = names_array(text);
            })
      ->group(kNumbersGroup);
}

namespace {

void add_accumulators(CLI::App& verb, Flags& flags) {
  const auto add = [&](const std::string& flag, const std::string& meaning, Accumulator& value,
                       std::optional<Type>& type) {
    add_value(verb, flag, "SUM", meaning, [flag, &value, &type](const std::string& text) {
      const NamedAccumulator named = parse_accumulator(flag, text);
      value = named.accumulator, type = named.type;
    })->group(kNumbersGroup);
  };
  add("--accumulator",
      "what a running sum is kept in: s16 to s32 of integers, f16 of bf16 and\n"
      "f16; with ,clamp it saturates, otherwise it wraps (f16: to infinity);\ndefault s32, f32 or f64",
      flags.gemm.accumulator, flags.accumulator);
  add("--fold-accumulator", "the same of what --accumulate fold adds the folds to", flags.gemm.fold_accumulator,
      flags.fold_accumulator);
  bool& flushes = flags.gemm.flush_subnormals;
  verb.add_flag_callback(
          "--flush-subnormals", [&flushes] { flushes = true; },
          "floats: subnormal elements, products and sums become zeros")
      ->group(kNumbersGroup);
  verb.add_flag_callback(
          "--keep-subnormals", [&flushes] { flushes = false; }, "they stay; the default, but for some presets")
      ->group(kNumbersGroup);
}

}  // namespace

namespace {

void add_order(CLI::App& verb, Flags& flags) {
  GemmOptions& gemm = flags.gemm;
  add_value(verb, "--accumulate", "ORDER", "chained (one running sum) or fold (fold, then add); default chained",
            [&gemm](const std::string& text) {
              gemm.accumulate = parse_accumulate("--accumulate", text);
              if (gemm.accumulate == Accumulate::chained)
                gemm.fold_depth = 0, gemm.fold_accumulator = {};  // a preset's
            })
      ->group(kNumbersGroup);
}

void add_mac(CLI::App& verb, Flags& flags) {
  add_parsed(verb, "--mac", "ROUNDING", "fused (one rounding) or unfused (two); default fused", flags.gemm.mac,
             parse_mac)
      ->group(kNumbersGroup);
}

}  // namespace

void add_sums(CLI::App& verb, Flags& flags) {
  add_order(verb, flags);
  add_accumulators(verb, flags);
  add_mac(verb, flags);
}

void add_arithmetic(CLI::App& verb, Flags& flags) {
  GemmOptions& gemm = flags.gemm;
  add_order(verb, flags);
  add_parsed(verb, "--fold-depth", "d",
             "k per fold of --accumulate fold; default the array's height (an array has no other)", gemm.fold_depth,
             [](const std::string& flag, const std::string& text) {
               return parse_whole(flag, text, 1, std::numeric_limits<Index>::max());
             })
      ->group(kNumbersGroup);
  add_accumulators(verb, flags);
  add_mac(verb, flags);
  add_value(verb, "--preload", "FILE", "where the sums start: M x N, or M x 1 or 1 x N for a bias",
            [&flags](const std::string& text) { flags.preload = text; })
      ->group(kNumbersGroup);
  add_a_zero_point(verb, flags);
  add_zero_point(verb, "--b-zero-point", "integers: subtracted from every element of B; default 0", gemm.b_zero_point);
}

void check_arithmetic(const Flags& flags) {
  if (flags.gemm.fold_depth != 0 && flags.gemm.accumulate == Accumulate::chained) {
    refuse("--fold-depth", "needs --accumulate fold");
  }
  if (flags.has("--fold-accumulator") && flags.gemm.accumulate == Accumulate::chained) {
    refuse("--fold-accumulator", "needs --accumulate fold");
  }
  if (!flags.preload.empty() && (flags.gemm.alpha != 1 || flags.gemm.beta != 0)) {
    refuse("--preload", "excludes --alpha and --beta");
  }
}

void check_accumulators(const Flags& flags, Type a_type) {
  const auto check = [&](const char* flag, std::optional<Type> type) {
    if (!type || *type == accumulator_of(a_type) || (*type == Type::f16 && is_narrow_float(a_type))) return;
    const char* known = is_integer(a_type) ? "s16 to s32" : is_narrow_float(a_type) ? "f16 or f32" : name(a_type);
    refuse(flag, std::string("sums of ") + name(a_type) + " are " + known);
  };
  check("--accumulator", flags.accumulator);
  check("--fold-accumulator", flags.fold_accumulator);
}

void add_alpha(CLI::App& verb, Flags& flags) {
  add_parsed(verb, "--alpha", "x", "C = alpha * A * B + beta * C; default 1", flags.gemm.alpha, parse_real)
      ->group(kNumbersGroup);
}

void add_beta(CLI::App& verb, Flags& flags, const std::string& meaning) {
  add_parsed(verb, "--beta", "x", meaning, flags.gemm.beta, parse_real)->group(kNumbersGroup);
}

void add_a_zero_point(CLI::App& verb, Flags& flags) {
  add_zero_point(
      verb, "--a-zero-point",
      "integers: subtracted from every element of A; what counts as zero; default 0, of a .septet file its own",
      flags.gemm.a_zero_point);
}

void add_dtype(CLI::App& verb, Flags& flags, const std::string& meaning) {
  add_parsed(verb, "--dtype", "TYPE", meaning, flags.dtype, parse_type)->group(kNumbersGroup);
}

void add_combine(CLI::App& verb, Combine& combine) {
  add_parsed(verb, "--lanes", "L", "columns that one step may hold, 1 to 256; default 4", combine.lanes,
             [](const std::string& flag, const std::string& text) { return parse_int(flag, text, 1, 256); })
      ->group(kCombineGroup);
  add_parsed(verb, "--combine", "POLICY", "in-order (k stays ascending) or first-fit; default in-order", combine.policy,
             parse_combine)
      ->group(kCombineGroup);
  add_parsed(verb, "--window", "G", "first-fit: how many of the last groups are tried; default 16", combine.window,
             [](const std::string& flag, const std::string& text) { return parse_int(flag, text, 1); })
      ->group(kCombineGroup);
}

void add_timing(CLI::App& verb, Flags& flags) {
  add_parsed(verb, "--timing", "PROFILE",
             "serial, overlapped (preload and drain hide behind the stream),\n"
             "or scalesim (serial without the drain); default serial",
             flags.array.timing, parse_timing)
      ->group(kArrayGroup);
}

void add_bandwidth(CLI::App& verb, Flags& flags) {
  add_parsed(verb, "--bandwidth", "BYTES", "bytes per cycle between memory and array; default 0: no limit",
             flags.array.bandwidth,
             [](const std::string& flag, const std::string& text) {
               return parse_whole(flag, text, 0, std::numeric_limits<Index>::max());
             })
      ->group(kArrayGroup);
}

void add_weight_bits(CLI::App& verb, Flags& flags) {
  add_parsed(verb, "--weight-bits", "N",
             "of a word of A in buffers, off-chip and between them and the array,\n"
             "where it is unpacked to its type; default 0: its type's",
             flags.array.a_word_bits,
             [](const std::string& flag, const std::string& text) { return parse_whole(flag, text, 0, 64); })
      ->group(kMemoryGroup);
}

void add_engine(CLI::App& verb, Flags& flags) {
  add_parsed(verb, "--engine", "NAME",
             "registers (every register of every PE), plan (the fold plan replayed by\n"
             "the CPU's kernels) or plain (registers in scalar code, slow: the yardstick);\n"
             "the same bits and counts; default registers",
             flags.array.engine, parse_engine)
      ->group(kArrayGroup);
}

void add_buffers(CLI::App& verb, Flags& flags) {
  emulation::MemorySystem& memory = flags.array.memory;
  add_value(verb, "--buffers", "A,B,C",
            "bytes of the on-chip buffers, as in 64K,64K,1M, half of each being filled\n"
            "while the array works on the other; default none",
            [&memory](const std::string& text) {
              const std::vector<std::string> sizes = split(text, ',');
              if (sizes.size() != 3) refuse("--buffers", cli::quoted(text) + " is not three sizes: A's, B's and C's");
              memory.a_bytes = parse_bytes("--buffers", sizes[0]);
              memory.b_bytes = parse_bytes("--buffers", sizes[1]);
              memory.c_bytes = parse_bytes("--buffers", sizes[2]);
            })
      ->group(kMemoryGroup);
  add_parsed(verb, "--off-chip-bandwidth", "BYTES",
             "bytes per cycle between off-chip memory and buffers; default 0: no limit", memory.off_chip_bandwidth,
             [](const std::string& flag, const std::string& text) {
               return parse_whole(flag, text, 0, std::numeric_limits<Index>::max());
             })
      ->group(kMemoryGroup);
}

void add_memory(CLI::App& verb, Flags& flags) {
  add_buffers(verb, flags);
  add_value(verb, "--energy", "FILE", "picojoules by component, from a JSON table of yours, or: default",
            [&flags](const std::string& text) {
              flags.energy = text == "default" ? emulation::EnergyTable{} : read_energy_table(text);
              if (text != "default") flags.tables.push_back(text);
            })
      ->group(kMemoryGroup);
  verb.set_version_flag("--print-energy-table", energy_table_json,
                        "the default table with its sources, to be edited, and exit")
      ->group(kMemoryGroup);
}

void check_memory(const Flags& flags) {
  if (flags.array.memory.off_chip_bandwidth != 0 && !flags.has("--buffers")) {
    refuse("--off-chip-bandwidth", "needs --buffers");
  }
}

void add_cpu(CLI::App& verb, Flags& flags) {
  add_parsed(verb, "--threads", "n", "default 0: what OpenMP would use; the bits do not depend on it",
             flags.gemm.threads,
             [](const std::string& flag, const std::string& text) { return parse_int(flag, text, 0, kMaxThreads); })
      ->group(kCpuGroup);
  std::string known;
  for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
    known += (known.empty() ? "" : ", ") + std::string(*target);
  }
  add_value(verb, "--target", "NAME", "instruction set; default the best of " + known,
            [&flags](const std::string& text) { flags.target = text; })
      ->group(kCpuGroup);
}

void add_format(CLI::App& verb, Flags& flags, const std::string& otherwise) {
  add_parsed(verb, "--format", "NAME",
             "auto, dense, csr, csc, coo, bsr, ell, sell, bitmap, tsb, csb, nm or tcsr;\n" + otherwise, flags.format,
             parse_format)
      ->group(kFormatGroup);
}

void add_columns(CLI::App& verb, PackOptions& packing) {
  add_parsed(verb, "--columns", "n", "--format auto: the quickest on this CPU, by a model, for a B of n columns",
             packing.expected_cols,
             [](const std::string& flag, const std::string& text) {
               return parse_whole(flag, text, 1, std::numeric_limits<Index>::max());
             })
      ->group(kFormatGroup);
}

void add_format_shapes(CLI::App& verb, PackOptions& packing) {
  const auto whole = [](const std::string& flag, const std::string& text) {
    return parse_whole(flag, text, 0, std::numeric_limits<Index>::max());
  };
  add_parsed(verb, "--block", "RxC", "bsr: rows x columns of a block; default 4x4", packing.block, parse_block)
      ->group(kFormatGroup);
  add_parsed(verb, "--slice", "H", "sell: rows of a slice; default 16", packing.slice.height, whole)
      ->group(kFormatGroup);
  add_parsed(verb, "--sort-window", "W", "sell: rows that are sorted by length together; default 256",
             packing.slice.window, whole)
      ->group(kFormatGroup);
  add_parsed(verb, "--group", "N:M", "nm: at most N of M neighbours; default 2:4", packing.group, parse_group)
      ->group(kFormatGroup);
  add_parsed(verb, "--tile-cols", "n", "tcsr: columns of a tile; default 0: by the number of non-zeros",
             packing.tile_cols, whole)
      ->group(kFormatGroup);
}

void add_output(CLI::App& verb, Flags& flags) {
  add_value(verb, "-o,--output", "FILE.npy", "C, in the type of the sums: f32 (also of bf16 and f16), f64 or s32",
            [&flags](const std::string& text) { flags.output = parse_file("-o", text); })
      ->group(kOutputGroup);
}

void add_report(CLI::App& verb, std::string& path) {
  add_value(verb, "--report", "FILE.html", "charts and tables in one file that needs no network",
            [&path](const std::string& text) { path = parse_file("--report", text); })
      ->group(kOutputGroup);
}

void add_json(CLI::App& verb, Flags& flags) {
  add_value(verb, "--json", "FILE", "the report as JSON; -: to stdout, instead of the table",
            [&flags](const std::string& text) { flags.json = parse_file("--json", text); })
      ->group(kOutputGroup);
}

}  // namespace septet::cli
