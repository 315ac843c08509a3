// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The cycle model: checks, then A's pattern (cycle_pattern), its tiles (cycle_tiles, cycle_combine), both kept
// (cycle_cache), their folds (cycle_folds), and here the report. Everything is derived from the dataflow contract
// (docs/dataflows.md); nothing of the Plan, the packing or the emulator is used, so that agreeing with them means
// something.
#include "septet/emulation/cycles.hpp"

#include "cycle_cache.hpp"
#include "cycle_folds.hpp"
#include "cycle_memory.hpp"
#include "reporting.hpp"
#include "src/validate_accumulators.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace septet::emulation {
namespace {

using namespace cycle_model;  // NOLINT(google-build-using-namespace): this file is its front door

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

/// Section 7: the phases, and what the bandwidth adds to them.
void report_cycles(const Setting& s, const Sequence& all, Into64& into_64, Report& report) {
  if (all.folds == 0) return;
  const bool overlapped = s.timing == Timing::overlapped;
  Wide cycles = all.lengths;
  Wide preload = all.folds * s.preload_cycles();
  Wide drain = all.folds * s.drain_cycles();
  Wide stream = all.sum.steps + all.folds * s.skew_cycles();
  if (overlapped) {
    preload = s.preload_cycles();
    drain = s.drain_cycles();
    const Wide rest = all.last_steps + s.skew_cycles();
    stream = all.starts + rest;
    cycles = preload + all.limited_starts + std::max(rest + drain, all.last_traffic);
  }
  report.cycles = into_64(cycles);
  report.cycles_preload = into_64(preload);
  report.cycles_stream = into_64(stream);
  report.cycles_drain = into_64(drain);
  report.cycles_stall = into_64(cycles - preload - stream - drain);
  report.utilization = static_cast<double>(report.macs_useful) /
                       (static_cast<double>(s.height * s.width) * static_cast<double>(report.cycles));
}

/// Outputs below which nothing of A lives: no fold writes them.
Wide unwritten_outputs(const Setting& s, const std::vector<Tile>& tiles) {
  Wide rows = is_input_stationary(s.dataflow) ? s.m : 0;
  for (const Tile& tile : tiles) {
    if (is_input_stationary(s.dataflow)) {
      rows -= (tile.live - tile.resumed) * tile.repeat;
    } else if (tile.live == 0) {
      rows += tile.height * tile.repeat;
    }
  }
  return rows * s.n;
}

Status cut(const Request& r, const Tiling& tiling, std::shared_ptr<const std::vector<Tile>>& tiles) {
  if (r.a != nullptr && is_sparse(tiling.dataflow)) return r.cache->cut(r.zero_point, tiling, tiles);
  tiles = std::make_shared<const std::vector<Tile>>(cut_full(r.m, r.k, tiling));
  return {};
}

/// docs/memory.md.
Status report_memory_system(const Request& r, const Setting& s, const std::vector<Tile>& tiles,
                            const MemorySystem& memory, Report& report) {
  if (!memory.given()) return {};
  std::shared_ptr<const Pattern> pattern;  // null: no zeros that a dataflow skips
  if (r.a != nullptr && is_sparse(s.dataflow) && !r.alpha_is_0) {
    if (Status status = r.cache->pattern(r.zero_point, s.dataflow, pattern); !status) return status;
  }
  memory_model::FoldTable folds;
  memory_model::Product product = memory_folds(s, tiles, pattern.get(), folds);
  product.unwritten_bytes = static_cast<Wide>(report.writes_without_fold) * s.c_size;
  return memory_model::report_memory(memory, product, folds, report);
}

Status report_product(const Request& r, const Setting& s, const Tiling& tiling, const MemorySystem& memory,
                      Report& report) {
  std::shared_ptr<const std::vector<Tile>> kept;
  if (Status status = cut(r, tiling, kept); !status) return status;
  const std::vector<Tile>& tiles = *kept;
  Index nnz = r.m * r.k;
  if (r.a != nullptr) {
    if (Status status = r.cache->count(r.zero_point, nnz); !status) return status;
  }
  const Sequence all = all_folds(s, tiles);

  Into64 into_64;
  Wide metadata = 0;
  for (const Tile& tile : tiles) metadata += tile_metadata(s, tile) * tile.repeat;
  const Wide values = is_sparse(s.dataflow) ? Wide{nnz} : static_cast<Wide>(r.m) * r.k;
  report.nnz = nnz;
  report.macs_useful = into_64(static_cast<Wide>(nnz) * r.n);
  report.folds = into_64(all.folds);
  report.macs_issued = into_64(all.sum.macs);
  report.reads_a_words = into_64(all.sum.reads_a);
  report.reads_b_words = into_64(all.sum.reads_b);
  report.reads_c_words = into_64(all.sum.reads_c);
  const Wide unwritten = unwritten_outputs(s, tiles);
  report.writes_c_words = into_64(all.sum.writes_c + unwritten);
  report.writes_without_fold = into_64(unwritten);
  report.a_bytes_values = into_64(s.a_bytes(values));
  report.a_bytes_metadata = into_64(metadata);
  report.zeros_injected = into_64(all.sum.injected);
  report.elements_skipped = into_64(dense_reads_a(s) - all.sum.reads_a - all.sum.injected);
  report_cycles(s, all, into_64, report);
  if (Status status = into_64.status(); !status) return status;
  return report_memory_system(r, s, tiles, memory, report);
}

Status evaluate(const Request& r, const GemmOptions& options, const ArrayOptions& array_options, Report& report) try {
  if (Status status = check(r, options, array_options); !status) return status;
  Report result;
  result.dataflow = r.dataflow;
  result.array_height = options.array.height;
  result.array_width = options.array.width;
  result.timing = array_options.timing;
  result.accumulate = options.accumulate;
  result.mac = options.mac;
  result.accumulator = options.accumulator;
  result.fold_accumulator = options.fold_accumulator;
  result.flush_subnormals = options.flush_subnormals;
  result.m = r.m;
  result.n = r.n;
  result.k = r.k;
  result.a_type = r.a_type;
  result.b_type = r.b_type;
  result.a_word_bits = array_options.a_word_bits;
  result.macs_dense = r.m * r.n * r.k;
  const Setting setting = setting_of(r, options, array_options);
  Status status;
  if (r.alpha_is_0) {
    // A and B are never read (section 6): no folds, and nothing known of A
    result.writes_c_words = result.writes_without_fold = r.m * r.n;
    status = report_memory_system(r, setting, {}, array_options.memory, result);
  } else {
    const Tiling tiling = tiling_of(r.dataflow, options.array, options.combine);
    status = report_product(r, setting, tiling, array_options.memory, result);
  }
  if (!status) return status;
  report = result;
  return {};
} catch (const std::bad_alloc&) {
  return {Cause::out_of_memory, "a", "no memory for A's pattern"};
} catch (const std::length_error&) {
  return {Cause::out_of_memory, "a", "no memory for A's pattern"};
}

Status evaluate_weights(CycleCache& cache, Index n, Type b_type, const GemmOptions& options,
                        const ArrayOptions& array_options, Report& report) {
  const Weights& a = cache.weights();
  if (a.packed() != nullptr && a.packed()->empty()) return {Cause::bad_pointer, "a", "the packed matrix is empty"};
  GemmOptions fitting = options;
  if (a.packed() != nullptr && a.packed()->format() != Format::dense && options.dataflow == Dataflow::automatic) {
    fitting.array = a.packed()->options().array;  // a sparse packing brings the array it was made for
    fitting.combine = a.packed()->options().combine;
  }
  Request r = request_of(&a, a.type(), b_type, fitting);
  r.cache = &cache;
  r.m = a.rows();
  r.n = n;
  r.k = a.cols();
  return evaluate(r, fitting, array_options, report);
}

}  // namespace

CycleModel::CycleModel(const Weights& a) : cache_(std::make_shared<CycleCache>(a)) {}

Status CycleModel::try_cycles(Index n, Type b_type, const GemmOptions& options, const ArrayOptions& array_options,
                              Report& report) const {
  return evaluate_weights(*cache_, n, b_type, options, array_options, report);
}

Report CycleModel::cycles(Index n, Type b_type, const GemmOptions& options, const ArrayOptions& array_options) const {
  Report report;
  throw_if_error(try_cycles(n, b_type, options, array_options, report));
  return report;
}

Status try_cycles(const Weights& a, Index n, Type b_type, const GemmOptions& options, const ArrayOptions& array_options,
                  Report& report) {
  CycleCache cache(a);
  return evaluate_weights(cache, n, b_type, options, array_options, report);
}

Report cycles(const Weights& a, Index n, Type b_type, const GemmOptions& options, const ArrayOptions& array_options) {
  Report report;
  throw_if_error(try_cycles(a, n, b_type, options, array_options, report));
  return report;
}

Status try_cycles(Index m, Index n, Index k, Type a_type, Type b_type, const GemmOptions& options,
                  const ArrayOptions& array_options, Report& report) {
  Request r = request_of(nullptr, a_type, b_type, options);
  r.m = m;
  r.n = n;
  r.k = k;
  return evaluate(r, options, array_options, report);
}

Report cycles(Index m, Index n, Index k, Type a_type, Type b_type, const GemmOptions& options,
              const ArrayOptions& array_options) {
  Report report;
  throw_if_error(try_cycles(m, n, k, a_type, b_type, options, array_options, report));
  return report;
}

}  // namespace septet::emulation
