// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// ?gemm under each of its names, behind one form of call; and what the library says when it refuses one.
//
//   for (const Spelling& gemm : spellings<double>()) gemm(call);
#pragma once

#include "septet/types.hpp"

#include <complex>
#include <string>
#include <vector>

namespace septet::blas_test {

constexpr int kRowMajor = 101, kColMajor = 102;

/// The arguments of any ?gemm. `op_a`, `op_b`: letters, as Fortran has them; C's names get 111 to 113, and 120 for a
/// letter that means nothing.
struct Call {
  int layout = kColMajor;
  char op_a = 'N', op_b = 'N';
  Index m = 0, n = 0, k = 0;
  const void* alpha = nullptr;
  const void* a = nullptr;
  Index lda = 1;
  const void* b = nullptr;
  Index ldb = 1;
  const void* beta = nullptr;
  void* c = nullptr;
  Index ldc = 1;
};

inline int cblas_op(char letter) {
  switch (letter) {
    case 'N':
    case 'n':
      return 111;
    case 'T':
    case 't':
      return 112;
    case 'C':
    case 'c':
      return 113;
    default:
      return 120;
  }
}

/// One exported name.
struct Spelling {
  const char* name;
  const char* routine;  ///< what it is called in messages
  bool fortran;         ///< then the layout is by columns, whatever the call says
  void (*call)(const Call& call);
  void operator()(const Call& x) const { call(x); }
};

/// All names of the product of this type; bf16: those with f32 sums.
template <class T>
const std::vector<Spelling>& spellings();
template <>
const std::vector<Spelling>& spellings<float>();
template <>
const std::vector<Spelling>& spellings<double>();
template <>
const std::vector<Spelling>& spellings<std::complex<float>>();
template <>
const std::vector<Spelling>& spellings<std::complex<double>>();
template <>
const std::vector<Spelling>& spellings<bf16>();

/// What was reported while this exists.
class Reports {
 public:
  struct Report {
    std::string routine;
    int info;
    std::string message;
  };

  Reports();
  ~Reports();
  Reports(const Reports&) = delete;
  Reports& operator=(const Reports&) = delete;

  const std::vector<Report>& all() const { return all_; }
  /// The only one's number, -1 if there is none, -2 if there are several. Forgets them.
  int info();

 private:
  std::vector<Report> all_;
};

}  // namespace septet::blas_test
