// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Operators against what TensorFlow Lite's reference kernels made of the same inputs: answers.txt, which answers.py
// wrote. The plain statements of the other tests were written by those who wrote the operators; this was not.
#include "answers.hpp"
#include "septet/network/execute.hpp"
#include "septet/network/quantisation.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <sstream>

namespace septet::network {
namespace {

using support::fill_with_numbers;
using support::fnv;

Type read_type(std::istream& in) {
  std::string word;
  in >> word;
  REQUIRE((word == "s8" || word == "u8" || word == "f32"));
  return word == "s8" ? Type::s8 : word == "u8" ? Type::u8 : Type::f32;
}

// "4 1 2 2 8", of four dimensions.
std::vector<Index> read_shape(std::istream& in) {
  std::size_t dimensions = 0;
  in >> dimensions;
  REQUIRE(dimensions <= 4);
  std::vector<Index> shape(dimensions);
  for (Index& size : shape) in >> size;
  return shape;
}

float read_float(std::istream& in) {  // streams do not read what they write as hexfloat
  std::string word;
  in >> word;
  return std::stof(word);
}

Quantisation read_quantisation(std::istream& in) {
  Quantisation result;
  result.scale = read_float(in);
  in >> result.zero_point;
  return result;
}

Operator operator_of(const std::string& op, Activation activation, const IntegerRange& clamp, const Window& window,
                     float factor) {
  if (op == "add") return Add{clamp.low, clamp.high, activation};
  if (op == "average_pool") return AveragePool{window, clamp.low, clamp.high, activation};
  if (op == "max_pool") return MaxPool{window, clamp.low, clamp.high, activation};
  if (op == "mean") return Mean{};
  if (op == "softmax") return Softmax{factor};
  if (op == "relu" || op == "relu6") return Activate{activation};
  REQUIRE((op == "quantise" || op == "dequantise"));
  return Quantise{};
}

// One line: a network of one step, which is valid and gives the bytes of the answer. Its operator.
std::string check(const std::string& line) {
  std::istringstream in(line);
  std::string op, activation_name, hash;
  std::size_t inputs = 0;
  std::uint32_t seed = 0;
  in >> op >> activation_name >> inputs >> seed;
  Network network;
  const Type type = read_type(in);
  const std::vector<Index> shape = read_shape(in);
  for (std::size_t i = 0; i < 2; ++i) {
    const Quantisation quantisation = read_quantisation(in);
    if (i < inputs) network.tensors.push_back({"x" + std::to_string(i), type, shape, quantisation});
  }
  TensorInfo y{"y", Type::f32, {}, read_quantisation(in)};
  y.type = read_type(in);
  y.shape = read_shape(in);
  network.tensors.push_back(y);
  Window w;
  in >> w.height >> w.width >> w.stride_h >> w.stride_w >> w.pad_top >> w.pad_bottom >> w.pad_left >> w.pad_right;
  const float factor = read_float(in);
  in >> hash;
  REQUIRE(in);

  const Activation activation = activation_name == "relu"    ? Activation::relu
                                : activation_name == "relu6" ? Activation::relu6
                                                             : Activation::none;
  const IntegerRange clamp =
      y.type == Type::f32 ? range_of(Type::s8) : activated_range(activation, y.type, y.quantisation);
  Step step{op, operator_of(op, activation, clamp, w, factor), {}, static_cast<Index>(inputs)};
  std::vector<Tensor> x;
  for (std::size_t i = 0; i < inputs; ++i) {
    x.emplace_back(network.tensors[i]);
    fill_with_numbers(x.back(), seed + static_cast<std::uint32_t>(i));
    step.inputs.push_back(static_cast<Index>(i)), network.inputs.push_back(static_cast<Index>(i));
  }
  network.outputs = {step.output}, network.steps = {step};
  CHECK(validate(network).to_string() == "ok");
  std::vector<const Tensor*> operands;
  for (const Tensor& operand : x) operands.push_back(&operand);
  Tensor result(y);
  execute(step, operands, result);
  CHECK(fnv(result) == std::stoull(hash, nullptr, 16));
  return op + " " + septet::name(type);
}

}  // namespace

TEST_CASE("operators have the bits of TensorFlow Lite's reference kernels") {
  std::ifstream file(SEPTET_TFLITE_ANSWERS);
  REQUIRE(file.good());
  std::map<std::string, int> seen;
  for (std::string line; std::getline(file, line);) {
    INFO(line);
    ++seen[check(line)];
  }
  for (const char* op :
       {"add", "average_pool", "max_pool", "mean", "softmax", "quantise", "dequantise", "relu", "relu6"}) {
    for (const char* type : {"s8", "u8"}) CHECK_MESSAGE(seen[std::string(op) + " " + type] >= 5, op << " " << type);
  }
}

}  // namespace septet::network
