// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the cycle model is asked, checked.
#pragma once

#include "cycle_cache.hpp"
#include "cycle_folds.hpp"
#include "septet/gemm.hpp"

namespace septet::emulation::cycle_model {

/// What both overloads of try_cycles boil down to.
struct Request {
  const Weights* a = nullptr;   ///< null: no zeros
  CycleCache* cache = nullptr;  ///< of A; null with it
  Index m = 0, n = 0, k = 0;
  Type a_type = Type::f32, b_type = Type::f32;
  int zero_point = 0;
  Dataflow dataflow = Dataflow::dOS;
  bool alpha_is_0 = false, alpha_is_1 = true, beta_is_0 = true;  ///< once rounded to the accumulator type
  bool preload = false;
};

/// All of its errors but those that A's structure and counts beyond 64 bits may bring.
Status check(const Request& request, const GemmOptions& options, const ArrayOptions& array_options);

/// All but the sizes and the cache.
Request request_of(const Weights* a, Type a_type, Type b_type, const GemmOptions& options);

Setting setting_of(const Request& request, const GemmOptions& options, const ArrayOptions& array_options);

}  // namespace septet::emulation::cycle_model
