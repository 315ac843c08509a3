// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Dense products however they are cut, against loops that share nothing with the library or with the other tests'
// reference: one chain of fma per output, k ascending; integers in 64 bits, then modulo 2^32.
#include "septet/septet.hpp"
#include "src/dense_blocking.hpp"
#include "src/threads.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"
#include "support/guard.hpp"
#include "support/storage.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace {

using namespace septet;
using namespace septet::support;

// Whatever its size, a product is shared among as many threads as are asked for.
[[maybe_unused]] const Index shared = detail::worth_sharing() = 0;

std::vector<std::string> all_targets() {
  std::vector<std::string> names;
  for (const char* const* name = supported_targets(); *name != nullptr; ++name) names.emplace_back(*name);
  return names;
}

// A matrix in rows or in columns; the values do not depend on which.
template <class T>
struct Dense {
  std::vector<T> by_rows, by_columns;
  Index rows, cols;

  Dense(Index rows_, Index cols_)
      : by_rows(static_cast<std::size_t>(rows_ * cols_)), by_columns(by_rows.size()), rows(rows_), cols(cols_) {}
  Dense(Rng& rng, Index rows_, Index cols_) : Dense(rows_, cols_) {
    for (T& x : by_rows) x = random_value<T>(rng, ValueKind::mixed);
    for (Index i = 0; i < rows; ++i) {
      for (Index j = 0; j < cols; ++j) by_columns[j * rows + i] = by_rows[i * cols + j];
    }
  }
  T operator()(Index i, Index j) const { return by_rows[i * cols + j]; }
  MatrixView<T> view(bool columns = false) {
    return columns ? column_major(by_columns.data(), rows, cols) : row_major(by_rows.data(), rows, cols);
  }
};

template <class T>
Dense<T> chained(const Dense<T>& a, const Dense<T>& b) {
  Dense<T> c(a.rows, b.cols);
  for (Index i = 0; i < a.rows; ++i) {
    for (Index j = 0; j < b.cols; ++j) {
      T sum = 0;
      for (Index k = 0; k < a.cols; ++k) sum = std::fma(a(i, k), b(k, j), sum);
      c.by_rows[i * c.cols + j] = sum;
    }
  }
  return c;
}

// The blocking as usual, and forced to sizes that divide nothing, operands packed or not.
const detail::ForcedBlocking kBlockings[] = {{},
                                             {0, 0, 0, 0, 0},
                                             {0, 0, 0, 1, 1},
                                             {13, 29, 7, 0, 1},
                                             {13, 29, 7, 1, 0},
                                             {1, 17, 1, 1, 1},
                                             {31, 3, 53, -1, 0},
                                             {31, 70, 53, 1, 0}};

template <class T>
void check_floats(Rng& rng, Index m, Index n, Index k) {
  Dense<T> a(rng, m, k), b(rng, k, n);
  Dense<T> want = chained(a, b);
  for (const std::string& name : all_targets()) {
    REQUIRE(set_target(name.c_str()).ok());
    for (const detail::ForcedBlocking& blocking : kBlockings) {
      detail::forced_blocking() = blocking;
      for (int layouts = 0; layouts < 8; ++layouts) {
        for (const int threads : {1, 2, 3, 7}) {
          if (!is_sampled(rng)) continue;
          GemmOptions options;
          options.threads = threads;
          Dense<T> c(m, n);
          const auto got = c.view((layouts & 4) != 0);
          gemm(a.view((layouts & 1) != 0), b.view((layouts & 2) != 0), got, options);
          const Difference difference = compare_bits(got, want.view(false));
          INFO(name << " " << m << "x" << n << "x" << k << " threads " << threads << " layouts " << layouts
                    << " blocks " << blocking.rows << "x" << blocking.cols << "x" << blocking.steps << " pack "
                    << blocking.pack);
          CHECK(difference.text == "");
        }
      }
    }
  }
  detail::forced_blocking() = {};
  REQUIRE(set_target(nullptr).ok());
}

}  // namespace

TEST_CASE("f32 and f64 bits: threads, targets, packing, blocking and layouts change none") {
  Rng rng(71);
  const struct {
    Index m, n, k;
  } shapes[] = {{1, 37, 70},  {41, 1, 33},   {5, 7, 131}, {37, 67, 59}, {67, 97, 13}, {131, 16, 16},
                {70, 32, 64}, {16, 150, 12}, {8, 97, 64}, {1, 300, 9},  {120, 3, 40}};
  for (const auto& shape : shapes) {
    check_floats<float>(rng, shape.m, shape.n, shape.k);
    check_floats<double>(rng, shape.m, shape.n, shape.k);
  }
}

namespace {

// Packed on the left (2), on the right (3), or as they are.
void multiply_integers(int way, const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, GemmOptions options) {
  PackOptions packing;
  packing.dataflow = Dataflow::dOS;
  if (way == 2) {
    packing.zero_point = options.a_zero_point;
    return gemm(pack(a, packing), b, c, options);
  }
  if (way == 3) {
    packing.side = Side::right;
    packing.zero_point = options.b_zero_point;
    return gemm(a, pack(b, packing), c, options);
  }
  gemm(a, b, c, options);
}

template <class TA, class TB>
void check_integers(const MatrixView<TA>& a, const MatrixView<TB>& b, int a_zero, int b_zero) {
  std::vector<std::int32_t> c(static_cast<std::size_t>(a.rows * b.cols)), want(c.size());
  for (Index i = 0; i < a.rows; ++i) {
    for (Index j = 0; j < b.cols; ++j) {
      std::int64_t sum = 0;
      for (Index k = 0; k < a.cols; ++k) {
        sum += (std::int64_t{a(i, k)} - a_zero) * (std::int64_t{b(k, j)} - b_zero);
      }
      want[static_cast<std::size_t>(i * b.cols + j)] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum));
    }
  }
  GemmOptions options;
  options.a_zero_point = a_zero;
  options.b_zero_point = b_zero;
  for (const std::string& name : all_targets()) {
    REQUIRE(set_target(name.c_str()).ok());
    for (const int way : {0, 1, 2, 3, 4}) {
      options.threads = way == 1 ? 3 : 1;
      detail::forced_blocking().large_tiles = way > 0;  // every other way also where a tile is hardly filled
      if (way > 3) detail::forced_blocking().steps = 17, detail::forced_blocking().rows = 40;
      std::fill(c.begin(), c.end(), -1);
      const auto got = row_major(c.data(), a.rows, b.cols);
      multiply_integers(way, a, b, got, options);
      detail::forced_blocking() = {};
      INFO(name << " " << septet::name(type_of<TA>()) << " " << septet::name(type_of<TB>()) << " " << a.rows << "x"
                << b.cols << "x" << a.cols << " zero points " << a_zero << ", " << b_zero << " way " << way);
      CHECK(compare_bits(got, row_major(want.data(), a.rows, b.cols)).text == "");
    }
  }
  REQUIRE(set_target(nullptr).ok());
}

// A of x0, x1, x0, … along k, B of y0, y1, …: what saturates in pairs, or in fours, would show.
template <class TA, class TB>
void check_pairs(Index m, Index n, Index k, const int (&x)[2], const int (&y)[2], int a_zero, int b_zero) {
  std::vector<TA> a(static_cast<std::size_t>(m * k));
  std::vector<TB> b(static_cast<std::size_t>(k * n));
  for (Index i = 0; i < m * k; ++i) a[static_cast<std::size_t>(i)] = static_cast<TA>(x[i % k % 2]);
  for (Index i = 0; i < k * n; ++i) b[static_cast<std::size_t>(i)] = static_cast<TB>(y[i / n % 2]);
  check_integers<TA, TB>(row_major(a.data(), m, k), row_major(b.data(), k, n), a_zero, b_zero);
}

}  // namespace

TEST_CASE("integer sums at the extremes") {
  using std::int8_t, std::uint8_t, std::int16_t;
  const struct {
    Index m, n, k;
  } shapes[] = {{1, 1, 1}, {1, 19, 3}, {1, 33, 65536}, {3, 1, 65535}, {1, 65, 255}, {5, 17, 131}, {14, 50, 77}};
  for (const auto& s : shapes) {
    check_pairs<int8_t, int8_t>(s.m, s.n, s.k, {-128, -128}, {-128, -128}, 0, 0);
    check_pairs<int8_t, int8_t>(s.m, s.n, s.k, {-128, 127}, {127, -128}, 127, -128);
    check_pairs<int8_t, int8_t>(s.m, s.n, s.k, {-128, -128}, {-128, -128}, 127, 127);
    check_pairs<uint8_t, int8_t>(s.m, s.n, s.k, {255, 255}, {-128, -128}, 0, 0);
    check_pairs<uint8_t, int8_t>(s.m, s.n, s.k, {211, 171}, {71, 107}, 0, 0);
    check_pairs<uint8_t, int8_t>(s.m, s.n, s.k, {255, 0}, {127, -128}, 255, 127);
    check_pairs<int8_t, uint8_t>(s.m, s.n, s.k, {-128, -128}, {255, 255}, 0, 0);
    check_pairs<int8_t, uint8_t>(s.m, s.n, s.k, {71, 107}, {211, 171}, -128, 255);
    check_pairs<uint8_t, uint8_t>(s.m, s.n, s.k, {255, 255}, {255, 255}, 0, 0);
    check_pairs<uint8_t, uint8_t>(s.m, s.n, s.k, {0, 255}, {0, 255}, 255, 255);
    check_pairs<int16_t, int16_t>(s.m, s.n, s.k, {-32768, -32768}, {-32768, -32768}, 0, 0);
    check_pairs<int16_t, int16_t>(s.m, s.n, s.k, {-32768, 32767}, {32767, 32767}, 0, 0);
  }
}

namespace {

template <class TA, class TB>
void check_random(Rng& rng, Index m, Index n, Index k) {
  Dense<TA> a(rng, m, k);
  Dense<TB> b(rng, k, n);
  const auto zero = [&](auto low, auto high) { return static_cast<int>(rng.between(low, high)); };
  const int a_zero = sizeof(TA) > 1 ? 0 : zero(std::numeric_limits<TA>::min(), std::numeric_limits<TA>::max());
  const int b_zero = sizeof(TB) > 1 ? 0 : zero(std::numeric_limits<TB>::min(), std::numeric_limits<TB>::max());
  check_integers<TA, TB>(a.view(rng.chance(0.5)), b.view(rng.chance(0.5)), a_zero, b_zero);
}

}  // namespace

TEST_CASE("integers of full range, any zero points") {
  Rng rng(72);
  for (int i = 0; i < problem_count(25); ++i) {
    const Index m = rng.between(1, 70), n = rng.between(1, 110), k = rng.between(1, 200);
    check_random<std::int8_t, std::int8_t>(rng, m, n, k);
    check_random<std::uint8_t, std::int8_t>(rng, m, n, k);
    check_random<std::int8_t, std::uint8_t>(rng, m, n, k);
    check_random<std::uint8_t, std::uint8_t>(rng, m, n, k);
    check_random<std::int16_t, std::int16_t>(rng, m, n, k);
  }
}

namespace {

// Sums of whole numbers are exact in any type, so one loop is the reference for all.
template <class T, class TC>
void check_guarded(Rng& rng, Index m, Index n, Index k, int layouts) {
  const auto bytes = [](Index count, std::size_t size) { return static_cast<std::size_t>(count) * size; };
  GuardedBuffer a_memory(bytes(m * k, sizeof(T)), GuardedBuffer::Side::end);
  GuardedBuffer b_memory(bytes(k * n, sizeof(T)), GuardedBuffer::Side::end);
  GuardedBuffer c_memory(bytes(m * n, sizeof(TC)), GuardedBuffer::Side::end);
  const auto view = [](auto* data, Index rows, Index cols, bool columns) {
    return columns ? column_major(data, rows, cols) : row_major(data, rows, cols);
  };
  const auto a = view(a_memory.as<T>(), m, k, (layouts & 1) != 0), b = view(b_memory.as<T>(), k, n, (layouts & 2) != 0);
  const auto c = view(c_memory.as<TC>(), m, n, (layouts & 4) != 0);
  std::vector<int> x(static_cast<std::size_t>(m * k)), y(static_cast<std::size_t>(k * n));
  for (Index i = 0; i < m * k; ++i)
    a(i / k, i % k) = whole<T>(x[static_cast<std::size_t>(i)] = static_cast<int>(rng.between(-3, 3)));
  for (Index i = 0; i < k * n; ++i)
    b(i / n, i % n) = whole<T>(y[static_cast<std::size_t>(i)] = static_cast<int>(rng.between(-3, 3)));
  a_memory.make_read_only();
  b_memory.make_read_only();
  gemm(a, b, c);
  std::vector<int> want(static_cast<std::size_t>(n));
  Index wrong = 0;
  for (Index i = 0; i < m; ++i) {
    std::fill(want.begin(), want.end(), 0);
    for (Index l = 0; l < k; ++l) {
      for (Index j = 0; j < n; ++j)
        want[static_cast<std::size_t>(j)] +=
            x[static_cast<std::size_t>(i * k + l)] * y[static_cast<std::size_t>(l * n + j)];
    }
    for (Index j = 0; j < n; ++j) wrong += c(i, j) != static_cast<TC>(want[static_cast<std::size_t>(j)]);
  }
  INFO(target() << " " << name(type_of<T>()) << " " << m << "x" << n << "x" << k << " layouts " << layouts);
  CHECK(wrong == 0);
  CHECK(c_memory.slack_intact());
}

}  // namespace

TEST_CASE("guard pages behind every operand: 1 to 65, primes, all layouts") {
  constexpr Index kPrimes[] = {67, 71, 97, 127, 131, 191, 257};
  Rng rng(73);
  for (const std::string& name : all_targets()) {
    REQUIRE(set_target(name.c_str()).ok());
    for (int i = 1; i < 65 + 7; ++i) {
      const Index size = i <= 65 ? i : kPrimes[i - 66];
      // Every size in every place, beside any other.
      const Index other = rng.between(1, 65), third = rng.chance(0.2) ? kPrimes[rng.below(7)] : rng.between(1, 65);
      const Index sizes[3][3] = {{size, other, third}, {third, size, other}, {other, third, size}};
      for (const auto& s : sizes) {
        if (!is_sampled(rng)) continue;
        const int layouts = static_cast<int>(rng.below(8));
        detail::forced_blocking().large_tiles = rng.chance(0.5);
        check_guarded<float, float>(rng, s[0], s[1], s[2], layouts);
        check_guarded<double, double>(rng, s[0], s[1], s[2], layouts ^ 1);
        check_guarded<std::int8_t, std::int32_t>(rng, s[0], s[1], s[2], layouts ^ 2);
        check_guarded<bf16, float>(rng, s[0], s[1], s[2], layouts ^ 4);
      }
    }
  }
  detail::forced_blocking() = {};
  REQUIRE(set_target(nullptr).ok());
}

#if defined(__x86_64__)
TEST_CASE("a function of the caller's may use the tile registers for itself") {
  Rng rng(74);
  const Index m = 320, n = 64, k = 64;  // several bands of rows
  Dense<std::int8_t> a(rng, m, k), b(rng, k, n);
  for (const std::string& name : all_targets()) {
    REQUIRE(set_target(name.c_str()).ok());
    Dense<std::int32_t> want(m, n), c(m, n);
    gemm(a.view(), b.view(), want.view());
    GemmOptions options;
    options.threads = 1;
    int calls = 0;
    options.epilogue.function.user = &calls;
    options.epilogue.function.call = [](void* user, const Tile&) {
      ++*static_cast<int*>(user);
      // tilerelease, which is all that compilers of today agree upon.
      if (std::string(target()) == "AVX3_AMX") asm volatile(".byte 0xc4, 0xe2, 0x78, 0x49, 0xc0");
    };
    gemm(a.view(), b.view(), c.view(), options);
    INFO(name);
    CHECK(calls > 0);
    CHECK(compare_bits(c.view(), want.view()).text == "");
  }
  REQUIRE(set_target(nullptr).ok());
}
#endif

TEST_CASE("packed bytes shared among threads, with an epilogue") {
  Rng rng(75);
  const Index m = 150, n = 130, k = 200;
  Dense<std::uint8_t> a(rng, m, k), b(rng, k, n);
  std::vector<std::int32_t> bias(static_cast<std::size_t>(n));
  for (std::int32_t& x : bias) x = static_cast<std::int32_t>(rng.between(-1000, 1000));
  GemmOptions options;
  options.epilogue.bias = per_column(bias.data(), m, n);
  REQUIRE(set_target("portable").ok());
  Dense<std::int32_t> want(m, n);
  gemm(a.view(), b.view(), want.view(), options);
  PackOptions left, right;
  left.dataflow = right.dataflow = Dataflow::dOS;
  right.side = Side::right;
  for (const std::string& name : all_targets()) {
    REQUIRE(set_target(name.c_str()).ok());
    for (const int threads : {1, 2, 3}) {
      options.threads = threads;
      Dense<std::int32_t> c(m, n), d(m, n);
      gemm(pack(a.view(), left), b.view(), c.view(), options);
      gemm(a.view(), pack(b.view(), right), d.view(), options);
      INFO(name << " threads " << threads);
      CHECK(compare_bits(c.view(), want.view()).text == "");
      CHECK(compare_bits(d.view(), want.view()).text == "");
    }
  }
  REQUIRE(set_target(nullptr).ok());
}
