// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "layer_table.hpp"

#include "csv.hpp"
#include "input.hpp"
#include "topology_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace septet::io {
namespace {

using network::Layer;
using network::Product;
using network::TensorInfo;

// The weights are the right operand there: C = A * B is C^T = B^T * A^T.
Layer product_layer(const CsvRow& row, std::string name, std::string op, Index count) {
  Layer layer;
  layer.name = std::move(name);
  layer.op = std::move(op);
  layer.product = {row.integer("gemm_n", 1), row.integer("gemm_m", 1), row.integer("gemm_k", 1), count};
  const Product& product = layer.product;
  row.require("macs", row.product({product.m, product.n, product.k, product.count}),
              "gemm_m * gemm_n * gemm_k * count");
  return layer;
}

// Of the forward tables; the product has to be the layer's.
Layer read_forward(const CsvRow& row) {
  const std::string op = row.text("op");
  if (op != "conv" && op != "dwconv" && op != "fc") row.fail("op", quoted(op) + " is none of conv, dwconv, fc");
  const char* kind = op == "fc" ? "fully_connected" : op == "dwconv" ? network::kDepthwise : "convolution";
  Layer layer = product_layer(row, row.text("layer"), kind, row.integer("gemm_count", 1));
  const Index groups = row.integer("groups", 1), in_c = row.integer("in_c", 1), out_c = row.integer("out_c", 1);
  const Index kh = row.integer("kh", 1), kw = row.integer("kw", 1), stride = row.integer("stride", 1);
  row.require("gemm_count", groups, "groups");
  if (op == "dwconv") row.require("groups", in_c, "in_c, as dwconv has it,");
  const auto check_side = [&](const std::string& in, const std::string& out, Index window) {
    const Index size = row.integer(in, 1), padded = size + 2 * std::min(row.integer("pad", 0), window);
    if (padded < window) row.fail(in, fmt::format("{}, less than the window's {} with its padding", size, window));
    row.require(out, (padded - window) / stride + 1, "the sliding window's number of places");
  };
  check_side("in_h", "out_h", kh);
  check_side("in_w", "out_w", kw);
  row.require("gemm_m", row.product({row.integer("out_h", 1), row.integer("out_w", 1)}), "out_h * out_w");
  if (out_c % groups != 0 || in_c % groups != 0) row.fail("groups", "channels that are no multiple of it");
  row.require("gemm_n", out_c / groups, "out_c / groups");
  row.require("gemm_k", row.product({in_c / groups, kh, kw}), "in_c / groups * kh * kw");
  const Index weights = row.product({layer.product.m, layer.product.k, groups});
  row.require("weight_params", weights, "gemm_n * gemm_k * groups");
  layer.parameters = weights;
  for (const char* column : {"bias_params", "norm_params"}) {
    if (__builtin_add_overflow(layer.parameters, row.integer(column, 0), &layer.parameters)) {
      row.fail(column, "parameters beyond 64 bits");
    }
  }
  return layer;
}

// All transformer layers of a kind.
Layer read_transformer(const CsvRow& row) {
  const std::string operand = row.text("b_operand");
  const bool weight = operand == "weight";
  if (!weight && operand != "activation") {
    row.fail("b_operand", quoted(operand) + " is none of weight, activation");
  }
  const Index count = row.product({row.integer("count_per_layer", 1), row.integer("layers", 1)});
  Layer layer = product_layer(row, fmt::format("{}, {} tokens", row.text("component"), row.integer("seq", 1)),
                              weight ? "fully_connected" : "matmul", count);
  const Index weights = weight ? row.product({layer.product.m, layer.product.k}) : 0;
  row.require("weight_params_per_instance", weights, weight ? "gemm_n * gemm_k" : "that of no weight");
  layer.parameters = row.product({weights, count});
  return layer;
}

// The interaction of features has no weights.
Layer read_recommendation(const CsvRow& row) {
  const Index weights = row.integer("weight_params", 0), count = row.integer("gemm_count", 1);
  Layer layer = product_layer(row, row.text("component"), weights > 0 ? "fully_connected" : "matmul", count);
  if (weights > 0) {
    row.require("weight_params", row.product({layer.product.m, layer.product.k, count}),
                "gemm_n * gemm_k * gemm_count");
  }
  layer.parameters = weights;
  return layer;
}

// Useful products alone; the zeros that a dilated gradient would have are not multiplied.
Layer read_training(const CsvRow& row) {
  const std::string pass = row.text("pass");
  if (pass != "fwd" && pass != "dgrad" && pass != "wgrad") {
    row.fail("pass", quoted(pass) + " is none of fwd, dgrad, wgrad");
  }
  return product_layer(row, row.text("layer") + " " + pass, pass, row.integer("gemm_count", 1));
}

network::Operator operator_of(const CsvRow& row) {
  const std::string op = row.text("op");
  if (op == "batchnorm") return network::BatchNorm{};
  if (op == "relu") return network::Activate{Activation::relu};
  if (op == "elem_add") return network::Add{};
  if (op == "global_avgpool") return network::Mean{};
  if (op != "maxpool") {
    row.fail("op", quoted(op) + " is none of batchnorm, relu, elem_add, maxpool, global_avgpool");
  }
  network::MaxPool pool;
  pool.window.height = row.integer("window", 1);  // taps: how they lie does not matter here
  return pool;
}

// A step of its own, of bytes, whose work is counted like any network's.
Layer read_vector_work(const CsvRow& row) {
  const Index channels = row.integer("channels", 1);
  const TensorInfo x{"x", Type::s8, {1, row.integer("in_h", 1), row.integer("in_w", 1), channels}, {}};
  const TensorInfo y{"y", Type::s8, {1, row.integer("out_h", 1), row.integer("out_w", 1), channels}, {}};
  const network::Step step{row.text("layer"), operator_of(row), {0, 0}, 1};
  const bool two = std::holds_alternative<network::Add>(step.op);
  const Index window = std::max<Index>(row.integer("window", 1), 8);  // of operations; 8: of an addition
  const Index in = row.product({x.shape[1], x.shape[2], channels}),
              out = row.product({y.shape[1], y.shape[2], channels});
  row.product({std::max(in, out), window + 1, 4});  // nothing that is counted overflows
  row.require("elements_in_per_image", two ? 2 * in : in, "channels * in_h * in_w of each input");
  row.require("elements_out_per_image", out, "channels * out_h * out_w");
  network::Network network{"", {x, y}, {step}, {0}, {1}};
  if (!two) network.steps[0].inputs.pop_back();
  Layer layer;
  layer.name = step.name;
  layer.op = name(step.op);
  layer.vector = network::vector_cost(network, network.steps[0], {});
  layer.vector.cycles = 0;
  return layer;
}

struct Kind {
  const char* name;
  std::vector<const char*> columns;
  Layer (*read)(const CsvRow&);
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      {"layers of a forward pass",
       {"layer",  "op",     "in_c",       "in_h",   "in_w",          "out_c",       "out_h",
        "out_w",  "kh",     "kw",         "stride", "pad",           "groups",      "gemm_m",
        "gemm_n", "gemm_k", "gemm_count", "macs",   "weight_params", "bias_params", "norm_params"},
       read_forward},
      {"transformer layers",
       {"component", "count_per_layer", "layers", "seq", "gemm_m", "gemm_n", "gemm_k", "macs", "b_operand",
        "weight_params_per_instance"},
       read_transformer},
      {"products of a recommendation model",
       {"component", "weight_params", "gemm_m", "gemm_n", "gemm_k", "gemm_count", "macs"},
       read_recommendation},
      {"passes of training", {"layer", "pass", "gemm_m", "gemm_n", "gemm_k", "gemm_count", "macs"}, read_training},
      {"work of the vector unit",
       {"layer", "op", "elements_in_per_image", "elements_out_per_image", "channels", "in_h", "in_w", "out_h", "out_w",
        "window"},
       read_vector_work}};
  return all;
}

// Its first two columns tell a kind; then all of its columns have to be there, once.
Layer (*kind_of(const CsvFile& file))(const CsvRow&) {
  if (is_convolution_topology(file)) return read_convolution_topology;
  if (is_gemm_topology(file)) return read_gemm_topology;
  const auto count = [&](const char* column) { return std::count(file.header.begin(), file.header.end(), column); };
  const Kind* best = nullptr;
  Index most = 0;
  for (const Kind& kind : kinds()) {
    Index there = 0;
    for (const char* column : kind.columns) there += count(column) > 0 ? 1 : 0;
    if (there * 2 > static_cast<Index>(kind.columns.size()) && there > most) best = &kind, most = there;
  }
  if (best == nullptr) fail(file.path, "line 1: no header of a table of layers is known that looks like this");
  for (const char* column : best->columns) {
    if (count(column) == 0) fail(file.path, fmt::format("line 1: {}: column {} is missing", best->name, column));
    if (count(column) > 1) fail(file.path, fmt::format("line 1: column {} is there twice", column));
  }
  return best->read;
}

}  // namespace

std::vector<Layer> read_layer_table(const std::string& path) {
  const CsvFile file = read_csv(path);
  const auto read = kind_of(file);
  std::vector<Layer> layers;
  for (const CsvLine& line : file.lines) layers.push_back(read(CsvRow(file, line)));
  if (layers.empty()) fail(path, "there are no layers below the header");
  Index macs = 0, parameters = 0;
  for (Layer& layer : layers) {
    layer.parameter_bytes = layer.parameters * size_of(layer.a_type);
    const bool overflow = __builtin_add_overflow(macs, layer.product.macs(), &macs) ||
                          __builtin_add_overflow(parameters, layer.parameters, &parameters);
    if (overflow) fail(path, "totals beyond 64 bits");
  }
  return layers;
}

}  // namespace septet::io
