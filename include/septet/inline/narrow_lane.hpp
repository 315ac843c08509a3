// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Lanes narrower than Arch's widest, for products with few columns: 8 or 4 floats, 4 or 2 doubles in one x86 register.
//
// Computes what Lane does, lane by lane (lane.hpp); not for users, who include gemm_fixed.hpp.
//
// Not a batch of a lesser xsimd arch: its functions would have the same symbols in a file built for that arch.
#pragma once

#include "septet/inline/lane.hpp"

namespace septet::fold::detail {

/// kLanes neighbouring columns; the functions of BatchLane.
template <class T, int kLanes, class Arch>
struct NarrowLane;

/// Whether there are any: where the build has masks and fused operations for them.
#if defined(SEPTET_INLINE_PORTABLE) || !defined(__FMA__) || !defined(__AVX2__)
inline constexpr bool kHasNarrowLanes = false;
#else
inline constexpr bool kHasNarrowLanes = true;

// One set of overloads per register; Register is a struct around it, as attributes of vector types get lost in
// template arguments.
template <class Arch, class T, int kWidth>
struct NarrowRegister;

template <class Arch>
struct NarrowRegister<Arch, float, 8> {
  using register_type = __m256;
  register_type at;
  static SEPTET_ALWAYS_INLINE NarrowRegister broadcast(float value) { return {_mm256_set1_ps(value)}; }
  static SEPTET_ALWAYS_INLINE NarrowRegister load(const float* from) { return {_mm256_loadu_ps(from)}; }
  static SEPTET_ALWAYS_INLINE void store(float* to, NarrowRegister value) { _mm256_storeu_ps(to, value.at); }
  static SEPTET_ALWAYS_INLINE NarrowRegister add(NarrowRegister a, NarrowRegister b) {
    return {_mm256_add_ps(a.at, b.at)};
  }
  static SEPTET_ALWAYS_INLINE NarrowRegister mul(NarrowRegister a, NarrowRegister b) {
    return {_mm256_mul_ps(a.at, b.at)};
  }
};

template <class Arch>
struct NarrowRegister<Arch, float, 4> {
  using register_type = __m128;
  register_type at;
  static SEPTET_ALWAYS_INLINE NarrowRegister broadcast(float value) { return {_mm_set1_ps(value)}; }
  static SEPTET_ALWAYS_INLINE NarrowRegister load(const float* from) { return {_mm_loadu_ps(from)}; }
  static SEPTET_ALWAYS_INLINE void store(float* to, NarrowRegister value) { _mm_storeu_ps(to, value.at); }
  static SEPTET_ALWAYS_INLINE NarrowRegister add(NarrowRegister a, NarrowRegister b) {
    return {_mm_add_ps(a.at, b.at)};
  }
  static SEPTET_ALWAYS_INLINE NarrowRegister mul(NarrowRegister a, NarrowRegister b) {
    return {_mm_mul_ps(a.at, b.at)};
  }
};

template <class Arch>
struct NarrowRegister<Arch, double, 4> {
  using register_type = __m256d;
  register_type at;
  static SEPTET_ALWAYS_INLINE NarrowRegister broadcast(double value) { return {_mm256_set1_pd(value)}; }
  static SEPTET_ALWAYS_INLINE NarrowRegister load(const double* from) { return {_mm256_loadu_pd(from)}; }
  static SEPTET_ALWAYS_INLINE void store(double* to, NarrowRegister value) { _mm256_storeu_pd(to, value.at); }
  static SEPTET_ALWAYS_INLINE NarrowRegister add(NarrowRegister a, NarrowRegister b) {
    return {_mm256_add_pd(a.at, b.at)};
  }
  static SEPTET_ALWAYS_INLINE NarrowRegister mul(NarrowRegister a, NarrowRegister b) {
    return {_mm256_mul_pd(a.at, b.at)};
  }
};

template <class Arch>
struct NarrowRegister<Arch, double, 2> {
  using register_type = __m128d;
  register_type at;
  static SEPTET_ALWAYS_INLINE NarrowRegister broadcast(double value) { return {_mm_set1_pd(value)}; }
  static SEPTET_ALWAYS_INLINE NarrowRegister load(const double* from) { return {_mm_loadu_pd(from)}; }
  static SEPTET_ALWAYS_INLINE void store(double* to, NarrowRegister value) { _mm_storeu_pd(to, value.at); }
  static SEPTET_ALWAYS_INLINE NarrowRegister add(NarrowRegister a, NarrowRegister b) {
    return {_mm_add_pd(a.at, b.at)};
  }
  static SEPTET_ALWAYS_INLINE NarrowRegister mul(NarrowRegister a, NarrowRegister b) {
    return {_mm_mul_pd(a.at, b.at)};
  }
};

// 128-bit parts; the 256-bit ones are those of Lane.
template <class Arch>
SEPTET_ALWAYS_INLINE void load_part(__m128& to, const float* from, int n) {
  to = _mm_maskload_ps(from, _mm_cmpgt_epi32(_mm_set1_epi32(n), _mm_setr_epi32(0, 1, 2, 3)));
}
template <class Arch>
SEPTET_ALWAYS_INLINE void store_part(float* to, const __m128& from, int n) {
  _mm_maskstore_ps(to, _mm_cmpgt_epi32(_mm_set1_epi32(n), _mm_setr_epi32(0, 1, 2, 3)), from);
}

template <class T, int kLanes, class Arch>
struct NarrowLane {
  using Value = T;
  using Vec = NarrowRegister<Arch, T, kLanes>;
  static constexpr int kWidth = kLanes;

  static SEPTET_ALWAYS_INLINE Vec broadcast(T value) { return Vec::broadcast(value); }
  static SEPTET_ALWAYS_INLINE Vec load(const T* from) { return Vec::load(from); }
  static SEPTET_ALWAYS_INLINE Vec load(const T* from, int n) {
    Vec part;
    load_part<Arch>(part.at, from, n);
    return part;
  }
  static SEPTET_ALWAYS_INLINE void store(T* to, Vec value) { Vec::store(to, value); }
  static SEPTET_ALWAYS_INLINE void store(T* to, Vec value, int n) {
    if (n == kWidth) return store(to, value);
    store_part<Arch>(to, value.at, n);
  }
  static SEPTET_ALWAYS_INLINE Vec add(Vec a, Vec b) { return Vec::add(a, b); }
  static SEPTET_ALWAYS_INLINE Vec mul(Vec a, Vec b) {
    Vec product = Vec::mul(a, b);
    keep_rounded<Arch, T>(product.at);
    return product;
  }
  static SEPTET_ALWAYS_INLINE Vec fma(Vec a, Vec b, Vec c) { return {fma_register<Arch>(a.at, b.at, c.at, T())}; }
};
#endif

}  // namespace septet::fold::detail
