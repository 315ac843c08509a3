// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Whole products with random epilogues: on every target, with several thread counts, under random dataflows, and on the
// emulated array, the outputs have the reference's bits; under gelu, sigmoid and tanh its values within the stated
// error, and everywhere the same bits.
#include "reference.hpp"
#include "septet/septet.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <mutex>

namespace {

using namespace septet;
using namespace septet::support;

// Doubles the sums of odd rows, and counts how often each element was seen.
template <class T>
struct Doubling {
  Index cols;
  mutable std::vector<int> seen;
  mutable std::mutex mutex;

  Doubling(Index rows, Index cols_) : cols(cols_), seen(static_cast<std::size_t>(rows * cols_), 0) {}
  static bool applies(Index m) { return m % 2 == 1; }
  static T doubled(T x) { return plus(x, x); }
  void operator()(const MatrixView<T>& sums, Index m0, Index n0) const {
    const std::lock_guard<std::mutex> lock(mutex);
    for (Index i = 0; i < sums.rows; ++i) {
      for (Index j = 0; j < sums.cols; ++j) {
        ++seen[static_cast<std::size_t>((m0 + i) * cols + n0 + j)];
        if (applies(m0 + i)) sums(i, j) = doubled(sums(i, j));
      }
    }
  }
  bool once() const {
    return std::all_of(seen.begin(), seen.end(), [](int count) { return count == 1; });
  }
};

Layout operand_layout(Rng& rng) {
  return rng.chance(0.6) ? rng.pick({Layout::per_row, Layout::per_col}) : random_layout(rng);
}

// One random call: operands, epilogue, the reference's result.
template <class T, class TC>
class Case {
 public:
  explicit Case(Rng& rng)
      : m(size(rng)),
        n(size(rng)),
        k(rng.between(0, 20)),
        a(m, k, random_layout(rng), rng),
        b(k, n, random_layout(rng), rng),
        c(m, n, random_layout(rng), rng),
        scale(m, n, operand_layout(rng), rng),
        bias(m, n, operand_layout(rng), rng),
        residual(m, n, random_layout(rng), rng),
        doubling(m, n) {
    const ValueKind kind = rng.pick({ValueKind::mixed, ValueKind::small_integers, ValueKind::extremes});
    fill_random(rng, a.view(), kind, 0, 0.3);
    fill_random(rng, b.view(), kind);
    for (auto* operand : {&scale, &bias, &residual}) fill_random(rng, operand->view(), kind);
    constexpr bool kInteger = std::is_integral_v<TC>;
    options.alpha = rng.pick({1.0, 1.0, -3.0, 0.0});
    options.beta = rng.pick({0.0, 0.0, 1.0, 2.0});
    if (!kInteger && rng.chance(0.3)) options.alpha = 0.3;
    reads_c = options.beta != 0;
    if (reads_c) fill_random(rng, c.view(), kind);
    Epilogue& e = options.epilogue;
    if (!kInteger && rng.chance(0.4)) e.scale = scale.view();
    if (rng.chance(0.6)) e.bias = bias.view();
    if (rng.chance(0.4)) e.residual = residual.view();
    e.activation = static_cast<Activation>(rng.below(kInteger ? 2 : 6));
    has_function = rng.chance(0.4);
    if (has_function) e.function = tile_function<TC>(doubling);
  }

  // The sum before its activation; C before the call holds beta's operand.
  void run_reference() {
    before = c;
    GemmOptions bare = options;
    bare.epilogue = Epilogue();
    Storage<TC> sums = c;
    reference_gemm(a.view(), b.view(), sums.view(), bare);
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) sums(i, j) = reference_steps(sums(i, j), options.epilogue, i, j);
    }
    inner = sums;
  }

  void check(const Storage<TC>& got) const {
    CHECK(got.padding_intact());
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) check_element(got(i, j), inner(i, j), i, j);
    }
  }

  std::string text() const {
    return std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k) + " activation " +
           std::to_string(static_cast<int>(options.epilogue.activation)) + " " + name(options.dataflow);
  }

  Index m, n, k;
  Storage<T> a, b;
  Storage<TC> c, before, inner;
  Storage<TC> scale, bias, residual;
  Doubling<TC> doubling;
  GemmOptions options;
  bool reads_c = false, has_function = false;

 private:
  static Index size(Rng& rng) { return rng.pick<Index>({0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 65, 300}); }

  void check_element(TC got, TC x, Index i, Index j) const {
    const Activation activation = options.epilogue.activation;
    const bool doubled = has_function && doubling.applies(i);
    if (is_exact(activation) || std::is_integral_v<TC>) {
      TC want = exact_activation(x, activation);
      if (doubled) want = doubling.doubled(want);
      const bool same = got == want || (got != got && want != want);
      if (!same) FAIL_CHECK(got << " is not " << want << " at " << i << ", " << j << " in " << text());
      return;
    }
    // Twice a float is exact unless it overflows.
    const long double want = long_activation(x, activation);
    const bool overflows = std::isinf(static_cast<TC>(doubled ? 2 * want : want));
    const long double error = overflows
                                  ? ulp_error(got, static_cast<long double>(static_cast<TC>(doubled ? 2 * want : want)))
                                  : ulp_error(doubled ? got / 2 : got, want);
    if (error > (sizeof(TC) == 4 ? 0.51L : 4.0L)) {
      FAIL_CHECK(got << " is " << static_cast<double>(error) << " ulp off at " << i << ", " << j << " in " << text());
    }
  }
};

template <class T, class TC>
void run_case(Rng& rng) {
  Case<T, TC> one(rng);
  one.run_reference();
  Storage<TC> first;
  const auto check = [&](const char* what) {
    INFO(std::string(what) << " on " << std::string(target()) << ": " << one.text());
    one.check(one.c);
    if (one.has_function) CHECK(one.doubling.once());
    if (first.rows() == 0 && first.cols() == 0) first = one.c;
    CHECK(compare_up_to_zero_sign(one.c.view(), first.view()).equal);
    one.c = one.before;
    std::fill(one.doubling.seen.begin(), one.doubling.seen.end(), 0);
  };
  one.options.array = {rng.between(1, 9), rng.between(1, 9)};
  for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
    REQUIRE(set_target(*target).ok());
    one.options.threads = rng.pick({1, 2, 3, 7});
    // The order is chained, so that the dataflow changes no bit.
    one.options.dataflow = static_cast<Dataflow>(rng.below(4));
    gemm(one.a.view(), one.b.view(), one.c.view(), one.options);
    check("kernel");
  }
  emulation::emulate(one.a.view(), one.b.view(), one.c.view(), one.options);
  check("emulator");
}

}  // namespace

TEST_CASE("random epilogues: kernels of every target, emulator and reference agree") {
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    run_case<float, float>(rng);
    run_case<double, double>(rng);
    run_case<std::int8_t, std::int32_t>(rng);
    run_case<std::uint8_t, std::int32_t>(rng);
  }
  REQUIRE(set_target(nullptr).ok());
}

TEST_CASE("a NaN-filled C under beta = 0 leaves no trace; infinities and NaN pass as documented") {
  constexpr float kInf = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x{kInf, -kInf, kNan, 0.f, -0.f, 1e-45f, -1e-45f, 1e38f, -1e38f};
  const Index n = static_cast<Index>(x.size());
  const float one = 1;
  const struct {
    Activation activation;
    std::vector<float> want;
  } cases[] = {{Activation::relu, {kInf, 0, kNan, 0, 0, 1e-45f, 0, 1e38f, 0}},
               {Activation::relu6, {6, 0, kNan, 0, 0, 1e-45f, 0, 6, 0}},
               {Activation::gelu, {kInf, -0.f, kNan, 0, -0.f, 1e-45f, -0.f, 1e38f, -0.f}},
               {Activation::sigmoid, {1, 0, kNan, .5f, .5f, .5f, .5f, 1, 0}},
               {Activation::tanh, {1, -1, kNan, 0, -0.f, 1e-45f, -1e-45f, 1, -1}}};
  for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
    REQUIRE(set_target(*target).ok());
    INFO(std::string(*target));
    for (const auto& one_case : cases) {
      const auto& want = one_case.want;
      // Nothing to multiply, so that a preload of -0 keeps its sign. x / 2 of the smallest float is a tie, but
      // gelu is a little above it, on the right and on the left.
      std::vector<float> c(x.size(), kNan);
      GemmOptions options;
      options.preload = row_major(x.data(), 1, n);
      options.epilogue.activation = one_case.activation;
      gemm(row_major(&one, 1, 0), row_major(x.data(), 0, n), row_major(c.data(), 1, n), options);
      for (Index j = 0; j < n; ++j) {
        INFO(x[j] << " became " << c[j] << ", not " << want[j]);
        CHECK((c[j] == want[j] || (want[j] != want[j] && c[j] != c[j])));
        if (want[j] == want[j]) CHECK(std::signbit(c[j]) == std::signbit(want[j]));
      }
    }
  }
  REQUIRE(set_target(nullptr).ok());
}

namespace {

// C of a 16-bit float: the steps are those of f32, rounded once at the end.
template <class T>
void run_narrow(Rng& rng) {
  const Index m = rng.between(1, 40), n = rng.between(1, 300), k = rng.between(0, 9);
  Storage<T> a(m, k, random_layout(rng), rng), b(k, n, random_layout(rng), rng), c(m, n, random_layout(rng), rng);
  Storage<float> bias(m, n, operand_layout(rng), rng), wide(m, n);
  const auto fill = [&](auto view) {
    for (Index i = 0; i < view.rows; ++i) {
      for (Index j = 0; j < view.cols; ++j) {
        view(i, j) = static_cast<std::remove_reference_t<decltype(view(0, 0))>>(
            random_value<float>(rng, rng.pick({ValueKind::mixed, ValueKind::small_integers})));
      }
    }
  };
  fill(a.view()), fill(b.view()), fill(bias.view()), fill(c.view());
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) wide(i, j) = static_cast<float>(c(i, j));
  }
  GemmOptions options;
  options.alpha = rng.pick({1.0, 1.0, 0.3});
  options.beta = rng.pick({0.0, 1.0, 0.7});
  if (rng.chance(0.7)) options.epilogue.bias = bias.view();
  options.epilogue.activation = static_cast<Activation>(rng.below(6));
  gemm(a.view(), b.view(), wide.view(), options);
  gemm(a.view(), b.view(), c.view(), options);
  CHECK(c.padding_intact());
  Index different = 0;
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) different += c(i, j).bits != T(wide(i, j)).bits;
  }
  INFO(m << "x" << n << "x" << k << " alpha " << options.alpha << " beta " << options.beta);
  CHECK(different == 0);
}

}  // namespace

TEST_CASE("bf16 and f16 outputs are the f32 ones, rounded") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    run_narrow<bf16>(rng);
    run_narrow<f16>(rng);
  }
}

TEST_CASE("a function on the tile may multiply itself") {
  // More than fits a small product, and from packed panels, so that outer and inner both want memory.
  const Index m = 300, n = 200, k = 100;
  Rng rng(11);
  Storage<float> a(m, k), b(k, n), c(m, n), want(m, n);
  fill_random(rng, a.view(), ValueKind::mixed);
  fill_random(rng, b.view(), ValueKind::mixed);
  gemm(a.view(), b.view(), want.view());
  Storage<float> inner(m, n);
  bool equal = true;
  const auto multiply = [&](const MatrixView<float>&, Index, Index) {
    gemm(a.view(), b.view(), inner.view());
    equal = equal && compare_bits(inner.view(), want.view()).equal;
  };
  GemmOptions options;
  options.threads = 1;
  options.epilogue.function = tile_function<float>(multiply);
  gemm(a.view(), b.view(), c.view(), options);
  CHECK(equal);
  CHECK(compare_bits(c.view(), want.view()).equal);
}
