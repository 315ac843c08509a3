// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// XNNPACK's sparse product: the operator for 1x1 convolutions of planar images (NCHW), which compresses its weights
// when it is created. f32. Elsen, Dukhan, Gale, Simonyan, Fast Sparse ConvNets, CVPR 2020.
#include "bench/peers/sparse_peer.hpp"

#include <pthreadpool.h>
#include <xnnpack.h>

#include <limits>

namespace septet::bench {
namespace {

class Xnnpack : public SparsePeer {
 public:
  explicit Xnnpack(const PeerSettings& settings) {
    if (settings.limit != InstructionLimit::all) throw Missing("cannot be kept from what this CPU has");
    if (xnn_initialize(nullptr) != xnn_status_success) throw Missing("xnn_initialize failed");
    if (settings.threads > 1) pool_ = pthreadpool_create(static_cast<std::size_t>(settings.threads));
  }
  ~Xnnpack() override { pthreadpool_destroy(pool_); }
  Xnnpack(const Xnnpack&) = delete;
  Xnnpack& operator=(const Xnnpack&) = delete;

  std::string version() const override { return "of the package"; }
  std::string instructions() const override { return "its choice"; }

  void propose(const SparseProblem& p, std::vector<Candidate>& candidates, std::vector<LeftOut>& left_out) override {
    if (p.type() != Type::f32) return;
    const auto operands = p.problem.fresh_b_and_c();
    const auto convolution = create(p, *operands);
    if (convolution == nullptr) return left_out.push_back({"xnnpack", "refused the convolution"});
    const auto run = [=, pool = pool_] { xnn_run_operator(convolution.get(), pool); };
    const Runtime runtime = p.threads() > 1 ? Runtime::own : Runtime::none;
    candidates.push_back({"xnnpack", run, runtime, Role::peer, "", operands});
  }

 private:
  using Operator = std::shared_ptr<xnn_operator>;

  // Channels are k and m, the image is one row of n pixels.
  Operator create(const SparseProblem& p, const Operands& operands) const {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const auto m = static_cast<std::size_t>(p.m()), n = static_cast<std::size_t>(p.n()),
               k = static_cast<std::size_t>(p.k());
    const auto* weights = p.problem.original().a.data<const float>();
    xnn_operator_t made = nullptr;
    if (xnn_create_convolution2d_nchw_f32(0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, k, m, k, m, weights, nullptr, -kInfinity,
                                          kInfinity, 0, &made) != xnn_status_success) {
      return nullptr;
    }
    const Operator owned(made, xnn_delete_operator);
    const auto status = xnn_setup_convolution2d_nchw_f32(made, 1, 1, n, operands.b.data<const float>(),
                                                         operands.c.data<float>(), pool_);
    return status == xnn_status_success ? owned : nullptr;
  }

  pthreadpool_t pool_ = nullptr;
};

}  // namespace

std::unique_ptr<SparsePeer> open_xnnpack(const PeerSettings& settings) { return std::make_unique<Xnnpack>(settings); }

}  // namespace septet::bench
