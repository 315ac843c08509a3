// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// oneDNN 2 or 3: its BLAS-like calls and its matmul primitive.
#include "bench/peers/cblas.hpp"

#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

#include <unordered_map>

namespace septet::bench {
namespace {

using dnnl::memory;

memory::data_type type_of_memory(Type type) {
  switch (type) {
    case Type::f32:
      return memory::data_type::f32;
    case Type::bf16:
      return memory::data_type::bf16;
    case Type::f16:
      return memory::data_type::f16;
    case Type::s8:
      return memory::data_type::s8;
    case Type::u8:
      return memory::data_type::u8;
    case Type::s32:
      return memory::data_type::s32;
    default:
      return memory::data_type::undef;
  }
}

// rows x cols of one operand, or of a batch of them.
memory::desc describe(const Operand& x, Index rows, Index cols, Index count) {
  const Index row_stride = x.transposed ? 1 : x.ld, col_stride = x.transposed ? x.ld : 1;
  if (count == 1) return {{rows, cols}, type_of_memory(x.type), {row_stride, col_stride}};
  return {{count, rows, cols}, type_of_memory(x.type), {x.stride, row_stride, col_stride}};
}

dnnl::matmul::primitive_desc describe_matmul(const dnnl::engine& engine, const memory::desc& a, const memory::desc& b,
                                             const memory::desc& c) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, a, b, c};
#else
  return {dnnl::matmul::desc(a, b, c), engine};
#endif
}

class OneDnn : public Peer {
 public:
  explicit OneDnn(const PeerSettings& settings) { omp_set_num_threads(settings.threads); }

  std::string version() const override {
    const dnnl_version_t& v = *dnnl_version();
    return std::to_string(v.major) + "." + std::to_string(v.minor) + "." + std::to_string(v.patch);
  }

  std::string instructions() const override {
    switch (dnnl_get_effective_cpu_isa()) {
      case dnnl_cpu_isa_avx2:
        return "avx2";
      case dnnl_cpu_isa_avx512_core:
        return "avx512_core";
      case dnnl_cpu_isa_avx512_core_vnni:
        return "avx512_core_vnni";
      case dnnl_cpu_isa_avx512_core_bf16:
        return "avx512_core_bf16";
      case dnnl_cpu_isa_avx512_core_amx:
        return "avx512_core_amx";
      case dnnl_cpu_isa_avx2_vnni:
        return "avx2_vnni";
      default:
        return "isa " + std::to_string(dnnl_get_effective_cpu_isa());
    }
  }

  void propose(const Problem& problem, std::vector<Candidate>& candidates) override {
    if (type_of_memory(problem.setting().types.a) == memory::data_type::undef) return;
    const RowMajorProduct p = problem.row_major();
    if (p.count == 1) add_gemm(p, candidates);
    add_matmul(problem.row_major(), false, candidates);
    if (p.b.prepacked && p.count == 1) add_matmul(problem.row_major(), true, candidates);
  }

 private:
  static void add_gemm(const RowMajorProduct& p, std::vector<Candidate>& candidates) {
    const char ta = p.a.transposed ? 'T' : 'N', tb = p.b.transposed ? 'T' : 'N';
    if (p.a.type == Type::f32) {
      const auto run = [=] {
        dnnl_sgemm(ta, tb, p.m, p.n, p.k, 1, matrix_at<float>(p.a, 0), p.a.ld, matrix_at<float>(p.b, 0), p.b.ld, 0,
                   static_cast<float*>(p.c), p.n);
      };
      candidates.push_back({"onednn sgemm", run, Runtime::openmp, Role::peer, "", p.operands});
    } else if (p.b.type == Type::s8) {
      add_integer_gemm(p, ta, tb, candidates);
    }
  }

  static void add_integer_gemm(const RowMajorProduct& p, char ta, char tb, std::vector<Candidate>& candidates) {
    static const std::int32_t no_offset = 0;
    const auto* b = matrix_at<std::int8_t>(p.b, 0);
    auto* c = static_cast<std::int32_t*>(p.c);
    if (p.a.type == Type::u8) {
      const auto run = [=, a = matrix_at<std::uint8_t>(p.a, 0)] {
        dnnl_gemm_u8s8s32(ta, tb, 'F', p.m, p.n, p.k, 1, a, p.a.ld, 0, b, p.b.ld, 0, 0, c, p.n, &no_offset);
      };
      candidates.push_back({"onednn u8s8s32", run, Runtime::openmp, Role::peer, "", p.operands});
    } else {
      const auto run = [=, a = matrix_at<std::int8_t>(p.a, 0)] {
        dnnl_gemm_s8s8s32(ta, tb, 'F', p.m, p.n, p.k, 1, a, p.a.ld, 0, b, p.b.ld, 0, 0, c, p.n, &no_offset);
      };
      candidates.push_back({"onednn s8s8s32", run, Runtime::openmp, Role::peer, "", p.operands});
    }
  }

  // `packed`: B is brought into the primitive's own order here. A reference implementation says that oneDNN has no
  // kernel for the combination: no user would stay with it.
  void add_matmul(const RowMajorProduct& p, bool packed, std::vector<Candidate>& candidates) {
    try {
      const memory::desc a = describe(p.a, p.m, p.k, p.count), b = describe(p.b, p.k, p.n, p.count);
      const memory::desc c = describe({p.c, p.c_type, false, p.n, p.c_stride, false}, p.m, p.n, p.count);
      const memory::desc any(b.dims(), type_of_memory(p.b.type), memory::format_tag::any);
      const auto chosen = describe_matmul(engine_, a, packed ? any : b, c);
      const std::string implementation = chosen.impl_info_str();
      if (implementation.rfind("ref", 0) == 0) return;
      memory weights(b, engine_, const_cast<void*>(p.b.data));
      if (packed) {
        memory own(chosen.weights_desc(), engine_);
        dnnl::reorder(weights, own).execute(stream_, weights, own);
        stream_.wait();
        weights = own;
      }
      std::unordered_map<int, memory> arguments = {{DNNL_ARG_SRC, memory(a, engine_, const_cast<void*>(p.a.data))},
                                                   {DNNL_ARG_WEIGHTS, weights},
                                                   {DNNL_ARG_DST, memory(c, engine_, p.c)}};
      const auto run = [primitive = dnnl::matmul(chosen), stream = stream_, arguments]() mutable {
        primitive.execute(stream, arguments);
        stream.wait();
      };
      candidates.push_back({packed ? "onednn matmul packed" : "onednn matmul", run, Runtime::openmp, Role::peer,
                            implementation, p.operands});
    } catch (const dnnl::error& error) {
      const bool no_such_types = error.status == dnnl_unimplemented || error.status == dnnl_invalid_arguments;
      if (!no_such_types) throw;
    }
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
};

}  // namespace

std::unique_ptr<Peer> open_onednn(const PeerSettings& settings) { return std::make_unique<OneDnn>(settings); }

}  // namespace septet::bench
