// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// set_threads() and set_target() while others multiply: every call is of one piece, its memory that of the threads and
// kernels it has.
#include "septet/gemm.hpp"

#include "src/threads.hpp"
#include "tests/support/comparison.hpp"
#include "tests/support/generators.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace {

using namespace septet;
using namespace septet::support;

// Turns both switches until the end.
class Switcher {
 public:
  Switcher() : thread_([this] { run(); }) {}
  ~Switcher() {
    ends_ = true;
    thread_.join();
    reset_threads();
    (void)set_target(nullptr);
  }

 private:
  void run() const {
    for (int i = 0; !ends_; ++i) {
      (void)set_threads(i % 2 == 0 ? 1 : 8);
      (void)set_target(i % 3 == 0 ? "portable" : nullptr);
    }
  }
  std::atomic<bool> ends_{false};
  std::thread thread_;
};

// Operands that have to be copied, so that a product takes memory.
template <class T, class Sum>
struct Transposed {
  Transposed(Index m, Index n, Index k, Index count = 1)
      : a(k * count, m), b(n * count, k), c(m * count, n), want(m * count, n), m(m), n(n), k(k) {
    Rng rng(20260);
    fill_random(rng, a.view(), ValueKind::mixed);
    fill_random(rng, b.view(), ValueKind::mixed);
  }
  ConstMatrix left() const { return MatrixView<const T>(first(a.view(), k, m)).transposed(); }
  ConstMatrix right() const { return MatrixView<const T>(first(b.view(), n, k)).transposed(); }
  template <class View>
  static auto first(const View& x, Index rows, Index cols) {
    return x.block(0, 0, rows, cols);
  }
  Storage<T> a, b;
  Storage<Sum> c, want;
  Index m, n, k;
};

}  // namespace

TEST_CASE("a caller's workspace is never overrun, whatever the threads are meanwhile") {
  detail::worth_sharing() = 0;
  Transposed<float, float> x(128, 128, 128);
  GemmOptions options;
  options.alpha = 2;
  gemm(x.left(), x.right(), x.want.view(), options);
  constexpr std::size_t kBytes = 1 << 20, kBeyond = 1 << 16;
  std::vector<unsigned char> memory(kBytes + kBeyond, 0xa5);
  options.workspace = memory.data();
  int done = 0, refused = 0;
  {
    const Switcher switcher;
    for (int i = 0; i < 400; ++i) {
      options.workspace_bytes = gemm_workspace_bytes(x.left(), x.right(), x.c.view(), options);
      REQUIRE(options.workspace_bytes <= static_cast<Index>(kBytes));
      const std::size_t end = static_cast<std::size_t>(options.workspace_bytes);
      std::fill(memory.begin() + static_cast<std::ptrdiff_t>(end), memory.end(), static_cast<unsigned char>(0xa5));
      const Status status = try_gemm(x.left(), x.right(), x.c.view(), options);
      (status.ok() ? done : refused) += 1;
      if (!status.ok()) REQUIRE(status.argument() == "options.workspace_bytes");
      for (std::size_t p = end; p < memory.size(); ++p) {
        if (memory[p] != 0xa5) FAIL("written " << p - end << " bytes behind the workspace");
      }
      if (!status.ok()) continue;
      const auto difference = compare_bits(x.c.view(), x.want.view());
      REQUIRE_MESSAGE(difference.equal, difference.text);
    }
  }
  MESSAGE(done << " products, " << refused << " refused: the memory was sized for fewer threads");
  CHECK(done > 0);
}

TEST_CASE("batches and bytes, whatever the target and the threads are meanwhile") {
  constexpr Index kCount = 6, kSide = 96;
  Transposed<float, float> x(kSide, kSide, kSide, kCount);
  Transposed<std::int8_t, std::int32_t> bytes(kSide, kSide, kSide, kCount);
  GemmOptions options;
  options.alpha = 2;
  const auto run = [&](auto& operands, auto& to) {
    const Index a = operands.k * operands.a.view().row_stride, b = operands.n * operands.b.view().row_stride;
    const Index c = operands.m * to.view().row_stride;
    return try_gemm_batch(kCount, operands.left(), a, operands.right(), b,
                          operands.first(to.view(), operands.m, operands.n), c, options);
  };
  detail::worth_sharing() = 0;
  REQUIRE(run(x, x.want).ok());
  REQUIRE(run(bytes, bytes.want).ok());
  const Switcher switcher;
  for (int i = 0; i < 150; ++i) {
    REQUIRE(run(x, x.c).ok());
    REQUIRE(run(bytes, bytes.c).ok());
    const auto floats = compare_bits(x.c.view(), x.want.view());
    REQUIRE_MESSAGE(floats.equal, floats.text);
    const auto integers = compare_bits(bytes.c.view(), bytes.want.view());
    REQUIRE_MESSAGE(integers.equal, integers.text);
  }
}
