// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet export: operands, sizes and expected results of a product as memory images for RTL.
#include "export.hpp"
#include "command_line.hpp"

#include "comparison.hpp"
#include "operands.hpp"
#include "packing.hpp"
#include "progress.hpp"
#include "report_output.hpp"
#include "septet/emulation/cycles.hpp"
#include "text_table.hpp"
#include "values.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>

namespace septet::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExamples =
    "Examples:\n"
    "  septet export random:12x20,zeros=0.7,dtype=s8 random:20x9,dtype=s8 --dataflow sWS --array 4x4 -o images\n"
    "  septet export random:12x20,zeros=0.7,dtype=s8 random:20x9,dtype=s8 --dataflow csOS --array 4x8 "
    "--timing overlapped --image hex,mem,coe -o images\n"
    "  septet export random:12x20,dtype=f16 random:20x9,dtype=f16 --dataflow dWS --array 4x4 --accumulate fold -o "
    "images\n"
    "With files: septet export weights.npy inputs.npy --dataflow sOS --array 8x8 --preload bias.npy -o images";

std::vector<io::ImageFormat> parse_formats(const std::string& flag, const std::string& text) {
  std::vector<io::ImageFormat> formats;
  for (const std::string& part : split(text, ',')) {
    const auto* format = std::find_if(std::begin(io::kImageFormats), std::end(io::kImageFormats),
                                      [&](io::ImageFormat known) { return part == io::name(known); });
    if (format == std::end(io::kImageFormats)) refuse(flag, cli::quoted(part) + " is none of hex, mem, coe");
    if (std::find(formats.begin(), formats.end(), *format) != formats.end()) refuse(flag, part + " is named twice");
    formats.push_back(*format);
  }
  return formats;
}

// What is replaced or removed: no folder, and no device.
void check_replaceable(const std::string& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (fs::exists(status) && !fs::is_regular_file(status)) refuse(path, "is there and not a regular file");
}

// Before any work is done: the folder is not there yet, is empty, or holds an earlier export.
void check_folder(const std::string& folder) {
  if (check_output_folder(folder) && !holds_export(folder)) {
    refuse(folder, "is not empty and holds no earlier export: a folder for the images alone is needed");
  }
  for (const std::string& path : export_paths(folder)) check_replaceable(path);
}

// One image in every format, on its way into the folder.
class ImageFiles {
 public:
  ImageFiles(const std::string& folder, const ExportedProduct& product, Image image) {
    for (const io::ImageFormat format : product.formats) {
      const io::StagedFile& file = files_.emplace_back(image_path(folder, image, format));
      file.refuse_device();  // it may have come since
      writers_.emplace_back(file, format, product.shape(image), name(image));
    }
  }
  void put(std::uint64_t word) {
    for (io::ImageWriter& writer : writers_) writer.put(word);
  }
  void close() {
    for (io::ImageWriter& writer : writers_) writer.close();
  }
  void commit() {
    for (io::StagedFile& file : files_) file.commit();
  }

 private:
  std::deque<io::StagedFile> files_;
  std::deque<io::ImageWriter> writers_;
};

// Row by row.
void put_matrix(ImageFiles& files, const ConstMatrix& matrix) {
  const Index size = size_of(matrix.type);
  const auto* data = static_cast<const std::byte*>(matrix.data);
  for (Index i = 0; i < matrix.rows; ++i) {
    for (Index j = 0; j < matrix.cols; ++j) {
      std::uint64_t word = 0;
      std::memcpy(&word, data + (i * matrix.row_stride + j * matrix.col_stride) * size, static_cast<std::size_t>(size));
      files.put(word);
    }
  }
  files.close();
}

// What an update of values left in a packed A can be seen in its format alone: a testbench that packs a_dense for
// itself would stream something else.
void check_pattern(const Flags& flags, const Product& product, Dataflow dataflow, const ConstMatrix& a_dense,
                   const emulation::MemoryImage& image) {
  GemmOptions options = product.options;
  options.dataflow = dataflow;
  const emulation::MemoryImage anew =
      emulation::memory_image(a_dense, product.n(), product.b.type, options, flags.array);
  if (image.a == anew.a) return;
  refuse(flags.a, "stores zeros, which an update of its values left: `septet convert` packs it anew");
}

ExportedProduct describe(const ExportFlags& flags, const Product& product, const emulation::Report& expected,
                         const emulation::MemoryImage& image) {
  ExportedProduct exported;
  exported.m = product.m(), exported.n = product.n(), exported.k = product.k();
  exported.a_type = product.a.type(), exported.b_type = product.b.type;
  exported.options = product.options;
  exported.options.dataflow = expected.dataflow;
  exported.timing = flags.array.timing;
  exported.preload = product.options.preload.data != nullptr;
  exported.a_bytes = static_cast<Index>(image.a.size());
  exported.writes = expected.writes_c_words - expected.writes_without_fold;
  exported.cycles = expected.cycles;
  exported.formats = flags.formats;
  return exported;
}

// The run on the array; `writes` gets what its store units write.
emulation::Report run_array(const Flags& flags, const Product& product, const Weights& a, const ConstMatrix& b,
                            const Matrix& c, ImageFiles& writes) {
  const auto sink = emulation::store_sink(
      product.options, [&](const emulation::StoredWord& word, const emulation::TraceFold&) { writes.put(word.bits); });
  emulation::Trace trace{sink.get(), {}};
  trace.window.rows = {0, 1};
  emulation::Report report;
  ProgressLine progress("septet export");
  const Status status =
      emulation::try_emulate(a, b, c, product.options, flags.array, report, progress.callback(), trace);
  if (status.argument() == "trace.window")
    refuse("--array", "too many columns, times lanes, to follow what they store");
  require(status, product.names);
  return report;
}

void check_results(const emulation::Report& report, const emulation::Report& expected, const ConstMatrix& kernel,
                   const ConstMatrix& emulated) {
  if (const auto difference = first_difference(kernel, emulated)) {
    throw CheckFailed(fmt::format("{}: C({}, {}) (0-based) differs: kernel {}, emulator {}", name(report.dataflow),
                                  difference->row, difference->col, difference->left, difference->right));
  }
  if (report.cycles != expected.cycles) {
    throw CheckFailed(fmt::format("{}: the emulator took {} cycles, the closed form says {}", name(report.dataflow),
                                  report.cycles, expected.cycles));
  }
}

std::string export_table(const ExportFlags& flags, const ExportedProduct& product, const emulation::Report& report) {
  using Align = TextTable::Align;
  TextTable table({{"image", Align::left}, {"words", Align::right}, {"bits", Align::right}});
  for (const Image image : kImages) {
    const io::ImageShape shape = product.shape(image);
    table.add({name(image), grouped(shape.depth), std::to_string(shape.word_bits)});
  }
  std::string formats;
  for (const io::ImageFormat format : product.formats)
    formats += (formats.empty() ? "" : ", ") + std::string(io::name(format));
  return fmt::format("{}{} on a {} x {} array, {} timing, {}: {} cycles\n\n{}\nwritten to {} ({}, {})\n",
                     product_line(product.m, product.n, product.k, product.a_type, product.b_type),
                     name(report.dataflow), report.array_height, report.array_width, name(report.timing),
                     numbers_line(numbers_of(report)), grouped(report.cycles), table.text(), flags.folder, formats,
                     kManifest);
}

// Images of an earlier export in formats that this one does not write would belong to another product.
void remove_stale(const ExportFlags& flags) {
  for (const io::ImageFormat format : io::kImageFormats) {
    if (std::find(flags.formats.begin(), flags.formats.end(), format) != flags.formats.end()) continue;
    for (const Image image : kImages) {
      std::error_code error;
      fs::remove(image_path(flags.folder, image, format), error);
      if (error) io::fail_on_file(image_path(flags.folder, image, format), "cannot be removed", error.value());
    }
  }
}

// Everything that goes into the folder, in the order of writing.
class Export {
 public:
  Export(const ExportFlags& flags, const ExportedProduct& product)
      : flags_(flags), product_(product), folder_(flags.folder) {}

  ImageFiles& open(Image image) { return files_.emplace_back(flags_.folder, product_, image); }
  void put(Image image, const ConstMatrix& matrix) { put_matrix(open(image), matrix); }
  template <class Words>
  void put_words(Image image, const Words& words) {
    ImageFiles& files = open(image);
    for (const auto word : words) files.put(static_cast<std::uint64_t>(word));
    files.close();
  }
  void put(const Json& manifest) {
    manifest_.emplace(manifest_path(flags_.folder));
    manifest_->refuse_device();
    io::StagedWriter writer(*manifest_);
    const std::string text = dump(manifest);
    writer.write(text.data(), text.size());
    writer.close();
  }
  /// The files get their names; last the manifest: without it there is no export.
  void commit() {
    for (ImageFiles& files : files_) files.commit();
    remove_stale(flags_);
    manifest_->commit();
    folder_.keep();
  }

 private:
  const ExportFlags& flags_;
  const ExportedProduct& product_;
  io::StagedFolder folder_;
  std::deque<ImageFiles> files_;
  std::optional<io::StagedFile> manifest_;
};

// What C's memory holds before the run: the preload as the sums keep it (docs/dataflows.md, section 9), or zeros. That
// is what a product over no k leaves.
io::OwnedMatrix start_of(const Flags& flags, const Product& product) {
  io::OwnedMatrix start = make_output(flags, product);
  const ConstMatrix a(&flags, product.a.type(), product.m(), 0, 0, 0), b(&flags, product.b.type, 0, product.n(), 0, 0);
  require(try_gemm(a, b, start.dense_view(), product.options), product.names);
  return start;
}

}  // namespace

void export_images(const ExportFlags& flags, const Kernel& kernel) {
  check_outputs(flags);
  check_report(flags.json, flags.folder);
  if (!flags.target.empty()) require(set_target(flags.target.c_str()));
  check_folder(flags.folder);
  Product product = load_product(flags);
  const PackedMatrix stored = as_streamed(flags, product.a.file(), product.a.type());
  const Weights a = stored.empty() ? product.a.weights(wants_dense(flags.gemm.dataflow)) : stored;
  const ConstMatrix a_dense = *product.a.weights(true).dense(), b = product.b.dense_view();

  emulation::MemoryImage image;
  emulation::Report expected;
  const auto require_types = [&](const Status& status) {  // B's type is that of its file here
    require(status.argument() == "b_type" ? Status(status.cause(), "b", status.message()) : status, product.names);
  };
  require_types(emulation::try_memory_image(a, b.cols, b.type, product.options, flags.array, image));
  require_types(emulation::try_cycles(a, b.cols, b.type, product.options, flags.array, expected));
  if (!stored.empty()) check_pattern(flags, product, expected.dataflow, a_dense, image);

  const ExportedProduct exported = describe(flags, product, expected, image);
  Export images(flags, exported);
  io::OwnedMatrix computed = make_output(flags, product), emulated = make_output(flags, product);
  ImageFiles& writes = images.open(Image::writes_expected);
  const emulation::Report report = run_array(flags, product, a, b, emulated.dense_view(), writes);
  require(kernel(a, b, computed.dense_view(), product.options), product.names);
  check_results(report, expected, computed.dense_view(), emulated.dense_view());

  writes.close();
  images.put_words(Image::sizes, image.sizes);
  images.put_words(Image::a, image.a);
  images.put(Image::b, b);
  images.put(Image::a_dense, a_dense);
  images.put(Image::c_start, start_of(flags, product).dense_view());
  images.put(Image::c_expected, computed.dense_view());
  const Json manifest = manifest_json(exported, report);
  images.put(manifest);
  publish(flags, manifest, export_table(flags, exported, report), [&] { images.commit(); });
}

void add_export(CLI::App& app, Action& action) {
  CLI::App& verb = *app.add_subcommand("export", "Operands and expected results as memory images for RTL");
  const auto flags = std::make_shared<ExportFlags>();
  add_operands(verb, *flags);
  add_value(verb, "-o,--output", "DIR", "the folder for the images: new, empty, or of an earlier export",
            [flags](const std::string& text) { flags->folder = parse_file("-o", text); })
      ->required()
      ->group("Output");
  add_value(verb, "--image", "LIST", "formats between commas: hex ($readmemh), mem (Vivado), coe (Xilinx); default hex",
            [flags](const std::string& text) { flags->formats = parse_formats("--image", text); })
      ->group("Output");
  add_json(verb, *flags);
  add_dataflow(verb, *flags);
  add_preset(verb, *flags);
  add_array(verb, flags->gemm.array);
  add_timing(verb, *flags);
  add_arithmetic(verb, *flags);
  add_dtype(verb, *flags, kOperandTypes);
  add_combine(verb, flags->gemm.combine);
  add_cpu(verb, *flags);
  verb.footer(kExamples);
  set_action(verb, action, *flags, [flags] {
    const Kernel kernel = [](const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
      return try_gemm(a, b, c, options);
    };
    export_images(*flags, kernel);
  });
}

}  // namespace septet::cli
