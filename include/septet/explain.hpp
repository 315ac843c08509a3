// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What a product would do on this machine, and why: nothing is computed, C is not touched.
//
//   std::puts(septet::explain(a, b, c, options).to_string().c_str());
//
//   product     f32 512x512x512                        A is dense
//   order       dOS, chained, fused                    chosen by A's form
//   target      AVX3_AMX                               the best of this CPU
//   kernel      f32_fused, tiles of 14 x 32            …
//
// SEPTET_VERBOSE=1 in the environment prints the same facts on stderr for every product, a line each, with its time.
#pragma once

#include "septet/gemm.hpp"

#include <string>
#include <vector>

namespace septet {

struct Explanation {
  struct Fact {
    std::string what;    ///< "product", "order", "target", "format", "strict_nonfinite", "kernel", "threads", "blocks",
                         ///< "a", "b", "sums", "workspace"
    std::string choice;  ///< what was chosen
    std::string why;     ///< may be empty
  };
  std::vector<Fact> facts;

  void add(std::string what, std::string choice, std::string why = "") {
    facts.push_back({std::move(what), std::move(choice), std::move(why)});
  }
  /// The choice of a fact; empty if there is none of this name.
  SEPTET_API std::string operator[](const std::string& what) const;
  /// A fact a line, in columns.
  SEPTET_API std::string to_string() const;
  /// "what choice (why); …"
  SEPTET_API std::string line() const;
};

/// Of the call try_gemm(a, b, c, options), as it would run now; a pattern that gemm would have to analyse is analysed.
/// Errors as try_gemm(); `explanation` is then untouched. explain() throws them.
SEPTET_API Status try_explain(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options,
                              Explanation& explanation);
SEPTET_API Explanation explain(const Weights& a, const ConstMatrix& b, const Matrix& c,
                               const GemmOptions& options = detail::kDefaultOptions);
SEPTET_API Status try_explain(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c, const GemmOptions& options,
                              Explanation& explanation);
SEPTET_API Explanation explain(const ConstMatrix& a, const PackedMatrix& b, const Matrix& c,
                               const GemmOptions& options = detail::kDefaultOptions);

}  // namespace septet
