// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet convert: a matrix from any file into a file of one format.
#include "command_line.hpp"
#include "septet/packed_file.hpp"

#include "operands.hpp"
#include "output.hpp"
#include "packing.hpp"
#include "text_table.hpp"
#include "values.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <memory>

namespace septet::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  septet convert random:64x576,zeros=0.9 --format bsr --block 8x1\n"
    "  septet convert random:64x576,zeros=0.9,dtype=s8 --format tsb --dataflow sIS --array 32x32 --json -\n"
    "With files: septet convert weights.mtx -o weights.septet --format sell --slice 8 --sort-window 64\n"
    "            septet convert weights.septet -o weights.npy";

// Over what the file was packed with.
PackOptions asked(const Flags& flags, const io::FileMatrix& file) {
  PackOptions packing = packing_of(flags, file.packed);
  const bool npy = !flags.output.empty() && !is_septet(flags.output);
  if (npy && packing.format != Format::dense) {
    packing.format = Format::dense, packing.dataflow = flags.gemm.dataflow;
  }
  packing.zero_point = a_zero_point_of(flags, file);
  return packing;
}

// The choice is open where nothing else is asked for.
void check_columns(const Flags& flags) {
  if (!flags.has("--columns")) return;
  if (!flags.output.empty() && !is_septet(flags.output)) refuse("--columns", "a .npy file is dense");
  if (flags.format != Format::automatic) {
    refuse("--columns", fmt::format("--format auto only, not {}", name(flags.format)));
  }
  if (flags.gemm.dataflow != Dataflow::automatic) {
    refuse("--columns",
           fmt::format("excludes --dataflow {}, which has a format of its own", name(flags.gemm.dataflow)));
  }
}

Json convert_json(const Flags& flags, const PackedMatrix& packed) {
  const Footprint bytes = packed.footprint();
  Json json;
  json["verb"] = "convert";
  json["file"] = flags.a;
  json["output"] = flags.output.empty() ? Json(nullptr) : Json(flags.output);
  json["rows"] = packed.rows();
  json["cols"] = packed.cols();
  json["dtype"] = name(packed.type());
  json["nnz"] = packed.nnz();
  json["format"] = name(packed.format());
  json["dataflow"] = name(packed.options().dataflow);
  json["bytes_values"] = bytes.values;
  json["bytes_metadata"] = bytes.metadata;
  json["bytes_total"] = bytes.values + bytes.metadata;
  return json;
}

std::string convert_table(const Flags& flags, const PackedMatrix& packed) {
  const Footprint bytes = packed.footprint();
  TextTable table({{"", TextTable::Align::left}, {"", TextTable::Align::left}});
  table.add({"format", fmt::format("{}, for {}", name(packed.format()), name(packed.options().dataflow))});
  table.add({"non-zeros", grouped(packed.nnz())});
  table.add({"bytes", fmt::format("{} of values, {} of metadata", grouped(bytes.values), grouped(bytes.metadata))});
  table.add({"written to", flags.output.empty() ? "nowhere: no -o" : flags.output});
  return fmt::format("{}: {} x {}, {}\n\n{}", flags.a, grouped(packed.rows()), grouped(packed.cols()),
                     name(packed.type()), table.text());
}

void write(const io::StagedFile& file, const PackedMatrix& packed) {
  if (is_septet(file.path())) {
    file.refuse_device();
    std::vector<std::byte> bytes;
    require(try_serialize(packed, bytes));
    io::StagedWriter writer(file);
    writer.write(bytes.data(), bytes.size());
    return writer.close();
  }
  std::vector<std::byte> elements(static_cast<std::size_t>(packed.rows() * packed.cols() * size_of(packed.type())));
  const Matrix dense(elements.data(), packed.type(), packed.rows(), packed.cols(), packed.cols(), 1);
  unpack(packed, dense);
  io::write_npy(file, dense);
}

void run_convert(const Flags& flags) {
  check_outputs(flags, true);
  if (!flags.output.empty() && !is_septet(flags.output) && flags.format > Format::dense) {
    refuse("--format", fmt::format("{}: a .npy file is dense", name(flags.format)));
  }
  check_columns(flags);
  io::FileMatrix file = read_file(flags.a);
  check_dtype(flags, {&file});
  const Type type = operand_type(file, flags.dtype, std::nullopt);
  const PackedMatrix stored = file.packed;
  const PackOptions packing = asked(flags, file);
  ArgumentNames names;
  names.a = flags.a;
  WeightFile matrix(std::move(file), type, packing.zero_point);
  // What is packed already goes from format to format bit for bit.
  const bool as_packed = !stored.empty() && stored.type() == type;
  PackedMatrix packed;
  require(try_pack(as_packed ? Weights(stored) : matrix.weights(packing.format == Format::dense), packing, packed),
          names);
  check_format_flags(flags, packed.format());
  publish(flags, convert_json(flags, packed), convert_table(flags, packed),
          [&](const io::StagedFile& file) { write(file, packed); });
}

}  // namespace

void add_convert(CLI::App& app, Action& action) {
  CLI::App& verb = *app.add_subcommand("convert", "A matrix into a file of another format");
  const auto flags = std::make_shared<Flags>();
  verb.add_option("FILE", flags->a, ".npy, .mtx, .smtx, .septet, or random:64x576,zeros=0.8,seed=1,dtype=f32")
      ->required()
      ->type_name("");
  add_format(verb, *flags,
             "auto, with --columns: the quickest on this CPU, by a model;\n"
             "not given: what the dataflow streams; of a .septet file, its own");
  add_columns(verb, flags->packing);
  add_format_shapes(verb, flags->packing);
  add_dataflow(verb, *flags);
  add_array(verb, flags->gemm.array);
  add_a_zero_point(verb, *flags);
  add_dtype(verb, *flags,
            "what a matrix without a type of its own becomes: f32, f64, bf16, f16,\ns8, u8 or s16; default f64");
  add_combine(verb, flags->gemm.combine);
  add_value(verb, "-o,--output", "FILE", "FILE.septet, or FILE.npy: the dense matrix",
            [flags](const std::string& text) { flags->output = parse_file("-o", text); })
      ->group("Output");
  add_json(verb, *flags);
  verb.footer(kExamples);
  set_action(verb, action, *flags, [flags] { run_convert(*flags); });
}

}  // namespace septet::cli
