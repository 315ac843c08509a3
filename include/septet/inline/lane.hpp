// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Lanes: how many neighbouring columns of C one operation works on, and the few operations a fold needs.
//
// Computes, lane by lane: fma (a * b + c, one rounding), mul (a rounded product that nothing fuses with a later sum),
// add, and for int32 mul and add modulo 2^32.
//
// Types: Lane<T, Arch>::Vec is an xsimd batch where T is float, double or int32_t and Arch has one; else a lane of
// width 1 whose Vec is T itself, for the user's own numbers. Memory is always T*, in elements, of any alignment.
// No Vec appears in a fold's signature.
//
// The call: static functions of Lane<T, Arch>. The forms with n touch n elements of memory and no more.
//
//   using L = septet::fold::Lane<float>;
//   L::store(c, L::fma(L::broadcast(2.0f), L::load(b, n), L::load(c, n)), n);  // n <= L::kWidth: c[j] += 2 * b[j]
//
// Correct under any flags that keep IEEE arithmetic: contraction may be on (GCC's default), fused operations may be
// missing (each lane then calls std::fma: exact, but slow). Arch is part of every symbol, so that files built for
// different instruction sets link. The rounding mode and flush-to-zero are the caller's: leave them at their defaults.
// SEPTET_INLINE_PORTABLE, if the whole program defines it, leaves out intrinsics and asm and gives the same bits.
#pragma once

#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__NO_SIGNED_ZEROS__) || \
    (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "septet: septet/inline needs IEEE arithmetic; build this file without -ffast-math and its parts"
#endif

#include <cfloat>
#if FLT_EVAL_METHOD == 1 || FLT_EVAL_METHOD == 2 || FLT_EVAL_METHOD < 0
#error "septet: septet/inline needs sums rounded to their own type; on 32-bit x86 build with -msse2 -mfpmath=sse"
#endif

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <xsimd/xsimd.hpp>

#if defined(__GNUC__)
#define SEPTET_ALWAYS_INLINE inline __attribute__((always_inline))
#define SEPTET_ALWAYS_INLINE_LAMBDA __attribute__((always_inline))
#define SEPTET_NEVER_INLINE __attribute__((noinline))
#else
#define SEPTET_ALWAYS_INLINE inline
#define SEPTET_ALWAYS_INLINE_LAMBDA
#define SEPTET_NEVER_INLINE
#endif

namespace septet::fold {

namespace detail {

// 32-bit Arm vectors flush subnormals to zero, which the contract forbids: floats stay scalar there.
#if defined(__arm__) && !defined(__aarch64__)
inline constexpr bool kVectorsKeepSubnormals = false;
#else
inline constexpr bool kVectorsKeepSubnormals = true;
#endif

template <class T>
inline constexpr bool kIsFloat = std::is_same_v<T, float> || std::is_same_v<T, double>;

/// What a batch of T is made of: int32 wraps, so its lanes are unsigned (no overflow that is undefined anywhere).
template <class T>
using Carrier = std::conditional_t<std::is_same_v<T, std::int32_t>, std::uint32_t, T>;

template <class T, class Arch,
          bool kCandidate = (kIsFloat<T> && kVectorsKeepSubnormals) || std::is_same_v<T, std::int32_t>>
struct HasBatch : std::false_type {};
template <class T, class Arch>
struct HasBatch<T, Arch, true> : xsimd::has_simd_register<Carrier<T>, Arch> {};

/// Hides where `value` came from, so that no compiler fuses the product in it with a sum that follows.
template <class Arch, class T, class Register>
SEPTET_ALWAYS_INLINE void keep_rounded(Register& value) {
#if defined(__GNUC__) && !defined(SEPTET_INLINE_PORTABLE)
  if constexpr (std::is_class_v<Register>) {
    asm("" : "+m"(value));  // an emulated register: an array
  } else {
#if defined(__AVX512F__)
    asm("" : "+v"(value));
#elif defined(__SSE2__)
    asm("" : "+x"(value));
#elif defined(__aarch64__)
    asm("" : "+w"(value));
#else
    asm("" : "+m"(value));
#endif
  }
#else
  T lanes[sizeof(Register) / sizeof(T)];
  std::memcpy(lanes, &value, sizeof(lanes));
  for (T& lane : lanes) {
    volatile T rounded = lane;
    lane = rounded;
  }
  std::memcpy(&value, lanes, sizeof(lanes));
#endif
}

// The C functions, not std::fma(float, …): that is an inline function, whose one copy per program could come from a
// file built for another instruction set.
template <class Arch>
SEPTET_ALWAYS_INLINE float fma_scalar(float a, float b, float c) {
  return std::fmaf(a, b, c);
}
template <class Arch>
SEPTET_ALWAYS_INLINE double fma_scalar(double a, double b, double c) {
  return std::fma(a, b, c);
}

// xsimd::fma is a product and a sum where xsimd knows no fused one (xsimd 8.1: AVX-512 too), so the instruction is
// asked for by name, and lanes go one by one where there is none.
template <class Arch, class T, class Register>
SEPTET_ALWAYS_INLINE Register fma_register(Register a, Register b, Register c, T /*element*/) {
  constexpr int kLanes = sizeof(Register) / sizeof(T);
  T x[kLanes], y[kLanes], z[kLanes];
  std::memcpy(x, &a, sizeof(x));
  std::memcpy(y, &b, sizeof(y));
  std::memcpy(z, &c, sizeof(z));
  for (int lane = 0; lane < kLanes; ++lane) z[lane] = fma_scalar<Arch>(x[lane], y[lane], z[lane]);
  std::memcpy(&c, z, sizeof(z));
  return c;
}

#if defined(SEPTET_INLINE_PORTABLE)
#elif defined(__FMA__) || defined(__AVX512F__)
#if defined(__FMA__)
template <class Arch>
SEPTET_ALWAYS_INLINE __m128 fma_register(__m128 a, __m128 b, __m128 c, float) {
  return _mm_fmadd_ps(a, b, c);
}
template <class Arch>
SEPTET_ALWAYS_INLINE __m128d fma_register(__m128d a, __m128d b, __m128d c, double) {
  return _mm_fmadd_pd(a, b, c);
}
template <class Arch>
SEPTET_ALWAYS_INLINE __m256 fma_register(__m256 a, __m256 b, __m256 c, float) {
  return _mm256_fmadd_ps(a, b, c);
}
template <class Arch>
SEPTET_ALWAYS_INLINE __m256d fma_register(__m256d a, __m256d b, __m256d c, double) {
  return _mm256_fmadd_pd(a, b, c);
}
#endif
#if defined(__AVX512F__)
template <class Arch>
SEPTET_ALWAYS_INLINE __m512 fma_register(__m512 a, __m512 b, __m512 c, float) {
  return _mm512_fmadd_ps(a, b, c);
}
template <class Arch>
SEPTET_ALWAYS_INLINE __m512d fma_register(__m512d a, __m512d b, __m512d c, double) {
  return _mm512_fmadd_pd(a, b, c);
}
#endif
#elif defined(__aarch64__) && defined(__ARM_NEON)
template <class Arch>
SEPTET_ALWAYS_INLINE float32x4_t fma_register(float32x4_t a, float32x4_t b, float32x4_t c, float) {
  return vfmaq_f32(c, a, b);
}
template <class Arch>
SEPTET_ALWAYS_INLINE float64x2_t fma_register(float64x2_t a, float64x2_t b, float64x2_t c, double) {
  return vfmaq_f64(c, a, b);
}
#endif

// The first n elements; the others are zero, and their memory is not read (masked loads do not fault either).
template <class Arch, class Register, class T>
SEPTET_ALWAYS_INLINE void load_part(Register& to, const T* from, int n) {
  T lanes[sizeof(Register) / sizeof(T)] = {};
  for (int lane = 0; lane < n; ++lane) lanes[lane] = from[lane];
  std::memcpy(&to, lanes, sizeof(lanes));
}

#if defined(__AVX2__) && !defined(SEPTET_INLINE_PORTABLE)
template <class Arch>
SEPTET_ALWAYS_INLINE void load_part(__m256& to, const float* from, int n) {
  to = _mm256_maskload_ps(from, _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)));
}
template <class Arch>
SEPTET_ALWAYS_INLINE void load_part(__m256d& to, const double* from, int n) {
  to = _mm256_maskload_pd(from, _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3)));
}
#if defined(__AVX512F__)
template <class Arch>
SEPTET_ALWAYS_INLINE void load_part(__m512& to, const float* from, int n) {
  to = _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), from);
}
template <class Arch>
SEPTET_ALWAYS_INLINE void load_part(__m512d& to, const double* from, int n) {
  to = _mm512_maskz_loadu_pd(static_cast<__mmask8>((1u << n) - 1), from);
}
template <class Arch>
SEPTET_ALWAYS_INLINE void load_part(__m512i& to, const std::int32_t* from, int n) {
  to = _mm512_maskz_loadu_epi32(static_cast<__mmask16>((1u << n) - 1), from);
}
#endif
#endif

// The first n elements; the others' memory is not written.
template <class Arch, class Register, class T>
SEPTET_ALWAYS_INLINE void store_part(T* to, const Register& from, int n) {
  T lanes[sizeof(Register) / sizeof(T)];
  std::memcpy(lanes, &from, sizeof(lanes));
  for (int lane = 0; lane < n; ++lane) to[lane] = lanes[lane];
}

#if defined(__AVX2__) && !defined(SEPTET_INLINE_PORTABLE)
template <class Arch>
SEPTET_ALWAYS_INLINE void store_part(float* to, const __m256& from, int n) {
  _mm256_maskstore_ps(to, _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)), from);
}
template <class Arch>
SEPTET_ALWAYS_INLINE void store_part(double* to, const __m256d& from, int n) {
  _mm256_maskstore_pd(to, _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3)), from);
}
#if defined(__AVX512F__)
template <class Arch>
SEPTET_ALWAYS_INLINE void store_part(float* to, const __m512& from, int n) {
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << n) - 1), from);
}
template <class Arch>
SEPTET_ALWAYS_INLINE void store_part(double* to, const __m512d& from, int n) {
  _mm512_mask_storeu_pd(to, static_cast<__mmask8>((1u << n) - 1), from);
}
template <class Arch>
SEPTET_ALWAYS_INLINE void store_part(std::int32_t* to, const __m512i& from, int n) {
  _mm512_mask_storeu_epi32(to, static_cast<__mmask16>((1u << n) - 1), from);
}
#endif
#endif

}  // namespace detail

/// True if Lane<T, Arch> is wider than the type itself: T is float, double or int32_t and Arch has registers for it.
template <class T, class Arch = xsimd::default_arch>
inline constexpr bool kHasBatch = detail::HasBatch<T, Arch>::value;

/// One element at a time, of any copyable type. fma and mul are there for float, double and int32_t (no fma); add is
/// `a + b` for the user's own type.
template <class T, class Arch = xsimd::default_arch>
struct ScalarLane {
  using Value = T;
  using Vec = T;
  static constexpr int kWidth = 1;

  static SEPTET_ALWAYS_INLINE Vec broadcast(const T& value) { return value; }
  static SEPTET_ALWAYS_INLINE Vec load(const T* from) { return *from; }
  static SEPTET_ALWAYS_INLINE Vec load(const T* from, int /*n*/) { return *from; }
  static SEPTET_ALWAYS_INLINE void store(T* to, const Vec& value) { *to = value; }
  static SEPTET_ALWAYS_INLINE void store(T* to, const Vec& value, int /*n*/) { *to = value; }

  /// a + b, rounded once; int32: modulo 2^32.
  static SEPTET_ALWAYS_INLINE Vec add(const Vec& a, const Vec& b) {
    if constexpr (std::is_same_v<T, std::int32_t>) {
      return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
    } else {
      return static_cast<T>(a + b);
    }
  }
  /// a * b, rounded once, whatever happens to it next; int32: modulo 2^32.
  static SEPTET_ALWAYS_INLINE Vec mul(const Vec& a, const Vec& b) {
    if constexpr (std::is_same_v<T, std::int32_t>) {
      return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) * static_cast<std::uint32_t>(b));
    } else {
      static_assert(detail::kIsFloat<T>, "septet: only float, double and int32_t have a product that the lane knows");
      T product = a * b;
      detail::keep_rounded<Arch, T>(product);
      return product;
    }
  }
  /// a * b + c, rounded once.
  static SEPTET_ALWAYS_INLINE Vec fma(const Vec& a, const Vec& b, const Vec& c) {
    static_assert(detail::kIsFloat<T>, "septet: only float and double have a fused multiply-add");
    return detail::fma_scalar<Arch>(a, b, c);
  }
};

/// kWidth neighbouring elements of float, double or int32_t in one register of Arch. The same functions.
template <class T, class Arch = xsimd::default_arch>
struct BatchLane {
  using Value = T;
  using Vec = xsimd::batch<detail::Carrier<T>, Arch>;
  static constexpr int kWidth = static_cast<int>(Vec::size);

  static SEPTET_ALWAYS_INLINE Vec broadcast(T value) { return Vec(static_cast<detail::Carrier<T>>(value)); }
  static SEPTET_ALWAYS_INLINE Vec load(const T* from) {
    return Vec::load_unaligned(reinterpret_cast<const detail::Carrier<T>*>(from));  // signed as unsigned: allowed
  }
  static SEPTET_ALWAYS_INLINE Vec load(const T* from, int n) {
    typename Vec::register_type part;
    detail::load_part<Arch>(part, from, n);
    return Vec(part);
  }
  static SEPTET_ALWAYS_INLINE void store(T* to, Vec value) {
    value.store_unaligned(reinterpret_cast<detail::Carrier<T>*>(to));
  }
  static SEPTET_ALWAYS_INLINE void store(T* to, Vec value, int n) {
    if (n == kWidth) return store(to, value);
    const typename Vec::register_type whole = value;
    detail::store_part<Arch>(to, whole, n);
  }
  static SEPTET_ALWAYS_INLINE Vec add(Vec a, Vec b) { return a + b; }
  static SEPTET_ALWAYS_INLINE Vec mul(Vec a, Vec b) {
    if constexpr (detail::kIsFloat<T>) {
      typename Vec::register_type product = a * b;
      detail::keep_rounded<Arch, T>(product);
      return Vec(product);
    } else {
      return a * b;
    }
  }
  static SEPTET_ALWAYS_INLINE Vec fma(Vec a, Vec b, Vec c) {
    static_assert(detail::kIsFloat<T>, "septet: only float and double have a fused multiply-add");
    using Register = typename Vec::register_type;
    return Vec(
        detail::fma_register<Arch>(static_cast<Register>(a), static_cast<Register>(b), static_cast<Register>(c), T()));
  }
};

/// The widest lane that Arch has for T: what the folds use along unit strides.
template <class T, class Arch = xsimd::default_arch>
using Lane = std::conditional_t<kHasBatch<T, Arch>, BatchLane<T, Arch>, ScalarLane<T, Arch>>;

}  // namespace septet::fold
