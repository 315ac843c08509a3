// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What a row of A does not multiply cannot be seen in its row of C: rows of B that it does not use are NaN, and the
// padding of a format never meets B. Packed matrices are shared by many callers at once.
#include "products.hpp"
#include "src/threads.hpp"

#include <thread>

namespace {

using namespace septet;
using namespace septet::support;

[[maybe_unused]] const Index kSharedFrom = septet::detail::worth_sharing() = 0;

// All rows of B that row i does not multiply become NaN; its row of C must not change.
template <class T>
void check_row(Rng& rng, const Storage<T>& a, const Storage<T>& b, Index i, const PackedMatrix& packed,
               const RowOrder& order) {
  Storage<T> poisoned(b.rows(), b.cols(), random_layout(rng), rng);  // of NaN until it is written
  for (const RowStep& step : order) {
    for (Index j = 0; j < b.cols(); ++j) poisoned(step.k, j) = b(step.k, j);
  }
  Storage<NumberOf<T>> c(a.rows(), b.cols()), want(a.rows(), b.cols());
  GemmOptions options;
  options.threads = rng.pick({1, 2, 3, 7});
  gemm(packed, b.view(), want.view(), options);
  gemm(packed, poisoned.view(), c.view(), options);
  const Difference difference = compare_bits(c.view().block(i, 0, 1, b.cols()), want.view().block(i, 0, 1, b.cols()));
  INFO(describe(packed.options()) << " of " << name(type_of<T>()) << " on " << std::string(target()) << ", row " << i
                                  << " of " << a.rows() << "x" << a.cols() << ": " << difference.text);
  CHECK(difference.equal);
  for (Index j = 0; j < b.cols(); ++j) CHECK(std::isfinite(c(i, j)));
}

template <class T>
void run_unused_rows(std::uint64_t seed) {
  Rng rng(seed);
  const Index m = rng.between(1, 40), k = rng.between(1, 90), n = rng.pick<Index>({1, 2, 5, 15, 16, 17, 49, 129});
  Storage<T> a(m, k), b(k, n, random_layout(rng), rng);
  Pattern pattern = make_pattern(rng, static_cast<PatternKind>(rng.below(kPatternKinds)), m, k, rng.unit(), {4, 4});
  if (rng.chance(0.4)) thin_out(pattern, kGroups[rng.below(5)]);
  fill_pattern(rng, a.view(), pattern, ValueKind::small_integers);
  fill_random(rng, b.view(), ValueKind::small_integers);
  for (const Format format : kFormats) {
    if (format == Format::dense) continue;
    const PackOptions packing = likely_packing(rng, format, pattern, 0);
    const PackedMatrix packed = pack(a.view(), packing);
    const std::vector<RowOrder> orders = orders_of(pattern, packing);
    for (const std::string& target : all_targets()) {
      REQUIRE(set_target(target.c_str()).ok());
      const Index i = rng.below(m);
      if (stores_no_zeros(format)) REQUIRE(static_cast<Index>(orders[i].size()) == count_nonzeros(pattern, i, 0, 1, k));
      check_row(rng, a, b, i, packed, orders[i]);
    }
  }
  REQUIRE(set_target(nullptr).ok());
}

}  // namespace

TEST_CASE("rows of B that a row of A does not use may hold anything") {
  MESSAGE("seeds from 55000000");
  for (int i = 0; i < problem_count(40); ++i) {
    const std::uint64_t seed = 55000000 + static_cast<std::uint64_t>(i);
    INFO("seed " << seed);
    seed % 3 == 0   ? run_unused_rows<double>(seed)
    : seed % 3 == 1 ? run_unused_rows<bf16>(seed)
                    : run_unused_rows<float>(seed);
  }
}

TEST_CASE("explicit zeros are no elements: 0 * Inf does not happen where a view stores a 0") {
  const std::vector<std::int32_t> row_ptr{0, 3, 5}, col_idx{0, 1, 3, 0, 2};
  const std::vector<float> values{2, 0, -0.f, -0.f, 3};
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const std::vector<float> b{5, kInf, 7, std::numeric_limits<float>::quiet_NaN()};
  const SparseView view = csr(2, 4, row_ptr.data(), col_idx.data(), values.data());
  for (const Format format : kFormats) {
    if (!stores_no_zeros(format)) continue;
    PackOptions packing;
    packing.format = format;
    const PackedMatrix packed = pack(view, packing);
    CHECK(packed.nnz() == 2);
    std::vector<float> c(2);
    gemm(packed, row_major(b.data(), 4, 1), row_major(c.data(), 2, 1));
    INFO(name(format));
    CHECK(c == std::vector<float>{10, 21});
  }
}

TEST_CASE("no format goes through another one") {
  Rng rng(56);
  Storage<float> a(40, 50), b(50, 60), c(40, 60);
  Pattern pattern = make_pattern(rng, PatternKind::uniform, 40, 50, 0.3, {4, 4});
  thin_out(pattern, {2, 4});
  fill_pattern(rng, a.view(), pattern, ValueKind::mixed);
  fill_random(rng, b.view(), ValueKind::mixed);
  for (const Format format : kFormats) {
    const PackedMatrix packed = pack(a.view(), likely_packing(rng, format, pattern, 0));
    CHECK(packed.format() == format);
    const std::string text = explain(packed, b.view(), c.view()).to_string();
    INFO(text);
    if (format != Format::dense) CHECK(text.find(std::string(name(format)) + ", ") != std::string::npos);
  }
}

namespace {

// What one caller does, again and again, with other shapes of B than its neighbours.
template <class T>
struct Caller {
  Caller(std::uint64_t seed, const Storage<T>& a, const std::vector<RowOrder>& orders) : rng(seed) {
    b = Storage<T>(a.cols(), rng.pick<Index>({1, 3, 16, 17, 49, 129}), random_layout(rng), rng);
    fill_random(rng, b.view(), ValueKind::small_integers);
    want = Storage<T>(a.rows(), b.cols());
    for (Index i = 0; i < a.rows(); ++i) {
      for (Index j = 0; j < b.cols(); ++j) {
        want(i, j) = 0;
        for (const RowStep& step : orders[i]) want(i, j) += a(i, step.k) * b(step.k, j);
      }
    }
    threads = rng.pick({1, 2, 3});
  }

  void call(const PackedMatrix& packed) {
    Storage<T> c(want.rows(), want.cols());
    GemmOptions options;
    options.threads = threads;
    for (int round = 0; round < 20; ++round) {
      gemm(packed, b.view(), c.view(), options);
      wrong += !compare_up_to_zero_sign(c.view(), want.view()).equal;
    }
  }

  Rng rng;
  Storage<T> b, want;
  int threads = 1, wrong = 0;
};

}  // namespace

TEST_CASE("one packed matrix, many callers at once") {
  Rng rng(57);
  Storage<float> a(61, 83);
  Pattern pattern = make_pattern(rng, PatternKind::uniform, 61, 83, 0.3, {4, 4});
  thin_out(pattern, {4, 8});
  fill_pattern(rng, a.view(), pattern, ValueKind::small_integers);
  for (const Format format : kFormats) {
    const PackOptions packing = likely_packing(rng, format, pattern, 0);
    const PackedMatrix packed = pack(a.view(), packing);
    std::vector<Caller<float>> callers;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) callers.emplace_back(seed, a, orders_of(pattern, packing));
    std::vector<std::thread> threads;
    for (Caller<float>& caller : callers) threads.emplace_back([&] { caller.call(packed); });
    for (std::thread& thread : threads) thread.join();
    INFO(describe(packing));
    for (const Caller<float>& caller : callers) CHECK(caller.wrong == 0);
  }
}
