// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The area proxy, by hand, and the tables that it refuses.
#include "septet/emulation/area.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <string>

using namespace septet;
using emulation::AreaEntry;
using emulation::AreaReport;
using emulation::AreaTable;

TEST_CASE("area: by hand") {
  // 2 x 3 PEs of s8: 282 + 137 + (1 + 1 + 4) * 47.9; 100 + 200 + 300 bytes of 3.6; 4 lanes of 11884.
  const AreaReport bytes = emulation::area({2, 3}, Type::s8, Type::u8, {100, 200, 300, 7}, 4);
  CHECK(bytes.pe_um2 == doctest::Approx(6 * 706.4));
  CHECK(bytes.buffers_um2 == doctest::Approx(2160));
  CHECK(bytes.vector_um2 == doctest::Approx(47536));
  CHECK(bytes.total_mm2() == doctest::Approx((4238.4 + 2160 + 47536) * 1e-6));
  const auto pe = [](Type type, const Accumulator& accumulator) {
    return emulation::area({1, 1}, type, type, {}, 0, {}, accumulator).pe_um2;
  };
  CHECK(pe(Type::s8, {24}) == doctest::Approx(282 + 137 * 0.75 + 6 * 47.9));
  CHECK(pe(Type::s16, {}) == doctest::Approx(1128 + 137 + 8 * 47.9));
  CHECK(pe(Type::bf16, {}) == doctest::Approx(1640 + 4184 + 8 * 47.9));
  CHECK(pe(Type::f16, {}) == doctest::Approx(1640 + 4184 + 8 * 47.9));
  CHECK(pe(Type::f16, {16}) == doctest::Approx(1640 + 1360 + 8 * 47.9));
  CHECK(pe(Type::f32, {}) == doctest::Approx(7700 + 4184 + 12 * 47.9));
  CHECK(pe(Type::f64, {}) == doctest::Approx(37550 + 9240 + 24 * 47.9));
}

TEST_CASE("area: every entry of the table is one, has a source, and is checked") {
  std::set<std::string> keys;
  for (const AreaEntry& entry : emulation::area_entries()) {
    CAPTURE(entry.key);
    CHECK(keys.insert(entry.key).second);
    CHECK(std::string(entry.source).size() > 10);
    for (const double value : {-1.0, std::numeric_limits<double>::quiet_NaN(), 1.1e9}) {
      AreaTable table;
      table.*entry.value = value;
      const Status status = emulation::check_area(table);
      CHECK(status.cause() == Cause::bad_option);
      CHECK(status.argument() == std::string("table.") + entry.key);
    }
    AreaTable zero;
    zero.*entry.value = 0;
    CHECK(emulation::check_area(zero).ok());
  }
  CHECK(keys.size() * sizeof(double) == sizeof(AreaTable));
}

TEST_CASE("area: docs/explore.md has the default table") {
  std::ifstream file(SEPTET_DOCS_DIR "/explore.md");
  std::set<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.insert(line);
  REQUIRE(!lines.empty());
  for (const AreaEntry& entry : emulation::area_entries()) {
    std::ostringstream line;
    line << "| `" << entry.key << "` | " << AreaTable{}.*entry.value << " | " << entry.source << " |";
    CHECK_MESSAGE(lines.count(line.str()) == 1, line.str());
  }
}

TEST_CASE("area: what is refused") {
  AreaReport report;
  report.pe_um2 = -7;
  const auto refused = [&](const ArrayShape& array, Type type, const emulation::MemorySystem& memory, Index lanes) {
    const Status status = emulation::try_area(array, type, type, memory, lanes, {}, report);
    CHECK(report.pe_um2 == -7);
    return status.to_string();
  };
  CHECK(refused({0, 4}, Type::s8, {}, 1) == "array: has no PEs");
  CHECK(refused({4, 4}, Type::s32, {}, 1) == "a_type: s32 is an output type only");
  CHECK(refused({4, 4}, Type::s8, {4, -1, 4, 0}, 1) == "memory: a buffer has a negative size");
  CHECK(refused({4, 4}, Type::s8, {}, -1) == "vector_lanes: is negative");
}
