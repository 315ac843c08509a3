// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One product to emulate: its operands, and the check of what an engine made of it.
#pragma once

#include "bench/shapes.hpp"
#include "septet/emulation/emulate.hpp"

#include <nlohmann/json_fwd.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace septet::bench {

/// A product on an array, but for the engine and the operands.
struct EmulatedSetting {
  Shape shape;
  Type type = Type::s8;
  Dataflow dataflow = Dataflow::dOS;
  ArrayShape array;
  int threads = 1;

  GemmOptions options() const;
};

class EmulatedProduct {
 public:
  /// Random operands, always the same. A has `zeros` (a share) where the dataflow is a sparse one and is packed for it
  /// here, once; else it has none.
  EmulatedProduct(const EmulatedSetting& setting, double zeros);

  const EmulatedSetting& setting() const { return setting_; }
  emulation::Report emulate(Engine engine);
  /// Throws WrongResult unless the last emulate() left the bits of septet::gemm in C and `report` is the closed form's.
  void check(Engine engine, const emulation::Report& report) const;
  /// Of A (as it is multiplied), B and C.
  double operand_bytes() const;

 private:
  ConstMatrix dense_a() const;
  ConstMatrix b() const;
  Weights weights() const;

  EmulatedSetting setting_;
  std::vector<std::byte> a_, b_, c_;
  PackedMatrix packed_;
};

/// What bench_emulate ends with code 1 for.
struct WrongResult : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What was asked for, or else this.
template <class T>
std::vector<T> or_else(const std::vector<T>& given, std::vector<T> otherwise) {
  return given.empty() ? otherwise : given;
}

std::string text(const ArrayShape& array);
std::string text(const Shape& shape);
nlohmann::json to_json(const EmulatedSetting& setting, Engine engine, const emulation::Report& report);

/// Register updates: processing elements times cycles.
inline double pe_cycles(const emulation::Report& report) {
  return static_cast<double>(report.array_height) * static_cast<double>(report.array_width) *
         static_cast<double>(report.cycles);
}

}  // namespace septet::bench
