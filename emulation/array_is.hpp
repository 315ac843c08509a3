// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Input-stationary: dIS and sIS. PE(h, w) keeps B[k0 + h][n0 + w], row h streams A[m_t][k0 + h], column w sums
// C[m_t][n0 + w]. m_t is the t-th of the k-tile's rows: all m, or the live ones.
#pragma once

#include "array_stationary.hpp"

namespace septet::emulation {

template <class T>
struct InputsStay {
  static Index row(const Problem<T>& p, const Fold& fold, Index t) {
    return p.plan.live ? p.plan.rows(fold.tile)[t] : t;
  }
  static bool stationary(const Problem<T>& p, const Fold& fold, Index h, Index w, T& value, Counts& counts) {
    if (h >= fold.k_count || w >= fold.n_count) return false;
    value = p.b(fold.k0 + h, fold.n0 + w);
    ++counts.reads_b;
    return true;
  }
  static bool streamed(const Problem<T>& p, const Fold& fold, Index h, Index t, T& value, Counts& counts) {
    if (h >= fold.k_count) return false;
    value = load_weight(p, row(p, fold, t), fold.k0 + h, counts);
    return true;
  }
  static T* sum(const Problem<T>& p, const Fold& fold, Index w, Index t) {
    return w < fold.n_count ? &p.sum(row(p, fold, t), fold.n0 + w) : nullptr;
  }
  static TracePlace place(const Problem<T>& p, const Fold& fold, Index h, Index w, Index t) {
    return {row(p, fold, t), fold.n0 + w, fold.k0 + h};
  }
};

template <class Unit>
using ArrayIs = ArrayStationary<Unit, InputsStay>;

}  // namespace septet::emulation
