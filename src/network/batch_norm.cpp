// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "batch_norm.hpp"

#include "column_sums.hpp"
#include "src/fp_environment.hpp"

#include <cmath>

namespace septet::network {
namespace {

std::vector<double> inverse_deviations(const BatchStatistics& statistics, double epsilon) {
  std::vector<double> inverse;
  for (const double variance : statistics.variance) inverse.push_back(1 / std::sqrt(variance + epsilon));
  return inverse;
}

// Sums of every channel, from 0.
template <class F>
std::vector<double> channel_sums(Index rows, Index channels, const F& term) {
  std::vector<double> sums(static_cast<std::size_t>(channels));
  add_columns(rows, channels, sums.data(), term);
  return sums;
}

std::vector<double> divided(std::vector<double> sums, Index count) {
  for (double& sum : sums) sum /= static_cast<double>(count);
  return sums;
}

void add(const std::vector<double>& sums, Tensor& to) {
  if (to.empty()) return;
  for (std::size_t c = 0; c < sums.size(); ++c) to.as<float>()[c] += static_cast<float>(sums[c]);
}

}  // namespace

BatchStatistics normalise(const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon, Tensor& y) {
  const detail::FpEnvironment environment;
  const Index channels = x.info().dim(-1), rows = x.info().elements() / channels;
  const auto* from = x.as<float>();
  BatchStatistics statistics;
  statistics.mean =
      divided(channel_sums(rows, channels, [&](Index i, Index c) { return from[i * channels + c]; }), rows);
  const double* mean = statistics.mean.data();
  statistics.variance = divided(channel_sums(rows, channels,
                                             [&](Index i, Index c) {
                                               const double d = from[i * channels + c] - mean[c];
                                               return d * d;
                                             }),
                                rows);
  const std::vector<double> inverse = inverse_deviations(statistics, epsilon);
  const double* by = inverse.data();
  share_row_blocks(rows, channels, 4, [&](Index first, Index last) {
    const float *scale = gamma.as<float>(), *shift = beta.as<float>();
    for (Index i = first * channels; i < last * channels; i += channels) {
      float* out = y.as<float>() + i;
      for (Index c = 0; c < channels; ++c) {
        out[c] = static_cast<float>((from[i + c] - mean[c]) * by[c] * scale[c] + shift[c]);
      }
    }
  });
  return statistics;
}

void normalise_gradient(const Tensor& x, const Tensor& gamma, double epsilon, const BatchStatistics& statistics,
                        const Tensor& dy, Tensor& dx, Tensor& dgamma, Tensor& dbeta) {
  const detail::FpEnvironment environment;
  const Index channels = x.info().dim(-1), rows = x.info().elements() / channels;
  const std::vector<double> inverse_deviation = inverse_deviations(statistics, epsilon);
  const float *from = x.as<float>(), *slope = dy.as<float>();
  const double *mean = statistics.mean.data(), *inverse = inverse_deviation.data();
  const std::vector<double> sums =
      channel_sums(rows, channels, [&](Index i, Index c) { return slope[i * channels + c]; });
  const std::vector<double> products = channel_sums(rows, channels, [&](Index i, Index c) {
    return slope[i * channels + c] * ((from[i * channels + c] - mean[c]) * inverse[c]);
  });
  add(sums, dbeta);
  add(products, dgamma);
  if (dx.empty()) return;
  const std::vector<double> mean_slope = divided(sums, rows), mean_product = divided(products, rows);
  const double *level = mean_slope.data(), *tilt = mean_product.data();
  share_row_blocks(rows, channels, 6, [&](Index first, Index last) {
    const float* scale = gamma.as<float>();
    for (Index i = first * channels; i < last * channels; i += channels) {
      float* out = dx.as<float>() + i;
      for (Index c = 0; c < channels; ++c) {
        const double normal = (from[i + c] - mean[c]) * inverse[c];
        out[c] = static_cast<float>(scale[c] * inverse[c] * (slope[i + c] - level[c] - normal * tilt[c]));
      }
    }
  });
}

}  // namespace septet::network
