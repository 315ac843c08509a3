// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "prune_model.hpp"

#include "io/network_index.hpp"
#include "operands.hpp"
#include "packing.hpp"
#include "progress.hpp"
#include "prune_inputs.hpp"
#include "septet/network/quantisation.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>

namespace septet::cli {
namespace {

using network::InputStatistics;
using network::Network;
using network::Tensor;
using network::TensorInfo;

Tensor read_weights(const PruneFlags& given) {
  const std::string& path = given.flags.a;
  const io::FileMatrix file = read_file(path);
  check_dtype(given.flags, {&file});
  const Type type = operand_type(file, given.flags.dtype, Type::f32);
  if (type != Type::f32 && type != Type::s8 && type != Type::u8) {
    refuse(path, fmt::format("is {}; weights of f32, s8 and u8 are pruned", name(type)));
  }
  if (file.rows == 0 || file.cols == 0) refuse(path, fmt::format("is {} x {}: no weights", file.rows, file.cols));
  io::OwnedMatrix dense;
  throw_if_error(io::convert(file, type, true, dense));
  const int zero_point = a_zero_point_of(given.flags, file);
  if (type == Type::f32 && zero_point != 0) refuse("--a-zero-point", "is of integers");
  Tensor weights({"weights", type, {file.rows, file.cols}, {0, zero_point}});
  std::memcpy(weights.data(), dense.values.data(), dense.values.size());
  return weights;
}

// What becomes of the sums has no say.
network::Linear linear_of(Tensor weights) {
  const TensorInfo info = weights.info();
  network::Linear linear;
  linear.weight = std::make_shared<const Tensor>(std::move(weights));
  if (info.type == Type::f32) return linear;
  const network::IntegerRange range = network::range_of(info.type);
  linear.low = range.low, linear.high = range.high;
  linear.multiplier.assign(static_cast<std::size_t>(info.dim(0)), 1 << 30),
      linear.shift.assign(linear.multiplier.size(), 0);
  return linear;
}

Network network_of(const PruneFlags& given) {
  Tensor weights = read_weights(given);
  const TensorInfo info = weights.info();
  const Index columns = given.columns_of_b();
  Network network;
  network.name = given.flags.a;
  network.tensors = {{"x", info.type, {columns, info.dim(1)}, {}}, {"y", info.type, {columns, info.dim(0)}, {}}};
  network.steps = {{"weights", network::FullyConnected{linear_of(std::move(weights))}, {0}, 1}};
  network.inputs = {0}, network.outputs = {1};
  if (const Status status = network::validate(network); !status.ok()) {
    throw Error(Status(status.cause(), given.flags.a, status.message()));
  }
  return network;
}

// The means of squares of B's rows.
InputStatistics statistics_of_matrix(const std::string& path, Index k, Index& columns) {
  const io::FileMatrix file = read_file(path);
  if (file.rows != k || file.cols == 0) {
    refuse(path,
           fmt::format("is {} x {}; the weights have {} columns: as many rows are needed", file.rows, file.cols, k));
  }
  io::OwnedMatrix b;
  throw_if_error(io::convert(file, Type::f64, true, b));
  columns = file.cols;
  const auto* x = reinterpret_cast<const double*>(b.values.data());
  InputStatistics statistics(1);
  for (Index row = 0; row < k; ++row) {
    double sum = 0;
    for (Index column = 0; column < columns; ++column, ++x) sum += *x * *x;
    statistics[0].push_back(sum / static_cast<double>(columns));
  }
  return statistics;
}

// Batches are of one size: the mean of all is the mean of their means.
InputStatistics statistics_of_model(const PruneFlags& given, const Network& network, Index& images) {
  InputBatches inputs(given.inputs, network);
  images = inputs.images();
  InputStatistics sums;
  ProgressLine progress("septet prune: calibration", "batch");
  for (Index i = 0; i < inputs.batches(); ++i) {
    progress.show(i, inputs.batches());
    InputStatistics one;
    require(network::try_input_statistics(network, inputs.batch(i), one));
    if (i == 0) sums.resize(one.size());
    for (std::size_t step = 0; step < one.size(); ++step) {
      sums[step].resize(one[step].size());
      for (std::size_t k = 0; k < one[step].size(); ++k) sums[step][k] += one[step][k];
    }
  }
  for (std::vector<double>& step : sums) {
    for (double& sum : step) sum /= static_cast<double>(inputs.batches());
  }
  return sums;
}

}  // namespace

Network read_prune_model(const PruneFlags& given) {
  return given.is_matrix() ? network_of(given) : io::read_network(given.flags.a);
}

const Tensor& weights_of(const Network& network, Index step) {
  const network::Operator& op = network.steps[static_cast<std::size_t>(step)].op;
  if (const auto* convolution = std::get_if<network::Convolution>(&op)) return *convolution->linear.weight;
  return *std::get<network::FullyConnected>(op).linear.weight;
}

InputStatistics read_statistics(const PruneFlags& given, const Network& network, Index& images) {
  images = 0;
  if (given.inputs.empty()) return {};
  if (given.is_matrix()) return statistics_of_matrix(given.inputs[0], weights_of(network, 0).info().dim(1), images);
  return statistics_of_model(given, network, images);
}

}  // namespace septet::cli
