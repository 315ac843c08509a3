// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Gradients of normalisations and embedding bags, whose parameters' gradients are sums over the batch, against their
// definitions in f64, and those against central differences; k batches against one k times as large.
#include "operator_gradients.hpp"
#include "operator_gradients_reference.hpp"
#include "src/network/batch_norm.hpp"

#include <doctest/doctest.h>

namespace septet::network {
namespace {

using namespace septet::support;

// Sums that start where another batch has left them.
std::vector<Sum> sums_from(const Tensor& start) {
  std::vector<Sum> sums(static_cast<std::size_t>(start.info().elements()));
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i].add(start.as<float>()[i]);
  return sums;
}

Values slopes_of(const std::vector<Sum>& sums, const Tensor& start) {
  Values slopes;
  for (std::size_t i = 0; i < sums.size(); ++i) slopes.push_back(sums[i].value - start.as<float>()[i]);
  return slopes;
}

struct Matrix {
  Index rows = 0, columns = 0;
  Tensor x, dy;
  std::shared_ptr<const Tensor> scale, shift;  // one per column
  std::vector<Tensor> start;                   // their gradients
  float epsilon = 1;

  std::size_t at(Index i, Index j) const { return static_cast<std::size_t>(i * columns + j); }
};

Matrix random_matrix(Rng& rng) {
  Matrix m;
  m.rows = rng.between(1, 12), m.columns = rng.chance(0.3) ? rng.between(30, 70) : rng.between(1, 12);
  m.x = uniform(rng, {m.rows, m.columns}, 4), m.dy = uniform(rng, {m.rows, m.columns}, 2);
  m.scale = uniform_vector(rng, m.columns, 2), m.shift = uniform_vector(rng, m.columns, 2);
  m.start = {uniform(rng, {m.columns}, 8), uniform(rng, {m.columns}, 8)};
  m.epsilon = rng.pick({0.25f, 1.0f});
  return m;
}

// f64: the derivatives by x, scale and shift of what normalises count elements, and bounds of dx.
struct NormGradients {
  Values dx, bounds;
  std::vector<Sum> dscale, dshift;
};

// y = h * scale + shift, where h is normalised along rows (layer norm) or columns (batch norm).
Values plain_norm(const Matrix& m, bool along_rows, const std::vector<Values>& operands) {
  Values y(operands[0].size());
  for (Index line = 0; line < (along_rows ? m.rows : m.columns); ++line) {
    const Index count = along_rows ? m.columns : m.rows, stride = along_rows ? 1 : m.columns;
    const Normal normal =
        plain_normal(operands[0], along_rows ? line * m.columns : line, count, stride, double{m.epsilon});
    for (Index k = 0; k < count; ++k) {
      const std::size_t at = along_rows ? m.at(line, k) : m.at(k, line),
                        column = at % static_cast<std::size_t>(m.columns);
      y[at] = normal.h[static_cast<std::size_t>(k)] * operands[1][column] + operands[2][column];
    }
  }
  return y;
}

NormGradients plain_norm_gradients(const Matrix& m, bool along_rows) {
  const Values x = values_of(m.x), dy = values_of(m.dy), scale = values_of(*m.scale);
  NormGradients g{Values(x.size()), Values(x.size()), sums_from(m.start[0]), sums_from(m.start[1])};
  for (Index line = 0; line < (along_rows ? m.rows : m.columns); ++line) {
    const Index count = along_rows ? m.columns : m.rows, stride = along_rows ? 1 : m.columns;
    const Normal normal = plain_normal(x, along_rows ? line * m.columns : line, count, stride, double{m.epsilon});
    Values dh, dx, bounds;
    std::vector<std::size_t> places;
    for (Index k = 0; k < count; ++k) {
      const std::size_t at = along_rows ? m.at(line, k) : m.at(k, line),
                        column = at % static_cast<std::size_t>(m.columns);
      places.push_back(at);
      dh.push_back(dy[at] * scale[column]);
      g.dscale[column].add(dy[at] * normal.h[static_cast<std::size_t>(k)]);
      g.dshift[column].add(dy[at]);
    }
    plain_normal_gradient(normal, dh, dx, bounds);
    for (std::size_t k = 0; k < places.size(); ++k) g.dx[places[k]] = dx[k], g.bounds[places[k]] = bounds[k];
  }
  return g;
}

void check_norm(const Matrix& m, bool along_rows, const std::vector<Tensor>& got) {
  const NormGradients want = plain_norm_gradients(m, along_rows);
  check_within(got[0], want.dx, want.bounds);
  check_within(got[1], want.dscale, 0);
  check_within(got[2], want.dshift, 0);
  if (m.rows * m.columns > 200) return;
  const auto f = [&](const std::vector<Values>& operands) { return plain_norm(m, along_rows, operands); };
  const std::vector<Values> operands{values_of(m.x), values_of(*m.scale), values_of(*m.shift)};
  check_differences(f, operands, 0, values_of(m.dy), want.dx);
  check_differences(f, operands, 1, values_of(m.dy), slopes_of(want.dscale, m.start[0]));
  check_differences(f, operands, 2, values_of(m.dy), slopes_of(want.dshift, m.start[1]));
}

}  // namespace

TEST_CASE("gradients: layer norm") {
  for_seeds(13000, 40, [](Rng& rng) {
    const Matrix m = random_matrix(rng);
    const LayerNorm op{m.scale, m.shift, m.epsilon};
    check_norm(m, true, gradients_everywhere(op, {&m.x}, run(op, {&m.x}, m.x.info()), m.dy, m.start));
  });
}

TEST_CASE("gradients: batch norm that is frozen") {
  for_seeds(13100, 40, [](Rng& rng) {
    const Matrix m = random_matrix(rng);
    const BatchNorm op{m.scale, m.shift};
    const std::vector<Tensor> got = gradients_everywhere(op, {&m.x}, run(op, {&m.x}, m.x.info()), m.dy, m.start);
    std::vector<Sum> dfactor = sums_from(m.start[0]), dterm = sums_from(m.start[1]);
    for (Index i = 0; i < m.x.info().elements(); ++i) {
      const double slope = m.dy.as<float>()[i];
      const auto column = static_cast<std::size_t>(i % m.columns);
      CHECK(got[0].as<float>()[i] == m.dy.as<float>()[i] * m.scale->as<float>()[i % m.columns]);
      dfactor[column].add(slope * m.x.as<float>()[i]);
      dterm[column].add(slope);
    }
    check_within(got[1], dfactor, 0);
    check_within(got[2], dterm, 0);
  });
}

TEST_CASE("gradients: batch norm that learns") {
  for_seeds(13200, 40, [](Rng& rng) {
    const Matrix m = random_matrix(rng);
    BatchStatistics statistics;
    std::vector<Tensor> all = same_everywhere([&] {
      std::vector<Tensor> made{Tensor(m.x.info()), Tensor(m.x.info()), m.start[0], m.start[1]};
      statistics = normalise(m.x, *m.scale, *m.shift, double{m.epsilon}, made[0]);
      normalise_gradient(m.x, *m.scale, double{m.epsilon}, statistics, m.dy, made[1], made[2], made[3]);
      return made;
    });
    // y: rounded once, f64's own roundings beside it.
    const Values want = plain_norm(m, false, {values_of(m.x), values_of(*m.scale), values_of(*m.shift)});
    Values bounds;
    for (const double y : want) bounds.push_back(kUnit * std::fabs(y) + 0x1p-40);
    check_within(all[0], want, bounds);
    for (Index c = 0; c < m.columns; ++c) {
      const Normal normal = plain_normal(values_of(m.x), c, m.rows, m.columns, 0);
      const auto at = static_cast<std::size_t>(c);
      CHECK(std::fabs(std::sqrt(statistics.variance[at]) - normal.deviation) < 0x1p-40);
    }
    all.erase(all.begin());
    check_norm(m, false, all);
    // In place, and with gradients that nobody wants.
    Tensor y = m.x, dx = m.dy, none;
    normalise(y, *m.scale, *m.shift, double{m.epsilon}, y);
    normalise_gradient(m.x, *m.scale, double{m.epsilon}, statistics, dx, dx, none, none);
    check_same({dx}, {all[0]});
    check_within(y, want, bounds);
  });
}

// A mean of 2^12 beside deviations of 1: the sum of squares less the square of the sum has no digit left of f32's.
TEST_CASE("gradients: batch norm far from 0") {
  Rng rng(13300);
  Tensor x = uniform(rng, {1000, 3}, 1), y(x.info());
  for (Index i = 0; i < 3000; ++i) x.as<float>()[i] += 4096;
  Tensor gamma(floats({3})), beta(floats({3}));
  std::fill_n(gamma.as<float>(), 3, 1.0f);
  normalise(x, gamma, beta, 0, y);
  for (Index c = 0; c < 3; ++c) {
    const Normal normal = plain_normal(values_of(x), c, 1000, 3, 0);
    for (Index i = 0; i < 1000; ++i) {
      const double want = normal.h[static_cast<std::size_t>(i)];
      CHECK(std::fabs(y.as<float>()[i * 3 + c] - want) <= kUnit * std::fabs(want) + 0x1p-36);
    }
  }
}

// ---- embedding bags

namespace {

struct Bags {
  EmbeddingBag op;
  Tensor indices, offsets, dy;
  std::vector<Tensor> start;
};

Tensor integers(const std::vector<std::int32_t>& values) {
  Tensor tensor({"list", Type::s32, {static_cast<Index>(values.size())}, {}});
  std::copy(values.begin(), values.end(), tensor.as<std::int32_t>());
  return tensor;
}

Bags random_bags(Rng& rng) {
  const Index rows = rng.between(1, 12), width = rng.between(1, 70), count = rng.between(1, 6);
  std::vector<std::int32_t> indices, offsets{0};
  for (Index b = 0; b < count; ++b) {
    const Index listed = rng.chance(0.2) ? 0 : rng.between(1, 12);
    for (Index i = 0; i < listed; ++i) indices.push_back(static_cast<std::int32_t>(rng.below(rows)));
    offsets.push_back(static_cast<std::int32_t>(indices.size()));
  }
  if (indices.empty()) return random_bags(rng);
  EmbeddingBag op;
  op.table = std::make_shared<const Tensor>(uniform(rng, {rows, width}, 1));
  op.mode = rng.pick({EmbeddingBag::Mode::sum, EmbeddingBag::Mode::mean});
  return {op, integers(indices), integers(offsets), uniform(rng, {count, width}, 2), {uniform(rng, {rows, width}, 8)}};
}

}  // namespace

TEST_CASE("gradients: embedding bags") {
  for_seeds(13400, 40, [](Rng& rng) {
    const Bags bags = random_bags(rng);
    const Index width = bags.dy.info().dim(1);
    const std::vector<const Tensor*> lists{&bags.indices, &bags.offsets};
    const Tensor y = run(bags.op, lists, bags.dy.info());
    std::vector<Tensor> got = gradients_everywhere(bags.op, lists, y, bags.dy, bags.start);
    CHECK(got[0].empty());
    CHECK(got[1].empty());
    std::vector<Sum> dtable = sums_from(bags.start[0]);
    const auto *starts = bags.offsets.as<std::int32_t>(), *listed = bags.indices.as<std::int32_t>();
    for (Index b = 0; b < bags.dy.info().dim(0); ++b) {
      const double share = bags.op.mode == EmbeddingBag::Mode::mean ? 1.0 / (starts[b + 1] - starts[b]) : 1;
      for (std::int32_t i = starts[b]; i < starts[b + 1]; ++i) {
        for (Index j = 0; j < width; ++j) {
          dtable[static_cast<std::size_t>(listed[i] * width + j)].add(bags.dy.as<float>()[b * width + j] * share);
        }
      }
    }
    check_within(got[2], dtable, 2);  // 1 / n and its product
  });
}

TEST_CASE("gradients: embedding bags with lists or tables that have none are refused, and nothing is written") {
  Rng rng(13500);
  Bags bags = random_bags(rng);
  const auto refusal = [&](const EmbeddingBag& op) {
    const Step step{"step", op, {}, 0};
    StepGradients gradients = zero_gradients(step, {&bags.indices, &bags.offsets});
    const std::vector<Tensor> before = gradients.parameters;
    Cause cause = Cause::ok;
    try {
      backward(step, {&bags.indices, &bags.offsets}, bags.dy, bags.dy, gradients);
    } catch (const Error& error) {
      cause = error.status().cause();
    }
    check_same(gradients.parameters, before);
    return cause;
  };
  EmbeddingBag halves = bags.op;
  halves.sums = Type::f16;
  CHECK(refusal(halves) == Cause::bad_type);
  halves = bags.op,
  halves.table = std::make_shared<const Tensor>(TensorInfo{"table", Type::f16, bags.op.table->info().shape, {}});
  CHECK(refusal(halves) == Cause::bad_type);
  bags.indices.as<std::int32_t>()[0] = static_cast<std::int32_t>(bags.op.table->info().dim(0));
  CHECK(refusal(bags.op) == Cause::bad_structure);
}

// ---- a batch in parts

namespace {

Tensor rows_of(const Tensor& x, Index first, Index count) {
  std::vector<Index> shape = x.info().shape;
  const Index row = x.info().elements() / shape[0];
  shape[0] = count;
  Tensor part({"part", x.info().type, shape, {}});
  std::copy_n(x.as<float>() + first * row, count * row, part.as<float>());
  return part;
}

}  // namespace

TEST_CASE("gradients: k batches, one after the other, leave the bits that all of it in one leaves") {
  for_seeds(13600, 20, [](Rng& rng) {
    Matrix m = random_matrix(rng);
    const Index parts = rng.between(2, 4), each = rng.between(1, 5);
    m.x = uniform(rng, {parts * each, m.columns}, 4), m.dy = uniform(rng, {parts * each, m.columns}, 2);
    for (const Operator& op :
         {Operator(LayerNorm{m.scale, m.shift, m.epsilon}), Operator(BatchNorm{m.scale, m.shift})}) {
      const StepGradients whole = gradients_of(op, {&m.x}, run(op, {&m.x}, m.x.info()), m.dy, m.start);
      std::vector<Tensor> sums = m.start;
      for (Index part = 0; part < parts; ++part) {
        const Tensor x = rows_of(m.x, part * each, each), dy = rows_of(m.dy, part * each, each);
        sums = gradients_of(op, {&x}, run(op, {&x}, x.info()), dy, sums).parameters;
      }
      check_same(sums, whole.parameters);
    }
  });
}

TEST_CASE("gradients: bags, one after the other, leave the bits that all of them leave") {
  for_seeds(13700, 20, [](Rng& rng) {
    const Bags bags = random_bags(rng);
    const std::vector<const Tensor*> lists{&bags.indices, &bags.offsets};
    const StepGradients whole = gradients_of(bags.op, lists, bags.dy, bags.dy, bags.start);
    std::vector<Tensor> sums = bags.start;
    const auto* starts = bags.offsets.as<std::int32_t>();
    for (Index b = 0; b < bags.dy.info().dim(0); ++b) {
      const auto* listed = bags.indices.as<std::int32_t>();
      const Tensor indices = integers({listed + starts[b], listed + starts[b + 1]});
      const Tensor offsets = integers({0, starts[b + 1] - starts[b]}), dy = rows_of(bags.dy, b, 1);
      sums = gradients_of(bags.op, {&indices, &offsets}, dy, dy, sums).parameters;
    }
    check_same(sums, whole.parameters);
  });
}

}  // namespace septet::network
