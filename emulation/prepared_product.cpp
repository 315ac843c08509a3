// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "prepared_product.hpp"

#include "cycle_count.hpp"
#include "memory_walk.hpp"

#include <mutex>
#include <optional>
#include <utility>

namespace septet::emulation {

struct PreparedProduct::State {
  ArrayOptions array_options;
  ArrayShape array;
  int lanes = 1;
  cycle_model::Counted counted;

  std::once_flag searched;  // what follows is made
  std::optional<memory_model::WalkSearch> search;
  memory_model::Bytes array_side;
  memory_model::Wide unwritten_bytes = 0;

  void make_search() {
    memory_model::FoldTable folds;
    const memory_model::Product product = cycle_model::folds_of(counted, folds);
    unwritten_bytes = product.unwritten_bytes;
    array_side = memory_model::array_side(folds);
    search.emplace(product, std::move(folds), counted.report.cycles);
    counted.tiles.reset(), counted.pattern.reset();  // folds are made of them
  }
};

PreparedProduct::PreparedProduct(std::unique_ptr<State> state) : state_(std::move(state)) {}
PreparedProduct::~PreparedProduct() = default;

Status PreparedProduct::prepare(const ProductShape& shape, const GemmOptions& options,
                                const ArrayOptions& array_options, std::unique_ptr<PreparedProduct>& product) {
  GemmOptions plain = options;
  plain.a_zero_point = 0, plain.b_zero_point = 0;
  const Weights* weights = shape.weights == nullptr ? nullptr : &shape.weights->weights();
  cycle_model::Request request = cycle_model::request_of(weights, shape.a_type, shape.b_type, plain);
  request.cache = shape.weights.get();
  request.m = shape.m, request.n = shape.n, request.k = shape.k;
  auto state = std::make_unique<State>();
  state->array_options = array_options, state->array_options.memory = {};
  state->array = plain.array, state->lanes = plain.combine.lanes;
  if (Status status = cycle_model::count(request, plain, state->array_options, state->counted); !status) return status;
  product.reset(new PreparedProduct(std::move(state)));
  return {};
}

void PreparedProduct::prepare_memory() const {
  std::call_once(state_->searched, [this] { state_->make_search(); });
}

Status PreparedProduct::report(const MemorySystem& memory, Report& report) const {
  const Report& counted = state_->counted.report;
  if (!memory.given()) {
    report = counted;
    return {};
  }
  ArrayOptions options = state_->array_options;
  options.memory = memory;
  if (Status status = memory_model::check_memory(options, counted.dataflow, state_->array, state_->lanes,
                                                 counted.a_type, counted.b_type);
      !status) {
    return status;
  }
  prepare_memory();
  Report result = counted;
  if (Status status = memory_model::report_walk(memory, state_->search->best(memory), state_->array_side,
                                                state_->unwritten_bytes, result);
      !status) {
    return status;
  }
  report = std::move(result);
  return {};
}

}  // namespace septet::emulation
