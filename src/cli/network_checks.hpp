// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What `septet network` does beside a run: records it, compares it with a record, or with the same network under
// another arithmetic.
#pragma once

#include "numerics.hpp"
#include "septet/network/run.hpp"
#include "verbs.hpp"

#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

/// What --against changes.
struct OtherArithmetic {
  std::optional<Rounding> rounding;  ///< of the products' requantisation
  std::optional<Accumulator> accumulator;
  Type accumulator_type = Type::s32;  ///< what it is called: s32, f16, f32
  std::optional<Mac> mac;
  std::optional<bool> flush;
  std::string text;  ///< as given: "rounding=floor, mac=unfused"; empty: none

  /// "NAME=VALUE". Refuses what it does not know.
  void set(const std::string& given);
  /// Refuses an accumulator that is none of the network's products'.
  void apply(network::Network& network, GemmOptions& gemm) const;
};

struct NetworkChecks {
  std::string record, compare;  ///< folders; empty: none
  OtherArithmetic against;
};

/// Any of them looks at sums.
inline bool wants_sums(const NetworkChecks& checks) {
  return !checks.record.empty() || !checks.compare.empty() || !checks.against.text.empty();
}

/// --record, --compare, --against.
void add_network_checks(CLI::App& verb, NetworkChecks& checks);

/// Sees a run with RunOptions::sums. Everything that it is given has to outlive it. Throws Error.
class NetworkWatch {
 public:
  NetworkWatch(const NetworkChecks& checks, const network::Network& network, const network::RunOptions& options,
               const std::vector<network::LayerCost>& costs);

  void see(const network::Step& step, const std::vector<const network::Tensor*>& x, const network::Tensor& y,
           const network::Tensor* sums);
  /// Runs what else there is to run; `inputs`: of the run, none if there was none. Nothing: nothing was compared.
  std::optional<Numerics> finish(const std::vector<const network::Tensor*>& inputs);
  /// The record gets its name.
  void commit();

 private:
  Numerics run_against(const std::vector<const network::Tensor*>& inputs) const;

  const NetworkChecks& checks_;
  const network::Network& network_;
  const network::RunOptions& options_;
  const std::vector<network::LayerCost>& costs_;
  std::vector<io::LayerRecord> reference_;  // the record; or this run, for the other one
  std::optional<io::NetworkRecordWriter> writer_;
  std::optional<NumericsCheck> check_;
};

}  // namespace septet::cli
