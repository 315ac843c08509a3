// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "explain.hpp"
#include "septet/explain.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iomanip>

namespace septet {
namespace detail {
namespace {

const char* form_of(const Weights& a) {
  if (a.sparse() != nullptr) return "A is a sparse view";
  if (a.packed() == nullptr) return "A is dense";
  return a.packed()->format() == Format::dense ? "A is packed, dense" : "A is packed, sparse";
}

}  // namespace

void explain_product(const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& given,
                     const GemmOptions& resolved, Explanation& to) {
  const std::string types = a.type() == b.type && c.type == accumulator_of(a.type())
                                ? name(a.type())
                                : joined(name(a.type()), " x ", name(b.type), " -> ", name(c.type));
  to.add("product", joined(types, " ", a.rows(), "x", b.cols, "x", a.cols()), form_of(a));
  to.add("order", joined(name(resolved.dataflow), ", ", name(resolved.accumulate), ", ", name(resolved.mac)),
         given.dataflow == Dataflow::automatic ? "chosen by A's form" : "asked for");
  const bool is_best = std::string(supported_targets()[0]) == target();
  to.add("target", target(), is_best ? "the best of this CPU" : "chosen by SEPTET_TARGET or set_target()");
}

const bool verbose = [] {
  const char* text = std::getenv("SEPTET_VERBOSE");
  return text != nullptr && *text != '\0' && std::strcmp(text, "0") != 0;
}();

void tell(const char* name, const Status& status, const std::string& text, double seconds) noexcept {
  // At once: lines of several threads do not mix.
  if (status.ok()) {
    std::fprintf(stderr, "septet: %s: %s; %.4g ms\n", name, text.c_str(), seconds * 1e3);
  } else {
    std::fprintf(stderr, "septet: %s: refused: %s: %s\n", name, status.argument().c_str(), status.message().c_str());
  }
}

}  // namespace detail

std::string Explanation::operator[](const std::string& what) const {
  for (const Fact& fact : facts) {
    if (fact.what == what) return fact.choice;
  }
  return "";
}

std::string Explanation::to_string() const {
  std::size_t what = 0, choice = 0;
  for (const Fact& fact : facts) {
    what = std::max(what, fact.what.size()), choice = std::max(choice, fact.choice.size());
  }
  std::ostringstream out;
  for (const Fact& fact : facts) {
    std::ostringstream row;
    row << std::left << std::setw(static_cast<int>(what) + 2) << fact.what;
    row << std::setw(fact.why.empty() ? 0 : static_cast<int>(choice) + 2) << fact.choice << fact.why;
    out << row.str() << '\n';
  }
  return out.str();
}

std::string Explanation::line() const {
  std::string text;
  for (const Fact& fact : facts) {
    text += (text.empty() ? "" : "; ") + fact.what + " " + fact.choice;
    if (!fact.why.empty()) text += " (" + fact.why + ")";
  }
  return text;
}

}  // namespace septet
