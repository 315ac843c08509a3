// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "scores.hpp"
#include "septet/network/run.hpp"
#include "src/element.hpp"
#include "src/validate.hpp"

namespace septet::network {
namespace {

// Means over rows of x, each of `channels` elements.
std::vector<double> mean_squares(const Tensor& x, Index channels) {
  std::vector<double> sums(static_cast<std::size_t>(channels), 0);
  const Quantisation& q = x.info().quantisation;
  const double scale = is_integer(x.info().type) && q.scale > 0 ? static_cast<double>(q.scale) : 1;
  const Index rows = x.info().elements() / channels;
  detail::with_type(x.info().type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    if constexpr (!detail::kIsNarrowFloat<T>) {
      const T* row = x.as<T>();
      for (Index i = 0; i < rows; ++i, row += channels) {
        for (std::size_t c = 0; c < sums.size(); ++c) {
          const double value = scale * (static_cast<double>(row[c]) - q.zero_point);
          sums[c] += value * value;
        }
      }
    }
  });
  for (double& sum : sums) sum /= static_cast<double>(rows);
  return sums;
}

}  // namespace

Status try_input_statistics(const Network& network, const std::vector<const Tensor*>& inputs, InputStatistics& result) {
  return detail::guarded([&] {
    if (Status status = validate(network); !status.ok()) return status;
    InputStatistics statistics(network.steps.size());
    std::vector<LayerRun> runs;
    run(network, inputs, {}, {}, runs,
        [&](const Step& step, const std::vector<const Tensor*>& x, const Tensor& /*y*/, const Tensor* /*sums*/) {
          if (pruning::linear_of(step.op) == nullptr) return;
          const auto index = static_cast<std::size_t>(&step - network.steps.data());
          statistics[index] = mean_squares(*x[0], pruning::squares_of(network, step));
        });
    result = std::move(statistics);
    return Status();
  });
}

InputStatistics input_statistics(const Network& network, const std::vector<const Tensor*>& inputs) {
  InputStatistics result;
  throw_if_error(try_input_statistics(network, inputs, result));
  return result;
}

}  // namespace septet::network
