// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "json_file.hpp"
#include "network_index.hpp"
#include "network_index_words.hpp"
#include "tensor_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

namespace septet::io {
namespace {

using network::Linear;
using network::Network;
using network::Step;
using network::Tensor;
using network::TensorInfo;

// Ids of constants, behind those of all activations.
class Writer {
 public:
  Writer(std::string folder, const Network& network)
      : folder_(std::move(folder)), network_(network), next_id_(static_cast<Index>(network.tensors.size())) {}

  void write();
  void commit() {
    for (const auto& staged : files_) staged->commit();
  }

 private:
  friend struct OperatorWriter;

  Json descriptor(const TensorInfo& info, Index id) const;
  Json activation(Index tensor) const;
  Json activations(const std::vector<Index>& tensors) const;
  Json step(const Step& step);
  void add_file(Json& json, const Step& step, const std::string& key, const Tensor& tensor);
  /// Another input of the step, which is in a file.
  void add_constant(Json& json, const Step& step, const std::string& key, const Tensor& tensor);
  StagedFile& stage(const std::string& name);

  const std::string folder_;
  const Network& network_;
  Index next_id_;
  std::vector<std::unique_ptr<StagedFile>> files_;
};

// A file's name: what is no letter or digit of the step's becomes "_"; the number keeps names apart.
std::string file_name(const Network& network, const Step& step, const std::string& key) {
  const auto at = static_cast<std::size_t>(&step - network.steps.data());
  std::string name = fmt::format("S{:02}_{}_{}", at, step.name, key);
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name + ".npy";
}

StagedFile& Writer::stage(const std::string& name) {
  files_.push_back(std::make_unique<StagedFile>((std::filesystem::path(folder_) / name).string()));
  return *files_.back();
}

Json Writer::descriptor(const TensorInfo& info, Index id) const {
  Json json;
  json["id"] = id;
  json["name"] = info.name;
  json["shape"] = info.shape;
  json["dtype"] = words::text_of(words::kTypes, info.type);
  if (info.quantisation.scale > 0) json["scale"] = static_cast<double>(info.quantisation.scale);
  if (info.type != Type::f32 && info.type != Type::f16) json["zero_point"] = info.quantisation.zero_point;
  return json;
}

Json Writer::activation(Index tensor) const {
  return descriptor(network_.tensors[static_cast<std::size_t>(tensor)], tensor);
}

Json Writer::activations(const std::vector<Index>& tensors) const {
  Json json = Json::array();
  for (const Index tensor : tensors) json.push_back(activation(tensor));
  return json;
}

void Writer::add_file(Json& json, const Step& step, const std::string& key, const Tensor& tensor) {
  const std::string name = file_name(network_, step, key);
  write_tensor(stage(name), tensor);
  json["files"][key] = name;
}

void Writer::add_constant(Json& json, const Step& step, const std::string& key, const Tensor& tensor) {
  json["inputs"].push_back(descriptor(tensor.info(), next_id_++));
  add_file(json, step, key, tensor);
}

template <class T>
Tensor tensor_of(const std::vector<T>& values) {
  Tensor tensor({"", type_of<T>(), {static_cast<Index>(values.size())}, {}});
  std::copy(values.begin(), values.end(), tensor.as<T>());
  return tensor;
}

// Puts what an operator has into a step's JSON.
struct OperatorWriter {
  Writer& writer;
  const Step& step;
  Json& json;

  bool integer() const { return is_integer(writer.network_.tensors[static_cast<std::size_t>(step.output)].type); }

  void fused(int low, int high, Activation activation) const {
    if (integer()) {
      json["output_clamp"] = {low, high};
    } else {
      json["params"]["activation"] = words::text_of(words::kActivations, activation);
    }
  }

  void window(const network::Window& window) const {
    Json& params = json["params"];
    params["padding"] = "EXPLICIT";
    params["stride_h"] = window.stride_h;
    params["stride_w"] = window.stride_w;
    params["dilation_h"] = window.dilation_h;
    params["dilation_w"] = window.dilation_w;
    params["pad_h"] = {window.pad_top, window.pad_bottom};
    params["pad_w"] = {window.pad_left, window.pad_right};
  }

  void linear(const Linear& linear) const {
    writer.add_constant(json, step, "weight", *linear.weight);
    if (linear.bias != nullptr) writer.add_constant(json, step, "bias", *linear.bias);
    fused(linear.low, linear.high, linear.activation);
    if (!integer()) return;
    json["rounding"] = name(linear.rounding);
    if (linear.rounding == Rounding::fp32_nearest_even) {
      return writer.add_file(json, step, "requant_scale", tensor_of(linear.scale));
    }
    writer.add_file(json, step, "requant_multiplier", tensor_of(linear.multiplier));
    writer.add_file(json, step, "requant_shift", tensor_of(linear.shift));
  }

  template <class Pool>
  void pool(const Pool& pool, const char* op) const {
    json["op"] = op;
    window(pool.window);
    json["params"]["filter_h"] = pool.window.height;
    json["params"]["filter_w"] = pool.window.width;
    fused(pool.low, pool.high, pool.activation);
  }

  void operator()(const network::Convolution& op) const {
    json["op"] = "CONV_2D";
    json["groups"] = op.groups;
    window(op.window);
    linear(op.linear);
  }
  void operator()(const network::FullyConnected& op) const {
    json["op"] = "FULLY_CONNECTED";
    linear(op.linear);
  }
  void operator()(const network::MatMul& op) const {
    json["op"] = "BATCH_MATMUL";
    json["params"] = {{"transposed", op.transposed}, {"scale", static_cast<double>(op.scale)}};
    if (!integer()) return;
    json["output_clamp"] = {op.low, op.high};
    json["rounding"] = name(op.rounding);
  }
  void operator()(const network::EmbeddingBag& op) const {
    json["op"] = "EMBEDDING_BAG";
    json["params"]["mode"] = words::text_of(words::kModes, op.mode);
    json["params"]["sums"] = words::text_of(words::kTypes, op.sums);
    writer.add_constant(json, step, "table", *op.table);
  }
  void operator()(const network::MaxPool& op) const { pool(op, "MAX_POOL_2D"); }
  void operator()(const network::AveragePool& op) const { pool(op, "AVERAGE_POOL_2D"); }
  void operator()(const network::Mean&) const { json["op"] = "MEAN"; }
  void operator()(const network::Add& op) const {
    json["op"] = "ADD";
    fused(op.low, op.high, op.activation);
  }
  void operator()(const network::Activate& op) const {
    json["op"] = words::text_of(words::kActivations, op.activation);
  }
  void operator()(const network::BatchNorm& op) const {
    json["op"] = "BATCH_NORM";
    writer.add_file(json, step, "factor", *op.factor);
    writer.add_file(json, step, "term", *op.term);
  }
  void operator()(const network::LayerNorm& op) const {
    json["op"] = "LAYER_NORM";
    json["params"]["epsilon"] = static_cast<double>(op.epsilon);
    writer.add_file(json, step, "gamma", *op.gamma);
    writer.add_file(json, step, "beta", *op.beta);
  }
  void operator()(const network::Softmax& op) const {
    json["op"] = "SOFTMAX";
    json["params"]["beta"] = static_cast<double>(op.factor);
  }
  void operator()(const network::Quantise&) const { json["op"] = "QUANTIZE"; }
  void operator()(const network::Reshape&) const { json["op"] = "RESHAPE"; }
};

Json Writer::step(const Step& step) {
  Json json;
  json["op"] = "";  // keeps its place
  json["layer"] = step.name;
  json["inputs"] = activations(step.inputs);
  json["outputs"] = activations({step.output});
  std::visit(OperatorWriter{*this, step, json}, step.op);
  return json;
}

void Writer::write() {
  Json json;
  json["format"] = words::kFormat;
  json["name"] = network_.name;
  json["inputs"] = activations(network_.inputs);
  json["outputs"] = activations(network_.outputs);
  json["steps"] = Json::array();
  for (const Step& each : network_.steps) json["steps"].push_back(step(each));
  StagedFile& index = stage("index.json");
  const std::string text = json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  StagedWriter file(index);
  file.write(text.data(), text.size());
  file.close();
}

}  // namespace

struct NetworkWriter::Content {
  Content(const std::string& folder, const Network& network) : made(folder), writer(folder, network) {}

  StagedFolder made;
  Writer writer;
};

NetworkWriter::NetworkWriter(const std::string& folder, const Network& network) {
  throw_if_error(network::validate(network));
  content_ = std::make_unique<Content>(folder, network);
  content_->writer.write();
}

NetworkWriter::~NetworkWriter() = default;

void NetworkWriter::commit() {
  content_->writer.commit();
  content_->made.keep();
}

void write_network(const std::string& folder, const Network& network) { NetworkWriter(folder, network).commit(); }

}  // namespace septet::io
