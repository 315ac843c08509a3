// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Gradients of operators, the loss and the update against what PyTorch made of the same operands:
// operator_gradients.txt, which operator_gradients.py wrote. What f32 makes without rounding, and SGD, has its bits;
// the rest is within the bounds that operator_gradients_test.cpp and its neighbours derive, here of the largest
// operands there are, 8.
#include "../operator_gradients.hpp"
#include "../operator_gradients_reference.hpp"
#include "../tflite/answers.hpp"
#include "src/network/batch_norm.hpp"
#include "src/network/loss.hpp"
#include "src/network/update.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <sstream>

namespace septet::network {
namespace {

using namespace septet::support;

struct Answer {
  std::uint32_t seed = 0;
  std::vector<Index> n;
  std::vector<std::uint64_t> hashes;
  Values values;
};

Tensor reals(std::uint32_t seed, std::vector<Index> shape) {
  Tensor tensor(floats(std::move(shape)));
  fill_with_numbers(tensor, seed);
  return tensor;
}

Tensor bytes(std::uint32_t seed, Index count) {
  Tensor tensor({"t", Type::u8, {count}, {}});
  fill_with_numbers(tensor, seed);
  return tensor;
}

// Whole numbers in [-4, 8).
Tensor few(std::uint32_t seed, std::vector<Index> shape) {
  Tensor tensor(floats(std::move(shape)));
  const Tensor from = bytes(seed, tensor.info().elements());
  for (Index i = 0; i < tensor.info().elements(); ++i) {
    tensor.as<float>()[i] = static_cast<float>(from.as<std::uint8_t>()[i] % 12) - 4;
  }
  return tensor;
}

Tensor whole_numbers(std::uint32_t seed, Index count, Index below) {
  const Tensor from = bytes(seed, count);
  Tensor tensor({"t", Type::s32, {count}, {}});
  for (Index i = 0; i < count; ++i) {
    tensor.as<std::int32_t>()[i] = static_cast<std::int32_t>(from.as<std::uint8_t>()[i] % below);
  }
  return tensor;
}

std::shared_ptr<const Tensor> shared(Tensor tensor) { return std::make_shared<const Tensor>(std::move(tensor)); }

std::vector<Tensor> zeros(Index count, std::size_t tensors) {
  return std::vector<Tensor>(tensors, Tensor(floats({count})));
}

void check_hashes(const Answer& a, const std::vector<Tensor>& got) {
  REQUIRE(a.hashes.size() == got.size());
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(fnv(got[i]) == a.hashes[i]);
}

// The next of the answer's values, each within `roundings` of itself, and `beside`.
class Rest {
 public:
  explicit Rest(const Answer& answer) : values_(answer.values) {}
  void check(const Tensor& got, double roundings, double beside) {
    Values want = take(static_cast<std::size_t>(got.info().elements())), bounds;
    for (const double value : want) bounds.push_back(roundings * kUnit * std::fabs(value) + beside);
    check_within(got, want, bounds);
  }
  void check(const Values& got, double beside) {
    const Values want = take(got.size());
    for (std::size_t i = 0; i < got.size(); ++i) CHECK(std::fabs(got[i] - want[i]) <= beside);
  }
  void check_end() const { CHECK(at_ == values_.size()); }

 private:
  Values take(std::size_t count) {
    REQUIRE(at_ + count <= values_.size());
    const auto from = values_.begin() + static_cast<std::ptrdiff_t>(at_);
    at_ += count;
    return Values(from, from + static_cast<std::ptrdiff_t>(count));
  }
  const Values& values_;
  std::size_t at_ = 0;
};

// ---- operators

Window window_of(const Answer& a) {  // behind x's shape
  Window w;
  w.height = a.n[4], w.width = a.n[5], w.stride_h = a.n[6], w.stride_w = a.n[7];
  w.pad_top = w.pad_bottom = a.n[8], w.pad_left = w.pad_right = a.n[9];
  return w;
}
std::vector<Index> image_of(const Answer& a) { return {a.n.begin(), a.n.begin() + 4}; }
std::vector<Index> pooled_of(const Answer& a) {
  const Window w = window_of(a);
  return {a.n[0], w.out_height(a.n[1]), w.out_width(a.n[2]), a.n[3]};
}

void max_pool(const Answer& a) {
  MaxPool op;
  op.window = window_of(a), op.activation = static_cast<Activation>(a.n[10]);
  const Tensor x = few(a.seed, image_of(a)), dy = few(a.seed + 1, pooled_of(a)), y = run(op, {&x}, dy.info());
  check_hashes(a, gradients_everywhere(op, {&x}, y, dy));
}

void average_pool(const Answer& a) {
  AveragePool op;
  op.window = window_of(a), op.activation = Activation::relu;
  const Tensor x = few(a.seed, image_of(a)), dy = reals(a.seed + 1, pooled_of(a)), y = run(op, {&x}, dy.info());
  Rest rest(a);
  rest.check(gradients_everywhere(op, {&x}, y, dy)[0], 0, 10 * kUnit * 9 * 8);  // 9 windows of 3 x 3 and more
  rest.check_end();
}

void mean(const Answer& a) {
  const Tensor x = reals(a.seed, image_of(a)), dy = reals(a.seed + 1, {a.n[0], a.n[3]});
  check_hashes(a, gradients_everywhere(Mean{}, {&x}, run(Mean{}, {&x}, dy.info()), dy));
}

void add(const Answer& a) {
  Add op;
  op.activation = static_cast<Activation>(a.n[1]);
  const Tensor x = few(a.seed, {a.n[0]}), other = few(a.seed + 2, {a.n[0]}), dy = few(a.seed + 1, {a.n[0]});
  check_hashes(a, gradients_everywhere(op, {&x, &other}, run(op, {&x, &other}, dy.info()), dy));
}

void activate(const Answer& a) {
  const Activate op{static_cast<Activation>(a.n[1])};
  const Tensor x = reals(a.seed, {a.n[0]}), dy = reals(a.seed + 1, {a.n[0]}), y = run(op, {&x}, dy.info());
  Rest rest(a);
  rest.check(gradients_everywhere(op, {&x}, y, dy)[0], 0, 4 * kUnit * 8);
  rest.check_end();
}

void softmax(const Answer& a) {
  const Tensor x = reals(a.seed, {a.n[0], a.n[1]}), dy = reals(a.seed + 1, {a.n[0], a.n[1]});
  const Tensor y = run(Softmax{}, {&x}, x.info());
  Rest rest(a);
  // y: 16 roundings of differences as large, 12 of a sum, exp and the quotient; by twice 16 of dy and their mean.
  rest.check(gradients_everywhere(Softmax{}, {&x}, y, dy)[0], 1, 31 * kUnit * 32);
  rest.check_end();
}

void layer_norm(const Answer& a) {
  const Index width = a.n[1];
  const LayerNorm op{shared(reals(a.seed + 2, {width})), shared(reals(a.seed + 3, {width})), 0x1p-10f};
  const Tensor x = reals(a.seed, {a.n[0], width}), dy = reals(a.seed + 1, {a.n[0], width});
  const std::vector<Tensor> got = gradients_everywhere(op, {&x}, run(op, {&x}, x.info()), dy, zeros(width, 2));
  Rest rest(a);
  rest.check(got[0], 1, 0x1p-30);
  rest.check(got[1], 0, 4 * kUnit * 3 * 8 * 3);  // 3 rows, of what is normalised at most the root of 9
  rest.check(got[2], 0, 4 * kUnit * 3 * 8);
  rest.check_end();
}

void batch_norm(const Answer& a) {
  const Index channels = a.n[3];
  const Tensor x = reals(a.seed, image_of(a)), dy = reals(a.seed + 1, image_of(a));
  const Tensor gamma = reals(a.seed + 2, {channels}), beta = reals(a.seed + 3, {channels});
  Tensor y(x.info()), dx(x.info());
  std::vector<Tensor> dparameters = zeros(channels, 2);
  const BatchStatistics statistics = normalise(x, gamma, beta, 0x1p-10, y);
  normalise_gradient(x, gamma, 0x1p-10, statistics, dy, dx, dparameters[0], dparameters[1]);
  Rest rest(a);
  rest.check(y, 1, 0x1p-30);
  rest.check(statistics.mean, 0x1p-40);
  rest.check(statistics.variance, 0x1p-40);
  rest.check(dx, 1, 0x1p-30);
  for (const Tensor& parameter : dparameters) rest.check(parameter, 1, 0x1p-30);
  rest.check_end();
}

void cross_entropy(const Answer& a) {
  const Tensor x = reals(a.seed, {a.n[0], a.n[1]}), labels = whole_numbers(a.seed + 1, a.n[0], a.n[1]);
  Tensor dx(x.info());
  double loss = 0;
  softmax_cross_entropy(x, labels, a.n[0], loss, dx);
  Rest rest(a);
  rest.check(Values{loss}, 1.02 * kUnit + 0x1p-48);
  rest.check(dx, 3.1, 0x1p-50);
  rest.check_end();
}

Tensor table_gradient(const Answer& a, EmbeddingBag::Mode mode, Tensor (*dy_of)(std::uint32_t, std::vector<Index>)) {
  const Index rows = a.n[0], width = a.n[1], bags = a.n[2];
  const Tensor counts = whole_numbers(a.seed + 1, bags, 9);
  Tensor offsets({"offsets", Type::s32, {bags + 1}, {}});
  for (Index b = 0; b < bags; ++b) {
    offsets.as<std::int32_t>()[b + 1] = offsets.as<std::int32_t>()[b] + counts.as<std::int32_t>()[b];
  }
  const Tensor indices = whole_numbers(a.seed + 2, offsets.as<std::int32_t>()[bags], rows);
  EmbeddingBag op;
  op.table = shared(Tensor(floats({rows, width}))), op.mode = mode;
  const Tensor dy = dy_of(a.seed + 3, {bags, width});
  const std::vector<Tensor> start{Tensor(floats({rows, width}))};
  return gradients_everywhere(op, {&indices, &offsets}, dy, dy, start)[2];
}

void embedding(const Answer& a) { check_hashes(a, {table_gradient(a, EmbeddingBag::Mode::sum, few)}); }

void embedding_mean(const Answer& a) {
  Rest rest(a);
  rest.check(table_gradient(a, EmbeddingBag::Mode::mean, reals), 0, 34 * kUnit * 4 * 8);  // 4 bags, 8 rows each
  rest.check_end();
}

void frozen_batch_norm(const Answer& a) {
  const std::vector<Index> shape{a.n[0], a.n[1]};
  const BatchNorm op{shared(few(a.seed + 2, {a.n[1]})), shared(few(a.seed + 3, {a.n[1]}))};
  const Tensor x = few(a.seed, shape), dy = few(a.seed + 1, shape);
  check_hashes(a, gradients_everywhere(op, {&x}, run(op, {&x}, x.info()), dy, zeros(a.n[1], 2)));
}

void sgd(const Answer& a) {
  Sgd options;
  options.learning_rate = 0.1f, options.momentum = 0.9f * static_cast<float>(a.n[1]);
  options.weight_decay = 1e-3f * static_cast<float>(a.n[2]), options.nesterov = a.n[3] == 1;
  Tensor parameter = reals(a.seed, {a.n[0]}), velocity(parameter.info());
  for (std::uint32_t step = 1; step <= 3; ++step) update(options, parameter, reals(a.seed + step, {a.n[0]}), velocity);
  check_hashes(a, {parameter});
}

Answer read(std::istringstream& in) {
  Answer a;
  in >> a.seed;
  std::string word;
  while (in >> word && word != ":") a.n.push_back(std::stoll(word));
  while (in >> word) {
    if (word[0] == '#') a.hashes.push_back(std::stoull(word.substr(1), nullptr, 16));
    if (word[0] != '#') a.values.push_back(std::stod(word));
  }
  return a;
}

}  // namespace

TEST_CASE("gradients: PyTorch's of operators, its loss and its update") {
  const std::map<std::string, void (*)(const Answer&)> checks{{"max_pool", max_pool},
                                                              {"average_pool", average_pool},
                                                              {"mean", mean},
                                                              {"add", add},
                                                              {"activate", activate},
                                                              {"softmax", softmax},
                                                              {"layer_norm", layer_norm},
                                                              {"batch_norm", batch_norm},
                                                              {"cross_entropy", cross_entropy},
                                                              {"embedding", embedding},
                                                              {"sgd", sgd},
                                                              {"embedding_mean", embedding_mean},
                                                              {"frozen_batch_norm", frozen_batch_norm}};
  std::ifstream file(SEPTET_PYTORCH_OPERATOR_GRADIENTS);
  REQUIRE(file.is_open());
  std::map<std::string, int> seen;
  for (std::string line; std::getline(file, line);) {
    if (line[0] == '#') continue;
    std::istringstream in(line);
    std::string name;
    in >> name;
    INFO(line.substr(0, 80));
    REQUIRE(checks.count(name) == 1);
    checks.at(name)(read(in));
    ++seen[name];
  }
  CHECK(seen.size() == checks.size());
}

}  // namespace septet::network
