// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "recommendation_config.hpp"

#include "input.hpp"

#include <fmt/format.h>

namespace septet::io {
namespace {

using network::Layer;

constexpr Index kMaxSize = Index{1} << 40;  // of a row's number, a width …: sums and small multiples are 64 bits

class Config {
 public:
  Config(const JsonObject& json, Type table, Index batch) : json_(json), table_(table), batch_(batch) {
    bottom_ = sizes("bottom_mlp", 2), top_ = sizes("top_mlp_with_interaction_input", 2);
    rows_ = sizes("table_rows", 1);
    dim_ = size("embedding_dim"), lookups_ = size("lookups_per_table");
    tables_ = static_cast<Index>(rows_.size());
    interaction_ = json.text("interaction");
    check();
  }

  LayerTable read() const {
    LayerTable table;
    table.inputs = batch_;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      table.layers.push_back(embedding(i));
      table.tables.push_back({i, rows_[i], dim_, row_bytes(), lookups_});
    }
    add_mlp("bot_mlp", bottom_, table);
    if (interaction_ == "dot") {
      Layer layer = product("interaction", {tables_ + 1, tables_ + 1, dim_, batch_}, "matmul");
      table.layers.push_back(std::move(layer));
    }
    add_mlp("top_mlp", top_, table);
    return table;
  }

 private:
  std::vector<Index> sizes(const std::string& key, std::size_t least) const {
    const std::vector<Index> list = json_.integers(key);
    if (list.size() < least) json_.fail(fmt::format("{}: at least {} are expected", key, least));
    for (const Index one : list) check_size(key, one);
    return list;
  }
  Index size(const std::string& key) const {
    check_size(key, json_.integer(key));
    return json_.integer(key);
  }
  void check_size(const std::string& key, Index value) const {
    if (value < 1 || value > kMaxSize) json_.fail(fmt::format("{}: {} is none of 1 to {}", key, value, kMaxSize));
  }
  Index times(Index a, Index b) const {
    Index product = 0;
    if (__builtin_mul_overflow(a, b, &product)) json_.fail("sizes whose product is beyond 64 bits");
    return product;
  }
  Index plus(Index a, Index b) const {
    Index sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) json_.fail("sizes whose sum is beyond 64 bits");
    return sum;
  }
  void require(const std::string& key, Index expected, const std::string& what) const {
    if (!json_.has(key)) return;
    const Index value = json_.integer(key);
    if (value != expected) json_.fail(fmt::format("{} is {}, but {} is {}", key, value, what, expected));
  }

  Index weights_of(const std::vector<Index>& mlp) const {
    Index sum = 0;
    for (std::size_t i = 1; i < mlp.size(); ++i) sum = plus(sum, times(mlp[i - 1], mlp[i]));
    return sum;
  }

  // What can be worked out has to agree.
  void check() const {
    require("num_tables", tables_, "the number of table_rows");
    Index all_rows = 0;
    for (const Index rows : rows_) all_rows = plus(all_rows, rows);
    require("embedding_params", times(all_rows, dim_), "the sum of table_rows * embedding_dim");
    require("mlp_weight_params", plus(weights_of(bottom_), weights_of(top_)), "that of both MLPs");
    const Index adds = times(times(tables_, lookups_), dim_), looked_up = times(tables_, lookups_);
    require("sls_adds_per_sample", adds, "tables * lookups_per_table * embedding_dim");
    require("sls_bytes_read_per_sample_fp32", times(adds, 4), "sls_adds_per_sample * 4");
    require("sls_bytes_read_per_sample_fused8bit", times(looked_up, dim_ + 8), "the look-ups' rows with 8 more bytes");
    Index features = 0;
    if (interaction_ == "dot") {
      if (bottom_.back() != dim_)
        json_.fail("bottom_mlp does not end with embedding_dim, as a dot interaction needs it");
      features = plus(dim_, times(tables_, tables_ + 1) / 2);
    } else if (interaction_ == "cat") {
      features = plus(bottom_.back(), times(tables_, dim_));
    } else {
      json_.fail("interaction " + io::quoted(interaction_) + " is none of dot, cat");
    }
    if (top_[0] != features) {
      json_.fail(fmt::format("top_mlp_with_interaction_input begins with {}, but the interaction ({}) makes {}",
                             top_[0], interaction_, features));
    }
  }

  Index row_bytes() const { return table_ == Type::u8 ? dim_ + 8 : times(dim_, size_of(table_)); }

  Layer embedding(std::size_t i) const {
    Layer layer;
    layer.name = fmt::format("table{}", i), layer.op = name(network::Operator(network::EmbeddingBag{}));
    layer.a_type = layer.b_type = table_;
    layer.parameters = times(rows_[i], dim_), layer.lookups = times(lookups_, batch_);
    layer.parameter_bytes = times(rows_[i], row_bytes());
    times(times(plus(layer.lookups, plus(batch_, 1)), plus(row_bytes(), 4)), 16);  // nothing that is counted overflows
    layer.work =
        network::VectorWork{network::EmbeddingBag{}, 1, layer.lookups, times(batch_, dim_), dim_, 1, table_, Type::f32};
    layer.vector = network::vector_cost(*layer.work, {});
    layer.vector.cycles = 0;
    return layer;
  }

  Layer product(std::string name, const network::Product& product, const char* op) const {
    times(times(product.m, product.n), times(product.k, product.count));
    Layer layer;
    layer.name = std::move(name), layer.op = op, layer.product = product;
    return layer;
  }

  void add_mlp(const std::string& name, const std::vector<Index>& sizes, LayerTable& table) const {
    for (std::size_t i = 1; i < sizes.size(); ++i) {
      const std::string layer_name = fmt::format("{}{}", name, i - 1);
      Layer layer = product(layer_name, {sizes[i], batch_, sizes[i - 1], 1}, "fully_connected");
      layer.parameters = sizes[i] * sizes[i - 1], layer.prunable = true;
      layer.convolution = network::fully_connected_shape(layer.product);
      table.layers.push_back(std::move(layer));
    }
  }

  const JsonObject& json_;
  Type table_;
  Index batch_;
  std::vector<Index> bottom_, top_, rows_;
  Index dim_ = 0, lookups_ = 0, tables_ = 0;
  std::string interaction_;
};

}  // namespace

LayerTable read_recommendation_config(const JsonObject& json, Type table, const TableOptions& options) {
  if (options.architecture) json.fail("is no transformer: it has no architecture");
  LayerTable result = Config(json, table, options.batch).read();
  if (__builtin_mul_overflow(options.tokens, options.batch, &result.tokens)) json.fail("tokens beyond 64 bits");
  TableOptions done = options;
  done.batch = 1;
  finish_table(json.path(), done, result);
  return result;
}

}  // namespace septet::io
