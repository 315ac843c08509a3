// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Off-chip traffic of ResNet-50's layers, where it can be said in a formula: dense dataflows, no limit on bandwidth (so
// the walk with the fewest bytes is taken), no preload.
#include "septet/emulation/cycles.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace septet;
using emulation::MemorySystem;
using emulation::Report;

namespace {

struct Layer {
  std::string name;
  Index m = 0, n = 0, k = 0;  // weights on the left
};

std::vector<Layer> resnet50() {
  std::vector<Layer> layers;
#ifdef SEPTET_SHARED_DIR
  std::ifstream file(std::string(SEPTET_SHARED_DIR) + "/workloads/resnet50_v1.5_fwd.csv");
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<std::string> cells;
    std::istringstream text(line);
    for (std::string cell; std::getline(text, cell, ',');) cells.push_back(cell);
    layers.push_back({cells.at(1), std::stol(cells.at(15)), std::stol(cells.at(14)), std::stol(cells.at(16))});
  }
#endif
  return layers;
}

Index up(Index a, Index b) { return (a + b - 1) / b; }

/// The operand's bytes, its tiles and the largest of them.
struct Operand {
  Index bytes, tiles, tile, half;
  bool fits() const { return tile <= half; }
  Index blocks() const { return up(tiles, std::min(tiles, half / tile)); }
};

/// OS: the operands of the loops come once, or once per block of the other one; C leaves once.
Index os_bytes(const Operand& a, const Operand& b, Index c) {
  Index least = a.bytes * b.tiles + b.bytes * a.tiles;  // neither stays
  if (a.fits()) least = std::min(least, a.bytes + b.bytes * (b.fits() ? a.blocks() : a.tiles));
  if (b.fits()) least = std::min(least, b.bytes + a.bytes * (a.fits() ? b.blocks() : b.tiles));
  return least + c;
}

/// WS, IS: sums leave for every block of the other operand, and come back for all but the first; the stationary operand
/// comes once.
Index ws_is_bytes(const Operand& sums, const Operand& streamed, Index stationary) {
  Index least = streamed.bytes * sums.tiles + sums.bytes * (2 * streamed.tiles - 1);
  if (sums.fits()) {
    least = std::min(least, sums.bytes + streamed.bytes * (streamed.fits() ? sums.blocks() : sums.tiles));
  }
  if (streamed.fits()) {
    const Index passes = sums.fits() ? streamed.blocks() : streamed.tiles;
    least = std::min(least, streamed.bytes + sums.bytes * (2 * passes - 1));
  }
  return least + stationary;
}

Index expected_bytes(const Layer& l, Dataflow dataflow, Index side, const MemorySystem& memory) {
  const Index a = l.m * l.k, b = l.k * l.n, c = 4 * l.m * l.n;
  const auto operand = [&](Index bytes, Index extent, Index vector_bytes, Index buffer) {
    return Operand{bytes, up(extent, side), std::min(extent, side) * vector_bytes, buffer / 2};
  };
  if (dataflow == Dataflow::dOS) {
    return os_bytes(operand(a, l.m, l.k, memory.a_bytes), operand(b, l.n, l.k, memory.b_bytes), c);
  }
  if (dataflow == Dataflow::dWS) {
    return ws_is_bytes(operand(c, l.m, 4 * l.n, memory.c_bytes), operand(b, l.k, l.n, memory.b_bytes), a);
  }
  return ws_is_bytes(operand(c, l.n, 4 * l.m, memory.c_bytes), operand(a, l.k, l.m, memory.a_bytes), b);
}

Report report_of(const Layer& l, Dataflow dataflow, Index side, const MemorySystem& memory) {
  GemmOptions options;
  options.dataflow = dataflow;
  options.array = {side, side};
  emulation::ArrayOptions array;
  array.memory = memory;
  return emulation::cycles(l.m, l.n, l.k, Type::s8, Type::s8, options, array);
}

}  // namespace

TEST_CASE("memory: traffic of ResNet-50's layers") {
  const std::vector<Layer> layers = resnet50();
  if (layers.empty()) {
    MESSAGE("no workload tables: ResNet-50's layers not compared");
    return;
  }
  CHECK(layers.size() == 54);
  // The first is SimDIT's design 07 (32 x 32, int8): 256 KiB for weights, 128 for inputs, 256 for sums; 32 bytes a
  // cycle.
  for (const MemorySystem memory :
       {MemorySystem{256 << 10, 128 << 10, 256 << 10, 0}, MemorySystem{8 << 10, 8 << 10, 64 << 10, 0},
        MemorySystem{1 << 20, 1 << 20, 4 << 20, 0}}) {
    for (Dataflow dataflow : {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS}) {
      for (const Layer& layer : layers) {
        INFO(layer.name, ", ", std::string(name(dataflow)), ", ", memory.a_bytes, " bytes for A");
        const Report free = report_of(layer, dataflow, 32, memory);
        CHECK(free.memory.chosen.off_chip_bytes == expected_bytes(layer, dataflow, 32, memory));
        CHECK(free.memory.cycles_with_memory == free.cycles);
        MemorySystem limited = memory;
        limited.off_chip_bandwidth = 32;
        const Report r = report_of(layer, dataflow, 32, limited);
        CHECK(r.cycles == free.cycles);
        // No channel is quicker than its bandwidth, and no walk moves less than the one with the fewest bytes.
        CHECK(r.memory.chosen.off_chip_bytes >= free.memory.chosen.off_chip_bytes);
        CHECK(r.memory.cycles_with_memory >= up(r.memory.chosen.off_chip_bytes, 32));
        CHECK(r.memory.cycles_with_memory > r.cycles);
      }
    }
  }
}
