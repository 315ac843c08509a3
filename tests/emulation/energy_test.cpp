// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Energy of a report, by hand, and from either side of the array.
#include "septet/emulation/energy.hpp"

#include "septet/emulation/cycles.hpp"
#include "septet/emulation/emulate.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <string>

using namespace septet;
using emulation::ArrayOptions;
using emulation::EnergyReport;
using emulation::EnergyTable;
using emulation::Report;

namespace {

std::map<std::string, double> components(const EnergyReport& energy) {
  std::map<std::string, double> all;
  emulation::for_each_energy(energy, [&](const char* key, double pj) { all[key] = pj; });
  return all;
}

doctest::Approx about(double value) { return doctest::Approx(value).epsilon(1e-12); }

Report small(Dataflow dataflow, const emulation::MemorySystem& memory = {}) {
  GemmOptions options;
  options.dataflow = dataflow;
  options.array = {2, 2};
  ArrayOptions array;
  array.memory = memory;
  return emulation::cycles(4, 4, 3, Type::s8, Type::s8, options, array);
}

}  // namespace

TEST_CASE("energy: four folds of dOS by hand") {
  // 2 x 2 PEs, 4 x 4 x 3, s8: 48 MACs in 28 cycles; 24 words of A, 24 of B, 16 sums out.
  const EnergyReport e = emulation::energy(small(Dataflow::dOS));
  CHECK(e.mac_pj == about(48 * (0.2 + 0.1)));
  CHECK(e.injected_zeros_pj == 0);
  CHECK(e.fold_adds_pj == 0);
  CHECK(e.idle_pj == about((4 * 28 - 48) * 0.007));
  // A and B pass two registers each, a byte wide; sums of 4 bytes leave through 2 or 1.
  CHECK(e.registers_pj == about((24 * 2 + 24 * 2 + 16 * 4 * 1.5) * 0.072));
  // 64 KiB lies a fifth of the way from 32 KiB to 1 MiB, in powers of two: 2.5 * 5^(1/5) per byte.
  const double pj = 2.5 * std::pow(5.0, 0.2);
  CHECK(e.buffer_a_pj == about(24 * pj));
  CHECK(e.buffer_b_pj == about(24 * pj));
  CHECK(e.buffer_c_pj == about(64 * pj));
  CHECK(e.off_chip_pj == 0);
  CHECK(e.total_pj() == about(e.mac_pj + e.idle_pj + e.registers_pj + 112 * pj));
}

TEST_CASE("energy: with a memory system, by hand") {
  // The first walk of memory_test.cpp: A 12 bytes, B 24, C 64 off-chip; 24, 24 and 64 bytes to and from the array.
  const Report r = small(Dataflow::dOS, {8 << 10, 32 << 10, 1 << 20, 4});
  CHECK(r.memory.chosen.off_chip_bytes == 88);  // everything fits: 12, 12 and 64
  const EnergyReport e = emulation::energy(r);
  CHECK(e.buffer_a_pj == about((24 + 12) * 1.25));
  CHECK(e.buffer_b_pj == about((24 + 12) * 2.5));
  CHECK(e.buffer_c_pj == about((64 + 64) * 12.5));
  CHECK(e.off_chip_pj == about(88 * 243.75));
  CHECK(e.idle_pj == about((4.0 * static_cast<double>(r.memory.cycles_with_memory) - 48) * 0.007));
}

TEST_CASE("energy: words of A of four bits pass registers whole, and buffers as half a byte") {
  GemmOptions options;
  options.dataflow = Dataflow::dOS;
  options.array = {2, 2};
  ArrayOptions array;
  array.a_word_bits = 4;
  const EnergyReport whole = emulation::energy(small(Dataflow::dOS));
  const EnergyReport half = emulation::energy(emulation::cycles(4, 4, 3, Type::s8, Type::s8, options, array));
  CHECK(half.buffer_a_pj == about(whole.buffer_a_pj / 2));
  CHECK(half.total_pj() == about(whole.total_pj() - whole.buffer_a_pj / 2));
}

TEST_CASE("energy: sparse dataflows pay for injected zeros, and fold-then-add for its adds") {
  // Rows {1 0 1}, {1 1 0}: on 2 x 1 PEs sOS streams all three columns, and injects two zeros.
  const float a[] = {1, 0, 1, 1, 1, 0};
  GemmOptions options;
  options.array = {2, 1};
  options.dataflow = Dataflow::sOS;
  EnergyTable table;
  table.multiply_by_zero_pj = 5;
  table.decompression_pj_per_word = 7;
  EnergyReport e = emulation::energy(emulation::cycles(row_major(a, 2, 3), 4, Type::f32, options), table);
  CHECK(e.mac_pj == about(4 * 4 * (3.7 + 0.9)));
  CHECK(e.injected_zeros_pj == about(2 * 4 * (5 + 0.9)));
  CHECK(e.decompression_pj == about(4 * 6 * 7));  // in each of four n-tiles
  options.dataflow = Dataflow::csOS;
  e = emulation::energy(emulation::cycles(row_major(a, 2, 3), 4, Type::f32, options), table);
  CHECK(e.mac_pj == about(4 * 4 * (3.7 + 0.9)));
  CHECK(e.injected_zeros_pj == 0);
  // dWS, two k-tiles on 2 x 1, two m-tiles: each of the 8 outputs is added twice.
  options.dataflow = Dataflow::dWS;
  options.accumulate = Accumulate::fold_then_add;
  e = emulation::energy(emulation::cycles(row_major(a, 2, 3), 4, Type::f32, options), table);
  CHECK(e.fold_adds_pj == about(16 * 0.9));
  CHECK(e.mac_pj == about(24 * (3.7 + 0.9)));  // a dense dataflow knows no zeros
  // A: 6 words shifted into columns of 2; B: 2 m-tiles * 12 words across one PE; sums: 16 down two.
  CHECK(e.registers_pj == about(4 * (6 * 1.5 + 24 + 16 * 2) * 0.072));
  // The adder reads what the first k-tile left.
  CHECK(e.buffer_c_pj == about((8 + 16) * 4 * 2.5 * std::pow(5.0, 0.2)));
}

TEST_CASE("energy: narrow accumulators add for less") {
  GemmOptions options;
  options.dataflow = Dataflow::dWS;
  options.array = {2, 2};
  options.accumulate = Accumulate::fold_then_add;
  options.accumulator.bits = 20;
  options.fold_accumulator.bits = 24;
  EnergyReport e = emulation::energy(emulation::cycles(2, 4, 4, Type::s8, Type::s8, options));
  CHECK(e.mac_pj == about(32 * (0.2 + 0.1 * 20 / 32)));
  CHECK(e.fold_adds_pj == about(2 * 8 * 0.1 * 24 / 32));
  options.accumulator.bits = 16;
  options.fold_accumulator.bits = 0;
  e = emulation::energy(emulation::cycles(2, 4, 4, Type::f16, Type::f16, options));
  CHECK(e.mac_pj == about(32 * (1.1 + 0.4)));
  CHECK(e.fold_adds_pj == about(2 * 8 * 0.9));
}

TEST_CASE("energy: a byte of a buffer by its size") {
  const EnergyTable table;
  const auto pj = [&](double bytes) { return emulation::buffer_pj_per_byte(table, bytes); };
  CHECK(pj(8 << 10) == about(1.25));
  CHECK(pj(32 << 10) == about(2.5));
  CHECK(pj(1 << 20) == about(12.5));
  CHECK(pj(16 << 10) == about(1.25 * std::sqrt(2.0)));
  CHECK(pj(2 << 10) == about(0.625));      // the lower line goes on: a quarter, half
  CHECK(pj(32 << 20) == about(12.5 * 5));  // and the upper one: 32 times, 5 times
}

TEST_CASE("energy: the emulator's is the closed form's") {
  for (std::uint64_t seed = 31; seed < 31 + static_cast<std::uint64_t>(support::problem_count(100)); ++seed) {
    support::for_random_problem(seed, {}, [&](auto& p) {
      INFO(support::describe(p));
      p.options.fold_depth = 0;
      ArrayOptions array = p.array_options;
      if (seed % 2 == 0) array.memory = {4096, 64 << 10, 4096, static_cast<Index>(seed % 7)};
      if (seed % 3 == 0) array.a_word_bits = 4;
      const ConstMatrix a = p.a.view();
      const Report counted = emulation::emulate(a, p.b.view(), p.c.view(), p.options, array);
      const Report closed = emulation::cycles(a, p.n, p.b_type, p.options, array);
      const auto energy = components(emulation::energy(counted));
      CHECK(energy == components(emulation::energy(closed)));
      for (const auto& part : energy) {  // no structured bindings: a lambda of doctest's may capture them in C++20 only
        CHECK_MESSAGE((std::isfinite(part.second) && part.second >= 0), part.first);
      }
    });
  }
}

TEST_CASE("energy: entries") {
  double marker = 1;
  EnergyTable table;
  std::map<std::string, int> keys;
  for (const emulation::EnergyEntry& entry : emulation::energy_entries()) {
    ++keys[entry.key];
    CHECK(std::string(entry.source).size() > 10);
    table.*entry.value = ++marker;
  }
  for (const auto& key : keys) CHECK_MESSAGE(key.second == 1, key.first);
  CHECK(sizeof(EnergyTable) == keys.size() * sizeof(double));  // none is missing
  marker = 1;
  for (const emulation::EnergyEntry& entry : emulation::energy_entries()) CHECK(table.*entry.value == ++marker);
}

TEST_CASE("energy: docs/memory.md has the default table") {
  std::ifstream file(SEPTET_DOCS_DIR "/memory.md");
  std::set<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.insert(line);
  REQUIRE(!lines.empty());
  for (const emulation::EnergyEntry& entry : emulation::energy_entries()) {
    std::ostringstream line;
    line << "| `" << entry.key << "` | " << EnergyTable{}.*entry.value << " | " << entry.source << " |";
    CHECK_MESSAGE(lines.count(line.str()) == 1, line.str());
  }
}

TEST_CASE("energy: tables that cannot be are refused") {
  const Report report = small(Dataflow::dOS);
  EnergyReport energy;
  energy.mac_pj = -7;
  for (const emulation::EnergyEntry& entry : emulation::energy_entries()) {
    for (double bad :
         {-1.0, 1e308, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
      EnergyTable table;
      table.*entry.value = bad;
      const Status status = emulation::try_energy(report, table, energy);
      CHECK(status.cause() == Cause::bad_option);
      CHECK(status.argument() == std::string("table.") + entry.key);
    }
    EnergyTable table;
    table.*entry.value = 0;
    CHECK(emulation::try_energy(report, table, energy).ok() != (std::string(entry.key).rfind("buffer_", 0) == 0));
    energy.mac_pj = -7;
  }
  EnergyTable table;
  table.multiply_f64_pj = 1.1e6;
  CHECK_FALSE(emulation::check_energy(table).ok());
  table = {};
  table.buffer_8_kib_pj_per_byte = 0.9e-6;
  CHECK_FALSE(emulation::check_energy(table).ok());
  table = {};
  table.buffer_bytes_without_memory = 0.5;
  CHECK_FALSE(emulation::check_energy(table).ok());
  table = {};
  table.add_s32_pj = -0.0;
  CHECK(emulation::check_energy(table).ok());
  CHECK_THROWS_AS(emulation::energy(report, {-1}), Error);
  CHECK(energy.mac_pj == -7);
}

// Every entry at its bounds, with the steepest lines that a buffer's three points can have, and counts that are as
// large as a report's can be.
TEST_CASE("energy: finite for every table and every report") {
  constexpr Index kMost = std::numeric_limits<Index>::max();
  Report report;
  report.array_height = report.array_width = 65536;
  report.a_type = report.b_type = Type::f64;
  report.accumulate = Accumulate::fold_then_add;
  report.m = report.n = report.k = report.folds = kMost;
  report.cycles = report.macs_issued = report.nnz = report.a_bytes_metadata = report.zeros_injected = kMost;
  report.reads_a_words = report.reads_b_words = report.reads_c_words = report.writes_c_words = kMost;
  for (const double points : {1e-6, 1e6}) {
    for (const double bytes : {1.0, 0x1p62}) {
      EnergyTable table;
      for (const emulation::EnergyEntry& entry : emulation::energy_entries()) table.*entry.value = 1e6;
      table.buffer_32_kib_pj_per_byte = points;
      table.buffer_8_kib_pj_per_byte = table.buffer_1_mib_pj_per_byte = 1 / points;
      table.buffer_bytes_without_memory = bytes;
      for (const bool memory : {false, true}) {
        for (const Dataflow dataflow : {Dataflow::dOS, Dataflow::sWS, Dataflow::sIS}) {
          Report r = report;
          r.dataflow = dataflow;
          if (memory) {
            const auto size = static_cast<Index>(bytes);
            r.memory.system = {size, size, size, 1};
            r.memory.cycles_with_memory = r.memory.buffer_reads_a_bytes = r.memory.buffer_reads_b_bytes = kMost;
            r.memory.buffer_reads_c_bytes = r.memory.buffer_writes_c_bytes = kMost;
            r.memory.off_chip_reads_a_bytes = r.memory.off_chip_reads_b_bytes = kMost;
            r.memory.off_chip_reads_c_bytes = r.memory.off_chip_writes_c_bytes = kMost;
          }
          for (const auto& part : components(emulation::energy(r, table))) {
            CHECK_MESSAGE(std::isfinite(part.second), part.first, " ", points, " ", bytes);
          }
        }
      }
    }
  }
}
