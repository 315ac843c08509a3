// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A whole network, step by step, on this CPU or on the emulated array: the same bits.
//
//   std::vector<LayerRun> layers;
//   const std::vector<Tensor> logits = run(network, {&image}, {Executor::array, costs}, layer_costs, layers);
#pragma once

#include "septet/network/cost.hpp"
#include "septet/network/execute.hpp"

namespace septet::network {

enum class Executor : std::uint8_t {
  cpu,   ///< septet::gemm; the dataflow, if one is named, is that of `cost.gemm`, and under fold-then-add, whose sums
         ///< depend on it, the one that `cost` has chosen for the layer; weights as they are, or, if `cost.weights` is
         ///< sparse, packed without zeros before every product
  array  ///< emulate(), with the dataflow that `cost` has named or chosen for the layer
};

struct RunOptions {
  Executor executor = Executor::cpu;
  CostOptions cost;
  bool sums = false;  ///< an observer sees those of products; keeping them takes time
};

/// No dataflow is named and sums are full: as a Session (session.hpp) multiplies.
SEPTET_API bool is_plain(const GemmOptions& gemm);

/// What a step took.
struct LayerRun {
  double seconds = 0;
  emulation::Report array;  ///< Executor::array: counted, all its products together; `cycles` and words alone
};

/// Looks at a step that has just been done. `sums`: of products, where RunOptions asks for them; else null.
using Observer =
    std::function<void(const Step& step, const std::vector<const Tensor*>& x, const Tensor& y, const Tensor* sums)>;

/// Runs a validated network. `inputs` are of its inputs' types and shapes. `costs`: one per step (cost());
/// Executor::array takes the dataflows from it. `layers` becomes one per step. A tensor is kept until its last use.
/// Throws Error
/// ("inputs[0]": bad_shape, bad_type; as gemm() and emulate()), std::bad_alloc.
SEPTET_API std::vector<Tensor> run(const Network& network, const std::vector<const Tensor*>& inputs,
                                   const RunOptions& options, const std::vector<LayerCost>& costs,
                                   std::vector<LayerRun>& layers, const Observer& observer = {});

}  // namespace septet::network
