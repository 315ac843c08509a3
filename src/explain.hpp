// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Facts are stated by whoever decides: functions that run a product take an Explanation to fill instead.
#pragma once

#include "septet/explain.hpp"

#include <chrono>
#include <exception>
#include <sstream>

namespace septet::detail {

template <class... Parts>
std::string joined(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// Shape and types, order of accumulation, target.
void explain_product(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& given,
                     const GemmOptions& resolved, Explanation& to);

/// SEPTET_VERBOSE is there and is not 0: looked up when the library is loaded, read before every product.
extern const bool verbose;
/// One line on stderr: "septet: name: text, 0.123 ms".
void tell(const char* name, const Status& status, const std::string& text, double seconds) noexcept;
/// facts() as a line; what cannot be said for want of memory is left out.
template <class Facts>
std::string line_of(Facts&& facts) noexcept {
  try {
    return facts().line();
  } catch (const std::exception&) {
    return {};
  }
}

/// run() (a Status) as it is; or, if SEPTET_VERBOSE asks for it, with a line on what it did: facts() is an Explanation.
template <class Run, class Facts>
Status told(const char* name, Run&& run, Facts&& facts) {
  if (!verbose) return run();
  const std::string text = line_of(facts);
  const auto begin = std::chrono::steady_clock::now();
  Status status = run();
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  tell(name, status, text, time.count());
  return status;
}

}  // namespace septet::detail
