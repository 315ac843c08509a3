// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "layer_table.hpp"

#include "csv.hpp"
#include "input.hpp"
#include "product_layer.hpp"
#include "topology_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <numeric>

namespace septet::io {

using network::Layer;
using network::Product;

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

namespace {

network::ConvolutionShape read_shape(const CsvRow& row) {
  network::ConvolutionShape shape;
  shape.in_height = row.integer("in_h", 1), shape.in_width = row.integer("in_w", 1);
  shape.inputs = row.integer("in_c", 1), shape.outputs = row.integer("out_c", 1);
  shape.groups = row.integer("groups", 1);
  network::Window& window = shape.window;
  window.height = row.integer("kh", 1), window.width = row.integer("kw", 1);
  window.stride_h = window.stride_w = row.integer("stride", 1);
  window.pad_top = window.pad_bottom = window.pad_left = window.pad_right = row.integer("pad", 0);
  shape.bias = row.integer("bias_params", 0) > 0;
  return shape;
}

// Of the forward tables; the product has to be the layer's.
Layer read_forward(const CsvRow& row) {
  const std::string op = row.text("op");
  if (op != "conv" && op != "dwconv" && op != "fc") row.fail("op", quoted(op) + " is none of conv, dwconv, fc");
  const char* kind = op == "fc" ? "fully_connected" : op == "dwconv" ? network::kDepthwise : "convolution";
  Layer layer = product_layer(row, row.text("layer"), kind, row.integer("gemm_count", 1));
  const network::ConvolutionShape shape = read_shape(row);
  const network::Window& window = shape.window;
  row.require("gemm_count", shape.groups, "groups");
  if (op == "dwconv") row.require("groups", shape.inputs, "in_c, as dwconv has it,");
  const auto check_side = [&](const std::string& in, const std::string& out, Index taps) {
    const Index size = row.integer(in, 1), pad = row.product({2, window.pad_top});
    Index padded = 0;
    if (__builtin_add_overflow(size, pad, &padded)) row.fail("pad", "an input beyond 64 bits with it");
    if (padded < taps) row.fail(in, fmt::format("{}, less than the window's {} with its padding", size, taps));
    row.require(out, (padded - taps) / window.stride_h + 1, "the sliding window's number of places");
  };
  check_side("in_h", "out_h", window.height);
  check_side("in_w", "out_w", window.width);
  row.require("gemm_m", row.product({row.integer("out_h", 1), row.integer("out_w", 1)}), "out_h * out_w");
  if (shape.outputs % shape.groups != 0 || shape.inputs % shape.groups != 0) {
    row.fail("groups", "channels that are no multiple of it");
  }
  row.require("gemm_n", shape.outputs / shape.groups, "out_c / groups");
  row.require("gemm_k", row.product({shape.inputs / shape.groups, window.height, window.width}),
              "in_c / groups * kh * kw");
  layer.convolution = shape;
  const Index weights = row.product({layer.product.m, layer.product.k, shape.groups});
  row.require("weight_params", weights, "gemm_n * gemm_k * groups");
  layer.parameters = weights, layer.prunable = true;
  for (const char* column : {"bias_params", "norm_params"}) {
    if (__builtin_add_overflow(layer.parameters, row.integer(column, 0), &layer.parameters)) {
      row.fail(column, "parameters beyond 64 bits");
    }
  }
  return layer;
}

// The interaction of features has no weights.
Layer read_recommendation(const CsvRow& row) {
  const Index weights = row.integer("weight_params", 0), count = row.integer("gemm_count", 1);
  Layer layer = product_layer(row, row.text("component"), weights > 0 ? "fully_connected" : "matmul", count);
  if (weights > 0) {
    row.require("weight_params", row.product({layer.product.m, layer.product.k, count}),
                "gemm_n * gemm_k * gemm_count");
    layer.convolution = network::fully_connected_shape(layer.product);
  }
  layer.parameters = weights, layer.prunable = weights > 0;
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

// Of bytes; counted like any network's.
Layer read_vector_work(const CsvRow& row) {
  network::VectorWork work;
  work.op = operator_of(row), work.width = row.integer("channels", 1);
  work.operands = std::holds_alternative<network::Add>(work.op) ? 2 : 1;
  const Index window = std::max<Index>(row.integer("window", 1), 8);  // of operations; 8: of an addition
  work.x = row.product({row.integer("in_h", 1), row.integer("in_w", 1), work.width});
  work.y = row.product({row.integer("out_h", 1), row.integer("out_w", 1), work.width});
  row.product({std::max(work.x, work.y), window + 1, 4});  // nothing that is counted overflows
  row.require("elements_in_per_image", work.operands * work.x, "channels * in_h * in_w of each input");
  row.require("elements_out_per_image", work.y, "channels * out_h * out_w");
  Layer layer;
  layer.name = row.text("layer"), layer.op = name(work.op);
  layer.vector = network::vector_cost(work, {});
  layer.vector.cycles = 0;
  layer.work = std::move(work);
  return layer;
}

Layer read_transformer(const CsvRow& row) { return read_transformer_line(row).layer; }

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

// What goes through a table's products together. SCALE-Sim's lines may differ in it: then nothing is known.
Index inputs_of(const CsvFile& file) {
  const auto has = [&](const char* column) {
    return std::find(file.header.begin(), file.header.end(), column) != file.header.end();
  };
  const char* column = has("batch") ? "batch" : "batch size";
  if (!has(column)) return 1;
  Index inputs = 0;
  for (const CsvLine& line : file.lines) {
    const CsvRow row(file, line);
    const Index batch = row.text(column).empty() ? 1 : row.integer(column, 1);
    const bool differs = inputs != 0 && batch != inputs;
    if (differs && !has("batch")) return 1;
    if (differs) row.fail(column, fmt::format("{}, but that of the lines before is {}", batch, inputs));
    inputs = batch;
  }
  return inputs;
}

// Lines of every length of sequences is a run of the model; its parameters are those of the first one.
LayerTable read_transformers(const CsvFile& file, const TableOptions& options) {
  std::vector<Index> lengths;
  std::vector<TransformerLine> first;
  std::vector<Layer> others;
  for (const CsvLine& line : file.lines) {
    TransformerLine read = read_transformer_line(CsvRow(file, line));
    if (options.tokens != 0 && read.tokens != options.tokens) continue;
    if (std::find(lengths.begin(), lengths.end(), read.tokens) == lengths.end()) lengths.push_back(read.tokens);
    if (read.tokens == lengths[0]) {
      first.push_back(std::move(read));
    } else {
      read.layer.parameters = 0;
      others.push_back(std::move(read.layer));
    }
  }
  LayerTable table;
  if (first.empty()) fail(file.path, fmt::format("there are no layers of {} tokens", options.tokens));
  const Architecture architecture = options.architecture.value_or(architecture_of(first[0].model));
  if (!add_parameters(rules_of(architecture), first)) fail(file.path, "parameters beyond 64 bits");
  for (TransformerLine& line : first) table.layers.push_back(std::move(line.layer));
  for (Layer& layer : others) table.layers.push_back(std::move(layer));
  const CsvRow row(file, file.lines[0]);
  const Index inputs = inputs_of(file), tokens = std::accumulate(lengths.begin(), lengths.end(), Index{0});
  table.inputs = row.product({inputs, static_cast<Index>(lengths.size())});
  table.tokens = row.product({inputs, tokens});
  return table;
}

LayerTable read_layers(const CsvFile& file, Layer (*read)(const CsvRow&), const TableOptions& options) {
  if (options.architecture) fail(file.path, "is no table of transformer layers: it has no architecture");
  LayerTable table;
  for (const CsvLine& line : file.lines) table.layers.push_back(read(CsvRow(file, line)));
  if (read == read_training && options.batch != 1) fail(file.path, "passes of training have their batch: no --batch");
  table.inputs = inputs_of(file);
  table.tokens = CsvRow(file, file.lines[0]).product({table.inputs, options.tokens});
  return table;
}

}  // namespace

LayerTable read_layer_table(const std::string& path, const TableOptions& options) {
  const CsvFile file = read_csv(path);
  const auto read = kind_of(file);
  if (file.lines.empty()) fail(path, "there are no layers below the header");
  LayerTable table = read == read_transformer ? read_transformers(file, options) : read_layers(file, read, options);
  finish_table(path, options, table);
  return table;
}

}  // namespace septet::io
