// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "septet/network/training.hpp"

namespace septet::network {

/// Throws Error: bad_option where an option is no finite number >= 0; "momentum" (nesterov without it).
void check(const Sgd& options);
/// As update(), which then has nothing to refuse.
void check_update(const Sgd& options, const Tensor& parameter, const Tensor& gradient, const Tensor& velocity);

/// One step, where g is the gradient and v the velocity:
///   g <- fma(weight_decay, w, g)                                  unless weight_decay is 0
///   v <- round(momentum * v) + g;  g <- v, or, under nesterov, fma(momentum, v, g)     unless momentum is 0
///   w <- fma(-learning_rate, g, w)
/// f32, each with one rounding but the sum's two: the bits of PyTorch's vectors (at::add with alpha is a fused one).
/// All of one shape; `gradient` is read only; velocity starts as 0, and may be empty where momentum is 0. None may be
/// another. Throws Error: bad_shape "gradient", "velocity"; as check().
void update(const Sgd& options, Tensor& parameter, const Tensor& gradient, Tensor& velocity);

}  // namespace septet::network
