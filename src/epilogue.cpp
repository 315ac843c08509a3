// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "epilogue.hpp"

#include "kernels/dispatch.hpp"
#include "validate_epilogue.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace septet::detail {
namespace {

using kernels::FinishCall;
using kernels::RequantiseCall;
using kernels::RowOperand;

// Columns of a row that are finished at once: what is not contiguous is collected in buffers of this length.
constexpr Index kChunk = 256;

// round(x * y); integers modulo 2^32.
template <class T>
T scaled(T x, T y) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<std::uint32_t>(x) * static_cast<std::uint32_t>(y));
  } else {
    return x * y;
  }
}

// Columns [n, n + count) of row m: where they lie, or collected in `buffer`. The view may be absent.
template <class T>
RowOperand<T> row_of(const ConstMatrix& view, Index m, Index n, Index count, T* buffer) {
  if (view.data == nullptr) return {};
  const T* row = static_cast<const T*>(view.data) + m * view.row_stride + n * view.col_stride;
  if (view.col_stride == 0) return {row, true};
  if (view.col_stride == 1) return {row, false};
  for (Index j = 0; j < count; ++j) buffer[j] = row[j * view.col_stride];
  return {buffer, false};
}

// Columns [n, …) of row m of C.
template <class T>
T* row_of(const Matrix& c, Index m, Index n) {
  return static_cast<T*>(c.data) + m * c.row_stride + n * c.col_stride;
}

// Calls f with a null pointer of C's element type, which is the sums' type T or a float that widens to it.
template <class T, class F>
void with_stored(Type type, F&& f) {
  if constexpr (std::is_same_v<T, float>) {
    if (type == Type::bf16) return f(static_cast<bf16*>(nullptr));
    if (type == Type::f16) return f(static_cast<f16*>(nullptr));
  }
  f(static_cast<T*>(nullptr));
}

// C's old elements: as row_of() a view, but widened.
template <class T>
RowOperand<T> old_of(const Matrix& c, Index m, Index n, Index count, T* buffer) {
  if (!is_narrow_float(c.type)) return row_of(ConstMatrix(c), m, n, count, buffer);
  with_stored<T>(c.type, [&](auto* tag) {
    const auto* row = row_of<std::remove_pointer_t<decltype(tag)>>(c, m, n);
    for (Index j = 0; j < count; ++j) buffer[j] = static_cast<T>(row[j * c.col_stride]);
  });
  return {buffer, false};
}

// to[0], to[stride], … <- from[0 … count)
template <class T, class To>
void scatter(const T* from, Index count, To* to, Index stride) {
  if (stride == 1) {
    for (Index j = 0; j < count; ++j) to[j] = static_cast<To>(from[j]);
  } else {
    for (Index j = 0; j < count; ++j) to[j * stride] = static_cast<To>(from[j]);
  }
}

// Calls f with a null pointer of the accumulator type.
template <class F>
void with_accumulator(Type type, F&& f) {
  if (type == Type::f32) return f(static_cast<float*>(nullptr));
  if (type == Type::f64) return f(static_cast<double*>(nullptr));
  return f(static_cast<std::int32_t*>(nullptr));
}

void run(const kernels::EpilogueKernels& kernels, const FinishCall<float>& call) { kernels.finish_f32(call); }
void run(const kernels::EpilogueKernels& kernels, const FinishCall<double>& call) { kernels.finish_f64(call); }
void run(const kernels::EpilogueKernels& kernels, const FinishCall<std::int32_t>& call) { kernels.finish_s32(call); }

// One tile's way from its sums to C.
template <class T>
class Ending {
 public:
  Ending(const Matrix& c, const GemmOptions& options, const kernels::EpilogueKernels& kernels, bool unchanged, T* acc,
         Index ld, const Tile& tile)
      : c_(c), epilogue_(options.epilogue), kernels_(kernels), unchanged_(unchanged), acc_(acc), ld_(ld), tile_(tile) {
    base_.scaled = options.alpha != 1;
    base_.alpha = static_cast<T>(options.alpha), base_.beta = static_cast<T>(options.beta);
    base_.activation = epilogue_.activation;
    reads_old_ = base_.scaled && options.beta != 0;
    const bool only_bias = !base_.scaled && epilogue_.scale.data == nullptr && epilogue_.residual.data == nullptr &&
                           epilogue_.activation == Activation::none && epilogue_.function.call == nullptr;
    requantises_bias_ = epilogue_.requantise.enabled() && only_bias;
    if (epilogue_.requantise.enabled()) {
      const Requantise& r = epilogue_.requantise;
      const OutputRange range = output_range(r, c.type);
      requantise_.type = c.type, requantise_.rounding = r.rounding, requantise_.overflow = r.overflow;
      requantise_.zero_point = r.zero_point, requantise_.low = range.low, requantise_.high = range.high;
    }
  }

  // Row by row, so that a row's sums stay in the first-level cache; the caller's function wants them all.
  void run_tile() {
    if (requantises_bias_ && requantise_tile()) return;
    const bool has_function = epilogue_.function.call != nullptr;
    for (Index m = tile_.m0; m < tile_.m1; ++m) {
      for_each_chunk([&](Index n, Index count) {
        const bool stored = finish(m, n, count, !has_function);
        if (!has_function && !stored) store(m, n, count);
      });
    }
    if (!has_function) return;
    epilogue_.function.call(epilogue_.function.user, tile_);
    for (Index m = tile_.m0; m < tile_.m1; ++m) {
      for_each_chunk([&](Index n, Index count) { store(m, n, count); });
    }
  }

 private:
  template <class F>
  void for_each_chunk(F&& f) const {
    for (Index n = tile_.n0; n < tile_.n1; n += kChunk) f(n, std::min(kChunk, tile_.n1 - n));
  }
  T* sums(Index m, Index n) const { return acc_ + (m - tile_.m0) * ld_ + (n - tile_.n0); }

  // Everything up to the caller's function, in place, or right into C (true) if that is all there is.
  bool finish(Index m, Index n, Index count, bool may_store) {
    if (unchanged_ || requantises_bias_) return false;
    T buffers[4][kChunk];
    FinishCall<T> call = base_;
    call.sums = sums(m, n), call.count = count;
    if (reads_old_) call.old = old_of(c_, m, n, count, buffers[0]);
    call.scale = row_of(epilogue_.scale, m, n, count, buffers[1]);
    call.bias = row_of(epilogue_.bias, m, n, count, buffers[2]);
    call.residual = row_of(epilogue_.residual, m, n, count, buffers[3]);
    const bool direct = may_store && c_.col_stride == 1 && c_.type == accumulator_of(c_.type);
    call.out = direct ? row_of<T>(c_, m, n) : sums(m, n);
    run(kernels_, call);
    return direct;
  }

  void store(Index m, Index n, Index count) {
    if constexpr (std::is_same_v<T, std::int32_t>) {
      if (epilogue_.requantise.enabled()) return requantise(m, n, count);
    }
    with_stored<T>(c_.type, [&](auto* tag) {
      scatter(sums(m, n), count, row_of<std::remove_pointer_t<decltype(tag)>>(c_, m, n), c_.col_stride);
    });
  }

  // All rows at once, if every operand is the same in each.
  bool requantise_tile() {
    const Requantise& r = epilogue_.requantise;
    for (const ConstMatrix* view : {&epilogue_.bias, &r.multiplier, &r.shift, &r.scale}) {
      if (view->data != nullptr && (view->row_stride != 0 || view->col_stride > 1 || view->col_stride < 0))
        return false;
    }
    if (c_.col_stride != 1) return false;
    RequantiseCall call = requantise_;
    const Index n = tile_.n0, count = tile_.n1 - n;
    call.sums = reinterpret_cast<const std::int32_t*>(acc_), call.sums_row = ld_;
    call.count = count, call.rows = tile_.m1 - tile_.m0, call.out_row = c_.row_stride;
    const auto operand = [&](const ConstMatrix& view) { return row_of<std::int32_t>(view, 0, n, count, nullptr); };
    call.bias = operand(epilogue_.bias), call.multiplier = operand(r.multiplier), call.shift = operand(r.shift);
    call.scale = row_of<float>(r.scale, 0, n, count, nullptr);
    call.out = static_cast<char*>(c_.data) + (tile_.m0 * c_.row_stride + n) * size_of(c_.type);
    kernels_.requantise(call);
    return true;
  }

  void requantise(Index m, Index n, Index count) {
    std::int32_t buffers[3][kChunk];
    float scales[kChunk];
    std::int16_t collected[kChunk];  // or bytes
    const Requantise& r = epilogue_.requantise;
    RequantiseCall call = requantise_;
    call.sums = reinterpret_cast<const std::int32_t*>(sums(m, n)), call.count = count;
    if (requantises_bias_) call.bias = row_of(epilogue_.bias, m, n, count, buffers[2]);
    call.multiplier = row_of(r.multiplier, m, n, count, buffers[0]);
    call.shift = row_of(r.shift, m, n, count, buffers[1]);
    call.scale = row_of(r.scale, m, n, count, scales);
    if (c_.type == Type::s16) return requantise_into(row_of<std::int16_t>(c_, m, n), call, collected);
    requantise_into(row_of<std::uint8_t>(c_, m, n), call, reinterpret_cast<std::uint8_t*>(collected));
  }

  template <class Out>
  void requantise_into(Out* out, RequantiseCall& call, Out* collected) {
    call.out = c_.col_stride == 1 ? out : collected;
    kernels_.requantise(call);
    if (c_.col_stride != 1) scatter(collected, call.count, out, c_.col_stride);
  }

  const Matrix& c_;
  const Epilogue& epilogue_;
  const kernels::EpilogueKernels& kernels_;
  bool unchanged_;
  T* acc_;
  Index ld_;
  Tile tile_;
  bool reads_old_ = false;
  bool requantises_bias_ = false;  // nothing happens to a sum before that but its bias
  FinishCall<T> base_;
  RequantiseCall requantise_;
};

// sums[i][j] <- round(factor * from(i, j)), whose elements are of type From.
template <class From, class T>
void fill_from(const ConstMatrix& from, T factor, T* sums, const Tile& tile) {
  const Index cols = tile.n1 - tile.n0, stride = from.col_stride;
  for (Index m = tile.m0; m < tile.m1; ++m, sums += tile.ld) {
    const From* row = static_cast<const From*>(from.data) + m * from.row_stride + tile.n0 * stride;
    if (stride == 1) {
      for (Index j = 0; j < cols; ++j) sums[j] = scaled(factor, static_cast<T>(row[j]));
    } else {
      for (Index j = 0; j < cols; ++j) sums[j] = scaled(factor, static_cast<T>(row[j * stride]));
    }
  }
}

template <class T>
void begin_block(const Matrix& c, const GemmOptions& o, const Tile& tile) {
  T* sums = static_cast<T*>(tile.sums);
  if (o.preload.data != nullptr) {
    fill_from<T>(o.preload, T{1}, sums, tile);
  } else if (o.alpha == 1 && o.beta != 0) {
    with_stored<T>(c.type, [&](auto* tag) {
      fill_from<std::remove_pointer_t<decltype(tag)>>(ConstMatrix(c), static_cast<T>(o.beta), sums, tile);
    });
  } else {
    for (Index m = tile.m0; m < tile.m1; ++m, sums += tile.ld) std::fill(sums, sums + (tile.n1 - tile.n0), T{0});
  }
}

// Sums as an accumulator keeps them.
template <class T>
void narrow_block(const kernels::NarrowSum& to, const Tile& tile) {
  const Index count = tile.n1 - tile.n0;
  T* sums = static_cast<T*>(tile.sums);
  for (Index m = tile.m0; m < tile.m1; ++m, sums += tile.ld) {
    for (Index j = 0; j < count; ++j) sums[j] = kernels::rounded(to, sums[j]);
  }
}

// Of 32 bits the low ones, sign-extended.
void wrap_block(int shift, const Tile& tile) {
  const Index count = tile.n1 - tile.n0;
  auto* sums = static_cast<std::int32_t*>(tile.sums);
  for (Index m = tile.m0; m < tile.m1; ++m, sums += tile.ld) {
    for (Index j = 0; j < count; ++j) {
      sums[j] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[j]) << shift) >> shift;
    }
  }
}

}  // namespace

TileEpilogue::TileEpilogue(const Matrix& c, const GemmOptions& options)
    : c_(c), options_(options), kernels_(&kernels::epilogue_kernels()) {
  const Epilogue& e = options_.epilogue;
  unchanged_ = options_.alpha == 1 && e.scale.data == nullptr && e.bias.data == nullptr && e.residual.data == nullptr &&
               e.activation == Activation::none;
  narrows_ = kernels::narrows(options);
  starts_ = options.preload.data != nullptr || (options.alpha == 1 && options.beta != 0);
  if (narrows_) total_ = kernels::narrow_of(accumulator_of(c.type), options).total;
  plain_ = !narrows_ && unchanged_ && e.function.call == nullptr && (options_.beta == 0 || options_.beta == 1) &&
           c.type == accumulator_of(c.type);
}

void TileEpilogue::begin(Index m0, Index m1, Index n0, Index n1, void* acc, Index ld) const {
  const Type type = accumulator_of(c_.type);
  with_accumulator(type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    const Tile tile{acc, type, ld, m0, m1, n0, n1};
    begin_block<T>(c_, options_, tile);
    if (narrows_ && starts_) narrow_block<T>(total_, tile);  // a 0 stays one
  });
}

void TileEpilogue::end(Index m0, Index m1, Index n0, Index n1, void* acc, Index ld) const {
  const Type type = accumulator_of(c_.type);
  with_accumulator(type, [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    const Tile tile{acc, type, ld, m0, m1, n0, n1};
    // Kernels that know 32 bits alone have added modulo 2^32: the same low bits.
    if (total_.shift != 0) wrap_block(total_.shift, tile);
    Ending<T>(c_, options_, *kernels_, unchanged_, static_cast<T*>(acc), ld, tile).run_tile();
  });
}

GemmOptions transposed_ends(GemmOptions options) {
  Epilogue& e = options.epilogue;
  for (ConstMatrix* view : {&options.preload, &e.scale, &e.bias, &e.residual, &e.requantise.multiplier,
                            &e.requantise.shift, &e.requantise.scale}) {
    std::swap(view->rows, view->cols);
    std::swap(view->row_stride, view->col_stride);
  }
  return options;
}

}  // namespace septet::detail
