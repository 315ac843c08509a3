// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The gradients of one operator, on every target and by several threads.
#pragma once

#include "one_step.hpp"
#include "septet/network/gradients.hpp"
#include "sharing.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>

namespace septet::support {

using network::StepGradients;
using network::Tensor;

inline TensorInfo floats(std::vector<Index> shape) { return {"t", Type::f32, std::move(shape), {}}; }

/// Uniform in [-reach, reach), of all bits.
inline Tensor uniform(Rng& rng, const std::vector<Index>& shape, double reach) {
  Tensor tensor(floats(shape));
  for (Index i = 0; i < tensor.info().elements(); ++i) {
    tensor.as<float>()[i] = static_cast<float>((2 * rng.unit() - 1) * reach);
  }
  return tensor;
}
inline std::shared_ptr<const Tensor> uniform_vector(Rng& rng, Index count, double reach) {
  return std::make_shared<const Tensor>(uniform(rng, {count}, reach));
}

inline void check_same(const std::vector<Tensor>& got, const std::vector<Tensor>& want) {
  REQUIRE(got.size() == want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    REQUIRE(got[i].bytes() == want[i].bytes());
    const auto* bytes = got[i].as<std::byte>();
    CHECK(std::equal(bytes, bytes + got[i].bytes(), want[i].as<std::byte>()));
  }
}

/// backward() from parameters' gradients that are `start`; inputs' are full of something before.
inline StepGradients gradients_of(const Operator& op, const std::vector<const Tensor*>& x, const Tensor& y,
                                  const Tensor& dy, const std::vector<Tensor>& start) {
  const network::Step step{"step", op, {}, 0};
  StepGradients gradients = network::zero_gradients(step, x);
  for (Tensor& dx : gradients.inputs) std::fill_n(dx.as<std::uint8_t>(), dx.bytes(), std::uint8_t{0x5a});
  gradients.parameters = start;
  network::backward(step, x, y, dy, gradients);
  return gradients;
}

/// f() on every target by 1, 2 and 3 threads: what it returns first, after check_same(that, each).
template <class F>
std::vector<Tensor> same_everywhere(const F& f) {
  std::optional<std::vector<Tensor>> first;
  for (const char* const* target = supported_targets(); *target != nullptr; ++target) {
    REQUIRE(set_target(*target).ok());
    for (const int threads : {1, 2, 3}) {
      INFO("target " << std::string(*target) << ", " << threads << " threads");
      const Sharing sharing(threads);
      std::vector<Tensor> got = f();
      if (first) check_same(got, *first);
      if (!first) first = std::move(got);
    }
  }
  REQUIRE(set_target(nullptr).ok());
  return *std::move(first);
}

/// The gradients of inputs, then of parameters.
inline std::vector<Tensor> gradients_everywhere(const Operator& op, const std::vector<const Tensor*>& x,
                                                const Tensor& y, const Tensor& dy,
                                                const std::vector<Tensor>& start = {}) {
  REQUIRE(validate_one(op, x, y.info()).to_string() == "ok");
  return same_everywhere([&] {
    StepGradients gradients = gradients_of(op, x, y, dy, start);
    std::vector<Tensor> all = std::move(gradients.inputs);
    for (Tensor& parameter : gradients.parameters) all.push_back(std::move(parameter));
    return all;
  });
}

template <class F>
void for_seeds(std::uint64_t first, int usual, const F& f) {
  for (int i = 0; i < problem_count(usual); ++i) {
    const std::uint64_t seed = first + static_cast<std::uint64_t>(i);
    INFO("seed " << seed);
    Rng rng(seed);
    f(rng);
  }
}

}  // namespace septet::support
