// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "execute_operators.hpp"
#include "fixed_point.hpp"
#include "kernels/dispatch.hpp"
#include "share.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace septet::network {
namespace {

// A NaN makes the whole row NaN.
void softmax_row(float factor, const float* x, float* y, Index width) {
  float most = x[0];
  for (Index j = 1; j < width; ++j) most = x[j] > most || x[j] != x[j] ? x[j] : most;
  for (Index j = 0; j < width; ++j) y[j] = (x[j] - most) * factor;
  kernels::epilogue_kernels().exp_f32(y, width);
  float sum = 0;
  for (Index j = 0; j < width; ++j) sum += y[j];
  for (Index j = 0; j < width; ++j) y[j] = y[j] / sum;
}

// e^(factor * scale * d) of differences d <= 0 of bytes as fractions. A difference is taken to 5 bits before the point
// and 26 after; what that cannot hold, below about -31, has no share.
class FixedSoftmax {
 public:
  FixedSoftmax(float factor, float scale) {
    const Multiplier by = nearest_multiplier(std::min(double{factor} * double{scale} * 0x1p26, 0x1p31 - 1));
    least_ = -static_cast<int>(std::floor(std::ldexp(31.0, 26 - by.shift)));
    for (int d = 0; d < 256 && -d >= least_; ++d) exps_[static_cast<std::size_t>(d)] = fraction_exp(multiplied(-d, by));
  }

  template <class T>
  void row(const T* x, T* y, Index width) const {
    const int most = *std::max_element(x, x + width);
    std::int64_t sum = 0;  // in units of 2^-19
    for (Index j = 0; j < width; ++j) {
      if (x[j] - most >= least_) sum += divided_by_power_of_two(exp(x[j] - most), 12);
    }
    const Share<T> share(sum);
    for (Index j = 0; j < width; ++j) {
      y[j] = static_cast<T>(x[j] - most < least_ ? kLow<T> : share(exp(x[j] - most)));
    }
  }

 private:
  template <class T>
  static constexpr int kLow = std::numeric_limits<T>::min();

  std::int32_t exp(int difference) const { return exps_[static_cast<std::size_t>(-difference)]; }

  // e / sum, of 256 steps, the lowest for 0.
  template <class T>
  class Share {
   public:
    explicit Share(std::int64_t sum) {
      if (sum >= std::int64_t{1} << 28) return;  // 512 or more: less than half a step
      while (sum >> (bits_ + 20) != 0) ++bits_;
      const auto above_one = static_cast<std::int32_t>((sum << (12 - bits_)) - (std::int64_t{1} << 31));
      reciprocal_ = fraction_of_one_plus(above_one);
    }
    int operator()(std::int32_t e) const {
      const std::int32_t quotient = fraction_product(reciprocal_, e);
      return std::min<int>(divided_by_power_of_two(quotient, bits_ + 23) + kLow<T>, std::numeric_limits<T>::max());
    }

   private:
    int bits_ = 0;                 // the sum is 2^bits * (1 + a fraction)
    std::int32_t reciprocal_ = 0;  // of 1 + that
  };

  int least_;
  std::array<std::int32_t, 256> exps_{};  // by -d
};

}  // namespace

void execute(const Softmax& op, const Operands& x, Tensor& y) {
  const Index width = y.info().dim(-1), count = y.info().elements();
  if (y.info().type == Type::f32) {
    constexpr Index kOperations = 60;  // a sum, one addition after the other; exp
    return share_rows(count, width, kOperations,
                      [&](Index i) { softmax_row(op.factor, x[0]->as<float>() + i, y.as<float>() + i, width); });
  }
  const FixedSoftmax softmax(op.factor, x[0]->info().quantisation.scale);
  with_bytes(y.info().type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    constexpr Index kOperations = 20;  // a product of fractions
    share_rows(count, width, kOperations, [&](Index i) { softmax.row(x[0]->as<T>() + i, y.as<T>() + i, width); });
  });
}

}  // namespace septet::network
