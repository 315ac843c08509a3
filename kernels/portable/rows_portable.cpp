// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "rows_portable.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

namespace septet::kernels {
namespace {

constexpr Index kLanes = 3;

template <class T>
T fused(T sum, T a, T b) {
  return std::fma(a, b, sum);
}
template <class T>
T unfused(T sum, T a, T b) {
  return sum + a * b;  // contraction is off in this build
}

std::int32_t words(std::int32_t sum, std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) +
                                   static_cast<std::uint32_t>(static_cast<std::int16_t>(a) * b));
}

template <class T>
const T* row_of_b(const void* b, Index k, Index b_step) {
  return reinterpret_cast<const T*>(static_cast<const char*>(b) + k * b_step);
}
template <class T>
T* row_of_c(void* c, Index row, Index c_row) {
  return reinterpret_cast<T*>(static_cast<char*>(c) + row * c_row);
}

void finish(const RowEnd& end, Index i, Index cols, float* sums) {
  const char* first = reinterpret_cast<const char*>(end.residual);
  const float* residual = first == nullptr ? nullptr : reinterpret_cast<const float*>(first + i * end.residual_row);
  for (Index j = 0; j < cols; ++j) {
    if (end.bias != nullptr) sums[j] = sums[j] + end.bias[i];
    if (residual != nullptr) sums[j] = sums[j] + residual[j];
    if (end.relu) sums[j] = sums[j] <= 0 ? 0 : sums[j];
  }
}

template <class T, T (*mac)(T, T, T), class K>
void run_rows(const RowsCall& call) {
  for (Index i = 0; i < call.rows; ++i) {
    const Index row = call.row_idx != nullptr ? call.row_idx[i] : i;
    if (row < 0) continue;
    const Index begin = call.row_ptr != nullptr ? call.row_ptr[i] : i * call.row_step;
    const Index length = call.row_ptr != nullptr  ? call.row_ptr[i + 1] - begin
                         : call.length != nullptr ? call.length[i]
                                                  : call.count;
    T* c = row_of_c<T>(call.c, row, call.c_row);
    if (call.zero) std::fill(c, c + call.cols, T{0});
    for (Index e = 0, at = begin; e < length; ++e, at += call.stride) {
      const T* b = row_of_b<T>(call.b, static_cast<const K*>(call.index)[at], call.b_step);
      for (Index j = 0; j < call.cols; ++j) c[j] = mac(c[j], static_cast<const T*>(call.values)[at], b[j]);
    }
  }
}

// Sums apart from C, which may be the residual.
template <class T, T (*mac)(T, T, T)>
void run_rows_to_ends(const RowsCall& call) {
  for (Index i = 0; i < call.rows; ++i) {
    T sums[kMaxRowVectors * kLanes] = {};
    RowsCall one = call;
    one.row_ptr = call.row_ptr + i, one.rows = 1, one.c = sums;
    run_rows<T, mac, std::int32_t>(one);
    finish(*call.end, i, call.cols, sums);
    std::copy_n(sums, call.cols, row_of_c<T>(call.c, i, call.c_row));
  }
}

template <class T, T (*mac)(T, T, T), class K>
void run_column(const RowsCall& call) {
  RowsCall one = call;
  one.cols = 1, one.b_step = one.c_row = sizeof(T);
  run_rows<T, mac, K>(one);
}

template <class T, T (*mac)(T, T, T), Index kVectors>
void run_columns(const ColumnsCall& call) {
  for (Index k = call.k_begin; k < call.k_end; ++k) {
    const T* b = row_of_b<T>(call.b, k, call.b_step);
    for (Index p = call.begin[k]; p < call.end[k]; ++p) {
      T* c = row_of_c<T>(call.c, call.row_idx[p], call.c_row);
      for (Index j = 0; j < kVectors * kLanes; ++j) c[j] = mac(c[j], static_cast<const T*>(call.values)[p], b[j]);
    }
  }
}

// Sums apart from C, which may be the residual.
template <class T, T (*mac)(T, T, T), int kRows>
void run_blocks(const BlocksCall& call) {
  for (Index i = 0; i < kRows; ++i) {
    T* c = row_of_c<T>(call.c, i, call.c_row);
    T sums[kMaxRowVectors * kLanes] = {};
    if (!call.zero) std::copy_n(c, call.cols, sums);
    for (Index s = 0; s < call.blocks; ++s) {
      const Index k0 = call.block_idx[s] * call.block_cols, k1 = std::min(k0 + call.block_cols, call.k_end);
      for (Index k = k0; k < k1; ++k) {
        const T a = static_cast<const T*>(call.values)[(s * call.block_cols + k - k0) * call.step + i];
        const T* b = row_of_b<T>(call.b, k, call.b_step);
        for (Index j = 0; j < call.cols; ++j) sums[j] = mac(sums[j], a, b[j]);
      }
    }
    if constexpr (std::is_same_v<T, float>) {
      if (call.end != nullptr) finish(*call.end, i, call.cols, sums);
    }
    std::copy_n(sums, call.cols, c);
  }
}

template <class T, T (*mac)(T, T, T), int... kVector>
RowSet make_set(std::integer_sequence<int, kVector...> /*vectors - 1*/) {
  RowSet set;
  set.lanes = kLanes;
  ((set.rows16[kVector] = &run_rows<T, mac, std::uint16_t>), ...);
  ((set.rows32[kVector] = &run_rows<T, mac, std::int32_t>), ...);
  if constexpr (std::is_same_v<T, float>) {
    for (auto& kernel : set.rows32_ends) kernel = &run_rows_to_ends<T, mac>;
  }
  set.column16 = &run_column<T, mac, std::uint16_t>;
  set.column32 = &run_column<T, mac, std::int32_t>;
  ((set.columns[kVector] = &run_columns<T, mac, kVector + 1>), ...);
  for (int h = 0; h < kBlockHeightCount; ++h) set.block_vectors[h] = kMaxRowVectors - h;
  ((set.blocks[0][kVector] = &run_blocks<T, mac, kBlockHeights[0]>), ...);
  ((set.blocks[1][kVector] = &run_blocks<T, mac, kBlockHeights[1]>), ...);
  ((set.blocks[2][kVector] = &run_blocks<T, mac, kBlockHeights[2]>), ...);
  ((set.blocks[3][kVector] = &run_blocks<T, mac, kBlockHeights[3]>), ...);
  return set;
}

}  // namespace

RowSet portable_rows(Arithmetic arithmetic) {
  constexpr auto kVectors = std::make_integer_sequence<int, kMaxRowVectors>();
  switch (arithmetic) {
    case Arithmetic::f32_fused:
      return make_set<float, &fused<float>>(kVectors);
    case Arithmetic::f32_unfused:
      return make_set<float, &unfused<float>>(kVectors);
    case Arithmetic::f64_fused:
      return make_set<double, &fused<double>>(kVectors);
    case Arithmetic::f64_unfused:
      return make_set<double, &unfused<double>>(kVectors);
    default:
      return make_set<std::int32_t, &words>(kVectors);
  }
}

}  // namespace septet::kernels
