// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet gemm: the product on this CPU.
#include "command_line.hpp"
#include "operands.hpp"
#include "packing.hpp"
#include "report_output.hpp"
#include "text_table.hpp"
#include "verbs.hpp"

#include "septet/emulation/cycles.hpp"
#include "septet/explain.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>

namespace septet::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  septet gemm random:64x576 random:576x100\n"
    "  septet gemm random:64x576,zeros=0.8 random:576x100,seed=2 --dataflow sWS --array 8x32\n"
    "  septet gemm random:512x512 random:512x512 --explain\n"
    "  septet gemm random:64x576,zeros=0.8,dtype=s8 random:576x100,dtype=u8 --b-zero-point 128 --json -\n"
    "With files: septet gemm weights.mtx inputs.npy -o C.npy";

// A as the call streamed it.
struct Streamed {
  Dataflow dataflow = Dataflow::dOS;
  Format format = Format::dense;
  Index nnz = 0;
  Footprint bytes;
};

// The cycle model resolves `automatic` as gemm() does and counts the non-zeros; packing says what A takes.
Streamed describe(const Product& product, const Weights& a, const PackedMatrix& packed) {
  GemmOptions options;
  options.dataflow = product.options.dataflow;
  options.array = product.options.array;
  options.combine = product.options.combine;
  options.accumulate = product.options.accumulate;
  options.a_zero_point = product.options.a_zero_point;
  const emulation::Report report = emulation::cycles(packed.empty() ? a : Weights(packed), 0, product.b.type, options);
  Streamed streamed;
  streamed.dataflow = report.dataflow;
  streamed.nnz = report.nnz;
  streamed.bytes.values = product.m() * product.k() * size_of(product.a.type());
  if (!is_sparse(streamed.dataflow)) return streamed;
  PackedMatrix form = packed;
  if (form.empty()) {
    // With nothing asked for, csOS runs from CSR; only pack() knows that.
    PackOptions packing;
    packing.dataflow = options.accumulate == Accumulate::fold_then_add ? streamed.dataflow : options.dataflow;
    packing.array = options.array, packing.combine = options.combine, packing.zero_point = options.a_zero_point;
    if (packing.dataflow == Dataflow::sIS && product.options.fold_depth != 0) {
      packing.array.height = product.options.fold_depth;
    }
    form = pack(a, packing);
  }
  streamed.format = form.format();
  streamed.bytes = form.footprint();
  return streamed;
}

// A as the call gets it: packed as --format says or as a .septet file holds it; empty: as it comes.
PackedMatrix packed_a(const Flags& flags, const Product& product, const Weights& a) {
  const io::FileMatrix& file = product.a.file();
  PackOptions packing = packing_of(flags, file.packed);
  const bool open = flags.has("--format") && packing.format == Format::automatic &&
                    packing.dataflow == Dataflow::automatic && flags.gemm.accumulate == Accumulate::chained;
  if (flags.format == Format::automatic && !open) {
    PackedMatrix stored = as_stored(flags, file, product.a.type());
    if (stored.empty()) check_format_flags(flags, Format::automatic);
    return stored;
  }
  packing.expected_cols = open ? product.n() : 0;
  packing.zero_point = product.options.a_zero_point;
  // k-tiles are as deep as the folds.
  if (packing.dataflow == Dataflow::sIS && product.options.fold_depth != 0) {
    packing.array.height = product.options.fold_depth;
  }
  PackedMatrix packed;
  require(try_pack(a, packing, packed), product.names);
  check_format_flags(flags, packed.format());
  return packed;
}

Json gemm_json(const Flags& flags, const Product& product, const Streamed& streamed, double seconds) {
  const GemmOptions& options = product.options;
  Json json;
  json["verb"] = "gemm";
  json["dataflow"] = name(streamed.dataflow);
  json["array_height"] = options.array.height;
  json["array_width"] = options.array.width;
  add_numbers(json, numbers_of(options, product.a.type()));
  json["m"] = product.m();
  json["n"] = product.n();
  json["k"] = product.k();
  json["dtype"] = dtype_name(product.a.type(), product.b.type);
  json["format"] = name(streamed.format);
  json["target"] = target();
  json["threads"] = options.threads;
  json["seconds"] = seconds;
  json["nnz"] = streamed.nnz;
  json["a_bytes_values"] = streamed.bytes.values;
  json["a_bytes_metadata"] = streamed.bytes.metadata;
  json["output"] = flags.output.empty() ? Json(nullptr) : Json(flags.output);
  return json;
}

std::string gemm_table(const Flags& flags, const Product& product, const Streamed& streamed, double seconds) {
  const GemmOptions& options = product.options;
  const Index elements = product.m() * product.k();
  const double density = elements == 0 ? 0 : static_cast<double>(streamed.nnz) / static_cast<double>(elements);
  TextTable table({{"", TextTable::Align::left}, {"", TextTable::Align::left}});
  table.add({"dataflow", fmt::format("{}, {}, for a {} x {} array", name(streamed.dataflow),
                                     numbers_line(numbers_of(options, product.a.type())), options.array.height,
                                     options.array.width)});
  table.add({"A streamed as", fmt::format("{}: {} bytes of values, {} of metadata", name(streamed.format),
                                          grouped(streamed.bytes.values), grouped(streamed.bytes.metadata))});
  table.add({"non-zeros of A", fmt::format("{} ({})", grouped(streamed.nnz), percent(density))});
  table.add({"target", target()});
  table.add({"threads", options.threads == 0 ? "automatic" : std::to_string(options.threads)});
  table.add({"time", milliseconds(seconds) + " (one call, nothing warmed up)"});
  table.add({"C written to", flags.output.empty() ? "nowhere: no -o" : flags.output});
  return product_line(product.m(), product.n(), product.k(), product.a.type(), product.b.type) + "\n" + table.text();
}

void run_gemm(const Flags& flags) {
  check_outputs(flags);
  if (!flags.target.empty()) require(set_target(flags.target.c_str()));
  Product product = load_product(flags);
  io::OwnedMatrix c = make_output(flags, product);
  const bool densify = wants_dense(flags.gemm.dataflow) || flags.format == Format::dense;
  const Weights a = product.a.weights(densify);
  const PackedMatrix packed = packed_a(flags, product, a);
  const auto start = std::chrono::steady_clock::now();
  const Status status =
      try_gemm(packed.empty() ? a : Weights(packed), product.b.dense_view(), c.dense_view(), product.options);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  require(status, product.names);
  const Streamed streamed = describe(product, a, packed);
  const ConstMatrix result = c.dense_view();
  Json json = gemm_json(flags, product, streamed, seconds.count());
  std::string table = gemm_table(flags, product, streamed, seconds.count());
  if (flags.explain) {
    const Explanation explanation =
        explain(packed.empty() ? a : Weights(packed), product.b.dense_view(), c.dense_view(), product.options);
    for (const Explanation::Fact& fact : explanation.facts) {
      json["explanation"].push_back({{"what", fact.what}, {"choice", fact.choice}, {"why", fact.why}});
    }
    table += "\n" + explanation.to_string();
  }
  publish(flags, json, table, &result);
}

}  // namespace

void add_gemm(CLI::App& app, Action& action) {
  CLI::App& verb = *app.add_subcommand("gemm", "C = alpha * A * B + beta * C on this CPU");
  const auto flags = std::make_shared<Flags>();
  add_operands(verb, *flags);
  add_dataflow(verb, *flags);
  add_preset(verb, *flags);
  add_array(verb, flags->gemm.array);
  add_arithmetic(verb, *flags);
  add_alpha(verb, *flags);
  add_dtype(verb, *flags, kOperandTypes);
  add_beta(verb, *flags, "0 ignores the old C, anything else reads it from the -o file; default 0");
  add_combine(verb, flags->gemm.combine);
  add_cpu(verb, *flags);
  add_format(verb, *flags,
             "packed first; auto: the quickest on this CPU for B's columns, by a model;\n"
             "not given: what the dataflow wants, or a .septet file as it is");
  add_format_shapes(verb, flags->packing);
  verb.add_flag("--explain", flags->explain, "Say how the product runs on this CPU, and why");
  add_output(verb, *flags);
  add_json(verb, *flags);
  verb.footer(kExamples);
  set_action(verb, action, *flags, [flags] { run_gemm(*flags); });
}

}  // namespace septet::cli
