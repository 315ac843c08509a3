// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "training_report.hpp"

#include "errors.hpp"
#include "report/page.hpp"
#include "text_table.hpp"

#include <fmt/format.h>

#include <optional>

namespace septet::cli {
namespace {

using network::LayerCost;
using network::Pass;
using network::TrainingLayer;

constexpr Pass kPasses[] = {Pass::forward, Pass::data_gradient, Pass::weight_gradient, Pass::update};

Dataflow dense_beside(Dataflow dataflow) {
  switch (dataflow) {
    case Dataflow::sOS:
    case Dataflow::csOS:
      return Dataflow::dOS;
    case Dataflow::sWS:
      return Dataflow::dWS;
    case Dataflow::sIS:
      return Dataflow::dIS;
    default:
      return dataflow;
  }
}

// Of a product, of a pass, of all.
struct Counts {
  Index macs = 0, macs_zero_inserted = 0, macs_zeros_skipped = 0;
  Index cycles = 0, cycles_vector = 0;  // all; of it the vector unit's
  Index cycles_array = 0, cycles_zero_inserted = 0;
  Index operations_padded = 0, cycles_ideal_padded = 0;

  void add(const Counts& other, const std::string& model) {
    for (Index Counts::*count :
         {&Counts::macs, &Counts::macs_zero_inserted, &Counts::macs_zeros_skipped, &Counts::cycles,
          &Counts::cycles_vector, &Counts::cycles_array, &Counts::cycles_zero_inserted, &Counts::operations_padded,
          &Counts::cycles_ideal_padded}) {
      add_to(this->*count, other.*count, model);
    }
  }
};

Counts counts_of(const NetworkReport& report, const TrainingReport& training, std::size_t i) {
  const TrainingLayer& part = training.step[i];
  const LayerCost& cost = report.costs[i];
  const ArrayShape& array = report.options.gemm.array;
  Counts counts;
  counts.macs = part.macs, counts.macs_zero_inserted = part.macs_zero_inserted();
  counts.macs_zeros_skipped = part.macs_zeros_skipped();
  counts.cycles = cost.cycles, counts.cycles_vector = cost.vector.cycles, counts.cycles_array = cost.array_cycles();
  counts.cycles_zero_inserted = training.zero_inserted[i].array_cycles();
  counts.operations_padded = network::padded_operations(part, array);
  counts.cycles_ideal_padded = counts.operations_padded / (2 * array.height * array.width);  // whole arrays
  return counts;
}

// Nothing: of all passes.
Counts sum_of(const NetworkReport& report, const TrainingReport& training, std::optional<Pass> pass) {
  Counts sum;
  for (std::size_t i = 0; i < training.step.size(); ++i) {
    if (!pass || training.step[i].pass == *pass) sum.add(counts_of(report, training, i), report.name);
  }
  return sum;
}

double vector_share(const Counts& counts) {
  return counts.cycles > 0 ? static_cast<double>(counts.cycles_vector) / static_cast<double>(counts.cycles) : 0;
}

void put(Json& json, const Counts& counts) {
  json["macs"] = counts.macs;
  json["macs_zero_inserted"] = counts.macs_zero_inserted;
  json["macs_zeros_skipped"] = counts.macs_zeros_skipped;
  json["cycles_array"] = counts.cycles_array;
  json["cycles_zero_inserted"] = counts.cycles_zero_inserted;
  json["operations_padded"] = counts.operations_padded;
  json["cycles_ideal_padded"] = counts.cycles_ideal_padded;
}

void put_pass(Json& json, const Counts& counts) {
  put(json, counts);
  json["cycles_vector"] = counts.cycles_vector;
  json["vector_share"] = vector_share(counts);
}

double share_of(Index part, Index whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::string batch_text(const NetworkReport& report, const TrainingReport& training) {
  const Index parts = training.how.micro_batches;
  return fmt::format("a batch of {}{}{}", report.batch, parts > 1 ? fmt::format(" in {} micro-batches", parts) : "",
                     training.how.padded_input ? ", the input with its border" : "");
}

// Of all products.
void check_operations(const std::string& path, const std::vector<TrainingLayer>& step, const ArrayShape& array) {
  Index operations = 0;
  try {
    for (const TrainingLayer& part : step) add_to(operations, network::padded_operations(part, array), part.layer.name);
  } catch (const Error& error) {
    refuse(path, fmt::format("--training: {}: {}", error.status().argument(), error.status().message()));
  }
}

}  // namespace

std::vector<TrainingLayer> step_of(const std::string& path, const network::TrainingStepOptions& how,
                                   const NetworkReport& report) {
  if (report.batch % how.micro_batches != 0) {
    refuse("--micro-batches", fmt::format("{} are no equal parts of a batch of {}", how.micro_batches, report.batch));
  }
  std::vector<TrainingLayer> step;
  const Status status = network::training_step(report.layers, how, step);
  if (status.cause() == Cause::out_of_memory) require(status);
  if (status.argument() == "padded_input") refuse("--padded-input", status.message());
  if (!status.ok()) refuse(path, fmt::format("--training: {}: {}", status.argument(), status.message()));
  check_operations(path, step, report.options.gemm.array);
  return step;
}

void count_zero_inserted(const NetworkReport& report, TrainingReport& training) {
  network::CostOptions options = report.options;
  options.gemm.dataflow = dense_beside(options.gemm.dataflow);
  options.weights = network::WeightForm::dense;
  training.zero_inserted.clear();
  for (const TrainingLayer& part : training.step) {
    network::Layer layer;
    layer.name = part.layer.name, layer.product = part.zero_inserted, layer.repeats = part.layer.repeats;
    layer.a_type = part.layer.a_type, layer.b_type = part.layer.b_type;
    require(network::cost(layer, options, training.zero_inserted.emplace_back()));
  }
}

Json training_json(const NetworkReport& report, const TrainingReport& training) {
  Json json;
  const Counts total = sum_of(report, training, {});
  json["micro_batches"] = training.how.micro_batches;
  json["padded_input"] = training.how.padded_input;
  put_pass(json, total);
  json["passes"] = Json::object();
  for (const Pass pass : kPasses) put_pass(json["passes"][name(pass)], sum_of(report, training, pass));
  json["products"] = Json::array();
  for (std::size_t i = 0; i < training.step.size(); ++i) {
    if (training.step[i].layer.product.count == 0) continue;
    Json product;
    product["name"] = training.step[i].layer.name, product["pass"] = name(training.step[i].pass);
    put(product, counts_of(report, training, i));
    json["products"].push_back(std::move(product));
  }
  return json;
}

std::string training_table(const NetworkReport& report, const TrainingReport& training) {
  TextTable table({{"pass", TextTable::Align::left},
                   {"MACs"},
                   {"with inserted zeros"},
                   {"array"},
                   {"zeros multiplied"},
                   {"vector"},
                   {"operations, padded"},
                   {"ideal cycles"}});
  const auto add = [&](const char* pass, const Counts& counts) {
    table.add({pass, grouped(counts.macs), grouped(counts.macs_zero_inserted), grouped(counts.cycles_array),
               grouped(counts.cycles_zero_inserted), grouped(counts.cycles_vector), grouped(counts.operations_padded),
               grouped(counts.cycles_ideal_padded)});
  };
  for (const Pass pass : kPasses) add(name(pass), sum_of(report, training, pass));
  const Counts total = sum_of(report, training, {});
  add("step", total);
  return fmt::format(
      "training step, {}\n\n{}\n{} inserted zeros skipped, places at borders among them ({}); vector unit {} of the "
      "cycles\n",
      batch_text(report, training), table.text(), grouped(total.macs_zeros_skipped),
      percent(share_of(total.macs_zeros_skipped, total.macs_zero_inserted)), percent(vector_share(total)));
}

std::string training_html(const NetworkReport& report, const TrainingReport& training) {
  std::vector<std::string> rows;
  for (std::size_t i = 0; i < training.step.size(); ++i) {
    if (training.step[i].layer.product.count == 0) continue;
    const Counts counts = counts_of(report, training, i);
    std::string row = "<tr>" + word_cell(training.step[i].layer.name) + word_cell(name(training.step[i].pass));
    for (const Index value : {counts.macs, counts.macs_zero_inserted, counts.cycles_array, counts.cycles_zero_inserted,
                              counts.operations_padded, counts.cycles_ideal_padded}) {
      row += number_cell("{:.0f}", static_cast<double>(value));
    }
    rows.push_back(row + "</tr>\n");
  }
  const Counts total = sum_of(report, training, {});
  std::string facts;
  for (const Pass pass : kPasses) {
    facts += fact(fmt::format("Cycles, {}", name(pass)), grouped(sum_of(report, training, pass).cycles));
  }
  return fmt::format("<h2>Training step, {}</h2>\n<dl>\n", batch_text(report, training)) + facts +
         fact("Useful MACs", grouped(total.macs)) +
         fact("MACs with inserted zeros", grouped(total.macs_zero_inserted)) +
         fact("Inserted zeros skipped", grouped(total.macs_zeros_skipped)) +
         fact("Cycles on the array", grouped(total.cycles_array)) +
         fact("… with inserted zeros multiplied", grouped(total.cycles_zero_inserted)) +
         fact("Vector unit's share of the cycles", percent(vector_share(total))) +
         fact("Operations with padded channels", grouped(total.operations_padded)) +
         fact("Ideal cycles of these", grouped(total.cycles_ideal_padded)) + "</dl>\n" +
         sortable_table("training",
                        {{"product", true},
                         {"pass", true},
                         {"MACs", false},
                         {"with inserted zeros", false},
                         {"cycles on the array", false},
                         {"with zeros multiplied", false},
                         {"operations, padded", false},
                         {"ideal cycles", false}},
                        rows);
}

}  // namespace septet::cli
