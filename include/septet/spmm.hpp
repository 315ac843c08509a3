// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A packed once, multiplied many times: pack() copies A into the order that a dataflow streams, together with the
// analysis of its pattern, and gemm() (see gemm.hpp) takes the result wherever it takes a matrix.
//
//   auto packed = septet::pack(septet::row_major(w, m, k), {.dataflow = septet::Dataflow::sWS});   // C++20 spelling
//   septet::gemm(packed, septet::row_major(x, k, n), septet::row_major(y, m, n));
#pragma once

#include "septet/formats/sparse_view.hpp"
#include "septet/matrix_view.hpp"
#include "septet/status.hpp"

#include <memory>
#include <variant>

namespace septet {

namespace detail {
struct PackedStorage;
}

/// Which operand of the product a packed matrix is.
enum class Side : std::uint8_t { left, right };
SEPTET_API const char* name(Side side);

/// How A is packed. The dataflow decides the shape of the vectors: columns of m-tiles of H (sOS, csOS) or W (sWS)
/// rows, rows of k-tiles of H columns (sIS).
struct PackOptions {
  /// automatic: by the format (dense: dOS, tsb: sOS, all others: csOS); with no format either, by expected_cols, or
  /// else dOS for a dense A and csOS for a sparse one, as CSR if in order.
  Dataflow dataflow = Dataflow::automatic;
  Format format = Format::automatic;  ///< automatic: what the dataflow streams
  ArrayShape array;
  Combine combine;         ///< csOS only
  int zero_point = 0;      ///< integers: the value that counts as zero
  Side side = Side::left;  ///< right: the matrix is B (dense only), for gemm(a, packed, c)
  BlockShape block;        ///< bsr only
  SliceShape slice;        ///< sell only
  GroupShape group;        ///< nm only
  Index tile_cols = 0;     ///< tcsr only: columns of A per tile, 1 to 65536; 0: by the number of non-zeros
  /// Columns of the B to come. With it, and neither dataflow nor format named, the format is the one (dense among them)
  /// that takes the least time on this CPU, as far as a model of measured costs can tell (explain() says what it told).
  /// The first such call of a process takes some 40 ms to measure them.
  Index expected_cols = 0;
};

/// Exact size of a packed matrix in its format, in bytes. (Dense panels of 8- and 16-bit integers hold up to three more
/// columns of zeros, which are not counted.)
struct Footprint {
  Index values = 0;    ///< what the matrix's own elements take
  Index metadata = 0;  ///< what says where they belong
};

/// An owning, immutable packed A. Cheap to copy (copies share), safe to use from many threads at once.
class PackedMatrix {
 public:
  PackedMatrix() = default;

  bool empty() const { return storage_ == nullptr; }
  SEPTET_API Format format() const;
  SEPTET_API Type type() const;
  SEPTET_API Index rows() const;
  SEPTET_API Index cols() const;
  SEPTET_API Index nnz() const;  ///< elements that are not zero
  /// What it was packed with; dataflow and format are never `automatic` here.
  SEPTET_API const PackOptions& options() const;
  SEPTET_API Footprint footprint() const;

  const std::shared_ptr<const detail::PackedStorage>& storage() const { return storage_; }
  explicit PackedMatrix(std::shared_ptr<const detail::PackedStorage> storage) : storage_(std::move(storage)) {}

 private:
  std::shared_ptr<const detail::PackedStorage> storage_;
};

/// A as the calls take it: a dense view, a sparse view, or a packed matrix. Refers to the caller's memory.
class Weights {
 public:
  Weights(const ConstMatrix& a) : form_(a) {}  // NOLINT(google-explicit-constructor): any of these is a weight matrix
  template <class T>
  Weights(const MatrixView<T>& a) : form_(ConstMatrix(a)) {}  // NOLINT(google-explicit-constructor)
  Weights(const SparseView& a) : form_(a) {}                  // NOLINT(google-explicit-constructor)
  Weights(const PackedMatrix& a) : form_(a) {}                // NOLINT(google-explicit-constructor)

  SEPTET_API Index rows() const;
  SEPTET_API Index cols() const;
  SEPTET_API Type type() const;

  const ConstMatrix* dense() const { return std::get_if<ConstMatrix>(&form_); }
  const SparseView* sparse() const { return std::get_if<SparseView>(&form_); }
  const PackedMatrix* packed() const { return std::get_if<PackedMatrix>(&form_); }

 private:
  std::variant<ConstMatrix, SparseView, PackedMatrix> form_;
};

/// Packs `a` (dense or sparse view; a packed matrix is packed anew). Zeros are not stored, except by
/// Format::dense. `packed` is left alone unless the Status is ok.
SEPTET_API Status try_pack(const Weights& a, const PackOptions& options, PackedMatrix& packed);
SEPTET_API PackedMatrix pack(const Weights& a, const PackOptions& options = {});

/// Writes every element of the packed matrix to `a` (same shape and type). Zeros come back as +0, or as the zero
/// point; everything else bit for bit.
SEPTET_API Status try_unpack(const PackedMatrix& packed, const Matrix& a);
SEPTET_API void unpack(const PackedMatrix& packed, const Matrix& a);

/// The same pattern with new values, without analysing it again: element for element those of `a` (same shape and
/// type, any form) where `packed` stores one. One that became zero stays stored, and is multiplied like any other.
/// Errors: bad_structure names the first element of `a` that is not zero and that `packed` does not store.
SEPTET_API Status try_update_values(const PackedMatrix& packed, const Weights& a, PackedMatrix& updated);
SEPTET_API PackedMatrix update_values(const PackedMatrix& packed, const Weights& a);

}  // namespace septet
