// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The gradients of ResNet-18's layers against PyTorch's: product_gradients.txt, which product_gradients.py wrote. Whole
// numbers, whose sums are exact: as f32, and as bytes into s32.
#include "../tflite/answers.hpp"
#include "septet/network/gradients.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

namespace septet::network {
namespace {

using support::fnv;

// numbers(): the upper 4 bits of tflite/answers.hpp's generator, less 8.
Tensor filled(Type type, std::vector<Index> shape, std::uint32_t seed) {
  Tensor upper({"t", Type::u8, shape, {}}), tensor({"t", type, std::move(shape), {}});
  support::fill_with_numbers(upper, seed);
  for (Index i = 0; i < tensor.info().elements(); ++i) {
    const int number = (upper.as<std::uint8_t>()[i] >> 4) - 8;
    if (type == Type::f32) {
      tensor.as<float>()[i] = static_cast<float>(number);
    } else {
      tensor.as<std::int8_t>()[i] = static_cast<std::int8_t>(number);
    }
  }
  return tensor;
}

std::uint64_t hash_of(const Tensor& gradient) {
  if (gradient.info().type == Type::s32) return fnv(gradient);
  Tensor whole({"t", Type::s32, gradient.info().shape, {}});
  for (Index i = 0; i < whole.info().elements(); ++i) {
    whole.as<std::int32_t>()[i] = static_cast<std::int32_t>(gradient.as<float>()[i]);
  }
  return fnv(whole);
}

struct Problem {
  Index inputs = 0, outputs = 0, size = 0, window = 0, stride = 0, pad = 0;
  std::uint32_t seed = 0;
  std::string dx, dweight, dbias;
};

void check(const Problem& p, Type type) {
  Convolution op;
  Window& w = op.window;
  w.height = w.width = p.window, w.stride_h = w.stride_w = p.stride;
  w.pad_top = w.pad_bottom = w.pad_left = w.pad_right = p.pad;
  op.linear.weight =
      std::make_shared<const Tensor>(filled(type, {p.outputs, p.window, p.window, p.inputs}, p.seed + 1));
  op.linear.bias =
      std::make_shared<const Tensor>(TensorInfo{"bias", type == Type::f32 ? Type::f32 : Type::s32, {p.outputs}, {}});
  const Tensor x = filled(type, {1, p.size, p.size, p.inputs}, p.seed);
  const Index out = w.out_height(p.size);
  const Tensor dy = filled(type, {1, out, out, p.outputs}, p.seed + 2), y(dy.info());
  Step step{"layer", op, {0}, 1};
  if (p.size == 1) step.op = FullyConnected{op.linear};
  StepGradients gradients = zero_gradients(step, {&x});
  backward(step, {&x}, y, dy, gradients);
  CHECK(hash_of(gradients.inputs[0]) == std::stoull(p.dx, nullptr, 16));
  CHECK(hash_of(gradients.parameters[0]) == std::stoull(p.dweight, nullptr, 16));
  CHECK(hash_of(gradients.parameters[1]) == std::stoull(p.dbias, nullptr, 16));
}

}  // namespace

TEST_CASE("gradients of ResNet-18's layers are PyTorch's, bit for bit") {
  std::ifstream file(SEPTET_PYTORCH_PRODUCT_GRADIENTS);
  REQUIRE(file.is_open());
  int problems = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    INFO(line);
    std::istringstream in(line);
    Problem p;
    in >> p.inputs >> p.outputs >> p.size >> p.window >> p.stride >> p.pad >> p.seed >> p.dx >> p.dweight >> p.dbias;
    REQUIRE(!in.fail());
    check(p, Type::f32);
    check(p, Type::s8);
    ++problems;
  }
  CHECK(problems == 12);
}

}  // namespace septet::network
