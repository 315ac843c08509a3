// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/peers/mkl.hpp"

namespace septet::bench {
namespace {

// As mkl_cblas.h declares them. A packed product (`…_compute`) takes the same arguments as a plain one.
using FloatGemm = void(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const void* a, int lda,
                       const void* b, int ldb, float beta, float* c, int ldc);
template <class Offset>
using IntegerGemm = void(int order, int trans_a, int trans_b, int offset, int m, int n, int k, float alpha,
                         const void* a, int lda, Offset oa, const void* b, int ldb, Offset ob, float beta,
                         std::int32_t* c, int ldc, const std::int32_t* oc);
using Pack = void(int order, int identifier, int trans, int m, int n, int k, const void* src, int ld, void* dest);

/// One product: the two operands and what is said in place of their transpositions.
using Multiply = std::function<void(int trans_a, int trans_b, const void* a, const void* b, void* c)>;

Multiply bind_floats(const RowMajorProduct& p, FloatGemm* gemm) {
  return [=, s = MklSizes(p)](int trans_a, int trans_b, const void* a, const void* b, void* c) {
    gemm(kCblasRowMajor, trans_a, trans_b, s.m, s.n, s.k, 1, a, s.lda, b, s.ldb, 0, static_cast<float*>(c), s.n);
  };
}

template <class Offset>
Multiply bind_integers(const RowMajorProduct& p, IntegerGemm<Offset>* gemm) {
  return [=, s = MklSizes(p)](int trans_a, int trans_b, const void* a, const void* b, void* c) {
    constexpr int kFixedOffset = 173;  // CblasFixOffset
    const std::int32_t no_offset = 0;
    gemm(kCblasRowMajor, trans_a, trans_b, kFixedOffset, s.m, s.n, s.k, 1, a, s.lda, 0, b, s.ldb, 0, 0,
         static_cast<std::int32_t*>(c), s.n, &no_offset);
  };
}

Multiply multiply_with(const DynamicLibrary& library, const RowMajorProduct& p, const std::string& function) {
  if (is_narrow_float(p.a.type)) return bind_floats(p, library.get<FloatGemm>(function.c_str()));
  if (p.a.type == Type::s16) return bind_integers(p, library.get<IntegerGemm<std::int16_t>>(function.c_str()));
  return bind_integers(p, library.get<IntegerGemm<std::int8_t>>(function.c_str()));
}

// "" where MKL has none. Row-major, its s8u8s32 has an unsigned A and a signed B: the name is of the column-major one.
std::string function_name(const RowMajorProduct& p) {
  const auto are = [&](Type a, Type b, Type c) { return p.a.type == a && p.b.type == b && p.c_type == c; };
  if (are(Type::u8, Type::s8, Type::s32)) return "cblas_gemm_s8u8s32";
  if (are(Type::s16, Type::s16, Type::s32)) return "cblas_gemm_s16s16s32";
  if (are(Type::bf16, Type::bf16, Type::f32)) return "cblas_gemm_bf16bf16f32";
  if (are(Type::f16, Type::f16, Type::f32)) return "cblas_gemm_f16f16f32";
  return "";
}

Candidate plain(const RowMajorProduct& p, const Multiply& multiply) {
  const Index a_bytes = p.a.stride * size_of(p.a.type), b_bytes = p.b.stride * size_of(p.b.type);
  const Index c_bytes = p.c_stride * size_of(p.c_type);
  const auto run = [=] {
    for (Index i = 0; i < p.count; ++i) {
      multiply(cblas_transpose(p.a), cblas_transpose(p.b), static_cast<const char*>(p.a.data) + i * a_bytes,
               static_cast<const char*>(p.b.data) + i * b_bytes, static_cast<char*>(p.c) + i * c_bytes);
    }
  };
  return {"mkl gemm", run, Runtime::openmp, Role::peer, "", p.operands};
}

Candidate prepacked(const DynamicLibrary& library, const RowMajorProduct& p, const std::string& function) {
  const MklSizes s(p);
  const MklPackedOperands x(p, library.get<MklPackSize>((function + "_pack_get_size").c_str()));
  library.get<Pack>((function + "_pack").c_str())(kCblasRowMajor, x.identifier, cblas_transpose(x.source), s.m, s.n,
                                                  s.k, x.source.data, static_cast<int>(x.source.ld), x.buffer->data());
  const auto run = [=, multiply = multiply_with(library, p, function + "_compute"), owned = x.buffer, a = x.a, b = x.b,
                    trans_a = x.trans_a, trans_b = x.trans_b] { multiply(trans_a, trans_b, a, b, p.c); };
  return {"mkl packed", run, Runtime::openmp, Role::peer, "", p.operands};
}

}  // namespace

void add_mkl_narrow(const DynamicLibrary& library, const Problem& problem, std::vector<Candidate>& candidates) {
  const RowMajorProduct p = problem.row_major();
  const std::string function = function_name(p);
  if (function.empty()) return;
  candidates.push_back(plain(p, multiply_with(library, p, function)));
  if (p.count > 1 || !(p.a.prepacked || p.b.prepacked)) return;
  candidates.push_back(prepacked(library, problem.row_major(), function));
}

}  // namespace septet::bench
