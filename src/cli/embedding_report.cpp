// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "embedding_report.hpp"

#include "report/page.hpp"
#include "text_table.hpp"

#include <fmt/format.h>

namespace septet::cli {
namespace {

using io::EmbeddingTable;

// What an array, or all there is, holds of tables and reads of them.
struct Load {
  Index capacity_bytes = 0, batch_bytes = 0;
};

// The model at its rate.
class Figures {
 public:
  Figures(const NetworkReport& report, const EmbeddingReport& embedding, const PartitionReport* partition)
      : report_(report), tables_(embedding.tables), partition_(partition) {
    const Totals totals = totals_of(report);
    rate_ = partition != nullptr ? partition->inputs_per_second()
                                 : per_item(report, totals, report.batch).per_second.value_or(0);
    double picojoules = totals.energy_pj;
    if (partition != nullptr) {
      picojoules = 0;
      for (const network::ArrayLoad& load : partition->partition.arrays) picojoules += load.energy_pj;
    }
    products_joules_ = picojoules * 1e-12;
    look_ups_joules_ = static_cast<double>(all().batch_bytes) * report.options.energy.off_chip_pj_per_byte * 1e-12;
  }

  const std::string& name(const EmbeddingTable& table) const { return report_.layers[table.layer].name; }
  static Index capacity_bytes(const EmbeddingTable& table) { return table.rows * table.row_bytes; }
  static Index sample_bytes(const EmbeddingTable& table) { return table.lookups * table.row_bytes; }
  Index batch_bytes(const EmbeddingTable& table) const { return sample_bytes(table) * report_.batch; }
  double share(const EmbeddingTable& table) const {
    return static_cast<double>(batch_bytes(table)) / static_cast<double>(all().batch_bytes);
  }
  /// Bytes per second.
  double bandwidth(Index batch_bytes) const {
    return static_cast<double>(batch_bytes) / static_cast<double>(report_.batch) * rate_;
  }

  Load all() const {
    Load sum;
    for (const EmbeddingTable& table : tables_) {
      sum.capacity_bytes += capacity_bytes(table), sum.batch_bytes += batch_bytes(table);
    }
    return sum;
  }

  /// Arrays with a share of the table.
  std::vector<Index> arrays_of(const EmbeddingTable& table) const {
    std::vector<Index> arrays;
    for (std::size_t a = 0; partition_ != nullptr && a < partition_->partition.arrays.size(); ++a) {
      for (const network::Share& share : partition_->partition.arrays[a].shares) {
        if (share.layer == table.layer) arrays.push_back(static_cast<Index>(a));
      }
    }
    return arrays;
  }

  Load load_of(const network::ArrayLoad& array) const {
    Load load;
    load.capacity_bytes = array.table_bytes;
    for (const network::Share& share : array.shares) {
      for (const EmbeddingTable& table : tables_) {
        if (share.layer == table.layer) load.batch_bytes += share.lookups * table.row_bytes;
      }
    }
    return load;
  }

  const PartitionReport* partition() const { return partition_; }
  double samples_per_second() const { return rate_; }
  double products_joules() const { return products_joules_; }  ///< of a batch
  double look_ups_joules() const { return look_ups_joules_; }
  double samples_per_joule() const {
    const double joules = products_joules_ + look_ups_joules_;
    return joules > 0 ? static_cast<double>(report_.batch) / joules : 0;
  }
  double watts() const { return samples_per_joule() > 0 ? rate_ / samples_per_joule() : 0; }

 private:
  const NetworkReport& report_;
  const std::vector<EmbeddingTable>& tables_;
  const PartitionReport* partition_;
  double rate_ = 0, products_joules_ = 0, look_ups_joules_ = 0;
};

std::string arrays_text(const std::vector<Index>& arrays) { return fmt::format("{}", fmt::join(arrays, ", ")); }

std::string gigabytes(double bytes_per_second) { return fmt::format("{:.4g} GB/s", bytes_per_second * 1e-9); }

}  // namespace

Json embedding_json(const NetworkReport& report, const EmbeddingReport& embedding, const PartitionReport* partition) {
  const Figures f(report, embedding, partition);
  Json json;
  json["capacity_bytes"] = f.all().capacity_bytes;
  json["bytes_per_batch"] = f.all().batch_bytes;
  json["bandwidth_bytes_per_second"] = f.bandwidth(f.all().batch_bytes);
  json["samples_per_second"] = f.samples_per_second();
  json["energy_products_joules"] = f.products_joules(), json["energy_look_ups_joules"] = f.look_ups_joules();
  json["watts"] = f.watts(), json["samples_per_joule"] = f.samples_per_joule();
  json["tables"] = Json::array();
  for (const EmbeddingTable& table : embedding.tables) {
    Json one;
    one["name"] = f.name(table), one["rows"] = table.rows, one["width"] = table.width;
    one["capacity_bytes"] = f.capacity_bytes(table), one["lookups_per_sample"] = table.lookups;
    one["bytes_per_sample"] = f.sample_bytes(table), one["bytes_per_batch"] = f.batch_bytes(table);
    one["share"] = f.share(table), one["bandwidth_bytes_per_second"] = f.bandwidth(f.batch_bytes(table));
    one["arrays"] = partition != nullptr ? Json(f.arrays_of(table)) : Json(nullptr);
    json["tables"].push_back(std::move(one));
  }
  json["arrays"] = partition != nullptr ? Json::array() : Json(nullptr);
  for (std::size_t a = 0; partition != nullptr && a < partition->partition.arrays.size(); ++a) {
    const Load load = f.load_of(partition->partition.arrays[a]);
    json["arrays"].push_back({{"capacity_bytes", load.capacity_bytes},
                              {"bytes_per_batch", load.batch_bytes},
                              {"bandwidth_bytes_per_second", f.bandwidth(load.batch_bytes)}});
  }
  return json;
}

std::string embedding_table(const NetworkReport& report, const EmbeddingReport& embedding,
                            const PartitionReport* partition) {
  const Figures f(report, embedding, partition);
  TextTable table({{"table", TextTable::Align::left},
                   {"rows"},
                   {"width"},
                   {"bytes"},
                   {"look-ups"},
                   {"bytes per sample"},
                   {"bandwidth"},
                   {"array"}});
  for (const EmbeddingTable& one : embedding.tables) {
    table.add({f.name(one), grouped(one.rows), grouped(one.width), grouped(f.capacity_bytes(one)), grouped(one.lookups),
               grouped(f.sample_bytes(one)), gigabytes(f.bandwidth(f.batch_bytes(one))),
               arrays_text(f.arrays_of(one))});
  }
  std::string text = fmt::format(
      "embedding tables: {} bytes, {} read for a batch of {}\n\n{}\n{:.6g} samples per second read {}; {:.6g} samples "
      "per "
      "second and watt, at {:.4g} W with the look-ups' {:.4g} uJ per batch\n",
      grouped(f.all().capacity_bytes), grouped(f.all().batch_bytes), report.batch, table.text(), f.samples_per_second(),
      gigabytes(f.bandwidth(f.all().batch_bytes)), f.samples_per_joule(), f.watts(), f.look_ups_joules() * 1e6);
  for (std::size_t a = 0; partition != nullptr && a < partition->partition.arrays.size(); ++a) {
    const Load load = f.load_of(partition->partition.arrays[a]);
    text += fmt::format("array {}: {} bytes of tables, {}\n", a, grouped(load.capacity_bytes),
                        gigabytes(f.bandwidth(load.batch_bytes)));
  }
  return text;
}

std::string embedding_html(const NetworkReport& report, const EmbeddingReport& embedding,
                           const PartitionReport* partition) {
  const Figures f(report, embedding, partition);
  const auto count = [](Index value) { return number_cell("{:.0f}", static_cast<double>(value)); };
  std::vector<std::string> rows;
  for (const EmbeddingTable& one : embedding.tables) {
    rows.push_back("<tr>" + word_cell(f.name(one)) + count(one.rows) + count(one.width) + count(f.capacity_bytes(one)) +
                   count(one.lookups) + count(f.sample_bytes(one)) + count(f.batch_bytes(one)) +
                   number_cell("{:.2f}", 100 * f.share(one)) +
                   number_cell("{:.4g}", f.bandwidth(f.batch_bytes(one)) * 1e-9) +
                   word_cell(arrays_text(f.arrays_of(one))) + "</tr>\n");
  }
  return "<h2>Embedding tables</h2>\n<dl>\n" + fact("Bytes of tables", grouped(f.all().capacity_bytes)) +
         fact("Bytes read for a batch", grouped(f.all().batch_bytes)) +
         fact("Samples per second", fmt::format("{:.6g}", f.samples_per_second())) +
         fact("Bandwidth of the look-ups", gigabytes(f.bandwidth(f.all().batch_bytes))) +
         fact("Watts, look-ups included", fmt::format("{:.4g}", f.watts())) +
         fact("Samples per second and watt", fmt::format("{:.6g}", f.samples_per_joule())) + "</dl>\n" +
         sortable_table("tables",
                        {{"table", true},
                         {"rows", false},
                         {"width", false},
                         {"bytes", false},
                         {"look-ups per sample", false},
                         {"bytes per sample", false},
                         {"bytes per batch", false},
                         {"share (%)", false},
                         {"bandwidth (GB/s)", false},
                         {"arrays", true}},
                        rows);
}

}  // namespace septet::cli
