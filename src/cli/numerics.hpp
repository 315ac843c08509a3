// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A network's numbers beside others': of a record, or of a run under another arithmetic. Each layer twice: as the run
// has it, and alone, from the other side's input, so that a wrong layer is told from its consequences.
#pragma once

#include "io/network_record.hpp"
#include "output.hpp"
#include "septet/network/run.hpp"

#include <optional>
#include <string>
#include <vector>

namespace septet::cli {

/// Two tensors of one type, bit by bit; any NaN equals any NaN.
struct TensorDifference {
  Index elements = 0, mismatches = 0;
  bool floats = false;
  /// Integers: |x - y|. Floats: ulp, steps between neighbouring numbers (0 between the zeros); 2^32 where one is a NaN.
  Index largest = 0;
  std::vector<Index> first;     ///< where, of a tensor's dimensions; empty: nowhere
  std::string first_reference;  ///< the values there; floats with their bits
  std::string first_got;
};
/// Absent: nothing to compare with, or nothing that was run.
struct LayerDifference {
  std::optional<TensorDifference> sums, output;

  bool any() const { return (sums && sums->mismatches > 0) || (output && output->mismatches > 0); }
};

struct LayerNumerics {
  std::string layer;
  LayerDifference run, alone;
};

struct Numerics {
  std::string reference;  ///< the record's path, or the other arithmetic
  std::vector<LayerNumerics> layers;
};

bool any(const Numerics& numerics);

/// Compares a run with a record, layer by layer.
class NumericsCheck {
 public:
  /// Refuses layers that the network lacks. `costs`: of all steps. Everything has to outlive it.
  NumericsCheck(const network::Network& network, const std::vector<io::LayerRecord>& record, std::string reference,
                const network::RunOptions& options, const std::vector<network::LayerCost>& costs);

  /// A step of the run. Throws Error.
  void see(const network::Step& step, const network::Tensor& y, const network::Tensor* sums);
  /// Every layer alone. Throws Error.
  void run_alone();

  const Numerics& numerics() const { return numerics_; }

 private:
  LayerDifference run_alone(std::size_t step, const io::LayerRecord& record) const;

  const network::Network& network_;
  const std::vector<io::LayerRecord>& record_;
  const network::RunOptions& options_;
  const std::vector<network::LayerCost>& costs_;
  std::vector<std::size_t> steps_;  // of the records
  Numerics numerics_;
};

Json numerics_json(const Numerics& numerics);
std::string numerics_table(const Numerics& numerics);
/// A part of a page of HTML: a heading, facts and a table.
std::string numerics_html(const Numerics& numerics);
/// Of the first layer that differs alone, or else of the first one that differs: "layer conv1, alone: 3 of 100 outputs
/// differ, the first at [0, 1]: 5, not 4".
std::string first_difference_text(const Numerics& numerics);

}  // namespace septet::cli
