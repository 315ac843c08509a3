// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet::gemm_batch from top to bottom: validate once, then one of three ways.
//
//   small products of floats      back to back, in one call of a kernel per thread where there is one for their shape
//   middling                      one product per thread at a time: nobody waits for anybody, and what a thread packs
//                                 stays in its own cache
//   large, or fewer than threads  one after the other, all threads in each
#include "dense.hpp"
#include "explain.hpp"
#include "multiply.hpp"
#include "septet/gemm.hpp"
#include "small.hpp"
#include "steps.hpp"
#include "threads.hpp"
#include "validate.hpp"
#include "validate_batch.hpp"
#include "workspace.hpp"

#include <algorithm>
#include <utility>

namespace septet {
namespace detail {
namespace {

// Threads cost a product of this many multiply-accumulates nothing to speak of (a millisecond of one core): not worth
// a workspace for each thread, and a thread that is left with the last product.
constexpr Index kSharedProduct = Index{1} << 26;

template <class View>
View item(View first, Index stride, Index i) {
  using Byte = std::conditional_t<std::is_const_v<std::remove_pointer_t<decltype(first.data)>>, const char, char>;
  first.data = static_cast<Byte*>(first.data) + i * stride * size_of(first.type);
  return first;
}

// More than threads are ever asked for is as good as the exact number.
Index macs_of(const Batch& batch) {
  constexpr Index kEnough = Index{1} << 40;
  const Index each = batch.c.rows * batch.c.cols * std::max<Index>(batch.a.cols, 1);
  return std::min(each, kEnough / 2) * std::min(batch.count, Index{1} << 20);
}

int threads_for(const Batch& batch, const GemmOptions& options) {
  return static_cast<int>(std::min<Index>(thread_count(options, macs_of(batch)), batch.count));
}

// f(begin, end, worker): equal shares of the items, side by side.
template <class F>
void share(Index count, int threads, const GemmOptions& options, F&& f) {
  if (threads <= 1) return f(Index{0}, count, 0);
  run_team(options.parallel_for, threads, [&](int worker) {
    const Index each = count / threads, longer = count % threads;
    const Index begin = worker * each + std::min<Index>(worker, longer);
    f(begin, begin + each + (worker < longer ? 1 : 0), worker);
  });
}

// The same products with C's columns contiguous: C^T = B^T * A^T has the same bits.
Batch with_rows_of_c(const Batch& x) {
  if (x.c.row_stride != 1 || x.c.col_stride == 1) return x;
  const auto transposed = [](auto view) {
    std::swap(view.rows, view.cols);
    std::swap(view.row_stride, view.col_stride);
    return view;
  };
  return {x.count, transposed(x.b), x.b_stride, transposed(x.a), x.a_stride, transposed(x.c), x.c_stride};
}

void run_small(const Batch& batch, const GemmOptions& options) {
  const SmallBatch products(batch, options);
  share(batch.count, threads_for(batch, options), options,
        [&](Index begin, Index end, int /*worker*/) { products.run(begin, end); });
}

enum class Way { small, shared, one_by_one };

// How a batch runs, with so many threads. `by_rows`: its own, with C's rows contiguous if they can be.
Way way_of(const Batch& batch, const Batch& by_rows, const GemmOptions& options, int threads) {
  if (SmallProduct::fits(by_rows.a, by_rows.b, by_rows.c, options)) return Way::small;
  const GemmOptions chosen = resolved(Weights(batch.a), options);
  const bool plans = is_sparse(chosen.dataflow) || goes_by_steps(batch.a.type, chosen);  // allocate as they go
  if (batch.count < threads || threads == 1 || plans) return Way::one_by_one;
  return macs_of({1, batch.a, 0, batch.b, 0, batch.c, 0}) < kSharedProduct ? Way::shared : Way::one_by_one;
}

void run_products(const Batch& batch, Index begin, Index end, const GemmOptions& options) {
  for (Index i = begin; i < end; ++i) {
    multiply(item(batch.a, batch.a_stride, i), item(batch.b, batch.b_stride, i), item(batch.c, batch.c_stride, i),
             options);
  }
}

// Workspace of all threads, the same on each.
struct SharedWorkspace {
  Index each = 0;  // bytes, whole cache lines
  Index total = 0;
};
SharedWorkspace workspace_of(const Batch& batch, const GemmOptions& options, Way way, int threads) {
  constexpr Index kLine = 64;
  GemmOptions chosen = resolved(Weights(batch.a), options);
  if (is_sparse(chosen.dataflow) || way == Way::small || goes_by_steps(batch.a.type, chosen)) return {};
  if (way == Way::shared) chosen.threads = 1;
  const Index bytes = dense_workspace_bytes(DenseOperand::rows_of(batch.a, chosen.a_zero_point),
                                            DenseOperand::columns_of(batch.b, chosen.b_zero_point), batch.c, chosen);
  if (way == Way::one_by_one || bytes == 0) return {bytes, bytes};
  const Index each = (bytes + kLine - 1) / kLine * kLine;
  return {each, each * threads};
}

void run_shared(const Batch& batch, const GemmOptions& options, const SharedWorkspace& workspace, int threads) {
  if (options.workspace_bytes < workspace.total) {
    throw Error({Cause::bad_option, "options.workspace_bytes",
                 std::to_string(options.workspace_bytes) + ", this batch needs " + std::to_string(workspace.total)});
  }
  share(batch.count, threads, options, [&](Index begin, Index end, int worker) {
    GemmOptions mine = options;
    mine.threads = 1;
    if (workspace.total > 0) {
      mine.workspace = static_cast<char*>(options.workspace) + worker * workspace.each;
      mine.workspace_bytes = workspace.each;
    }
    run_products(batch, begin, end, mine);
  });
}

// Of a batch that has been looked at.
void multiply(const Batch& batch, GemmOptions options) {
  if (batch.c.rows == 0 || batch.c.cols == 0) return;
  // The same for all of them, whatever set_threads() does meanwhile.
  if (options.threads == 0) options.threads = threads();
  const Batch by_rows = with_rows_of_c(batch);
  const int threads = threads_for(batch, options);
  const Way way = way_of(batch, by_rows, options, threads);
  if (way == Way::small) return run_small(by_rows, options);
  // All memory is claimed here, once: in a parallel region, or halfway, nobody could be told that there is none.
  const SharedWorkspace workspace = workspace_of(batch, options, way, threads);
  const Workspace own(options.workspace == nullptr ? workspace.total : 0);
  if (own.data() != nullptr) {
    options.workspace = own.data();
    options.workspace_bytes = workspace.total;
  }
  way == Way::shared ? run_shared(batch, options, workspace, threads) : run_products(batch, 0, batch.count, options);
}

}  // namespace

Status multiply_checked(const Batch& batch, const GemmOptions& options) {
  const CallScope scope;
  return guarded([&]() -> Status {
    if (!environment_ok()) return environment_status();
    multiply(batch, options);
    return {};
  });
}

Explanation explain_checked(const Batch& batch, const GemmOptions& options) {
  const Batch by_rows = with_rows_of_c(batch);
  const int threads = threads_for(batch, options);
  const Way way = way_of(batch, by_rows, options, threads);
  GemmOptions each = options;
  if (way == Way::shared) each.threads = 1;
  Explanation result;
  explain_product(batch.a, batch.b, batch.c, options, resolved(batch.a, options), result);
  result.add("batch", joined(batch.count, " products, ", threads, threads == 1 ? " thread" : " threads"),
             way == Way::small    ? "small: back to back, their tiles over the operands as they lie"
             : way == Way::shared ? "one product per thread at a time"
                                  : "one after the other, all threads in each");
  if (way != Way::small) multiply(Weights(batch.a), batch.b, batch.c, each, &result);
  return result;
}

}  // namespace detail

using namespace detail;

namespace {

Status run_batch(const Batch& batch, const GemmOptions& options) {
  return guarded([&]() -> Status {
    if (batch.count < 0) return {Cause::bad_shape, "count", std::to_string(batch.count) + " is negative"};
    if (Status status = environment_status(); !status.ok()) return status;
    if (!(obviously_valid(batch.a, batch.b, batch.c, options) && obviously_apart(batch))) {
      if (Status status = validate_batch(batch, options); !status.ok()) return status;
      Status status = validate_workspace(batch.all_a(), batch.all_b(), batch.all_c(), options);
      if (!status.ok()) return status;
    }
    multiply(batch, options);
    return {};
  });
}

}  // namespace

Status try_gemm_batch(Index count, const ConstMatrix& a, Index a_stride, const ConstMatrix& b, Index b_stride,
                      const Matrix& c, Index c_stride, const GemmOptions& options) {
  const CallScope scope;  // alpha and beta are rounded on this thread
  if (count == 0) return {};
  const Batch batch{count, a, a_stride, b, b_stride, c, c_stride};
  return told(
      "gemm_batch", [&] { return run_batch(batch, options); },
      [&] { return validate_batch(batch, options).ok() ? explain_checked(batch, options) : Explanation(); });
}

void gemm_batch(Index count, const ConstMatrix& a, Index a_stride, const ConstMatrix& b, Index b_stride,
                const Matrix& c, Index c_stride, const GemmOptions& options) {
  throw_if_error(try_gemm_batch(count, a, a_stride, b, b_stride, c, c_stride, options));
}

Index gemm_batch_workspace_bytes(Index count, const ConstMatrix& a, const ConstMatrix& b, const Matrix& c,
                                 const GemmOptions& options) {
  const Batch batch{count, with_data(a), 0, with_data(b), 0, with_data(c), 0};
  return bytes_unless_refused([&](Index& bytes) -> Status {
    if (count < 1) return {};
    if (Status status = validate_operands(batch.a, batch.b, batch.c, options); !status.ok()) return status;
    const int threads = threads_for(batch, options);
    // A batch of one is gemm()'s, too, which has more than one way for small products.
    const Way way = count == 1 ? Way::one_by_one : way_of(batch, with_rows_of_c(batch), options, threads);
    bytes = workspace_of(batch, options, way, threads).total;
    return {};
  });
}

}  // namespace septet
