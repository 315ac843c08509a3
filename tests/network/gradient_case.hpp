// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A step with operands and the gradient of what it has made, and its gradients on the CPU and on emulated arrays.
#pragma once

#include "septet/emulation/emulate.hpp"
#include "septet/network/gradients.hpp"
#include "support/comparison.hpp"
#include "support/storage.hpp"

#include <cstring>

namespace septet::support {

using network::Execution;
using network::Step;
using network::StepGradients;
using network::Tensor;
using network::TensorInfo;

/// f32 in [-1, 1), some of it 0; bytes of any value and zero point.
inline Tensor random_tensor(Rng& rng, Type type, std::vector<Index> shape) {
  TensorInfo info{"t", type, std::move(shape), {}};
  if (type != Type::f32) info.quantisation = {0.5f, static_cast<int>(rng.below(256)) - (type == Type::s8 ? 128 : 0)};
  Tensor tensor(info);
  for (Index i = 0; i < info.elements(); ++i) {
    if (type == Type::f32) {
      tensor.as<float>()[i] = rng.chance(0.2) ? 0.0f : static_cast<float>(2 * rng.unit() - 1);
    } else {
      tensor.as<std::uint8_t>()[i] =
          static_cast<std::uint8_t>(rng.chance(0.2) ? info.quantisation.zero_point : rng.below(256));
    }
  }
  return tensor;
}

inline std::shared_ptr<const Tensor> shared_random(Rng& rng, Type type, std::vector<Index> shape) {
  return std::make_shared<const Tensor>(random_tensor(rng, type, std::move(shape)));
}

struct Case {
  Step step;
  std::vector<Tensor> x;
  Tensor y, dy;

  std::vector<const Tensor*> operands() const {
    std::vector<const Tensor*> list;
    for (const Tensor& tensor : x) list.push_back(&tensor);
    return list;
  }
};

inline Type other_byte(Rng& rng, Type type) { return type == Type::f32 ? type : rng.pick({Type::s8, Type::u8}); }

/// What the gradient of a fused activation asks for is in y, which is made for f32 alone: of integers it has no say.
inline void make_y(Rng& rng, Type type, std::vector<Index> shape, Case& c) {
  c.y = Tensor({"y", type, shape, {}});
  c.dy = random_tensor(rng, other_byte(rng, type), std::move(shape));
  if (type == Type::f32) execute(c.step, c.operands(), c.y);
}

inline constexpr int kBefore = 3;  // what parameters' gradients start from
inline StepGradients started(const Case& c) {
  StepGradients gradients = zero_gradients(c.step, c.operands());
  for (Tensor& d : gradients.inputs) std::memset(d.data(), 0x5a, d.bytes());  // nobody reads it
  for (Tensor& d : gradients.parameters) {
    for (Index i = 0; i < d.info().elements(); ++i) {
      d.info().type == Type::f32 ? void(d.as<float>()[i] = kBefore) : void(d.as<std::int32_t>()[i] = kBefore);
    }
  }
  return gradients;
}
inline StepGradients gradients_of(const Case& c, const Execution& execution = {}) {
  StepGradients gradients = started(c);
  backward(c.step, c.operands(), c.y, c.dy, gradients, execution);
  return gradients;
}

/// Up to the sign of zeros, which those of A that are skipped do not decide.
inline bool equal(const Tensor& got, const Tensor& want) {
  if (got.info().type != want.info().type || got.info().shape != want.info().shape) return false;
  const auto same = [&](auto type) {
    using T = decltype(type);
    const Index n = want.info().elements();
    return compare_up_to_zero_sign(row_major(got.as<T>(), 1, n), row_major(want.as<T>(), 1, n)).equal;
  };
  return want.info().type == Type::f32 ? same(float{}) : same(std::int32_t{});
}
inline bool equal(const StepGradients& got, const StepGradients& want) {
  for (std::size_t i = 0; i < want.inputs.size(); ++i) {
    if (!equal(got.inputs[i], want.inputs[i])) return false;
  }
  for (std::size_t i = 0; i < want.parameters.size(); ++i) {
    if (!equal(got.parameters[i], want.parameters[i])) return false;
  }
  return got.inputs.size() == want.inputs.size() && got.parameters.size() == want.parameters.size();
}

inline Execution on_array(Dataflow dataflow, const ArrayShape& array) {
  Execution execution;
  execution.gather_bytes = 0;
  execution.gemm = [dataflow, array](const network::GemmCall& call) {
    GemmOptions options = call.options;
    options.dataflow = dataflow, options.array = array;
    emulation::emulate(call.a, call.b, call.c, options);
  };
  return execution;
}

}  // namespace septet::support
