// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet inspect: what a matrix is, what it takes in every format, and what lives in its tiles.
#include "command_line.hpp"
#include "operands.hpp"
#include "output.hpp"
#include "packing.hpp"
#include "statistics.hpp"
#include "text_table.hpp"
#include "verbs.hpp"

#include "septet/emulation/cycles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <utility>

namespace septet::cli {
namespace {

using Align = TextTable::Align;

constexpr const char* kExamples =
    "Examples:\n"
    "  septet inspect random:64x576,zeros=0.8\n"
    "  septet inspect random:64x96,zeros=0.95,dtype=s8 --array 8x32 --tiles\n"
    "  septet inspect random:64x576,zeros=0.8 --json -\n"
    "With a file: septet inspect weights.mtx --dtype f32";

struct FormatSize {
  Format format;
  const char* dataflow;
  std::optional<Footprint> bytes;  // none: the format cannot hold the matrix
  std::string shape;               // "4x4", where the format has one
};

struct TileSet {
  const char* dataflow;
  const char* cut;      // what is cut into tiles
  const char* vectors;  // what lives in them
  Index tile;
  LiveLists live;

  Index least() const { return live.empty() ? 0 : std::min_element(live.begin(), live.end(), shorter)->size(); }
  Index most() const { return live.empty() ? 0 : std::max_element(live.begin(), live.end(), shorter)->size(); }
  double mean() const {
    std::size_t sum = 0;
    for (const auto& list : live) sum += list.size();
    return live.empty() ? 0 : static_cast<double>(sum) / static_cast<double>(live.size());
  }
  static bool shorter(const std::vector<Index>& x, const std::vector<Index>& y) { return x.size() < y.size(); }
};

struct Inspection {
  const io::FileMatrix* file = nullptr;
  Type type = Type::f64;
  ArrayShape array;
  Statistics statistics;
  Index expanded_nnz = 0;
  double density = 0;
  std::vector<FormatSize> formats;
  std::vector<TileSet> tiles;
};

constexpr const char* kInOrder = "csOS in order";

Index ceil_div(Index a, Index b) { return a / b + (a % b != 0); }

// Slots of all slices: rows are sorted by length within windows, and a slice is as wide as its longest.
Index sell_slots(std::vector<Index> lengths, const SliceShape& slice) {
  const auto count = static_cast<Index>(lengths.size());
  for (Index begin = 0; begin < count; begin += std::min(slice.window, count)) {
    const Index end = begin + std::min(slice.window, count - begin);
    std::sort(lengths.begin() + begin, lengths.begin() + end, std::greater<>());
  }
  Index columns = 0;
  for (Index begin = 0; begin < count; begin += slice.height) {
    columns += *std::max_element(lengths.begin() + begin, lengths.begin() + std::min(begin + slice.height, count));
  }
  return columns * slice.height;
}

Footprint nm_size(const io::OwnedMatrix& a, const GroupShape& group) {
  Index bits = 0;
  while ((1 << bits) < group.m) ++bits;
  const Index slots = ceil_div(a.cols, group.m) * group.n;
  return {a.rows * slots * size_of(a.type), a.rows * ceil_div(slots * bits, 8)};
}

// The formats that may be far larger than the matrix, in closed form (docs/formats.md); the others are packed.
void append_array_sizes(const io::OwnedMatrix& matrix, const Weights& a, const Flags& flags, int zero_point,
                        const ArgumentNames& names, std::vector<FormatSize>& sizes) {
  const Index size = size_of(matrix.type), rows = matrix.rows;
  PackOptions packing = flags.packing;
  packing.zero_point = zero_point;
  const auto append_packed = [&](Format format, const std::string& shape = "") {
    PackedMatrix packed;
    packing.format = format;
    require(try_pack(a, packing, packed), names);
    sizes.push_back({format, kInOrder, packed.footprint(), shape});
  };
  append_packed(Format::csc);
  append_packed(Format::coo);
  append_packed(Format::bsr, fmt::format("{}x{}", packing.block.rows, packing.block.cols));
  append_packed(Format::tcsr);
  // Shapes are checked by packing nothing.
  for (const Format format : {Format::sell, Format::nm}) {
    PackedMatrix none;
    packing.format = format;
    require(try_pack(ConstMatrix(nullptr, matrix.type, 0, 0, 0, 0), packing, none), names);
  }
  const std::vector<Index> lengths = row_lengths(matrix, zero_point);
  Index nnz = 0;
  for (const Index length : lengths) nnz += length;
  const Index ell = lengths.empty() ? 0 : rows * *std::max_element(lengths.begin(), lengths.end());
  sizes.push_back({Format::ell, kInOrder, Footprint{ell * size, rows * 4 + ell * 4}, ""});
  const SliceShape& slice = packing.slice;
  const Index slots = sell_slots(lengths, slice), slices = ceil_div(rows, slice.height);
  sizes.push_back({Format::sell, kInOrder,
                   Footprint{slots * size, (slices + 1) * 8 + slices * slice.height * 8 + slots * 4},
                   fmt::format("{}/{}", slice.height, slice.window)});
  sizes.push_back({Format::bitmap, kInOrder, Footprint{nnz * size, rows * ceil_div(matrix.cols, 64) * 8}, ""});
  const GroupShape& group = packing.group;
  FormatSize nm{Format::nm, kInOrder, std::nullopt, fmt::format("{}:{}", group.n, group.m)};
  if (fullest_group(matrix, group.m, zero_point) <= group.n) nm.bytes = nm_size(matrix, group);
  sizes.push_back(nm);
}

// The bitmap formats from the closed form, which equals what pack() builds: for a matrix that is large and almost empty
// they may be larger than memory.
std::vector<FormatSize> sizes_of(const io::OwnedMatrix& matrix, const Weights& a, const Flags& flags, int zero_point,
                                 const ArgumentNames& names) {
  GemmOptions options = flags.gemm;
  options.a_zero_point = zero_point;
  std::vector<FormatSize> sizes = {
      {Format::dense, "dOS, dWS, dIS", Footprint{a.rows() * a.cols() * size_of(a.type()), 0}, ""}};
  PackOptions packing;
  packing.format = Format::csr;
  packing.array = options.array;
  packing.zero_point = options.a_zero_point;
  PackedMatrix csr;
  require(try_pack(a, packing, csr), names);
  sizes.push_back({Format::csr, kInOrder, csr.footprint(), ""});
  for (const Dataflow dataflow : {Dataflow::sOS, Dataflow::sWS, Dataflow::sIS, Dataflow::csOS}) {
    options.dataflow = dataflow;
    emulation::Report report;
    require(emulation::try_cycles(a, 0, a.type(), options, {}, report), names);
    sizes.push_back({dataflow == Dataflow::csOS ? Format::csb : Format::tsb, name(dataflow),
                     Footprint{report.a_bytes_values, report.a_bytes_metadata}, ""});
  }
  append_array_sizes(matrix, a, flags, zero_point, names, sizes);
  return sizes;
}

Json tiles_json(const TileSet& set, bool listed) {
  Json entry;
  entry["dataflow"] = set.dataflow;
  entry["vectors"] = set.vectors;
  entry["tile"] = set.tile;
  entry["tiles"] = set.live.size();
  entry["live_min"] = set.least();
  entry["live_mean"] = set.mean();
  entry["live_max"] = set.most();
  if (listed) entry["live"] = set.live;
  return entry;
}

// What a .septet file holds: the options that concern its format.
Json packed_json(const PackedMatrix& packed) {
  const PackOptions& options = packed.options();
  const Footprint bytes = packed.footprint();
  Json json;
  json["format"] = name(options.format);
  json["dataflow"] = name(options.dataflow);
  json["side"] = options.side == Side::left ? "left" : "right";
  json["array_height"] = options.array.height;
  json["array_width"] = options.array.width;
  if (options.format == Format::bsr) json["block"] = fmt::format("{}x{}", options.block.rows, options.block.cols);
  if (options.format == Format::sell) {
    json["slice"] = options.slice.height;
    json["sort_window"] = options.slice.window;
  }
  if (options.format == Format::nm) json["group"] = fmt::format("{}:{}", options.group.n, options.group.m);
  if (options.format == Format::tcsr) json["tile_cols"] = options.tile_cols;
  json["zero_point"] = options.zero_point;
  json["expected_cols"] = options.expected_cols;
  json["bytes_values"] = bytes.values;
  json["bytes_metadata"] = bytes.metadata;
  return json;
}

// The same list for people: "array_height" as "array height".
std::string packed_table(const PackedMatrix& packed) {
  TextTable table({{"", Align::left}, {"", Align::right}});
  const Json json = packed_json(packed);
  for (const auto& item : json.items()) {
    std::string label = item.key();
    std::replace(label.begin(), label.end(), '_', ' ');
    const Json& value = item.value();
    table.add({label, value.is_string() ? value.get<std::string>() : grouped(value.get<Index>())});
  }
  return table.text();
}

Json inspect_json(const Inspection& found, bool listed) {
  const io::FileMatrix& file = *found.file;
  const Statistics& s = found.statistics;
  const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); };
  Json json;
  json["file"] = file.path;
  json["rows"] = file.rows;
  json["cols"] = file.cols;
  json["element"] = io::name(file.element);
  json["layout"] = file.coordinate ? "coordinate" : "dense";
  json["symmetry"] = file.symmetry;
  if (!file.packed.empty()) json["packed"] = packed_json(file.packed);
  json["stored"] = file.stored;
  json["nnz"] = s.nnz;
  json["expanded_nnz"] = found.expanded_nnz;
  json["explicit_zeros_stored"] = file.explicit_zeros_stored;
  json["duplicates_stored"] = file.duplicates_stored;
  json["density"] = found.density;
  json["nan_count"] = s.nan_count;
  json["inf_count"] = s.inf_count;
  json["empty_rows"] = s.empty_rows;
  json["empty_cols"] = s.empty_cols;
  json["max_row_nnz"] = s.max_row_nnz;
  json["max_col_nnz"] = s.max_col_nnz;
  json["sum"] = s.sum;
  json["frobenius"] = s.frobenius;
  json["min"] = number(s.min);
  json["max"] = number(s.max);
  json["dtype"] = name(found.type);
  json["array_height"] = found.array.height;
  json["array_width"] = found.array.width;
  json["formats"] = Json::array();
  for (const FormatSize& size : found.formats) {
    Json entry;
    entry["format"] = name(size.format);
    entry["dataflow"] = size.dataflow;
    entry["bytes_values"] = size.bytes ? Json(size.bytes->values) : Json(nullptr);
    entry["bytes_metadata"] = size.bytes ? Json(size.bytes->metadata) : Json(nullptr);
    entry["bytes_total"] = size.bytes ? Json(size.bytes->values + size.bytes->metadata) : Json(nullptr);
    if (!size.shape.empty()) entry["shape"] = size.shape;
    json["formats"].push_back(std::move(entry));
  }
  json["tiles"] = Json::array();
  for (const TileSet& set : found.tiles) json["tiles"].push_back(tiles_json(set, listed));
  return json;
}

std::string facts_table(const Inspection& found) {
  const io::FileMatrix& file = *found.file;
  const Statistics& s = found.statistics;
  TextTable table({{"", Align::left}, {"", Align::right}, {"", Align::left}});
  const auto count = [&](const char* label, Index number, const std::string& note = "") {
    table.add({label, grouped(number), note});
  };
  const auto real = [&](const char* label, const std::optional<double>& value) {
    table.add({label, value ? fmt::format("{:.6g}", *value) : "none", ""});
  };
  count("stored", file.stored, file.coordinate ? "entries in the file" : "elements in the file");
  if (file.coordinate) {
    count("expanded", found.expanded_nnz, "entries with symmetry expanded, duplicates summed");
    count("explicit zeros", file.explicit_zeros_stored, "entries in the file");
    count("duplicates", file.duplicates_stored, "entries in the file");
  }
  count("non-zeros", s.nnz, percent(found.density));
  if (s.nan_count > 0) count("NaN", s.nan_count);
  if (s.inf_count > 0) count("infinities", s.inf_count);
  count("empty rows", s.empty_rows);
  count("empty columns", s.empty_cols);
  count(file.coordinate ? "most entries in a row" : "most non-zeros in a row", s.max_row_nnz);
  count(file.coordinate ? "most entries in a column" : "most non-zeros in a column", s.max_col_nnz);
  real("sum", s.sum);
  real("Frobenius norm", s.frobenius);
  real("smallest", s.min);
  real("largest", s.max);
  return table.text();
}

std::string sizes_table(const Inspection& found) {
  TextTable table({{"format", Align::left}, {"streamed by", Align::left}, {"values"}, {"metadata"}, {"total"}});
  for (const FormatSize& size : found.formats) {
    const std::string label = name(size.format) + (size.shape.empty() ? "" : " " + size.shape);
    if (!size.bytes) {
      table.add({label, size.dataflow, "does not", "fit", ""});
      continue;
    }
    table.add({label, size.dataflow, grouped(size.bytes->values), grouped(size.bytes->metadata),
               grouped(size.bytes->values + size.bytes->metadata)});
  }
  return table.text();
}

std::string tiles_table(const Inspection& found) {
  TextTable table({{"tiles of", Align::left},
                   {"streamed by", Align::left},
                   {"tiles"},
                   {"live", Align::left},
                   {"least"},
                   {"mean"},
                   {"most"}});
  for (const TileSet& set : found.tiles) {
    table.add({fmt::format("{} {}", set.tile, set.cut), set.dataflow, grouped(set.live.size()), set.vectors,
               grouped(set.least()), fmt::format("{:.1f}", set.mean()), grouped(set.most())});
  }
  return table.text();
}

// 0, 1, 2, 5 as "0-2, 5".
std::string ranges(const std::vector<Index>& numbers) {
  std::string text;
  for (std::size_t begin = 0; begin < numbers.size();) {
    std::size_t end = begin + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    text += (text.empty() ? "" : ", ") + std::to_string(numbers[begin]);
    if (end - begin > 1) text += "-" + std::to_string(numbers[end - 1]);
    begin = end;
  }
  return text;
}

std::string list_table(const TileSet& set, Index size) {
  TextTable table({{set.cut}, {"live"}, {set.vectors, Align::left}});
  for (std::size_t t = 0; t < set.live.size(); ++t) {
    const Index begin = static_cast<Index>(t) * set.tile, end = std::min(begin + set.tile, size);
    table.add({fmt::format("{}-{}", begin, end - 1), grouped(set.live[t].size()), ranges(set.live[t])});
  }
  return fmt::format("\nlive {} in tiles of {} {} ({}), 0-based\n\n{}", set.vectors, set.tile, set.cut, set.dataflow,
                     table.text());
}

std::string inspect_table(const Inspection& found, bool listed) {
  const io::FileMatrix& file = *found.file;
  std::string text = fmt::format("{}: {} x {}, {}, {}{}\n\n{}", file.path, grouped(file.rows), grouped(file.cols),
                                 io::name(file.element), file.coordinate ? "coordinate" : "dense",
                                 file.symmetry == "general" ? "" : ", " + file.symmetry, facts_table(found));
  if (!file.packed.empty()) text += fmt::format("\nthe file holds\n\n{}", packed_table(file.packed));
  text += fmt::format("\nbytes as {}, for a {} x {} array\n\n{}", name(found.type), found.array.height,
                      found.array.width, sizes_table(found));
  text += fmt::format("\nlive vectors per tile\n\n{}", tiles_table(found));
  if (!listed) return text;
  for (const TileSet& set : found.tiles) {
    const bool by_columns = set.dataflow == std::string("sIS");
    // Tiles of W rows are the tiles of H rows on a square array.
    if (set.dataflow == std::string("sWS") && found.array.height == found.array.width) continue;
    text += list_table(set, by_columns ? file.cols : file.rows);
  }
  return text;
}

void run_inspect(const Flags& flags, bool listed) {
  check_outputs(flags);
  io::FileMatrix file = read_file(flags.a);
  check_dtype(flags, {&file});
  ArgumentNames names;
  names.a = flags.a;
  Inspection found;
  found.type = operand_type(file, flags.dtype, std::nullopt);
  found.array = flags.gemm.array;
  const int zero_point = a_zero_point_of(flags, file);
  WeightFile a(std::move(file), found.type, zero_point);
  found.file = &a.file();
  const io::OwnedMatrix& matrix = a.matrix(false);
  found.formats = sizes_of(matrix, a.weights(false), flags, zero_point, names);
  found.statistics = statistics_of(matrix, zero_point);
  found.expanded_nnz = a.file().coordinate ? static_cast<Index>(a.file().entries.size()) : found.statistics.nnz;
  const double elements = static_cast<double>(matrix.rows) * static_cast<double>(matrix.cols);
  found.density = elements == 0 ? 0 : static_cast<double>(found.statistics.nnz) / elements;
  const ArrayShape& array = found.array;
  found.tiles = {{"sOS", "rows", "columns", array.height, live_columns(matrix, array.height, zero_point)},
                 {"sWS", "rows", "columns", array.width, live_columns(matrix, array.width, zero_point)},
                 {"sIS", "columns", "rows", array.height, live_rows(matrix, array.height, zero_point)}};
  publish(flags, inspect_json(found, listed), inspect_table(found, listed));
}

}  // namespace

void add_inspect(CLI::App& app, Action& action) {
  CLI::App& verb = *app.add_subcommand("inspect", "Sizes, sparsity, and what lives in a matrix's tiles");
  const auto flags = std::make_shared<Flags>();
  const auto listed = std::make_shared<bool>(false);
  verb.add_option("FILE", flags->a, ".npy, .mtx, .smtx, .septet, or random:64x576,zeros=0.8,seed=1,dtype=f32")
      ->required()
      ->type_name("");
  add_array(verb, flags->gemm.array);
  verb.add_flag("--tiles", *listed, "list the live columns (or rows) of each tile")->group("Array");
  add_a_zero_point(verb, *flags);
  add_dtype(verb, *flags,
            "what a matrix without a type of its own becomes: f32, f64, bf16, f16,\ns8, u8 or s16; default f64");
  add_combine(verb, flags->gemm.combine);
  add_format_shapes(verb, flags->packing);
  add_json(verb, *flags);
  verb.footer(kExamples);
  set_action(verb, action, *flags, [flags, listed] { run_inspect(*flags, *listed); });
}

}  // namespace septet::cli
