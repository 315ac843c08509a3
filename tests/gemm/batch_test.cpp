// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A batch has the bits of one call for each product, wherever its matrices lie, and refuses what does not lie apart.
#include "septet/septet.hpp"
#include "src/overlap.hpp"
#include "src/threads.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"
#include "support/guard.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <set>

namespace {

using namespace septet;
using namespace septet::support;

// Whatever its size, a product is shared among as many threads as are asked for.
[[maybe_unused]] const Index shared = detail::worth_sharing() = 0;

constexpr int kThreads[] = {1, 2, 3, 7};

// The matrices of a batch in one buffer; everything between them is filled with values, too.
template <class T>
struct Stack {
  std::vector<T> buffer;
  Index origin = 0, stride = 0, rows, cols;
  Strides strides;

  Stack(Rng& rng, Index count, Index rows_, Index cols_, Strides strides_, bool is_shared)
      : rows(rows_), cols(cols_), strides(strides_) {
    const bool empty = rows == 0 || cols == 0;
    const Index down = empty ? 0 : (rows - 1) * strides.row, right = empty ? 0 : (cols - 1) * strides.col;
    const Index low = std::min<Index>(0, down) + std::min<Index>(0, right);
    const Index high = std::max<Index>(0, down) + std::max<Index>(0, right);
    if (!is_shared) stride = (high - low + 1 + rng.below(4)) * (rng.chance(0.2) ? -1 : 1);
    const Index reach = (count - 1) * stride;
    origin = -low - std::min<Index>(0, reach);
    buffer.resize(static_cast<std::size_t>(high - low + 1 + std::abs(reach)));
  }
  MatrixView<T> view(Index i = 0) {
    return {buffer.data() + origin + i * stride, rows, cols, strides.row, strides.col};
  }
  void fill(Rng& rng, ValueKind kind, int zero_point, double zeros) {
    fill_random(rng, row_major(buffer.data(), 1, static_cast<Index>(buffer.size())), kind, zero_point, zeros);
  }
};

template <class T>
std::string first_difference(std::vector<T>& got, std::vector<T>& want) {
  const auto size = static_cast<Index>(got.size());
  return compare_bits(row_major(got.data(), 1, size), row_major(want.data(), 1, size)).text;
}

template <class P>
void check_problem(const P& p, Rng& rng, const std::vector<std::string>& targets) {
  using TC = typename P::CType;
  const Index count = rng.between(1, 9);
  Stack<typename P::AType> a(rng, count, p.m, p.k, p.a_strides, rng.chance(0.2));
  Stack<typename P::BType> b(rng, count, p.k, p.n, p.b_strides, rng.chance(0.2));
  Stack<TC> c(rng, count, p.m, p.n, p.c_strides, false);
  a.fill(rng, p.values, p.options.a_zero_point, is_sparse(p.options.dataflow) ? 0.6 : 0.05);
  b.fill(rng, p.values, p.options.b_zero_point, 0.05);
  c.fill(rng, p.values, 0, 0.05);
  const std::vector<TC> initial = c.buffer;
  for (Index i = 0; i < count; ++i) gemm(a.view(i), b.view(i), c.view(i), p.options);
  std::vector<TC> want = initial;
  std::swap(want, c.buffer);
  REQUIRE(set_target(rng.pick(targets).c_str()).ok());
  for (const int threads : kThreads) {
    c.buffer = initial;
    GemmOptions options = p.options;
    options.threads = threads;
    gemm_batch(count, a.view(), a.stride, b.view(), b.stride, c.view(), c.stride, options);
    INFO(count << " products on " << target() << ", threads " << threads << "\n" << describe(p));
    CHECK(first_difference(c.buffer, want) == "");
  }
  REQUIRE(set_target(nullptr).ok());
}

std::vector<std::string> all_targets() {
  std::vector<std::string> names;
  for (const char* const* name = supported_targets(); *name != nullptr; ++name) names.emplace_back(*name);
  return names;
}

}  // namespace

TEST_CASE("a batch is one call each: every type, dataflow, layout and option") {
  const std::vector<std::string> targets = all_targets();
  for (std::uint64_t seed = 51000000; seed < 51000500; ++seed) {
    Limits limits;
    limits.max_dim = 24;
    if (seed % 2 == 0) limits.dataflow = Dataflow::dOS;  // what batches are made of
    Rng rng(seed);
    for_random_problem(seed, limits, [&](const auto& p) { check_problem(p, rng, targets); });
  }
}

TEST_CASE("products worth sharing: one per thread, or all threads in each") {
  Limits limits;
  limits.max_dim = 150;
  limits.dataflow = Dataflow::dOS;
  for (std::uint64_t seed = 52000000; seed < 52000020; ++seed) {
    Rng rng(seed);
    for_random_problem(seed, limits, [&](const auto& p) { check_problem(p, rng, {target()}); });
  }
}

namespace {

// Sizes that have kernels of their own, and their neighbours that do not, against the reference.
template <class T>
void check_small(Rng& rng, Index m, Index n, Index k) {
  constexpr Index kCount = 5;
  const auto layout = [&](Index rows, Index cols) {
    return rng.chance(0.7) ? Strides{cols + (rng.chance(0.5) ? 0 : rng.below(5)), 1} : Strides{1, rows};
  };
  GemmOptions options;
  options.beta = static_cast<double>(rng.below(2));
  options.mac = rng.chance(0.3) ? Mac::unfused : Mac::fused;
  options.threads = kThreads[rng.below(3)];
  Stack<T> a(rng, kCount, m, k, layout(m, k), rng.chance(0.2)), b(rng, kCount, k, n, layout(k, n), rng.chance(0.2));
  Stack<T> c(rng, kCount, m, n, layout(m, n), false);
  a.fill(rng, ValueKind::mixed, 0, 0.05);
  b.fill(rng, ValueKind::mixed, 0, 0.05);
  c.fill(rng, ValueKind::mixed, 0, 0.05);
  Stack<T> want = c;
  for (Index i = 0; i < kCount; ++i) reference_gemm(a.view(i), b.view(i), want.view(i), options);
  gemm_batch(kCount, a.view(), a.stride, b.view(), b.stride, c.view(), c.stride, options);
  INFO(target() << " " << m << "x" << n << "x" << k << " beta " << options.beta << " " << name(options.mac));
  CHECK(first_difference(c.buffer, want.buffer) == "");
}

}  // namespace

TEST_CASE("small products on every target") {
  Rng rng(5);
  constexpr Index kEdges[] = {1, 3, 4, 5, 8, 12, 16, 17, 20, 32, 36};
  for (const std::string& name : all_targets()) {
    REQUIRE(set_target(name.c_str()).ok());
    for (const Index size : {4, 8, 16, 32}) {
      check_small<float>(rng, size, size, size);
      check_small<double>(rng, size, size, size);
    }
    for (int i = 0; i < 120; ++i) {
      const Index m = kEdges[rng.below(11)], n = kEdges[rng.below(11)], k = kEdges[rng.below(11)];
      check_small<float>(rng, m, n, k);
      check_small<double>(rng, m, n, k);
    }
  }
  REQUIRE(set_target(nullptr).ok());
}

namespace {

// Enough of them to come from beyond the caches: operands are fetched ahead, C is written past the caches where it lies
// on a cache line.
template <class T>
void check_many(Rng& rng, Index size, Index offset) {
  const Index each = size * size, count = (Index{9} << 20) / (3 * each * static_cast<Index>(sizeof(T)));
  std::vector<T> a(static_cast<std::size_t>(count * each)), b(a.size()), c(a.size() + 64), want(c.size());
  fill_random(rng, row_major(a.data(), count, each), ValueKind::mixed);
  fill_random(rng, row_major(b.data(), count, each), ValueKind::mixed);
  const auto misaligned = reinterpret_cast<std::uintptr_t>(c.data()) % 64 / sizeof(T);
  const Index begin = static_cast<Index>((64 / sizeof(T) - misaligned) % (64 / sizeof(T))) + offset;
  const auto at = [&](auto& x, Index i) { return row_major(x.data() + i * each, size, size); };
  for (Index i = 0; i < count; ++i) {
    gemm(at(a, i), at(b, i), row_major(want.data() + begin + i * each, size, size));
  }
  for (const int threads : {1, 2}) {
    GemmOptions options;
    options.threads = threads;
    std::fill(c.begin(), c.end(), T{0});
    gemm_batch(count, at(a, 0), each, at(b, 0), each, row_major(c.data() + begin, size, size), each, options);
    INFO(target() << " " << size << " offset " << offset << " threads " << threads);
    CHECK(first_difference(c, want) == "");
  }
}

}  // namespace

TEST_CASE("more small products than the caches hold") {
  Rng rng(14);
  for (const std::string& name : all_targets()) {
    if (name == "portable" || name.rfind("AVX", 0) != 0) continue;
    REQUIRE(set_target(name.c_str()).ok());
    for (const Index size : {4, 8, 16, 32}) {
      check_many<float>(rng, size, 0);
      check_many<double>(rng, size, 0);
      check_many<float>(rng, size, 3);
    }
  }
  REQUIRE(set_target(nullptr).ok());
}

TEST_CASE("matrices side by side in larger ones") {
  constexpr Index kCount = 7, kM = 5, kN = 4, kK = 8;
  Rng rng(6);
  std::vector<float> a(kM * kCount * kK), b(kK * kCount * kN), c(kM * kCount * kN), want(c.size());
  fill_random(rng, row_major(a.data(), kM, kCount * kK), ValueKind::mixed);
  fill_random(rng, row_major(b.data(), kK, kCount * kN), ValueKind::mixed);
  const auto all_a = row_major(a.data(), kM, kCount * kK), all_b = row_major(b.data(), kK, kCount * kN);
  const auto all_c = row_major(c.data(), kM, kCount * kN), all_want = row_major(want.data(), kM, kCount * kN);
  for (Index i = 0; i < kCount; ++i) {
    gemm(all_a.block(0, i * kK, kM, kK), all_b.block(0, i * kN, kK, kN), all_want.block(0, i * kN, kM, kN));
  }
  gemm_batch(kCount, all_a.block(0, 0, kM, kK), kK, all_b.block(0, 0, kK, kN), kN, all_c.block(0, 0, kM, kN), kN);
  CHECK(first_difference(c, want) == "");
}

namespace {

template <class T, class TC>
void check_guarded(Rng& rng, Index m, Index n, Index k) {
  constexpr Index kCount = 3;
  GuardedBuffer a(kCount * m * k * sizeof(T), GuardedBuffer::Side::end);
  GuardedBuffer b(kCount * k * n * sizeof(T), GuardedBuffer::Side::end);
  GuardedBuffer c(kCount * m * n * sizeof(TC), GuardedBuffer::Side::end);
  fill_random(rng, row_major(a.as<T>(), kCount * m, k), ValueKind::small_integers);
  fill_random(rng, row_major(b.as<T>(), kCount * k, n), ValueKind::small_integers);
  a.make_read_only();
  b.make_read_only();
  std::vector<TC> want(static_cast<std::size_t>(kCount * m * n));
  const auto a0 = row_major(a.as<T>(), m, k), b0 = row_major(b.as<T>(), k, n);
  for (Index i = 0; i < kCount; ++i) {
    reference_gemm(row_major(a0.data + i * m * k, m, k), row_major(b0.data + i * k * n, k, n),
                   row_major(want.data() + i * m * n, m, n), {});
  }
  GemmOptions options;
  options.threads = 1 + static_cast<int>(rng.below(2));
  gemm_batch(kCount, a0, m * k, b0, k * n, row_major(c.as<TC>(), m, n), m * n, options);
  INFO(target() << " " << m << "x" << n << "x" << k);
  CHECK(compare_bits(row_major(c.as<TC>(), kCount * m, n), row_major(want.data(), kCount * m, n)).text == "");
  CHECK(c.slack_intact());
}

}  // namespace

TEST_CASE("guard pages behind every operand") {
  constexpr Index kSizes[] = {1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 31, 32, 33, 64, 65};
  Rng rng(8);
  for (const std::string& name : all_targets()) {
    REQUIRE(set_target(name.c_str()).ok());
    for (int i = 0; i < 60; ++i) {
      const bool cube = i < 16;
      const Index m = kSizes[cube ? i : rng.below(16)], n = cube ? m : kSizes[rng.below(16)];
      const Index k = cube ? m : kSizes[rng.below(16)];
      check_guarded<float, float>(rng, m, n, k);
      check_guarded<double, double>(rng, m, n, k);
      check_guarded<std::int8_t, std::int32_t>(rng, m, n, k);
      check_guarded<bf16, float>(rng, m, n, k);
    }
  }
  REQUIRE(set_target(nullptr).ok());
}

namespace {

// A good batch of three 2 x 3 by 3 x 4 that each case spoils in one way.
struct Call {
  Index count = 3, a_stride = 6, b_stride = 12, c_stride = 8;
  std::vector<float> memory = std::vector<float>(200, 1);
  ConstMatrix a = row_major(memory.data(), 2, 3);
  ConstMatrix b = row_major(memory.data() + 30, 3, 4);
  Matrix c = row_major(memory.data() + 100, 2, 4);
  GemmOptions options;

  Status run() const { return try_gemm_batch(count, a, a_stride, b, b_stride, c, c_stride, options); }
};

void expect(Cause cause, const std::string& argument, const std::function<void(Call&)>& spoil) {
  Call call;
  spoil(call);
  const Status status = call.run();
  INFO(status.to_string());
  CHECK(status.cause() == cause);
  CHECK(status.argument() == argument);
  CHECK(!status.message().empty());
  CHECK(call.memory == std::vector<float>(200, 1));
}

}  // namespace

TEST_CASE("what is refused") {
  constexpr Index kHuge = std::numeric_limits<Index>::max();
  expect(Cause::bad_shape, "count", [](Call& c) { c.count = -1; });
  expect(Cause::bad_shape, "b", [](Call& c) { c.b.rows = 2; });
  expect(Cause::bad_pointer, "a", [](Call& c) { c.a.data = nullptr; });
  expect(Cause::bad_stride, "a_stride", [](Call& c) { c.a_stride = kHuge; });
  expect(Cause::bad_stride, "b_stride", [](Call& c) { c.b_stride = -kHuge; });
  expect(Cause::bad_stride, "c_stride", [](Call& c) { c.c_stride = kHuge / 2; });
  expect(Cause::bad_stride, "a_stride", [](Call& c) { c.count = kHuge; });
  expect(Cause::bad_stride, "c_stride", [](Call& c) { c.c_stride = 0; });
  expect(Cause::bad_stride, "c_stride", [](Call& c) { c.c_stride = 7; });
  expect(Cause::bad_stride, "c_stride", [](Call& c) { c.c_stride = -3; });
  expect(Cause::overlap, "c", [](Call& c) { c.c.data = c.memory.data() + 15; });  // the last A
  expect(Cause::overlap, "c", [](Call& c) { c.c.data = c.memory.data() + 65; });  // the last B
  expect(Cause::overlap, "c", [](Call& c) { c.b_stride = 30; });                  // B_2 and C_0 …
  expect(Cause::overlap, "c", [](Call& c) {                                       // … as far as they reach
    c.b_stride = 42;
    c.c_stride = -1000;
    c.count = 2;
    c.c.data = c.memory.data() + 80;
    c.c_stride = 40;
  });
  expect(Cause::overlap, "c", [](Call& c) { c.options.preload = row_major(c.memory.data() + 116, 2, 4); });
  expect(Cause::overlap, "c", [](Call& c) { c.options.epilogue.bias = per_row(c.memory.data() + 119, 2, 4); });
  expect(Cause::bad_option, "options.threads", [](Call& c) { c.options.threads = -1; });
  CHECK_THROWS_AS(gemm_batch(-1, {}, 0, {}, 0, {}, 0), Error);
}

TEST_CASE("what is not") {
  const auto accept = [](const std::function<void(Call&)>& change) {
    Call call;
    change(call);
    CHECK(call.run().to_string() == "ok");
    return call;
  };
  accept([](Call&) {});
  accept([](Call& c) { c.a_stride = c.b_stride = 0; });
  accept([](Call& c) { c.options.preload = row_major(c.memory.data() + 124, 2, 4); });
  const Call none = accept([](Call& c) { c.count = 0, c.a.data = nullptr; });
  CHECK(none.memory == std::vector<float>(200, 1));
  // Records of A, B and C; C between B's rows.
  accept([](Call& c) {
    c.a_stride = c.b_stride = c.c_stride = 40;
    c.b.data = c.memory.data() + 6, c.c.data = c.memory.data() + 18;
  });
  accept([](Call& c) {
    c.a_stride = c.b_stride = c.c_stride = 50;
    c.b = row_major(c.memory.data() + 6, 3, 4, 12), c.c = row_major(c.memory.data() + 10, 2, 4, 12);
  });
}

namespace {

struct Marked {
  std::set<Index> bytes;
  bool twice = false;
};

Marked mark(const detail::RepeatedView& x) {
  Marked marked;
  for (Index r = 0; r < x.count; ++r) {
    for (Index i = 0; i < x.first.rows; ++i) {
      for (Index j = 0; j < x.first.cols; ++j) {
        const Index element = r * x.stride + i * x.first.row_stride + j * x.first.col_stride;
        const Index at = reinterpret_cast<Index>(x.first.data) + element * size_of(x.first.type);
        for (Index b = 0; b < size_of(x.first.type); ++b) marked.twice |= !marked.bytes.insert(at + b).second;
      }
    }
  }
  return marked;
}

}  // namespace

TEST_CASE("overlap of batches against marked bytes") {
  Rng rng(12);
  alignas(8) static char memory[8192];
  const auto random_stride = [&] {
    return rng.chance(0.5) ? rng.between(-12, 12) : rng.pick<Index>({1, 2, 4, 8, 16, 24, 32});
  };
  const auto random_views = [&] {
    const Type type = rng.pick({Type::u8, Type::f32});
    const ConstMatrix first(memory + 4096 + rng.between(-150, 150), type, rng.between(0, 4), rng.between(0, 4),
                            random_stride(), random_stride());
    return detail::RepeatedView{first, rng.between(0, 4), random_stride()};
  };
  int overlapping = 0, self_overlapping = 0;
  constexpr int kRounds = 20000;
  for (int i = 0; i < kRounds; ++i) {
    const detail::RepeatedView x = random_views(), y = random_views();
    const Marked mx = mark(x), my = mark(y);
    bool share = false;
    for (const Index byte : mx.bytes) share = share || my.bytes.count(byte) != 0;
    overlapping += share;
    self_overlapping += mx.twice;
    INFO(i);
    CHECK(detail::overlaps(x, y) == share);
    CHECK(detail::overlaps(y, x) == share);
    CHECK(detail::overlaps_itself(x) == mx.twice);
  }
  CHECK(overlapping > kRounds / 20);  // the generator must reach both answers
  CHECK(overlapping < kRounds * 9 / 10);
  CHECK(self_overlapping > kRounds / 20);
  CHECK(self_overlapping < kRounds * 9 / 10);
}

TEST_CASE("the check of a million matrices side by side takes no time") {
  constexpr Index kCount = 1000000;
  std::vector<float> a(16), c(16 * kCount);
  GemmOptions options;
  options.alpha = 0;
  // Columns of C between those of others, and A in the gap that is left.
  const MatrixView<float> c0{c.data(), 4, 3, 4 * kCount, 1}, a0{c.data() + 3, 4, 1, 4 * kCount, 1};
  CHECK(try_gemm_batch(kCount, a0, 4, row_major(a.data(), 1, 3), 0, c0, 4, options).ok());
  CHECK(try_gemm_batch(kCount, a0, 4, row_major(a.data(), 1, 3), 0, c0, 3, options).cause() == Cause::overlap);
}
