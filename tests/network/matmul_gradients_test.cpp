// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Gradients of matmuls against their definition, on the CPU and on emulated arrays.
#include "gradient_case.hpp"
#include "gradients_reference.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

namespace septet::network {
namespace {

using namespace septet::support;

Case random_matmul(Rng& rng, Type type) {
  const Index batch = rng.between(1, 3), heads = rng.between(1, 3), m = rng.between(1, 9), n = rng.between(1, 9),
              k = rng.between(1, 9);
  MatMul op;
  op.transposed = rng.chance(0.5);
  if (type == Type::f32) op.scale = rng.pick({1.f, 0.125f, 0.3f});
  const Index rows = op.transposed ? n : k, cols = op.transposed ? k : n;
  const std::vector<std::vector<Index>> shapes{
      {rows, cols}, {heads, rows, cols}, {batch, 1, rows, cols}, {batch, heads, rows, cols}};
  Case c;
  c.x.push_back(random_tensor(rng, type, {batch, heads, m, k}));
  c.x.push_back(random_tensor(rng, other_byte(rng, type), rng.pick(shapes)));
  c.step = {"matmul", op, {0, 1}, 2};
  make_y(rng, type, {batch, heads, m, n}, c);
  return c;
}

// Where a dimension is missing or 1, x1 is the same.
Index second_matrix(const TensorInfo& x1, Index b, Index h) {
  const std::vector<Index>& shape = x1.shape;
  const Index heads = shape.size() > 2 ? shape[shape.size() - 3] : 1, batch = shape.size() > 3 ? shape[0] : 1;
  return (batch > 1 ? b : 0) * heads + (heads > 1 ? h : 0);
}

void check_matmul(const Case& c, Rng& rng) {
  const auto& op = std::get<MatMul>(c.step.op);
  const TensorInfo& info = c.y.info();
  const Index heads = info.dim(1), m = info.dim(2), n = info.dim(3), k = c.x[0].info().dim(3);
  ReferenceSums first(c.x[0].info().elements()), second(c.x[1].info().elements());
  for (Index at = 0; at < info.elements(); ++at) {
    const Index j = at % n, i = at / n % m, h = at / n / m % heads, b = at / n / m / heads;
    const double slope = double{op.scale} * real(c.dy, at);
    for (Index l = 0; l < k; ++l) {
      const Index of_0 = ((b * heads + h) * m + i) * k + l;
      const Index of_1 = second_matrix(c.x[1].info(), b, h) * k * n + (op.transposed ? j * k + l : l * n + j);
      first.add(of_0, slope * real(c.x[1], of_1));
      second.add(of_1, slope * real(c.x[0], of_0));
    }
  }
  // The scale's product is one rounding more than the chain's, which `holds` allows.
  const StepGradients got = gradients_of(c);
  CHECK(holds(got.inputs[0], first));
  CHECK(holds(got.inputs[1], second));
  CHECK(got.parameters.empty());
  const auto dataflow = static_cast<Dataflow>(rng.between(1, 7));
  CHECK(equal(gradients_of(c, on_array(dataflow, {rng.between(1, 9), rng.between(1, 9)})), got));
}

}  // namespace

TEST_CASE("gradients of matmuls are the definition's, on CPU and arrays") {
  for (std::uint64_t seed = 3000; seed < 3000 + static_cast<std::uint64_t>(problem_count(100)); ++seed) {
    INFO("seed " << seed);
    Rng rng(seed);
    check_matmul(random_matmul(rng, rng.pick({Type::f32, Type::s8, Type::u8})), rng);
  }
}

}  // namespace septet::network
