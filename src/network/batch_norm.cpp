// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "batch_norm.hpp"

#include "column_sums.hpp"
#include "kernels/dispatch.hpp"
#include "src/fp_environment.hpp"

#include <cmath>

namespace septet::network {
namespace {

std::vector<double> inverse_deviations(const BatchStatistics& statistics, double epsilon) {
  std::vector<double> inverse;
  for (const double variance : statistics.variance) inverse.push_back(1 / std::sqrt(variance + epsilon));
  return inverse;
}

using kernels::BatchNormCall;
using Kernel = void (*)(const BatchNormCall&) noexcept;

// By blocks of channels, all rows of each: sums are one thread's.
void down_columns(Kernel kernel, const BatchNormCall& call) {
  constexpr Index kOperations = 4;
  share_columns(call.rows, call.channels, kOperations, [&](Index first, Index last) {
    BatchNormCall part = call;
    part.first = first, part.last = last;
    kernel(part);
  });
}

// By blocks of rows, all channels of each.
void along_rows(Kernel kernel, const BatchNormCall& call) {
  constexpr Index kOperations = 6;
  share_row_blocks(call.rows, call.channels, kOperations, [&](Index first, Index last) {
    BatchNormCall part = call;
    const Index skipped = first * call.channels;
    part.x += skipped, part.out += skipped;
    if (part.dy != nullptr) part.dy += skipped;
    part.rows = last - first, part.last = call.channels;
    kernel(part);
  });
}

BatchNormCall call_of(const Tensor& x) {
  BatchNormCall call;
  call.x = x.as<float>();
  call.channels = x.info().dim(-1), call.rows = x.info().elements() / call.channels;
  return call;
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
  const kernels::PinnedTarget target;
  const detail::FpEnvironment environment;
  const kernels::BatchNormKernels& kernels = kernels::batch_norm_kernels();
  BatchNormCall call = call_of(x);
  const auto sums = [&](Kernel kernel) {
    std::vector<double> result(static_cast<std::size_t>(call.channels));
    call.sums = result.data();
    down_columns(kernel, call);
    return divided(std::move(result), call.rows);
  };
  BatchStatistics statistics;
  statistics.mean = sums(kernels.add_up);
  call.mean = statistics.mean.data();
  statistics.variance = sums(kernels.add_squares);
  const std::vector<double> inverse = inverse_deviations(statistics, epsilon);
  call.inverse = inverse.data(), call.gamma = gamma.as<float>(), call.beta = beta.as<float>();
  call.out = y.as<float>();
  along_rows(kernels.normalise, call);
  return statistics;
}

void normalise_gradient(const Tensor& x, const Tensor& gamma, double epsilon, const BatchStatistics& statistics,
                        const Tensor& dy, Tensor& dx, Tensor& dgamma, Tensor& dbeta) {
  const kernels::PinnedTarget target;
  const detail::FpEnvironment environment;
  const kernels::BatchNormKernels& kernels = kernels::batch_norm_kernels();
  const std::vector<double> inverse = inverse_deviations(statistics, epsilon);
  BatchNormCall call = call_of(x);
  call.dy = dy.as<float>(), call.mean = statistics.mean.data(), call.inverse = inverse.data();
  std::vector<double> sums(statistics.mean.size()), products(sums.size());
  call.sums = sums.data(), call.products = products.data();
  down_columns(kernels.add_slopes, call);
  add(sums, dbeta);
  add(products, dgamma);
  if (dx.empty()) return;
  const std::vector<double> mean_slope = divided(std::move(sums), call.rows);
  const std::vector<double> mean_product = divided(std::move(products), call.rows);
  call.mean_slope = mean_slope.data(), call.mean_product = mean_product.data();
  call.gamma = gamma.as<float>(), call.out = dx.as<float>();
  along_rows(kernels.slope, call);
}

}  // namespace septet::network
