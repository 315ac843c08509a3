// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "validate_sparse.hpp"

#include "arithmetic.hpp"
#include "explain.hpp"
#include "overlap.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

namespace septet::detail {
namespace {

// Majors of the offsets (rows, columns, block rows) and what they index; not COO's, which has none.
struct Compressed {
  const char* name;
  Index majors, minors;
};

Compressed compressed(const SparseView& view) {
  if (view.layout == SparseView::Layout::csr) return {"row ", view.rows, view.cols};
  if (view.layout == SparseView::Layout::csc) return {"column ", view.cols, view.rows};
  return {"block row ", view.rows / view.block_rows, view.cols / view.block_cols};
}

template <class I>
Status validate_indices(const SparseView& view, const char* argument) {
  const Compressed of = compressed(view);
  const Index majors = of.majors, minors = of.minors;
  const I* offsets = static_cast<const I*>(view.offsets);
  const I* indices = static_cast<const I*>(view.indices);
  if (offsets[0] != 0) return {Cause::bad_structure, argument, joined("the first offset is ", offsets[0], ", not 0")};
  for (Index i = 0; i < majors; ++i) {
    if (offsets[i + 1] < offsets[i]) {
      return {Cause::bad_structure, argument,
              joined(of.name, i, ": offsets decrease from ", offsets[i], " to ", offsets[i + 1])};
    }
  }
  if (offsets[majors] > 0 && (view.indices == nullptr || view.values == nullptr)) {
    return {Cause::bad_pointer, argument,
            joined(offsets[majors], " elements, but no ", view.indices ? "values" : "indices")};
  }
  for (Index i = 0; i < majors; ++i) {
    for (I p = offsets[i]; p < offsets[i + 1]; ++p) {
      if (indices[p] < 0 || indices[p] >= minors) {
        return {Cause::bad_structure, argument,
                joined(of.name, i, ": index ", indices[p], " is outside 0 to ", minors - 1)};
      }
      if (p > offsets[i] && indices[p] <= indices[p - 1]) {
        return {Cause::bad_structure, argument,
                joined(of.name, i, ": index ", indices[p], " follows ", indices[p - 1], "; indices must ascend")};
      }
    }
  }
  return {};
}

// No element twice: elements in order show it at once, others are sorted.
template <class I>
Status validate_once(const SparseView& view, const char* argument) {
  const I* rows = static_cast<const I*>(view.offsets);
  const I* cols = static_cast<const I*>(view.indices);
  const auto before = [&](Index p, Index q) { return rows[p] != rows[q] ? rows[p] < rows[q] : cols[p] < cols[q]; };
  Index p = 1;
  while (p < view.nnz && before(p - 1, p)) ++p;
  if (p >= view.nnz) return {};
  std::vector<Index> order(view.nnz);
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index x, Index y) { return before(x, y) || (!before(y, x) && x < y); });
  for (Index at = 1; at < view.nnz; ++at) {
    const Index first = order[at - 1], second = order[at];
    if (!before(first, second)) {
      return {Cause::bad_structure, argument,
              joined("element ", second, " is (", rows[second], ", ", cols[second], "), as element ", first,
                     " is; no element may be there twice")};
    }
  }
  return {};
}

template <class I>
Status validate_coordinates(const SparseView& view, const char* argument) {
  const I* rows = static_cast<const I*>(view.offsets);
  const I* cols = static_cast<const I*>(view.indices);
  for (Index p = 0; p < view.nnz; ++p) {
    if (rows[p] < 0 || rows[p] >= view.rows || cols[p] < 0 || cols[p] >= view.cols) {
      return {Cause::bad_structure, argument,
              joined("element ", p, ": (", rows[p], ", ", cols[p], ") is outside ", view.rows, " x ", view.cols)};
    }
  }
  return validate_once<I>(view, argument);
}

Status validate_coo(const SparseView& view, const char* argument) {
  Index bytes = 0;
  if (view.nnz < 0 || !multiply(view.nnz, 8, bytes)) {
    return {Cause::bad_shape, argument, joined(view.nnz, " elements: not a number of elements")};
  }
  if (view.nnz == 0) return {};
  if (view.offsets == nullptr || view.indices == nullptr || view.values == nullptr) {
    return {Cause::bad_pointer, argument,
            joined(view.nnz, " elements, but no ",
                   view.offsets == nullptr   ? "row indices"
                   : view.indices == nullptr ? "column indices"
                                             : "values")};
  }
  return view.index_bytes == 4 ? validate_coordinates<std::int32_t>(view, argument)
                               : validate_coordinates<std::int64_t>(view, argument);
}

Status validate_block_grid(const SparseView& view, const char* argument) {
  const Index height = view.block_rows, width = view.block_cols;
  if (height < 1 || width < 1) {
    return {Cause::bad_shape, argument, joined("blocks of ", height, " x ", width, ": each side must be 1 or more")};
  }
  if (view.rows % height != 0 || view.cols % width != 0) {
    return {Cause::bad_shape, argument,
            joined(view.rows, " x ", view.cols, " is no multiple of the blocks, ", height, " x ", width)};
  }
  return {};
}

// Every value of a BSR view can be counted in bytes.
Status validate_block_values(const SparseView& view, const char* argument) {
  const Index majors = compressed(view).majors;
  const Index blocks = view.index_bytes == 4 ? static_cast<const std::int32_t*>(view.offsets)[majors]
                                             : static_cast<const std::int64_t*>(view.offsets)[majors];
  Index area = 0, values = 0, bytes = 0;
  if (multiply(view.block_rows, view.block_cols, area) && multiply(blocks, area, values) &&
      multiply(values, 8, bytes)) {
    return {};
  }
  return {Cause::bad_shape, argument,
          joined(blocks, " blocks of ", view.block_rows, " x ", view.block_cols, ": more than 2^63 bytes")};
}

}  // namespace

Status validate_sparse(const SparseView& view, const char* argument) {
  if (view.rows < 0 || view.cols < 0) {
    return {Cause::bad_shape, argument, joined(view.rows, " x ", view.cols, ": a negative dimension")};
  }
  if (view.index_bytes != 4 && view.index_bytes != 8) {
    return {Cause::bad_type, argument, joined(view.index_bytes, "-byte indices: 4 or 8 are known")};
  }
  if (view.layout == SparseView::Layout::coo) return validate_coo(view, argument);
  const bool blocks = view.layout == SparseView::Layout::bsr;
  if (blocks) {
    if (Status status = validate_block_grid(view, argument); !status.ok()) return status;
  }
  if (view.offsets == nullptr) {
    if (compressed(view).majors == 0) return {};
    return {Cause::bad_pointer, argument, "no offsets"};
  }
  const Status status = view.index_bytes == 4 ? validate_indices<std::int32_t>(view, argument)
                                              : validate_indices<std::int64_t>(view, argument);
  return status.ok() && blocks ? validate_block_values(view, argument) : status;
}

bool overlaps_sparse(const ConstMatrix& c, const SparseView& a) {
  if (a.offsets == nullptr) return false;
  const auto touches = [&](const void* data, Index bytes) {
    return overlaps(c, ConstMatrix(data, Type::u8, 1, bytes, bytes, 1));
  };
  Index offsets = a.nnz, indices = a.nnz;  // elements of each array
  if (a.layout != SparseView::Layout::coo) {
    const Index majors = compressed(a).majors;
    offsets = majors + 1;
    indices = a.index_bytes == 4 ? static_cast<const std::int32_t*>(a.offsets)[majors]
                                 : static_cast<const std::int64_t*>(a.offsets)[majors];
  }
  const Index block = a.layout == SparseView::Layout::bsr ? a.block_rows * a.block_cols : 1;
  return touches(a.offsets, offsets * a.index_bytes) || touches(a.indices, indices * a.index_bytes) ||
         touches(a.values, indices * block * size_of(a.type));
}

}  // namespace septet::detail
