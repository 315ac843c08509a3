// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The flags of `septet network`, and which of them go together.
#pragma once

#include "io/layer_table.hpp"
#include "network_checks.hpp"
#include "options.hpp"
#include "septet/network/partition.hpp"
#include "septet/network/run.hpp"
#include "septet/network/training_cost.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

struct NetworkFlags {
  Flags flags;
  std::vector<std::string> inputs;
  network::Executor executor = network::Executor::cpu;
  network::WeightForm weights = network::WeightForm::automatic;
  std::optional<Index> runs;       ///< --runs
  bool sparse_over_dense = false;  ///< --sparse-over-dense
  network::VectorUnit vector;
  double clock_hz = 1e9;
  NetworkChecks checks;
  io::TableOptions table;       ///< --batch, --tokens, --architecture, --phase, --context, --weight-…, --group
  std::string config;           ///< --config
  Type table_type = Type::f32;  ///< --table-type
  network::PartitionOptions partition;
  std::string vector_work;  ///< --vector-work
  bool training = false;    ///< --training
  network::TrainingStepOptions step;

  /// The CPU multiplies its own way, from weights packed once: a network::Session.
  bool prepared() const {
    return executor == network::Executor::cpu && !wants_sums(checks) && network::is_plain(flags.gemm);
  }
  /// Files that it is asked to read.
  std::vector<std::string> read_files() const;
  bool has(const std::string& flag) const { return flag == "-o" ? !flags.output.empty() : flags.has(flag); }
};

/// The model, and what its file may leave open: --batch, --tokens, --architecture, --config, --table-type, --phase,
/// --context, --weight-sparsity, --weight-pattern, --weight-bits, --group.
CLI::Option* add_model(CLI::App& verb, NetworkFlags& given);
/// --training, --micro-batches, --padded-input.
void add_training(CLI::App& verb, NetworkFlags& given);
/// --weights.
void add_weight_form(CLI::App& verb, NetworkFlags& given);
/// --vector-lanes.
void add_vector(CLI::App& verb, NetworkFlags& given);
/// All of `septet network`.
void add_network_flags(CLI::App& verb, NetworkFlags& given);

/// Of flags that mean nothing as things are.
void refuse_flags(const NetworkFlags& given, std::initializer_list<const char*> flags, const std::string& why);
/// Of the model's, those that exclude each other, whatever it is.
void check_model_flags(const NetworkFlags& given);
/// … of all of `septet network`.
void check_network_flags(const NetworkFlags& given);

/// --accumulator and --fold-accumulator that are none of the products' types.
void check_sums(const NetworkFlags& given, const std::vector<network::Layer>& layers);

network::CostOptions cost_options(const NetworkFlags& given);

}  // namespace septet::cli
