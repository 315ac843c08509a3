// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "report_output.hpp"

#include "text_table.hpp"

#include <fmt/format.h>

#include <cstring>

namespace septet::cli {
namespace {

using emulation::Report;

std::string array_line(const Report& r) {
  return fmt::format("{} x {} array, {} timing, {}", r.array_height, r.array_width, name(r.timing),
                     numbers_line(numbers_of(r)));
}

double share(Index part, Index whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::string dtype_name(Type a_type, Type b_type) {
  if (!is_integer(a_type)) return name(a_type);
  return std::string(name(a_type)) + name(b_type) + name(accumulator_of(a_type));
}

std::string product_line(Index m, Index n, Index k, Type a_type, Type b_type) {
  return fmt::format("C {0} x {1} = A {0} x {2} * B {2} x {1}, {3}\n", m, n, k, dtype_name(a_type, b_type));
}

std::string sum_name(const Accumulator& accumulator, Type a_type) {
  const Type full = accumulator_of(a_type);
  if (accumulator.bits == 0 && accumulator.overflow == Overflow::wrap) return name(full);
  const int bits = accumulator.bits == 0 ? static_cast<int>(size_of(full)) * 8 : accumulator.bits;
  return fmt::format("{}{}{}", is_integer(a_type) ? "s" : "f", bits,
                     accumulator.overflow == Overflow::clamp ? " clamp" : "");
}

void add_numbers(Json& json, const Numbers& x) {
  json["accumulate"] = name(x.accumulate);
  json["mac"] = name(x.mac);
  json["accumulator"] = sum_name(x.accumulator, x.a_type);
  const bool folds = x.accumulate == Accumulate::fold_then_add;
  json["fold_accumulator"] = folds ? Json(sum_name(x.fold_accumulator, x.a_type)) : Json(nullptr);
  json["flush_subnormals"] = x.flush_subnormals;
}

std::string numbers_line(const Numbers& x) {
  const std::string full = name(accumulator_of(x.a_type)), sum = sum_name(x.accumulator, x.a_type);
  std::string line = fmt::format("{}, {}", name(x.accumulate), name(x.mac));
  if (sum != full) line += ", sums of " + sum;
  if (x.accumulate == Accumulate::fold_then_add) {
    const std::string total = sum_name(x.fold_accumulator, x.a_type);
    if (total != full || sum != full) line += ", folds added in " + total;
  }
  return line + (x.flush_subnormals ? ", subnormals flushed" : "");
}

Json report_json(const Report& r) {
  Json json;
  json["dataflow"] = name(r.dataflow);
  json["array_height"] = r.array_height;
  json["array_width"] = r.array_width;
  json["timing"] = name(r.timing);
  add_numbers(json, numbers_of(r));
  json["m"] = r.m;
  json["n"] = r.n;
  json["k"] = r.k;
  json["dtype"] = dtype_name(r.a_type, r.b_type);
  emulation::for_each_count(r, [&](const char* key, Index count) {
    json[key] = count;
    if (std::strcmp(key, "macs_useful") == 0) json["utilization"] = r.utilization;
  });
  return json;
}

std::string report_table(const Report& r) {
  using Align = TextTable::Align;
  TextTable table({{"", Align::left}, {"", Align::right}, {"", Align::left}});
  const auto count = [&](const std::string& label, Index number, const std::string& note = "") {
    table.add({label, grouped(number), note});
  };
  const Index elements = r.m * r.k;
  count("cycles", r.cycles);
  count("  preload", r.cycles_preload);
  count("  stream", r.cycles_stream);
  count("  drain", r.cycles_drain);
  count("  stall", r.cycles_stall);
  table.add({"utilization", percent(r.utilization), "of PE cycles do a useful MAC"});
  count("folds", r.folds);
  count("MACs, dense", r.macs_dense);
  count("MACs, issued", r.macs_issued, percent(share(r.macs_issued, r.macs_dense)) + " of dense");
  count("MACs, useful", r.macs_useful, percent(share(r.macs_useful, r.macs_dense)) + " of dense");
  count("non-zeros of A", r.nnz, percent(share(r.nnz, elements)) + " of A");
  count("words read of A", r.reads_a_words);
  count("words read of B", r.reads_b_words);
  count("words read of C", r.reads_c_words);
  count("words written of C", r.writes_c_words);
  count("bytes of A, values", r.a_bytes_values);
  count("bytes of A, metadata", r.a_bytes_metadata);
  count("zeros injected", r.zeros_injected);
  count("elements skipped", r.elements_skipped);
  return fmt::format("{}{} on a {}\n\n{}", product_line(r.m, r.n, r.k, r.a_type, r.b_type), name(r.dataflow),
                     array_line(r), table.text());
}

std::string reports_table(const std::vector<Report>& reports) {
  if (reports.empty()) return "";
  TextTable table({{"dataflow", TextTable::Align::left},
                   {"cycles"},
                   {"utilization"},
                   {"folds"},
                   {"stall cycles"},
                   {"MACs issued"},
                   {"A words read"},
                   {"B words read"},
                   {"C words read"},
                   {"C words written"},
                   {"A bytes"}});
  for (const Report& r : reports) {
    table.add({name(r.dataflow), grouped(r.cycles), percent(r.utilization), grouped(r.folds), grouped(r.cycles_stall),
               grouped(r.macs_issued), grouped(r.reads_a_words), grouped(r.reads_b_words), grouped(r.reads_c_words),
               grouped(r.writes_c_words), grouped(r.a_bytes_values + r.a_bytes_metadata)});
  }
  const Report& first = reports.front();
  return fmt::format("{}{}\n\n{}", product_line(first.m, first.n, first.k, first.a_type, first.b_type),
                     array_line(first), table.text());
}

}  // namespace septet::cli
