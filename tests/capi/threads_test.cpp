// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Threads and explanations as C has them.
#include "support.hpp"
#include "tests/support/comparison.hpp"
#include "tests/support/generators.hpp"

#include <atomic>
#include <cstring>
#include <string>
#include <thread>

namespace {

using namespace septet;
using namespace septet::support;

// Counts its calls, and starts the last task first.
void backwards(void* user, int count, void (*task)(void*, int), void* context) {
  static_cast<std::atomic<int>*>(user)->fetch_add(1);
  for (int i = count; i-- > 0;) task(context, i);
}

}  // namespace

TEST_CASE("C chooses the threads") {
  CHECK(septet_threads() == threads());
  REQUIRE(septet_set_threads(3) == SEPTET_OK);
  CHECK(septet_threads() == 3);
  for (const std::int32_t n : {0, -1, 1025}) {
    CHECK(septet_set_threads(n) == SEPTET_BAD_OPTION);
    CHECK(septet_error_argument() == std::string("n"));
  }
  CHECK(septet_threads() == 3);
  septet_reset_threads();
  CHECK(septet_threads() == threads());
}

TEST_CASE("C's own parallel-for runs the product") {
  constexpr Index kSide = 160;
  Rng rng(73);
  Storage<float> a(kSide, kSide), b(kSide, kSide), want(kSide, kSide), got(kSide, kSide);
  fill_random(rng, a.view(), ValueKind::mixed);
  fill_random(rng, b.view(), ValueKind::mixed);
  gemm(a.view(), b.view(), want.view());

  const OwnedOptions options = make_options();
  std::atomic<int> calls{0};
  REQUIRE(septet_options_set_number(options.get(), "threads", 4) == SEPTET_OK);
  REQUIRE(septet_options_set_parallel_for(options.get(), backwards, &calls) == SEPTET_OK);
  const septet_matrix a_view = in_c(a.view()), b_view = in_c(b.view()), c_view = in_c(got.view());
  const septet_weights weights = {&a_view, nullptr, nullptr};
  REQUIRE(septet_gemm(&weights, &b_view, &c_view, options.get()) == SEPTET_OK);
  CHECK(calls == 1);
  const auto difference = compare_bits(got.view(), want.view());
  CHECK_MESSAGE(difference.equal, difference.text << ", seed 73");
  REQUIRE(septet_options_set_parallel_for(options.get(), nullptr, nullptr) == SEPTET_OK);
  REQUIRE(septet_gemm(&weights, &b_view, &c_view, options.get()) == SEPTET_OK);
  CHECK(calls == 1);
  CHECK(septet_options_set_parallel_for(nullptr, nullptr, nullptr) == SEPTET_BAD_POINTER);
}

TEST_CASE("C asks what a product would do") {
  std::vector<float> a(200 * 300), b(300 * 100), c(200 * 100, 42);
  const auto a_cxx = row_major(a.data(), 200, 300), b_cxx = row_major(b.data(), 300, 100);
  const septet_matrix a_view = in_c(a_cxx), b_view = in_c(b_cxx), c_view = in_c(row_major(c.data(), 200, 100));
  const septet_weights weights = {&a_view, nullptr, nullptr};
  septet_explanation* explanation = nullptr;
  REQUIRE(septet_explain(&weights, &b_view, &c_view, nullptr, &explanation) == SEPTET_OK);
  CHECK(septet_explanation_text(explanation) == explain(a_cxx, b_cxx, row_major(c.data(), 200, 100)).to_string());
  CHECK(std::strstr(septet_explanation_text(explanation), "f32 200x100x300") != nullptr);
  septet_explanation_free(explanation);
  CHECK(c == std::vector<float>(200 * 100, 42));

  PackOptions right;
  right.side = Side::right;
  septet_packed* packed = nullptr;
  const septet_weights as_b = {&b_view, nullptr, nullptr};
  const OwnedOptions options = in_c({}, right);
  REQUIRE(septet_pack(&as_b, options.get(), &packed) == SEPTET_OK);
  const OwnedPacked owned(packed);
  REQUIRE(septet_explain_packed_b(&a_view, packed, &c_view, nullptr, &explanation) == SEPTET_OK);
  CHECK(std::strstr(septet_explanation_text(explanation), "packed beforehand") != nullptr);
  septet_explanation_free(explanation);

  explanation = nullptr;
  CHECK(septet_explain(&weights, &a_view, &c_view, nullptr, &explanation) == SEPTET_BAD_SHAPE);
  CHECK(septet_error_argument() == std::string("b"));
  CHECK(septet_explain(&weights, &b_view, &c_view, nullptr, nullptr) == SEPTET_BAD_POINTER);
  CHECK(explanation == nullptr);
  CHECK(*septet_explanation_text(nullptr) == '\0');
  septet_explanation_free(nullptr);
}
