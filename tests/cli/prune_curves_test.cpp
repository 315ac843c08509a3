// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// prune --curves and --points: what they say, and the page that draws them.
#include "network_model.hpp"
#include "page_support.hpp"

#include <cmath>

namespace septet::cli::test {
namespace {

const std::vector<std::string> kSeries = {"weights", "sOS", "sWS", "sIS", "csOS", "auto"};

// So many inputs of the model in a file, and their outputs' greatest elements as labels.
struct Labelled : Model {
  explicit Labelled(std::uint64_t seed) : Model(seed) {
    support::Rng rng(seed + 1000);
    TensorInfo info = input.info();
    const Index batch = info.dim(0);
    info.shape[0] = images = 2 * batch;
    Tensor all(info);
    std::vector<std::int32_t> labels;
    for (Index i = 0; i < 2; ++i) {
      input = support::random_tensor(rng, input.info());
      std::memcpy(static_cast<std::byte*>(all.data()) + i * static_cast<Index>(input.bytes()), input.data(),
                  input.bytes());
      const Tensor y = output();
      const Index classes = y.info().elements() / batch;
      for (Index b = 0; b < batch; ++b) labels.push_back(greatest(y, b * classes, classes));
    }
    write_tensor(folder.path("many.npy"), all);
    folder.write_npy("labels.npy", labels, 1, images);
  }

  std::int32_t greatest(const Tensor& y, Index from, Index classes) const {
    const auto at = [&](Index i) -> int {
      return y.info().type == Type::u8 ? y.as<std::uint8_t>()[i] : y.as<std::int8_t>()[i];
    };
    Index best = 0;
    for (Index c = 1; c < classes; ++c) best = at(from + c) > at(from + best) ? c : best;
    return static_cast<std::int32_t>(best);
  }

  Index images = 0;
};

void check_point(const Json& point, const Json& array) {
  CAPTURE(point.dump());
  CHECK(keys_of(point) == std::vector<std::string>{"goal", "goal_value", "met", "cycles", "sparsity", "kept",
                                                   "output_error", "accuracy"});
  CHECK(point.at("goal") == "speedup");
  if (point.at("met") == false) {
    CHECK(point.at("output_error").is_null());
    CHECK(point.at("accuracy").is_null());
    return;
  }
  CHECK(point.at("output_error") >= 0);
  CHECK(point.at("accuracy") >= 0);
  CHECK(point.at("accuracy") <= 1);
  const double value = point.at("goal_value");
  CHECK(array.at("cycles_dense").get<double>() >= value * point.at("cycles").get<double>());
}

const std::string kPoints = R"({"points": [
  {"network": "digits", "series": "csOS", "array": "16x16", "goal": 4, "seed": 1, "accuracy": 0.98, "cycles": 1000, "cpu_seconds": 0.002},
  {"network": "digits", "series": "csOS", "array": "16x16", "goal": 4, "seed": 2, "accuracy": 0.96, "cycles": 1200, "cpu_seconds": 0.003},
  {"network": "digits", "series": "csOS", "array": "16x16", "goal": "6 x", "seed": 1, "accuracy": 0.95, "cycles": 700, "cpu_seconds": 0.001},
  {"network": "digits", "series": "dense", "array": "16x16", "seed": 1, "accuracy": 0.985, "cycles": 4000},
  {"network": "digits", "series": "dense, narrower", "array": "16x16", "seed": 1, "accuracy": 0.97, "cycles": 2000},
  {"network": "a<b>", "series": "csOS", "array": "4x8", "seed": 1, "accuracy": 1, "cycles": 5000, "cpu_seconds": 1e-5}]})";

}  // namespace

TEST_CASE("cli: prune --curves: every series on every array, with errors and accuracy") {
  const Labelled model(51);
  const Json json = model.folder.json(
      "prune net --curves 1,1.3 --arrays 4x4,2x8 --input many.npy --labels labels.npy --sparsity 0.5 --array 4x4");
  CHECK(json.at("goal") == "sparsity");
  const Json& curves = json.at("curves");
  CHECK(keys_of(curves) == std::vector<std::string>{"images", "accuracy_dense", "arrays"});
  CHECK(curves.at("images") == model.images);
  CHECK(curves.at("accuracy_dense") == 1);
  REQUIRE(curves.at("arrays").size() == 2);
  for (const Json& array : curves.at("arrays")) {
    CHECK(keys_of(array) == std::vector<std::string>{"array_height", "array_width", "cycles_dense", "series"});
    std::vector<std::string> names;
    for (const Json& series : array.at("series")) {
      const std::string name = series.at("series");
      names.push_back(name);
      CHECK(series.at("points").size() == 2);
      for (const Json& point : series.at("points")) check_point(point, array);
    }
    CHECK(names == kSeries);
  }
  const Json& four = curves.at("arrays").at(0);
  CHECK(four.at("array_width") == 4);
  CHECK(four.at("cycles_dense") == model.folder.json("network net --array 4x4").at("cycles_best_dense"));
  CHECK(curves.at("arrays").at(1).at("array_width") == 8);
}

// An error and an accuracy counted again from the files that the same goal writes.
TEST_CASE("cli: prune --curves: an error is that of the network with this goal") {
  const Labelled model(52);
  const Folder& folder = model.folder;
  const Json json = folder.json("prune net --curves 1.2 --arrays 4x4 --input many.npy");
  CHECK(json.at("curves").at("accuracy_dense").is_null());
  const Json point = json.at("curves").at("arrays").at(0).at("series").at(5).at("points").at(0);
  CAPTURE(point.dump());
  REQUIRE(point.at("met") == true);
  folder.works("prune net --speedup 1.2 --array 4x4 --input many.npy -o p");
  const Network pruned = io::read_network(folder.path("p"));
  const Tensor many = io::read_tensor(folder.path("many.npy"));
  double difference = 0, whole = 0;
  for (Index i = 0; i < 2; ++i) {
    Tensor x(model.input.info());
    std::memcpy(x.data(), static_cast<const std::byte*>(many.data()) + i * static_cast<Index>(x.bytes()), x.bytes());
    std::vector<network::LayerRun> runs;
    const Tensor y = network::run(pruned, {&x}, {}, {}, runs).at(0),
                 y0 = network::run(model.network, {&x}, {}, {}, runs).at(0);
    const bool bytes = y.info().type == Type::u8;
    const double scale = static_cast<double>(y.info().quantisation.scale);
    for (Index j = 0; j < y.info().elements(); ++j) {
      const auto real = [&](const Tensor& t) {
        const int stored = bytes ? t.as<std::uint8_t>()[j] : t.as<std::int8_t>()[j];
        return scale * (stored - t.info().quantisation.zero_point);
      };
      difference += (real(y) - real(y0)) * (real(y) - real(y0)), whole += real(y0) * real(y0);
    }
  }
  REQUIRE(whole > 0);
  CHECK(std::abs(point.at("output_error").get<double>() - difference / whole) <= 1e-12 * (difference / whole));
}

TEST_CASE("cli: prune --points: means and deviations over seeds") {
  const Model model(53);
  model.folder.write("points.json", kPoints);
  const Json json = model.folder.json("prune net --points points.json");
  CHECK(keys_of(json) == std::vector<std::string>{"network", "points"});
  REQUIRE(json.at("points").size() == 5);
  const Json& first = json.at("points").at(0);
  CHECK(keys_of(first) ==
        std::vector<std::string>{"network", "series", "array", "goal", "seeds", "accuracy", "cycles", "cpu_seconds"});
  CHECK(first.at("goal") == "4");
  CHECK(first.at("seeds") == 2);
  const auto near = [](const Json& value, double expected) {
    return std::abs(value.get<double>() - expected) <= 1e-12 * expected;
  };
  CHECK(near(first.at("accuracy").at("mean"), 0.97));
  CHECK(near(first.at("accuracy").at("deviation"), std::sqrt(2e-4)));
  CHECK(near(first.at("cycles").at("mean"), 1100));
  CHECK(near(first.at("cpu_seconds").at("mean"), 0.0025));
  CHECK(json.at("points").at(1).at("accuracy").at("deviation") == 0);
  CHECK(json.at("points").at(2).at("goal").is_null());
  CHECK(json.at("points").at(2).at("cpu_seconds").is_null());
}

TEST_CASE("cli: prune --points: goals differ in any digit, and null is none") {
  const Labelled model(56);
  std::string points;
  for (const char* goal : {"1.2345678", "1.2345679", "null"}) {
    points += std::string(points.empty() ? "" : ", ") + R"({"network": "n", "series": "s", "array": "4x4", "goal": )" +
              goal + R"(, "seed": 1, "accuracy": 1, "cycles": 9})";
  }
  model.folder.write("points.json", "{\"points\": [" + points + "]}");
  const Json json = model.folder.json("prune net --points points.json").at("points");
  REQUIRE(json.size() == 3);
  CHECK(json.at(0).at("goal") == "1.2345678");
  CHECK(json.at(1).at("goal") == "1.2345679");
  CHECK(json.at(2).at("goal").is_null());
}

TEST_CASE("cli: prune: no cycles are drawn nowhere") {
  const Labelled model(57);
  Network zeros = model.network;
  for (network::Step& step : zeros.steps) {
    auto* convolution = std::get_if<network::Convolution>(&step.op);
    auto* connected = std::get_if<network::FullyConnected>(&step.op);
    if (convolution == nullptr && connected == nullptr) continue;
    auto& linear = convolution != nullptr ? convolution->linear : connected->linear;
    auto weight = std::make_shared<Tensor>(linear.weight->info());
    std::memset(weight->data(), linear.weight->info().quantisation.zero_point, weight->bytes());
    linear.weight = std::move(weight);
  }
  io::write_network(model.folder.path("zeros"), zeros);
  model.folder.works(
      "prune zeros --curves 1.5 --arrays 4x4 --input many.npy --labels labels.npy --report z.html --json z.json");
  CHECK(model.folder.read("z.html").find("-inf") == std::string::npos);
}

TEST_CASE("cli: prune refuses curves and points that are none, by the key") {
  const Labelled model(54);
  const Folder& folder = model.folder;
  folder.write("points.json", kPoints);
  folder.write_npy("short.npy", std::vector<std::int32_t>{0}, 1, 1);
  folder.write_npy("class.npy", std::vector<std::int32_t>(static_cast<std::size_t>(model.images), 100), 1,
                   model.images);
  folder.write_npy("real.npy", std::vector<float>(static_cast<std::size_t>(model.images), 0), 1, model.images);
  const std::vector<std::string> before = folder.list();
  const std::string curves = "prune net --curves 2 --arrays 4x4 --input many.npy ";
  folder.refused("prune net --curves 2", "--curves", "needs --input");
  folder.refused("prune net --curves 2,0 --input x.npy", "--curves", "'0' is not above 0");
  folder.refused("prune net --sparsity 0.5 --arrays 4x4", "--arrays", "needs --curves");
  folder.refused("prune net --sparsity 0.5 --labels labels.npy", "--labels", "needs --curves");
  folder.refused(curves + "--arrays 4", "--arrays", "'4' is no shape");
  folder.refused(curves + "-o p", "--output", "needs a goal");
  folder.refused(curves + "--labels short.npy", "short.npy", "has 1 labels for");
  folder.refused(curves + "--labels class.npy", "class.npy", "label 0 (0-based) is 100");
  folder.refused(curves + "--labels real.npy", "real.npy", "integers are expected");
  folder.refused(curves + "--report many.npy", "--report", "does not end in .html");
  folder.refused("prune net --points points.json --json points.json", "points.json", "would be overwritten");
  for (const std::string flag :
       {"--dense-layer nosuch", "--permute", "--per-layer", "--timing overlapped", "--lanes 2"}) {
    folder.refused("prune net --points points.json " + flag, flag.substr(0, flag.find(' ')), "needs a goal");
  }
  folder.refused("prune net --points nowhere.json", "nowhere.json", "No such file");
  const std::vector<std::pair<std::string, std::string>> faults = {{R"("seed": 2)", R"("seed": 1)"},
                                                                   {R"("accuracy": 0.98)", R"("accuracy": 98)"},
                                                                   {R"("cycles": 1000)", R"("cycles": 0)"},
                                                                   {R"("cycles": 1000)", R"("cycles": 10.5)"},
                                                                   {R"("array": "4x8")", R"("array": "48")"},
                                                                   {R"("array": "4x8")", R"("array": "0x8")"},
                                                                   {R"("cpu_seconds": 0.003)", R"("cpu_seconds": -1)"},
                                                                   {R"(, "cpu_seconds": 0.003)", ""},
                                                                   {R"("goal": 4,)", R"("goals": 4,)"},
                                                                   {R"("network": "a<b>")", R"("network": 3)"},
                                                                   {R"("points": [)", R"("point": [)"}};
  for (const auto& [right, wrong] : faults) {
    CAPTURE(wrong);
    std::string text = kPoints;
    const std::size_t at = text.find(right);
    REQUIRE(at != std::string::npos);
    folder.write("points.json", text.replace(at, right.size(), wrong));
    const std::string key = wrong.empty() ? "cpu_seconds" : wrong.substr(1, wrong.find('"', 1) - 1);
    const Outcome outcome = folder.septet("prune net --points points.json --json out.json");
    CHECK(outcome.code == 2);
    CHECK(outcome.err.rfind("septet: points.json: ", 0) == 0);
    CHECK_MESSAGE(outcome.err.find(key) != std::string::npos, outcome.err);
  }
  folder.write("points.json", R"({"points": []})");
  folder.refused("prune net --points points.json", "points.json", "points is empty");
  CHECK(folder.list() == before);
}

TEST_CASE("cli: prune: the page has the JSON's numbers, and a browser shows all of it") {
  const Labelled model(55);
  const Folder& folder = model.folder;
  folder.write("points.json", kPoints);
  folder.works(
      "prune net --speedup 1.1 --array 4x4 --input many.npy --curves 1.1,1.4 --arrays 4x4,8x8 --labels labels.npy "
      "--points points.json --report r.html --json r.json");
  const std::string html = folder.read("r.html");
  const Json json = Json::parse(folder.read("r.json"));
  check_page_alone(html);
  CHECK(fact_of(html, "Cycles") == grouped(json.at("cycles")));
  CHECK(fact_of(html, "Cycles, dense") == grouped(json.at("cycles_dense")));
  const auto layers = rows_of(html, "layers");
  REQUIRE(layers.size() == json.at("layers").size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Json& layer = json.at("layers").at(i);
    CHECK(layers[i].at("layer").text == layer.at("name"));
    CHECK(layers[i].at("dataflow").text == layer.at("dataflow"));
    CHECK(layers[i].at("cycles").value == layer.at("cycles").get<double>());
    CHECK(layers[i].at("energy kept (%)").value == 100 * layer.at("kept").get<double>());
  }
  CHECK(rows_of(html, "curves").size() == 2 * 6 * 2);
  CHECK(rows_of(html, "points").size() == 5);
  const Json found = rendered(folder, html);
  if (found.is_null()) return;
  CHECK(found.at("resources") == 0);
  CHECK(found.at("too_wide") == false);
  CHECK(found.at("outside") == Json::array());
  std::vector<std::string> names;
  for (const Json& drawing : found.at("drawings")) names.push_back(drawing.at("name"));
  CHECK(names == std::vector<std::string>{
                     "dense and pruned layers, random", "output error and cycles, 4 x 4 array",
                     "output error and cycles, 8 x 8 array", "accuracy and cycles, 4 x 4 array",
                     "accuracy and cycles, 8 x 8 array", "accuracy and cycles, digits, 16x16 array",
                     "accuracy and time on the CPU, digits, 16x16 array", "accuracy and cycles, a<b>, 4x8 array",
                     "accuracy and time on the CPU, a<b>, 4x8 array"});
  CHECK(found.at("drawings").at(5).at("titles").size() == 4);  // a series' points without seeds apart
}

}  // namespace septet::cli::test
