// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "report_output.hpp"

#include "text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace septet::cli {
namespace {

using emulation::Report;

std::string array_line(const Report& r) {
  return fmt::format("{} x {} array, {} timing, {}{}", r.array_height, r.array_width, name(r.timing),
                     numbers_line(numbers_of(r)),
                     r.a_word_bits > 0 ? fmt::format(", words of A of {} bits outside it", r.a_word_bits) : "");
}

double share(Index part, Index whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

void add_memory(const emulation::MemoryReport& memory, Json& json) {
  json["loop_order"] = memory.chosen.loop_order;
  emulation::for_each_memory_count(memory, [&](const char* key, Index count) { json[key] = count; });
  json["memory_walks"] = Json::array();
  for (const emulation::MemoryWalk& walk : memory.walks) {
    json["memory_walks"].push_back({{"loop_order", walk.loop_order},
                                    {"resident_a_tiles", walk.resident_a_tiles},
                                    {"resident_b_tiles", walk.resident_b_tiles},
                                    {"resident_c_tiles", walk.resident_c_tiles},
                                    {"cycles_stall_memory", walk.cycles_stall_memory},
                                    {"off_chip_bytes", walk.off_chip_bytes}});
  }
}

std::string resident(const emulation::MemoryWalk& walk) {
  return fmt::format("{} of A, {} of B, {} of C", walk.resident_a_tiles, walk.resident_b_tiles, walk.resident_c_tiles);
}

void add_memory(const emulation::MemoryReport& memory, TextTable& table) {
  const auto count = [&](const std::string& label, Index number, const std::string& note = "") {
    table.add({label, grouped(number), note});
  };
  const emulation::MemoryWalk& chosen = memory.chosen;
  count("cycles with memory", memory.cycles_with_memory);
  count("  stall", chosen.cycles_stall_memory, "waiting for off-chip memory");
  table.add({"loop order", chosen.loop_order,
             fmt::format("best of {}; tiles kept: {}", memory.walks.size(), resident(chosen))});
  count("bytes A to array", memory.buffer_reads_a_bytes);
  count("bytes B to array", memory.buffer_reads_b_bytes);
  count("bytes C to array", memory.buffer_reads_c_bytes);
  count("bytes C from array", memory.buffer_writes_c_bytes);
  count("off-chip bytes, A read", memory.off_chip_reads_a_bytes);
  count("off-chip bytes, B read", memory.off_chip_reads_b_bytes);
  count("off-chip bytes, C read", memory.off_chip_reads_c_bytes);
  count("off-chip bytes, C written", memory.off_chip_writes_c_bytes);
}

std::string nanojoules(double picojoules) { return fmt::format("{:.3f}", picojoules / 1000); }

// "energy_buffer_a_pj" as "energy, buffer a".
std::string component(const std::string& key) {
  std::string label = "energy, " + key.substr(7, key.size() - 10);
  std::replace(label.begin(), label.end(), '_', ' ');
  return label;
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

void add_numbers(Json& json, const Numbers& numbers) {
  json["accumulate"] = name(numbers.accumulate);
  json["mac"] = name(numbers.mac);
  json["accumulator"] = sum_name(numbers.accumulator, numbers.a_type);
  const bool folds = numbers.accumulate == Accumulate::fold_then_add;
  json["fold_accumulator"] = folds ? Json(sum_name(numbers.fold_accumulator, numbers.a_type)) : Json(nullptr);
  json["flush_subnormals"] = numbers.flush_subnormals;
}

std::string numbers_line(const Numbers& numbers) {
  const std::string full = name(accumulator_of(numbers.a_type)), sum = sum_name(numbers.accumulator, numbers.a_type);
  std::string line = fmt::format("{}, {}", name(numbers.accumulate), name(numbers.mac));
  if (sum != full) line += ", sums of " + sum;
  if (numbers.accumulate == Accumulate::fold_then_add) {
    const std::string total = sum_name(numbers.fold_accumulator, numbers.a_type);
    if (total != full || sum != full) line += ", folds added in " + total;
  }
  return line + (numbers.flush_subnormals ? ", subnormals flushed" : "");
}

Json report_json(const Report& r, const Energy& energy) {
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
  if (r.a_word_bits > 0) json["a_word_bits"] = r.a_word_bits;
  emulation::for_each_count(r, [&](const char* key, Index count) {
    json[key] = count;
    if (std::strcmp(key, "macs_useful") == 0) json["utilization"] = r.utilization;
  });
  if (r.memory.system.given()) add_memory(r.memory, json);
  if (energy) {
    emulation::for_each_energy(emulation::energy(r, *energy),
                               [&](const char* key, double picojoules) { json[key] = picojoules; });
  }
  return json;
}

std::string report_table(const Report& r, const Energy& energy) {
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
  if (r.memory.system.given()) add_memory(r.memory, table);
  if (energy) {
    emulation::for_each_energy(emulation::energy(r, *energy), [&](const char* key, double picojoules) {
      table.add({component(key), nanojoules(picojoules), "nJ"});
    });
  }
  return fmt::format("{}{} on a {}\n\n{}", product_line(r.m, r.n, r.k, r.a_type, r.b_type), name(r.dataflow),
                     array_line(r), table.text());
}

std::string reports_table(const std::vector<Report>& reports, const Energy& energy) {
  if (reports.empty()) return "";
  const Report& first = reports.front();
  const bool memory = first.memory.system.given();
  std::vector<TextTable::Column> columns = {{"dataflow", TextTable::Align::left},
                                            {"cycles"},
                                            {"utilization"},
                                            {"folds"},
                                            {"stall cycles"},
                                            {"MACs issued"},
                                            {"A words read"},
                                            {"B words read"},
                                            {"C words read"},
                                            {"C words written"},
                                            {"A bytes"}};
  if (memory) columns.insert(columns.end(), {{"loop order"}, {"with memory"}, {"off-chip bytes"}});
  if (energy) columns.push_back({"energy nJ"});
  TextTable table(columns);
  for (const Report& r : reports) {
    std::vector<std::string> cells = {name(r.dataflow),
                                      grouped(r.cycles),
                                      percent(r.utilization),
                                      grouped(r.folds),
                                      grouped(r.cycles_stall),
                                      grouped(r.macs_issued),
                                      grouped(r.reads_a_words),
                                      grouped(r.reads_b_words),
                                      grouped(r.reads_c_words),
                                      grouped(r.writes_c_words),
                                      grouped(r.a_bytes_values + r.a_bytes_metadata)};
    if (memory) {
      cells.insert(cells.end(), {r.memory.chosen.loop_order, grouped(r.memory.cycles_with_memory),
                                 grouped(r.memory.chosen.off_chip_bytes)});
    }
    if (energy) cells.push_back(nanojoules(emulation::energy(r, *energy).total_pj()));
    table.add(cells);
  }
  return fmt::format("{}{}\n\n{}", product_line(first.m, first.n, first.k, first.a_type, first.b_type),
                     array_line(first), table.text());
}

}  // namespace septet::cli
