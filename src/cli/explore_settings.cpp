// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "explore_settings.hpp"

#include <fmt/format.h>

#include <cstring>
#include <string>
#include <utility>

namespace septet::cli {
namespace {

using io::Json;
using network::CostOptions;
using network::Layer;

// FNV-1a (Fowler, Noll, Vo; draft-eastlake-fnv), 64 bits.
class Hash {
 public:
  void bytes(const void* data, std::size_t count) {
    const auto* byte = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < count; ++i) value_ = (value_ ^ byte[i]) * 0x100000001b3;
  }
  void number(Index value) { bytes(&value, sizeof value); }
  void text(const std::string& text) {
    number(static_cast<Index>(text.size()));
    bytes(text.data(), text.size());
  }
  std::string text() const { return fmt::format("{:016x}", value_); }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

void add_weights(Hash& hash, const Layer& layer) {
  const ConstMatrix& w = layer.weights;
  hash.number(w.data != nullptr);
  if (w.data == nullptr) return;
  const Index size = size_of(w.type);
  const auto* base = static_cast<const unsigned char*>(w.data);
  for (Index p = 0; p < layer.product.count; ++p) {
    for (Index i = 0; i < w.rows; ++i) {
      const unsigned char* row = base + (p * layer.weights_stride + i * w.row_stride) * size;
      if (w.col_stride == 1) {
        hash.bytes(row, static_cast<std::size_t>(w.cols * size));
      } else {
        for (Index k = 0; k < w.cols; ++k) hash.bytes(row + k * w.col_stride * size, static_cast<std::size_t>(size));
      }
    }
  }
}

// What A of a data gradient depends on beside the weights.
void add_window(Hash& hash, const network::Window& w) {
  for (const Index number : {w.height, w.width, w.stride_h, w.stride_w, w.dilation_h, w.dilation_w, w.pad_top,
                             w.pad_bottom, w.pad_left, w.pad_right}) {
    hash.number(number);
  }
}

std::string hash_of(const std::vector<Layer>& layers) {
  Hash hash;
  for (const Layer& layer : layers) {
    const network::Product& p = layer.product;
    const network::VectorCost& v = layer.vector;
    hash.text(layer.name), hash.text(layer.op);
    for (const Index number :
         {p.m, p.n, p.k, p.count, static_cast<Index>(layer.a_type), static_cast<Index>(layer.b_type),
          static_cast<Index>(layer.zero_point), static_cast<Index>(layer.joinable), v.simple_operations,
          v.special_operations, v.reads_bytes, v.writes_bytes, v.cycles, layer.parameters, layer.lookups,
          layer.weight_bits, layer.repeats, static_cast<Index>(layer.prunable)}) {
      hash.number(number);
    }
    if (layer.data_gradient_of) add_window(hash, layer.data_gradient_of->window);
    add_weights(hash, layer);
  }
  return hash.text();
}

Json accumulator_json(const Accumulator& accumulator) {
  return {{"bits", accumulator.bits}, {"overflow", name(accumulator.overflow)}};
}

Json options_json(const CostOptions& base) {
  const GemmOptions& gemm = base.gemm;
  const network::VectorUnit& vector = base.vector;
  return {{"timing", name(base.array.timing)},
          {"bandwidth_bytes_per_cycle", base.array.bandwidth},
          {"weights", name(base.weights)},
          {"accumulate", name(gemm.accumulate)},
          {"accumulator", accumulator_json(gemm.accumulator)},
          {"fold_accumulator", accumulator_json(gemm.fold_accumulator)},
          {"mac", name(gemm.mac)},
          {"flush_subnormals", gemm.flush_subnormals},
          {"lanes", gemm.combine.lanes},
          {"combine", name(gemm.combine.policy)},
          {"window", gemm.combine.window},
          {"vector_lanes", vector.lanes},
          {"vector_simple_cycles", vector.simple_cycles},
          {"vector_special_cycles", vector.special_cycles},
          {"vector_bytes_per_cycle", vector.bytes_per_cycle}};
}

template <class Table, class Entry>
Json table_json(const Table& table, const std::vector<Entry>& entries) {
  Json json = Json::object();
  for (const Entry& entry : entries) json[entry.key] = table.*entry.value;
  return json;
}

}  // namespace

Json explore_settings(const std::vector<Layer>& layers, const CostOptions& base, const emulation::AreaTable& area,
                      Json sweep) {
  return {{"version", SEPTET_VERSION},
          {"layers", layers.size()},
          {"layers_hash", hash_of(layers)},
          {"options", options_json(base)},
          {"sweep", std::move(sweep)},
          {"energy_table", table_json(base.energy, emulation::energy_entries())},
          {"area_table", table_json(area, emulation::area_entries())}};
}

}  // namespace septet::cli
