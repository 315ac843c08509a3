// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "packing.hpp"

#include "errors.hpp"

#include <fmt/format.h>

namespace septet::cli {
namespace {

int zero_point_of(const Flags& flags, const std::string& flag, int said, const io::FileMatrix& matrix) {
  if (matrix.packed.empty()) return said;
  const int own = matrix.packed.options().zero_point;
  if (flags.has(flag) && said != own) {
    refuse(flag, fmt::format("{}, but {} was packed with zero point {}: a packed matrix brings its own", said,
                             matrix.path, own));
  }
  return own;
}

std::string text_of(Index x, char separator, Index y) { return fmt::format("{}{}{}", x, separator, y); }

// Refuses flags, and an array that the preset brings, that say something else than A was packed with.
void check_fit(const Flags& flags, const std::string& path, const PackOptions& own) {
  const PackOptions& said = flags.packing;
  const auto check_brought = [&](const std::string& flag, const std::string& wanted, const std::string& packed) {
    if (wanted == packed) return;
    refuse(flag, fmt::format("{}, but {} was packed with {}; `septet convert` packs it anew", wanted, path, packed));
  };
  const auto check = [&](const std::string& flag, const std::string& wanted, const std::string& packed) {
    if (flags.has(flag)) check_brought(flag, wanted, packed);
  };
  const auto check_number = [&](const std::string& flag, Index wanted, Index packed) {
    check(flag, std::to_string(wanted), std::to_string(packed));
  };
  const ArrayShape& array = flags.gemm.array;
  const Combine& combine = flags.gemm.combine;
  check_format_flags(flags, own.format);
  const std::string wanted_array = text_of(array.height, 'x', array.width);
  const std::string own_array = text_of(own.array.height, 'x', own.array.width);
  check("--array", wanted_array, own_array);
  // Other formats have the same order on every array.
  const bool for_array = own.format == Format::tsb || own.format == Format::csb;
  if (for_array && flags.preset_array) check_brought("--array", wanted_array, own_array);
  check("--block", text_of(said.block.rows, 'x', said.block.cols), text_of(own.block.rows, 'x', own.block.cols));
  check_number("--slice", said.slice.height, own.slice.height);
  check_number("--sort-window", said.slice.window, own.slice.window);
  check("--group", text_of(said.group.n, ':', said.group.m), text_of(own.group.n, ':', own.group.m));
  check_number("--tile-cols", said.tile_cols, own.tile_cols);
  check_number("--lanes", combine.lanes, own.combine.lanes);
  check("--combine", name(combine.policy), name(own.combine.policy));
  check_number("--window", combine.window, own.combine.window);
}

}  // namespace

int a_zero_point_of(const Flags& flags, const io::FileMatrix& a) {
  return zero_point_of(flags, "--a-zero-point", flags.gemm.a_zero_point, a);
}

int b_zero_point_of(const Flags& flags, const io::FileMatrix& b) {
  return zero_point_of(flags, "--b-zero-point", flags.gemm.b_zero_point, b);
}

PackOptions packing_of(const Flags& flags, const PackedMatrix& stored) {
  PackOptions packing = stored.options();
  const auto take = [&](const char* flag, auto& option, const auto& said) {
    if (flags.has(flag)) option = said;
  };
  const PackOptions& said = flags.packing;
  const Dataflow dataflow = flags.gemm.dataflow;
  if (flags.has("--columns") || (flags.has("--format") && flags.format != packing.format)) {
    packing.format = flags.format, packing.dataflow = Dataflow::automatic;
  }
  if (dataflow != Dataflow::automatic && dataflow != packing.dataflow) {
    packing.format = flags.format, packing.dataflow = dataflow;
  }
  if (packing.format != Format::dense) packing.side = Side::left;
  if (flags.has("--array") || flags.preset_array || stored.empty()) packing.array = flags.gemm.array;
  take("--block", packing.block, said.block);
  take("--slice", packing.slice.height, said.slice.height);
  take("--sort-window", packing.slice.window, said.slice.window);
  take("--group", packing.group, said.group);
  take("--tile-cols", packing.tile_cols, said.tile_cols);
  take("--columns", packing.expected_cols, said.expected_cols);
  take("--lanes", packing.combine.lanes, flags.gemm.combine.lanes);
  take("--combine", packing.combine.policy, flags.gemm.combine.policy);
  take("--window", packing.combine.window, flags.gemm.combine.window);
  return packing;
}

void take_stored(const Flags& flags, const io::FileMatrix& a, GemmOptions& options) {
  const PackOptions packing = packing_of(flags, a.packed);
  options.array = packing.array, options.combine = packing.combine;
  options.a_zero_point = a_zero_point_of(flags, a);
}

void check_format_flags(const Flags& flags, Format format) {
  constexpr std::pair<const char*, Format> kConcerned[] = {
      {"--block", Format::bsr}, {"--slice", Format::sell},  {"--sort-window", Format::sell}, {"--group", Format::nm},
      {"--lanes", Format::csb}, {"--combine", Format::csb}, {"--tile-cols", Format::tcsr},   {"--window", Format::csb}};
  for (const auto& [flag, concerned] : kConcerned) {
    if (!flags.has(flag) || concerned == format) continue;
    if (format != Format::automatic) refuse(flag, fmt::format("{} only, not {}", name(concerned), name(format)));
    if (concerned != Format::csb) refuse(flag, fmt::format("{0} only: needs --format {0}", name(concerned)));
  }
}

PackedMatrix as_stored(const Flags& flags, const io::FileMatrix& a, Type type) {
  const PackedMatrix& stored = a.packed;
  const bool fits = !stored.empty() && stored.options().side == Side::left && stored.type() == type &&
                    flags.gemm.dataflow == Dataflow::automatic && flags.gemm.accumulate == Accumulate::chained;
  if (!fits) return {};
  check_fit(flags, a.path, stored.options());
  return stored;
}

PackedMatrix as_streamed(const Flags& flags, const io::FileMatrix& a, Type type) {
  const Format format = a.packed.format();
  return format == Format::tsb || format == Format::csb ? as_stored(flags, a, type) : PackedMatrix();
}

}  // namespace septet::cli
