// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A training step as layers whose costs cost() tells: forward, the gradients of everything, the update.
// docs/training.md has the formulas.
#pragma once

#include "septet/network/cost.hpp"

namespace septet::network {

enum class Pass : std::uint8_t {
  forward,
  data_gradient,    ///< of a layer's inputs; also all gradients of what is no product
  weight_gradient,  ///< of weights and biases, and their sum over micro-batches
  update
};
SEPTET_API const char* name(Pass pass);  ///< "fwd", "dgrad", "wgrad", "update"

struct TrainingStepOptions {
  Index micro_batches = 1;    ///< equal parts of the batch, one after the other; their gradients are summed up
  bool padded_input = false;  ///< the first product's padding is part of its input: an image with a border
};

struct TrainingLayer {
  Layer layer;  ///< of a micro-batch, repeated; vector work has no cycles (with_cycles())
  Pass pass = Pass::forward;

  // Of products:
  /// Useful multiply-accumulates: batch * output rows * output columns * outputs * inputs / groups * window, of a
  /// micro-batch, times `repeats`. Every weight meets every output once: the same for all passes. (Where a window
  /// reaches into the padding, that is among them, in all passes alike.)
  Index macs = 0;
  /// With the zeros that a stride puts between a gradient's elements, of a micro-batch: what a dense array multiplies
  /// that knows of no zeros. Data gradient: a convolution of stride 1 over the gradient, as large as the input. Weight
  /// gradient: one with the gradient as its window, (out - 1) * stride + 1 rows, at all places in the padded input.
  Product zero_inserted;
  /// Of zero_inserted.k: inputs (forward), outputs (data gradient) or images (weight gradient) of a group; the rest of
  /// it are places. Of products of activations all of it.
  Index channels = 0;
  bool strided = false;  ///< a stride puts zeros between the gradient's elements

  /// zero_inserted's, of all micro-batches.
  Index macs_zero_inserted() const { return zero_inserted.macs() * layer.repeats; }
  /// What of them is more than `macs`; 0 where no zeros are inserted. The places of zero_inserted at the input's border
  /// are not those of `macs`: they are part of the difference.
  Index macs_zeros_skipped() const { return strided && macs_zero_inserted() > macs ? macs_zero_inserted() - macs : 0; }
};

/// Forward in order; then from the last layer to the first what it needs of: gradient of the activation behind it, of
/// its bias, of its inputs, of its weights; then the sum over micro-batches, and the update (gradient descent with
/// momentum). Layers refer to the memory of forward's. bad_option ("micro_batches", "padded_input"); bad_shape, with
/// the layer's name: it has no sizes, the micro-batches are not equal, counts are beyond 64 bits, the weights' pattern
/// is too large.
SEPTET_API Status training_step(const std::vector<Layer>& forward, const TrainingStepOptions& options,
                                std::vector<TrainingLayer>& step);

/// As SimDIT counts (Esmaeilzadeh and others, Performance Analysis of DNN Inference/Training with Convolution and
/// Non-Convolution Operations, ACM TODAES 30(1), 2025): two per MAC of zero_inserted, with M padded to a multiple of
/// the array's width and `channels` to one of its height; of all micro-batches. 0: no product. Throws Error
/// (bad_shape: beyond 64 bits).
SEPTET_API Index padded_operations(const TrainingLayer& layer, const ArrayShape& array);

}  // namespace septet::network
