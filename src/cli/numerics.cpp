// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "numerics.hpp"

#include "errors.hpp"
#include "io/tensor_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace septet::cli {
namespace {

using network::Tensor;

std::uint32_t bits_of(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

// The number of floats between 0 and x, negative below 0.
Index place_of(float x) {
  const std::uint32_t magnitude = bits_of(x) & 0x7fffffffu;
  return bits_of(x) >> 31 ? -static_cast<Index>(magnitude) : static_cast<Index>(magnitude);
}

template <class T>
struct Elements {
  static bool same(T x, T y) { return x == y; }
  static Index distance(T x, T y) { return std::abs(static_cast<Index>(x) - static_cast<Index>(y)); }
  static std::string text(T x) { return std::to_string(x); }
};
template <>
struct Elements<float> {
  static bool same(float x, float y) { return (std::isnan(x) && std::isnan(y)) || bits_of(x) == bits_of(y); }
  static Index distance(float x, float y) {
    if (std::isnan(x) || std::isnan(y)) return Index{1} << 32;
    return std::abs(place_of(x) - place_of(y));
  }
  static std::string text(float x) { return fmt::format("{} (0x{:08x})", x, bits_of(x)); }
};

std::vector<Index> index_of(Index element, const std::vector<Index>& shape) {
  std::vector<Index> index(shape.size());
  for (std::size_t i = shape.size(); i-- > 0; element /= shape[i]) index[i] = element % shape[i];
  return index;
}

template <class T>
TensorDifference compare(const Tensor& reference, const Tensor& got) {
  using E = Elements<T>;
  TensorDifference difference;
  difference.elements = got.info().elements(), difference.floats = std::is_floating_point_v<T>;
  for (Index i = 0; i < difference.elements; ++i) {
    const T x = reference.as<T>()[i], y = got.as<T>()[i];
    if (E::same(x, y)) continue;
    if (difference.mismatches++ == 0) {
      difference.first = index_of(i, got.info().shape);
      difference.first_reference = E::text(x), difference.first_got = E::text(y);
    }
    difference.largest = std::max(difference.largest, E::distance(x, y));
  }
  return difference;
}

// The network of a step alone.
network::Network alone(const network::Network& network, const network::Step& step) {
  network::Network one;
  one.name = step.name;
  network::Step copy = step;
  for (std::size_t i = 0; i < step.inputs.size(); ++i) {
    one.tensors.push_back(network.tensors[static_cast<std::size_t>(step.inputs[i])]);
    copy.inputs[i] = static_cast<Index>(i);
    one.inputs.push_back(static_cast<Index>(i));
  }
  copy.output = static_cast<Index>(one.tensors.size());
  one.tensors.push_back(network.tensors[static_cast<std::size_t>(step.output)]);
  one.outputs = {copy.output};
  one.steps.push_back(std::move(copy));
  return one;
}

// A recorded tensor in place of the network's: the same elements, the network's shape and quantisation.
Tensor as_input(const Tensor& recorded, const network::TensorInfo& want, const std::string& path,
                const std::string& layer) {
  if (recorded.info().type != want.type || recorded.info().elements() != want.elements()) {
    refuse(path, fmt::format("{}: its input is {} of {}; the network's is {} of {}", layer, name(recorded.info().type),
                             io::shape_text(recorded.info().shape), name(want.type), io::shape_text(want.shape)));
  }
  Tensor tensor(want);
  if (tensor.bytes() > 0) std::memcpy(tensor.data(), recorded.data(), tensor.bytes());
  return tensor;
}

// Refuses another type or number of elements.
TensorDifference difference_of(const Tensor& reference, const Tensor& got, const std::string& path,
                               const std::string& what) {
  const network::TensorInfo &left = reference.info(), &right = got.info();
  if (left.type != right.type || left.elements() != right.elements()) {
    refuse(path, fmt::format("{}: is {} of {}; the network's is {} of {}", what, name(left.type),
                             io::shape_text(left.shape), name(right.type), io::shape_text(right.shape)));
  }
  switch (right.type) {
    case Type::s8:
      return compare<std::int8_t>(reference, got);
    case Type::u8:
      return compare<std::uint8_t>(reference, got);
    case Type::s32:
      return compare<std::int32_t>(reference, got);
    case Type::f32:
      return compare<float>(reference, got);
    default:
      refuse(path, fmt::format("{}: is of {}, which no step makes", what, name(right.type)));
  }
}

LayerDifference layer_difference(const io::LayerRecord& record, const Tensor& y, const Tensor* sums,
                                 const std::string& path) {
  LayerDifference difference;
  if (!record.sums.empty()) {
    if (sums == nullptr) refuse(path, record.layer + ": has sums; the network's step is no product");
    difference.sums = difference_of(record.sums, *sums, path, record.layer + ": acc");
  }
  if (!record.output.empty()) difference.output = difference_of(record.output, y, path, record.layer + ": output");
  return difference;
}

}  // namespace

bool any(const Numerics& numerics) {
  return std::any_of(numerics.layers.begin(), numerics.layers.end(),
                     [](const LayerNumerics& layer) { return layer.run.any() || layer.alone.any(); });
}

NumericsCheck::NumericsCheck(const network::Network& network, const std::vector<io::LayerRecord>& record,
                             std::string reference, const network::RunOptions& options,
                             const std::vector<network::LayerCost>& costs)
    : network_(network), record_(record), options_(options), costs_(costs) {
  numerics_.reference = std::move(reference);
  for (const io::LayerRecord& layer : record) {
    const auto step = std::find_if(network.steps.begin(), network.steps.end(),
                                   [&](const network::Step& s) { return s.name == layer.layer; });
    if (step == network.steps.end()) {
      refuse(numerics_.reference, "has the layer " + cli::quoted(layer.layer) + ", which the network lacks");
    }
    steps_.push_back(static_cast<std::size_t>(step - network.steps.begin()));
    numerics_.layers.push_back({layer.layer, {}, {}});
  }
}

void NumericsCheck::see(const network::Step& step, const Tensor& y, const Tensor* sums) {
  for (std::size_t i = 0; i < record_.size(); ++i) {
    if (record_[i].layer != step.name) continue;
    numerics_.layers[i].run = layer_difference(record_[i], y, sums, numerics_.reference);
  }
}

LayerDifference NumericsCheck::run_alone(std::size_t s, const io::LayerRecord& record) const {
  const network::Step& step = network_.steps[s];
  const std::string& path = numerics_.reference;
  if (record.inputs.size() != step.inputs.size()) {
    refuse(path, fmt::format("{}: has {} inputs; the network's step has {}", step.name, record.inputs.size(),
                             step.inputs.size()));
  }
  const network::Network one = alone(network_, step);
  std::vector<Tensor> inputs;
  std::vector<const Tensor*> pointers;
  for (std::size_t i = 0; i < record.inputs.size(); ++i) {
    inputs.push_back(as_input(record.inputs[i], one.tensors[i], path, step.name));
  }
  for (const Tensor& input : inputs) pointers.push_back(&input);
  std::vector<network::LayerRun> runs;
  LayerDifference difference;
  network::run(one, pointers, options_, {costs_.at(s)}, runs,
               [&](const network::Step&, const std::vector<const Tensor*>&, const Tensor& y, const Tensor* sums) {
                 difference = layer_difference(record, y, sums, path);
               });
  return difference;
}

void NumericsCheck::run_alone() {
  for (std::size_t i = 0; i < record_.size(); ++i) {
    if (!record_[i].inputs.empty()) numerics_.layers[i].alone = run_alone(steps_[i], record_[i]);
  }
}

}  // namespace septet::cli
