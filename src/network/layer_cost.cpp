// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "layer_cost.hpp"

namespace septet::network {
namespace {

using emulation::Report;

// Counts of `times` equal products on top of those of others; false: they do not fit 64 bits.
bool add_counts(Report& total, const Report& r, Index times) {
  bool fits = true;
  for (Index Report::*count :
       {&Report::folds, &Report::cycles, &Report::cycles_preload, &Report::cycles_stream, &Report::cycles_drain,
        &Report::cycles_stall, &Report::macs_dense, &Report::macs_issued, &Report::macs_useful, &Report::nnz,
        &Report::reads_a_words, &Report::reads_b_words, &Report::reads_c_words, &Report::writes_c_words,
        &Report::a_bytes_values, &Report::a_bytes_metadata, &Report::zeros_injected, &Report::elements_skipped,
        &Report::writes_without_fold}) {
    fits &= add_times(total.*count, times, r.*count);
  }
  using Memory = emulation::MemoryReport;
  for (Index Memory::*count :
       {&Memory::cycles_with_memory, &Memory::buffer_reads_a_bytes, &Memory::buffer_reads_b_bytes,
        &Memory::buffer_reads_c_bytes, &Memory::buffer_writes_c_bytes, &Memory::off_chip_reads_a_bytes,
        &Memory::off_chip_reads_b_bytes, &Memory::off_chip_reads_c_bytes, &Memory::off_chip_writes_c_bytes}) {
    fits &= add_times(total.memory.*count, times, r.memory.*count);
  }
  return fits & add_times(total.memory.chosen.cycles_stall_memory, times, r.memory.chosen.cycles_stall_memory);
}

// Of a run of products that is repeated; A is the same in each.
bool repeat(Report& r, Index repeats) {
  if (repeats == 1) return true;
  const Report once = r;
  const bool fits = add_counts(r, once, repeats - 1);
  r.nnz = once.nnz, r.a_bytes_values = once.a_bytes_values, r.a_bytes_metadata = once.a_bytes_metadata;
  return fits;
}

// What all products of a layer have in common.
Report empty_like(const Report& r) {
  Report total = r;
  add_counts(total, r, -1);
  total.utilization = 0, total.memory.walks.clear();
  return total;
}

Index cycles_of(const Report& r) { return r.memory.system.given() ? r.memory.cycles_with_memory : r.cycles; }

}  // namespace

Status beyond_64_bits() { return {Cause::bad_shape, "layer", "totals beyond 64 bits"}; }

Status repeat(VectorCost& cost, Index repeats) {
  bool fits = true;
  for (Index VectorCost::*count : {&VectorCost::simple_operations, &VectorCost::special_operations,
                                   &VectorCost::reads_bytes, &VectorCost::writes_bytes, &VectorCost::cycles}) {
    fits &= !__builtin_mul_overflow(cost.*count, repeats, &(cost.*count));
  }
  return fits ? Status() : beyond_64_bits();
}

CostSum::CostSum(Dataflow dataflow, bool joined, LayerCost& cost) : cost_(cost) {
  cost_ = LayerCost{};
  cost_.dataflow = dataflow, cost_.joined = joined;
}

Status CostSum::add(const Report& report, Index times, const emulation::EnergyTable& table) {
  emulation::EnergyReport energy;
  if (Status bad = emulation::try_energy(report, table, energy); !bad.ok()) return bad;
  if (empty_) cost_.array = empty_like(report);
  empty_ = false;
  if (!add_counts(cost_.array, report, times)) return beyond_64_bits();
  cost_.energy_pj += static_cast<double>(times) * energy.total_pj();
  cost_.moved_bytes += static_cast<double>(times) * emulation::buffer_traffic(report).total();
  return {};
}

Status CostSum::finish(const Product& product, const VectorCost& vector, Index repeats) {
  Report& array = cost_.array;
  array.macs_dense = product.macs();  // joined: without the zeros between the groups
  if (!repeat(array, repeats)) return beyond_64_bits();
  cost_.energy_pj *= static_cast<double>(repeats), cost_.moved_bytes *= static_cast<double>(repeats);
  const double pe_cycles =
      static_cast<double>(array.array_height * array.array_width) * static_cast<double>(array.cycles);
  if (pe_cycles > 0) array.utilization = static_cast<double>(array.macs_useful) / pe_cycles;
  cost_.vector = vector;
  if (Status bad = repeat(cost_.vector, repeats); !bad.ok()) return bad;
  cost_.cycles = cycles_of(array);
  return add_times(cost_.cycles, 1, cost_.vector.cycles) ? Status() : beyond_64_bits();
}

GemmOptions product_options(const GemmOptions& gemm, int zero_point) {
  GemmOptions options = gemm;
  options.a_zero_point = zero_point, options.b_zero_point = 0;
  options.fold_depth = 0, options.preload = {}, options.epilogue = {};
  return options;
}

bool joins_keep_bits(const GemmOptions& gemm) {
  return gemm.accumulate == Accumulate::chained || (gemm.accumulator.bits == 0 && gemm.fold_accumulator.bits == 0);
}

JoinedGroups::JoinedGroups(const Product& p, const ConstMatrix& first, Index stride) {
  const Type type = first.type;
  if (type != Type::s8 && type != Type::u8) return;
  for (Index row = 0; row < p.count * p.m; ++row) {
    const Index group = row / p.m;
    const auto* values = static_cast<const std::byte*>(first.data) + group * stride + row % p.m * first.row_stride;
    for (Index j = 0; j < p.k; ++j) {
      values_.push_back(values[j * first.col_stride]), columns_.push_back(group * p.k + j);
    }
    row_ptr_.push_back(static_cast<Index>(columns_.size()));
  }
  const auto view = [&](const auto* typed) {
    weights_.emplace(csr(p.count * p.m, p.count * p.k, row_ptr_.data(), columns_.data(), typed));
  };
  if (type == Type::s8) {
    view(reinterpret_cast<const std::int8_t*>(values_.data()));
  } else {
    view(reinterpret_cast<const std::uint8_t*>(values_.data()));
  }
}

std::vector<Dataflow> possible_dataflows(const GemmOptions& gemm) {
  std::vector<Dataflow> all;
  for (const Dataflow dataflow :
       {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS, Dataflow::sOS, Dataflow::sWS, Dataflow::sIS, Dataflow::csOS}) {
    if (gemm.accumulate == Accumulate::chained || !is_output_stationary(dataflow)) all.push_back(dataflow);
  }
  return all;
}

bool may_choose(Dataflow dataflow, WeightForm weights) {
  return weights == WeightForm::automatic || is_sparse(dataflow) == (weights == WeightForm::sparse);
}

}  // namespace septet::network
