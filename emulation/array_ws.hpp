// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Weight-stationary: dWS and sWS. PE(h, w) keeps A[m0 + w][k_h], row h streams B[k_h][0 … n), column w sums
// C[m0 + w][0 … n). k_h is the h-th of the fold's piece of the m-tile's list: all k, or the live ones.
#pragma once

#include "array_stationary.hpp"

namespace septet::emulation {

template <class T>
struct WeightsStay {
  static Index column(const Problem<T>& p, const Fold& fold, Index h) {
    return p.plan.live ? p.plan.columns(fold.tile)[fold.k0 + h] : fold.k0 + h;
  }
  static bool stationary(const Problem<T>& p, const Fold& fold, Index h, Index w, T& value, Counts& counts) {
    if (h >= fold.k_count || w >= fold.m_count) return false;
    value = load_weight(p, fold.m0 + w, column(p, fold, h), counts);
    return true;
  }
  static bool streamed(const Problem<T>& p, const Fold& fold, Index h, Index t, T& value, Counts& counts) {
    if (h >= fold.k_count) return false;
    value = p.b(column(p, fold, h), t);
    ++counts.reads_b;
    return true;
  }
  static T* sum(const Problem<T>& p, const Fold& fold, Index w, Index t) {
    return w < fold.m_count ? &p.sum(fold.m0 + w, t) : nullptr;
  }
  static TracePlace place(const Problem<T>& p, const Fold& fold, Index h, Index w, Index t) {
    return {fold.m0 + w, t, column(p, fold, h)};
  }
};

template <class Unit>
using ArrayWs = ArrayStationary<Unit, WeightsStay>;

}  // namespace septet::emulation
