// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include "cli/command_line.hpp"
#include "cli/errors.hpp"
#include "cli/options.hpp"
#include "cli/values.hpp"
#include "io/matrix_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace septet::cli {
namespace {

constexpr const char* kAxesGroup = "Axes (lists between commas, all against all)";
constexpr const char* kPatternGroup = "Patterns and formats";
constexpr const char* kMethodGroup = "Method";
constexpr const char* kOutputGroup = "Output";
constexpr Index kMostThreads = 1024;

constexpr Format kFormats[] = {Format::dense, Format::csr,  Format::csc,      Format::coo, Format::bsr,
                               Format::ell,   Format::sell, Format::bitmap,   Format::tsb, Format::csb,
                               Format::nm,    Format::tcsr, Format::automatic};
constexpr PatternKind kPatterns[] = {PatternKind::uniform, PatternKind::vector, PatternKind::block,
                                     PatternKind::nm,      PatternKind::banded, PatternKind::power_law};
constexpr Cache kCaches[] = {Cache::warm, Cache::cold};

// One of `values` by its name.
template <class Values>
auto one_of(const std::string& flag, const std::string& text, const Values& values) {
  std::string known;
  for (const auto& value : values) {
    if (text == name(value)) return value;
    known += (known.empty() ? "" : ", ") + std::string(name(value));
  }
  refuse(flag, cli::quoted(text) + " is none of " + known);
}

// Two whole numbers with `separator` between them.
std::pair<Index, Index> pair_of(const std::string& flag, const std::string& text, char separator, Index most) {
  const std::vector<std::string> sides = split(text, separator);
  if (sides.size() != 2) {
    refuse(flag, fmt::format("{} is not two whole numbers with '{}' between them", cli::quoted(text), separator));
  }
  return {parse_whole(flag, sides[0], 1, most), parse_whole(flag, sides[1], 1, most)};
}

// A flag with a list, each part by `parse(flag, text)`. What is named twice would be measured twice.
template <class T, class Parse>
void add_list(CLI::App& verb, const std::string& flag, const std::string& kind, const std::string& meaning,
              std::vector<T>& values, Parse parse) {
  add_value(verb, flag, kind, meaning, [&values, flag, parse](const std::string& text) {
    const std::vector<std::string> parts = split(text, ',');
    values.clear();
    for (const std::string& part : parts) {
      if (std::count(parts.begin(), parts.end(), part) > 1) refuse(flag, cli::quoted(part) + " is named twice");
      values.push_back(parse(flag, part));
    }
  })->group(kAxesGroup);
}

double parse_sparsity(const std::string& flag, const std::string& text) {
  const double sparsity = parse_real(flag, text);
  if (!(sparsity >= 0 && sparsity < 1)) refuse(flag, text + " is not from 0 to less than 1");
  return sparsity;
}

int parse_threads(const std::string& flag, const std::string& text) {
  return static_cast<int>(parse_whole(flag, text, 1, kMostThreads));
}

void add_axes(CLI::App& verb, BenchSettings& settings) {
  add_list(verb, "--formats", "LIST",
           "dense, csr, csc, coo, bsr, ell, sell, bitmap, tsb, csb, nm, tcsr,\n"
           "auto; default all but csc, coo, ell and nm",
           settings.formats,
           [](const std::string& flag, const std::string& text) { return one_of(flag, text, kFormats); });
  add_list(verb, "--sparsity", "LIST", "shares of zeros; default 0.5,0.6,0.7,0.8,0.9,0.95", settings.sparsities,
           parse_sparsity);
  add_list(verb, "--pattern", "LIST",
           "uniform, vector, block, nm, banded, power-law;\ndefault uniform, or with --matrix none", settings.patterns,
           [](const std::string& flag, const std::string& text) { return one_of(flag, text, kPatterns); });
  add_list(verb, "--shapes", "MxK,...", "of A; default 512x512", settings.shapes,
           [](const std::string& flag, const std::string& text) {
             const auto [m, k] = pair_of(flag, text, 'x', io::kMaxFileDimension);
             return MatrixShape{m, k};
           });
  add_list(verb, "--n", "LIST", "columns of B; default 1,49,784", settings.columns,
           [](const std::string& flag, const std::string& text) {
             return parse_whole(flag, text, 1, io::kMaxFileDimension);
           });
  add_list(verb, "--types", "LIST", "f32, f64, bf16, f16, s8, u8, s16: of A and B alike; default f32", settings.types,
           parse_type);
  add_list(verb, "--threads", "LIST", "default 1", settings.threads, parse_threads);
  add_value(verb, "--cache", "KIND", "warm, cold (all caches swept before every call) or both; default warm",
            [&settings](const std::string& text) {
              if (text == "both") {
                settings.caches = {Cache::warm, Cache::cold};
              } else {
                settings.caches = {one_of("--cache", text, kCaches)};
              }
            })
      ->group(kAxesGroup);
}

void add_patterns(CLI::App& verb, BenchSettings& settings) {
  verb.add_option("--matrix", settings.matrices,
                  "also the patterns of these files: .npy, .mtx, .smtx, .septet, random:...;\n"
                  "shape and sparsity are theirs, the values seeded")
      ->type_name("FILE ...")
      ->group(kPatternGroup);
  add_value(verb, "--vector", "h", "rows of a vector of the pattern, h x 1; default 8",
            [&settings](const std::string& text) {
              settings.pattern_options.vector_height = parse_whole("--vector", text, 1, io::kMaxFileDimension);
            })
      ->group(kPatternGroup);
  add_value(verb, "--block", "HxW", "blocks of the pattern and of bsr, each side 1 to 256; default 4x4",
            [&settings](const std::string& text) {
              const auto [rows, cols] = pair_of("--block", text, 'x', 256);
              settings.pattern_options.block = settings.packing.block = {rows, cols};
            })
      ->group(kPatternGroup);
  add_value(
      verb, "--group", "N:M",
      "of nm, N <= M <= 16; default for the pattern the pair next to the\nsparsity, for the format the pattern's, "
      "else 2:4",
      [&settings](const std::string& text) {
        const auto [n, m] = pair_of("--group", text, ':', 16);
        if (n > m) refuse("--group", text + ": at most all of a group can be there");
        settings.packing.group = {static_cast<int>(n), static_cast<int>(m)};
        settings.pattern_options.group = settings.packing.group;
      })
      ->group(kPatternGroup);
  add_value(verb, "--exponent", "x", "row lengths of power-law fall as rank^-x, 0 to 8; default 1",
            [&settings](const std::string& text) {
              const double x = parse_real("--exponent", text);
              if (!(x >= 0 && x <= 8)) refuse("--exponent", text + " is not 0 to 8");
              settings.pattern_options.exponent = x;
            })
      ->group(kPatternGroup);
  add_value(verb, "--slice", "C,SIGMA", "of sell: rows of a slice, 1 to 256, and of a sorting window; default 16,256",
            [&settings](const std::string& text) {
              const auto [height, window] = pair_of("--slice", text, ',', io::kMaxFileDimension);
              if (height > 256) refuse("--slice", fmt::format("{} is not 1 to 256", height));
              if (window % height != 0) refuse("--slice", fmt::format("{} is no multiple of {}", window, height));
              settings.packing.slice = {height, window};
            })
      ->group(kPatternGroup);
  add_array(verb, settings.packing.array);
  verb.get_option("--array")->group(kPatternGroup)->description("tiles of tsb and csb have H rows; default 16x16");
}

void add_method(CLI::App& verb, BenchSettings& settings) {
  add_value(verb, "--rounds", "n", "in which all candidates of a point take turns; default 7",
            [&settings](const std::string& text) {
              settings.rounds = static_cast<int>(parse_whole("--rounds", text, 1, 1000));
            })
      ->group(kMethodGroup);
  add_value(verb, "--burst-ms", "ms", "length of a turn, where the cache is warm; default 2",
            [&settings](const std::string& text) {
              const double ms = parse_real("--burst-ms", text);
              if (!(ms > 0 && ms <= 10000)) refuse("--burst-ms", text + " is not more than 0 and at most 10000");
              settings.burst_s = ms * 1e-3;
            })
      ->group(kMethodGroup);
  add_value(verb, "--seed", "n", "of patterns and values; default 1", [&settings](const std::string& text) {
    settings.seed = static_cast<std::uint64_t>(parse_whole("--seed", text, 0, std::numeric_limits<Index>::max()));
  })->group(kMethodGroup);
  add_value(verb, "--sweep-mib", "n",
            "what is read to empty the caches; default twice the last one,\nat least 16, at most 256",
            [&settings](const std::string& text) {
              settings.sweep_bytes = parse_whole("--sweep-mib", text, 1, 1 << 20) << 20;
            })
      ->group(kMethodGroup);
  verb.add_option_function<std::vector<std::string>>(
          "--library",
          [&settings](const std::vector<std::string>& pairs) {
            for (const std::string& pair : pairs) {
              const std::size_t at = pair.find('=');
              if (at == std::string::npos || at == 0 || at + 1 == pair.size()) {
                refuse("--library", cli::quoted(pair) + " is not NAME=PATH");
              }
              settings.libraries.push_back({pair.substr(0, at), pair.substr(at + 1)});
            }
          },
          "a BLAS (cblas_sgemm, cblas_dgemm) as a further dense baseline;\nmay be given several times")
      ->allow_extra_args(false)
      ->type_name("NAME=PATH")
      ->group(kMethodGroup);
  std::string known;
  for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
    known += (known.empty() ? "" : ", ") + std::string(*target);
  }
  add_value(verb, "--target", "NAME", "instruction set of our kernels; default the best of " + known,
            [&settings](const std::string& text) { settings.target = text; })
      ->group(kMethodGroup);
}

void add_files(CLI::App& verb, BenchSettings& settings) {
  add_value(verb, "--json", "FILE", "everything as JSON; -: to stdout, instead of the table",
            [&settings](const std::string& text) { settings.json = parse_file("--json", text); })
      ->group(kOutputGroup);
  add_value(verb, "--csv", "FILE", "a line per result; -: to stdout, instead of the table",
            [&settings](const std::string& text) { settings.csv = parse_file("--csv", text); })
      ->group(kOutputGroup);
  add_report(verb, settings.report);
  verb.add_flag("--details", settings.details, "every result in the table")->group(kOutputGroup);
}

// A library's name is the candidate's.
void check_libraries(const BenchSettings& settings) {
  for (const LibraryPath& library : settings.libraries) {
    const auto same = [&](const LibraryPath& other) { return other.name == library.name; };
    if (std::count_if(settings.libraries.begin(), settings.libraries.end(), same) > 1) {
      refuse("--library", cli::quoted(library.name) + " is named twice");
    }
    for (const Format format : kFormats) {
      if (library.name == name(format)) refuse("--library", cli::quoted(library.name) + " is the name of a format");
    }
    if (library.name == "dense_packed") refuse("--library", cli::quoted(library.name) + " is the name of a baseline");
  }
}

}  // namespace

const char* name(Cache cache) { return cache == Cache::warm ? "warm" : "cold"; }

void add_settings(CLI::App& verb, BenchSettings& settings) {
  add_axes(verb, settings);
  add_patterns(verb, settings);
  add_method(verb, settings);
  add_files(verb, settings);
}

void complete(BenchSettings& settings) {
  const auto fill = [](auto& values, auto defaults) {
    if (values.empty()) values = std::move(defaults);
  };
  const bool only_files = settings.patterns.empty() && !settings.matrices.empty();
  if (only_files && !settings.shapes.empty())
    refuse("--shapes", "a file brings its own; needs --pattern beside --matrix");
  if (only_files && !settings.sparsities.empty()) {
    refuse("--sparsity", "a file brings its own; needs --pattern beside --matrix");
  }
  if (!only_files) fill(settings.patterns, std::vector<PatternKind>{PatternKind::uniform});
  fill(settings.formats, std::vector<Format>{Format::csr, Format::bsr, Format::sell, Format::bitmap, Format::tsb,
                                             Format::csb, Format::tcsr, Format::automatic});
  fill(settings.sparsities, std::vector<double>{0.5, 0.6, 0.7, 0.8, 0.9, 0.95});
  fill(settings.shapes, std::vector<MatrixShape>{{512, 512}});
  fill(settings.columns, std::vector<Index>{1, 49, 784});
  fill(settings.types, std::vector<Type>{Type::f32});
  fill(settings.threads, std::vector<int>{1});
  fill(settings.caches, std::vector<Cache>{Cache::warm});
  std::sort(settings.sparsities.begin(), settings.sparsities.end());
  check_libraries(settings);
}

}  // namespace septet::cli
