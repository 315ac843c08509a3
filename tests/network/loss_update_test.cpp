// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The loss and its gradient against their definition in long double, the update against its formula in f32.
#include "operator_gradients.hpp"
#include "operator_gradients_reference.hpp"
#include "src/network/loss.hpp"
#include "src/network/update.hpp"

#include <doctest/doctest.h>

namespace septet::network {
namespace {

using namespace septet::support;

Tensor random_labels(Rng& rng, Index rows, Index classes) {
  Tensor labels({"labels", Type::s32, {rows}, {}});
  for (Index i = 0; i < rows; ++i) labels.as<std::int32_t>()[i] = static_cast<std::int32_t>(rng.below(classes));
  return labels;
}

// e^x over the sum of those, which no long double overflows.
std::vector<long double> plain_shares(const float* x, Index classes) {
  std::vector<long double> shares;
  long double sum = 0;
  for (Index j = 0; j < classes; ++j) {
    shares.push_back(std::exp(static_cast<long double>(x[j])));
    sum += shares.back();
  }
  for (long double& share : shares) share /= sum;
  return shares;
}

// f() throws an Error of this cause.
template <class F>
void check_refused(Cause cause, const F& f) {
  Cause got = Cause::ok;
  try {
    f();
  } catch (const Error& error) {
    got = error.status().cause();
  }
  CHECK(got == cause);
}

}  // namespace

TEST_CASE("loss: softmax cross-entropy and its gradient") {
  for_seeds(14000, 40, [](Rng& rng) {
    const Index rows = rng.between(1, 6), classes = rng.chance(0.3) ? rng.between(250, 600) : rng.between(1, 20);
    const Index count = rows * rng.between(1, 4);
    const Tensor x = uniform(rng, {rows, classes}, rng.pick({1.0, 30.0, 200.0}));
    const Tensor labels = random_labels(rng, rows, classes);
    double loss = 0;
    const std::vector<Tensor> got = same_everywhere([&] {
      Tensor dx(x.info()), total({"loss", Type::f32, {2}, {}});
      loss = 0.5;
      softmax_cross_entropy(x, labels, count, loss, dx);
      std::copy_n(reinterpret_cast<const std::byte*>(&loss), sizeof loss, total.as<std::byte>());
      return std::vector<Tensor>{dx, total};
    });
    // Each e^x is within 1.01 roundings, and so is their sum; a share of it is rounded itself; subnormals beside.
    Values want, bounds;
    long double plain = 0.5L;
    for (Index i = 0; i < rows; ++i) {
      const std::vector<long double> shares = plain_shares(x.as<float>() + i * classes, classes);
      const auto label = static_cast<std::size_t>(labels.as<std::int32_t>()[i]);
      const auto all = static_cast<long double>(count);
      plain -= std::log(shares[label]) / all;
      long double others = 0;
      for (std::size_t j = 0; j < shares.size(); ++j) others += j == label ? 0 : shares[j];
      for (std::size_t j = 0; j < shares.size(); ++j) {
        const long double slope = (j == label ? -others : shares[j]) / all;
        want.push_back(static_cast<double>(slope));
        bounds.push_back(3.1 * kUnit * std::fabs(want.back()) + 0x1p-148 * static_cast<double>(classes));
      }
    }
    check_within(got[0], want, bounds);
    const double share = static_cast<double>(rows) / static_cast<double>(count);
    CHECK(std::fabs(loss - static_cast<double>(plain)) <= 1.02 * kUnit * share + 0x1p-50 * std::fabs(loss));
  });
}

TEST_CASE("loss: the slopes are those of central differences") {
  for_seeds(14100, 10, [](Rng& rng) {
    const Index rows = rng.between(1, 4), classes = rng.between(2, 9);
    const Tensor x = uniform(rng, {rows, classes}, 4), labels = random_labels(rng, rows, classes);
    const auto f = [&](const std::vector<Values>& operands) {
      double loss = 0;
      for (Index i = 0; i < rows; ++i) {
        double sum = 0;
        const double* row = operands[0].data() + i * classes;
        for (Index j = 0; j < classes; ++j) sum += std::exp(row[j]);
        loss += (std::log(sum) - row[labels.as<std::int32_t>()[i]]) / static_cast<double>(rows);
      }
      return Values{loss};
    };
    Tensor dx(x.info());
    double loss = 0;
    softmax_cross_entropy(x, labels, rows, loss, dx);
    check_differences(f, {values_of(x)}, 0, {1}, values_of(dx));
  });
}

TEST_CASE("loss: k parts of a batch add up to the bits of the whole") {
  Rng rng(14200);
  const Tensor x = uniform(rng, {12, 7}, 5), labels = random_labels(rng, 12, 7);
  Tensor dx(x.info());
  double whole = 0, parts = 0;
  softmax_cross_entropy(x, labels, 12, whole, dx);
  for (Index part = 0; part < 3; ++part) {
    Tensor some(floats({4, 7})), of({"labels", Type::s32, {4}, {}}), slopes(floats({4, 7}));
    std::copy_n(x.as<float>() + part * 28, 28, some.as<float>());
    std::copy_n(labels.as<std::int32_t>() + part * 4, 4, of.as<std::int32_t>());
    softmax_cross_entropy(some, of, 12, parts, slopes);
    CHECK(std::equal(slopes.as<float>(), slopes.as<float>() + 28, dx.as<float>() + part * 28));
  }
  CHECK(parts == whole);
}

TEST_CASE("loss: nothing overflows, and a sure answer has no loss") {
  Tensor x(floats({2, 3})), dx(x.info()), labels({"labels", Type::s32, {2}, {}});
  const float values[] = {3e38f, -3e38f, 0, -200, 0, -HUGE_VALF};
  std::copy(std::begin(values), std::end(values), x.as<float>());
  labels.as<std::int32_t>()[1] = 1;
  double loss = 0;
  softmax_cross_entropy(x, labels, 2, loss, dx);
  CHECK(loss == 0);
  for (int i = 0; i < 6; ++i) CHECK(dx.as<float>()[i] == 0);
  labels.as<std::int32_t>()[0] = 1;
  softmax_cross_entropy(x, labels, 2, loss, dx);
  CHECK(loss == double{3e38f});  // 6e38, of two
  CHECK(values_of(dx) == Values{0.5, -0.5, 0, 0, 0, 0});
}

TEST_CASE("loss: what does not fit is refused") {
  Tensor x(floats({2, 3})), dx(x.info()), labels({"labels", Type::s32, {2}, {}});
  double loss = 7;
  const auto call = [&](const Tensor& logits, const Tensor& of, Index count) {
    return [&, count] { softmax_cross_entropy(logits, of, count, loss, dx); };
  };
  check_refused(Cause::bad_option, call(x, labels, 0));
  check_refused(Cause::bad_type, call(x, x, 2));
  check_refused(Cause::bad_type, call(labels, labels, 2));
  check_refused(Cause::bad_shape, call(x, Tensor({"labels", Type::s32, {3}, {}}), 2));
  labels.as<std::int32_t>()[1] = 3;
  check_refused(Cause::bad_structure, call(x, labels, 2));
  labels.as<std::int32_t>()[1] = -1;
  check_refused(Cause::bad_structure, call(x, labels, 2));
  CHECK(loss == 7);
}

// ---- the update

namespace {

// One element, every step rounded as update.hpp says.
void plain_update(const Sgd& options, float& w, float g, float& v) {
  if (options.weight_decay != 0) g = std::fma(options.weight_decay, w, g);
  if (options.momentum != 0) {
    const volatile float decayed = options.momentum * v;
    v = plus(decayed, g);
    g = options.nesterov ? std::fma(options.momentum, v, g) : v;
  }
  w = std::fma(-options.learning_rate, g, w);
}

}  // namespace

TEST_CASE("update: stochastic gradient descent to the bit") {
  for_seeds(14300, 20, [](Rng& rng) {
    Sgd options;
    options.learning_rate = rng.pick({0.1f, 0.003f, 0.0f}), options.momentum = rng.pick({0.0f, 0.9f});
    options.weight_decay = rng.pick({0.0f, 1e-4f}), options.nesterov = options.momentum != 0 && rng.chance(0.5);
    const Index count = rng.chance(0.3) ? rng.between(16000, 18000) : rng.between(1, 3000);
    const Tensor start = uniform(rng, {count}, 1), gradient = uniform(rng, {count}, 1),
                 moved = uniform(rng, {count}, 1);
    const std::vector<Tensor> got = same_everywhere([&] {
      std::vector<Tensor> made{start, moved};
      update(options, made[0], gradient, made[1]);
      return made;
    });
    std::vector<Tensor> want{start, moved};
    for (Index i = 0; i < count; ++i) {
      plain_update(options, want[0].as<float>()[i], gradient.as<float>()[i], want[1].as<float>()[i]);
    }
    check_same(got, want);
  });
}

TEST_CASE("update: what contradicts itself is refused, and nothing is written") {
  Tensor w(floats({2, 3})), v(floats({2, 3})), none;
  const Tensor g(floats({2, 3})), flat(floats({6}));
  const auto call = [&](const Sgd& options, const Tensor& gradient, Tensor& velocity) {
    return [&, options] { update(options, w, gradient, velocity); };
  };
  Sgd plain, nesterov, moving, nan, negative;
  nesterov.nesterov = true, moving.momentum = 0.9f, nan.learning_rate = std::numeric_limits<float>::quiet_NaN();
  negative.weight_decay = -1;
  check_refused(Cause::ok, call(plain, g, none));
  check_refused(Cause::bad_shape, call(plain, flat, none));
  check_refused(Cause::bad_option, call(nesterov, g, v));
  check_refused(Cause::bad_option, call(nan, g, v));
  check_refused(Cause::bad_option, call(negative, g, v));
  check_refused(Cause::bad_shape, call(moving, g, none));
  check_refused(Cause::ok, call(moving, g, v));
  CHECK(values_of(w) == Values(6, 0));
}

}  // namespace septet::network
