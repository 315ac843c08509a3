// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A training step's gradients as products on the emulated array, values and cycles; counts against plain loops.
#include "septet/emulation/emulate.hpp"
#include "src/network/sub_pixel.hpp"

#include "random_network.hpp"
#include "training_step.hpp"

namespace septet::network {
namespace {

using namespace septet::support;

constexpr Dataflow kDataflows[] = {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS, Dataflow::sOS,
                                   Dataflow::sWS, Dataflow::sIS, Dataflow::csOS};

ConvolutionShape random_shape(Rng& rng) {
  const auto axis = [&](Index& in, Index& elements, Index& stride, Index& dilation, Index& before, Index& behind) {
    do {
      in = rng.between(1, 8), elements = rng.between(1, 4), stride = rng.between(1, 3), dilation = rng.between(1, 2);
      before = rng.between(0, elements), behind = rng.between(0, elements);
    } while (dilation * (elements - 1) + 1 > in + before + behind);
  };
  ConvolutionShape shape;
  Window& w = shape.window;
  axis(shape.in_height, w.height, w.stride_h, w.dilation_h, w.pad_top, w.pad_bottom);
  axis(shape.in_width, w.width, w.stride_w, w.dilation_w, w.pad_left, w.pad_right);
  shape.batch = rng.between(1, 2), shape.groups = rng.between(1, 2);
  shape.inputs = shape.groups * rng.between(1, 3), shape.outputs = shape.groups * rng.between(1, 3);
  return shape;
}

const TrainingLayer& find(const std::vector<TrainingLayer>& step, Pass pass) {
  for (const TrainingLayer& part : step) {
    if (part.pass == pass && part.layer.product.count > 0) return part;
  }
  FAIL("no such pass");
  return step[0];
}

// One group of a convolution, with weights w[o][i][j][c] and a gradient dy[b][p][q][o] of random bytes, none 0.
struct Group {
  Group(Rng& rng, const ConvolutionShape& s) : shape(s), inputs(s.inputs / s.groups), outputs(s.outputs / s.groups) {
    const auto fill = [&](std::vector<std::int8_t>& values, Index elements) {
      values.resize(static_cast<std::size_t>(elements));
      for (std::int8_t& value : values)
        value = static_cast<std::int8_t>(rng.chance(0.5) ? rng.between(1, 9) : -rng.between(1, 9));
    };
    fill(w, outputs * s.window.height * s.window.width * inputs);
    fill(dy, s.batch * s.out_height() * s.out_width() * outputs);
  }

  std::int8_t weight(Index o, Index i, Index j, Index c) const {
    return w[static_cast<std::size_t>(((o * shape.window.height + i) * shape.window.width + j) * inputs + c)];
  }
  /// 0 beyond the image.
  std::int8_t slope(Index b, Index p, Index q, Index o) const {
    if (p < 0 || p >= shape.out_height() || q < 0 || q >= shape.out_width()) return 0;
    return dy[static_cast<std::size_t>(((b * shape.out_height() + p) * shape.out_width() + q) * outputs + o)];
  }
  /// dx[b][y][x][c], by its definition: every output gives every input of its window its share.
  std::vector<std::int32_t> data_gradient() const {
    const Window& v = shape.window;
    std::vector<std::int32_t> dx(static_cast<std::size_t>(shape.batch * shape.in_height * shape.in_width * inputs));
    const auto scatter = [&](Index b, Index p, Index q, Index i, Index j) {
      const Index y = p * v.stride_h - v.pad_top + i * v.dilation_h, x = q * v.stride_w - v.pad_left + j * v.dilation_w;
      if (y < 0 || y >= shape.in_height || x < 0 || x >= shape.in_width) return;
      for (Index o = 0; o < outputs; ++o) {
        for (Index c = 0; c < inputs; ++c) {
          dx[static_cast<std::size_t>(((b * shape.in_height + y) * shape.in_width + x) * inputs + c)] +=
              weight(o, i, j, c) * slope(b, p, q, o);
        }
      }
    };
    for (Index b = 0; b < shape.batch; ++b) {
      for (Index p = 0; p < shape.out_height(); ++p) {
        for (Index q = 0; q < shape.out_width(); ++q) {
          for (Index i = 0; i < v.height; ++i) {
            for (Index j = 0; j < v.width; ++j) scatter(b, p, q, i, j);
          }
        }
      }
    }
    return dx;
  }

  ConvolutionShape shape;
  Index inputs, outputs;
  std::vector<std::int8_t> w, dy;
};

// A and B of its data gradient.
struct SubPixelProduct {
  SubPixelProduct(const Group& group, const Product& product)
      : m(product.m),
        n(product.n),
        k(product.k),
        a(static_cast<std::size_t>(m * k)),
        b(static_cast<std::size_t>(k * n)) {
    const ConvolutionShape& shape = group.shape;
    const SubPixel form = sub_pixel(shape.window, shape.in_height, shape.in_width);
    const Index places = form.out_height * form.out_width;
    REQUIRE(m == form.phases() * group.inputs);
    REQUIRE(n == shape.batch * places);
    REQUIRE(k == form.offsets() * group.outputs);
    for (Index t = 0; t < form.offsets(); ++t) {
      const Index row = form.rows.first_offset + t / form.columns.offsets * form.rows.step,
                  column = form.columns.first_offset + t % form.columns.offsets * form.columns.step;
      for (Index o = 0; o < group.outputs; ++o) {
        const Index line = t * group.outputs + o;
        for (Index at = 0; at < m; ++at) {
          const Index phase = at / group.inputs, c = at % group.inputs;
          const auto i = form.rows.tap(phase / form.columns.phases, t / form.columns.offsets);
          const auto j = form.columns.tap(phase % form.columns.phases, t % form.columns.offsets);
          if (i && j) a[static_cast<std::size_t>(at * k + line)] = group.weight(o, *i, *j, c);
        }
        for (Index at = 0; at < n; ++at) {
          b[static_cast<std::size_t>(line * n + at)] =
              group.slope(at / places, at % places / form.out_width + row, at % form.out_width + column, o);
        }
      }
    }
  }

  emulation::Report emulate(const GemmOptions& options, std::vector<std::int32_t>& c) const {
    c.resize(static_cast<std::size_t>(m * n));
    return emulation::emulate(row_major(a.data(), m, k), row_major(b.data(), k, n), row_major(c.data(), m, n), options);
  }

  Index m, n, k;
  std::vector<std::int8_t> a, b;
};

// Row (r, q, c) and column (b, u, v) of C are dx[b][stride u + r][stride v + q][c].
void check_data_gradient(const Group& group, const std::vector<std::int32_t>& c, Index n) {
  const ConvolutionShape& shape = group.shape;
  const Index phases = sub_pixel(shape.window, shape.in_height, shape.in_width).columns.phases;
  const Window& w = shape.window;
  const std::vector<std::int32_t> dx = group.data_gradient();
  const Index height = (shape.in_height + w.stride_h - 1) / w.stride_h,
              width = (shape.in_width + w.stride_w - 1) / w.stride_w;
  for (Index i = 0; i < static_cast<Index>(dx.size()); ++i) {
    const Index channel = i % group.inputs, x = i / group.inputs % shape.in_width,
                y = i / group.inputs / shape.in_width % shape.in_height,
                image = i / group.inputs / shape.in_width / shape.in_height;
    const Index row = (y % w.stride_h * phases + x % w.stride_w) * group.inputs + channel;
    const Index column = (image * height + y / w.stride_h) * width + x / w.stride_w;
    REQUIRE(c[static_cast<std::size_t>(row * n + column)] == dx[static_cast<std::size_t>(i)]);
  }
}

CostOptions random_options(Rng& rng) {
  CostOptions options;
  options.gemm.array = {rng.between(1, 6), rng.between(1, 6)};
  return options;
}

}  // namespace

TEST_CASE("training cost: data gradients take the cycles of the emulated array, on real values") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    const ConvolutionShape shape = random_shape(rng);
    const TrainingLayer gradient = find(step_of({layer_of(shape)}), Pass::data_gradient);
    const Group group(rng, shape);
    const SubPixelProduct product(group, gradient.layer.product);
    CostOptions options = random_options(rng);
    for (const Dataflow dataflow : kDataflows) {
      CAPTURE(std::string(name(dataflow)));
      options.gemm.dataflow = dataflow;
      LayerCost counted;
      REQUIRE(cost(gradient.layer, options, counted).ok());
      std::vector<std::int32_t> c;
      const emulation::Report emulated = product.emulate(options.gemm, c);
      CHECK(counted.cycles == shape.groups * emulated.cycles);
      CHECK(counted.array.macs_issued == shape.groups * emulated.macs_issued);
      CHECK(counted.array.nnz == shape.groups * emulated.nnz);
      check_data_gradient(group, c, product.n);
    }
  }
}

// The zeros that a stride would put between the places of dY are columns without a weight.
TEST_CASE("training cost: a dilated gradient takes a sparse array no longer than the gradient itself") {
  for (std::uint64_t seed = 100; seed < 130; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    const ConvolutionShape shape = random_shape(rng);
    const TrainingLayer gradient = find(step_of({layer_of(shape)}), Pass::weight_gradient);
    const Product& p = gradient.layer.product;
    const Index height = (shape.out_height() - 1) * shape.window.stride_h + 1,
                width = (shape.out_width() - 1) * shape.window.stride_w + 1, k = shape.batch * height * width;
    CHECK(gradient.zero_inserted.k == k);
    std::vector<std::int8_t> dilated(static_cast<std::size_t>(p.m * k)), x(static_cast<std::size_t>(k * p.n), 1);
    for (Index i = 0; i < k; ++i) {
      if (i / width % height % shape.window.stride_h != 0 || i % width % shape.window.stride_w != 0) continue;
      for (Index o = 0; o < p.m; ++o) dilated[static_cast<std::size_t>(o * k + i)] = 1;
    }
    CostOptions options = random_options(rng);
    for (const Dataflow dataflow : {Dataflow::sOS, Dataflow::sWS, Dataflow::csOS}) {
      options.gemm.dataflow = dataflow;
      LayerCost compact;
      REQUIRE(cost(gradient.layer, options, compact).ok());
      std::vector<std::int32_t> c(static_cast<std::size_t>(p.m * p.n));
      const emulation::Report emulated = emulation::emulate(
          row_major(dilated.data(), p.m, k), row_major(x.data(), k, p.n), row_major(c.data(), p.m, p.n), options.gemm);
      CHECK(compact.cycles == shape.groups * emulated.cycles);
      CHECK(c[0] == p.k);
    }
  }
}

namespace {

// Places of a convolution of stride 1, one axis.
Index places(Index in, Index window) { return in - window + 1; }

// Elements whose phase the input has, one axis; all, where there are none.
Index taps_that_meet(Index in, Index elements, Index stride, Index dilation, Index pad) {
  Index taps = 0;
  for (Index i = 0; i < elements; ++i) taps += (((i * dilation - pad) % stride + stride) % stride) < in ? 1 : 0;
  return taps > 0 ? taps : elements;
}

}  // namespace

TEST_CASE("training cost: the same useful multiplications in every pass; inserted zeros as written out") {
  for (std::uint64_t seed = 200; seed < 260; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    const ConvolutionShape s = random_shape(rng);
    const Window& w = s.window;
    const std::vector<TrainingLayer> step = step_of({layer_of(s)});
    REQUIRE(step.size() == 3);
    Index useful = 0;  // every weight with every place
    for (Index place = 0; place < s.batch * s.out_height() * s.out_width(); ++place) {
      for (Index i = 0; i < w.height * w.width; ++i) useful += s.outputs * s.inputs / s.groups;
    }
    for (const TrainingLayer& part : step) CHECK(part.macs == useful);
    const Index pairs = s.outputs * s.inputs / s.groups;
    CHECK(step[0].macs_zero_inserted() == useful);
    CHECK(step[1].macs_zero_inserted() == s.batch * s.in_height * s.in_width * pairs * w.height * w.width);
    const Index height = (s.out_height() - 1) * w.stride_h + 1, width = (s.out_width() - 1) * w.stride_w + 1;
    CHECK(step[2].macs_zero_inserted() == s.batch * height * width * pairs *
                                              places(s.in_height + w.pad_top + w.pad_bottom, height) *
                                              places(s.in_width + w.pad_left + w.pad_right, width));
    // What the array multiplies in the sub-pixel form: every weight, once per place of a phase.
    LayerCost counted;
    CostOptions options;
    options.gemm.dataflow = Dataflow::csOS;
    REQUIRE(cost(step[1].layer, options, counted).ok());
    const Index taps = taps_that_meet(s.in_height, w.height, w.stride_h, w.dilation_h, w.pad_top) *
                       taps_that_meet(s.in_width, w.width, w.stride_w, w.dilation_w, w.pad_left);
    CHECK(counted.array.macs_useful == pairs * taps * s.batch * ((s.in_height + w.stride_h - 1) / w.stride_h) *
                                           ((s.in_width + w.stride_w - 1) / w.stride_w));
  }
}

TEST_CASE("training cost: zeros of weights are zeros of the data gradient's A") {
  for (std::uint64_t seed = 300; seed < 330; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    Network network = RandomNetwork(rng)();
    CostOptions options;
    options.gemm.dataflow = Dataflow::sOS;
    for (const TrainingLayer& part : step_of(layers_of(network, {}))) {
      if (part.pass != Pass::data_gradient || part.layer.product.count == 0) continue;
      const std::string forward = part.layer.name.substr(0, part.layer.name.size() - std::string(" dgrad").size());
      LayerCost counted, weights;
      REQUIRE(cost(part.layer, options, counted).ok());
      bool all_meet = true;
      for (const Layer& layer : layers_of(network, {})) {
        if (layer.name != forward) continue;
        REQUIRE(cost(layer, options, weights).ok());
        const ConvolutionShape& shape = *layer.convolution;
        all_meet = shape.window.stride_h <= shape.in_height && shape.window.stride_w <= shape.in_width;
      }
      CHECK(weights.array.macs_dense > 0);
      CHECK(counted.array.nnz <= weights.array.nnz);
      if (all_meet) CHECK(counted.array.nnz == weights.array.nnz);
    }
  }
}

}  // namespace septet::network
