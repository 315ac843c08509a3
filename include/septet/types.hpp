// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The words every other header speaks in: sizes, element types, dataflows and numeric options.
#pragma once

#include "septet/export.h"
#include "septet/narrow_float.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace septet {

/// Every size, index and stride, in elements. 64 bits, so that products of dimensions do not wrap.
using Index = std::int64_t;

/// Element type of an operand. s32 is the accumulator and output of the integer products, never an input.
enum class Type : std::uint8_t { f32, f64, s8, u8, s32, bf16, f16, s16 };

/// The seven dataflows of a flexible systolic array (FlexiSAGA; Müller et al., arXiv 2506.01566, 2025):
/// d = dense, s = sparse, cs = combined sparse; OS, WS, IS = output-, weight-, input-stationary.
/// `automatic` is a rule on the operands (see GemmOptions::dataflow), never on the CPU.
enum class Dataflow : std::uint8_t { automatic, dOS, dWS, dIS, sOS, sWS, sIS, csOS };

/// Accumulation order. `chained`: one running sum along k. `fold_then_add`: each fold starts at zero and its
/// result is added to a separate accumulator, the first fold like every other (TPU- and Gemmini-like arrays).
enum class Accumulate : std::uint8_t { chained, fold_then_add };

/// Rounding of one multiply-accumulate on floats. `fused`: one rounding; `unfused`: the product is rounded,
/// then the sum. Both to nearest even. Integers: exact modulo 2^32 either way.
enum class Mac : std::uint8_t { fused, unfused };

/// What becomes of a value beyond the range of what it is put into: its nearest end, or the low bits (of a float:
/// infinity).
enum class Overflow : std::uint8_t { clamp, wrap };

/// What a running sum is kept in, after every multiply-accumulate: real arrays have narrow registers. `bits` 0: the
/// accumulator's type in full (f32, f64, s32). Of integers 16 to 32 bits, two's complement: `wrap` is modulo 2^bits,
/// `clamp` saturates at every step. Of bf16 and f16 operands 16 is an f16: every product (unfused) and every sum is
/// rounded to it, to nearest even; beyond its range lies infinity (`wrap`) or +-65504 (`clamp`).
struct Accumulator {
  int bits = 0;
  Overflow overflow = Overflow::wrap;
};

/// Who emulates an array; bits and counts are the same. `registers`: every register of every PE in every cycle, in
/// vectors and threads. `plan`: the Plan replayed by the CPU's kernels, without registers. `plain`: registers again,
/// one PE after the other in scalar code: the statement that the others are checked against.
enum class Engine : std::uint8_t { registers, plan, plain };

/// How an array's folds follow each other. `serial`: one after the other; `overlapped`: preload and drain hide
/// behind the stream; `scalesim`: serial without the drain, the counting of SCALE-Sim v2/v3.
enum class Timing : std::uint8_t { serial, overlapped, scalesim };

/// Storage of a packed A; docs/formats.md has the layout of each.
///   csr, csc     compressed sparse rows, columns                coo     row, column and value of each element
///   bsr          CSR of blocks of any shape, zeros inside       ell     rows filled up to the longest one
///   sell         SELL-C-sigma: slices of rows of like length    bitmap  one bit per element, then the values
///   tsb, csb     the array's own: two-stage bitmap, combined sparse block (docs/dataflows.md, section 5)
///   nm           at most N of every M neighbours in a row       tcsr    CSR in tiles that fit the first-level cache
/// `automatic`: what the dataflow streams; with no dataflow either, see PackOptions::expected_cols.
enum class Format : std::uint8_t { automatic, dense, csr, tsb, csb, csc, coo, bsr, ell, sell, bitmap, nm, tcsr };

/// How csOS combines live columns into steps. `in_order` keeps k ascending; `first_fit` packs tighter.
enum class CombinePolicy : std::uint8_t { in_order, first_fit };

/// H rows by W columns of processing elements.
struct ArrayShape {
  Index height = 16;
  Index width = 16;
};

/// Column combining of csOS (Kung, McDanel, Zhang, ASPLOS 2019).
struct Combine {
  int lanes = 4;  ///< columns that one step may hold: 1 to 256
  CombinePolicy policy = CombinePolicy::in_order;
  int window = 16;  ///< first_fit only: how many of the last created groups are tried: 1 to 2^20
};

/// Blocks of bsr, each side 1 to 256.
struct BlockShape {
  Index rows = 4;
  Index cols = 4;
};

/// Slices of sell (Kreutzer et al., SIAM J. Sci. Comput. 36, 2014, section 2: C and sigma): `height` rows to a slice, 1
/// to 256; rows sorted by length within windows of `window` rows, a multiple of the height.
struct SliceShape {
  Index height = 16;
  Index window = 256;
};

/// Groups of nm: at most n of m neighbours in a row are there; 1 <= n <= m <= 16.
struct GroupShape {
  int n = 2;
  int m = 4;
};

/// The Type of a C++ type; a compile-time error for a type that Septet does not multiply.
template <class T>
constexpr Type type_of() {
  using U = std::remove_cv_t<T>;
  constexpr bool known = std::is_same_v<U, float> || std::is_same_v<U, double> || std::is_same_v<U, bf16> ||
                         std::is_same_v<U, f16> || std::is_same_v<U, std::int8_t> || std::is_same_v<U, std::uint8_t> ||
                         std::is_same_v<U, std::int16_t> || std::is_same_v<U, std::int32_t>;
  static_assert(known, "septet: elements are float, double, bf16, f16, int8_t, uint8_t, int16_t or (outputs) int32_t");
  if (std::is_same_v<U, float>) return Type::f32;
  if (std::is_same_v<U, double>) return Type::f64;
  if (std::is_same_v<U, bf16>) return Type::bf16;
  if (std::is_same_v<U, f16>) return Type::f16;
  if (std::is_same_v<U, std::int8_t>) return Type::s8;
  if (std::is_same_v<U, std::uint8_t>) return Type::u8;
  if (std::is_same_v<U, std::int16_t>) return Type::s16;
  return Type::s32;
}

/// Bytes of one element.
constexpr Index size_of(Type type) {
  switch (type) {
    case Type::f64:
      return 8;
    case Type::f32:
    case Type::s32:
      return 4;
    case Type::bf16:
    case Type::f16:
    case Type::s16:
      return 2;
    default:
      return 1;
  }
}

/// True for s8, u8, s16 and s32.
constexpr bool is_integer(Type type) {
  return type == Type::s8 || type == Type::u8 || type == Type::s16 || type == Type::s32;
}

/// True for the floats that accumulate in a wider one: bf16 and f16. An output may have their type too.
constexpr bool is_narrow_float(Type type) { return type == Type::bf16 || type == Type::f16; }

/// Type of the sums: f32 and f64 accumulate in themselves, bf16 and f16 in f32, s8, u8 and s16 in s32.
constexpr Type accumulator_of(Type type) {
  return is_integer(type) ? Type::s32 : is_narrow_float(type) ? Type::f32 : type;
}

/// True for the dataflows that skip what A's pattern lets them skip.
constexpr bool is_sparse(Dataflow dataflow) {
  return dataflow == Dataflow::sOS || dataflow == Dataflow::sWS || dataflow == Dataflow::sIS ||
         dataflow == Dataflow::csOS;
}

/// True for the dataflows whose outputs stay in the array (no fold-then-add there).
constexpr bool is_output_stationary(Dataflow dataflow) {
  return dataflow == Dataflow::dOS || dataflow == Dataflow::sOS || dataflow == Dataflow::csOS;
}

/// The names used on the command line and in reports ("f32", "dOS", "fold", …).
SEPTET_API const char* name(Type type);
SEPTET_API const char* name(Dataflow dataflow);
SEPTET_API const char* name(Accumulate accumulate);
SEPTET_API const char* name(Mac mac);
SEPTET_API const char* name(Timing timing);
SEPTET_API const char* name(Format format);
SEPTET_API const char* name(CombinePolicy policy);
SEPTET_API const char* name(Overflow overflow);
SEPTET_API const char* name(Engine engine);

}  // namespace septet
