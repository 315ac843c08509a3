// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/emulation/area.hpp"

#include <cmath>
#include <string>

namespace septet::emulation {
namespace {

double multiply_of(const AreaTable& t, Type type) {
  switch (type) {
    case Type::s16:
      return t.multiply_16_bit_um2;
    case Type::bf16:
      return t.multiply_bf16_um2;
    case Type::f16:
      return t.multiply_f16_um2;
    case Type::f32:
      return t.multiply_f32_um2;
    case Type::f64:
      return t.multiply_f64_um2;
    default:
      return t.multiply_8_bit_um2;
  }
}

// As energy has it: of integers in proportion to the accumulator's bits, of bf16 and f16 an f16 where it has 16.
double add_of(const AreaTable& t, Type sums, const Accumulator& accumulator) {
  if (sums == Type::s32) return t.add_s32_um2 * (accumulator.bits == 0 ? 32 : accumulator.bits) / 32;
  if (accumulator.bits == 16) return t.add_f16_um2;
  return sums == Type::f64 ? t.add_f64_um2 : t.add_f32_um2;
}

// Why an entry cannot be; null: it can. The upper bound, a thousand square millimetres, keeps every sum finite.
const char* fault_of(double value) {
  constexpr double kMostUm2 = 1e9;
  if (!std::isfinite(value)) return "is not a finite number";
  if (value < 0) return "is negative";
  return value > kMostUm2 ? "is more than 1e9 um2" : nullptr;
}

Status check_sizes(const ArrayShape& array, const MemorySystem& memory, Index vector_lanes) {
  if (array.height < 1 || array.width < 1) return {Cause::bad_option, "array", "has no PEs"};
  if (memory.a_bytes < 0 || memory.b_bytes < 0 || memory.c_bytes < 0) {
    return {Cause::bad_option, "memory", "a buffer has a negative size"};
  }
  if (vector_lanes < 0) return {Cause::bad_option, "vector_lanes", "is negative"};
  return {};
}

}  // namespace

const std::vector<AreaEntry>& area_entries() {
  static const std::vector<AreaEntry> entries = {
      {"multiply_8_bit_um2", &AreaTable::multiply_8_bit_um2,
       "Horowitz, Computing's energy problem, ISSCC 2014, as listed with areas by Dally (TSMC 45 nm, synthesised): "
       "8-bit "
       "integer multiplier"},
      {"multiply_16_bit_um2", &AreaTable::multiply_16_bit_um2,
       "derived: 8-bit multiplier times the squared ratio of widths, 282 * (16/8)^2"},
      {"multiply_bf16_um2", &AreaTable::multiply_bf16_um2,
       "derived: as f16, whose significand is 3 bits wider (an upper bound)"},
      {"multiply_f16_um2", &AreaTable::multiply_f16_um2, "Horowitz and Dally, as above: fp16 multiplier"},
      {"multiply_f32_um2", &AreaTable::multiply_f32_um2, "Horowitz and Dally, as above: fp32 multiplier"},
      {"multiply_f64_um2", &AreaTable::multiply_f64_um2,
       "derived: fp32 multiplier times the squared ratio of significands, 7700 * (53/24)^2, rounded"},
      {"add_s32_um2", &AreaTable::add_s32_um2, "Horowitz and Dally, as above: 32-bit integer adder"},
      {"add_f16_um2", &AreaTable::add_f16_um2, "Horowitz and Dally, as above: fp16 adder"},
      {"add_f32_um2", &AreaTable::add_f32_um2, "Horowitz and Dally, as above: fp32 adder"},
      {"add_f64_um2", &AreaTable::add_f64_um2,
       "derived: fp32 adder times the ratio of significands, 4184 * 53/24, rounded"},
      {"register_um2_per_byte", &AreaTable::register_um2_per_byte,
       "Shao et al., Aladdin, ISCA 2014, power and area model of a commercial 40 nm process: 5.98 um2 per register "
       "bit, "
       "times 8"},
      {"buffer_um2_per_byte", &AreaTable::buffer_um2_per_byte,
       "derived: Han et al., EIE, ISCA 2016, table II (TSMC 45 nm, SRAM by CACTI): 594,786 um2 for the 162 KB of SRAM "
       "of "
       "a PE, over their bytes"},
      {"vector_lane_um2", &AreaTable::vector_lane_um2,
       "derived: an fp32 multiplier and an fp32 adder, 7700 + 4184; a lane's control and registers are not counted"},
  };
  return entries;
}

// Made when the library is loaded: a fork may find another thread making it, and the child wait for that for ever.
[[maybe_unused]] static const std::vector<AreaEntry>& made_early = area_entries();

Status check_area(const AreaTable& table) {
  for (const AreaEntry& entry : area_entries()) {
    const char* why = fault_of(table.*entry.value);
    if (why != nullptr) return {Cause::bad_option, std::string("table.") + entry.key, why};
  }
  return {};
}

Status try_area(const ArrayShape& array, Type a_type, Type b_type, const MemorySystem& memory, Index vector_lanes,
                const AreaTable& table, AreaReport& result, const Accumulator& accumulator) {
  if (Status status = check_area(table); !status.ok()) return status;
  if (Status status = check_sizes(array, memory, vector_lanes); !status.ok()) return status;
  if (a_type == Type::s32) return {Cause::bad_type, "a_type", "s32 is an output type only"};
  const auto number = [](Index value) { return static_cast<double>(value); };
  const Type sums = accumulator_of(a_type);
  const double registers = number(size_of(a_type) + size_of(b_type) + size_of(sums)) * table.register_um2_per_byte;
  const double pe = multiply_of(table, a_type) + add_of(table, sums, accumulator) + registers;
  result = {};
  result.pe_um2 = number(array.height) * number(array.width) * pe;
  const double bytes = number(memory.a_bytes) + number(memory.b_bytes) + number(memory.c_bytes);
  result.buffers_um2 = bytes * table.buffer_um2_per_byte;
  result.vector_um2 = number(vector_lanes) * table.vector_lane_um2;
  return {};
}

AreaReport area(const ArrayShape& array, Type a_type, Type b_type, const MemorySystem& memory, Index vector_lanes,
                const AreaTable& table, const Accumulator& accumulator) {
  AreaReport result;
  throw_if_error(try_area(array, a_type, b_type, memory, vector_lanes, table, result, accumulator));
  return result;
}

}  // namespace septet::emulation
