// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet compare: what RTL left in C's memory, or wrote to it, against an export: the first difference and where in the
// array it comes from. Folds, PEs and cycles are the emulator's, which runs the exported operands again.
#include "command_line.hpp"
#include "errors.hpp"
#include "images.hpp"
#include "io/input.hpp"
#include "progress.hpp"
#include "report_output.hpp"
#include "text_table.hpp"
#include "values.hpp"
#include "verbs.hpp"

#include "septet/emulation/emulate.hpp"

#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <memory>
#include <optional>

namespace septet::cli {
namespace {

using emulation::StoredWord;
using emulation::TraceFold;

constexpr const char* kExamples =
    "Examples:\n"
    "  septet compare images/c_expected.hex --images images\n"
    "  septet compare images/writes_expected.hex --writes --images images --json -\n"
    "after: septet export random:12x20,zeros=0.7,dtype=s8 random:20x9,dtype=s8 --dataflow sWS --array 4x4 -o images";

struct CompareFlags : Flags {
  std::string dump, folder;
  bool writes = false;
};

/// What the images of a folder hold.
struct Exported {
  ExportedProduct product;
  io::ImageFormat format = io::ImageFormat::hex;
  std::vector<std::byte> a, b, c_start;
  emulation::MemoryImage image;

  ConstMatrix a_view() const { return view(a, product.a_type, product.m, product.k); }
  ConstMatrix b_view() const { return view(b, product.b_type, product.k, product.n); }
  ConstMatrix start_view() const { return view(c_start, product.sums(), product.m, product.n); }
  GemmOptions options() const {
    GemmOptions options = product.options;
    if (product.preload) options.preload = start_view();
    return options;
  }

 private:
  static ConstMatrix view(const std::vector<std::byte>& elements, Type type, Index rows, Index cols) {
    return {elements.data(), type, rows, cols, cols, 1};
  }
};

std::uint64_t word_at(const std::vector<std::byte>& elements, Index at, Type type) {
  std::uint64_t word = 0;
  const auto size = static_cast<std::size_t>(size_of(type));
  std::memcpy(&word, elements.data() + static_cast<std::size_t>(at) * size, size);
  return word;
}

bool is_nan(std::uint64_t bits, Type type) {
  if (type == Type::f32) return (bits & 0x7fffffffu) > 0x7f800000u;
  return type == Type::f64 && (bits & 0x7fffffffffffffffu) > 0x7ff0000000000000u;
}

// A NaN equals any NaN: its payload and sign are outside the contract.
bool same(std::uint64_t x, std::uint64_t y, Type type) { return x == y || (is_nan(x, type) && is_nan(y, type)); }

std::string value_text(std::uint64_t bits, Type type) {
  return emulation::to_text(bits, {type, static_cast<int>(8 * size_of(type))});
}
std::string hex_text(std::uint64_t bits, Type type) { return fmt::format("0x{:0{}x}", bits, 2 * size_of(type)); }
std::string text_of(std::uint64_t bits, Type type) {
  return fmt::format("{} ({})", value_text(bits, type), hex_text(bits, type));
}

// ---- the export, checked

void check_sizes(const std::string& folder, const Exported& exported) {
  const std::string path = image_path(folder, Image::sizes, exported.format);
  io::read_image(path, exported.product.shape(Image::sizes), [&](const io::ImageWord& word) {
    const std::uint32_t expected = exported.image.sizes[static_cast<std::size_t>(word.address)];
    if (word.bits == expected) return;
    io::fail_on_line(
        path, word.line,
        fmt::format("word {} is 0x{:x}, {} and a_dense have 0x{:x}", word.address, word.bits, kManifest, expected));
  });
}

void check_a(const std::string& folder, const Exported& exported) {
  const std::string path = image_path(folder, Image::a, exported.format);
  io::read_image(path, exported.product.shape(Image::a), [&](const io::ImageWord& word) {
    const auto expected = static_cast<std::uint64_t>(exported.image.a[static_cast<std::size_t>(word.address)]);
    if (word.bits == expected) return;
    io::fail_on_line(path, word.line,
                     fmt::format("byte {} is 0x{:02x}, a_dense gives 0x{:02x}", word.address, word.bits, expected));
  });
}

Exported read_export(const std::string& folder) {
  Exported exported;
  exported.product = read_manifest(folder);
  const ExportedProduct& product = exported.product;
  for (const io::ImageFormat format : product.formats) {
    for (const Image image : kImages) io::InputFile(image_path(folder, image, format));
  }
  // That there are as many words as there should be is seen first, because it explains more than what is in them.
  exported.format = product.formats.front();
  for (const Image image : kImages) {
    io::read_image(image_path(folder, image, exported.format), product.shape(image), [](const io::ImageWord&) {});
  }
  const auto read = [&](Image image) {
    return read_elements(image_path(folder, image, exported.format), product.shape(image));
  };
  exported.a = read(Image::a_dense), exported.b = read(Image::b), exported.c_start = read(Image::c_start);
  const Status status = emulation::try_memory_image(exported.a_view(), product.n, product.b_type, exported.options(),
                                                    {product.timing}, exported.image);
  if (!status.ok()) throw Error(Status(status.cause(), manifest_path(folder), status.to_string()));
  ExportedProduct computed = product;
  computed.a_bytes = static_cast<Index>(exported.image.a.size());
  computed.options.dataflow = static_cast<Dataflow>(exported.image.sizes[emulation::kSizesDataflow]);
  check_manifest(folder, computed);
  check_sizes(folder, exported);
  check_a(folder, exported);
  return exported;
}

// ---- the product again

/// Runs it with somebody who sees every word that is stored in `cycles`; C's memory and the report afterwards.
struct Run {
  std::vector<std::byte> c;
  emulation::Report report;

  Run(const std::string& folder, const Exported& exported, const emulation::StoreFunction& store,
      const emulation::TraceRange& cycles = {}) {
    const ExportedProduct& product = exported.product;
    const GemmOptions options = exported.options();
    const Type type = product.sums();
    c.resize(static_cast<std::size_t>(product.m * product.n * size_of(type)));
    const auto sink = emulation::store_sink(options, store);
    ProgressLine progress("septet compare");
    const Status status = emulation::try_emulate(
        exported.a_view(), exported.b_view(), Matrix(c.data(), type, product.m, product.n, product.n, 1), options,
        {product.timing}, report, progress.callback(), {sink.get(), {cycles, {0, 1}, {}}});
    if (!status.ok()) throw Error(Status(status.cause(), manifest_path(folder), status.to_string()));
  }
};

void check_golden(const std::string& path, const io::ImageWord& word, std::uint64_t computed, const std::string& what,
                  Type type) {
  if (same(word.bits, computed, type)) return;
  io::fail_on_line(path, word.line,
                   fmt::format("{} is {}, but the operands give {}: the image was changed", what,
                               text_of(word.bits, type), text_of(computed, type)));
}

/// The first run, against what the export says of it; C's memory afterwards.
std::vector<std::byte> check_results(const std::string& folder, const Exported& exported,
                                     const emulation::StoreFunction& store) {
  const ExportedProduct& product = exported.product;
  ExportedProduct computed = product;
  computed.writes = 0;
  Run run(folder, exported, [&](const StoredWord& word, const TraceFold& fold) {
    ++computed.writes;
    store(word, fold);
  });
  computed.cycles = run.report.cycles;
  check_manifest(folder, computed, &run.report);
  const std::string golden = image_path(folder, Image::c_expected, exported.format);
  io::read_image(golden, product.shape(Image::c_expected), [&](const io::ImageWord& word) {
    const std::string element = fmt::format("C[{}][{}]", word.address / product.n, word.address % product.n);
    check_golden(golden, word, word_at(run.c, word.address, product.sums()), element, product.sums());
  });
  return std::move(run.c);
}

// ---- the dump against it

/// The first element that differs, in the order of writing, and where it comes from.
struct First {
  Index m = 0, n = 0;
  Index word = 0;  ///< of the dump
  std::uint64_t expected = 0, found = 0;
  std::optional<TraceFold> fold;  ///< none: no fold writes it
  StoredWord store;
};

struct Comparison {
  Index words = 0, differences = 0;
  std::optional<First> first;
};

/// Counts the words of the dump that are not `expected`, and keeps the one of least key(address), of equal ones the one
/// of least address.
template <class Key>
Comparison compare_words(const std::string& dump, const io::ImageShape& shape, const std::vector<std::byte>& expected,
                         Type type, Key key) {
  Comparison result;
  result.words = shape.depth;
  std::pair<Index, Index> least;
  io::read_image(dump, shape, [&](const io::ImageWord& word) {
    const std::uint64_t wanted = word_at(expected, word.address, type);
    if (same(word.bits, wanted, type)) return;
    ++result.differences;
    const std::pair<Index, Index> place(key(word.address), word.address);
    if (result.first && least < place) return;
    least = place;
    result.first.emplace();
    result.first->word = word.address, result.first->expected = wanted, result.first->found = word.bits;
  });
  return result;
}

// C's memory after the run. Of an element that several folds write, the last one counts.
Comparison compare_c(const CompareFlags& flags, const Exported& exported) {
  const ExportedProduct& product = exported.product;
  const io::ImageShape shape = product.shape(Image::c_expected);
  // When each element is written last: cycle, then column, as one number.
  constexpr Index kNever = std::numeric_limits<Index>::max();
  const Index width = product.options.array.width;
  std::vector<Index> last(static_cast<std::size_t>(shape.depth), kNever);
  const std::vector<std::byte> c = check_results(flags.folder, exported, [&](const StoredWord& word, const TraceFold&) {
    last[static_cast<std::size_t>(word.m * product.n + word.n)] = word.cycle * width + word.column;
  });
  const auto time = [&](Index element) { return last[static_cast<std::size_t>(element)]; };
  Comparison result = compare_words(flags.dump, shape, c, product.sums(), time);
  if (!result.first) return result;
  First& first = *result.first;
  first.m = first.word / product.n, first.n = first.word % product.n;
  if (time(first.word) == kNever) return result;
  const Index cycle = time(first.word) / width, column = time(first.word) % width;
  const emulation::StoreFunction keep = [&](const StoredWord& word, const TraceFold& fold) {
    if (word.column == column) first.fold = fold, first.store = word;
  };
  const Run again(flags.folder, exported, keep, {cycle, cycle + 1});
  return result;
}

// Every word that the store units write, in order.
Comparison compare_writes(const CompareFlags& flags, const Exported& exported) {
  const ExportedProduct& product = exported.product;
  const Type type = product.sums();
  const io::ImageShape shape = product.shape(Image::writes_expected);
  const std::string golden = image_path(flags.folder, Image::writes_expected, exported.format);
  const std::vector<std::byte> expected = read_elements(golden, shape);
  Index count = 0, changed = shape.depth;  // the first word of the image that is not what is written
  std::uint64_t computed = 0;
  check_results(flags.folder, exported, [&](const StoredWord& word, const TraceFold&) {
    const Index at = count++;
    if (at >= changed || same(word_at(expected, at, type), word.bits, type)) return;
    changed = at, computed = word.bits;
  });
  if (changed < shape.depth) {
    io::read_image(golden, shape, [&](const io::ImageWord& word) {
      if (word.address == changed) check_golden(golden, word, computed, fmt::format("word {}", changed), type);
    });
  }
  Comparison result = compare_words(flags.dump, shape, expected, type, [](Index) { return Index{0}; });
  if (!result.first) return result;
  First& first = *result.first;
  count = 0;
  const Run again(flags.folder, exported, [&](const StoredWord& word, const TraceFold& fold) {
    if (count++ == first.word) first.m = word.m, first.n = word.n, first.fold = fold, first.store = word;
  });
  return result;
}

// ---- what is said about it

/// PE(h, w) that the element comes from: OS keeps it there, of WS and IS it leaves the array below the last row.
std::pair<Index, Index> pe_of(const ExportedProduct& product, const First& first) {
  const bool os = is_output_stationary(product.options.dataflow);
  return {os ? first.m - first.fold->m0 : product.options.array.height - 1, first.store.column};
}

std::string fold_text(const TraceFold& fold) {
  return fmt::format("{} (tile {}; m0 {}, {} rows; n0 {}, {} columns; k0 {}, {}; {} steps from cycle {})", fold.number,
                     fold.tile, fold.m0, fold.m_count, fold.n0, fold.n_count, fold.k0, fold.k_count, fold.steps,
                     fold.start);
}

std::string element_text(const First& first, Type type) {
  return fmt::format("C[{}][{}] differs: expected {}, found {}", first.m, first.n, text_of(first.expected, type),
                     text_of(first.found, type));
}

std::string compare_table(const CompareFlags& flags, const ExportedProduct& product, const Comparison& result) {
  const std::string what = flags.writes ? "words that the store units write" : "elements of C";
  if (!result.first) return fmt::format("{}: all {} {} are equal\n", flags.dump, grouped(result.words), what);
  const First& first = *result.first;
  std::string text = fmt::format("{}: {} of {} {} differ; the first in the order of writing:\n\n", flags.dump,
                                 grouped(result.differences), grouped(result.words), what);
  TextTable table({{"", TextTable::Align::left}, {"", TextTable::Align::left}});
  table.add({"element", fmt::format("C[{}][{}], word {} of the dump", first.m, first.n, first.word)});
  table.add({"expected", text_of(first.expected, product.sums())});
  table.add({"found", text_of(first.found, product.sums())});
  if (first.fold) {
    const auto [h, w] = pe_of(product, first);
    table.add({"fold", fold_text(*first.fold)});
    table.add({"PE", fmt::format("PE({}, {})", h, w)});
    table.add({"step", std::to_string(first.store.step)});
    table.add({"cycle", std::to_string(first.store.cycle)});
  } else {
    table.add({"fold", "none writes it: nothing of A is live there, and it stays what c_start has"});
  }
  return text + table.text();
}

Json fold_json(const TraceFold& fold) {
  return {{"number", fold.number}, {"tile", fold.tile},       {"m0", fold.m0}, {"m_count", fold.m_count},
          {"n0", fold.n0},         {"n_count", fold.n_count}, {"k0", fold.k0}, {"k_count", fold.k_count},
          {"start", fold.start},   {"steps", fold.steps}};
}

Json first_json(const ExportedProduct& product, const First& first) {
  Json json;
  json["m"] = first.m, json["n"] = first.n, json["word"] = first.word;
  json["expected"] = value_text(first.expected, product.sums());
  json["expected_hex"] = hex_text(first.expected, product.sums());
  json["found"] = value_text(first.found, product.sums());
  json["found_hex"] = hex_text(first.found, product.sums());
  for (const char* key : {"fold", "pe_row", "pe_column", "step", "cycle"}) json[key] = nullptr;
  if (!first.fold) return json;
  const auto [h, w] = pe_of(product, first);
  json["fold"] = fold_json(*first.fold);
  json["pe_row"] = h, json["pe_column"] = w;
  json["step"] = first.store.step, json["cycle"] = first.store.cycle;
  return json;
}

Json compare_json(const CompareFlags& flags, const ExportedProduct& product, const Comparison& result) {
  Json json;
  json["dump"] = flags.dump, json["images"] = flags.folder;
  json["compared"] = flags.writes ? "writes" : "c";
  json["dataflow"] = name(product.options.dataflow);
  json["array_height"] = product.options.array.height, json["array_width"] = product.options.array.width;
  json["timing"] = name(product.timing);
  json["words"] = result.words, json["differences"] = result.differences;
  json["equal"] = !result.first.has_value();
  json["first"] = result.first ? first_json(product, *result.first) : Json(nullptr);
  return json;
}

void run_compare(const CompareFlags& flags) {
  check_outputs(flags);
  check_report(flags.json, flags.folder);
  if (io::same_file(flags.json, flags.dump)) refuse(flags.json, "is the dump");
  const Exported exported = read_export(flags.folder);
  const Comparison result = flags.writes ? compare_writes(flags, exported) : compare_c(flags, exported);
  publish(flags, compare_json(flags, exported.product, result), compare_table(flags, exported.product, result));
  if (!result.first) return;
  const First& first = *result.first;
  std::string place = "no fold writes it";
  if (first.fold) {
    const auto [h, w] = pe_of(exported.product, first);
    place = fmt::format("fold {}, PE({}, {}), cycle {}", first.fold->number, h, w, first.store.cycle);
  }
  throw CheckFailed(fmt::format("{}: {}; {}", flags.dump, element_text(first, exported.product.sums()), place));
}

}  // namespace

void add_compare(CLI::App& app, Action& action) {
  CLI::App& verb =
      *app.add_subcommand("compare", "A dump of RTL against an export: the first difference, fold, PE and cycle");
  const auto flags = std::make_shared<CompareFlags>();
  verb.add_option("DUMP", flags->dump, "C's memory after the run, M x N words, as hex, mem or coe")
      ->required()
      ->type_name("FILE");
  add_value(verb, "--images", "DIR", "what `septet export` wrote", [flags](const std::string& text) {
    flags->folder = parse_file("--images", text);
  })->required();
  verb.add_flag("--writes", flags->writes,
                "DUMP has the words that the store units wrote, in their order, instead of C");
  add_json(verb, *flags);
  verb.footer(kExamples);
  set_action(verb, action, *flags, [flags] { run_compare(*flags); });
}

}  // namespace septet::cli
