// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "expand.hpp"

#include "aligned_buffer.hpp"
#include "arithmetic.hpp"
#include "explain.hpp"
#include "kernels/expand.hpp"
#include "threads.hpp"

#include <algorithm>

namespace septet::detail {
namespace {

using kernels::ExpandCall;
using kernels::ExpandTile;

// Tiles that one thread takes at a time: an even number, the kernel has two side by side.
constexpr Index kTilesPerItem = 16;

class ExpandedProduct {
 public:
  ExpandedProduct(const Plan& plan, const PackedStorage& a, const ConstMatrix& b, const Matrix& c,
                  const GemmOptions& options)
      : plan_(plan),
        a_(a),
        c_(c),
        epilogue_(c, options),
        direct_(epilogue_.plain()),
        starts_(options.preload.data != nullptr || (options.alpha == 1 && options.beta != 0)),
        sums_(direct_ ? 0 : plan.m * plan.n * static_cast<Index>(sizeof(float))),
        run_(kernels::expand_kernels()->run[options.mac == Mac::unfused]) {
    call_.b = static_cast<const float*>(b.data);
    call_.b_step = b.row_stride, call_.b_col = b.col_stride;
    call_.c_row = direct_ ? c.row_stride : plan.n, call_.c_col = direct_ ? c.col_stride : 1;
    call_.cols = plan.n;
    call_.zero = !starts_;
  }

  Index items() const { return ceil_div(a_.tile_count(), kTilesPerItem); }
  bool direct() const { return direct_; }

  void item(Index number) const {
    const Index first = number * kTilesPerItem, last = std::min(first + kTilesPerItem, a_.tile_count());
    const Index m0 = first * a_.live->tile, m1 = std::min(last * a_.live->tile, plan_.m);
    if (starts_ && !direct_) epilogue_.begin(m0, m1, 0, plan_.n, row(m0), plan_.n);
    if (starts_ && direct_ && !epilogue_.starts_in_c()) begin_in_c(m0, m1);
    ExpandCall call = call_;
    for (Index t = first; t < last; t += 2) {
      call.tiles[0] = tile(t);
      call.tiles[1] = t + 1 < last ? tile(t + 1) : nothing(call.tiles[0]);
      run_(call);
    }
    if (!direct_) epilogue_.end(m0, m1, 0, plan_.n, row(m0), plan_.n);
  }

 private:
  float* row(Index m) const {
    if (direct_) return static_cast<float*>(c_.data) + m * c_.row_stride;
    return reinterpret_cast<float*>(sums_.data()) + m * plan_.n;
  }

  // A preload goes where C's elements lie, whatever their strides.
  void begin_in_c(Index m0, Index m1) const {
    for (Index m = m0; m < m1; ++m) {
      float start[kernels::kExpandCols];
      epilogue_.begin(m, m + 1, 0, plan_.n, start, plan_.n);
      for (Index j = 0; j < plan_.n; ++j) row(m)[j * call_.c_col] = start[j];
    }
  }

  ExpandTile tile(Index t) const {
    const TsbTile from = tsb_tile(a_, t);
    ExpandTile to;
    to.bits = from.bits, to.first_bit = from.stage2, to.rows = from.vector_bits;
    to.k = plan_.columns(t), to.steps = plan_.column_count(t);
    to.values = reinterpret_cast<const float*>(from.values);
    to.c = row(t * a_.live->tile);
    return to;
  }
  static ExpandTile nothing(const ExpandTile& like) {
    ExpandTile none = like;
    none.rows = none.steps = 0;
    return none;
  }

  const Plan& plan_;
  const PackedStorage& a_;
  const Matrix& c_;
  TileEpilogue epilogue_;
  bool direct_, starts_;
  AlignedBuffer sums_;
  void (*run_)(const ExpandCall&);
  ExpandCall call_;
};

}  // namespace

bool can_expand(const Plan& plan, const PackedStorage& a) {
  return a.options.format == Format::tsb && !a.by_rows() && a.type == Type::f32 && plan.cut() == 0 && plan.live &&
         plan.live->tile <= kernels::kExpandRows && plan.n <= kernels::kExpandCols &&
         kernels::expand_kernels() != nullptr;
}

void multiply_expanded(const Plan& plan, const PackedStorage& a, const ConstMatrix& b, const Matrix& c,
                       const GemmOptions& options, Explanation* instead) {
  if (plan.m == 0 || plan.n == 0) return;
  const ExpandedProduct product(plan, a, b, c, options);
  const ThreadChoice choice = choose_threads(options, a.nnz * plan.n);
  const auto threads = static_cast<int>(std::min<Index>(choice.count, product.items()));
  if (instead != nullptr) {
    instead->add("kernel", joined("f32 values expanded to the rows of a tile, ", plan.n, " columns"));
    instead->add("threads", joined(threads), choice.why);
    instead->add("blocks", joined(product.items(), " of ", kTilesPerItem, " tiles"));
    instead->add("b", "in place");
    instead->add("c", product.direct() ? "in place" : "from sums apart");
    return;
  }
  SharedItems items(product.items());
  run_team(options.parallel_for, threads, [&](int) { items.for_each([&](Index i) { product.item(i); }); });
}

}  // namespace septet::detail
