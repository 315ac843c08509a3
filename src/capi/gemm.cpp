// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Products, and the instruction sets that compute them.
#include "capi.hpp"

using namespace septet;
using namespace septet::capi;

septet_status septet_gemm(const septet_weights* a, const septet_matrix* b, const septet_matrix* c,
                          const septet_options* options) noexcept {
  return run(
      [&] { return try_gemm(weights_of(a, "a"), matrix_of(b, "b"), matrix_of(c, "c"), options_of(options).gemm); });
}

septet_status septet_gemm_packed_b(const septet_matrix* a, const septet_packed* b, const septet_matrix* c,
                                   const septet_options* options) noexcept {
  return run([&] {
    return try_gemm(matrix_of(a, "a"), required(b, "b").matrix, matrix_of(c, "c"), options_of(options).gemm);
  });
}

septet_status septet_gemm_batch(int64_t count, const septet_matrix* a, int64_t a_stride, const septet_matrix* b,
                                int64_t b_stride, const septet_matrix* c, int64_t c_stride,
                                const septet_options* options) noexcept {
  return run([&]() -> Status {
    if (count == 0) return {};
    return try_gemm_batch(count, matrix_of(a, "a"), a_stride, matrix_of(b, "b"), b_stride, matrix_of(c, "c"), c_stride,
                          options_of(options).gemm);
  });
}

septet_status septet_gemm_workspace_bytes(const septet_weights* a, const septet_matrix* b, const septet_matrix* c,
                                          const septet_options* options, int64_t* bytes) noexcept {
  return run([&]() -> Status {
    required(bytes, "bytes") =
        gemm_workspace_bytes(weights_of(a, "a"), matrix_of(b, "b"), matrix_of(c, "c"), options_of(options).gemm);
    return {};
  });
}

septet_status septet_gemm_packed_b_workspace_bytes(const septet_matrix* a, const septet_packed* b,
                                                   const septet_matrix* c, const septet_options* options,
                                                   int64_t* bytes) noexcept {
  return run([&]() -> Status {
    required(bytes, "bytes") =
        gemm_workspace_bytes(matrix_of(a, "a"), required(b, "b").matrix, matrix_of(c, "c"), options_of(options).gemm);
    return {};
  });
}

septet_status septet_gemm_batch_workspace_bytes(int64_t count, const septet_matrix* a, const septet_matrix* b,
                                                const septet_matrix* c, const septet_options* options,
                                                int64_t* bytes) noexcept {
  return run([&]() -> Status {
    required(bytes, "bytes") = gemm_batch_workspace_bytes(count, matrix_of(a, "a"), matrix_of(b, "b"),
                                                          matrix_of(c, "c"), options_of(options).gemm);
    return {};
  });
}

const char* const* septet_supported_targets() noexcept { return supported_targets(); }
septet_status septet_set_target(const char* name) noexcept {
  return run([&] { return set_target(name); });
}
const char* septet_target() noexcept { return target(); }

const char* septet_version() noexcept { return SEPTET_VERSION; }
