// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The gradients of a whole network of any numbers against a plain statement of it in f64, which carries along how far
// off f32 may be, whatever the order of its sums.
#include "septet/network/training.hpp"
#include "training_network.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace septet::network {
namespace {

using namespace septet::support;

// A number, and a bound of the error of f32's: |f32's - value| <= error.
struct Bounded {
  double value = 0, error = 0;
};

// A sum of products, each step of which is rounded once: what the operands are off, and gamma(n + 1) times the sum of
// the magnitudes that f32's terms may have (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1;
// the one step more is far beyond what f64 is off).
class Sum {
 public:
  void add(const Bounded& a, const Bounded& b = {1, 0}) {
    const double off = std::fabs(a.value) * b.error + std::fabs(b.value) * a.error + a.error * b.error;
    value_ += a.value * b.value, off_ += off;
    magnitude_ += std::fabs(a.value * b.value) + off, ++terms_;
  }
  Bounded rounded() const {
    const double nu = (terms_ + 1) * 0x1p-24;
    return {value_, off_ + nu / (1 - nu) * magnitude_};
  }

 private:
  double value_ = 0, off_ = 0, magnitude_ = 0, terms_ = 0;
};

using Numbers = std::vector<Bounded>;

const Bounded& at(const Numbers& numbers, Index i) { return numbers[static_cast<std::size_t>(i)]; }
Sum& at(std::vector<Sum>& sums, Index i) { return sums[static_cast<std::size_t>(i)]; }

Numbers exact(const Tensor& x) {
  Numbers numbers;
  for (Index i = 0; i < x.info().elements(); ++i) numbers.push_back({double{x.as<float>()[i]}, 0});
  return numbers;
}
Numbers rounded(const std::vector<Sum>& sums) {
  Numbers numbers;
  for (const Sum& sum : sums) numbers.push_back(sum.rounded());
  return numbers;
}
std::vector<Sum> zeros(Index count) { return std::vector<Sum>(static_cast<std::size_t>(count)); }

// f(output, weight, input) for every multiplication of a convolution of one group; elements' indices.
template <class F>
void each_multiplication(const Window& w, const TensorInfo& weight, const TensorInfo& x, const TensorInfo& y,
                         const F& f) {
  const Index inputs = x.dim(3), outputs = y.dim(3);
  for (Index n = 0; n < y.elements(); ++n) {
    const Index o = n % outputs, q = n / outputs % y.dim(2), p = n / outputs / y.dim(2) % y.dim(1);
    const Index b = n / outputs / y.dim(2) / y.dim(1);
    for (Index k = 0; k < weight.elements() / outputs; ++k) {
      const Index c = k % inputs, j = k / inputs % w.width, i = k / inputs / w.width;
      const Index row = p * w.stride_h + i - w.pad_top, column = q * w.stride_w + j - w.pad_left;
      if (row < 0 || row >= x.dim(1) || column < 0 || column >= x.dim(2)) continue;
      f(n, o * (weight.elements() / outputs) + k, ((b * x.dim(1) + row) * x.dim(2) + column) * inputs + c);
    }
  }
}

// A convolution, or a fully connected layer with x as [batch][1][1][inputs].
struct Layer {
  Layer(const Linear& linear, const Window& window_, TensorInfo x_, TensorInfo y_)
      : window(window_),
        x(std::move(x_)),
        y(std::move(y_)),
        shape(linear.weight->info()),
        weight(exact(*linear.weight)),
        bias(exact(*linear.bias)) {
    if (shape.shape.size() == 2) {
      x.shape = {x.dim(0), 1, 1, x.elements() / x.dim(0)}, y.shape = {y.dim(0), 1, 1, y.dim(1)};
    }
  }
  Numbers forward(const Numbers& in) const {
    std::vector<Sum> sums = zeros(y.elements());
    each_multiplication(window, shape, x, y,
                        [&](Index o, Index w, Index i) { at(sums, o).add(at(weight, w), at(in, i)); });
    for (Index o = 0; o < y.elements(); ++o) at(sums, o).add(at(bias, o % y.dim(3)));
    return rounded(sums);
  }
  // Returns the gradient of `in`.
  Numbers backward(const Numbers& in, const Numbers& slopes, Numbers& dweight, Numbers& dbias) const {
    std::vector<Sum> of_x = zeros(x.elements()), of_weight = zeros(shape.elements()), of_bias = zeros(y.dim(3));
    each_multiplication(window, shape, x, y, [&](Index o, Index w, Index i) {
      at(of_x, i).add(at(weight, w), at(slopes, o));
      at(of_weight, w).add(at(in, i), at(slopes, o));
    });
    for (Index o = 0; o < y.elements(); ++o) at(of_bias, o % y.dim(3)).add(at(slopes, o));
    dweight = rounded(of_weight), dbias = rounded(of_bias);
    return rounded(of_x);
  }

  Window window;
  TensorInfo x, y, shape;
  Numbers weight, bias;
};

// f(output, input) for every element under a window of 2 x 2, stride 1.
template <class F>
void each_pooled(const TensorInfo& x, const TensorInfo& y, const F& f) {
  for (Index n = 0; n < y.elements(); ++n) {
    const Index c = n % y.dim(3), q = n / y.dim(3) % y.dim(2), p = n / y.dim(3) / y.dim(2) % y.dim(1),
                b = n / y.dim(3) / y.dim(2) / y.dim(1);
    for (const Index i : {0, 1}) {
      for (const Index j : {0, 1}) f(n, ((b * x.dim(1) + p + i) * x.dim(2) + q + j) * x.dim(3) + c);
    }
  }
}
constexpr Bounded kQuarter{0.25, 0};

Numbers sum_of(const Numbers& a, const Numbers& b) {
  Numbers sums;
  for (std::size_t i = 0; i < a.size(); ++i) {
    Sum sum;
    sum.add(a[i]), sum.add(b[i]);
    sums.push_back(sum.rounded());
  }
  return sums;
}

// Where f32's number has the same sign for sure; else this input is none for this test.
void mask(const Numbers& z, Numbers& numbers) {
  for (std::size_t i = 0; i < z.size(); ++i) {
    REQUIRE(std::fabs(z[i].value) > z[i].error);
    if (z[i].value < 0) numbers[i] = {};
  }
}

void check(const Tensor& got, const Numbers& want) {
  REQUIRE(got.info().elements() == static_cast<Index>(want.size()));
  for (std::size_t i = 0; i < want.size(); ++i) {
    INFO("element " << i << ": " << got.as<float>()[i] << ", " << want[i].value << " +- " << want[i].error);
    CHECK(std::fabs(double{got.as<float>()[i]} - want[i].value) <= want[i].error);
  }
}

// residual_network(), forward and backward, with the gradient of its output.
void check_network(const Network& network, const Tensor& x, const Tensor& slopes) {
  const auto info = [&](int tensor) { return network.tensors[static_cast<std::size_t>(tensor)]; };
  const auto& strided = std::get<Convolution>(network.steps[0].op);
  const Layer first(strided.linear, strided.window, info(0), info(1));
  const Layer beside(std::get<Convolution>(network.steps[1].op).linear, {}, info(1), info(2));
  const Layer last(std::get<FullyConnected>(network.steps[4].op).linear, {}, info(4), info(5));
  const Numbers in = exact(x), z = first.forward(in);
  Numbers active = z;
  mask(z, active);
  const Numbers sums = sum_of(active, beside.forward(active));
  std::vector<Sum> pool = zeros(info(4).elements());
  each_pooled(info(3), info(4), [&](Index o, Index i) { at(pool, o).add(at(sums, i), kQuarter); });
  const Numbers pooled = rounded(pool);

  Numbers dweight[3], dbias[3];
  const Numbers dpooled = last.backward(pooled, exact(slopes), dweight[2], dbias[2]);
  std::vector<Sum> unpool = zeros(info(3).elements());
  each_pooled(info(3), info(4), [&](Index o, Index i) { at(unpool, i).add(at(dpooled, o), kQuarter); });
  const Numbers dsums = rounded(unpool);
  Numbers dactive = sum_of(dsums, beside.backward(active, dsums, dweight[1], dbias[1]));
  mask(z, dactive);
  first.backward(in, dactive, dweight[0], dbias[0]);

  Training training(network);
  training.accumulate({&x}, [&](const std::vector<const Tensor*>& /*outputs*/, std::vector<Tensor>& gradients) {
    gradients[0] = slopes;
    return 0.0;
  });
  check(training.value(4), pooled);
  const std::size_t steps[] = {0, 1, 4};
  for (std::size_t i = 0; i < 3; ++i) {
    INFO("step " << steps[i]);
    check(training.gradient(steps[i], 0), dweight[i]);
    check(training.gradient(steps[i], 1), dbias[i]);
  }
}

}  // namespace

TEST_CASE("gradients of a network are those of its plain statement in f64, within f32's error") {
  for (std::uint64_t seed = 20; seed < 40; ++seed) {
    INFO("seed " << seed);
    const Network network = residual_network(seed, Values::any, 2);
    Rng rng(seed + 1000);
    check_network(network, input_of(network, seed + 500, Values::any),
                  Builder(rng, Values::any, 1).filled({2, kClasses}));
  }
}

}  // namespace septet::network
