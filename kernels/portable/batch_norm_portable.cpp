// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "batch_norm_portable.hpp"

namespace septet::kernels {
namespace {

// f(element, its channel), row after row.
template <class F>
void for_each_element(const BatchNormCall& call, F&& f) {
  for (Index row = 0; row < call.rows; ++row) {
    for (Index c = call.first; c < call.last; ++c) f(row * call.channels + c, c);
  }
}

double normal(const BatchNormCall& call, Index i, Index c) { return (call.x[i] - call.mean[c]) * call.inverse[c]; }

void add_up(const BatchNormCall& call) noexcept {
  for_each_element(call, [&](Index i, Index c) { call.sums[c] += call.x[i]; });
}

void add_squares(const BatchNormCall& call) noexcept {
  for_each_element(call, [&](Index i, Index c) {
    const double distance = call.x[i] - call.mean[c];
    call.sums[c] += distance * distance;
  });
}

void add_slopes(const BatchNormCall& call) noexcept {
  for_each_element(call, [&](Index i, Index c) {
    call.sums[c] += call.dy[i];
    call.products[c] += call.dy[i] * normal(call, i, c);
  });
}

void normalise(const BatchNormCall& call) noexcept {
  for_each_element(call, [&](Index i, Index c) {
    call.out[i] = static_cast<float>(normal(call, i, c) * call.gamma[c] + call.beta[c]);
  });
}

void slope(const BatchNormCall& call) noexcept {
  for_each_element(call, [&](Index i, Index c) {
    const double rest = call.dy[i] - call.mean_slope[c] - normal(call, i, c) * call.mean_product[c];
    call.out[i] = static_cast<float>(call.gamma[c] * call.inverse[c] * rest);
  });
}

}  // namespace

BatchNormKernels portable_batch_norm() { return {&add_up, &add_squares, &add_slopes, &normalise, &slope}; }

}  // namespace septet::kernels
