// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "network_index.hpp"

#include "input.hpp"
#include "network_index_words.hpp"
#include "network_step.hpp"
#include "tensor_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

namespace septet::io {
namespace {

using network::Network;
using network::TensorInfo;

// A few hundred bytes per step; weights are elsewhere.
constexpr Index kMaxBytes = Index{1} << 26;
// Of one activation. Nothing but the index vouches for it.
constexpr Index kMaxElements = Index{1} << 31;

bool same(const TensorInfo& left, const TensorInfo& right) {
  return left.name == right.name && left.type == right.type && left.shape == right.shape &&
         left.quantisation.scale == right.quantisation.scale &&
         left.quantisation.zero_point == right.quantisation.zero_point;
}

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path), folder_(std::filesystem::path(path).parent_path().string()) {}

  Network read();

 private:
  Index tensor(const JsonObject& json);
  std::vector<Index> tensors(const JsonObject& json, const std::string& key);
  void read_step(const JsonObject& json);

  const std::string path_, folder_;
  Rounding rounding_ = Rounding::gemmlowp_double;
  Network network_;
  std::map<Index, Index> of_id_;  // the index's number of a tensor to ours
};

// What the index says of a tensor, it says wherever the tensor is used.
Index Reader::tensor(const JsonObject& json) {
  TensorInfo info = read_tensor_info(json);
  const auto [known, added] = of_id_.emplace(json.integer("id"), static_cast<Index>(network_.tensors.size()));
  if (added) {
    network_.tensors.push_back(std::move(info));
  } else if (!same(network_.tensors[static_cast<std::size_t>(known->second)], info)) {
    json.fail(fmt::format("tensor {} was another one before: its name, shape, dtype, scale or zero_point differs",
                          known->first));
  }
  return known->second;
}

std::vector<Index> Reader::tensors(const JsonObject& json, const std::string& key) {
  std::vector<Index> result;
  for (const JsonObject& object : json.objects(key)) result.push_back(tensor(object));
  return result;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

void Reader::read_step(const JsonObject& json) {
  const std::size_t at = network_.steps.size();
  const std::string op = json.text("op");
  const std::string name = json.text("layer", fmt::format("S{:02}_{}", at, lower(op)));
  const std::size_t activations = activations_of(json);
  const std::vector<JsonObject> inputs = json.objects("inputs"), outputs = json.objects("outputs");
  if (inputs.size() < activations) {
    json.fail(fmt::format("inputs: {} needs {}, {} are there", op, activations, inputs.size()));
  }
  if (outputs.size() != 1) json.fail("outputs: exactly one is expected");
  IndexStep step{json, folder_, {}, read_tensor_info(outputs[0]), rounding_};
  network::Step result{name, {}, {}, -1};
  for (std::size_t i = 0; i < activations; ++i) {
    result.inputs.push_back(tensor(inputs[i]));
    step.inputs.push_back(network_.tensors[static_cast<std::size_t>(result.inputs.back())]);
  }
  result.op = read_operator(step);
  result.output = tensor(outputs[0]);
  network_.steps.push_back(std::move(result));
}

Network Reader::read() {
  const Json json = read_json(path_, kMaxBytes, "a network's index");
  const JsonObject root(path_, "", json);
  const std::string format = root.text("format");
  if (format != words::kFormat) root.fail(fmt::format("format is {}, not '{}'", io::quoted(format), words::kFormat));
  network_.name = root.text("name");
  rounding_ = read_rounding(root, rounding_);
  network_.inputs = tensors(root, "inputs");
  const std::vector<JsonObject> steps = root.objects("steps");
  for (const JsonObject& step : steps) {
    const std::string name = step.text("layer", step.text("op"));
    read_step(JsonObject(path_, fmt::format("steps[{}] ({})", network_.steps.size(), name),
                         json["steps"][network_.steps.size()]));
  }
  network_.outputs = tensors(root, "outputs");
  const Status status = network::validate(network_);
  if (!status.ok()) fail(path_, status.to_string());
  return std::move(network_);
}

void read_quantisation(const JsonObject& json, TensorInfo& info) {
  if (json.has("scale") && !json.is_text("scale")) {
    const auto scale = static_cast<float>(json.real("scale"));
    if (!(scale > 0) || !std::isfinite(scale)) json.fail("scale is not a positive f32");
    info.quantisation.scale = scale;
  } else if (json.has("scale") && json.text("scale") != "per-channel") {
    json.fail("scale is neither a number nor \"per-channel\"");
  }
  const Index zero_point = json.integer("zero_point", 0);
  const bool byte = info.type == Type::s8 || info.type == Type::u8;
  const network::IntegerRange range = byte ? network::range_of(info.type) : network::IntegerRange{0, 0};
  if (zero_point < range.low || zero_point > range.high) {
    json.fail(fmt::format("zero_point {} is not of {}", zero_point, name(info.type)));
  }
  info.quantisation.zero_point = static_cast<int>(zero_point);
}

}  // namespace

TensorInfo read_tensor_info(const JsonObject& json) {
  TensorInfo info;
  info.name = json.text("name", "");
  const std::string dtype = json.text("dtype");
  const Type* type = words::find(words::kTypes, dtype);
  if (type == nullptr) json.fail("unknown dtype " + io::quoted(dtype));
  info.type = *type;
  info.shape = json.integers("shape");
  Index elements = 1;
  for (const Index size : info.shape) {
    if (size < 0) json.fail("shape has a negative dimension");
    if (__builtin_mul_overflow(elements, size, &elements) || elements > kMaxElements) {
      json.fail(fmt::format("shape {}: more than {} elements", shape_text(info.shape), kMaxElements));
    }
  }
  read_quantisation(json, info);
  return info;
}

namespace {

std::string index_of(const std::string& path) {
  std::error_code ignored;
  const bool folder = std::filesystem::is_directory(path, ignored);
  return folder ? (std::filesystem::path(path) / "index.json").string() : path;
}

}  // namespace

Network read_network(const std::string& path) { return Reader(index_of(path)).read(); }

std::vector<std::string> network_files(const std::string& path) try {
  const std::string index = index_of(path);
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(index, ignored)) return {};  // a pipe can be read once
  const Json json = read_json(index, kMaxBytes, "a network's index");
  std::vector<std::string> files = {index};
  for (const JsonObject& step : JsonObject(index, "", json).objects("steps")) {
    if (!step.has("files")) continue;
    for (const auto& item : step.json().at("files").items()) {
      if (!item.value().is_string()) continue;
      files.push_back((std::filesystem::path(index).parent_path() / item.value().get<std::string>()).string());
    }
  }
  return files;
} catch (const Error&) {
  return {};
}

}  // namespace septet::io
