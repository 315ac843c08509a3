// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// explain() says what gemm() would do, and does nothing.
#include "septet/explain.hpp"

#include "tests/support/storage.hpp"

#include <doctest/doctest.h>

#include <omp.h>

#include <string>
#include <vector>

namespace {

using namespace septet;
using namespace septet::support;

std::string why(const Explanation& explanation, const std::string& what) {
  for (const Explanation::Fact& fact : explanation.facts) {
    if (fact.what == what) return fact.why;
  }
  return "no such fact";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

template <class T>
struct Operands {
  Operands(Index m, Index n, Index k) : a(m * k, T(1)), b(k * n, T(1)), c(m * n, 42), m(m), n(n), k(k) {}
  MatrixView<T> left() { return row_major(a.data(), m, k); }
  MatrixView<T> right() { return row_major(b.data(), k, n); }
  auto result() { return row_major(c.data(), m, n); }
  bool untouched() const {
    for (const auto& x : c) {
      if (x != 42) return false;
    }
    return true;
  }
  std::vector<T> a, b;
  std::vector<std::conditional_t<sizeof(T) == 1, std::int32_t, T>> c;
  Index m, n, k;
};

struct ThreadsForTest {
  ThreadsForTest() { REQUIRE(set_threads(4).ok()); }
  ~ThreadsForTest() { reset_threads(); }
};

}  // namespace

TEST_CASE("a dense product: shape, order, target, threads, blocks, operands") {
  const ThreadsForTest four;
  Operands<float> x(300, 1000, 700);
  const Explanation e = explain(x.left(), x.right(), x.result());
  INFO(e.to_string());
  CHECK(e["product"] == "f32 300x1000x700");
  CHECK(e["order"] == "dOS, chained, fused");
  CHECK(e["target"] == target());
  CHECK(contains(e["kernel"], "f32_fused"));
  CHECK(e["threads"] == "4");
  CHECK(why(e, "threads") == "set_threads()");
  CHECK(e["a"] == "read in place");
  CHECK(e["b"] == "packed");  // 4000 bytes from row to row
  CHECK(why(e, "b") != "");
  CHECK(e["sums"] == "in C");
  CHECK(e["nothing"] == "");
  CHECK(contains(e.line(), "threads 4 (set_threads())"));
  CHECK(x.untouched());
}

TEST_CASE("threads, and why so many") {
  const ThreadsForTest four;
  Operands<float> large(300, 300, 300), small(20, 20, 20);
  GemmOptions three;
  three.threads = 3;
  CHECK(explain(large.left(), large.right(), large.result(), three)["threads"] == "3");
  CHECK(why(explain(large.left(), large.right(), large.result(), three), "threads") == "options.threads");
  const Explanation little = explain(small.left(), small.right(), small.result(), three);
  CHECK(little["threads"] == "1");
  CHECK(why(little, "threads") == "too little work to share");
  CHECK(contains(little["kernel"], "small"));
  std::string within;
#pragma omp parallel num_threads(2)
#pragma omp single
  within = why(explain(large.left(), large.right(), large.result()), "threads");
  CHECK(within == "within a parallel region");
}

TEST_CASE("packed operands, workspaces, epilogues") {
  Operands<float> x(100, 600, 600);
  PackOptions right;
  right.side = Side::right;
  const PackedMatrix b = pack(ConstMatrix(x.right()), right);
  const Explanation packed = explain(x.left(), b, x.result());
  CHECK(packed["b"] == "read in place");
  CHECK(why(packed, "b") == "packed beforehand");

  GemmOptions options;
  options.epilogue.activation = Activation::relu;
  CHECK(explain(x.left(), x.right(), x.result(), options)["sums"] == "beside C");
  const Index bytes = gemm_workspace_bytes(x.left(), x.right(), x.result(), options);
  REQUIRE(bytes > 0);
  std::vector<char> memory(static_cast<std::size_t>(bytes));
  options.workspace = memory.data(), options.workspace_bytes = bytes;
  CHECK(why(explain(x.left(), x.right(), x.result(), options), "workspace") == "the caller's");
  CHECK(x.untouched());
}

TEST_CASE("bytes, on every target: the kernel that it has") {
  Operands<std::int8_t> x(128, 128, 128);
  for (const char* const* name = supported_targets(); *name != nullptr; ++name) {
    REQUIRE(set_target(*name).ok());
    const Explanation e = explain(x.left(), x.right(), x.result());
    INFO(e.to_string());
    const std::string expected = std::string(*name) == "AVX3_AMX"    ? "bytes, AMX"
                                 : std::string(*name) == "AVX3_VNNI" ? "bytes, dot products of four"
                                                                     : "s16_s32";
    CHECK(contains(e["kernel"], expected));
    CHECK(e["product"] == "s8 128x128x128");
    const bool is_best = name == supported_targets();
    CHECK(contains(why(e, "target"), is_best ? "best" : "set_target()"));
  }
  REQUIRE(set_target(nullptr).ok());
}

TEST_CASE("sparse products say their format") {
  const std::vector<std::int32_t> offsets{0, 1, 2, 2}, columns{1, 0};
  const std::vector<float> values{3, 4};
  std::vector<float> b(2 * 5, 1), c(3 * 5, 42);
  const SparseView a = csr(3, 2, offsets.data(), columns.data(), values.data());
  const auto b_view = row_major(b.data(), 2, 5), c_view = row_major(c.data(), 3, 5);
  const Explanation free_choice = explain(a, b_view, c_view);
  CHECK(free_choice["format"] == "csr, 2 of 6 not zero");
  CHECK(why(free_choice, "format") == "packed for this call");
  GemmOptions options;
  options.dataflow = Dataflow::dWS;
  CHECK(explain(a, b_view, c_view, options)["format"] == "dense");
  options.dataflow = Dataflow::sWS;
  CHECK(why(explain(a, b_view, c_view, options), "order") == "asked for");
  CHECK(contains(explain(a, b_view, c_view, options)["format"], "tsb"));
  CHECK(c == std::vector<float>(15, 42));
}

TEST_CASE("nothing to multiply, and errors") {
  Operands<double> x(4, 5, 6);
  GemmOptions options;
  options.alpha = 0;
  CHECK(explain(x.left(), x.right(), x.result(), options)["kernel"] == "none");
  Explanation untouched;
  untouched.add("before", "it");
  const Status status = try_explain(x.left(), x.left(), x.result(), options, untouched);
  CHECK(status.cause() == Cause::bad_shape);
  CHECK(status.argument() == "b");
  CHECK(untouched["before"] == "it");
  CHECK_THROWS_AS(explain(x.left(), x.left(), x.result()), Error);
}
