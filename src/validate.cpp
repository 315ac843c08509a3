// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "validate.hpp"

#include "arithmetic.hpp"
#include "overlap.hpp"
#include "validate_accumulators.hpp"
#include "validate_epilogue.hpp"
#include "validate_sparse.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <sstream>

namespace septet::detail {
namespace {

template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

Status shape_mismatch(const char* argument, Index rows, Index cols, Index want_rows, Index want_cols) {
  return {Cause::bad_shape, argument,
          text("is ", rows, " x ", cols, ", the other operands need ", want_rows, " x ", want_cols)};
}

bool within_range(int zero_point, Type type) {
  if (type == Type::s8) return zero_point >= -128 && zero_point <= 127;
  if (type == Type::u8) return zero_point >= 0 && zero_point <= 255;
  return zero_point == 0;
}

Status validate_zero_point(int zero_point, Type type, const char* argument) {
  if (within_range(zero_point, type)) return {};
  if (size_of(type) == 1) return {Cause::bad_option, argument, text(zero_point, " is outside ", name(type))};
  return {Cause::bad_option, argument, text("only s8 and u8 have a zero point, not ", name(type))};
}

Status validate_array(const ArrayShape& array) {
  for (const Index side : {array.height, array.width}) {
    if (side < 1 || side > kMaxArraySide) {
      return {Cause::bad_option, "options.array",
              text(array.height, " x ", array.width, ": each side must be 1 to ", kMaxArraySide)};
    }
  }
  if (array.height * array.width > kMaxArrayCells) {
    return {Cause::bad_option, "options.array",
            text(array.height, " x ", array.width, ": more than ", kMaxArrayCells, " processing elements")};
  }
  return {};
}

Status validate_combine(const Combine& combine) {
  if (combine.lanes < 1 || combine.lanes > kMaxLanes) {
    return {Cause::bad_option, "options.combine.lanes", text(combine.lanes, " is outside 1 to ", kMaxLanes)};
  }
  if (combine.window < 1 || combine.window > kMaxWindow) {
    return {Cause::bad_option, "options.combine.window", text(combine.window, " is outside 1 to ", kMaxWindow)};
  }
  return {};
}

bool within(Index value, Index low, Index high) { return value >= low && value <= high; }

Status validate_block(const BlockShape& block) {
  constexpr Index kMost = 256;
  if (within(block.rows, 1, kMost) && within(block.cols, 1, kMost)) return {};
  return {Cause::bad_option, "options.block", text(block.rows, " x ", block.cols, ": each side must be 1 to ", kMost)};
}

Status validate_slice(const SliceShape& slice) {
  constexpr Index kMost = 256;
  if (!within(slice.height, 1, kMost)) {
    return {Cause::bad_option, "options.slice.height", text(slice.height, " is outside 1 to ", kMost)};
  }
  if (slice.window >= slice.height && slice.window % slice.height == 0) return {};
  return {Cause::bad_option, "options.slice.window",
          text(slice.window, " is no positive multiple of the height, ", slice.height)};
}

Status validate_group(const GroupShape& group) {
  constexpr int kMost = 16;
  if (within(group.m, 1, kMost) && within(group.n, 1, group.m)) return {};
  return {Cause::bad_option, "options.group", text(group.n, ":", group.m, ": n:m needs 1 <= n <= m <= ", kMost)};
}

Status validate_tile_cols(Index cols) {
  constexpr Index kMost = 65536;
  if (within(cols, 0, kMost)) return {};
  return {Cause::bad_option, "options.tile_cols", text(cols, " is outside 0 to ", kMost)};
}

// What only one format reads is not looked at for the others.
Status validate_format_options(const PackOptions& options) {
  constexpr Index kMostCols = std::numeric_limits<std::int32_t>::max();
  if (options.expected_cols < 0 || options.expected_cols > kMostCols) {
    return {Cause::bad_option, "options.expected_cols", text(options.expected_cols, " is outside 0 to ", kMostCols)};
  }
  // Of a format that is still to be chosen, every option may be read.
  if (options.expected_cols > 0) {
    if (Status status = validate_tile_cols(options.tile_cols); !status.ok()) return status;
    if (Status status = validate_slice(options.slice); !status.ok()) return status;
  }
  switch (options.format) {
    case Format::bsr:
      return validate_block(options.block);
    case Format::sell:
      return validate_slice(options.slice);
    case Format::nm:
      return validate_group(options.group);
    case Format::tcsr:
      return validate_tile_cols(options.tile_cols);
    default:
      return {};
  }
}

Status validate_weights(const Weights& a) {
  if (a.dense() != nullptr) return validate_view(*a.dense(), "a");
  if (a.sparse() != nullptr) return validate_sparse(*a.sparse(), "a");
  if (a.packed()->empty()) return {Cause::bad_pointer, "a", "an empty PackedMatrix: nothing was packed into it"};
  return {};
}

// Every element of A can be counted in bytes.
Status validate_extent(Index rows, Index cols, Type type) {
  // Packed panels are filled up to groups of four, and have some slack.
  constexpr Index kGroup = 4, kSlack = 4096;
  const auto filled = [](Index size) { return ceil_div(size, kGroup) * kGroup; };
  Index elements = 0, bytes = 0;
  const bool fits = multiply(filled(rows), filled(cols), elements) && multiply(elements, size_of(type), bytes);
  if (fits && bytes <= std::numeric_limits<Index>::max() - kSlack) return {};
  return {Cause::bad_shape, "a", text(rows, " x ", cols, ": more than 2^63 bytes")};
}

// Sparse formats keep column and row numbers in 32 bits.
Status validate_sparse_limits(Index rows, Index cols) {
  constexpr Index kLimit = std::numeric_limits<std::int32_t>::max();
  if (rows <= kLimit && cols <= kLimit) return {};
  return {Cause::bad_shape, "a", text(rows, " x ", cols, ": sparse formats index up to ", kLimit)};
}

// s8 and u8 mix; every other type keeps to itself.
bool multiply_each_other(Type a, Type b) { return a == b || (size_of(a) == 1 && size_of(b) == 1); }

Status validate_types(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  const Type type = a.type(), acc = accumulator_of(type);
  if (type == Type::s32) return {Cause::bad_type, "a", "s32 is an output type"};
  if (!multiply_each_other(type, b.type)) {
    return {Cause::bad_type, "b", text(name(b.type), " is not multiplied with an a of ", name(type))};
  }
  if (c.type == acc || (is_narrow_float(type) && c.type == type)) return {};
  if (acc == Type::s32 && options.epilogue.requantise.enabled()) return {};  // see validate_epilogue()
  const std::string narrowed = is_narrow_float(type) ? text(" and may be narrowed to ", name(type))
                               : acc == Type::s32 && is_requantised(c.type) ? " and are not requantised"
                                                                            : "";
  return {Cause::bad_type, "c", text("is ", name(c.type), ", the sums are ", name(acc), narrowed)};
}

// Through memory: GCC 12 drops the conversion when two of these stand side by side.
double rounded_to_f32(double value) {
  volatile float rounded = static_cast<float>(value);
  return rounded;
}

Status validate_scale(double value, Type acc, const char* argument) {
  if (acc != Type::s32) return {};
  using Range = std::numeric_limits<std::int32_t>;
  if (value == std::trunc(value) && value >= Range::min() && value <= Range::max()) return {};
  return {Cause::bad_option, argument, text(value, ": integer products take whole numbers of 32 bits")};
}

Status validate_preload(const Matrix& c, const GemmOptions& options) {
  const ConstMatrix& preload = options.preload;
  const Type acc = accumulator_of(c.type);
  if (preload.data == nullptr) return {};
  if (Status status = validate_view(preload, "options.preload"); !status.ok()) return status;
  if (preload.type != acc) {
    return {Cause::bad_type, "options.preload", text("is ", name(preload.type), ", the sums are ", name(acc))};
  }
  if (preload.rows != c.rows || preload.cols != c.cols) {
    return shape_mismatch("options.preload", preload.rows, preload.cols, c.rows, c.cols);
  }
  if (options.alpha != 1 || options.beta != 0) {
    return {Cause::bad_option, "options.preload", "needs alpha = 1 and beta = 0"};
  }
  return {};
}

// Every k of a row in ascending order and no array's tiles: what in-order csOS does.
bool holds_plain_order(Format format) { return format == Format::csr || format > Format::csb; }

// A packed A fits the named dataflow, or says how it was packed.
Status validate_packed_fit(const PackedMatrix& a, const GemmOptions& options) {
  const PackOptions& own = a.options();
  if (own.side != Side::left) return {Cause::bad_option, "a", "was packed as the right operand"};
  if (options.a_zero_point != 0 && options.a_zero_point != own.zero_point) {
    return {Cause::bad_option, "options.a_zero_point",
            text(options.a_zero_point, ", but a was packed with zero point ", own.zero_point)};
  }
  const GemmOptions wanted = resolved(Weights(a), options);
  const PackOptions need = packing_for(wanted);
  const auto refuse = [&](const std::string& why) {
    return Status(
        Cause::bad_option, "options.dataflow",
        text(name(wanted.dataflow), ": a was packed as ", name(own.format), " for ", name(own.dataflow), why));
  };
  if (holds_plain_order(own.format)) {
    const bool same_order = wanted.dataflow == Dataflow::csOS && wanted.combine.policy == CombinePolicy::in_order;
    return same_order ? Status() : refuse(text("; ", name(own.format), " has the order of in-order csOS"));
  }
  if (need.format != own.format) return refuse("");
  if (own.format == Format::dense) return {};
  const bool by_rows = wanted.dataflow == Dataflow::sIS;
  if (by_rows != (own.dataflow == Dataflow::sIS)) return refuse("");
  const auto tile = [](const PackOptions& o) { return o.dataflow == Dataflow::sWS ? o.array.width : o.array.height; };
  if (tile(need) != tile(own)) return refuse(text(" with tiles of ", tile(own), ", not ", tile(need)));
  if (own.format == Format::csb &&
      (need.combine.lanes != own.combine.lanes || need.combine.policy != own.combine.policy ||
       need.combine.window != own.combine.window)) {
    return refuse(" with other column combining");
  }
  return {};
}

Status validate_options(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  Status status = validate_array(options.array);
  if (status.ok()) status = validate_combine(options.combine);
  if (status.ok()) status = validate_zero_point(options.a_zero_point, a.type(), "options.a_zero_point");
  if (status.ok()) status = validate_zero_point(options.b_zero_point, b.type, "options.b_zero_point");
  const Type acc = accumulator_of(a.type());
  if (status.ok()) status = validate_scale(options.alpha, acc, "options.alpha");
  if (status.ok()) status = validate_scale(options.beta, acc, "options.beta");
  if (status.ok()) status = validate_accumulators(a.type(), options);
  if (status.ok()) status = validate_epilogue(acc, c, options);
  if (status.ok()) status = validate_preload(c, options);
  if (!status.ok()) return status;
  if (options.threads < 0 || options.threads > kMaxThreads) {
    return {Cause::bad_option, "options.threads", text(options.threads, " is outside 0 to ", kMaxThreads)};
  }
  if (options.fold_depth < 0)
    return {Cause::bad_option, "options.fold_depth", text(options.fold_depth, " is negative")};
  if (options.fold_depth != 0 && options.accumulate != Accumulate::fold_then_add) {
    return {Cause::bad_option, "options.fold_depth", "only fold_then_add has folds to be deep"};
  }
  if (a.packed() != nullptr) {
    if (status = validate_packed_fit(*a.packed(), options); !status.ok()) return status;
  }
  const Dataflow dataflow = resolved(a, options).dataflow;
  if (options.accumulate == Accumulate::fold_then_add && is_output_stationary(dataflow)) {
    return {Cause::bad_option, "options.accumulate",
            text(name(dataflow), " keeps its sums in the array: there is no fold-then-add")};
  }
  if (options.strict_nonfinite && options.accumulate == Accumulate::fold_then_add) {
    return {Cause::bad_option, "options.strict_nonfinite", "not under fold_then_add"};
  }
  if (options.strict_nonfinite && options.flush_subnormals) {
    return {Cause::bad_option, "options.strict_nonfinite", "not with flush_subnormals, which makes zeros of its own"};
  }
  return {};
}

}  // namespace

Status validate_view(const ConstMatrix& view, const char* argument) {
  if (view.rows < 0 || view.cols < 0) {
    return {Cause::bad_shape, argument, text(view.rows, " x ", view.cols, ": a negative dimension")};
  }
  if (view.rows == 0 || view.cols == 0) return {};
  if (view.data == nullptr) return {Cause::bad_pointer, argument, text("null, but ", view.rows, " x ", view.cols)};
  // Half of the address space is a bound that no real operand meets and that keeps every later sum of offsets exact.
  constexpr Index kLimit = Index{1} << 61;
  Index across = 0, down = 0, elements = 0;
  if (!multiply(view.rows - 1, view.row_stride, down) || !multiply(view.cols - 1, view.col_stride, across) ||
      !multiply(view.rows, view.cols, elements) || std::abs(down) > kLimit / 8 || std::abs(across) > kLimit / 8) {
    return {Cause::bad_stride, argument,
            text(view.rows, " x ", view.cols, " with strides ", view.row_stride, ", ", view.col_stride,
                 ": beyond 64-bit addresses")};
  }
  return {};
}

Status validate_pack(const Weights& a, const PackOptions& options) {
  Status status = validate_weights(a);
  if (!status.ok()) return status;
  return validate_packing(resolved(a, options), a.type(), a.rows(), a.cols(), a.sparse() != nullptr);
}

Status validate_packing(const PackOptions& chosen, Type type, Index rows, Index cols, bool sparse_view) {
  Status status = validate_array(chosen.array);
  if (status.ok()) status = validate_combine(chosen.combine);
  if (!status.ok()) return status;
  if (type == Type::s32) return {Cause::bad_type, "a", "s32 is an output type"};
  if (status = validate_zero_point(chosen.zero_point, type, "options.zero_point"); !status.ok()) return status;
  if (status = validate_extent(rows, cols, type); !status.ok()) return status;
  if (status = validate_format_options(chosen); !status.ok()) return status;
  const bool fits = chosen.format == Format::dense ? !is_sparse(chosen.dataflow)
                    : chosen.format == Format::tsb ? is_sparse(chosen.dataflow) && chosen.dataflow != Dataflow::csOS
                    : holds_plain_order(chosen.format)
                        ? chosen.dataflow == Dataflow::csOS && chosen.combine.policy == CombinePolicy::in_order
                        : chosen.dataflow == Dataflow::csOS;
  if (chosen.side == Side::right && chosen.format != Format::dense) {
    return {Cause::bad_option, "options.side",
            text("the right operand is packed as dense, not as ", name(chosen.format))};
  }
  if (!fits) {
    return {Cause::bad_option, "options.format",
            text(name(chosen.format), " is not what ", name(chosen.dataflow), " streams")};
  }
  return chosen.format == Format::dense && !sparse_view ? Status() : validate_sparse_limits(rows, cols);
}

namespace {

// The other matrix of an unpacking or an update, `a`, is as the packed one.
Status validate_same(const PackedMatrix& packed, Index rows, Index cols, Type type) {
  if (rows != packed.rows() || cols != packed.cols()) {
    return shape_mismatch("a", rows, cols, packed.rows(), packed.cols());
  }
  if (type == packed.type()) return {};
  return {Cause::bad_type, "a", text("is ", name(type), ", packed is ", name(packed.type()))};
}

}  // namespace

Status validate_update(const PackedMatrix& packed, const Weights& a) {
  if (packed.empty()) return {Cause::bad_pointer, "packed", "an empty PackedMatrix: nothing was packed into it"};
  const Status status = validate_weights(a);
  return status.ok() ? validate_same(packed, a.rows(), a.cols(), a.type()) : status;
}

Status validate_unpack(const PackedMatrix& packed, const Matrix& a) {
  if (packed.empty()) return {Cause::bad_pointer, "packed", "an empty PackedMatrix: nothing was packed into it"};
  Status status = validate_view(a, "a");
  if (status.ok()) status = validate_same(packed, a.rows, a.cols, a.type);
  if (!status.ok()) return status;
  if (overlaps_itself(a)) return {Cause::bad_stride, "a", "two elements share memory"};
  return {};
}

namespace {

// No more than the shape and type of a packed matrix.
ConstMatrix view_of(const PackedMatrix& x) { return {nullptr, x.type(), x.rows(), x.cols(), 0, 0}; }

// `b` has been looked at: a view, or that of a packed matrix.
Status validate_shapes_and_options(const Weights& a, const ConstMatrix& b, const Matrix& c,
                                   const GemmOptions& options) {
  Status status = validate_view(c, "c");
  if (status.ok()) status = validate_types(a, b, c, options);
  if (!status.ok()) return status;
  if (b.rows != a.cols()) return shape_mismatch("b", b.rows, b.cols, a.cols(), b.cols);
  if (c.rows != a.rows() || c.cols != b.cols) return shape_mismatch("c", c.rows, c.cols, a.rows(), b.cols);
  if (status = validate_extent(a.rows(), a.cols(), a.type()); !status.ok()) return status;
  Index outputs = 0, macs = 0;
  if (!multiply(c.rows, c.cols, outputs) || !multiply(outputs, a.cols(), macs)) {
    return {Cause::bad_shape, "a",
            text(a.rows(), " x ", a.cols(), " times ", b.cols, " columns: more than 2^63 products")};
  }
  if (status = validate_options(a, b, c, options); !status.ok()) return status;
  if (a.sparse() != nullptr || (a.packed() == nullptr && is_sparse(resolved(a, options).dataflow))) {
    if (status = validate_sparse_limits(a.rows(), a.cols()); !status.ok()) return status;
  }
  return {};
}

Status validate_apart(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  if (overlaps_itself(c)) return {Cause::bad_stride, "c", "two elements share memory"};
  if (a.dense() != nullptr && overlaps(c, *a.dense())) return {Cause::overlap, "c", "shares elements with a"};
  if (a.sparse() != nullptr && overlaps_sparse(c, *a.sparse())) {
    return {Cause::overlap, "c", "shares memory with the arrays of a"};
  }
  if (overlaps(c, b)) return {Cause::overlap, "c", "shares elements with b"};
  if (options.preload.data != nullptr && overlaps(c, options.preload)) {
    return {Cause::overlap, "c", "shares elements with options.preload"};
  }
  return validate_epilogue_overlap({c, 1, 0}, options.epilogue);
}

}  // namespace

Status validate_operands(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  Status status = validate_weights(a);
  if (status.ok()) status = validate_view(b, "b");
  return status.ok() ? validate_shapes_and_options(a, b, c, options) : status;
}

Status validate_operands(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c, const GemmOptions& options) {
  if (b.empty()) return {Cause::bad_pointer, "b", "an empty PackedMatrix: nothing was packed into it"};
  if (b.options().side != Side::right) return {Cause::bad_option, "b", "was packed as the left operand"};
  if (options.b_zero_point != 0 && options.b_zero_point != b.options().zero_point) {
    return {Cause::bad_option, "options.b_zero_point",
            text(options.b_zero_point, ", but b was packed with zero point ", b.options().zero_point)};
  }
  if (is_sparse(options.dataflow)) {
    return {Cause::bad_option, "options.dataflow",
            text(name(options.dataflow), ": a packed b has dense dataflows only")};
  }
  if (Status status = validate_view(a, "a"); !status.ok()) return status;
  return validate_shapes_and_options(a, view_of(b), c, options);
}

Status validate_gemm(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  const Status status = validate_operands(a, b, c, options);
  return status.ok() ? validate_apart(a, b, c, options) : status;
}

Status validate_gemm(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c, const GemmOptions& options) {
  const Status status = validate_operands(a, b, c, options);
  return status.ok() ? validate_apart(a, view_of(b), c, options) : status;
}

PackOptions resolved(const Weights& a, const PackOptions& options) {
  const bool is_sparse_form = a.sparse() != nullptr || (a.packed() != nullptr && a.packed()->format() != Format::dense);
  return resolved(options, is_sparse_form);
}

GemmOptions resolved(const Weights& a, GemmOptions options) {
  if (accumulator_of(a.type()) == Type::f32) {
    options.alpha = rounded_to_f32(options.alpha);
    options.beta = rounded_to_f32(options.beta);
  }
  if (a.packed() != nullptr) {
    const PackOptions& own = a.packed()->options();
    options.a_zero_point = own.zero_point;
    if (options.dataflow == Dataflow::automatic && own.format != Format::dense) {
      options.dataflow = own.dataflow;
      options.array = own.array;
      options.combine = own.combine;
    }
  }
  if (options.dataflow == Dataflow::automatic) {
    const bool folds = options.accumulate == Accumulate::fold_then_add;
    if (a.sparse() != nullptr) {
      options.dataflow = folds ? Dataflow::sWS : Dataflow::csOS;
    } else {
      options.dataflow = folds ? Dataflow::dWS : Dataflow::dOS;
    }
  }
  return options;
}

PackOptions packing_for(const GemmOptions& resolved) {
  PackOptions options;
  options.dataflow = resolved.dataflow;
  options.array = resolved.array;
  options.combine = resolved.combine;
  options.zero_point = resolved.a_zero_point;
  options.format = Format::automatic;
  // k-tiles are as deep as the folds.
  if (resolved.dataflow == Dataflow::sIS && resolved.fold_depth != 0) options.array.height = resolved.fold_depth;
  return detail::resolved(options, false);
}

}  // namespace septet::detail
