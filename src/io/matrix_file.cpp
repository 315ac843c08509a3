// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "matrix_file.hpp"

#include "input.hpp"
#include "matrix_market.hpp"
#include "npy.hpp"
#include "packed.hpp"
#include "random_matrix.hpp"
#include "smtx.hpp"

#include <string_view>
#include <utility>

namespace septet::io {
namespace {

bool ends_with(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() && text.substr(text.size() - ending.size()) == ending;
}

FileMatrix read_by_ending(const std::string& path) {
  if (is_random_spec(path)) return make_random(path);
  if (ends_with(path, ".npy")) return read_npy(path);
  if (ends_with(path, ".mtx")) return read_matrix_market(path);
  if (ends_with(path, ".smtx")) return read_smtx(path);
  if (ends_with(path, ".septet")) return read_packed(path);
  fail(path, "unknown kind of file: .npy, .mtx, .smtx, .septet or random:MxK is expected");
}

}  // namespace

const char* name(Element element) {
  constexpr const char* kNames[] = {"f16", "bf16", "f32", "f64", "s8",      "u8",   "s16",    "u16",
                                    "s32", "u32",  "s64", "u64", "pattern", "real", "integer"};
  return kNames[static_cast<int>(element)];
}

Status read_matrix(const std::string& path, FileMatrix& matrix) {
  return status_of(path, [&] { matrix = read_by_ending(path); });
}

Matrix OwnedMatrix::dense_view() { return {values.data(), type, rows, cols, cols, 1}; }

SparseView OwnedMatrix::sparse_view() const {
  return {SparseView::Layout::csr, type,         static_cast<int>(sizeof(std::int64_t)), rows, cols, row_ptr.data(),
          col_idx.data(),          values.data()};
}

Weights OwnedMatrix::weights() {
  if (sparse) return sparse_view();
  return ConstMatrix(dense_view());
}

bool native_type(const FileMatrix& matrix, Type& type) {
  switch (matrix.element) {
    case Element::f16:
      type = Type::f16;
      return true;
    case Element::bf16:
      type = Type::bf16;
      return true;
    case Element::f32:
      type = Type::f32;
      return true;
    case Element::f64:
      type = Type::f64;
      return true;
    case Element::s8:
      type = Type::s8;
      return true;
    case Element::u8:
      type = Type::u8;
      return true;
    case Element::s16:
      type = Type::s16;
      return true;
    case Element::s32:
      type = Type::s32;
      return true;
    default:
      return false;
  }
}

}  // namespace septet::io
