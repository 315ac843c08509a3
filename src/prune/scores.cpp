// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "scores.hpp"

#include "src/element.hpp"

#include <algorithm>
#include <cmath>

namespace septet::network::pruning {
namespace {

// Of a weight that is there but meets no input, so that a score of 0 says that there is none. Beside any other it is
// nothing.
constexpr double kLeastScore = 1e-200;

// What a row's integers are multiplied by. Real factors of sums are scale of x * scale of the row / scale of y, and of
// one layer all rows have the same x and y.
double row_scale(const Linear& linear, Index row) {
  const auto i = static_cast<std::size_t>(row);
  if (!linear.scale.empty()) return static_cast<double>(linear.scale[i]);
  if (linear.multiplier.empty()) return 1;
  return std::ldexp(static_cast<double>(linear.multiplier[i]), linear.shift[i] - 31);
}

// By a power of two, so that the greatest is 0.5 to 1: weights' squares times theirs are far from what a double holds.
std::vector<double> normalised(std::vector<double> squares) {
  const double most = squares.empty() ? 0 : *std::max_element(squares.begin(), squares.end());
  int exponent = 0;
  std::frexp(most, &exponent);
  for (double& square : squares) square = std::ldexp(square, -exponent);
  return squares;
}

// E[x^2] by column of a group's matrix, whose K is the window's elements times the group's channels, channels fastest.
std::vector<double> squares_by_column(const std::vector<double>& squares, Index group, const Product& product) {
  const auto k = static_cast<std::size_t>(product.k);
  std::vector<double> result(k, 1.0);
  if (squares.empty()) return result;
  const std::size_t channels = squares.size() / static_cast<std::size_t>(product.count);
  for (std::size_t j = 0; j < k; ++j) result[j] = squares[static_cast<std::size_t>(group) * channels + j % channels];
  return result;
}

template <class T>
void score_row(const T* weights, int zero_point, double scale, const std::vector<double>& squares, double* scores) {
  for (std::size_t j = 0; j < squares.size(); ++j) {
    const double w = scale * (static_cast<double>(weights[j]) - zero_point);
    scores[j] = weights[j] == static_cast<T>(zero_point) ? 0 : std::max(w * w * squares[j], kLeastScore);
  }
}

}  // namespace

const Linear* linear_of(const Operator& op) {
  if (const auto* convolution = std::get_if<Convolution>(&op)) return &convolution->linear;
  if (const auto* connected = std::get_if<FullyConnected>(&op)) return &connected->linear;
  return nullptr;
}
Linear* linear_of(Operator& op) { return const_cast<Linear*>(linear_of(static_cast<const Operator&>(op))); }

Scores scores_of(const Network& network, const Step& step, const std::vector<double>& squares) {
  const Product product = product_of(network, step);
  const Linear& linear = *linear_of(step.op);
  const Tensor& weight = *linear.weight;
  const int zero_point = weight.info().quantisation.zero_point;
  const std::vector<double> of_inputs = normalised(squares);
  Scores scores{product.m, product.k, product.count, {}};
  scores.values.resize(static_cast<std::size_t>(product.m * product.k * product.count));
  detail::with_type(weight.info().type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    if constexpr (!detail::kIsNarrowFloat<T>) {
      for (Index row = 0; row < product.m * product.count; ++row) {
        score_row(weight.as<T>() + row * product.k, zero_point, row_scale(linear, row),
                  squares_by_column(of_inputs, row / product.m, product), scores.values.data() + row * product.k);
      }
    }
  });
  return scores;
}

Index squares_of(const Network& network, const Step& step) {
  if (std::holds_alternative<FullyConnected>(step.op)) return product_of(network, step).k;
  return network.tensors[static_cast<std::size_t>(step.inputs[0])].dim(3);
}

Status check_finite(const Step& step) {
  const Tensor& weight = *linear_of(step.op)->weight;
  if (weight.info().type != Type::f32) return {};
  const float* begin = weight.as<float>();
  const float* end = begin + weight.info().elements();
  const float* bad = std::find_if(begin, end, [](float w) { return !std::isfinite(w); });
  if (bad == end) return {};
  return {Cause::bad_structure, step.name, "weight " + std::to_string(bad - begin) + " is not a finite number"};
}

}  // namespace septet::network::pruning
