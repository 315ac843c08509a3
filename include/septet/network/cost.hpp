// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What layers cost on an array with a vector unit beside it: products on the array, in closed form; everything else on
// the vector unit. Bias, requantisation and fused activations run behind the array and cost nothing (docs/dataflows.md,
// section 9). docs/network.md has the vector unit's operations.
#pragma once

#include "septet/emulation/cycles.hpp"
#include "septet/emulation/energy.hpp"
#include "septet/network/layer_shape.hpp"
#include "septet/network/weight_form.hpp"

#include <memory>
#include <optional>

namespace septet::network {

/// Beside the array: lanes that each finish an operation of a kind in so many cycles, elements one behind the other.
struct VectorUnit {
  Index lanes = 16;
  Index simple_cycles = 1;     ///< add, multiply, compare, clamp, shift, convert
  Index special_cycles = 4;    ///< exp, erf, tanh, division, square root
  Index bytes_per_cycle = 64;  ///< to its memory; 0: not a limit
};

/// cycles = max(ceil((simple_operations * simple_cycles + special_operations * special_cycles) / lanes),
/// ceil((reads_bytes + writes_bytes) / bytes_per_cycle)).
struct VectorCost {
  Index simple_operations = 0, special_operations = 0;
  Index reads_bytes = 0, writes_bytes = 0;
  Index cycles = 0;
};
/// Nothing for products.
SEPTET_API VectorCost vector_cost(const Network& network, const Step& step, const VectorUnit& unit);
SEPTET_API VectorCost vector_cost(const VectorWork& work, const VectorUnit& unit);
/// Of an embedding bag: `lookups` rows of `width` numbers of `table` (u8: with scale and bias), summed up in `bags`.
SEPTET_API VectorCost embedding_cost(Type table, Index width, Index lookups, Index bags, EmbeddingBag::Mode mode,
                                     const VectorUnit& unit);
/// `cost`, whose operations and bytes are known, with its cycles.
SEPTET_API VectorCost with_cycles(VectorCost cost, const VectorUnit& unit);

/// Of convolutions with as many groups as inputs, and more than one: they are a class of operators of their own.
inline constexpr const char* kDepthwise = "depthwise";
/// kDepthwise, or name(Operator): what reports sort steps by.
SEPTET_API std::string class_of(const Network& network, const Step& step);

/// A layer as work: a step of a network, or a row of a table.
struct Layer {
  std::string name;
  std::string op;   ///< its class: class_of(), or a table's word for it
  Product product;  ///< count 0: none
  Type a_type = Type::s8, b_type = Type::s8;
  /// Of the products in their order, m x k each, the next one's `weights_stride` elements further (0: all have the
  /// same): their patterns. No data: dense. Refers to the owner's memory; where there is none, to somebody else's.
  ConstMatrix weights;
  std::shared_ptr<const void> weights_owner;
  Index weights_stride = 0;
  int zero_point = 0;  ///< of the weights
  /// A sparsity of a table (compression.hpp) or of a sweep (explore.hpp) is for the layer: A is weights that are
  /// trained, or those of a data gradient. Whoever makes a layer says so.
  bool prunable = false;
  /// The products are groups of a convolution: together they are one, of count * m x count * k weights on a diagonal.
  bool joinable = false;
  VectorCost vector;     ///< what is no product
  Index parameters = 0;  ///< weights, biases and normalisation
  Index parameter_bytes = 0;
  Index lookups = 0;      ///< of an embedding bag: rows of its table that are read
  Index weight_bits = 0;  ///< of a weight outside the array; 0: as ArrayOptions::a_word_bits says
  /// What gradients need to know (training_cost.hpp); nothing where it is not known. Of products with weights: each of
  /// product.count / groups convolutions.
  std::optional<ConvolutionShape> convolution;
  std::optional<ConvolutionShape> data_gradient_of;  ///< of a training step's data gradient: A is of its weights
  std::optional<VectorWork> work;                    ///< of what is no product
  std::optional<VectorCost> gradient;                ///< where that is no operator of ours: what its gradient costs
  Index repeats = 1;                                 ///< all of it so many times, one after the other: micro-batches
};
/// All steps. Refers to the network's weights.
SEPTET_API std::vector<Layer> layers_of(const Network& network, const VectorUnit& unit);

struct CostOptions {
  /// array, combine, accumulate …; dataflow automatic: the one with the fewest cycles, layer by layer. Zero points,
  /// fold depth, preload and epilogue have no say.
  GemmOptions gemm;
  WeightForm weights = WeightForm::automatic;  ///< dense, sparse: an automatic dataflow is one of these
  emulation::ArrayOptions array;
  VectorUnit vector;
  emulation::EnergyTable energy;
};

struct LayerCost {
  Dataflow dataflow = Dataflow::automatic;  ///< automatic: no product
  bool joined = false;                      ///< groups as one product
  emulation::Report array;                  ///< all products together; utilization is theirs
  VectorCost vector;
  Index cycles = 0;        ///< array.cycles and vector.cycles, one after the other
  double energy_pj = 0;    ///< of the products
  double moved_bytes = 0;  ///< of the products, between the array and its buffers

  /// Those of the products: with a memory system, the waiting for it included.
  Index array_cycles() const { return cycles - vector.cycles; }
};

/// In closed form. Dataflows that exclude the options (outputs stationary under fold-then-add) are not among those of
/// automatic; of equals the first counts. Groups are joined under a sparse dataflow where that takes fewer cycles.
/// `each`: if not null, becomes the product's cost with every dataflow, whichever is named, in their order, but for
/// those that exclude the options. Errors as cycles(), and bad_shape: counts that do not fit 64 bits.
SEPTET_API Status cost(const Layer& layer, const CostOptions& options, LayerCost& cost,
                       std::vector<LayerCost>* each = nullptr);

}  // namespace septet::network
