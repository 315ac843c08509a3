// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The memory system: closed form against a walk fold by fold, emulator against closed form, and answers worked out by
// hand.
#include "memory_naive.hpp"
#include "septet/emulation/emulate.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

using namespace septet::memory_test;
using namespace septet;
using emulation::ArrayOptions;

namespace {

/// Buffers from the smallest that are allowed to ones that hold everything.
MemorySystem random_memory(std::mt19937& random, Dataflow dataflow, const GemmOptions& options, const Sizes& size) {
  const bool ws = stationary(dataflow, "WS");
  const Index lanes = dataflow == Dataflow::csOS ? options.combine.lanes : 1;
  const auto below = [&](Index limit) { return static_cast<Index>(random() % static_cast<unsigned>(limit)); };
  const auto bytes = [&](Index least) { return 2 * least + (below(6) == 0 ? 0 : below(Index{1} << (3 + below(13)))); };
  MemorySystem memory;
  memory.a_bytes = bytes((ws ? options.array.width : options.array.height) * size.a);
  memory.b_bytes = bytes((ws ? options.array.height : options.array.width * lanes) * size.b);
  memory.c_bytes = bytes(options.array.width * size.c);
  memory.off_chip_bandwidth = below(5) == 0 ? 0 : 1 + below(Index{1} << below(9));
  return memory;
}

/// One random problem in every dataflow, timing and accumulation. `A` decides the types.
template <class A>
void check_against_naive(unsigned seed, int rounds, const Sizes& size) {
  std::mt19937 random(seed);
  for (int round = 0; round < rounds; ++round) {
    Problem p = cycles_test::random_problem(random);
    const std::vector<A> values(p.a.begin(), p.a.end());
    p.array.a_word_bits %= 8 * size.a + 1;
    for (Dataflow dataflow : cycles_test::kAll) {
      for (Accumulate accumulate : {Accumulate::chained, Accumulate::fold_then_add}) {
        if (stationary(dataflow, "OS") && accumulate == Accumulate::fold_then_add) continue;
        p.options.dataflow = dataflow;
        p.options.accumulate = accumulate;
        p.array.timing = static_cast<Timing>(random() % 3);
        p.array.memory = random_memory(random, dataflow, p.options, size);
        const MemorySystem& memory = p.array.memory;
        INFO("seed ", seed, ", round ", round, ", ", std::string(name(dataflow)), ", ",
             std::string(name(p.array.timing)), ", ", std::string(name(accumulate)), ", beta ", p.options.beta, ", ",
             p.m, "x", p.n, "x", p.k, " on ", p.height(), "x", p.width(), ", lanes ", p.options.combine.lanes,
             ", bandwidth ", p.array.bandwidth, ", buffers ", memory.a_bytes, ",", memory.b_bytes, ",", memory.c_bytes,
             " at ", memory.off_chip_bandwidth, ", words of A of ", p.array.a_word_bits, " bits");
        const Report report =
            emulation::cycles(row_major(values.data(), p.m, p.k), p.n, type_of<A>(), p.options, p.array);
        REQUIRE(text(report) == naive_text(p, memory, size, report.cycles, report.writes_without_fold * size.c));
        ArrayOptions without = p.array;
        without.memory = {};
        const Report plain =
            emulation::cycles(row_major(values.data(), p.m, p.k), p.n, type_of<A>(), p.options, without);
        CHECK(cycles_test::text(plain) == cycles_test::text(report));
        CHECK(plain.memory.walks.empty());
      }
    }
  }
}

}  // namespace

TEST_CASE("memory: equals a walk fold by fold") {
  const int rounds = support::problem_count(500);
  check_against_naive<float>(20261, rounds, {4, 4, 4});
  check_against_naive<std::int8_t>(20262, rounds, {1, 1, 4});
  check_against_naive<std::int16_t>(20263, rounds / 4 + 1, {2, 2, 4});
}

TEST_CASE("memory: a shape alone is a matrix full of non-zeros") {
  std::mt19937 random(20264);
  for (int round = 0; round < support::problem_count(300); ++round) {
    Problem p = cycles_test::random_problem(random);
    std::fill(p.a.begin(), p.a.end(), 2.0F);
    p.array.timing = static_cast<Timing>(round % 3);
    for (Dataflow dataflow : cycles_test::kAll) {
      p.options.dataflow = dataflow;
      p.array.memory = random_memory(random, dataflow, p.options, {});
      INFO("seed 20264, round ", round, ", ", std::string(name(dataflow)), ", ", p.m, "x", p.n, "x", p.k, " on ",
           p.height(), "x", p.width());
      const Report r = emulation::cycles(p.m, p.n, p.k, Type::f32, Type::f32, p.options, p.array);
      REQUIRE(text(r) == naive_text(p, p.array.memory, {}, r.cycles, r.writes_without_fold * 4));
    }
  }
}

TEST_CASE("memory: the emulator's report is the closed form's, in every type, timing and engine") {
  std::mt19937 random(20265);
  for (int round = 0; round < support::problem_count(400); ++round) {
    support::for_random_problem(20265 + static_cast<std::uint64_t>(round), {}, [&](auto& p) {
      INFO(support::describe(p));
      const Sizes size{size_of(p.a_type), size_of(p.b_type), size_of(accumulator_of(p.a_type))};
      const Dataflow dataflow = support::resolve(p.options.dataflow, p.options.accumulate, false);
      ArrayOptions array = p.array_options;
      array.memory = random_memory(random, dataflow, p.options, size);
      array.engine = static_cast<Engine>(round % 3);
      array.a_word_bits = static_cast<Index>(random() % static_cast<unsigned>(8 * size.a + 1));
      if (p.options.fold_depth != 0) p.options.fold_depth = p.options.array.height;
      const ConstMatrix a = p.a.view();
      const Report emulated = emulation::emulate(a, p.b.view(), p.c.view(), p.options, array);
      const Report closed = emulation::cycles(a, p.n, p.b_type, p.options, array);
      REQUIRE(text(emulated) == text(closed));
      CHECK(cycles_test::text(emulated) == cycles_test::text(closed));
      CHECK(emulated.writes_without_fold == closed.writes_without_fold);
    });
  }
}

// ---- by hand ------------------------------------------------------------------------------------------------------

namespace {

Report dense(Dataflow dataflow, Index m, Index n, Index k, Type type, Index side, const MemorySystem& memory) {
  GemmOptions options;
  options.dataflow = dataflow;
  options.array = {side, side};
  ArrayOptions array;
  array.memory = memory;
  return emulation::cycles(m, n, k, type, type, options, array);
}

/// "order keeps …, stall …, bytes …"
std::string chosen(const Report& report) { return text(report.memory.chosen); }

}  // namespace

TEST_CASE("memory: four folds of dOS by hand") {
  // 2 x 2 PEs, 4 x 4 x 3, s8: tiles of A and B are 6 bytes, of C 16; a fold is 3 + 2 + 2 cycles. Halves hold one tile
  // of each, 4 bytes move per cycle. A is kept, 2 m-tiles by 2 n-tiles:
  //   fill 12 bytes: 3 cycles; then, in slots of 7,  B 6 | C 16, A 6, B 6 | C 16, B 6 | C 16  bytes: 2, 7, 6 and 4
  //   cycles: all hide; C 16: 4 cycles. 7 stalls. A comes once (12), B for each of 2 blocks (24), C leaves (64).
  CHECK(chosen(dense(Dataflow::dOS, 4, 4, 3, Type::s8, 2, {12, 12, 32, 4})) == "m n keeps 1 1 1, stall 7, bytes 100; ");
  // One byte per cycle: 12, 7 (B 6 hides), 28, 22, 16, 16: 101 of which 28 are the array's.
  CHECK(chosen(dense(Dataflow::dOS, 4, 4, 3, Type::s8, 2, {12, 12, 32, 1})) ==
        "m n keeps 1 1 1, stall 73, bytes 100; ");
  // Both tiles of A stay: everything moves once.
  CHECK(chosen(dense(Dataflow::dOS, 4, 4, 3, Type::s8, 2, {24, 12, 32, 4})) == "n m keeps 2 1 1, stall 7, bytes 88; ");
  // So they do if both of B stay, in the contract's order.
  CHECK(chosen(dense(Dataflow::dOS, 4, 4, 3, Type::s8, 2, {12, 24, 32, 4})) == "m n keeps 1 2 1, stall 7, bytes 88; ");
  // C passes through: 16 bytes in each slot beside what the next fold wants: 22, 28, 22, 16 bytes in slots of 7 cycles,
  // and nothing is left to be stored: 3 for the first fill.
  CHECK(chosen(dense(Dataflow::dOS, 4, 4, 3, Type::s8, 2, {12, 12, 16, 4})) == "m n keeps 1 1 0, stall 3, bytes 100; ");
}

TEST_CASE("memory: partial sums that do not fit are spilled, by hand") {
  // dWS on 2 x 2, f32, 2 x 4 x 4: two k-tiles, of 16 bytes of A and 32 of B; the tile of C is 32 bytes, half of its
  // buffer 16. Folds of 2 + 4 + 2 cycles, 8 bytes each: fill 48: 6 cycles; slot 1 moves 48 for fold 2 and 32 of sums
  // out: 10 cycles, 2 beyond the fold; slot 2 32 of sums in and out: 8 cycles.
  const Report spilled = dense(Dataflow::dWS, 2, 4, 4, Type::f32, 2, {32, 64, 32, 8});
  CHECK(chosen(spilled) == "k m keeps 1 1 0, stall 8, bytes 192; ");
  CHECK(spilled.cycles == 16);
  CHECK(spilled.memory.cycles_with_memory == 24);
  CHECK(spilled.memory.off_chip_reads_c_bytes == 32);
  CHECK(spilled.memory.off_chip_writes_c_bytes == 64);
  // Twice the buffer, and they stay: 48 bytes hide in slot 1, and the 32 that are left take 4 cycles at the end.
  const Report kept = dense(Dataflow::dWS, 2, 4, 4, Type::f32, 2, {32, 64, 64, 8});
  CHECK(chosen(kept) == "m k keeps 1 1 1, stall 10, bytes 128; ");
  CHECK(kept.memory.buffer_reads_c_bytes == 32);  // inside, nothing has changed
  CHECK(kept.memory.buffer_writes_c_bytes == 64);
}

TEST_CASE("memory: words of A of four bits, by hand") {
  // The four folds above, of A 5 deep: a tile of 10 words is 5 bytes outside the array, of B 10. All of A twice through
  // the edge, once from off-chip; the array's cycles stay.
  GemmOptions options;
  options.dataflow = Dataflow::dOS;
  options.array = {2, 2};
  ArrayOptions array;
  array.memory = {20, 40, 64, 4};
  const Report bytes = emulation::cycles(4, 4, 5, Type::s8, Type::s8, options, array);
  array.a_word_bits = 4;
  const Report nibbles = emulation::cycles(4, 4, 5, Type::s8, Type::s8, options, array);
  CHECK(nibbles.cycles == bytes.cycles);
  CHECK(nibbles.reads_a_words == bytes.reads_a_words);
  CHECK(bytes.a_bytes_values == 20);
  CHECK(nibbles.a_bytes_values == 10);
  CHECK(bytes.memory.buffer_reads_a_bytes == 40);
  CHECK(nibbles.memory.buffer_reads_a_bytes == 20);
  CHECK(bytes.memory.off_chip_reads_a_bytes == 20);
  CHECK(nibbles.memory.off_chip_reads_a_bytes == 10);
  CHECK(nibbles.memory.buffer_reads_b_bytes == bytes.memory.buffer_reads_b_bytes);
  // 3 deep, a tile of 6 words is 3 bytes; 5 bits each, 30, are 4.
  array.a_word_bits = 5;
  CHECK(emulation::cycles(4, 4, 3, Type::s8, Type::s8, options, array).memory.off_chip_reads_a_bytes == 2 * 4);
  // A limit between buffers and array sees it, too: 2 x 2 x 16 is one fold of 32 words of A, 32 of B, and 4 sums.
  ArrayOptions limited;
  limited.bandwidth = 1;
  CHECK(emulation::cycles(2, 2, 16, Type::s8, Type::s8, options, limited).cycles == 32 + 32 + 16);
  limited.a_word_bits = 4;
  CHECK(emulation::cycles(2, 2, 16, Type::s8, Type::s8, options, limited).cycles == 16 + 32 + 16);
}

TEST_CASE("memory: a layer of ResNet-50 by hand") {
  // layer1.0.conv2, 64 x 3136 x 576, s8, dWS on 32 x 32: 2 m-tiles, 18 k-tiles; tiles of A 32 * 32 = 1,024 bytes, of B
  // 32 * 3136 = 100,352, of C 32 * 3136 * 4 = 401,408. A fold takes 32 + 3136 + 62 = 3,230 cycles.
  const Index a = 64 * 576, b = 576 * 3136, c = 64 * 3136 * 4;
  const Index fill = (1024 + 100352) / 32, store = 401408 / 32;  // 3,168 and 12,544 cycles at 32 bytes per cycle
  // 1 MiB of sums: a tile of C stays over its k, B comes for both m-tiles. 3,168 hide in 3,230, but where the m-tile
  // changes, its sums leave too.
  const Report one = dense(Dataflow::dWS, 64, 3136, 576, Type::s8, 32, {64 << 10, 256 << 10, 1 << 20, 32});
  CHECK(one.cycles == 36 * 3230);
  CHECK(std::string(one.memory.chosen.loop_order) == "m k");
  CHECK(one.memory.off_chip_reads_a_bytes == a);
  CHECK(one.memory.off_chip_reads_b_bytes == 2 * b);
  CHECK(one.memory.off_chip_reads_c_bytes == 0);
  CHECK(one.memory.off_chip_writes_c_bytes == c);
  CHECK(one.memory.chosen.cycles_stall_memory == fill + (store + fill - 3230) + store);
  // 2 MiB: all of C stays, and everything moves once.
  const Report all = dense(Dataflow::dWS, 64, 3136, 576, Type::s8, 32, {64 << 10, 256 << 10, 2 << 20, 32});
  CHECK(std::string(all.memory.chosen.loop_order) == "k m");
  CHECK(all.memory.chosen.resident_c_tiles == 2);
  CHECK(all.memory.chosen.off_chip_bytes == a + b + c);
  // 256 KiB: no tile of C fits; sums pass through in every fold but those of the first k-tile, which bring none in.
  const Report none = dense(Dataflow::dWS, 64, 3136, 576, Type::s8, 32, {64 << 10, 256 << 10, 256 << 10, 32});
  CHECK(none.memory.chosen.resident_c_tiles == 0);
  CHECK(none.memory.off_chip_reads_c_bytes == 17 * c);
  CHECK(none.memory.off_chip_writes_c_bytes == 18 * c);
  CHECK(none.memory.off_chip_reads_b_bytes == b);  // k outside: B once
  // dOS: C leaves once, finished. A's 2 m-tiles of 18,432 bytes fit 64 KiB with room for 1; B's 98 n-tiles of 18,432
  // fit 256 KiB seven at a time: 14 blocks, and A comes for each. Or A's tile stays, and B comes twice: more. Or both
  // tiles of A in 128 KiB, and everything moves once.
  const Report os = dense(Dataflow::dOS, 64, 3136, 576, Type::s8, 32, {64 << 10, 256 << 10, 64 << 10, 0});
  CHECK(os.memory.chosen.off_chip_bytes == 14 * a + b + c);
  const Report os_once = dense(Dataflow::dOS, 64, 3136, 576, Type::s8, 32, {128 << 10, 256 << 10, 64 << 10, 0});
  CHECK(os_once.memory.chosen.off_chip_bytes == a + b + c);
  CHECK(os_once.memory.chosen.resident_a_tiles == 2);
}

TEST_CASE("memory: buffers without limits move every operand once") {
  std::mt19937 random(20266);
  for (int round = 0; round < 200; ++round) {
    Problem p = cycles_test::random_problem(random);
    p.m += 1, p.n += 1, p.k += 1;
    p.options.beta = 0;
    for (Dataflow dataflow : {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS}) {
      p.options.dataflow = dataflow;
      ArrayOptions array = p.array;
      array.a_word_bits = 0;
      array.memory = {1 << 20, 1 << 20, 1 << 20, 0};
      INFO("seed 20266, round ", round, ", ", std::string(name(dataflow)), ", ", p.m, "x", p.n, "x", p.k);
      const Report r = emulation::cycles(p.m, p.n, p.k, Type::s8, Type::s8, p.options, array);
      CHECK(r.memory.chosen.off_chip_bytes == p.m * p.k + p.k * p.n + 4 * p.m * p.n);
      CHECK(r.memory.cycles_with_memory == r.cycles);
    }
  }
}

TEST_CASE("memory: nothing to multiply") {
  const float zeros[6] = {};
  GemmOptions options;
  options.array = {2, 2};
  ArrayOptions array;
  array.memory = {64, 64, 64, 1};
  for (Dataflow dataflow : {Dataflow::sOS, Dataflow::sWS, Dataflow::sIS}) {
    options.dataflow = dataflow;
    const Report r = emulation::cycles(row_major(zeros, 3, 2), 5, Type::f32, options, array);
    CHECK(r.memory.cycles_with_memory == 0);
    CHECK(r.memory.chosen.off_chip_bytes == 3 * 5 * 4);  // the epilogue's
    CHECK(r.memory.off_chip_writes_c_bytes == 3 * 5 * 4);
    CHECK(r.memory.buffer_writes_c_bytes == 0);
  }
  options.alpha = 0;
  CHECK(emulation::cycles(3, 5, 2, Type::f32, Type::f32, options, array).memory.chosen.off_chip_bytes == 60);
}

TEST_CASE("memory: huge products cost no time") {
  // 2^20 m-tiles and as many n-tiles: 2^40 folds.
  const Index n = Index{1} << 24;
  const Report r = dense(Dataflow::dOS, n, n, 1024, Type::s8, 16, {1 << 20, 1 << 20, 1 << 20, 64});
  CHECK(r.folds == Index{1} << 40);
  CHECK(r.memory.off_chip_writes_c_bytes == 4 * n * n);
  // 32 of A's tiles of 16 KiB in half of 1 MiB: 2^15 blocks, and B comes for each; or the same of B.
  CHECK(r.memory.chosen.off_chip_bytes == 4 * n * n + n * 1024 + (Index{1} << 15) * n * 1024);
}

TEST_CASE("memory: buffers that no array works from are refused") {
  GemmOptions options;
  options.array = {4, 8};
  options.combine.lanes = 2;
  const float values[] = {1};
  float out[] = {0};
  const auto refused = [&](Dataflow dataflow, const MemorySystem& memory) {
    options.dataflow = dataflow;
    ArrayOptions array;
    array.memory = memory;
    Report report;
    report.m = -7;
    const Status closed = emulation::try_cycles(1, 1, 1, Type::f32, Type::f32, options, array, report);
    const Status emulated = emulation::try_emulate(row_major(values, 1, 1), row_major(values, 1, 1),
                                                   row_major(out, 1, 1), options, array, report);
    CHECK(closed.cause() == emulated.cause());
    CHECK(closed.argument() == emulated.argument());
    CHECK(closed.message() == emulated.message());
    CHECK((closed.ok() ? report.m == 1 : report.m == -7));
    return closed.argument();
  };
  // What the edge moves in a cycle, of f32, twice: A 4 (WS 8) words, B 8 (WS 4; csOS 2 lanes of 8), C 8.
  CHECK(refused(Dataflow::dOS, {32, 64, 64, 1}).empty());
  CHECK(refused(Dataflow::dOS, {31, 64, 64, 1}) == "array_options.memory.a_bytes");
  CHECK(refused(Dataflow::dOS, {32, 63, 64, 1}) == "array_options.memory.b_bytes");
  CHECK(refused(Dataflow::dOS, {32, 64, 63, 1}) == "array_options.memory.c_bytes");
  CHECK(refused(Dataflow::dWS, {64, 32, 64, 1}).empty());
  CHECK(refused(Dataflow::sWS, {63, 32, 64, 1}) == "array_options.memory.a_bytes");
  CHECK(refused(Dataflow::dIS, {32, 64, 64, 0}).empty());
  CHECK(refused(Dataflow::csOS, {32, 128, 64, 0}).empty());
  CHECK(refused(Dataflow::csOS, {32, 127, 64, 0}) == "array_options.memory.b_bytes");
  CHECK(refused(Dataflow::dOS, {0, 0, 0, 16}) == "array_options.memory.a_bytes");
  CHECK(refused(Dataflow::dOS, {-1, 64, 64, 16}) == "array_options.memory.a_bytes");
  CHECK(refused(Dataflow::dOS, {32, 64, 64, -1}) == "array_options.memory.off_chip_bandwidth");
}
