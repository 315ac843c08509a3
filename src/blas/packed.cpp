// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// cblas_?gemm_alloc, _pack_get_size, _pack, _compute and _free, as MKL defines them. Packed memory is a header and,
// behind it, the panels that the kernels read (formats/dense_panels.hpp): rows of op(A) or columns of op(B).
#include "entry.hpp"
#include "formats/storage.hpp"
#include "septet/blas.h"
#include "src/fp_environment.hpp"
#include "src/multiply.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace septet::blas {
namespace {

enum Which : int { kA = 161, kB = 162 };
constexpr int kPacked = 151;

struct Header {
  char magic[8] = {'s', 'e', 'p', 't', 'e', 't', '1', '\0'};
  std::int32_t type = 0;
  std::int32_t which = 0;
  Index outer = 0;
  Index k = 0;
};
constexpr Index kHeaderBytes = 64;
static_assert(sizeof(Header) <= kHeaderBytes);

Header header_of(Type type, int which, Index m, Index n, Index k) {
  Header header;
  header.type = static_cast<std::int32_t>(type), header.which = which;
  header.outer = which == kA ? m : n, header.k = k;
  return header;
}

// 0: no such operand, or none that fits into memory.
std::size_t packed_bytes(const Header& header) {
  constexpr Index kMost = Index{1} << 40;
  const bool is_operand = (header.which == kA || header.which == kB) && header.outer >= 0 && header.k >= 0;
  if (!is_operand || (header.k > 0 && header.outer > kMost / header.k)) return 0;
  const detail::DensePanels panels{static_cast<Type>(header.type), header.outer, header.k};
  return static_cast<std::size_t>(kHeaderBytes + panels.bytes() + detail::kPanelSlack);
}

// A or B of a product of either layout, as it lies.
ConstMatrix source_view(Type type, int layout, Op op, Index rows, Index cols, const void* from, Index ld) {
  const bool by_rows = (layout == kRowMajor) == (op == Op::none);
  return by_rows ? ConstMatrix(from, type, rows, cols, ld, 1) : ConstMatrix(from, type, rows, cols, 1, ld);
}

template <class T>
ConstMatrix scaled(const ConstMatrix& from, T alpha, std::vector<T>& buffer) {
  if (alpha == 1) return from;
  buffer.assign(static_cast<std::size_t>(from.rows * from.cols), T(0));
  const T* x = static_cast<const T*>(from.data);
  for (Index i = 0; alpha != 0 && i < from.rows; ++i) {  // alpha = 0 does not read it
    for (Index j = 0; j < from.cols; ++j) {
      buffer[i * from.cols + j] = alpha * x[i * from.row_stride + j * from.col_stride];
    }
  }
  return {buffer.data(), from.type, from.rows, from.cols, from.cols, 1};
}

// layout 1, which 2, op 3, m 4, n 5, k 6, alpha 7, from 8, ld 9, packed 10
int first_bad_of_pack(int layout, int which, Op op, Index m, Index n, Index k, const void* from, Index ld,
                      const void* to) {
  if (layout != kRowMajor && layout != kColMajor) return 1;
  if (which != kA && which != kB) return 2;
  if (op == Op::bad) return 3;
  if (m < 0) return 4;
  if (n < 0) return 5;
  if (k < 0) return 6;
  const Index rows = which == kA ? m : k, cols = which == kA ? k : n;
  if (from == nullptr && rows > 0 && cols > 0) return 8;
  const bool by_rows = (layout == kRowMajor) == (op == Op::none);
  if (ld < std::max<Index>(1, by_rows ? cols : rows)) return 9;
  return to == nullptr ? 10 : 0;
}

template <class T>
void pack(const char* function, int layout, int which, Op op, Index m, Index n, Index k, T alpha, const void* from,
          Index ld, void* to) noexcept {
  const int info = first_bad_of_pack(layout, which, op, m, n, k, from, ld, to);
  if (info != 0) return report_c(function, {info, info});
  const Type type = type_of<T>();
  const Status status = detail::guarded([&]() -> Status {
    const detail::FpEnvironment environment;
    const ConstMatrix view = source_view(type, layout, op, which == kA ? m : k, which == kA ? k : n, from, ld);
    std::vector<T> buffer;
    PackOptions options;
    options.format = Format::dense, options.dataflow = Dataflow::dOS;
    options.side = which == kA ? Side::left : Side::right;
    const auto packed = detail::pack_dense(scaled(view, alpha, buffer), options);
    const Header header = header_of(type, which, m, n, k);
    std::memcpy(to, &header, sizeof header);
    std::memcpy(static_cast<char*>(to) + kHeaderBytes, packed->bytes.data(), packed->bytes.size());
    return {};
  });
  if (!status.ok()) report(function, status);
}

// Is this the memory of a packed operand, and of this one?
bool is_packed(const void* memory, const Header& expected) {
  return memory != nullptr && std::memcmp(memory, &expected, sizeof expected) == 0;
}

detail::DenseOperand packed_operand(const void* memory, const Header& header) {
  detail::DenseOperand operand;
  operand.data = static_cast<const char*>(memory) + kHeaderBytes;
  operand.type = static_cast<Type>(header.type);
  operand.outer = header.outer, operand.k = header.k;
  operand.panels = true;
  return operand;
}

// An operand of compute, as it was given.
struct Given {
  int op;
  const void* data;
  Index ld;
  bool packed() const { return op == kPacked; }
  Op checked_op() const { return packed() ? Op::none : op_of(op); }
};

// layout 1, op_a 2, op_b 3, m 4, n 5, k 6, a 7, lda 8, b 9, ldb 10, beta 11, c 12, ldc 13
int first_bad_of_compute(int layout, const Given& a, const Given& b, Index m, Index n, Index k, Index ldc,
                         const Header& header_a, const Header& header_b) {
  const Index any = std::max<Index>({1, m, n, k});  // a packed operand has no leading dimension
  const CCheck check = first_bad(layout, {a.checked_op(), b.checked_op(), m, n, k, nullptr, a.packed() ? any : a.ld,
                                          nullptr, b.packed() ? any : b.ld, nullptr, ldc});
  if (check.info != 0) return check.info < 9 ? check.info : check.info == 9 ? 8 : check.info == 11 ? 10 : 13;
  if (a.packed() && !is_packed(a.data, header_a)) return 7;
  if (b.packed() && !is_packed(b.data, header_b)) return 9;
  return 0;
}

template <class T>
void compute(const char* function, int layout, const Given& a, const Given& b, Index m, Index n, Index k, T beta,
             void* c, Index ldc) noexcept {
  count_call();
  const Type type = type_of<T>();
  const Header header_a = header_of(type, kA, m, n, k), header_b = header_of(type, kB, m, n, k);
  const int info = first_bad_of_compute(layout, a, b, m, n, k, ldc, header_a, header_b);
  if (info != 0) return report_c(function, {info, info});
  if (m == 0 || n == 0 || (k == 0 && beta == 1)) return;
  using detail::DenseOperand;
  const DenseOperand left = a.packed()
                                ? packed_operand(a.data, header_a)
                                : DenseOperand::rows_of(source_view(type, layout, op_of(a.op), m, k, a.data, a.ld), 0);
  const DenseOperand right =
      b.packed() ? packed_operand(b.data, header_b)
                 : DenseOperand::columns_of(source_view(type, layout, op_of(b.op), k, n, b.data, b.ld), 0);
  const bool by_rows = layout == kRowMajor;
  const Matrix result(c, type, m, n, by_rows ? ldc : 1, by_rows ? 1 : ldc);
  const auto run = [&](Explanation* instead) {
    return with_options(1, beta, [&](const GemmOptions& options) {
      GemmOptions chosen = options;
      chosen.dataflow = Dataflow::dOS;
      return detail::multiply_checked(left, right, result, chosen, instead);
    });
  };
  const Status status = detail::told(
      function, [&] { return run(nullptr); },
      [&] {
        Explanation facts;
        (void)run(&facts);
        return facts;
      });
  if (!status.ok()) report(function, status);
}

}  // namespace
}  // namespace septet::blas

#define SEPTET_C(Int, fortran, c, prefix, T)                                                                        \
  SEPTET_BLAS_EXPORT std::size_t SEPTET_BLAS_JOIN(cblas_, prefix##gemm_pack_get_size, c)(int which, Int m, Int n,   \
                                                                                         Int k) {                   \
    using namespace septet::blas;                                                                                   \
    return packed_bytes(header_of(septet::type_of<T>(), which, m, n, k));                                           \
  }                                                                                                                 \
  SEPTET_BLAS_EXPORT T* SEPTET_BLAS_JOIN(cblas_, prefix##gemm_alloc, c)(int which, Int m, Int n, Int k) {           \
    using namespace septet::blas;                                                                                   \
    const std::size_t bytes = packed_bytes(header_of(septet::type_of<T>(), which, m, n, k));                        \
    return bytes == 0 ? nullptr : static_cast<T*>(std::malloc(bytes));                                              \
  }                                                                                                                 \
  SEPTET_BLAS_EXPORT void SEPTET_BLAS_JOIN(cblas_, prefix##gemm_free, c)(T * packed) { std::free(packed); }         \
  SEPTET_BLAS_EXPORT void SEPTET_BLAS_JOIN(cblas_, prefix##gemm_pack, c)(                                           \
      int layout, int which, int op, Int m, Int n, Int k, T alpha, const T* from, Int ld, T* packed) {              \
    using namespace septet::blas;                                                                                   \
    pack("cblas_" #prefix "gemm_pack", layout, which, op_of(op), m, n, k, alpha, from, ld, packed);                 \
  }                                                                                                                 \
  SEPTET_BLAS_EXPORT void SEPTET_BLAS_JOIN(cblas_, prefix##gemm_compute, c)(                                        \
      int layout, int op_a, int op_b, Int m, Int n, Int k, const T* a, Int lda, const T* b, Int ldb, T beta, T* c_, \
      Int ldc) {                                                                                                    \
    using namespace septet::blas;                                                                                   \
    compute("cblas_" #prefix "gemm_compute", layout, {op_a, a, lda}, {op_b, b, ldb}, m, n, k, beta, c_, ldc);       \
  }
SEPTET_BLAS_INTEGERS(SEPTET_C, s, float)
SEPTET_BLAS_INTEGERS(SEPTET_C, d, double)
