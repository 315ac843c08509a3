// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Compiled once for each array, together with everything that Verilator made of it: SEPTET_RTL_SOURCES includes that;
// SEPTET_RTL_MODEL is the model's class, the other macros are the module's parameters.
#include SEPTET_RTL_SOURCES

#include "simulated_array.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>

namespace septet::rtl_test {
namespace {

// Bits [lsb, lsb + width) of a signal of any width.
template <class T>
std::uint32_t field(const T& signal, int lsb, int width) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(signal) >> lsb & ((std::uint64_t{1} << width) - 1));
}
template <std::size_t N>
std::uint32_t field(const VlWide<N>& signal, int lsb, int width) {
  std::uint32_t value = 0;
  for (int i = 0; i < width; ++i) value |= (signal[(lsb + i) / 32] >> (lsb + i) % 32 & 1u) << i;
  return value;
}

class VerilatedArray : public SimulatedArray {
 public:
  VerilatedArray() {
    context_.threads(1);  // else it keeps a pool of them
    context_.randReset(2);
    context_.randSeed(1);
    model_ = std::make_unique<SEPTET_RTL_MODEL>(&context_);
  }

  ArrayShape shape() const override { return {SEPTET_RTL_HEIGHT, SEPTET_RTL_WIDTH}; }
  int lanes() const override { return SEPTET_RTL_LANES; }
  int operand_bits() const override { return SEPTET_RTL_OPERAND_BITS; }
  Index largest_size() const override { return (Index{1} << SEPTET_RTL_SIZE_BITS) - 1; }
  Index capacity() const override { return Index{1} << SEPTET_RTL_MEMORY_BITS; }

  void reset() override {
    model_->reset = 1;
    for (int i = 0; i < 2; ++i) tick();
    model_->reset = 0;
  }

  Outcome run(const Inputs& inputs, Index max_clocks) override {
    Outcome outcome;
    const std::vector<std::int32_t> before = fill_memories(inputs);
    SEPTET_RTL_MODEL& top = *model_;
    top.dataflow = static_cast<CData>(inputs.dataflow);
    top.overlapped = inputs.overlapped, top.fold_then_add = inputs.fold_then_add, top.preload = inputs.preload;
    top.m = inputs.m, top.n = inputs.n, top.k = inputs.k;
    top.a_unsigned = inputs.a_unsigned, top.b_unsigned = inputs.b_unsigned;
    top.a_zero_point = inputs.a_zero_point & 0x1ff, top.b_zero_point = inputs.b_zero_point & 0x1ff;
    top.start = 1;
    tick();
    top.start = 0;
    for (Index clock = 0; clock < max_clocks && top.done == 0; ++clock) {
      top.eval();
      note_writes(outcome);
      if (top.running != 0) outcome.counts_from_zero &= static_cast<Index>(top.cycle) == outcome.running++;
      top.start = inputs.restless && top.busy != 0 && clock % 3 == 0;
      tick();
      top.start = 0;
    }
    outcome.done = top.done != 0, outcome.refused = top.refused != 0;
    outcome.cycles = static_cast<Index>(top.cycles);
    for (int i = 0; i < 3; ++i) {  // whoever reads C when `done` is high must find all of it
      outcome.writes_late |= any_write();
      tick();
    }
    const auto& memory = top.rootp->septet_system__DOT__c;
    for (std::size_t i = 0; i < before.size(); ++i) {
      const auto word = static_cast<std::int32_t>(memory[i]);
      if (i < inputs.c.size()) {
        outcome.c.push_back(word);
      } else {
        outcome.nothing_else_written &= word == before[i];
      }
    }
    return outcome;
  }

 private:
  void tick() {
    for (const int clk : {1, 0}) {
      model_->clk = static_cast<CData>(clk);
      model_->eval();
    }
  }

  // The words of C's memory.
  std::vector<std::int32_t> fill_memories(const Inputs& inputs) {
    auto& root = *model_->rootp;
    std::mt19937_64 random(inputs.seed);
    const auto fill = [&](auto& memory, const auto& words) {
      using Word = std::decay_t<decltype(memory[0])>;
      for (Index i = 0; i < capacity(); ++i) {
        const bool given = i < static_cast<Index>(words.size());
        memory[static_cast<std::size_t>(i)] =
            given ? static_cast<Word>(words[static_cast<std::size_t>(i)]) : static_cast<Word>(random());
      }
    };
    fill(root.septet_system__DOT__a, inputs.a);
    fill(root.septet_system__DOT__b, inputs.b);
    fill(root.septet_system__DOT__c, inputs.c);
    std::vector<std::int32_t> words;
    for (Index i = 0; i < capacity(); ++i) {
      words.push_back(static_cast<std::int32_t>(root.septet_system__DOT__c[static_cast<std::size_t>(i)]));
    }
    return words;
  }

  bool any_write() {
    for (int w = 0; w < SEPTET_RTL_WIDTH; ++w) {
      if (field(model_->c_write, w, 1) != 0) return true;
    }
    return false;
  }

  void note_writes(Outcome& outcome) {
    constexpr int kBits = SEPTET_RTL_ADDRESS_BITS;
    for (int w = 0; w < SEPTET_RTL_WIDTH; ++w) {
      if (field(model_->c_write, w, 1) == 0) continue;
      outcome.writes.push_back({static_cast<Index>(model_->cycle), w, field(model_->c_write_address, w * kBits, kBits),
                                static_cast<std::int32_t>(field(model_->c_write_data, 32 * w, 32))});
    }
  }

  VerilatedContext context_;
  std::unique_ptr<SEPTET_RTL_MODEL> model_;
};

[[maybe_unused]] const bool registered =
    register_array([]() -> std::unique_ptr<SimulatedArray> { return std::make_unique<VerilatedArray>(); });

}  // namespace
}  // namespace septet::rtl_test
