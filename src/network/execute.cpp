// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/execute.hpp"

#include "execute_operators.hpp"
#include "kernels/dispatch.hpp"
#include "src/fp_environment.hpp"
#include "src/threads.hpp"

#include <algorithm>
#include <type_traits>

namespace septet::network {
namespace {

template <class Op>
constexpr bool multiplies =
    std::is_same_v<Op, Convolution> || std::is_same_v<Op, FullyConnected> || std::is_same_v<Op, MatMul>;

}  // namespace

void execute(const Step& step, const std::vector<const Tensor*>& x, Tensor& y, const Execution& execution,
             Tensor* sums) {
  throw_if_error(kernels::target_status());
  throw_if_error(detail::threads_status());
  std::visit(
      [&](const auto& op) {
        if constexpr (multiplies<std::decay_t<decltype(op)>>) {
          execute(op, x, y, execution, sums);
        } else {
          throw_if_error(kernels::target_status());
          const kernels::PinnedTarget target;
          const detail::FpEnvironment environment;
          execute(op, x, y);
        }
      },
      step.op);
}

void execute(const Reshape& /*op*/, const Operands& x, Tensor& y) {
  std::copy_n(x[0]->as<std::byte>(), y.bytes(), y.as<std::byte>());
}

}  // namespace septet::network
