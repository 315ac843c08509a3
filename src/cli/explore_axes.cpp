// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "explore_axes.hpp"

#include "errors.hpp"
#include "io/design_record.hpp"
#include "io/json_file.hpp"
#include "values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

namespace septet::cli {
namespace {

constexpr Index kMost = Index{1} << 40;
constexpr Index kMaxBytes = 1 << 24;
constexpr Index kMaxSplits = 256;

using network::Buffers;
using network::Precision;
using network::Sweep;

constexpr const char* kArrays = "arrays";
constexpr const char* kPrecisions = "precisions";
constexpr const char* kSparsities = "sparsities";
constexpr const char* kBuffers = "buffers";
constexpr const char* kBufferTotal = "buffer_total";
constexpr const char* kSplits = "splits";
constexpr const char* kBandwidths = "bandwidths";
constexpr const char* kDataflows = "dataflows";
constexpr const char* kSeed = "seed";

Precision parse_precision(const std::string& where, const std::string& text) {
  const std::vector<std::string> parts = split(text, '/');
  if (parts.size() > 2) refuse(where, cli::quoted(text) + " is no precision: s8, s8/4, f16, ... are");
  Precision precision{parse_type(where, parts[0]), 0};
  if (parts.size() == 2) precision.a_bits = parse_whole(where, parts[1], 1, 64);
  return precision;
}

double parse_sparsity(const std::string& where, const std::string& text) {
  if (text == "own") return -1;
  const double value = parse_real(where, text);
  if (!(value >= 0 && value <= 1)) refuse(where, text + " is neither own nor 0 to 1");
  return value + 0.0;  // -0 becomes 0
}

Buffers parse_buffers(const std::string& where, const std::string& text) {
  const std::vector<std::string> sizes = split(text, ':');
  if (sizes.size() != 3) refuse(where, cli::quoted(text) + " is not three sizes: A's, B's and C's, as in 64K:64K:1M");
  return {parse_bytes(where, sizes[0]), parse_bytes(where, sizes[1]), parse_bytes(where, sizes[2])};
}

Index parse_bandwidth(const std::string& where, const std::string& text) { return parse_whole(where, text, 0, kMost); }

template <class T>
std::vector<T> parse_all(const AxisTexts& axis, T (*parse)(const std::string&, const std::string&)) {
  std::vector<T> values;
  for (const std::string& text : axis.values) values.push_back(parse(axis.where, text));
  return values;
}

std::vector<Dataflow> parse_dataflow_axis(const AxisTexts& axis, Accumulate accumulate) {
  if (axis.values == std::vector<std::string>{"all"}) {
    std::vector<Dataflow> all = all_dataflows(accumulate);
    all.insert(all.begin(), Dataflow::automatic);
    return all;
  }
  std::vector<Dataflow> dataflows = parse_all(axis, parse_dataflow);
  for (const Dataflow dataflow : dataflows) {
    if (accumulate == Accumulate::fold_then_add && is_output_stationary(dataflow)) {
      refuse(axis.where, fmt::format("{} has no --accumulate fold", name(dataflow)));
    }
  }
  return dataflows;
}

Index parse_single(const AxisTexts& axis, Index least, Index most) {
  if (axis.values.size() != 1) refuse(axis.where, "takes one value");
  return parse_whole(axis.where, axis.values[0], least, most);
}

// Each total split in all ways, one total after the other. Splits may meet in the generic one, which is there once.
std::vector<Buffers> all_splits(const AxisTexts& totals, Index parts) {
  std::vector<Buffers> all;
  for (const std::string& text : totals.values) {
    const Index total = parse_bytes(totals.where, text);
    if (total % parts != 0) refuse(totals.where, fmt::format("{} bytes are not {} equal parts", total, parts));
    for (const Buffers& buffers : network::splits_of(total, parts)) all.push_back(buffers);
  }
  return all;
}

void set_buffers(const Axes& axes, Sweep& sweep) {
  const auto buffers = axes.find(kBuffers), total = axes.find(kBufferTotal), splits = axes.find(kSplits);
  if (total == axes.end()) {
    if (splits != axes.end()) refuse(splits->second.where, "needs a total of buffers to split");
    if (buffers != axes.end()) sweep.buffers = parse_all(buffers->second, parse_buffers);
    return;
  }
  if (buffers != axes.end()) refuse(total->second.where, "excludes " + buffers->second.where);
  constexpr Index kParts = 8;
  sweep.buffers =
      all_splits(total->second, splits == axes.end() ? kParts : parse_single(splits->second, 3, kMaxSplits));
}

std::string text_of(const std::string& where, const io::Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number()) refuse(where, "is a list of texts or numbers");
  return value.dump();
}

}  // namespace

const std::vector<AxisKey>& axis_keys() {
  static const std::vector<AxisKey> keys = {
      {kArrays, "HxW,...", "rows x columns of processing elements; default 16x16"},
      {kDataflows, "NAME,...",
       "auto (the fewest cycles, layer by layer), dOS, dWS, dIS, sOS, sWS, sIS,\ncsOS; all: each of these; default "
       "auto"},
      {kPrecisions, "TYPE,...",
       "of the products: s8, u8, s16, bf16, f16, f32, f64; s8/4: words of A\nhave 4 bits outside "
       "the array; default the model's type"},
      {kSparsities, "SHARE,...", "zeros among all weights, 0 to 1, seeded; own: as the model has them;\ndefault own"},
      {kSeed, "N", "of those; default 1"},
      {kBuffers, "A:B:C,...", "bytes of the on-chip buffers, as in 64K:64K:1M; default no memory system"},
      {kBufferTotal, "BYTES,...", "bytes of all three together, split in all ways"},
      {kSplits, "N", "… into multiples of an N-th, besides thirds; default 8"},
      {kBandwidths, "BYTES,...", "per cycle between buffers and off-chip memory; 0: no limit; default 0"}};
  return keys;
}

std::string flag_of(const AxisKey& axis) {
  std::string flag = std::string("--") + axis.key;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

Axes read_sweep_file(const std::string& path) {
  const io::Json json = io::read_json(path, kMaxBytes, "a sweep");
  if (!json.is_object()) refuse(path, "is not a JSON object of axes");
  Axes axes;
  for (const auto& field : json.items()) {
    const auto known = [&](const AxisKey& axis) { return field.key() == axis.key; };
    if (std::none_of(axis_keys().begin(), axis_keys().end(), known)) {
      refuse(path, cli::quoted(field.key()) + " is no axis of a sweep");
    }
    AxisTexts axis{path + ": " + field.key(), {}};
    if (field.value().is_array()) {
      for (const io::Json& value : field.value()) axis.values.push_back(text_of(axis.where, value));
    } else {
      axis.values.push_back(text_of(axis.where, field.value()));
    }
    if (axis.values.empty()) refuse(axis.where, "has no values");
    axes[field.key()] = std::move(axis);
  }
  return axes;
}

void join(Axes& axes, const Axes& more) {
  for (const auto& [key, axis] : more) {
    const auto [place, is_new] = axes.emplace(key, axis);
    if (!is_new) refuse(axis.where, "excludes " + place->second.where);
  }
}

Sweep sweep_of(const Axes& axes, Accumulate accumulate) {
  Sweep sweep;
  const auto set = [&](const char* key, auto& values, auto parse) {
    const auto axis = axes.find(key);
    if (axis != axes.end()) values = parse_all(axis->second, +parse);
  };
  set(kArrays, sweep.arrays, parse_array);
  set(kPrecisions, sweep.precisions, parse_precision);
  set(kSparsities, sweep.sparsities, parse_sparsity);
  set(kBandwidths, sweep.bandwidths, parse_bandwidth);
  if (const auto axis = axes.find(kDataflows); axis != axes.end()) {
    sweep.dataflows = parse_dataflow_axis(axis->second, accumulate);
  }
  if (const auto axis = axes.find(kSeed); axis != axes.end()) {
    sweep.seed = static_cast<std::uint64_t>(parse_single(axis->second, 0, std::numeric_limits<Index>::max()));
  }
  set_buffers(axes, sweep);
  return sweep;
}

std::string axis_argument(const Axes& axes, const std::string& argument) {
  constexpr const char* kPrefix = "sweep.";
  const std::size_t prefix = std::string(kPrefix).size();
  if (argument.compare(0, prefix, kPrefix) != 0) return argument;
  const std::string key = argument.substr(prefix);
  for (const std::string& one : {key, key == kBuffers ? std::string(kBufferTotal) : key}) {
    if (const auto axis = axes.find(one); axis != axes.end()) return axis->second.where;
  }
  return "--" + key;
}

std::string array_text(const ArrayShape& array) { return fmt::format("{}x{}", array.height, array.width); }

std::string precision_text(const Precision& precision) {
  const std::string bits = precision.a_bits == 0 ? "" : fmt::format("/{}", precision.a_bits);
  return name(precision.type) + bits;
}

std::string buffers_text(const Buffers& buffers) { return fmt::format("{}:{}:{}", buffers.a, buffers.b, buffers.c); }

}  // namespace septet::cli
