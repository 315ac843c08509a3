// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/emulation/energy.hpp"

#include "reporting.hpp"

#include <cmath>
#include <string>

namespace septet::emulation {
namespace {

constexpr double kKib8 = 8 * 1024, kKib32 = 32 * 1024, kMib1 = 1024 * 1024;

/// What a report's words are, as energy sees them.
class Run {
 public:
  Run(const Report& report, const EnergyTable& table) : r_(report), t_(table) {}

  EnergyReport energy() const {
    EnergyReport e;
    const double zeros = is_sparse(r_.dataflow) ? count(r_.macs_issued - r_.macs_useful) : 0;
    e.mac_pj = (count(r_.macs_issued) - zeros) * (multiply() + add(r_.accumulator));
    e.injected_zeros_pj = zeros * (t_.multiply_by_zero_pj + add(r_.accumulator));
    e.fold_adds_pj = adds_folds() ? fold_writes() * add(r_.fold_accumulator) : 0;
    const double pes = count(r_.array_height) * count(r_.array_width);
    e.idle_pj = (pes * cycles() - count(r_.macs_issued)) * t_.idle_pe_cycle_pj;
    e.registers_pj = hop_bytes() * t_.register_hop_pj_per_byte;
    e.decompression_pj = is_sparse(r_.dataflow) ? a_words() * t_.decompression_pj_per_word : 0;
    buffers(e);
    return e;
  }

  BufferTraffic buffer_traffic() const {
    const MemoryReport& m = r_.memory;
    if (m.system.given()) {
      return {count(m.buffer_reads_a_bytes), count(m.buffer_reads_b_bytes),
              count(m.buffer_reads_c_bytes) + count(m.buffer_writes_c_bytes)};
    }
    const bool ws = is_weight_stationary(r_.dataflow);
    const double passes = ws ? 1 : std::ceil(count(r_.n) / count(r_.array_width));
    const double metadata = r_.folds == 0 ? 0 : count(r_.a_bytes_metadata) * passes;
    // Every sum but the first of an output is added to what is in the buffer.
    const double adder = adds_folds() ? fold_writes() - (count(r_.m) * count(r_.n) - count(r_.writes_without_fold)) : 0;
    return {count(r_.reads_a_words) * count(word_bits(r_.a_type, r_.a_word_bits)) / 8 + metadata,
            count(r_.reads_b_words) * b_size(),
            (count(r_.reads_c_words) + adder + count(r_.writes_c_words)) * c_size()};
  }

 private:
  static double count(Index value) { return static_cast<double>(value); }
  double a_size() const { return count(size_of(r_.a_type)); }
  double b_size() const { return count(size_of(r_.b_type)); }
  double c_size() const { return count(size_of(accumulator_of(r_.a_type))); }
  bool adds_folds() const { return r_.accumulate == Accumulate::fold_then_add; }
  double cycles() const { return count(r_.memory.system.given() ? r_.memory.cycles_with_memory : r_.cycles); }

  double multiply() const {
    switch (r_.a_type) {
      case Type::s16:
        return t_.multiply_16_bit_pj;
      case Type::bf16:
        return t_.multiply_bf16_pj;
      case Type::f16:
        return t_.multiply_f16_pj;
      case Type::f32:
        return t_.multiply_f32_pj;
      case Type::f64:
        return t_.multiply_f64_pj;
      default:
        return t_.multiply_8_bit_pj;
    }
  }
  /// In the accumulator: of integers in proportion to its bits, of bf16 and f16 an f16 where it has 16.
  double add(const Accumulator& accumulator) const {
    const Type sums = accumulator_of(r_.a_type);
    if (sums == Type::s32) return t_.add_s32_pj * (accumulator.bits == 0 ? 32 : accumulator.bits) / 32;
    if (accumulator.bits == 16) return t_.add_f16_pj;
    return sums == Type::f64 ? t_.add_f64_pj : t_.add_f32_pj;
  }

  double a_words() const { return count(r_.reads_a_words) + count(r_.zeros_injected); }
  double fold_writes() const { return count(r_.writes_c_words - r_.writes_without_fold); }

  /// A word that streams across the array passes W registers, one that streams down H; one of a column that is shifted
  /// in to stay, or out to leave, passes (H + 1) / 2 on average.
  double hop_bytes() const {
    const double across = count(r_.array_width), down = count(r_.array_height), shift = (down + 1) / 2;
    const double a = a_words() * a_size(), b = count(r_.reads_b_words) * b_size(), c = fold_writes() * c_size();
    if (is_output_stationary(r_.dataflow)) {
      return a * across + b * down + (count(r_.reads_c_words) * c_size() + c) * shift;
    }
    const bool ws = is_weight_stationary(r_.dataflow);
    return (ws ? a * shift + b * across : a * across + b * shift) + c * down;
  }

  void buffers(EnergyReport& e) const {
    const MemoryReport& m = r_.memory;
    const BufferTraffic traffic = buffer_traffic();
    if (m.system.given()) {
      const double off_a = count(m.off_chip_reads_a_bytes), off_b = count(m.off_chip_reads_b_bytes);
      const double off_c = count(m.off_chip_reads_c_bytes) + count(m.off_chip_writes_c_bytes);
      e.buffer_a_pj = (traffic.a_bytes + off_a) * buffer_pj_per_byte(t_, count(m.system.a_bytes));
      e.buffer_b_pj = (traffic.b_bytes + off_b) * buffer_pj_per_byte(t_, count(m.system.b_bytes));
      e.buffer_c_pj = (traffic.c_bytes + off_c) * buffer_pj_per_byte(t_, count(m.system.c_bytes));
      e.off_chip_pj = (off_a + off_b + off_c) * t_.off_chip_pj_per_byte;
      return;
    }
    const double pj = buffer_pj_per_byte(t_, t_.buffer_bytes_without_memory);
    e.buffer_a_pj = traffic.a_bytes * pj, e.buffer_b_pj = traffic.b_bytes * pj, e.buffer_c_pj = traffic.c_bytes * pj;
  }

  const Report& r_;
  const EnergyTable& t_;
};

// Why an entry cannot be; null: it can. The bounds are there for the totals, which they keep finite: counts are below
// 2^63, and a buffer's points, a ratio of 10^12 apart at most, go on by no more than 10^116 to a size of 2^63 bytes and
// 10^78 to one of 1 byte. No circuit is near them: 1 uJ is four hundred times a word from DRAM.
const char* fault_of(const EnergyEntry& entry, double value) {
  constexpr double kMostPj = 1e6, kLeastBufferPj = 1e-6, kMostBytes = 0x1p62;
  if (!std::isfinite(value)) return "is not a finite number";
  if (value < 0) return "is negative";
  if (entry.value == &EnergyTable::buffer_bytes_without_memory) {
    return value >= 1 && value <= kMostBytes ? nullptr : "is not 1 to 2^62 bytes";
  }
  if (value > kMostPj) return "is more than 1e6 pJ";
  const bool buffer = std::string(entry.key).rfind("buffer_", 0) == 0;
  if (buffer && value == 0) return "is 0, and between buffers of several sizes ratios count";
  return buffer && value < kLeastBufferPj ? "is less than 1e-6 pJ, and between buffers of several sizes ratios count"
                                          : nullptr;
}

}  // namespace

const std::vector<EnergyEntry>& energy_entries() {
  static const std::vector<EnergyEntry> entries = {
      {"multiply_8_bit_pj", &EnergyTable::multiply_8_bit_pj,
       "Horowitz, Computing's energy problem, ISSCC 2014, fig. 1.1.9 (45 nm, 0.9 V): 8-bit integer multiplication"},
      {"multiply_16_bit_pj", &EnergyTable::multiply_16_bit_pj,
       "derived: 8-bit multiplication (Horowitz, ISSCC 2014) times the squared ratio of widths, 0.2 * (16/8)^2"},
      {"multiply_bf16_pj", &EnergyTable::multiply_bf16_pj,
       "derived: as f16, whose significand is 3 bits wider (an upper bound)"},
      {"multiply_f16_pj", &EnergyTable::multiply_f16_pj, "Horowitz, ISSCC 2014, fig. 1.1.9: fp16 multiplication"},
      {"multiply_f32_pj", &EnergyTable::multiply_f32_pj, "Horowitz, ISSCC 2014, fig. 1.1.9: fp32 multiplication"},
      {"multiply_f64_pj", &EnergyTable::multiply_f64_pj,
       "derived: fp32 multiplication times the squared ratio of significands, 3.7 * (53/24)^2, rounded"},
      {"add_s32_pj", &EnergyTable::add_s32_pj, "Horowitz, ISSCC 2014, fig. 1.1.9: 32-bit integer addition"},
      {"add_f16_pj", &EnergyTable::add_f16_pj, "Horowitz, ISSCC 2014, fig. 1.1.9: fp16 addition"},
      {"add_f32_pj", &EnergyTable::add_f32_pj, "Horowitz, ISSCC 2014, fig. 1.1.9: fp32 addition"},
      {"add_f64_pj", &EnergyTable::add_f64_pj,
       "derived: fp32 addition times the ratio of significands, 0.9 * 53/24, rounded"},
      {"multiply_by_zero_pj", &EnergyTable::multiply_by_zero_pj,
       "derived: a multiplier whose operand is held at 0 does not switch; no measurement found"},
      {"idle_pe_cycle_pj", &EnergyTable::idle_pe_cycle_pj,
       "derived: clock-gated, leakage at 1 GHz of 64 register bits and a 32-bit adder (64 * 7.4e-5 + 2.25e-3 pJ); "
       "Shao et al., Aladdin, ISCA 2014, power model of a commercial 40 nm process"},
      {"register_hop_pj_per_byte", &EnergyTable::register_hop_pj_per_byte,
       "Shao et al., Aladdin, ISCA 2014, power model of a commercial 40 nm process: 9.0e-3 pJ per register bit and "
       "cycle, times 8; the wire to a neighbour is not counted"},
      {"buffer_8_kib_pj_per_byte", &EnergyTable::buffer_8_kib_pj_per_byte,
       "Horowitz, ISSCC 2014, fig. 1.1.9: 64-bit access to an 8 KB cache, 10 pJ, over 8 bytes"},
      {"buffer_32_kib_pj_per_byte", &EnergyTable::buffer_32_kib_pj_per_byte,
       "Horowitz, ISSCC 2014, fig. 1.1.9: 64-bit access to a 32 KB cache, 20 pJ, over 8 bytes"},
      {"buffer_1_mib_pj_per_byte", &EnergyTable::buffer_1_mib_pj_per_byte,
       "Horowitz, ISSCC 2014, fig. 1.1.9: 64-bit access to a 1 MB cache, 100 pJ, over 8 bytes"},
      {"buffer_bytes_without_memory", &EnergyTable::buffer_bytes_without_memory, "a choice: 64 KiB for each operand"},
      {"off_chip_pj_per_byte", &EnergyTable::off_chip_pj_per_byte,
       "derived: Horowitz, ISSCC 2014, fig. 1.1.9: 1.3 to 2.6 nJ for a 64-bit access to DRAM; the middle, over 8 "
       "bytes"},
      {"decompression_pj_per_word", &EnergyTable::decompression_pj_per_word, "no measurement found: not counted"},
  };
  return entries;
}

// Made when the library is loaded: a fork may find another thread making it, and the child wait for that for ever.
[[maybe_unused]] static const std::vector<EnergyEntry>& made_early = energy_entries();

double buffer_pj_per_byte(const EnergyTable& t, double buffer_bytes) {
  const bool small = buffer_bytes <= kKib32;
  const double from = small ? kKib8 : kKib32, to = small ? kKib32 : kMib1;
  const double low = small ? t.buffer_8_kib_pj_per_byte : t.buffer_32_kib_pj_per_byte;
  const double high = small ? t.buffer_32_kib_pj_per_byte : t.buffer_1_mib_pj_per_byte;
  return low * std::pow(buffer_bytes / from, std::log(high / low) / std::log(to / from));
}

Status check_energy(const EnergyTable& table) {
  for (const EnergyEntry& entry : energy_entries()) {
    const char* why = fault_of(entry, table.*entry.value);
    if (why != nullptr) return {Cause::bad_option, std::string("table.") + entry.key, why};
  }
  return {};
}

Status try_energy(const Report& report, const EnergyTable& table, EnergyReport& result) {
  if (Status status = check_energy(table); !status.ok()) return status;
  result = Run(report, table).energy();
  return {};
}

BufferTraffic buffer_traffic(const Report& report) { return Run(report, EnergyTable{}).buffer_traffic(); }

EnergyReport energy(const Report& report, const EnergyTable& table) {
  EnergyReport result;
  throw_if_error(try_energy(report, table, result));
  return result;
}

}  // namespace septet::emulation
