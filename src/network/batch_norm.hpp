// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Batch normalisation that learns (Ioffe and Szegedy 2015, section 3): each channel, the last dimension, by its own
// mean and variance over the batch, rows and columns. Frozen, factor and term, it is the operator BatchNorm.
#pragma once

#include "septet/network/tensor.hpp"

#include <vector>

namespace septet::network {

/// Of each channel, in f64: the sum of x over n, the number of its elements; the sum of (x - mean)^2 over n (what
/// running averages of it keep is n / (n - 1) times that). Sums: elements in ascending order.
struct BatchStatistics {
  std::vector<double> mean, variance;
};

/// y <- gamma * (x - mean) / sqrt(variance + epsilon) + beta, in f64, rounded to f32 once. x, y: f32 [...][channels],
/// x not empty; gamma, beta: f32 [channels]; y may be x. Returns the statistics of x.
BatchStatistics normalise(const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon, Tensor& y);

/// The gradient of that, with n = elements of a channel, h = (x - mean) / sqrt(variance + epsilon):
///   dbeta <- dbeta + sum of dy             dgamma <- dgamma + sum of dy * h
///   dx <- gamma / sqrt(variance + epsilon) * (dy - (sum of dy) / n - h * (sum of dy * h) / n)
/// Sums in f64, elements in ascending order, rounded to f32 where they are added; dx in f64, rounded once. What is
/// empty is not wanted. dx may be dy.
void normalise_gradient(const Tensor& x, const Tensor& gamma, double epsilon, const BatchStatistics& statistics,
                        const Tensor& dy, Tensor& dx, Tensor& dgamma, Tensor& dbeta);

}  // namespace septet::network
