// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A, B, C and the preload from their files: read, typed, checked against each other as far as the library cannot.
#pragma once

#include "errors.hpp"
#include "io/matrix_file.hpp"
#include "options.hpp"

#include <optional>

namespace septet::cli {

/// A from its file. A coordinate file has two forms: sparse for what skips zeros, dense for what does not.
class WeightFile {
 public:
  WeightFile() = default;
  /// `zero_point`: the value that the formats take for zero. Where it is not 0, a coordinate file is a dense matrix: an
  /// element that is not in the file is 0, and not the zero point as in a sparse view.
  WeightFile(io::FileMatrix file, Type type, int zero_point);

  Type type() const { return type_; }
  Index rows() const { return file_.rows; }
  Index cols() const { return file_.cols; }
  const io::FileMatrix& file() const { return file_; }

  /// As `dataflow` wants it. Kept, and refers to memory of this object. Throws Error.
  const io::OwnedMatrix& matrix(bool densify);
  Weights weights(bool densify);

 private:
  io::FileMatrix file_;
  Type type_ = Type::f64;
  bool always_dense_ = false;
  std::optional<io::OwnedMatrix> dense_, sparse_;
};

/// True where a dense dataflow is named: then a coordinate file is expanded.
inline bool wants_dense(Dataflow dataflow) { return dataflow != Dataflow::automatic && !is_sparse(dataflow); }

/// Reads a file. Throws Error.
io::FileMatrix read_file(const std::string& path);

/// The type that a matrix is multiplied in: its own, or where it has none (text, and integers that are not multiplied)
/// `dtype`, else `other`, else f64. One of 16 bits is widened to f32 or f64 where `dtype` or `other` is that, and s16
/// becomes any integer type that `dtype` says, if its values fit.
std::optional<Type> own_type(const io::FileMatrix& file);
Type operand_type(const io::FileMatrix& file, std::optional<Type> dtype, std::optional<Type> other);
/// Refuses a --dtype that none of the files would take.
void check_dtype(const Flags& flags, std::initializer_list<const io::FileMatrix*> files);

/// A product ready to run.
struct Product {
  WeightFile a;
  io::OwnedMatrix b;
  io::OwnedMatrix preload;  ///< empty: none
  GemmOptions options;      ///< with the preload's view
  ArgumentNames names;

  Index m() const { return a.rows(); }
  Index n() const { return b.cols; }
  Index k() const { return a.cols(); }
  Type sums() const { return accumulator_of(a.type()); }
};

/// Reads A, B and the preload. Throws Error.
Product load_product(const Flags& flags);

/// An m x n C of zeros, or with a beta other than 0 what is in the output file. Throws Error.
io::OwnedMatrix make_output(const Flags& flags, const Product& product);

/// Reads --preload, if it is given, and puts its view into `options`.
io::OwnedMatrix load_preload(const Flags& flags, Index m, Index n, Type sums, GemmOptions& options);

}  // namespace septet::cli
