// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/peers/cblas.hpp"

namespace septet::bench {
namespace {

class OpenBlas : public Peer {
 public:
  explicit OpenBlas(const PeerSettings& settings)
      : library_(settings.library.empty() ? "libopenblas.so.0" : settings.library), cblas_(library_) {
    library_.get<void(int)>("openblas_set_num_threads")(settings.threads);
    constexpr int kOpenMp = 2;
    runtime_ = library_.get<int()>("openblas_get_parallel")() == kOpenMp ? Runtime::openmp : Runtime::own;
  }

  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH …"
  std::string version() const override {
    const std::string config = library_.get<const char*()>("openblas_get_config")();
    const std::size_t begin = config.find(' ') + 1;
    return config.substr(begin, config.find(' ', begin) - begin);
  }
  std::string instructions() const override { return library_.get<const char*()>("openblas_get_corename")(); }
  void propose(const Problem& problem, std::vector<Candidate>& candidates) override {
    cblas_.propose("openblas", runtime_, problem, candidates);
  }

 private:
  DynamicLibrary library_;
  Cblas cblas_;
  Runtime runtime_ = Runtime::own;
};

}  // namespace

std::unique_ptr<Peer> open_openblas(const PeerSettings& settings) { return std::make_unique<OpenBlas>(settings); }

}  // namespace septet::bench
