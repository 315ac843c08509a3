// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "page_support.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>

namespace septet::cli::test {
namespace {

// Every element is closed by its own end tag, in order; the text of style and script is not looked at.
void check_well_formed(const std::string& html) {
  const std::string start = "<!DOCTYPE html>\n";
  REQUIRE(html.compare(0, start.size(), start) == 0);
  std::vector<std::string> open;
  for (std::size_t at = html.find('<', start.size()); at != std::string::npos; at = html.find('<', at)) {
    const std::size_t end = html.find('>', at);
    REQUIRE(end != std::string::npos);
    const std::string tag = html.substr(at + 1, end - at - 1);
    CHECK_MESSAGE(std::count(tag.begin(), tag.end(), '"') % 2 == 0, tag);
    const std::string name = tag.substr(0, tag.find_first_of(" /", 1));
    at = end + 1;
    if (name == "meta" || tag.back() == '/') continue;
    if (tag[0] == '/') {
      REQUIRE_FALSE(open.empty());
      REQUIRE_MESSAGE(open.back() == tag.substr(1), tag);
      open.pop_back();
      continue;
    }
    open.push_back(name);
    if (name == "style" || name == "script") at = html.find("</" + name, at);
  }
  CHECK(open.empty());
}

// Looks at the page from within: what it loaded, what is outside of its drawing, what is outside of the page.
constexpr const char* kProbe = R"(<script>
const inside = (a, b) => a.left >= b.left - 1 && a.right <= b.right + 1 && a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
const page = document.documentElement, found = {resources: performance.getEntriesByType('resource').length};
found.too_wide = page.scrollWidth > page.clientWidth;
found.outside = []; found.drawings = [];
found.headings = [...document.querySelectorAll('h2')].map(heading => heading.textContent);
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
document.querySelectorAll('#layers th button')[5]?.click();
found.sorted = [...document.querySelectorAll('#layers tbody tr')].map(row => Number(row.cells[5].dataset.value));
const result = document.createElement('pre'); result.id = 'found'; result.textContent = JSON.stringify(found); document.body.append(result);
</script>)";

std::string between(const std::string& text, const std::string& left, const std::string& right, std::size_t& at) {
  const std::size_t from = text.find(left, at);
  if (from == std::string::npos) return at = from, "";
  const std::size_t begin = from + left.size(), end = text.find(right, begin);
  REQUIRE(end != std::string::npos);
  at = end + right.size();
  return text.substr(begin, end - begin);
}

}  // namespace

void check_page_alone(const std::string& html) {
  check_well_formed(html);
  for (const char* outside :
       {"http", "//", "src=\"", "href", "url(", "@import", "<link", "<img", "<iframe", "fetch("}) {
    CHECK_MESSAGE(html.find(outside) == std::string::npos, outside);
  }
}

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

std::string between(const std::string& text, const std::string& left, const std::string& right) {
  std::size_t at = 0;
  return between(text, left, right, at);
}

std::vector<std::map<std::string, Cell>> rows_of(const std::string& html, const std::string& id) {
  const std::string table = between(html, "<table id=\"" + id + "\">", "</table>");
  std::vector<std::string> headers;
  for (std::size_t at = 0;;) {
    const std::string header = between(table, "<button type=\"button\">", "</button>", at);
    if (at == std::string::npos) break;
    headers.push_back(header);
  }
  std::vector<std::map<std::string, Cell>> rows;
  for (std::size_t at = table.find("<tbody>"); at != std::string::npos;) {
    const std::string row = between(table, "<tr", "</tr>", at);
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

}  // namespace septet::cli::test
