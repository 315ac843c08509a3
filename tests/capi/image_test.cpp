// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Memory images through C have the bytes of C++.
#include "support.hpp"
#include "tests/support/generators.hpp"

#include <cstring>
#include <limits>
#include <string>

namespace {

using namespace septet;
using namespace septet::support;

}  // namespace

TEST_CASE("c: memory images are those of C++") {
  const int problems = problem_count(200);
  for (int i = 0; i < problems; ++i) {
    Limits limits;
    limits.any_fold_depth = false;
    for_random_problem(0xc1a6e + static_cast<std::uint64_t>(i), limits, [&](const auto& p) {
      INFO(describe(p));
      const emulation::MemoryImage want =
          emulation::memory_image(p.a.view(), p.n, p.b_type, p.options, p.array_options);
      const auto options = in_c(p.options, {}, p.array_options);
      const septet_matrix a = in_c(ConstMatrix(p.a.view()));
      const septet_weights weights = {&a, nullptr, nullptr};
      const auto b_type = static_cast<std::int32_t>(p.b_type);
      std::uint32_t sizes[SEPTET_SIZES_WORDS] = {};
      REQUIRE(septet_memory_image(&weights, p.n, b_type, options.get(), sizes, nullptr, 0) == SEPTET_OK);
      CHECK(std::equal(want.sizes.begin(), want.sizes.end(), sizes));
      REQUIRE(sizes[SEPTET_SIZES_A_BYTES] == want.a.size());
      std::vector<std::byte> image(want.a.size() + 1, std::byte{0xee});
      const auto bytes = static_cast<std::int64_t>(want.a.size());
      REQUIRE(septet_memory_image(&weights, p.n, b_type, options.get(), sizes, image.data(), bytes) == SEPTET_OK);
      CHECK(std::equal(want.a.begin(), want.a.end(), image.begin()));
      CHECK(image.back() == std::byte{0xee});
      if (bytes == 0) return;
      const septet_status status =
          septet_memory_image(&weights, p.n, b_type, options.get(), sizes, image.data(), bytes - 1);
      CHECK(status == SEPTET_BAD_SHAPE);
      CHECK(std::string(septet_error_argument()) == "capacity");
    });
  }
}

TEST_CASE("c: memory images that are refused leave everything as it was") {
  const std::int8_t elements[6] = {1, 0, 2, 0, 3, 0};
  const septet_matrix a = in_c(ConstMatrix(row_major(elements, 2, 3)));
  const septet_weights weights = {&a, nullptr, nullptr}, none = {nullptr, nullptr, nullptr};
  std::uint32_t sizes[SEPTET_SIZES_WORDS] = {77};
  char image[8] = "image";
  const auto refused = [&](septet_status status, septet_status wanted, const std::string& argument) {
    CHECK(status == wanted);
    CHECK(septet_error_argument() == argument);
    CHECK(sizes[0] == 77);
    CHECK(std::strcmp(image, "image") == 0);
  };
  refused(septet_memory_image(nullptr, 1, SEPTET_S8, nullptr, sizes, image, 8), SEPTET_BAD_POINTER, "a");
  refused(septet_memory_image(&none, 1, SEPTET_S8, nullptr, sizes, image, 8), SEPTET_BAD_POINTER, "a");
  refused(septet_memory_image(&weights, 1, SEPTET_S8, nullptr, nullptr, image, 8), SEPTET_BAD_POINTER, "sizes");
  refused(septet_memory_image(&weights, -1, SEPTET_S8, nullptr, sizes, image, 8), SEPTET_BAD_SHAPE, "n");
  for (const std::int64_t n : {std::int64_t{1} << 32, std::numeric_limits<std::int64_t>::max()}) {
    CAPTURE(n);
    refused(septet_memory_image(&weights, n, SEPTET_S8, nullptr, sizes, image, 8), SEPTET_BAD_SHAPE, "n");
  }
  refused(septet_memory_image(&weights, 1, 99, nullptr, sizes, image, 8), SEPTET_BAD_TYPE, "b_type");
  refused(septet_memory_image(&weights, 1, SEPTET_F32, nullptr, sizes, image, 8), SEPTET_BAD_TYPE, "b_type");
  refused(septet_memory_image(&weights, 1, SEPTET_S8, nullptr, sizes, image, 5), SEPTET_BAD_SHAPE, "capacity");
  CHECK(septet_memory_image(&weights, 1, SEPTET_S8, nullptr, sizes, image, 6) == SEPTET_OK);
  CHECK(sizes[0] == 1);
}
