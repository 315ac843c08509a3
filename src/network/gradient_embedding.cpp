// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Embedding bags backwards: a bag's gradient goes to each row it has summed, as often as that is listed. Threads have
// columns of their own, so that a row adds up in the order of the lists.
#include "column_sums.hpp"
#include "gradient_operators.hpp"

namespace septet::network {
namespace {

// What the mean has multiplied sums with.
float share_of(const EmbeddingBag& op, Index count) {
  return op.mode == EmbeddingBag::Mode::mean ? 1.0f / static_cast<float>(count) : 1.0f;
}

void require_floats(const EmbeddingBag& op) {
  const Type table = op.table->info().type;
  if (table == Type::f32 && op.sums == Type::f32) return;
  throw Error({Cause::bad_type, "step",
               std::string("embedding_bag of a table of ") + name(table) + ", sums of " + name(op.sums) +
                   ": only f32 has a gradient"});
}

}  // namespace

void backward(const EmbeddingBag& op, const Operands& x, const Tensor& /*y*/, const Tensor& dy,
              StepGradients& gradients) {
  require_floats(op);
  check_lists(op, *x[0], *x[1]);
  Tensor& dtable = gradients.parameters[0];
  if (dtable.empty()) return;
  const Index bags = dy.info().dim(0), width = dy.info().dim(1);
  const auto *indices = x[0]->as<std::int32_t>(), *offsets = x[1]->as<std::int32_t>();
  share_columns(x[0]->info().elements(), width, 4, [&](Index first, Index last) {
    for (Index b = 0; b < bags; ++b) {
      const float share = share_of(op, offsets[b + 1] - offsets[b]);
      const float* slopes = dy.as<float>() + b * width;
      for (Index i = offsets[b]; i < offsets[b + 1]; ++i) {
        float* row = dtable.as<float>() + indices[i] * width;
        for (Index j = first; j < last; ++j) row[j] += slopes[j] * share;
      }
    }
  });
}

}  // namespace septet::network
