// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// C++ operands and options as C has them.
#pragma once

#include "septet/septet.h"
#include "septet/septet.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

namespace septet::support {

inline septet_matrix in_c(const ConstMatrix& m) {
  return {const_cast<void*>(m.data), static_cast<std::int32_t>(m.type), m.rows, m.cols, m.row_stride, m.col_stride};
}

template <class Handle, void (*free)(Handle*)>
struct Free {
  void operator()(Handle* handle) const { free(handle); }
};
template <class Handle, void (*free)(Handle*)>
using Owned = std::unique_ptr<Handle, Free<Handle, free>>;
using OwnedOptions = Owned<septet_options, septet_options_free>;
using OwnedPacked = Owned<septet_packed, septet_packed_free>;
using OwnedReport = Owned<septet_report, septet_report_free>;

inline OwnedOptions make_options() {
  septet_options* options = nullptr;
  REQUIRE(septet_options_create(&options) == SEPTET_OK);
  return OwnedOptions(options);
}

/// Everything but workspace and functions, through the keys.
inline OwnedOptions in_c(const GemmOptions& gemm, const PackOptions& packing = {},
                         const emulation::ArrayOptions& array = {}) {
  OwnedOptions options = make_options();
  const auto set_number = [&](const char* key, double value) {
    REQUIRE(septet_options_set_number(options.get(), key, value) == SEPTET_OK);
  };
  const auto set_name = [&](const char* key, const char* value) {
    REQUIRE(septet_options_set_name(options.get(), key, value) == SEPTET_OK);
  };
  const auto set_matrix = [&](const char* key, const ConstMatrix& view) {
    if (view.data == nullptr) return;
    const septet_matrix matrix = in_c(view);
    REQUIRE(septet_options_set_matrix(options.get(), key, &matrix) == SEPTET_OK);
  };
  const Epilogue& epilogue = gemm.epilogue;
  const Requantise& requantise = epilogue.requantise;
  set_number("alpha", gemm.alpha);
  set_number("beta", gemm.beta);
  set_number("a_zero_point", gemm.a_zero_point);
  set_number("b_zero_point", gemm.b_zero_point);
  set_number("zero_point", packing.zero_point);
  set_number("threads", gemm.threads);
  set_number("array.height", static_cast<double>(gemm.array.height));
  set_number("array.width", static_cast<double>(gemm.array.width));
  set_number("fold_depth", static_cast<double>(gemm.fold_depth));
  set_number("combine.lanes", gemm.combine.lanes);
  set_number("combine.window", gemm.combine.window);
  set_number("bandwidth", static_cast<double>(array.bandwidth));
  set_number("a_word_bits", static_cast<double>(array.a_word_bits));
  set_number("memory.a_bytes", static_cast<double>(array.memory.a_bytes));
  set_number("memory.b_bytes", static_cast<double>(array.memory.b_bytes));
  set_number("memory.c_bytes", static_cast<double>(array.memory.c_bytes));
  set_number("memory.off_chip_bandwidth", static_cast<double>(array.memory.off_chip_bandwidth));
  set_number("epilogue.requantise.zero_point", requantise.zero_point);
  set_number("epilogue.requantise.low", requantise.low);
  set_number("epilogue.requantise.high", requantise.high);
  set_name("dataflow", name(gemm.dataflow));
  set_name("accumulate", name(gemm.accumulate));
  set_name("mac", name(gemm.mac));
  set_name("combine.policy", name(gemm.combine.policy));
  set_name("timing", name(array.timing));
  set_name("format", name(packing.format));
  set_name("side", name(packing.side));
  set_name("epilogue.activation", name(epilogue.activation));
  set_name("epilogue.requantise.rounding", name(requantise.rounding));
  set_name("epilogue.requantise.overflow", name(requantise.overflow));
  set_matrix("preload", gemm.preload);
  set_matrix("epilogue.scale", epilogue.scale);
  set_matrix("epilogue.bias", epilogue.bias);
  set_matrix("epilogue.residual", epilogue.residual);
  set_matrix("epilogue.requantise.multiplier", requantise.multiplier);
  set_matrix("epilogue.requantise.shift", requantise.shift);
  set_matrix("epilogue.requantise.scale", requantise.scale);
  return options;
}

}  // namespace septet::support
