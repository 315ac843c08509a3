// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "cycle_request.hpp"

#include "memory_model.hpp"
#include "reporting.hpp"
#include "src/validate_accumulators.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <utility>

namespace septet::emulation::cycle_model {
namespace {

Status check_sizes(const Request& r) {
  const bool shape_only = r.a == nullptr;
  const auto negative = [](const char* argument) {
    return Status(Cause::bad_shape, argument, "a dimension is negative");
  };
  if (r.m < 0) return negative(shape_only ? "m" : "a");
  if (r.k < 0) return negative(shape_only ? "k" : "a");
  if (r.n < 0) return negative("n");
  constexpr Wide kLimit = std::numeric_limits<Index>::max();
  const Wide mk = static_cast<Wide>(r.m) * r.k;
  const Wide mn = static_cast<Wide>(r.m) * r.n;
  const Wide kn = static_cast<Wide>(r.k) * r.n;
  // mk comes first: below 2^63, it can be multiplied once more within 128 bits.
  if (mk > kLimit) return {Cause::bad_shape, shape_only ? "m" : "a", "m * k is beyond 64 bits"};
  if (mn > kLimit) return {Cause::bad_shape, "n", "m * n is beyond 64 bits"};
  if (kn > kLimit) return {Cause::bad_shape, "n", "k * n is beyond 64 bits"};
  if (mk * r.n > kLimit) return {Cause::bad_shape, "n", "m * n * k is beyond 64 bits"};
  return {};
}

Status check_types(const Request& r) {
  if (r.a_type == Type::s32) return {Cause::bad_type, r.a == nullptr ? "a_type" : "a", "s32 is an output type only"};
  const auto byte = [](Type type) { return type == Type::s8 || type == Type::u8; };
  if (r.a_type == r.b_type || (byte(r.a_type) && byte(r.b_type))) return {};
  return {Cause::bad_type, "b_type", std::string(name(r.a_type)) + " is not multiplied with " + name(r.b_type)};
}

Status check_zero_point(Type type, int zero_point, const char* argument) {
  const int low = type == Type::s8 ? -128 : 0;
  const int high = type == Type::s8 ? 127 : type == Type::u8 ? 255 : 0;
  if (zero_point >= low && zero_point <= high) return {};
  return {Cause::bad_option, argument, std::to_string(zero_point) + " is no value of " + name(type)};
}

Status check_array(const GemmOptions& options, const ArrayOptions& array_options) {
  constexpr Index kMaxSide = 65536;
  const ArrayShape& array = options.array;
  const auto bad = [](const char* argument, std::string message) {
    return Status(Cause::bad_option, argument, std::move(message));
  };
  if (array.height < 1 || array.height > kMaxSide) return bad("options.array", "height is not in 1 to 65536");
  if (array.width < 1 || array.width > kMaxSide) return bad("options.array", "width is not in 1 to 65536");
  if (options.combine.lanes < 1 || options.combine.lanes > 256) {
    return bad("options.combine.lanes", "not in 1 to 256");
  }
  if (options.combine.window < 1 || options.combine.window > 1 << 20) {
    return bad("options.combine.window", "not in 1 to 2^20");
  }
  if (options.fold_depth != 0 && options.accumulate != Accumulate::fold_then_add) {
    return bad("options.fold_depth", "only fold_then_add has folds to be deep");
  }
  if (options.fold_depth != 0 && options.fold_depth != array.height) {
    return bad("options.fold_depth", std::to_string(options.fold_depth) + ": on an array only its height, " +
                                         std::to_string(array.height) + ", or 0");
  }
  if (array_options.bandwidth < 0) return bad("array_options.bandwidth", "negative");
  return {};
}

/// What gemm() asks of alpha, beta and the preload.
Status check_scalars(const Request& r, const GemmOptions& options) {
  if (is_integer(r.a_type)) {
    const auto whole = [](double x) { return x == std::trunc(x) && x >= -0x1p31 && x < 0x1p31; };
    if (!whole(options.alpha)) return {Cause::bad_option, "options.alpha", "not a whole number of 32 bits"};
    if (!whole(options.beta)) return {Cause::bad_option, "options.beta", "not a whole number of 32 bits"};
  }
  if (options.preload.data != nullptr && !(r.alpha_is_1 && r.beta_is_0)) {
    return {Cause::bad_option, "options.preload", "needs alpha = 1 and beta = 0"};
  }
  return {};
}

/// What `automatic` stands for on an array.
Dataflow resolve(const Weights* a, const GemmOptions& options) {
  if (options.dataflow != Dataflow::automatic) return options.dataflow;
  if (a != nullptr && a->packed() != nullptr && a->packed()->format() != Format::dense) {
    return a->packed()->options().dataflow;
  }
  const bool chained = options.accumulate == Accumulate::chained;
  if (a != nullptr && a->sparse() != nullptr) return chained ? Dataflow::csOS : Dataflow::sWS;
  return chained ? Dataflow::dOS : Dataflow::dWS;
}

/// Whether the product, which rounds alpha and beta to the accumulator type, takes `scalar` for 0 or 1. Stated as the
/// intervals that round to nearest even, so that neither the caller's rounding mode nor flushing matters. (Nor does
/// GCC 12.2 -O2, which vectorises a pair of x ? double(float(a)) : a into no conversion at all.)
bool rounds_to_0(double scalar, Type accumulator) {
  return std::abs(scalar) <= (accumulator == Type::f32 ? 0x1p-150 : 0.0);
}
bool rounds_to_1(double scalar, Type accumulator) {
  if (accumulator != Type::f32) return scalar == 1;
  return scalar >= 1 - 0x1p-25 && scalar <= 1 + 0x1p-24;
}

}  // namespace

Status check(const Request& r, const GemmOptions& options, const ArrayOptions& array_options) {
  if (Status status = check_sizes(r); !status) return status;
  if (Status status = check_types(r); !status) return status;
  if (Status status = check_array(options, array_options); !status) return status;
  if (Status status = check_zero_point(r.a_type, r.zero_point, "options.a_zero_point"); !status) return status;
  if (Status status = check_zero_point(r.b_type, options.b_zero_point, "options.b_zero_point"); !status) return status;
  if (Status status = check_scalars(r, options); !status) return status;
  if (Status status = detail::validate_accumulators(r.a_type, options); !status) return status;
  if (is_output_stationary(r.dataflow) && options.accumulate == Accumulate::fold_then_add) {
    return {Cause::bad_option, "options.accumulate", std::string(name(r.dataflow)) + " has no fold-then-add"};
  }
  if (Status status = check_word_bits(r.a_type, array_options.a_word_bits); !status) return status;
  Status memory =
      memory_model::check_memory(array_options, r.dataflow, options.array, options.combine.lanes, r.a_type, r.b_type);
  if (!memory.ok()) return memory;
  return r.a == nullptr ? Status() : check_pointers(*r.a);
}

Request request_of(const Weights* a, Type a_type, Type b_type, const GemmOptions& options) {
  Request r;
  r.a = a;
  r.a_type = a_type;
  r.b_type = b_type;
  r.zero_point = a != nullptr && a->packed() != nullptr ? a->packed()->options().zero_point : options.a_zero_point;
  r.dataflow = resolve(a, options);
  const Type accumulator = accumulator_of(a_type);
  r.alpha_is_0 = rounds_to_0(options.alpha, accumulator);
  r.alpha_is_1 = rounds_to_1(options.alpha, accumulator);
  r.beta_is_0 = rounds_to_0(options.beta, accumulator);
  r.preload = (r.alpha_is_1 && !r.beta_is_0) || options.preload.data != nullptr;
  return r;
}

Setting setting_of(const Request& r, const GemmOptions& options, const ArrayOptions& array_options) {
  Setting s;
  s.dataflow = r.dataflow;
  s.m = r.m;
  s.n = r.n;
  s.k = r.k;
  s.preload = r.preload;
  s.chained = options.accumulate == Accumulate::chained;
  s.height = options.array.height;
  s.width = options.array.width;
  s.lanes = options.combine.lanes;
  s.timing = array_options.timing;
  s.bandwidth = array_options.bandwidth;
  s.a_bits = word_bits(r.a_type, array_options.a_word_bits);
  s.b_size = size_of(r.b_type);
  s.c_size = size_of(accumulator_of(r.a_type));
  return s;
}

}  // namespace septet::emulation::cycle_model
