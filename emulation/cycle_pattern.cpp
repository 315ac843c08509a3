// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "cycle_pattern.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

namespace septet::emulation::cycle_model {
namespace {

Wide magnitude(Index stride) { return stride < 0 ? -static_cast<Wide>(stride) : stride; }

/// Floats by their bits without the sign: a comparison would take subnormals for zeros where the caller flushes them.
template <class T>
bool is_live(T value, T zero) {
  if constexpr (std::is_integral_v<T>) {
    return value != zero;
  } else {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(value));  // little-endian
    return bits << (65 - 8 * sizeof(value)) != 0;
  }
}

/// f(i, j, live) for every element, along the shorter stride first. `live`: not a zero; passed on, not branched on,
/// because to count without a branch is three times as quick. (To sort without one is not: tried.)
template <class T, class F>
void visit_dense(const ConstMatrix& a, T zero, F&& f) {
  const T* data = static_cast<const T*>(a.data);
  if (magnitude(a.row_stride) >= magnitude(a.col_stride)) {
    for (Index i = 0; i < a.rows; ++i) {
      for (Index j = 0; j < a.cols; ++j) {
        f(i, j, is_live(data[i * a.row_stride + j * a.col_stride], zero));
      }
    }
  } else {
    for (Index j = 0; j < a.cols; ++j) {
      for (Index i = 0; i < a.rows; ++i) {
        f(i, j, is_live(data[i * a.row_stride + j * a.col_stride], zero));
      }
    }
  }
}

/// In any order, as the arrays have it.
template <class T, class I, class F>
void visit_coordinates(const SparseView& a, T zero, F&& f) {
  for (Index p = 0; p < a.nnz; ++p) {
    f(Index{static_cast<const I*>(a.offsets)[p]}, Index{static_cast<const I*>(a.indices)[p]},
      is_live(static_cast<const T*>(a.values)[p], zero));
  }
}

template <class T, class I, class F>
void visit_blocks(const SparseView& a, T zero, F&& f) {
  const I* offsets = static_cast<const I*>(a.offsets);
  const T* values = static_cast<const T*>(a.values);
  const Index area = a.block_rows * a.block_cols, lines = offsets == nullptr ? 0 : a.rows / a.block_rows;
  for (Index line = 0; line < lines; ++line) {
    for (Index block = offsets[line]; block < offsets[line + 1]; ++block) {
      const Index left = static_cast<const I*>(a.indices)[block] * a.block_cols;
      for (Index e = 0; e < area; ++e) {
        f(line * a.block_rows + e / a.block_cols, left + e % a.block_cols, is_live(values[block * area + e], zero));
      }
    }
  }
}

template <class T, class I, class F>
void visit_sparse(const SparseView& a, T zero, F&& f) {
  if (a.layout == SparseView::Layout::coo) return visit_coordinates<T, I>(a, zero, f);
  if (a.layout == SparseView::Layout::bsr) return visit_blocks<T, I>(a, zero, f);
  const I* offsets = static_cast<const I*>(a.offsets);
  const I* indices = static_cast<const I*>(a.indices);
  const T* values = static_cast<const T*>(a.values);
  const bool by_row = a.layout == SparseView::Layout::csr;
  const Index majors = offsets == nullptr ? 0 : by_row ? a.rows : a.cols;
  for (Index v = 0; v < majors; ++v) {
    for (Index p = offsets[v]; p < offsets[v + 1]; ++p) {
      const bool live = is_live(values[p], zero);
      const Index minor = indices[p];
      by_row ? f(v, minor, live) : f(minor, v, live);
    }
  }
}

/// The dense or sparse view behind `a`; a packed matrix has been unpacked by then.
template <class T, class F>
void visit_typed(const Weights& a, T zero, F&& f) {
  if (const ConstMatrix* dense = a.dense()) return visit_dense<T>(*dense, zero, f);
  const SparseView& sparse = *a.sparse();
  if (sparse.index_bytes == 4) return visit_sparse<T, std::int32_t>(sparse, zero, f);
  visit_sparse<T, std::int64_t>(sparse, zero, f);
}

template <class F>
void visit(const Weights& a, int zero_point, F&& f) {
  const Type type = a.dense() != nullptr ? a.dense()->type : a.sparse()->type;
  if (type == Type::f32) visit_typed<float>(a, 0, f);
  if (type == Type::f64) visit_typed<double>(a, 0, f);
  if (type == Type::bf16) visit_typed<bf16>(a, {}, f);
  if (type == Type::f16) visit_typed<f16>(a, {}, f);
  if (type == Type::s16) visit_typed<std::int16_t>(a, 0, f);
  if (type == Type::s8) visit_typed<std::int8_t>(a, static_cast<std::int8_t>(zero_point), f);
  if (type == Type::u8) visit_typed<std::uint8_t>(a, static_cast<std::uint8_t>(zero_point), f);
}

Status broken(const SparseView& a, Index major, const std::string& what) {
  const char* line = a.layout == SparseView::Layout::csr   ? "row "
                     : a.layout == SparseView::Layout::csc ? "column "
                                                           : "block row ";
  return {Cause::bad_structure, "a", line + std::to_string(major) + ": " + what};
}

/// All offsets before any index: a wrong offset must not make this function read past the indices.
template <class I>
Status check_structure(const SparseView& a) {
  const I* offsets = static_cast<const I*>(a.offsets);
  const I* indices = static_cast<const I*>(a.indices);
  const bool by_row = a.layout != SparseView::Layout::csc;
  const bool blocks = a.layout == SparseView::Layout::bsr;
  const Index majors = by_row ? a.rows / (blocks ? a.block_rows : 1) : a.cols;
  const Index minors = by_row ? a.cols / (blocks ? a.block_cols : 1) : a.rows;
  if (offsets[0] != 0) return broken(a, 0, "the first offset is " + std::to_string(offsets[0]) + ", not 0");
  for (Index v = 0; v < majors; ++v) {
    if (offsets[v + 1] < offsets[v]) return broken(a, v, "the offsets descend");
    if (offsets[v + 1] - offsets[v] > minors) return broken(a, v, "more elements than the matrix is wide");
  }
  if (offsets[majors] > 0 && (indices == nullptr || a.values == nullptr)) {
    return {Cause::bad_pointer, "a", "no indices or values, though the offsets promise some"};
  }
  for (Index v = 0; v < majors; ++v) {
    Index previous = -1;
    for (Index p = offsets[v]; p < offsets[v + 1]; ++p) {
      const Index index = indices[p];
      if (index < 0 || index >= minors) return broken(a, v, "index " + std::to_string(index) + " is out of range");
      if (index == previous) return broken(a, v, "index " + std::to_string(index) + " occurs twice");
      if (index < previous) return broken(a, v, "index " + std::to_string(index) + " is out of order");
      previous = index;
    }
  }
  return {};
}

/// Coordinates within A, and none of them twice.
template <class I>
Status check_coordinates(const SparseView& a) {
  std::vector<std::pair<Index, Index>> elements;
  for (Index p = 0; p < a.nnz; ++p) {
    const Index i = static_cast<const I*>(a.offsets)[p], j = static_cast<const I*>(a.indices)[p];
    if (i < 0 || i >= a.rows || j < 0 || j >= a.cols) {
      return {Cause::bad_structure, "a", "element " + std::to_string(p) + " is out of range"};
    }
    elements.emplace_back(i, j);
  }
  std::sort(elements.begin(), elements.end());
  const auto twice = std::adjacent_find(elements.begin(), elements.end());
  if (twice == elements.end()) return {};
  return {Cause::bad_structure, "a",
          "(" + std::to_string(twice->first) + ", " + std::to_string(twice->second) + ") occurs twice"};
}

Status check_block_grid(const SparseView& a) {
  if (a.block_rows < 1 || a.block_cols < 1 || a.rows % a.block_rows != 0 || a.cols % a.block_cols != 0) {
    return {Cause::bad_shape, "a", "the shape is no multiple of the blocks"};
  }
  return {};
}

Status check_sparse(const SparseView& a) {
  if (a.layout == SparseView::Layout::coo) {
    return a.index_bytes == 4 ? check_coordinates<std::int32_t>(a) : check_coordinates<std::int64_t>(a);
  }
  if (a.offsets == nullptr) return {};  // empty; check_pointers has seen to that
  return a.index_bytes == 4 ? check_structure<std::int32_t>(a) : check_structure<std::int64_t>(a);
}

/// Counting sort into vectors. Whether visited by rows or by columns, the positions of one vector come ascending;
/// those of blocks and coordinates are sorted.
void fill(const Weights& a, int zero_point, bool by_row, Pattern& pattern) {
  std::vector<Index>& offsets = pattern.offsets;
  offsets.assign(static_cast<std::size_t>(pattern.vectors) + 1, 0);
  visit(a, zero_point,
        [&](Index i, Index j, bool live) { offsets[static_cast<std::size_t>(by_row ? i : j) + 1] += live; });
  for (std::size_t v = 1; v < offsets.size(); ++v) offsets[v] += offsets[v - 1];
  pattern.nnz = offsets.back();

  pattern.positions.resize(static_cast<std::size_t>(pattern.nnz));
  Index* positions = pattern.positions.data();
  std::vector<Index> next(offsets.begin(), offsets.end() - 1);
  visit(a, zero_point, [&](Index i, Index j, bool live) {
    if (live) positions[next[static_cast<std::size_t>(by_row ? i : j)]++] = by_row ? j : i;
  });
  const bool compressed = a.sparse() == nullptr || a.sparse()->layout == SparseView::Layout::csr ||
                          a.sparse()->layout == SparseView::Layout::csc;
  for (Index v = 0; !compressed && v < pattern.vectors; ++v) {
    std::sort(positions + offsets[static_cast<std::size_t>(v)], positions + offsets[static_cast<std::size_t>(v) + 1]);
  }
}

}  // namespace

Status check_pointers(const Weights& a) {
  if (const SparseView* sparse = a.sparse()) {
    if (sparse->index_bytes != 4 && sparse->index_bytes != 8) {
      return {Cause::bad_structure, "a", "indices of " + std::to_string(sparse->index_bytes) + " bytes, not 4 or 8"};
    }
    if (sparse->layout == SparseView::Layout::coo) {
      const bool all = sparse->offsets != nullptr && sparse->indices != nullptr && sparse->values != nullptr;
      if (sparse->nnz < 0) return {Cause::bad_shape, "a", "a negative number of elements"};
      return sparse->nnz == 0 || all ? Status() : Status(Cause::bad_pointer, "a", "no coordinates or values");
    }
    if (sparse->layout == SparseView::Layout::bsr) {
      if (Status status = check_block_grid(*sparse); !status) return status;
    }
    if (sparse->rows > 0 && sparse->cols > 0 && sparse->offsets == nullptr) {
      return {Cause::bad_pointer, "a", "no offsets for a sparse matrix that is not empty"};
    }
  }
  const ConstMatrix* dense = a.dense();
  if (dense == nullptr || dense->rows == 0 || dense->cols == 0) return {};
  if (dense->data == nullptr) return {Cause::bad_pointer, "a", "no data for a matrix that is not empty"};
  const Wide span = magnitude(dense->row_stride) * (dense->rows - 1) + magnitude(dense->col_stride) * (dense->cols - 1);
  if (span > std::numeric_limits<Index>::max() / size_of(dense->type) - 1) {
    return {Cause::bad_stride, "a", "the matrix extends beyond 64 bits of addresses"};
  }
  return {};
}

Status read_pattern(const Weights& a, int zero_point, Vectors vectors, Pattern& pattern) {
  if (const PackedMatrix* packed = a.packed()) {
    const Type type = packed->type();
    const Wide bytes = static_cast<Wide>(packed->rows()) * packed->cols() * size_of(type);
    if (bytes > std::numeric_limits<std::ptrdiff_t>::max()) {
      return {Cause::out_of_memory, "a", "the unpacked matrix does not fit into memory"};
    }
    std::vector<std::byte> values(static_cast<std::size_t>(bytes));
    const Matrix dense(values.data(), type, packed->rows(), packed->cols(), packed->cols(), 1);
    if (Status status = try_unpack(*packed, dense); !status) return status;
    return read_pattern(ConstMatrix(dense), zero_point, vectors, pattern);
  }
  if (const SparseView* sparse = a.sparse()) {
    if (Status status = check_sparse(*sparse); !status) return status;
  }
  const Index rows = a.dense() != nullptr ? a.dense()->rows : a.sparse()->rows;
  const Index cols = a.dense() != nullptr ? a.dense()->cols : a.sparse()->cols;
  pattern = {};
  if (vectors == Vectors::none) {
    visit(a, zero_point, [&](Index, Index, bool live) { pattern.nnz += live; });
    return {};
  }
  const bool by_row = vectors == Vectors::rows;
  pattern.vectors = by_row ? rows : cols;
  pattern.length = by_row ? cols : rows;
  fill(a, zero_point, by_row, pattern);
  return {};
}

}  // namespace septet::emulation::cycle_model
