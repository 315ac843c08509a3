// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "page.hpp"

#include "escape.hpp"

#include <fmt/format.h>

namespace septet::cli {
namespace {

constexpr const char* kStyle = R"(
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; background: #fff; margin: 0 auto; padding: 1rem; max-width: 96rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; } h3 { font-size: 1rem; margin: 1rem 0 .5rem; }
p { max-width: 50rem; } p.lead { margin-top: 0; color: #444; }
h3, td, th, p, li, dd { overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap: 1rem; }
figure { margin: 0; border: 1px solid #ddd; border-radius: .4rem; padding: .75rem; }
figcaption { font-size: .9rem; color: #333; min-height: 2.7em; }
svg { width: 100%; height: auto; display: block; } svg text { font: 13px system-ui, sans-serif; fill: #222; }
.grid { stroke: #e4e4e4; stroke-width: 1; } .frame { fill: none; stroke: #999; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .5rem 0 0; padding: 0; font-size: .9rem; }
.legend li { display: flex; align-items: center; gap: .4rem; } .legend small { color: #555; } svg.swatch { width: 28px; height: 14px; flex: none; }
select { font: inherit; max-width: 100%; padding: .25rem; }
.scroll { overflow-x: auto; max-height: 40rem; overflow-y: auto; border: 1px solid #ddd; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #eee; } th { position: sticky; top: 0; background: #f4f4f4; }
th button { font: inherit; font-weight: 600; border: 0; background: none; padding: 0; cursor: pointer; }
td.word, th.word { text-align: left; } tr.dense td { color: #666; } td.chosen { font-weight: 700; } figure.wide { grid-column: 1 / -1; } figure.wide svg { max-width: 75rem; } svg .label { font-size: 12px; paint-order: stroke; stroke: #fff; stroke-width: 3px; } tr.wrong td { color: #a00000; font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; } dt { color: #555; } dd { margin: 0; }
@page { size: landscape; }
@media print { table { font-size: .5rem; } th, td { padding: .1rem .2rem; } body { padding: 0; } .scroll { max-height: none; overflow: visible; } th { position: static; } figure { break-inside: avoid; } * { print-color-adjust: exact; } }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } svg text { font-size: 15px; } }
)";

// Sorts a table by the column whose header is pressed; empty cells stay last.
constexpr const char* kSortScript = R"(
document.querySelectorAll('table').forEach(table => {
  const buttons = [...table.querySelectorAll('th button')], body = table.tBodies[0];
  buttons.forEach((button, column) => button.addEventListener('click', () => {
    const up = button.dataset.up !== '1';
    const key = row => { const cell = row.cells[column]; return cell.dataset.value ?? cell.textContent; };
    const order = (x, y) => { const a = key(x), b = key(y); if (a === '' || b === '') return (a === '') - (b === '');
      const d = Number(a) - Number(b); return (up ? 1 : -1) * (Number.isNaN(d) ? a.localeCompare(b) : d); };
    buttons.forEach(other => { delete other.dataset.up; });
    button.dataset.up = up ? '1' : '0';
    body.append(...[...body.rows].sort(order));
  }));
});
)";

}  // namespace

std::string fact(const std::string& what, const std::string& value) {
  return value.empty() ? "" : fmt::format("<dt>{}</dt><dd>{}</dd>\n", escaped(what), escaped(value));
}

std::string number_cell(const char* format, std::optional<double> value, const char* cell_class) {
  if (!value) return "<td></td>";
  return fmt::format("<td{} data-value=\"{:.17g}\">{}</td>",
                     *cell_class == 0 ? "" : fmt::format(" class=\"{}\"", cell_class), *value,
                     fmt::format(fmt::runtime(format), *value));
}

std::string word_cell(const std::string& text) { return "<td class=\"word\">" + escaped(text) + "</td>"; }

std::string sortable_table(const std::string& id, const std::vector<Column>& columns,
                           const std::vector<std::string>& rows) {
  std::string text = fmt::format(
      "<p>A header sorts by its column.</p>\n<div class=\"scroll\" tabindex=\"0\"><table id=\"{}\"><thead><tr>", id);
  for (const Column& column : columns) {
    text += fmt::format("<th{}><button type=\"button\">{}</button></th>", column.word ? " class=\"word\"" : "",
                        escaped(column.header));
  }
  text += "</tr></thead>\n<tbody>\n";
  for (const std::string& row : rows) text += row;
  return text + "</tbody></table></div>\n";
}

std::string page(const Page& page) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         escaped(page.title) + "</title>\n<style>" + kStyle + "</style>\n</head>\n<body>\n<h1>" +
         escaped(page.heading) + "</h1>\n<p class=\"lead\">" + escaped(page.lead) + "</p>\n" + page.body + "<script>" +
         kSortScript + page.script + "</script>\n</body>\n</html>\n";
}

}  // namespace septet::cli
