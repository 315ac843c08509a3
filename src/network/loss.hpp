// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "septet/network/tensor.hpp"

namespace septet::network {

/// Softmax cross-entropy, the mean of `count` rows of which these are some. With p = softmax(row i), label l:
///   loss <- loss - log(p[l]) / count for each row, in order      dlogits[i][j] <- (p[j] - (j == l)) / count
/// logits, dlogits: f32 [...][classes], neither empty; labels: s32, one per row. As exp(x - the greatest), in f64:
/// nothing overflows, p[l] - 1 loses no digits. exp is within 1.01 * 2^-24 of itself, so the loss of a row is within
/// 2^-23; dlogits are rounded to f32 once. dlogits may be logits; empty, it is not wanted.
/// Throws Error: bad_shape "labels"; bad_type "labels", "logits"; bad_structure "labels" (no class); bad_option
/// "count".
void softmax_cross_entropy(const Tensor& logits, const Tensor& labels, Index count, double& loss, Tensor& dlogits);

}  // namespace septet::network
