// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A network made ready for this CPU: weights packed once, memory for activations claimed once, and then run again and
// again. The bits are those of run() and execute(), whatever form the weights have, but for f32 where weights are zero:
// sparse ones do not multiply those, nor padding, so that an infinity or a NaN there leaves no trace, and a sum of 0
// may have the other sign; that sign alone also where dense ones skip padding, in batches of images.
//
//   septet::network::Session session(network);          // weights in the form that is quickest on this CPU
//   const auto& logits = session.run({&image}).at(0);   // as often as you like
#pragma once

#include "septet/network/run.hpp"
#include "septet/network/weight_form.hpp"
#include "septet/spmm.hpp"

#include <memory>

namespace septet::network {

struct SessionOptions {
  WeightForm weights = WeightForm::automatic;
  /// An addition of f32 that alone reads a convolution, but a depthwise one, is done behind the convolution's sums. The
  /// same bits.
  bool fuse = true;
};

/// How a session does a step.
struct PreparedStep {
  bool product = false;           ///< else nothing below means anything
  Format format = Format::dense;  ///< of its weights
  Index packed_bytes = 0;         ///< values and metadata; 0 where execute() does it, with the weights as they are
  double zeros = 0;               ///< share of the weights
};

/// Not to be run from two threads at once; what it computes takes as many threads as gemm() would
/// (septet/threads.hpp). Keeps the network's weights alive by itself.
class Session {
 public:
  /// `network` has been validated. Throws Error, std::bad_alloc.
  SEPTET_API explicit Session(Network network, const SessionOptions& options = {});
  SEPTET_API ~Session();
  SEPTET_API Session(Session&&) noexcept;
  SEPTET_API Session& operator=(Session&&) noexcept;

  /// The outputs, valid until the next run. `inputs` are of the network's inputs' types, shapes and quantisations.
  /// Throws Error
  /// ("inputs[0]": bad_shape, bad_type), std::bad_alloc.
  SEPTET_API const std::vector<Tensor>& run(const std::vector<const Tensor*>& inputs);
  /// … and what every step took. An addition that is fused takes 0, and turning a tensor counts with a step before it.
  SEPTET_API const std::vector<Tensor>& run(const std::vector<const Tensor*>& inputs, std::vector<LayerRun>& layers);

  SEPTET_API const Network& network() const;
  /// One per step.
  SEPTET_API const std::vector<PreparedStep>& steps() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace septet::network
