// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/peers/peer.hpp"

namespace septet::bench {
namespace {

#if !SEPTET_BENCH_HAS_ONEDNN || !SEPTET_BENCH_HAS_LIBXSMM || !SEPTET_BENCH_HAS_EIGEN
std::unique_ptr<Peer> not_built(const PeerSettings&) { throw Missing("was not there when this program was built"); }
#endif

}  // namespace

#if !SEPTET_BENCH_HAS_ONEDNN
std::unique_ptr<Peer> open_onednn(const PeerSettings& settings) { return not_built(settings); }
#endif
#if !SEPTET_BENCH_HAS_LIBXSMM
std::unique_ptr<Peer> open_libxsmm(const PeerSettings& settings) { return not_built(settings); }
#endif
#if !SEPTET_BENCH_HAS_EIGEN
std::unique_ptr<Peer> open_eigen(const PeerSettings& settings) { return not_built(settings); }
#endif

const std::vector<PeerEntry>& all_peers() {
  static const std::vector<PeerEntry> peers = {
      {"septet", open_septet}, {"openblas", open_openblas}, {"blis", open_blis},   {"mkl", open_mkl},
      {"onednn", open_onednn}, {"libxsmm", open_libxsmm},   {"eigen", open_eigen},
  };
  return peers;
}

}  // namespace septet::bench
