// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/peers/cblas.hpp"

namespace septet::bench {
namespace {

class Blis : public Peer {
 public:
  explicit Blis(const PeerSettings& settings)
      : library_(settings.library.empty() ? "libblis.so.4" : settings.library), cblas_(library_) {
    library_.get<void(long)>("bli_thread_set_num_threads")(settings.threads);
    const bool too_much = settings.limit == InstructionLimit::avx2 && instructions() == "skx";
    if (too_much) throw Missing("chose its AVX-512 kernels; BLIS_ARCH_TYPE in the environment can say otherwise");
  }

  std::string version() const override { return library_.get<const char*()>("bli_info_get_version_str")(); }
  std::string instructions() const override {
    const int arch = library_.get<int()>("bli_arch_query_id")();
    return library_.get<const char*(int)>("bli_arch_string")(arch);
  }
  void propose(const Problem& problem, std::vector<Candidate>& candidates) override {
    cblas_.propose("blis", Runtime::openmp, problem, candidates);
  }

 private:
  DynamicLibrary library_;
  Cblas cblas_;
};

}  // namespace

std::unique_ptr<Peer> open_blis(const PeerSettings& settings) { return std::make_unique<Blis>(settings); }

}  // namespace septet::bench
