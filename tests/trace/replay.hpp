// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// An array that has nothing but the VCD of a run: takes each register's new value from what its neighbours, links and
// it itself held in the cycle before, by the page dataflows.md, and compares with the dump; takes what the load units
// bring from A, B and the memory of sums, and puts what the store units take there. If all agrees, the memory is C.
#pragma once

#include "support/comparison.hpp"
#include "support/generators.hpp"
#include "vcd_reader.hpp"

#include <doctest/doctest.h>

#include <cstring>

namespace septet::trace_test {

using namespace septet::support;  // NOLINT(google-build-using-namespace): a test's header

/// What the ports and PEs did.
struct Counted {
  Index reads_a = 0, reads_b = 0, reads_c = 0, writes_c = 0, injected = 0, macs = 0, gated = 0, stalls = 0;
};

/// P: a support::Problem with alpha = 1, or a preload; beta may be anything that makes a preload.
template <class P>
class Replay {
 public:
  using Acc = AccumulatorOf<typename P::CType>;

  /// `memory`: m x n, where the sums start.
  Replay(const P& p, Dataflow dataflow, const Vcd& vcd, std::vector<Acc> memory)
      : p_(p), vcd_(vcd), dataflow_(dataflow), memory_(std::move(memory)) {
    os_ = is_output_stationary(dataflow);
    ws_ = dataflow == Dataflow::dWS || dataflow == Dataflow::sWS;
    chain_ = vcd.has("array.preload_0.valid");
    lanes_ = 0;
    while (vcd.has("array.pe_0_0.b_" + std::to_string(lanes_))) ++lanes_;
  }

  const std::vector<Acc>& memory() const { return memory_; }
  const Counted& counted() const { return counted_; }

  /// Stops at the first difference.
  void run() {
    for (cycle_ = 0; cycle_ < vcd_.edges() && ok_; ++cycle_) {
      CHECK(vcd_.bits("array.cycle", cycle_) == static_cast<std::uint64_t>(cycle_));
      counted_.stalls += vcd_.bits("array.stall", cycle_) != 0;
      loads();
      for (Index h = 0; h < height() && ok_; ++h) {
        for (Index w = 0; w < width() && ok_; ++w) os_ ? pe_os(h, w) : pe_stationary(h, w);
      }
      stores();
    }
  }

 private:
  Index height() const { return p_.options.array.height; }
  Index width() const { return p_.options.array.width; }
  static std::string pe(Index h, Index w) { return "array.pe_" + std::to_string(h) + "_" + std::to_string(w) + "."; }
  static std::string port(const char* unit, Index i) {
    return std::string("array.") + unit + "_" + std::to_string(i) + ".";
  }
  bool flag(const std::string& name) const { return vcd_.bits(name, cycle_) != 0; }
  Index number(const std::string& name) const { return static_cast<Index>(vcd_.bits(name, cycle_)); }

  void check(bool holds, const std::string& what) {
    if (holds || !ok_) return;
    ok_ = false;
    FAIL_CHECK(what << " in cycle " << cycle_);
  }

  // ---- numbers, from the digits of a register of that many bits

  template <class Stored>
  static Acc integer(std::uint64_t bits, int width) {
    if (std::is_same_v<Stored, std::uint8_t> && width == 8) return static_cast<Acc>(bits);
    const std::uint64_t sign = std::uint64_t{1} << (width - 1);
    return static_cast<Acc>(static_cast<std::uint32_t>((bits ^ sign) - sign));
  }
  template <class Stored>
  Acc value(const std::string& name, Index cycle) const {
    const std::uint64_t bits = vcd_.bits(name, cycle);
    if constexpr (kIsFloat<Stored>) {
      Stored stored;
      static_assert(sizeof stored <= sizeof bits);
      std::memcpy(&stored, &bits, sizeof stored);  // little-endian
      return support::number(stored);
    } else {
      return integer<Stored>(bits, vcd_.width(name));
    }
  }
  Acc a(const std::string& name, Index cycle) const { return value<typename P::AType>(name, cycle); }
  Acc b(const std::string& name, Index cycle) const { return value<typename P::BType>(name, cycle); }
  Acc sum(const std::string& name, Index cycle) const {
    using Number = std::conditional_t<std::is_same_v<Acc, std::uint32_t>, std::int32_t, Acc>;
    if (std::is_same_v<Acc, float> && vcd_.width(name) == 16) return static_cast<Acc>(value<f16>(name, cycle));
    return value<Number>(name, cycle);
  }
  static bool same(Acc x, Acc y) { return same_bits(x, y); }

  // Both registers hold the same, or both hold nothing.
  void moved(const std::string& to, const std::string& from, Index from_cycle) {
    const bool there = from_cycle >= 0 && vcd_.known(from, from_cycle);
    check(vcd_.known(to, cycle_) == there, to + " and its source " + from);
    if (there && ok_) check(vcd_.bits(to, cycle_) == vcd_.bits(from, from_cycle), to + " is not what " + from + " was");
  }
  void valid_as_known(const std::string& name) { check(flag(name + "_valid") == vcd_.known(name, cycle_), name); }

  // ---- the edges

  void loads() {
    for (Index h = 0; h < height() && ok_; ++h) {
      const std::string left = port("left", h);
      if (flag(left + "valid")) ws_ ? loaded_b(left, "") : loaded_a(left);
    }
    for (Index w = 0; w < width() && ok_; ++w) {
      const std::string top = port("top", w), preload = port("preload", w);
      for (Index lane = 0; os_ && lane < std::max<Index>(lanes_, 1); ++lane) {
        const std::string suffix = lanes_ > 0 ? "_" + std::to_string(lane) : "";
        if (vcd_.known(top + "data" + suffix, cycle_)) loaded_b(top, suffix);
      }
      if (!os_ && flag(top + "valid")) loaded_sum(top);
      if (!chain_ || !flag(preload + "valid")) continue;
      if (os_) loaded_sum(preload);
      if (ws_) loaded_a(preload);
      if (!os_ && !ws_) loaded_b(preload, "");
    }
  }
  void loaded_a(const std::string& port) {
    const Index m = number(port + "m"), k = number(port + "k");
    const bool injected = flag(port + "injected");
    ++(injected ? counted_.injected : counted_.reads_a);
    const Acc stored = operand(p_.a(m, k), p_.options.a_zero_point, p_.options.flush_subnormals);
    check(injected == (is_sparse(dataflow_) && !p_.a_pattern(m, k)), port + "injected");
    check(same(a(port + "data", cycle_), injected ? Acc{0} : stored), port + "data is not A's");
  }
  void loaded_b(const std::string& port, const std::string& lane) {
    ++counted_.reads_b;
    const Acc stored = operand(p_.b(number(port + "k" + lane), number(port + "n")), p_.options.b_zero_point,
                               p_.options.flush_subnormals);
    check(same(b(port + "data" + lane, cycle_), stored), port + "data is not B's");
  }
  void loaded_sum(const std::string& port) {
    ++counted_.reads_c;
    check(same(sum(port + "data", cycle_), at(port)), port + "data is not in the memory of sums");
  }
  void stores() {
    for (Index w = 0; w < width() && ok_; ++w) {
      const std::string store = port("store", w);
      if (!flag(store + "valid")) continue;
      ++counted_.writes_c;
      const Acc taken = sum(store + "data", cycle_);
      // OS: what the lowest drain register held. WS, IS: what the lowest sum is now.
      const Index bottom = height() - 1;
      check(os_ ? cycle_ > 0 && vcd_.known(pe(bottom, w) + "drain", cycle_ - 1) &&
                      same(taken, sum(pe(bottom, w) + "drain", cycle_ - 1))
                : same(taken, sum(pe(bottom, w) + "sum", cycle_)),
            store + "data");
      Acc& place = at(store);
      place = p_.options.accumulate == Accumulate::chained ? taken : narrow_add(place, taken, p_.options);
    }
  }
  Acc& at(const std::string& port) {
    return memory_.at(static_cast<std::size_t>(number(port + "m") * p_.n + number(port + "n")));
  }

  // ---- the PEs

  bool is_new_fold(const std::string& pe) const {
    return cycle_ == 0 || vcd_.digits(pe + "fold", cycle_) != vcd_.digits(pe + "fold", cycle_ - 1);
  }
  void operand_of_mac(const std::string& pe) {
    const bool injected = flag(pe + "injected"), gated = flag(pe + "gated");
    check(flag(pe + "mac") || !(injected || gated), pe + "mac");
    counted_.macs += flag(pe + "mac"), counted_.gated += gated;
    if (injected || gated) check(a(pe + "a", cycle_) == Acc{0}, pe + "a is no zero");
    const bool zero = flag(pe + "mac") && a(pe + "a", cycle_) == Acc{0};
    if (zero && is_sparse(dataflow_) && !p_.options.flush_subnormals) check(injected || gated, pe + "a");
  }
  // The sum after this cycle's multiply-accumulate on `before`.
  Acc after_mac(const std::string& pe, Acc before) {
    if (!flag(pe + "mac") || flag(pe + "gated")) return before;
    const std::string lane = lanes_ > 0 ? "_" + std::to_string(number(pe + "lane")) : "";
    return narrow_mac(before, a(pe + "a", cycle_), b(pe + "b" + lane, cycle_), p_.options);
  }

  void pe_os(Index h, Index w) {
    const std::string self = pe(h, w), left = pe(h, w - 1), above = pe(h - 1, w);
    w == 0 ? moved(self + "a", port("left", h) + "data", cycle_) : moved(self + "a", left + "a", cycle_ - 1);
    for (Index lane = 0; lane < std::max<Index>(lanes_, 1) && ok_; ++lane) {
      const std::string suffix = lanes_ > 0 ? "_" + std::to_string(lane) : "";
      h == 0 ? moved(self + "b" + suffix, port("top", w) + "data" + suffix, cycle_)
             : moved(self + "b" + suffix, above + "b" + suffix, cycle_ - 1);
    }
    if (!ok_) return;
    for (const char* name : {"a", "sum", "drain"}) valid_as_known(self + name);
    operand_of_mac(self);
    if (ok_ && vcd_.known(self + "sum", cycle_)) {
      const bool first = is_new_fold(self);
      const Acc before = !first ? sum(self + "sum", cycle_ - 1) : chain_ ? sum(self + "chain", cycle_ - 1) : Acc{0};
      check(same(sum(self + "sum", cycle_), after_mac(self, before)), self + "sum");
    } else {
      check(!flag(self + "mac"), self + "mac without a sum");
    }
    if (ok_ && chain_) chain(h, w);
    if (ok_ && vcd_.known(self + "drain", cycle_)) drain(h, w);
  }

  // It keeps its value, takes the one above, or captures the sum of a fold that ends here.
  void drain(Index h, Index w) {
    const std::string self = pe(h, w), above = pe(h - 1, w);
    const auto was = [&](const std::string& name, Index cycle) {
      return cycle >= 0 && vcd_.known(name, cycle) && vcd_.bits(name, cycle) == vcd_.bits(self + "drain", cycle_);
    };
    const bool ends =
        vcd_.known(self + "fold", cycle_) &&
        (cycle_ + 1 == vcd_.edges() || vcd_.digits(self + "fold", cycle_ + 1) != vcd_.digits(self + "fold", cycle_));
    if (ends) return check(was(self + "sum", cycle_), self + "drain does not capture the sum");
    check(was(self + "drain", cycle_ - 1) || (h > 0 && was(above + "drain", cycle_ - 1)), self + "drain");
  }

  void pe_stationary(Index h, Index w) {
    const std::string self = pe(h, w), stays = self + (ws_ ? "a" : "b"), moves = self + (ws_ ? "b" : "a");
    w == 0 ? moved(moves, port("left", h) + "data", cycle_)
           : moved(moves, pe(h, w - 1) + (ws_ ? "b" : "a"), cycle_ - 1);
    for (const char* name : {"a", "b", "sum", "chain"}) {
      if (ok_) valid_as_known(self + name);
    }
    if (ok_ && vcd_.known(self + "fold", cycle_)) {
      is_new_fold(self) ? moved(stays, self + "chain", cycle_ - 1) : moved(stays, stays, cycle_ - 1);
    }
    if (!ok_) return;
    operand_of_mac(self);
    if (ok_ && vcd_.known(self + "sum", cycle_)) {
      Acc before{0};
      if (h > 0) before = sum(pe(h - 1, w) + "sum", cycle_ - 1);
      if (h == 0 && flag(port("top", w) + "valid")) before = sum(port("top", w) + "data", cycle_);
      check(same(sum(self + "sum", cycle_), after_mac(self, before)), self + "sum");
    } else {
      check(!flag(self + "mac"), self + "mac without a sum");
    }
    if (ok_) chain(h, w);
  }

  // It keeps its value, or takes the one above.
  void chain(Index h, Index w) {
    const std::string self = pe(h, w) + "chain";
    if (!vcd_.known(self, cycle_)) return;
    const auto was = [&](const std::string& name, Index cycle) {
      return cycle >= 0 && vcd_.known(name, cycle) && vcd_.bits(name, cycle) == vcd_.bits(self, cycle_);
    };
    const bool used = vcd_.known(pe(h, w) + "fold", cycle_) && is_new_fold(pe(h, w));  // and so it is free
    const bool kept = !used && was(self, cycle_ - 1);
    check(kept || (h > 0 ? was(pe(h - 1, w) + "chain", cycle_ - 1) : was(port("preload", w) + "data", cycle_)), self);
  }

  const P& p_;
  const Vcd& vcd_;
  Dataflow dataflow_;
  bool os_ = false, ws_ = false, chain_ = false;
  Index lanes_ = 0;
  std::vector<Acc> memory_;
  Counted counted_;
  Index cycle_ = 0;
  bool ok_ = true;
};

}  // namespace septet::trace_test
