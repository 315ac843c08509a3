// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "topology_table.hpp"

#include "input.hpp"
#include "matrix_file.hpp"
#include "random_matrix.hpp"
#include "text_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace septet::io {
namespace {

using network::Layer;
using network::Product;

// Of made-up weights; nothing but the table vouches for it.
constexpr Index kMaxWeights = Index{1} << 28;

bool begins_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

bool has_column(const CsvFile& file, std::size_t column, const std::string& start) {
  return column < file.header.size() && begins_with(file.header[column], start);
}

struct Group {
  Index kept = 1, of = 1;
};

// "2:4". None: dense.
Group read_group(const CsvRow& row) {
  if (!row.has("sparsity")) return {};
  const std::string word = row.text("sparsity");
  if (word.empty()) return {};
  Group group;
  const std::size_t colon = word.find(':');
  const bool read = colon != std::string::npos && parse_integer(word.substr(0, colon), group.kept) == Parsed::ok &&
                    parse_integer(word.substr(colon + 1), group.of) == Parsed::ok;
  if (!read || group.kept < 1 || group.kept > group.of) {
    row.fail("sparsity", quoted(word) + " is not of the form N:M, 1 <= N <= M");
  }
  return group;
}

// Seeded weights; of every M neighbours in a row the N largest stay.
void make_weights(const CsvRow& row, const Group& group, Layer& layer) {
  const Index m = layer.product.m, k = layer.product.k;
  if (group.kept == group.of) return;
  if (row.product({m, k}) > kMaxWeights || std::max(m, k) > kMaxFileDimension) {
    row.fail("sparsity", fmt::format("a pattern of {} x {} is too large", m, k));
  }
  const auto matrix = std::make_shared<FileMatrix>(make_random(fmt::format("random:{}x{},dtype=s8", m, k)));
  auto* weights = reinterpret_cast<std::int8_t*>(matrix->bytes.data());
  std::vector<Index> order;
  for (Index first = 0; first < m * k;) {
    const Index size = std::min(group.of, k - first % k);
    order.resize(static_cast<std::size_t>(size));
    for (Index i = 0; i < size; ++i) order[static_cast<std::size_t>(i)] = first + i;
    std::stable_sort(order.begin(), order.end(),
                     [&](Index left, Index right) { return std::abs(weights[left]) > std::abs(weights[right]); });
    for (Index i = group.kept; i < size; ++i) weights[order[static_cast<std::size_t>(i)]] = 0;
    first += size;
  }
  layer.weights = ConstMatrix(weights, Type::s8, m, k, k, 1);
  layer.weights_owner = matrix;
}

Index read_batch(const CsvRow& row) {
  const bool given = row.has("batch size") && !row.text("batch size").empty();
  return given ? row.integer("batch size", 1) : 1;
}

// What is left over at the end makes another output: SCALE-Sim rounds up, and its last window reaches beyond the input.
Index outputs(const CsvRow& row, std::size_t input_column, Index input, Index filter, Index stride) {
  if (filter > input) row.fail(input_column, fmt::format("{}, less than the filter's {}", input, filter));
  return (input - filter) / stride + ((input - filter) % stride != 0) + 1;
}

Layer finish(const CsvRow& row, std::string op, const Product& product, Index parameters) {
  Layer layer;
  layer.name = row.text(0);
  layer.op = std::move(op);
  layer.product = product;
  layer.parameters = parameters, layer.prunable = true;
  row.product({product.m, product.n, product.k, product.count});
  make_weights(row, read_group(row), layer);
  return layer;
}

}  // namespace

bool is_convolution_topology(const CsvFile& file) {
  return has_column(file, 0, "layer") && has_column(file, 1, "ifmap") && has_column(file, 2, "ifmap") &&
         has_column(file, 3, "filter") && has_column(file, 4, "filter") && has_column(file, 5, "channels") &&
         has_column(file, 6, "num filter") && has_column(file, 7, "stride");
}

Layer read_convolution_topology(const CsvRow& row) {
  const Index in_h = row.integer(1, 1), in_w = row.integer(2, 1), filter_h = row.integer(3, 1),
              filter_w = row.integer(4, 1), channels = row.integer(5, 1), filters = row.integer(6, 1),
              stride_h = row.integer(7, 1);
  const bool two_strides = row.has("stride width") && row.find("stride width") == 8;
  const Index stride_w = two_strides ? row.integer(8, 1) : stride_h;
  const Index out_h = outputs(row, 1, in_h, filter_h, stride_h), out_w = outputs(row, 2, in_w, filter_w, stride_w);
  const Index batch = read_batch(row), n = row.product({batch, out_h, out_w});
  // SCALE-Sim's mark of a depthwise layer: a product per channel.
  const bool depthwise = row.text(0).find("DP") != std::string::npos;
  const Index count = depthwise ? channels : 1, k = row.product({filter_h, filter_w, depthwise ? 1 : channels});
  network::ConvolutionShape shape{batch, in_h, in_w, channels, row.product({filters, count}), count, {}, {}, {}};
  network::Window& window = shape.window;
  window.height = filter_h, window.width = filter_w, window.stride_h = stride_h, window.stride_w = stride_w;
  window.pad_bottom = row.product({out_h - 1, stride_h}) + filter_h - in_h;
  window.pad_right = row.product({out_w - 1, stride_w}) + filter_w - in_w;
  Layer layer = finish(row, depthwise ? network::kDepthwise : "convolution", {filters, n, k, count},
                       row.product({filters, k, count}));
  layer.convolution = shape;
  return layer;
}

bool is_gemm_topology(const CsvFile& file) {
  return file.header.size() >= 4 && has_column(file, 0, "layer") && file.header[1] == "m" && file.header[2] == "n" &&
         file.header[3] == "k";
}

Layer read_gemm_topology(const CsvRow& row) {
  const Index m = row.integer(1, 1), n = row.integer(2, 1), k = row.integer(3, 1);
  Layer layer = finish(row, "gemm", {n, m, k, 1}, row.product({n, k}));
  layer.convolution = network::fully_connected_shape(layer.product);
  return layer;
}

}  // namespace septet::io
