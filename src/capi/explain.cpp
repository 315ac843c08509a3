// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "capi.hpp"

using namespace septet;
using namespace septet::capi;

namespace {

// Fills a new handle with what explain(explanation), which returns a Status, has to say.
template <class F>
Status make_explanation(septet_explanation** result, F&& explain) {
  return make(result, "explanation", [&](septet_explanation& handle) {
    Status status = explain(handle.explanation);
    handle.text = handle.explanation.to_string();
    return status;
  });
}

}  // namespace

septet_status septet_explain(const septet_weights* a, const septet_matrix* b, const septet_matrix* c,
                             const septet_options* options, septet_explanation** explanation) noexcept {
  return run([&] {
    return make_explanation(explanation, [&](Explanation& to) {
      return try_explain(weights_of(a, "a"), matrix_of(b, "b"), matrix_of(c, "c"), options_of(options).gemm, to);
    });
  });
}

septet_status septet_explain_packed_b(const septet_matrix* a, const septet_packed* b, const septet_matrix* c,
                                      const septet_options* options, septet_explanation** explanation) noexcept {
  return run([&] {
    return make_explanation(explanation, [&](Explanation& to) {
      return try_explain(matrix_of(a, "a"), required(b, "b").matrix, matrix_of(c, "c"), options_of(options).gemm, to);
    });
  });
}

void septet_explanation_free(septet_explanation* explanation) noexcept { delete explanation; }

const char* septet_explanation_text(const septet_explanation* explanation) noexcept {
  return explanation == nullptr ? "" : explanation->text.c_str();
}
