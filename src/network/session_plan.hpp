// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What a session does, in order, and where everything lies: made once for a network and a target.
//
//   1  steps that are done together     an addition behind a convolution's sums
//   2  the form of every weight         dense: ImplicitGemm or ImagesLayer; sparse: SparseLayer or ImagesLayer;
//                                       else execute()
//   3  the order of every tensor        pixel by pixel; plane by plane between sparse layers; or with images
//                                       innermost; turned where they meet
//   4  borders                          around what a dense layer's window reaches beyond
//   5  memory                           tensors that are not alive at the same time share it
#pragma once

#include "images_layer.hpp"
#include "septet/network/session.hpp"
#include "sparse_layer.hpp"

#include <optional>

namespace septet::network {

/// Of a tensor's elements.
enum class Order : std::uint8_t {
  pixels,  ///< [b][h][w][c]
  planes,  ///< [c][b][h][w]
  images   ///< image_blocks.hpp
};
constexpr int kOrders = 3;

/// What is done in one go: a step, and perhaps the addition that follows; or a tensor's elements in another order.
struct Task {
  std::size_t step = 0;
  std::vector<Index> inputs;  ///< tensors of the plan
  Index output = -1;
  Index residual = -1;  ///< or none
  Activation activation = Activation::none;
  bool turns = false;           ///< from pixels to another order, or back
  Order order = Order::pixels;  ///< in which it reads and writes
  std::size_t slot = 0;         ///< where the output lies
  std::optional<ImplicitGemm> dense;
  std::optional<SparseLayer> sparse;    ///< by planes
  std::unique_ptr<ImagesLayer> images;  ///< of either form
};

/// A tensor as it lies in memory: one of the network's, or a copy in another order.
struct Placed {
  TensorInfo info;  ///< without its border
  Order order = Order::pixels;
  Border border;

  Index channels() const { return info.dim(-1); }
  Index pixels() const { return info.elements() / channels(); }
  TensorInfo laid_out() const;  ///< with it
};

struct SessionPlan {
  SessionPlan(const Network& network, const SessionOptions& options);

  std::vector<PreparedStep> steps;
  std::vector<Task> tasks;
  std::vector<Placed> tensors;  ///< the network's first
  std::vector<Index> outputs;   ///< tensors that hold the network's
  std::vector<Tensor> slots;
  Index scratch_bytes = 0;  ///< that a task needs

 private:
  void fuse();
  void choose_forms(WeightForm form);
  void take(std::size_t task, Order order, std::optional<SparseLayer>& planes, std::unique_ptr<ImagesLayer>& images);
  void choose_orders();
  void choose_borders();
  void pack();
  void assign_slots();

  std::optional<ImplicitGemm::Shape> shape_of(const Task& task) const;
  Placed& tensor(Index i) { return tensors[static_cast<std::size_t>(i)]; }
  const Placed& tensor(Index i) const { return tensors[static_cast<std::size_t>(i)]; }

  const Network& network_;
};

}  // namespace septet::network
