// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "design_record.hpp"

#include "text_reader.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <initializer_list>

namespace septet::io {
namespace {

using network::Design;
using network::DesignPoint;

constexpr std::size_t kCells = 18;
constexpr const char* kOwn = "own";

constexpr std::initializer_list<Type> kTypes = {Type::f32, Type::f64, Type::bf16, Type::f16,
                                                Type::s8,  Type::u8,  Type::s16};
constexpr std::initializer_list<Dataflow> kDataflows = {Dataflow::automatic, Dataflow::dOS, Dataflow::dWS,
                                                        Dataflow::dIS,       Dataflow::sOS, Dataflow::sWS,
                                                        Dataflow::sIS,       Dataflow::csOS};

using Cells = std::array<std::string_view, kCells>;

bool split(std::string_view line, Cells& cells) {
  for (std::size_t i = 0; i < kCells; ++i) {
    const std::size_t comma = line.find(',');
    const bool last = i + 1 == kCells;
    if ((comma == std::string_view::npos) != last) return false;
    cells[i] = line.substr(0, comma);
    if (!last) line.remove_prefix(comma + 1);
  }
  return true;
}

bool read(std::string_view cell, Index& value) { return parse_integer(cell, value) == Parsed::ok && value >= 0; }
bool read(std::string_view cell, double& value) {
  return parse_real(cell, value) == Parsed::ok && std::isfinite(value) && value >= 0;
}

template <class T>
bool read_name(std::string_view cell, std::initializer_list<T> values, T& value) {
  for (const T one : values) {
    if (cell == name(one)) return value = one, true;
  }
  return false;
}

bool read_sparsity(std::string_view cell, double& value) {
  if (cell != kOwn) return read(cell, value);
  value = -1;
  return true;
}

bool read_design(const Cells& cells, Design& d) {
  return read(cells[0], d.index) && read(cells[1], d.array.height) && read(cells[2], d.array.width) &&
         read_name(cells[3], kTypes, d.precision.type) && read(cells[4], d.precision.a_bits) &&
         read_sparsity(cells[5], d.sparsity) && read(cells[6], d.buffers.a) && read(cells[7], d.buffers.b) &&
         read(cells[8], d.buffers.c) && read(cells[9], d.bandwidth) && read_name(cells[10], kDataflows, d.dataflow);
}

bool read_results(const Cells& cells, DesignPoint& p) {
  return read(cells[12], p.cycles) && read(cells[13], p.cycles_vector) && read(cells[14], p.energy_pj) &&
         read(cells[15], p.off_chip_bytes) && read(cells[16], p.utilization);
}

bool no_results(const Cells& cells) {
  return cells[12].empty() && cells[13].empty() && cells[14].empty() && cells[15].empty() && cells[16].empty();
}

}  // namespace

std::string sparsity_text(double sparsity) { return sparsity < 0 ? kOwn : fmt::format("{}", sparsity); }

std::string cell_text(std::string text) {
  for (char& c : text) {
    if (c == ',') c = ';';
    if (c == '"') c = '\'';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

std::string design_line(const DesignPoint& p) {
  const Design& d = p.design;
  const std::string design =
      fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}", d.index, d.array.height, d.array.width, name(d.precision.type),
                  d.precision.a_bits, sparsity_text(d.sparsity), d.buffers.a, d.buffers.b, d.buffers.c, d.bandwidth,
                  name(d.dataflow), p.area_mm2);
  if (!p.infeasible.empty()) return design + ",,,,,," + p.infeasible;
  return design +
         fmt::format(",{},{},{},{},{},", p.cycles, p.cycles_vector, p.energy_pj, p.off_chip_bytes, p.utilization);
}

std::optional<DesignPoint> parse_design_line(std::string_view line) {
  Cells cells;
  DesignPoint point;
  if (!split(line, cells) || !read_design(cells, point.design) || !read(cells[11], point.area_mm2)) return {};
  point.infeasible = cells[kCells - 1];
  if (point.infeasible.empty() ? !read_results(cells, point) : !no_results(cells)) return {};
  return point;
}

}  // namespace septet::io
