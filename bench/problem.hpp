// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One product to measure: C[m x n] = A[m x k] * B[k x n], or `count` of them one after the other in memory; its
// operands, and the check of what a candidate made of it.
#pragma once

#include "bench/buffer.hpp"
#include "bench/pattern.hpp"
#include "bench/shapes.hpp"
#include "septet/matrix_view.hpp"

#include <memory>
#include <string>
#include <vector>

namespace septet::bench {

/// Element types that are multiplied with each other, and the name they go by on the command line.
struct Types {
  const char* name;
  Type a, b, c;
};
const std::vector<Types>& all_types();
/// Throws std::invalid_argument that lists the names.
const Types& types_named(const std::string& name);

/// Which operand may be brought into a library's own order outside the timed region.
enum class Prepacked { none, a, b };

/// The order of the sums, ours to choose: peers know but their own.
enum class Order { chained, fold, unfused };
constexpr int kFoldDepth = 16;

/// What all shapes of one run share.
struct Setting {
  Types types{"f32", Type::f32, Type::f32, Type::f32};
  std::string layout = "rrr";  ///< of A, B and C: r = rows one after the other, c = columns
  Prepacked prepacked = Prepacked::none;
  Order order = Order::chained;
  bool seven_bits = false;  ///< of s8 and u8: some libraries saturate beyond, on CPUs without dot products
  int threads = 1;
};

/// One operand of a product whose C is row-major, as a BLAS would like to hear of it.
struct Operand {
  const void* data = nullptr;
  Type type = Type::f32;
  bool transposed = false;  ///< stored column by column
  Index ld = 0;             ///< elements from one row (column, if transposed) to the next
  Index stride = 0;         ///< elements from one matrix of a batch to the next
  bool prepacked = false;   ///< known beforehand: bringing it into any other order costs nothing
};

/// A, B and C of one candidate. Each has its own, so that none finds them warm from another's turn.
struct Operands {
  Buffer a, b, c;
};

/// The product in the form that every library has: C row-major. A column-major C is the transposed product, in which
/// A and B change places.
struct RowMajorProduct {
  Index m = 0, n = 0, k = 0, count = 1;
  Operand a, b;
  void* c = nullptr;
  Type c_type = Type::f32;
  Index c_stride = 0;                        ///< elements from one C to the next; rows lie n apart
  std::shared_ptr<const Operands> operands;  ///< keeps the memory
};

class Problem {
 public:
  /// Without a pattern, A has no zeros but by chance; with one, zeros where it has none of its elements, and nowhere
  /// else. The values do not depend on n.
  Problem(const Shape& shape, const Setting& setting, const Pattern* pattern = nullptr);

  const Shape& shape() const { return shape_; }
  const Setting& setting() const { return setting_; }
  bool has_pattern() const { return has_pattern_; }

  /// A copy of A and B, and a C. Always the same values. An A that is beyond all caches is not copied.
  std::shared_ptr<const Operands> fresh_operands() const;
  /// The same but for A, which is empty: for those who have A in a form of their own.
  std::shared_ptr<const Operands> fresh_b_and_c() const;
  /// A, and the operands that all others are copies of.
  const Operands& original() const { return original_; }
  /// The product on fresh operands.
  RowMajorProduct row_major() const;
  /// Matrix `index` of the batch, in the layout of the setting.
  ConstMatrix a(const Operands& operands, Index index = 0) const;
  ConstMatrix b(const Operands& operands, Index index = 0) const;
  Matrix c(const Operands& operands, Index index = 0) const;
  /// Elements from one matrix of the batch to the next.
  Index a_stride() const { return shape_.m * shape_.k; }
  Index b_stride() const { return shape_.k * shape_.n; }
  Index c_stride() const { return shape_.m * shape_.n; }

  /// Two per multiply-add.
  double operations() const;
  /// A, B and C, each once.
  double bytes() const;
  /// Outputs of the whole batch: as many chains as can run side by side.
  Index outputs() const { return shape_.m * shape_.n * shape_.count; }

  /// Fills C with NaN (integers: -1), so that what is not written shows.
  void poison(const Operands& operands) const;
  /// Whether C is right at sampled elements (corners included): integers exactly modulo 2^32, floats within the bound
  /// of any order of summation.
  bool is_right(const Operands& operands) const;

 private:
  struct Sample {
    Index index, i, j;
    long double value, tolerance;
    std::uint32_t bits;  // integers
  };
  Sample reference(Index index, Index i, Index j) const;
  void apply(const Pattern& pattern);

  Shape shape_;
  Setting setting_;
  bool has_pattern_ = false;
  Operands original_;
  std::vector<Sample> samples_;
};

}  // namespace septet::bench
