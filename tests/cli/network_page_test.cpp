// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet network --report: what its page says, and what a browser makes of it.
#include "cli_test_support.hpp"
#include "page_support.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>

namespace septet::cli::test {
namespace {

const std::vector<std::string> kDataflows = {"dOS", "dWS", "dIS", "sOS", "sWS", "sIS", "csOS"};

// Products of four shapes; the first has a name that is HTML, the last is longer than a row's label.
const std::string kTable =
    "Layer, M, N, K\n"
    "a<b>&'c', 49, 64, 100\n"
    "second, 1, 10, 64\n"
    "third, 196, 33, 17\n"
    "model/block_7/expand/convolution_of_a_very_long_name, 20, 200, 30\n";

struct Cell {
  std::string text;
  std::optional<double> value;
};

std::string plain(std::string text) {
  const std::pair<const char*, const char*> entities[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}};
  for (const auto& [entity, character] : entities) {
    for (std::size_t at = 0; (at = text.find(entity, at)) != std::string::npos; ++at) {
      text.replace(at, std::string(entity).size(), character);
    }
  }
  return text;
}

std::string between(const std::string& text, const std::string& left, const std::string& right, std::size_t& at) {
  const std::size_t from = text.find(left, at);
  if (from == std::string::npos) return at = from, "";
  const std::size_t begin = from + left.size(), end = text.find(right, begin);
  REQUIRE(end != std::string::npos);
  at = end + right.size();
  return text.substr(begin, end - begin);
}

std::string between(const std::string& text, const std::string& left, const std::string& right) {
  std::size_t at = 0;
  return between(text, left, right, at);
}

// Rows of the table of layers, cells by their headers.
std::vector<std::map<std::string, Cell>> rows_of(const std::string& html) {
  const std::string table = between(html, "<table id=\"layers\">", "</table>");
  std::vector<std::string> headers;
  for (std::size_t at = 0;;) {
    const std::string header = between(table, "<button type=\"button\">", "</button>", at);
    if (at == std::string::npos) break;
    headers.push_back(header);
  }
  std::vector<std::map<std::string, Cell>> rows;
  for (std::size_t at = table.find("<tbody>"); at != std::string::npos;) {
    const std::string row = between(table, "<tr>", "</tr>", at);
    if (at == std::string::npos) break;
    rows.emplace_back();
    std::size_t cell_at = 0;
    for (const std::string& header : headers) {
      const std::string cell = between(row, "<td", "</td>", cell_at);
      REQUIRE(cell_at != std::string::npos);
      Cell& read = rows.back()[header];
      read.text = plain(cell.substr(cell.find('>') + 1));
      const std::string value = between(cell.substr(0, cell.find('>')), "data-value=\"", "\"");
      if (!value.empty()) read.value = std::strtod(value.c_str(), nullptr);
    }
    CHECK(row.find("<td", cell_at) == std::string::npos);
  }
  return rows;
}

std::string grouped(long long number) {
  std::string text = std::to_string(number);
  for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

std::string fact_of(const std::string& html, const std::string& what) {
  return between(html, "<dt>" + what + "</dt><dd>", "</dd>");
}

void check_row(const std::map<std::string, Cell>& row, const Json& layer) {
  CAPTURE(layer.dump());
  CHECK(row.at("layer").text == layer.at("name"));
  CHECK(row.at("operator").text == layer.at("op"));
  const bool product = layer.at("count") > 0;
  const std::map<std::string, std::string> keys = {{"cycles", "cycles_total"},      {"vector unit", "cycles_vector"},
                                                   {"MACs, dense", "macs_dense"},   {"MACs, issued", "macs_issued"},
                                                   {"MACs, useful", "macs_useful"}, {"parameters", "parameters"}};
  for (const auto& [header, key] : keys) CHECK_MESSAGE(row.at(header).value == layer.at(key).get<double>(), key);
  CHECK(row.at("bytes moved").value.has_value() == product);
  if (product) {
    CHECK(row.at("bytes moved").value == layer.at("moved_bytes").get<double>());
    CHECK(row.at("energy (µJ)").value == layer.at("energy_pj").get<double>() * 1e-6);
    CHECK(row.at("utilised (%)").value == 100 * layer.at("utilization").get<double>());
    CHECK(row.at("dataflow").text.rfind(layer.at("dataflow").get<std::string>(), 0) == 0);
    const double dense = layer.at("cycles_best_dense"), sparse = layer.at("cycles_best_sparse");
    CHECK(row.at("dense / sparse").value == dense / sparse);
  }
  for (const std::string& dataflow : kDataflows) {
    const Json& cycles = layer.at("cycles_by_dataflow");
    REQUIRE(cycles.contains(dataflow) == product);
    CHECK(row.at(dataflow).value.has_value() == product);
    if (product) CHECK_MESSAGE(row.at(dataflow).value == cycles.at(dataflow).get<double>(), dataflow);
  }
}

// What the JSON says of the layers' dataflows has to agree with itself.
void check_dataflows(const Json& json) {
  double dense_total = 0, sparse_total = 0;
  for (const Json& layer : json.at("layers")) {
    if (layer.at("count") == 0) continue;
    CAPTURE(layer.dump());
    double dense = INFINITY, sparse = INFINITY;
    for (const auto& [dataflow, cycles] : layer.at("cycles_by_dataflow").items()) {
      double& least = dataflow[0] == 'd' ? dense : sparse;
      least = std::min(least, cycles.get<double>());
    }
    CHECK(layer.at("cycles_best_dense") == dense);
    CHECK(layer.at("cycles_best_sparse") == sparse);
    if (json.at("dataflow") == "auto")
      CHECK(layer.at("cycles_total").get<double>() - layer.at("cycles_vector").get<double>() ==
            std::min(dense, sparse));
    dense_total += dense, sparse_total += sparse;
  }
  CHECK(json.at("cycles_best_dense") == dense_total);
  CHECK(json.at("cycles_best_sparse") == sparse_total);
}

void check_numbers(const std::string& html, const Json& json) {
  check_page_alone(html);
  check_dataflows(json);
  const std::map<std::string, std::string> facts = {
      {"Cycles", "cycles_total"},    {"on the array", "cycles_array"}, {"on the vector unit", "cycles_vector"},
      {"MACs, dense", "macs_dense"}, {"MACs, issued", "macs_issued"},  {"MACs, useful", "macs_useful"},
      {"Parameters", "parameters"}};
  for (const auto& [what, key] : facts) CHECK_MESSAGE(fact_of(html, what) == grouped(json.at(key)), what);
  CHECK(fact_of(html, "Bytes between array and buffers") ==
        grouped(static_cast<long long>(json.at("moved_bytes").get<double>())));
  for (const char* what : {"Array", "Clock", "Latency", "Throughput", "Energy of the products", "Vector unit"}) {
    CHECK_MESSAGE(!fact_of(html, what).empty(), what);
  }
  const auto rows = rows_of(html);
  REQUIRE(rows.size() == json.at("layers").size());
  for (std::size_t i = 0; i < rows.size(); ++i) check_row(rows[i], json.at("layers")[i]);
}

// Looks at the page from within: what it loaded, what is outside of its drawing, what is outside of the page.
const std::string kProbe = R"(<script>
const inside = (a, b) => a.left >= b.left - 1 && a.right <= b.right + 1 && a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
const page = document.documentElement, found = {resources: performance.getEntriesByType('resource').length};
found.too_wide = page.scrollWidth > page.clientWidth;
found.outside = []; found.drawings = [];
document.querySelectorAll('svg:not(.swatch)').forEach(svg => {
  const frame = svg.getBoundingClientRect();
  if (!(frame.width > 100 && frame.height > 50 && frame.left >= 0 && frame.right <= page.clientWidth)) found.outside.push('drawing');
  svg.querySelectorAll('rect, text, circle, polygon, line').forEach(part => {
    if (!inside(part.getBoundingClientRect(), frame)) found.outside.push(part.outerHTML);
  });
  const titles = [...svg.querySelectorAll('title')].map(title => title.textContent);
  const covered = [...svg.querySelectorAll('text.label')].map(label => label.getBoundingClientRect());
  found.drawings.push({name: svg.getAttribute('aria-label'), rows: [...svg.querySelectorAll('text.row title')].map(row => row.textContent),
    bars: svg.querySelectorAll('rect.bar').length, titles, roofs: svg.querySelectorAll('line.roof').length,
    covered: covered.some((a, i) => covered.some((b, j) => i < j && a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom))});
});
found.rows = [...document.querySelectorAll('#layers tbody tr')].map(row => row.cells[0].textContent);
document.querySelectorAll('#layers th button')[5].click();
found.sorted = [...document.querySelectorAll('#layers tbody tr')].map(row => Number(row.cells[5].dataset.value));
const result = document.createElement('pre'); result.id = 'found'; result.textContent = JSON.stringify(found); document.body.append(result);
</script>)";

// The page as a browser shows it, asked by the probe; null where there is no browser.
Json rendered(const Folder& folder, const std::string& html) {
  std::string probed = html;
  probed.insert(probed.find("</body>"), kProbe);
  folder.write("probed.html", probed);
  const std::string command =
      "browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || exit 77; cd '" +
      folder.path("") + "' && timeout 120 \"$browser\" --headless --no-sandbox --disable-gpu --hide-scrollbars " +
      "--user-data-dir=profile --window-size=1280,2000 --screenshot=page.png --dump-dom probed.html >dom.html "
      "2>/dev/null";
  const int status = std::system(command.c_str());
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
    MESSAGE("pages in a browser (there is no chromium) NOT TESTED");
    return nullptr;
  }
  REQUIRE(status == 0);
  const std::string found = between(folder.read("dom.html"), "<pre id=\"found\">", "</pre>");
  REQUIRE_FALSE(found.empty());
  return Json::parse(plain(found));
}

void check_rendered(const Json& found, const Json& json, int roofs) {
  CHECK(found.at("resources") == 0);
  CHECK(found.at("too_wide") == false);
  CHECK(found.at("outside") == Json::array());
  std::vector<std::string> layers, products;
  std::vector<double> cycles;
  for (const Json& layer : json.at("layers")) {
    layers.push_back(layer.at("name"));
    if (layer.at("count") > 0) products.push_back(layer.at("name"));
    cycles.push_back(layer.at("cycles_total"));
  }
  std::sort(cycles.begin(), cycles.end());
  CHECK(found.at("rows") == layers);
  CHECK(found.at("sorted") == cycles);
  REQUIRE(found.at("drawings").size() == 3);
  const Json &bars = found.at("drawings")[0], &roofline = found.at("drawings")[1], &sparse = found.at("drawings")[2];
  CHECK(bars.at("rows") == layers);
  CHECK(sparse.at("rows") == products);
  CHECK(sparse.at("bars") == 2 * products.size());
  CHECK(roofline.at("roofs") == roofs);
  CHECK(roofline.at("titles").size() == products.size());
  CHECK(roofline.at("covered") == false);
}

TEST_CASE("network: the page has the JSON's numbers, of all layers") {
  const Folder folder;
  folder.write("layers.csv", kTable);
  for (const char* options : {"--array 8x16", "--array 16x16 --dataflow dWS --bandwidth 8",
                              "--array 4x4 --timing overlapped --buffers 4K,8K,16K --off-chip-bandwidth 4"}) {
    CAPTURE(options);
    folder.works("network layers.csv --report r.html --json r.json " + std::string(options));
    check_numbers(folder.read("r.html"), Json::parse(folder.read("r.json")));
    CHECK(folder.list() == std::vector<std::string>{"layers.csv", "r.html", "r.json"});
  }
  const std::string model = shared_data("data/models/resnet8_cifar10_int8/index.json");
  if (model.empty()) return;
  folder.works("network '" + model + "' --array 16x16 --report r.html --json r.json");
  check_numbers(folder.read("r.html"), Json::parse(folder.read("r.json")));
}

TEST_CASE("network: a browser shows the page, all of it, and loads nothing") {
  const Folder folder;
  folder.write("layers.csv", kTable);
  std::vector<std::pair<std::string, int>> models = {{"layers.csv --bandwidth 8", 2}};  // and the roofs
  for (const char* trained : {"resnet8_cifar10_int8", "mobilenetv2_100_224_int8"}) {
    const std::string model = shared_data(std::string("data/models/") + trained);
    if (!model.empty()) models.emplace_back("'" + model + "'", 1);
  }
  for (const auto& [model, roofs] : models) {
    CAPTURE(model);
    folder.works("network " + model + " --array 16x16 --report r.html --json r.json");
    const Json found = rendered(folder, folder.read("r.html"));
    if (found.is_null()) return;
    check_rendered(found, Json::parse(folder.read("r.json")), roofs);
    CHECK(folder.read("page.png").substr(1, 3) == "PNG");
  }
}

TEST_CASE("network: files that are no page, or another's, are refused, and nothing is written") {
  const Folder folder;
  folder.write("layers.csv", kTable);
  folder.refused("network layers.csv --report r.txt", "--report", "'r.txt' does not end in .html");
  folder.refused("network layers.csv --report -", "--report", "needs a file");
  folder.refused("network layers.csv --report r.html --json ./r.html", "r.html", "another output");
  folder.refused("network layers.csv --report nowhere/r.html --json r.json", "nowhere/r.html", "cannot be created");
  folder.refused("network layers.csv --report r.html --json nowhere/r.json", "nowhere/r.json", "cannot be created");
  CHECK(folder.list() == std::vector<std::string>{"layers.csv"});
}

}  // namespace
}  // namespace septet::cli::test
