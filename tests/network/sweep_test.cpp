// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Sweeps that cannot be, the order of designs, Pareto sets against their definition, economic points, splits of memory.
#include "random_sweep.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <tuple>

namespace septet::network::explore_test {
namespace {

bool beats(const DesignPoint& x, const DesignPoint& y) {
  const bool no_worse = x.cycles <= y.cycles && x.energy_pj <= y.energy_pj && x.area_mm2 <= y.area_mm2;
  return no_worse && (x.cycles < y.cycles || x.energy_pj < y.energy_pj || x.area_mm2 < y.area_mm2);
}

bool same(const DesignPoint& x, const DesignPoint& y) {
  return x.cycles == y.cycles && x.energy_pj == y.energy_pj && x.area_mm2 == y.area_mm2;
}

// By definition, in their order.
std::vector<std::size_t> naive_pareto(const std::vector<DesignPoint>& points) {
  std::vector<std::size_t> set;
  for (std::size_t i = 0; i < points.size(); ++i) {
    bool beaten = !points[i].infeasible.empty();
    for (std::size_t j = 0; j < points.size(); ++j) {
      if (!points[j].infeasible.empty()) continue;
      beaten = beaten || beats(points[j], points[i]) || (j < i && same(points[j], points[i]));
    }
    if (!beaten) set.push_back(i);
  }
  return set;
}

// Few different numbers: many ties.
std::vector<DesignPoint> random_points(Rng& rng) {
  std::vector<DesignPoint> points(static_cast<std::size_t>(rng.below(120)));
  const Index spread = rng.between(1, 40);
  for (DesignPoint& p : points) {
    if (rng.chance(0.1)) p.infeasible = "no";
    p.cycles = rng.between(1, spread);
    p.energy_pj = static_cast<double>(rng.below(spread)), p.area_mm2 = static_cast<double>(rng.below(spread));
    p.design.buffers = {rng.between(1, spread), 1, 1};
  }
  return points;
}

std::string refused(const std::function<void(Sweep&)>& change) {
  Sweep sweep;
  change(sweep);
  const Status status = check(sweep);
  CHECK(status.cause() == (status.ok() ? Cause::ok : Cause::bad_option));
  return status.to_string();
}

template <class F>
std::string thrown(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing";
}

}  // namespace

TEST_CASE("explore: sweeps that cannot be") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  CHECK(refused([](Sweep&) {}) == "ok");
  CHECK(refused([](Sweep& s) { s.arrays = {}; }) == "sweep.arrays: has no value");
  CHECK(refused([](Sweep& s) { s.arrays = {{4, 0}}; }) == "sweep.arrays: 4x0 has a side that is not 1 to 65536");
  CHECK(refused([](Sweep& s) {
          s.arrays = {{65537, 1}};
        }) == "sweep.arrays: 65537x1 has a side that is not 1 to 65536");
  CHECK(refused([](Sweep& s) { s.arrays = {{4, 8}, {8, 4}, {4, 8}}; }) == "sweep.arrays: 4x8 is there twice");
  CHECK(refused([](Sweep& s) { s.precisions = {{Type::s32, 0}}; }) == "sweep.precisions: s32 is an output type only");
  CHECK(refused([](Sweep& s) {
          s.precisions = {{Type::s8, 9}};
        }) == "sweep.precisions: s8 with words of 9 bits has words of more bits than its type, or of fewer than none");
  CHECK(refused([](Sweep& s) { s.precisions = {{Type::s8, 4}, {Type::s8, 0}}; }) == "ok");
  CHECK(refused([](Sweep& s) { s.sparsities = {-1, 0, 1}; }) == "ok");
  CHECK(refused([](Sweep& s) { s.sparsities = {1.5}; }) == "sweep.sparsities: 1.5 is neither -1 nor 0 to 1");
  CHECK(refused([](Sweep& s) { s.sparsities = {kNan}; }).find("is neither -1 nor 0 to 1") != std::string::npos);
  CHECK(refused([](Sweep& s) {
          s.buffers = {{1, 2, 0}};
        }) == "sweep.buffers: 1,2,0 has a buffer without bytes: all three have some, or none has");
  CHECK(refused([](Sweep& s) {
          s.buffers = {{1, 1, (Index{1} << 40) + 1}};
        }).find("more than 2^40") != std::string::npos);
  CHECK(refused([](Sweep& s) { s.bandwidths = {-1}; }) == "sweep.bandwidths: -1 is negative");
  CHECK(refused([](Sweep& s) { s.bandwidths = {8}; }) ==
        "sweep.bandwidths: an off-chip bandwidth says nothing without buffers");
  CHECK(refused([](Sweep& s) { s.buffers = {{9, 9, 9}}, s.bandwidths = {0, 8}; }) == "ok");
  CHECK(refused([](Sweep& s) {
          s.dataflows = {Dataflow::dOS, Dataflow::dOS};
        }) == "sweep.dataflows: dOS is there twice");
  CHECK(refused([](Sweep& s) {
          s.arrays.clear(), s.buffers.clear(), s.bandwidths.clear();
          for (Index i = 1; i <= 1 << 11; ++i) {
            s.arrays.push_back({i, i}), s.buffers.push_back({i, i, i}), s.bandwidths.push_back(i);
          }
          s.dataflows = {Dataflow::automatic, Dataflow::dOS, Dataflow::dWS, Dataflow::dIS,
                         Dataflow::sOS,       Dataflow::sWS, Dataflow::sIS, Dataflow::csOS};
          s.sparsities.clear();
          for (int i = 0; i < 17; ++i) s.sparsities.push_back(i / 100.0);
        }) == "sweep: has more than 2^40 designs");
}

TEST_CASE("explore: what an explorer refuses") {
  Layer product;
  product.product = {4, 4, 4, 1};
  Sweep sweep;
  sweep.sparsities = {0.5};
  CHECK(thrown([&] { Explorer({product}, sweep); }) == "sweep.sparsities: no layer has weights that could be sparse");
  sweep.arrays.clear();
  CHECK(thrown([&] { Explorer({product}, sweep); }) == "sweep.arrays: has no value");
  CostOptions options;
  options.energy.multiply_8_bit_pj = -1;
  CHECK(thrown([&] { Explorer({product}, {}, options); }) == "table.multiply_8_bit_pj: is negative");
  emulation::AreaTable area;
  area.buffer_um2_per_byte = std::numeric_limits<double>::infinity();
  CHECK(thrown([&] { Explorer({product}, {}, {}, area); }) == "table.buffer_um2_per_byte: is not a finite number");
  Design elsewhere;
  elsewhere.sparsity = 0.25;
  const Explorer explorer({product}, {});
  CHECK(thrown([&] { explorer.network(elsewhere); }) == "design.sparsity: is none of the sweep's");
}

TEST_CASE("explore: designs are numbered from the slowest axis to the quickest") {
  Rng rng(90500);
  for (int round = 0; round < 50; ++round) {
    const Sweep s = random_sweep(rng);
    Index index = 0;
    for (const ArrayShape& array : s.arrays) {
      for (const Precision& precision : s.precisions) {
        for (const double sparsity : s.sparsities) {
          for (const Buffers& buffers : s.buffers) {
            for (const Index bandwidth : s.bandwidths) {
              for (const Dataflow dataflow : s.dataflows) {
                const Design d = design_of(s, index);
                CHECK(text(d) == text({index, array, precision, sparsity, buffers, bandwidth, dataflow}));
                ++index;
              }
            }
          }
        }
      }
    }
    CHECK(index == s.designs());
    CHECK(s.machines() * static_cast<Index>(s.dataflows.size()) == s.designs());
  }
}

TEST_CASE("explore: Pareto sets are what no point beats, of equal ones the first, in order of cycles") {
  for (int round = 0; round < support::problem_count(300); ++round) {
    const std::uint64_t seed = 90600 + static_cast<std::uint64_t>(round);
    CAPTURE(seed);
    Rng rng(seed);
    const std::vector<DesignPoint> points = random_points(rng);
    std::vector<std::size_t> set = pareto_set(points);
    for (std::size_t i = 1; i < set.size(); ++i) CHECK(points[set[i - 1]].cycles <= points[set[i]].cycles);
    std::sort(set.begin(), set.end());
    REQUIRE(set == naive_pareto(points));
  }
}

TEST_CASE("explore: the economic point") {
  for (int round = 0; round < support::problem_count(300); ++round) {
    const std::uint64_t seed = 90700 + static_cast<std::uint64_t>(round);
    CAPTURE(seed);
    Rng rng(seed);
    const std::vector<DesignPoint> points = random_points(rng);
    const double slowdown = 1 + rng.unit();
    const std::size_t found = economic(points, slowdown);
    double fewest = std::numeric_limits<double>::infinity();
    for (const DesignPoint& p : points) {
      if (p.infeasible.empty()) fewest = std::min(fewest, static_cast<double>(p.cycles));
    }
    if (std::isinf(fewest)) {
      CHECK(found == points.size());
      continue;
    }
    REQUIRE(found < points.size());
    const DesignPoint& best = points[found];
    CHECK(best.infeasible.empty());
    CHECK(static_cast<double>(best.cycles) <= slowdown * fewest);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const DesignPoint& p = points[i];
      if (!p.infeasible.empty() || static_cast<double>(p.cycles) > slowdown * fewest) continue;
      const auto key = [](const DesignPoint& q) { return std::make_tuple(q.buffer_bytes(), q.area_mm2, q.cycles); };
      CHECK_FALSE(key(p) < key(best));
      if (i < found) CHECK(key(p) != key(best));
    }
  }
  CHECK(economic({}, 1.1) == 0);
}

TEST_CASE("explore: splits of a memory") {
  const std::vector<Buffers> splits = splits_of(64 << 10, 8);
  REQUIRE(splits.size() == 1 + 7 * 6 / 2);  // the generic one is none of them: 8 parts have no thirds
  CHECK(splits[0].a == 21845);
  CHECK(splits[0].b == 21845);
  CHECK(splits[0].c == 21846);
  CHECK(splits_of(36, 12).size() == 11 * 10 / 2);  // thirds are four parts each
  for (const Buffers& split : splits) CHECK(split.total() == 64 << 10);
  Sweep sweep;
  sweep.buffers = splits;
  CHECK(check(sweep).ok());
  CHECK(thrown([] { splits_of(64, 2); }) == "parts: 2 is not 3 to 1024");
  CHECK(thrown([] { splits_of(65, 8); }) == "total: 65 is not 1 to 2^40 bytes, a multiple of 8");
}

}  // namespace septet::network::explore_test
