// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Ours, through the public interface like anyone else.
#include "septet/septet.hpp"
#include "bench/peers/peer.hpp"

#include <cstring>

namespace septet::bench {
namespace {

using Run = std::function<void()>;

GemmOptions options_of(const Setting& setting) {
  GemmOptions options;
  options.threads = setting.threads;
  if (setting.order == Order::unfused) options.mac = Mac::unfused;
  if (setting.order == Order::fold) {
    options.accumulate = Accumulate::fold_then_add;
    options.fold_depth = kFoldDepth;
  }
  return options;
}

Run with_views(const Problem& problem, const Operands& x, const GemmOptions& options) {
  return [a = Weights(problem.a(x)), b = problem.b(x), c = problem.c(x), options] {
    throw_if_error(try_gemm(a, b, c, options));
  };
}

Run with_packed_a(const Problem& problem, const Operands& x, const GemmOptions& options) {
  PackOptions dense;
  dense.format = Format::dense;
  return [a = pack(problem.a(x), dense), b = problem.b(x), c = problem.c(x), options] {
    throw_if_error(try_gemm(a, b, c, options));
  };
}

Run with_packed_b(const Problem& problem, const Operands& x, const GemmOptions& options) {
  PackOptions right;
  right.side = Side::right;
  return [a = problem.a(x), b = pack(problem.b(x), right), c = problem.c(x), options] {
    throw_if_error(try_gemm(a, b, c, options));
  };
}

Run with_batch(const Problem& problem, const Operands& x, const GemmOptions& options) {
  return [&problem, a = problem.a(x), b = problem.b(x), c = problem.c(x), options] {
    throw_if_error(try_gemm_batch(problem.shape().count, a, problem.a_stride(), b, problem.b_stride(), c,
                                  problem.c_stride(), options));
  };
}

// An operand of 16-bit floats as f32.
std::shared_ptr<Buffer> widened(const ConstMatrix& x) {
  auto wide = std::make_shared<Buffer>(x.rows * x.cols * size_of(Type::f32));
  auto* to = wide->data<float>();
  for (Index i = 0; i < x.rows * x.cols; ++i) {
    to[i] = x.type == Type::bf16 ? static_cast<float>(static_cast<const bf16*>(x.data)[i])
                                 : static_cast<float>(static_cast<const f16*>(x.data)[i]);
  }
  return wide;
}

// The same product in f32: the same bits, from operands twice as large.
Run with_f32(const Problem& problem, const Operands& x, const GemmOptions& options) {
  ConstMatrix a = problem.a(x), b = problem.b(x);
  const auto a_data = widened(a), b_data = widened(b);
  a.data = a_data->data();
  b.data = b_data->data();
  a.type = b.type = Type::f32;
  return [=, c = problem.c(x)] {
    (void)a_data, (void)b_data;  // owned
    throw_if_error(try_gemm(a, b, c, options));
  };
}

class Septet : public Peer {
 public:
  explicit Septet(const PeerSettings& settings) {
    if (settings.limit == InstructionLimit::avx2) throw_if_error(set_target("AVX2"));
    if (settings.limit == InstructionLimit::avx512 && std::strcmp(target(), "AVX3_AMX") == 0) {
      throw_if_error(set_target("AVX3_VNNI"));
    }
  }

  std::string version() const override { return "this build"; }
  std::string instructions() const override { return target(); }

  void propose(const Problem& problem, std::vector<Candidate>& candidates) override {
    const bool batch = problem.shape().count > 1;
    const Prepacked packed = problem.setting().prepacked;
    const auto run = batch                    ? with_batch
                     : packed == Prepacked::a ? with_packed_a
                     : packed == Prepacked::b ? with_packed_b
                                              : with_views;
    add("septet", Role::ours, run, problem, candidates);
    // Beside sparse products, dense is whichever way is quicker.
    if (problem.has_pattern() && packed == Prepacked::a)
      add("septet views", Role::ours, with_views, problem, candidates);
    if (batch || !is_narrow_float(problem.setting().types.a)) return;
    add("septet f32", Role::reference, with_f32, problem, candidates);
  }

 private:
  static void add(const char* name, Role role, Run (*make)(const Problem&, const Operands&, const GemmOptions&),
                  const Problem& problem, std::vector<Candidate>& candidates) {
    const auto operands = problem.fresh_operands();
    const auto run = make(problem, *operands, options_of(problem.setting()));
    candidates.push_back({name, run, Runtime::openmp, role, "", operands});
  }
};

}  // namespace

std::unique_ptr<Peer> open_septet(const PeerSettings& settings) { return std::make_unique<Septet>(settings); }

}  // namespace septet::bench
