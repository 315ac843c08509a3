// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Back through activations: dz, of what was activated, from dy.
#pragma once

#include "septet/epilogue.hpp"

namespace septet::network {

/// Of what is fused to another operator, whose sums are gone: none, relu and relu6 show in y where they let through. Of
/// others throws Error (bad_option, "activation").
void require_mask(Activation activation);

/// dz[j] <- dy[j], but 0 where y[j] <= 0 (relu, relu6) or y[j] >= 6 (relu6). One of those require_mask() takes; dz may
/// be dy.
void mask(Activation activation, const float* y, const float* dy, float* dz, Index count);

/// dz[j] <- dy[j] times the derivative at z[j], f64 rounded to f32 once, of values by septet's own f32 kernels (s:
/// sigmoid, e: exp, of arguments in f64):
///   sigmoid  s(z) * s(-z)             tanh  4 * s(2 z) * s(-2 z)
///   gelu     gelu(z) / z + z * e(-z^2 / 2) / sqrt(2 pi)
/// none, relu and relu6 as mask() with z for y. dz may be dy.
void activation_gradient(Activation activation, const float* z, const float* dy, float* dz, Index count);

/// out[j] <- e^t[j] of t[j] <= 0 or NaN, within 1.01 * 2^-24 of itself (and 2^-149); the same bits on every instruction
/// set.
void exp_of_negatives(const double* t, double* out, Index count);

}  // namespace septet::network
