// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "network_record.hpp"

#include "input.hpp"
#include "json_object.hpp"
#include "tensor_file.hpp"

#include <fmt/format.h>

#include <cctype>
#include <filesystem>
#include <set>
#include <utility>

namespace septet::io {
namespace {

namespace fs = std::filesystem;
using network::Tensor;

constexpr const char* kFormat = "npy-network-record/1";
constexpr Index kMaxBytes = Index{64} << 20;

// Steps have names of any characters; the number keeps files apart.
std::string file_name(std::size_t number, const std::string& step, const std::string& what) {
  std::string name = fmt::format("S{:02}_{}_{}", number, step, what);
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name + ".npy";
}

fs::path index_of(const std::string& path) {
  if (!fs::is_directory(path)) return path;
  const fs::path folder(path);
  for (const char* name : {"record.json", "golden.json"}) {
    if (fs::exists(folder / name)) return folder / name;
  }
  fail(path, "has neither record.json nor golden.json");
}

// One name, or a list of names.
std::vector<std::string> file_names(const JsonObject& layer, const Json& json, const char* key) {
  if (!json[key].is_array()) return {layer.text(key)};
  std::vector<std::string> names;
  for (const Json& name : json[key]) {
    if (!name.is_string()) layer.fail(std::string(key) + " is neither a file's name nor a list of them");
    names.push_back(name.get<std::string>());
  }
  return names;
}

LayerRecord read_layer(const JsonObject& layer, const Json& json, const fs::path& folder) {
  LayerRecord record;
  record.layer = layer.text("layer");
  const auto read = [&](const std::string& name) { return read_tensor((folder / name).string()); };
  if (layer.has("input")) {
    for (const std::string& name : file_names(layer, json, "input")) record.inputs.push_back(read(name));
  }
  if (layer.has("acc")) record.sums = read(layer.text("acc"));
  if (layer.has("output")) record.output = read(layer.text("output"));
  if (record.sums.empty() && record.output.empty()) layer.fail("has neither acc nor output");
  return record;
}

}  // namespace

std::vector<LayerRecord> read_network_record(const std::string& path) {
  const fs::path index = index_of(path);
  const Json json = read_json(index.string(), kMaxBytes, "a record");
  const JsonObject root(index.string(), "", json);
  if (root.has("format") && root.text("format") != kFormat) {
    root.fail("unknown format " + io::quoted(root.text("format")));
  }
  std::vector<LayerRecord> records;
  std::set<std::string> names;
  std::size_t i = 0;
  for (const JsonObject& layer : root.objects("layers")) {
    records.push_back(read_layer(layer, json["layers"][i++], index.parent_path()));
    if (!names.insert(records.back().layer).second) layer.fail("the layer is there twice");
  }
  return records;
}

struct NetworkRecordWriter::Content {
  std::string folder;
  StagedFolder made;
  Json json;
  std::vector<std::unique_ptr<StagedFile>> files;

  StagedFile& stage(const std::string& name) {
    files.push_back(std::make_unique<StagedFile>((fs::path(folder) / name).string()));
    return *files.back();
  }
  std::string write(const std::string& step, const std::string& what, const Tensor& tensor) {
    std::string name = file_name(json["layers"].size(), step, what);
    write_tensor(stage(name), tensor);
    return name;
  }
};

NetworkRecordWriter::NetworkRecordWriter(std::string folder, std::string model)
    : content_(new Content{folder, StagedFolder(folder), {}, {}}) {
  content_->json["format"] = kFormat;
  content_->json["model"] = std::move(model);
  content_->json["layers"] = Json::array();
}

NetworkRecordWriter::~NetworkRecordWriter() = default;

void NetworkRecordWriter::add(const network::Step& step, const std::vector<const Tensor*>& x, const Tensor& y,
                              const Tensor* sums) {
  Json layer;
  layer["layer"] = step.name;
  layer["op"] = network::name(step.op);
  if (x.size() == 1) {
    layer["input"] = content_->write(step.name, "in", *x[0]);
  } else {
    layer["input"] = Json::array();
    for (std::size_t i = 0; i < x.size(); ++i) {
      layer["input"].push_back(content_->write(step.name, fmt::format("in{}", i), *x[i]));
    }
  }
  if (sums != nullptr) layer["acc"] = content_->write(step.name, "acc", *sums);
  layer["output"] = content_->write(step.name, "out", y);
  content_->json["layers"].push_back(std::move(layer));
}

void NetworkRecordWriter::commit() {
  StagedFile& index = content_->stage("record.json");
  const std::string text = content_->json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  StagedWriter file(index);
  file.write(text.data(), text.size());
  file.close();
  for (const auto& staged : content_->files) staged->commit();
  content_->made.keep();
}

}  // namespace septet::io
