// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Trained integer networks: for every layer that is not depthwise, the kernels and the emulated array (4x4, 8x16,
// 16x16; all seven dataflows) must give the recorded int32 accumulators, bias and zero points included; and with the
// layer's requantisation as their epilogue, the recorded outputs.
#include "npy_array.hpp"
#include "septet/septet.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

namespace {

using namespace septet;
using namespace septet::support;
namespace fs = std::filesystem;
using Json = nlohmann::json;

Json read_json(const fs::path& path) {
  std::ifstream file(path);
  REQUIRE_MESSAGE(file.good(), path.string());
  return Json::parse(file);
}

// One layer as C = bias + (A - za) * (B - zb): weights as A, the input's patches as B's columns.
struct Layer {
  std::string name;
  Index m = 0, n = 0, k = 0;
  int a_zero_point = 0, b_zero_point = 0;
  NpyArray weights;
  std::vector<char> patches;  // k x n, row-major; bytes of the input's type
  NpyArray bias;
  NpyArray accumulators;  // n x m: channels are innermost
  bool is_unsigned = false;
  NpyArray multiplier, shift;  // one per channel, or one
  NpyArray outputs;            // n x m, of the input's type
  int output_zero_point = 0, low = 0, high = 0;
  Index differs_single_rounding = 0;  // outputs that one rounding instead of gemmlowp's two changes
};

struct Window {
  Index kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
};

// Patches of an NHWC image of one batch: row (ky, kx, channel), column (y, x). Padding is the zero point.
std::vector<char> patches_of(const NpyArray& input, const Window& w, Index out_h, Index out_w, int zero_point) {
  const Index height = input.shape[1], width = input.shape[2], channels = input.shape[3];
  std::vector<char> patches(w.kernel_h * w.kernel_w * channels * out_h * out_w);
  char* next = patches.data();
  for (Index ky = 0; ky < w.kernel_h; ++ky) {
    for (Index kx = 0; kx < w.kernel_w; ++kx) {
      for (Index channel = 0; channel < channels; ++channel) {
        for (Index y = 0; y < out_h; ++y) {
          for (Index x = 0; x < out_w; ++x) {
            const Index from_y = y * w.stride_h + ky * w.dilation_h - w.pad_top;
            const Index from_x = x * w.stride_w + kx * w.dilation_w - w.pad_left;
            const bool inside = from_y >= 0 && from_y < height && from_x >= 0 && from_x < width;
            *next++ =
                inside ? input.bytes[(from_y * width + from_x) * channels + channel] : static_cast<char>(zero_point);
          }
        }
      }
    }
  }
  return patches;
}

Layer load_layer(const Json& step, const Json& record, const fs::path& model, const fs::path& golden) {
  Layer layer;
  layer.name = golden.filename().string() + "/" + step["layer"].get<std::string>();
  layer.m = step["gemm"]["M"], layer.k = step["gemm"]["K"], layer.n = step["gemm"]["N"];
  layer.weights = read_npy(model / step["files"]["weight"]);
  layer.bias = read_npy(model / step["files"]["bias"]);
  layer.accumulators = read_npy(golden / record["acc"]);
  layer.multiplier = read_npy(model / step["files"]["requant_multiplier"]);
  layer.shift = read_npy(model / step["files"]["requant_shift"]);
  layer.outputs = read_npy(golden / record["output"]);
  layer.output_zero_point = step["output_zero_point"];
  layer.low = step["output_clamp"][0], layer.high = step["output_clamp"][1];
  layer.differs_single_rounding = record["out_differs_single_rounding"];
  layer.b_zero_point = step["input_zero_point"];
  layer.a_zero_point = step["inputs"][1].value("zero_point", 0);
  const NpyArray input = read_npy(golden / record["input"]);
  layer.is_unsigned = input.dtype == "|u1";
  if (step["op"] == "FULLY_CONNECTED") {
    layer.patches = input.bytes;
    return layer;
  }
  const Json& p = step["params"];
  const auto& shape = layer.accumulators.shape;
  layer.patches = patches_of(input,
                             {step["kernel"][0], step["kernel"][1], p["stride_h"], p["stride_w"],
                              p.value("dilation_h", 1), p.value("dilation_w", 1), p["pad_h"][0], p["pad_w"][0]},
                             shape[1], shape[2], layer.b_zero_point);
  return layer;
}

// One value per channel, or one for all.
MatrixView<const std::int32_t> per_channel(const NpyArray& values, Index m, Index n) {
  const auto* data = values.as<std::int32_t>();
  return values.bytes.size() == sizeof(std::int32_t) ? per_tensor(data, m, n) : per_row(data, m, n);
}

// Bias and requantisation as epilogue: the recorded outputs, and under one rounding as many others as recorded.
template <class T>
void check_outputs(const Layer& layer) {
  const auto a = row_major(layer.weights.as<T>(), layer.m, layer.k);
  const auto b = row_major(reinterpret_cast<const T*>(layer.patches.data()), layer.k, layer.n);
  const auto want = column_major(layer.outputs.as<T>(), layer.m, layer.n);
  std::vector<T> output(layer.m * layer.n);
  const auto c = row_major(output.data(), layer.m, layer.n);
  GemmOptions options;
  options.a_zero_point = layer.a_zero_point;
  options.b_zero_point = layer.b_zero_point;
  options.epilogue.bias = per_row(layer.bias.as<std::int32_t>(), layer.m, layer.n);
  Requantise& requantise = options.epilogue.requantise;
  requantise.multiplier = per_channel(layer.multiplier, layer.m, layer.n);
  requantise.shift = per_channel(layer.shift, layer.m, layer.n);
  requantise.zero_point = layer.output_zero_point;
  requantise.low = layer.low, requantise.high = layer.high;
  INFO(layer.name);
  for (const Dataflow dataflow : {Dataflow::dOS, Dataflow::csOS}) {
    options.dataflow = dataflow;
    gemm(a, b, c, options);
    CHECK(compare_bits(c, want).equal);
    std::fill(output.begin(), output.end(), T{77});
  }
  emulation::emulate(a, b, c, options);
  CHECK(compare_bits(c, want).equal);
  requantise.rounding = Rounding::single_half_up;
  gemm(a, b, c, options);
  Index different = 0;
  for (Index i = 0; i < layer.m; ++i) {
    for (Index j = 0; j < layer.n; ++j) different += c(i, j) != want(i, j);
  }
  CHECK(different == layer.differs_single_rounding);
}

// Returns how many products it checked.
template <class T>
int check_layer_typed(const Layer& layer, Rng& rng) {
  check_outputs<T>(layer);
  const auto a = row_major(layer.weights.as<T>(), layer.m, layer.k);
  const auto b = row_major(reinterpret_cast<const T*>(layer.patches.data()), layer.k, layer.n);
  const auto want = column_major(layer.accumulators.as<std::int32_t>(), layer.m, layer.n);
  std::vector<std::int32_t> output(layer.m * layer.n);
  const auto c = row_major(output.data(), layer.m, layer.n);
  GemmOptions options;
  options.a_zero_point = layer.a_zero_point;
  options.b_zero_point = layer.b_zero_point;
  options.preload = per_row(layer.bias.as<std::int32_t>(), layer.m, layer.n);
  int products = 0;
  for (const ArrayShape array : {ArrayShape{4, 4}, ArrayShape{8, 16}, ArrayShape{16, 16}}) {
    for (int d = 1; d < 8; ++d) {
      if (!is_sampled(rng)) continue;
      ++products;
      options.dataflow = static_cast<Dataflow>(d);
      options.array = array;
      INFO(layer.name << " " << name(options.dataflow) << " " << array.height << "x" << array.width);
      const auto check = [&](const char* what) {
        const Difference difference = compare_bits(c, want);
        INFO(what << " " << difference.text);
        CHECK(difference.equal);
        std::fill(output.begin(), output.end(), 0x5A5A5A5A);
      };
      gemm(a, b, c, options);
      check("kernel");
      const auto report = emulation::emulate(a, b, c, options, {Timing::overlapped});
      check("emulator");
      const Difference cycles =
          compare_reports(report, emulation::cycles(a, layer.n, type_of<T>(), options, {Timing::overlapped}));
      INFO(cycles.text);
      CHECK(cycles.equal);
    }
  }
  return products;
}

}  // namespace

TEST_CASE("every recorded layer of the trained networks") {
  const fs::path shared(SEPTET_SHARED_DIR), golden = shared / "data" / "golden";
  if (!fs::is_directory(golden)) {
    MESSAGE("NOT TESTED: no recorded networks at " << golden.string());
    return;
  }
  Rng rng(21);
  Index layers = 0, products = 0;
  for (const auto& entry : fs::directory_iterator(golden)) {
    const Json records = read_json(entry.path() / "golden.json");
    const fs::path model = shared / "data" / "models" / records["model"].get<std::string>();
    const Json index = read_json(model / "index.json");
    std::map<std::string, Json> steps;
    for (const Json& step : index["steps"]) {
      if (step.contains("layer")) steps[step["layer"]] = step;
    }
    for (const Json& record : records["layers"]) {
      const Json& step = steps.at(record["layer"]);
      if (step["op"] == "DEPTHWISE_CONV_2D") continue;
      const Layer layer = load_layer(step, record, model, entry.path());
      products +=
          layer.is_unsigned ? check_layer_typed<std::uint8_t>(layer, rng) : check_layer_typed<std::int8_t>(layer, rng);
      ++layers;
    }
  }
  MESSAGE("layers checked: " << layers << "; arrays and dataflows, in all: " << products);
  CHECK(layers > 0);
}
