// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// network: inputs that are wrong in one place. One line that names the file and the place, exit code 2, and none of the
// outputs that were asked for.
#include "network_model.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>

namespace septet::cli::test {
namespace {

const std::string kAllOutputs = " --input x.npy -o y.npy --record rec --json r.json --report r.html";

class Malformed {
 public:
  explicit Malformed(std::uint64_t seed)
      : model_(seed), index_(Json::parse(model_.folder.read("net/index.json"))), before_(model_.folder.list()) {}

  const Folder& folder() const { return model_.folder; }
  const Json& index() const { return index_; }
  /// The index with a change: refused with `argument`, a file within the folder.
  void index(const std::function<void(Json&)>& change, const std::string& part,
             const std::string& argument = "net/index.json") const {
    Json json = index_;
    change(json);
    text(json.dump(), part, argument);
  }
  void text(const std::string& index, const std::string& part, const std::string& argument = "net/index.json") const {
    folder().write("net/index.json", index);
    folder().refused("network net" + kAllOutputs, argument, part);
    CHECK(folder().list() == before_);
    folder().write("net/index.json", index_.dump());
  }
  /// A file with other bytes.
  void file(const std::string& name, const std::string& bytes, const std::string& part) const {
    const std::string good = folder().read(name);
    folder().write(name, bytes);
    folder().refused("network net" + kAllOutputs, name, part);
    CHECK(folder().list() == before_);
    folder().write(name, good);
  }
  void works() const { folder().works("network net --input x.npy"); }

  /// The first step with weights.
  std::size_t product() const {
    for (std::size_t i = 0; i < index_.at("steps").size(); ++i) {
      if (index_.at("steps")[i].contains("files")) return i;
    }
    return 0;
  }
  std::string weights() const {
    return "net/" + index_.at("steps")[product()].at("files").at("weight").get<std::string>();
  }

 private:
  Model model_;
  Json index_;
  std::vector<std::string> before_;
};

std::string header(const std::string& type, const std::string& shape) {
  std::string text = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
  text.resize(117, ' ');
  return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + text + "\n";
}

}  // namespace

TEST_CASE("cli: network: an index that is wrong in one place") {
  const Malformed bad(61);
  const std::size_t p = bad.product();
  const auto step = [p](Json& json) -> Json& { return json["steps"][p]; };
  const auto x = [&](Json& json) -> Json& { return step(json)["inputs"][0]; };
  bad.text("", "is not JSON");
  bad.text("{\"format\"", "is not JSON");
  bad.text("[1, 2]", "is not a JSON object");
  bad.text(R"({"format": "npy-model-index/1", "format": "npy-model-index/1"})", "'format' is there twice");
  for (const std::string key : {"format", "name", "inputs", "outputs", "steps"}) {
    bad.index([&](Json& json) { json.erase(key); }, key + " is missing");
  }
  bad.index([&](Json& json) { step(json)["op"] = "LSTM"; }, "unknown operator 'LSTM'");
  bad.index([&](Json& json) { step(json)["params"]["stride"] = 2; }, "unknown key 'stride'");
  bad.index([&](Json& json) { step(json)["params"]["stride_h"] = 0; }, "stride_h is 0");
  bad.index([&](Json& json) { step(json)["files"].erase("weight"); }, "weight is missing");
  bad.index([&](Json& json) { x(json)["scale"] = -1; }, "scale is not a positive");
  bad.index([&](Json& json) { x(json)["scale"] = 0; }, "scale is not a positive");
  bad.index([&](Json& json) { x(json)["scale"] = 1e39; }, "scale is not a positive");
  bad.index([&](Json& json) { x(json)["scale"] = "NaN"; }, "scale is neither a number");
  bad.index([&](Json& json) { x(json)["zero_point"] = 1000; }, "zero_point 1000 is not of");
  bad.index([&](Json& json) { x(json)["shape"][0] = -1; }, "shape has a negative dimension");
  bad.index([&](Json& json) { x(json)["shape"][0] = Index{1} << 62; }, "more than 2147483648 elements");
  bad.index([&](Json& json) { x(json)["shape"][0] = Index{1} << 30; }, "elements");
  bad.index([&](Json& json) { x(json)["dtype"] = "int4"; }, "unknown dtype 'int4'");
  bad.index([&](Json& json) { x(json)["name"] = "another"; }, "was another one before");
  // Numbers that JSON does not have.
  std::string text = bad.index().dump();
  const std::size_t scale = text.find("\"scale\":") + 8, end = text.find_first_of(",}", scale);
  REQUIRE(end != std::string::npos);
  bad.text(text.substr(0, scale) + "NaN" + text.substr(end), "is not JSON");
  bad.text(text.substr(0, scale) + "1e999" + text.substr(end), "has a number that is not finite");
  bad.works();
}

TEST_CASE("cli: network: steps that do not chain") {
  const Malformed bad(62);
  const auto last = [](Json& json) -> Json& { return json["steps"].back(); };
  // A step that reads what it makes, or what only a later one makes; two that make the same.
  bad.index(
      [&](Json& json) { last(json)["outputs"][0] = last(json)["inputs"][0], json["outputs"] = last(json)["outputs"]; },
      "steps[");
  bad.index([&](Json& json) { std::reverse(json["steps"].begin(), json["steps"].end()); }, "steps[0]");
  bad.index([&](Json& json) { json["steps"].push_back(last(json)); }, "steps[");
  bad.index([&](Json& json) { last(json)["inputs"][0]["id"] = 99999; }, "");
  bad.index([&](Json& json) { json["outputs"][0]["id"] = 99999; }, "outputs[0]");
  bad.index(
      [&](Json& json) { last(json)["outputs"][0]["shape"].push_back(3), json["outputs"] = last(json)["outputs"]; },
      "steps[");
  bad.works();
}

TEST_CASE("cli: network: files of arrays that are wrong") {
  const Malformed bad(63);
  for (const std::string& name : {bad.weights(), std::string("x.npy")}) {
    CAPTURE(name);
    const std::string bytes = bad.folder().read(name);
    bad.file(name, bytes.substr(0, bytes.size() - 1), "");  // truncated in its elements, its header, its magic string
    bad.file(name, bytes.substr(0, 40), "");
    bad.file(name, bytes.substr(0, 4), "");
    bad.file(name, "", "");
    bad.file(name, bytes + "x", "");
    bad.file(name, header("|i1", "(4611686018427387904, 4)"), "beyond 64 bits");
    bad.file(name, header("|i1", "(4000000000, 4)"), "");  // nothing is allocated by what a header says
    bad.file(name, header("|i1", "(-1, 4)"), "");
    bad.file(name, header("<f8", "(1,)") + std::string(8, '\0'), "f64");
    bad.file(name, header("|i1", "(1,)") + "x", "");
  }
  bad.works();
}

TEST_CASE("cli: network: tables that are wrong") {
  const Folder folder;
  const std::string columns = "component,gemm_m,gemm_n,gemm_k,gemm_count,macs,weight_params\n",
                    line = "a,2,3,4,1,24,12\n";
  const auto refused = [&](const std::string& text, const std::string& part) {
    folder.write("t.csv", text);
    folder.refused("network t.csv --json r.json --report r.html", "t.csv", part);
    CHECK(folder.list() == std::vector<std::string>{"t.csv"});
  };
  refused("", "the file is empty");
  refused(columns, "there are no layers");
  refused("component,gemm_m,gemm_n,gemm_k,gemm_count,macs\na,2,3,4,1,24\n", "line 1: ");
  refused("component,gemm_m,gemm_n,gemm_k,macs,weight_params\na,2,3,4,24,12\n", "column gemm_count is missing");
  refused("macs," + columns + "24," + line, "column macs is there twice");
  refused(columns + line + "b,2,3,4\n", "line 3: column 7 (weight_params): is empty");
  refused(columns + "a,2,3,4,1,24,12,7\n", "line 2: 8 values below 7 columns");
  refused(columns + "a,2,3,4,1,25,12\n", "line 2: column 6 (macs): 25, but");
  refused(columns + "a,2,3,4,1,24,13\n", "line 2: column 7 (weight_params): 13, but");
  refused(columns + "a,0,3,4,1,0,12\n", "line 2: column 2 (gemm_m): 0: at least 1");
  refused(columns + "a,2,nan,4,1,24,12\n", "line 2: column 3 (gemm_n): 'nan' is not a whole number");
  refused(columns + "a,2,3e0,4,1,24,12\n", "'3e0' is not a whole number");
  refused(columns + "a,4611686018427387904,3,4,1,24,12\n", "beyond 64 bits");
  refused(columns + "a,\"2\",3,4,1,24,12\n", "quotes are not supported");
  refused(columns +
              "a,1,1,4611686018427387904,1,4611686018427387904,4611686018427387904\n"
              "b,1,1,4611686018427387904,1,4611686018427387904,4611686018427387904\n",
          "totals beyond 64 bits");
}

TEST_CASE("cli: network: options beyond what there is") {
  const Model model(64);
  const Folder& folder = model.folder;
  const std::vector<std::string> before = folder.list();
  for (const auto& [flag, value] : {std::pair<std::string, std::string>{"--clock", "0"},
                                    {"--clock", "-5"},
                                    {"--clock", "nan"},
                                    {"--clock", "inf"},
                                    {"--clock", "1e308"},
                                    {"--vector-lanes", "0"},
                                    {"--array", "0x4"},
                                    {"--array", "4"},
                                    {"--dataflow", "eOS"},
                                    {"--weights", ""},
                                    {"--threads", "-1"},
                                    {"--bandwidth", "-1"},
                                    {"--buffers", "1K,1K"},
                                    {"--arrays", "99999999999999999999"}}) {
    folder.refused("network net" + kAllOutputs + " " + flag + " '" + value + "'", flag, "");
  }
  CHECK(folder.list() == before);
}

}  // namespace septet::cli::test
