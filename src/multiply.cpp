// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "multiply.hpp"

#include "dense.hpp"
#include "driver.hpp"
#include "expand.hpp"
#include "explain.hpp"
#include "finite.hpp"
#include "small.hpp"
#include "sparse.hpp"
#include "steps.hpp"

#include <numeric>

namespace septet::detail {

// Formats whose zeros are multiplied like any weight; an update of values may have brought some to any of them. (CSB by
// first fit has an order of its own, which nothing else has: its zeros stay.)
bool stores_zeros(const PackedStorage& a) {
  const Format format = a.options.format;
  if (format == Format::csb && a.options.combine.policy == CombinePolicy::first_fit) return false;
  if (format == Format::tsb || format == Format::bsr || format == Format::nm) return true;
  Index padding = 0;
  if (format == Format::ell) {
    const EllArrays& ell = std::get<EllArrays>(a.arrays);
    padding = a.stored - std::accumulate(ell.row_length.begin(), ell.row_length.end(), Index{0});
  } else if (format == Format::sell) {
    const SellArrays& sell = std::get<SellArrays>(a.arrays);
    padding = a.stored - std::accumulate(sell.row_length.begin(), sell.row_length.end(), Index{0});
  }
  return a.stored - padding != a.nnz;
}

namespace {

// A sparse dataflow: the plan decides.
void multiply_sparse(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& given,
                     const GemmOptions& chosen, Explanation* instead) {
  std::shared_ptr<const PackedStorage> packed;
  if (a.packed() != nullptr) {
    packed = a.packed()->storage();
  } else {
    PackOptions packing = packing_for(chosen);
    // Where the caller left the choice to us, plain CSR holds the order of in-order csOS and needs no combining.
    const bool free_choice = given.dataflow == Dataflow::automatic && packing.format == Format::csb &&
                             packing.combine.policy == CombinePolicy::in_order;
    if (free_choice) packing.format = Format::csr;
    packed = pack_any(a, packing);
  }
  if (instead != nullptr) {
    instead->add("format",
                 joined(name(packed->options.format), ", ", packed->nnz, " of ", a.rows() * a.cols(), " not zero"),
                 a.packed() == nullptr ? "packed for this call"
                 : packed->why.empty() ? "packed beforehand"
                                       : packed->why);
  }
  // Zeros that the format stores would meet Inf or NaN: the elements alone, in the same order.
  if (chosen.strict_nonfinite && stores_zeros(*packed) && (instead != nullptr || !all_finite(b))) {
    if (instead == nullptr) {
      PackOptions elements = packed->options;
      elements.format = Format::csr, elements.dataflow = Dataflow::csOS;
      return multiply_lists(*pack_csr(csr_from(*packed), elements), b, c, chosen, nullptr);
    }
    instead->add("strict_nonfinite", "b is looked through", "elements alone are multiplied where it has Inf or NaN");
  }
  if (has_lists(*packed)) return multiply_lists(*packed, b, c, chosen, instead);
  const Plan plan = make_plan(a.rows(), b.cols, a.cols(), chosen, packed->live);
  if (can_expand(plan, *packed)) return multiply_expanded(plan, *packed, b, c, chosen, instead);
  run(plan, strips_of(*packed, plan).get(), packed.get(), b, chosen.b_zero_point, TileEpilogue(c, chosen),
      accumulator_of(a.type()), chosen, instead);
}

}  // namespace

// A dense product, or the ends of one that has no middle.
void multiply(const DenseOperand& a, const DenseOperand& b, const Matrix& c, const GemmOptions& chosen,
              Explanation* instead) {
  const bool multiplies = chosen.alpha != 0 && a.k != 0 && c.rows != 0 && c.cols != 0;
  if (multiplies) return multiply_dense(a, b, c, chosen, instead);
  if (instead != nullptr) return instead->add("kernel", "none", "nothing to multiply: C alone decides");
  finish_without_product(c, chosen);
}

void multiply(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options,
              Explanation* instead) {
  const GemmOptions chosen = resolved(a, options);
  const bool multiplies = chosen.alpha != 0 && a.cols() != 0 && c.rows != 0 && c.cols != 0;
  if (multiplies && goes_by_steps(a.type(), chosen)) return multiply_by_steps(a, b, c, chosen, instead);
  if (a.sparse() != nullptr && !is_sparse(chosen.dataflow) && chosen.alpha != 0 && a.cols() != 0) {
    const auto dense = pack_any(a, packing_for(chosen));
    // What is unpacked here takes memory anyway: the caller's workspace is for those who need no more (gemm.hpp).
    GemmOptions own_memory = chosen;
    own_memory.workspace = nullptr, own_memory.workspace_bytes = 0;
    if (instead != nullptr)
      instead->add("format", "dense", "written out for this call: a dense dataflow was asked for");
    return multiply(DenseOperand::packed(*dense), DenseOperand::columns_of(b, chosen.b_zero_point), c, own_memory,
                    instead);
  }
  if (!is_sparse(chosen.dataflow) || chosen.alpha == 0 || a.cols() == 0) {
    const bool panels = a.packed() != nullptr && a.packed()->format() == Format::dense;
    if (instead != nullptr && panels && !a.packed()->storage()->why.empty()) {
      instead->add("format", "dense", a.packed()->storage()->why);
    }
    const DenseOperand left = panels ? DenseOperand::packed(*a.packed()->storage())
                              : a.dense() != nullptr
                                  ? DenseOperand::rows_of(*a.dense(), chosen.a_zero_point)
                                  : DenseOperand::rows_of({nullptr, a.type(), a.rows(), a.cols(), 0, 0}, 0);
    return multiply(left, DenseOperand::columns_of(b, chosen.b_zero_point), c, chosen, instead);
  }
  multiply_sparse(a, b, c, options, chosen, instead);
}

void multiply(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c, const GemmOptions& options,
              Explanation* instead) {
  GemmOptions chosen = resolved(a, options);
  if (chosen.alpha != 0 && a.cols != 0 && c.rows != 0 && c.cols != 0 && goes_by_steps(a.type, chosen)) {
    chosen.b_zero_point = b.options().zero_point;
    std::vector<std::byte> buffer;
    return multiply_by_steps(a, dense_form(b, chosen.b_zero_point, buffer), c, chosen, instead);
  }
  multiply(DenseOperand::rows_of(a, chosen.a_zero_point), DenseOperand::packed(*b.storage()), c, chosen, instead);
}

Status multiply_checked(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  const CallScope scope;
  return guarded([&]() -> Status {
    if (!environment_ok()) return environment_status();
    multiply(DenseOperand::rows_of(a, options.a_zero_point), DenseOperand::columns_of(b, options.b_zero_point), c,
             resolved(a, options));
    return {};
  });
}

bool multiply_if_small(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
  const FpEnvironment environment;  // asks for its kernels once: no need to pin a target
  return environment_ok() && run_small(a, b, c, options);
}

Status multiply_checked(const DenseOperand& a, const DenseOperand& b, const Matrix& c, const GemmOptions& options,
                        Explanation* instead) {
  const CallScope scope;
  return guarded([&]() -> Status {
    if (!environment_ok()) return environment_status();
    multiply(a, b, c, options, instead);
    return {};
  });
}

Explanation explain_checked(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options,
                            bool may_be_small) {
  Explanation result;
  const GemmOptions chosen = resolved(a, options);
  explain_product(a, b, c, options, chosen, result);
  if (const char* way = may_be_small ? explain_small(a, b, c, options) : nullptr; way != nullptr) {
    result.add("kernel", way);
    const ThreadChoice choice = choose_threads(options, a.rows * b.cols * a.cols);
    result.add("threads", "1", choice.count == 1 ? choice.why : "too little work to share");
  } else {
    multiply(a, b, c, chosen, &result);
  }
  return result;
}

}  // namespace septet::detail
