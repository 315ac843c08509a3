// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "loss.hpp"

#include "activation_gradient.hpp"
#include "kernels/dispatch.hpp"
#include "septet/status.hpp"
#include "share.hpp"
#include "src/fp_environment.hpp"

#include <cmath>
#include <utility>
#include <vector>

namespace septet::network {
namespace {

// x >= 1, within a few units of 2^-53: x = m * 2^n with m in [0.7, 1.4], log m = 2 atanh r by its series, r = (m - 1) /
// (m + 1). libm's differs from one machine to the next.
double natural_log(double x) {
  constexpr double kLn2 = 0.69314718055994531, kRootOfHalf = 0.70710678118654752;
  if (!(x < HUGE_VAL)) return x;  // also a NaN
  int exponent = 0;
  double m = std::frexp(x, &exponent);
  if (m < kRootOfHalf) m *= 2, --exponent;
  const double r = (m - 1) / (m + 1), square = r * r;  // |r| < 0.172: r^24 / 25 < 2^-65
  double series = 0;
  for (int k = 23; k >= 1; k -= 2) series = series * square + 1.0 / k;
  return exponent * kLn2 + 2 * r * series;
}

// -log(softmax(x)[label]); slopes, unless null, become those of this loss over `count`. powers: room for a row.
double row_loss(const float* x, Index label, Index classes, double count, double* powers, float* slopes) {
  float most = x[0];
  for (Index j = 1; j < classes; ++j) most = x[j] > most ? x[j] : most;
  for (Index j = 0; j < classes; ++j) powers[j] = double{x[j]} - most;
  const double difference = powers[label];
  exp_of_negatives(powers, powers, classes);
  double others = 0;
  const double own = std::exchange(powers[label], 0);
  for (Index j = 0; j < classes; ++j) others += powers[j];
  const double sum = others + own;
  if (slopes != nullptr) {
    powers[label] = -others;
    const double share = 1 / (sum * count);
    for (Index j = 0; j < classes; ++j) slopes[j] = static_cast<float>(powers[j] * share);
  }
  return natural_log(sum) - difference;
}

void check(const Tensor& logits, const Tensor& labels, Index count) {
  const Index classes = logits.info().dim(-1), rows = logits.info().elements() / classes;
  const auto refuse = [](Cause cause, const char* what, const std::string& why) { throw Error({cause, what, why}); };
  if (logits.info().type != Type::f32) refuse(Cause::bad_type, "logits", std::string(name(logits.info().type)));
  if (labels.info().type != Type::s32) refuse(Cause::bad_type, "labels", std::string(name(labels.info().type)));
  if (labels.info().elements() != rows) {
    refuse(Cause::bad_shape, "labels",
           std::to_string(labels.info().elements()) + " for " + std::to_string(rows) + " rows of logits");
  }
  if (count < 1) refuse(Cause::bad_option, "count", std::to_string(count) + ", not 1 or more");
  for (Index i = 0; i < rows; ++i) {
    const Index label = labels.as<std::int32_t>()[i];
    if (label >= 0 && label < classes) continue;
    refuse(Cause::bad_structure, "labels",
           "element " + std::to_string(i) + " is " + std::to_string(label) + ", none of " + std::to_string(classes) +
               " classes");
  }
}

}  // namespace

void softmax_cross_entropy(const Tensor& logits, const Tensor& labels, Index count, double& loss, Tensor& dlogits) {
  check(logits, labels, count);
  const kernels::PinnedTarget target;
  const detail::FpEnvironment environment;
  const Index classes = logits.info().dim(-1), rows = logits.info().elements() / classes;
  const auto all = static_cast<double>(count);
  std::vector<double> losses(static_cast<std::size_t>(rows));
  constexpr Index kOperations = 40;  // an exponential, a sum
  share_row_blocks(rows, classes, kOperations, [&](Index first, Index last) {
    std::vector<double> powers(static_cast<std::size_t>(classes));
    for (Index i = first; i < last; ++i) {
      float* slopes = dlogits.empty() ? nullptr : dlogits.as<float>() + i * classes;
      losses[static_cast<std::size_t>(i)] =
          row_loss(logits.as<float>() + i * classes, labels.as<std::int32_t>()[i], classes, all, powers.data(), slopes);
    }
  });
  for (const double row : losses) loss += row / all;
}

}  // namespace septet::network
