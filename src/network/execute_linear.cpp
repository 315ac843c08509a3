// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Products. Outputs are the rows of C, so C is column-major over NHWC: element (o, n) lies at y[n * outputs + o], and
// all that a product needs of y, bias and multipliers are views.
#include "depthwise.hpp"
#include "execute_operators.hpp"
#include "implicit_gemm.hpp"
#include "kernels/dispatch.hpp"
#include "linear_epilogue.hpp"
#include "patches.hpp"
#include "src/fp_environment.hpp"

#include <algorithm>
#include <cstring>

namespace septet::network {
namespace {

// The rows of weights that belong to a group, as A.
ConstMatrix weights_of(const Tensor& weight, Index group, Index groups) {
  const TensorInfo& info = weight.info();
  const Index m = info.dim(0) / groups, k = info.elements() / info.dim(0);
  return {static_cast<const std::byte*>(weight.data()) + group * m * k * size_of(info.type), info.type, m, k, k, 1};
}

// All groups' weights along the diagonal of one A.
std::vector<std::byte> joined_weights(const Tensor& weight, Index groups) {
  const TensorInfo& info = weight.info();
  const Index outputs = info.dim(0), m = outputs / groups, k = info.elements() / outputs, size = size_of(info.type);
  const auto zero = static_cast<std::byte>(info.quantisation.zero_point);
  std::vector<std::byte> joined(static_cast<std::size_t>(outputs * groups * k * size), zero);
  for (Index o = 0; o < outputs; ++o) {
    std::memcpy(joined.data() + (o * groups + o / m) * k * size,
                static_cast<const std::byte*>(weight.data()) + o * k * size, static_cast<std::size_t>(k * size));
  }
  return joined;
}

// C of a group from column n0 on.
Matrix outputs_of(Tensor& y, Index outputs, Index group, Index groups, Index n0, Index n) {
  const Index m = outputs / groups;
  auto* data = static_cast<std::byte*>(y.data()) + (n0 * outputs + group * m) * size_of(y.info().type);
  return {data, y.info().type, m, n, 1, outputs};
}

// What a step's products have in common.
struct Products {
  Products(const Linear& linear_, Index groups_, const Tensor& x_, LinearTarget& target_, const Execution& execution_)
      : linear(linear_), groups(groups_), x(x_), target(target_), execution(execution_) {}

  const Linear& linear;
  Index groups;
  const Tensor& x;
  LinearTarget& target;
  const Execution& execution;

  // Columns from n0 on of a group's product.
  void multiply(Index group, const ConstMatrix& b, Index n0) const {
    multiply(weights_of(*linear.weight, group, groups), group, groups, b, n0);
  }
  // All of the product that the groups joined are.
  void multiply_joined(const ConstMatrix& b) const {
    const std::vector<std::byte> weights = joined_weights(*linear.weight, groups);
    multiply({weights.data(), linear.weight->info().type, linear.outputs(), b.rows, b.rows, 1}, 0, 1, b, 0);
  }

 private:
  void multiply(const ConstMatrix& a, Index group, Index of_groups, const ConstMatrix& b, Index n0) const {
    const Index outputs = linear.outputs(), m0 = group * (outputs / of_groups);
    GemmCall call;
    call.a = a, call.b = b, call.group = group;
    call.c = outputs_of(target.stored(), outputs, group, of_groups, n0, b.cols);
    call.options.a_zero_point = linear.weight->info().quantisation.zero_point;
    call.options.b_zero_point = x.info().quantisation.zero_point;
    auto keep = target.keeper(m0, n0);
    call.options.epilogue = target.epilogue(m0, call.c.rows, call.c.cols);
    if (target.keeps()) call.options.epilogue.function = tile_function<std::int32_t>(keep);
    network::multiply(execution, call);
  }
};

void multiply_patches(const Products& products, const Window& window) {
  const Patches patches(products.x, window, products.groups);
  const Index n = patches.n(), column = patches.k() * size_of(products.x.info().type);
  const Index limit = products.execution.gather_bytes;
  const Index block = limit == 0 ? n : std::clamp(limit / column, Index{1}, n);
  std::vector<std::byte> gathered;
  if (products.execution.join_groups && products.groups > 1) {
    gathered.resize(static_cast<std::size_t>(products.groups * n * column));
    return products.multiply_joined(patches.gather_joined(products.groups, gathered.data()));
  }
  for (Index group = 0; group < products.groups; ++group) {
    if (const auto b = patches.view(group)) {
      products.multiply(group, *b, 0);
      continue;
    }
    gathered.resize(static_cast<std::size_t>(block * column));
    for (Index n0 = 0; n0 < n; n0 += block) {
      products.multiply(group, patches.gather(group, n0, std::min(n, n0 + block), gathered.data()), n0);
    }
  }
}

// Where the kernels can read f32 as it lies: the products' bits, without copies of the window. A cut image they cannot.
bool convolve_in_place(const Convolution& op, const Tensor& x, Activation activation, Tensor& stored) {
  const ImplicitGemm::Shape shape{&op.linear, op.window, op.groups, x.info()};
  const bool whole = op.window.pad_top >= 0 && op.window.pad_left >= 0;
  if (x.info().type != Type::f32 || !whole || !ImplicitGemm::readable(shape)) return false;
  ImplicitGemm(shape, false, {}).run(x, nullptr, activation, stored);
  return true;
}

// Without products?
bool convolve_directly(const Convolution& op, const Tensor& x, Activation activation, LinearTarget& target) {
  const kernels::PinnedTarget pinned;
  const detail::FpEnvironment environment;
  if (!is_depthwise(op, x.info())) return convolve_in_place(op, x, activation, target.stored());
  convolve_depthwise(op, x, target);
  return true;
}

}  // namespace

void execute(const Convolution& op, const Operands& x, Tensor& y, const Execution& execution, Tensor* sums) {
  LinearTarget target(op.linear, y, sums);
  const bool free = !execution.gemm && !execution.join_groups;
  const Activation activation = sums != nullptr ? Activation::none : op.linear.activation;
  if (!free || !convolve_directly(op, *x[0], activation, target)) {
    multiply_patches({op.linear, op.groups, *x[0], target, execution}, op.window);
  }
  target.finish();
}

void execute(const FullyConnected& op, const Operands& x, Tensor& y, const Execution& execution, Tensor* sums) {
  LinearTarget target(op.linear, y, sums);
  const TensorInfo& weight = op.linear.weight->info();
  const Index k = weight.elements() / weight.dim(0), n = x[0]->info().elements() / k;
  const ConstMatrix b(x[0]->data(), x[0]->info().type, k, n, 1, k);
  Products{op.linear, 1, *x[0], target, execution}.multiply(0, b, 0);
  target.finish();
}

}  // namespace septet::network
