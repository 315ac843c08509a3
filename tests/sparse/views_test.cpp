// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Operands between guard pages: products of the caller's own CSR, CSC, COO and BSR arrays and of packed matrices read
// and write nothing beside them. Sums of small whole numbers are exact in every type, so that one loop is the reference
// for all. What a packed matrix owns lies in vectors, which the address sanitizer guards.
#include "products.hpp"
#include "src/threads.hpp"
#include "support/guard.hpp"

#include <cstring>

namespace {

using namespace septet;
using namespace septet::support;

[[maybe_unused]] const Index kSharedFrom = septet::detail::worth_sharing() = 0;

// A matrix of any strides whose first or last element lies at the end of accessible memory.
template <class T>
class GuardedMatrix {
 public:
  GuardedMatrix(Rng& rng, Index rows, Index cols, GuardedBuffer::Side side)
      : strides_(random_strides(rng, random_layout(rng), rows, cols)),
        memory_(static_cast<std::size_t>(extent(rows, cols)) * sizeof(T), side) {
    const Index first = std::min<Index>(0, (rows - 1) * strides_.row) + std::min<Index>(0, (cols - 1) * strides_.col);
    view = {memory_.template as<T>() - first, rows, cols, strides_.row, strides_.col};
    std::memset(memory_.data(), 0xff, memory_.bytes());  // NaN, or -1
  }

  MatrixView<T> view;

  void make_read_only() { memory_.make_read_only(); }
  /// Nothing but elements was written.
  bool slack_intact() const {
    std::vector<bool> is_element(memory_.bytes() / sizeof(T), false);
    for (Index i = 0; i < view.rows; ++i) {
      for (Index j = 0; j < view.cols; ++j) is_element[&view(i, j) - memory_.template as<T>()] = true;
    }
    for (std::size_t at = 0; at < is_element.size(); ++at) {
      T untouched;
      std::memset(&untouched, 0xff, sizeof untouched);
      if (!is_element[at] && std::memcmp(memory_.template as<T>() + at, &untouched, sizeof(T)) != 0) return false;
    }
    return memory_.slack_intact();
  }

 private:
  Index extent(Index rows, Index cols) const {
    return std::abs((rows - 1) * strides_.row) + std::abs((cols - 1) * strides_.col) + 1;
  }

  Strides strides_;
  GuardedBuffer memory_;
};

template <class T>
GuardedBuffer guarded(const std::vector<T>& from, GuardedBuffer::Side side) {
  GuardedBuffer memory(from.size() * sizeof(T), side);
  if (!from.empty()) std::memcpy(memory.data(), from.data(), memory.bytes());
  memory.make_read_only();
  return memory;
}

// A's elements as the caller's arrays, some zeros among them.
template <class T, class I>
struct Arrays {
  std::vector<I> offsets, indices;
  std::vector<T> values;

  void add(Index index, T value) {
    indices.push_back(static_cast<I>(index));
    values.push_back(value);
  }
};

template <class T, class I>
Arrays<T, I> compressed(Rng& rng, const MatrixView<T>& a, bool by_rows) {
  Arrays<T, I> arrays;
  arrays.offsets.push_back(0);
  for (Index i = 0; i < (by_rows ? a.rows : a.cols); ++i) {
    for (Index j = 0; j < (by_rows ? a.cols : a.rows); ++j) {
      const T value = by_rows ? a(i, j) : a(j, i);
      if (!is_zero(value, 0) || rng.chance(0.05)) arrays.add(j, value);
    }
    arrays.offsets.push_back(static_cast<I>(arrays.indices.size()));
  }
  return arrays;
}

template <class T, class I>
Arrays<T, I> coordinates(Rng& rng, const MatrixView<T>& a) {
  Arrays<T, I> arrays;
  for (Index i = 0; i < a.rows; ++i) {
    for (Index j = 0; j < a.cols; ++j) {
      if (is_zero(a(i, j), 0) && !rng.chance(0.05)) continue;
      arrays.offsets.push_back(static_cast<I>(i));
      arrays.add(j, a(i, j));
    }
  }
  for (std::size_t p = 1; p < arrays.values.size(); ++p) {  // in any order
    const auto q = static_cast<std::size_t>(rng.below(static_cast<Index>(p + 1)));
    std::swap(arrays.offsets[p], arrays.offsets[q]);
    std::swap(arrays.indices[p], arrays.indices[q]);
    std::swap(arrays.values[p], arrays.values[q]);
  }
  return arrays;
}

template <class T, class I>
Arrays<T, I> blocked(const MatrixView<T>& a, const BlockShape& block) {
  Arrays<T, I> arrays;
  arrays.offsets.push_back(0);
  const Pattern pattern = pattern_of(a);
  for (Index i = 0; i < a.rows; i += block.rows) {
    for (Index j = 0; j < a.cols; j += block.cols) {
      if (count_nonzeros(pattern, i, j, block.rows, block.cols) == 0) continue;
      arrays.indices.push_back(static_cast<I>(j / block.cols));
      for (Index e = 0; e < block.rows * block.cols; ++e) {
        arrays.values.push_back(a(i + e / block.cols, j + e % block.cols));
      }
    }
    arrays.offsets.push_back(static_cast<I>(arrays.indices.size()));
  }
  return arrays;
}

// Calls f(the view over guarded copies of the arrays).
template <class T, class I, class F>
void with_guarded(const Arrays<T, I>& arrays, GuardedBuffer::Side side, F&& f) {
  const GuardedBuffer offsets = guarded(arrays.offsets, side), indices = guarded(arrays.indices, side);
  const GuardedBuffer values = guarded(arrays.values, side);
  f(offsets.as<I>(), indices.as<I>(), values.as<T>());
}

// Calls f(A as a view of any kind, its name).
template <class I, class T, class F>
void for_each_view(Rng& rng, const MatrixView<T>& a, const BlockShape& block, GuardedBuffer::Side side, F&& f) {
  with_guarded(compressed<T, I>(rng, a, true), side, [&](const I* offsets, const I* indices, const T* values) {
    f(csr(a.rows, a.cols, offsets, indices, values), "csr view");
  });
  with_guarded(compressed<T, I>(rng, a, false), side, [&](const I* offsets, const I* indices, const T* values) {
    f(csc(a.rows, a.cols, offsets, indices, values), "csc view");
  });
  const Arrays<T, I> coo_arrays = coordinates<T, I>(rng, a);
  with_guarded(coo_arrays, side, [&](const I* rows, const I* cols, const T* values) {
    f(coo(a.rows, a.cols, static_cast<Index>(coo_arrays.values.size()), rows, cols, values), "coo view");
  });
  with_guarded(blocked<T, I>(a, block), side, [&](const I* offsets, const I* indices, const T* values) {
    f(bsr(a.rows, a.cols, block.rows, block.cols, offsets, indices, values), "bsr view");
  });
}

// One product: every view, and every format packed from one of them, into a guarded C.
template <class T, class TC>
struct Guarded {
  Guarded(Rng& rng_, Index m, Index n, Index k, const BlockShape& block_)
      : rng(rng_), block(block_), a(m, k), b(rng, k, n, random_side()), want(m, n) {
    const PatternKind kind = static_cast<PatternKind>(rng.below(kPatternKinds));
    fill_pattern(rng, a.view(), make_pattern(rng, kind, m, k, rng.unit(), {4, 4}), ValueKind::small_integers);
    fill_random(rng, b.view, ValueKind::small_integers);
    b.make_read_only();
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) {
        Index sum = 0;
        for (Index l = 0; l < k; ++l)
          sum += static_cast<Index>(number(a(i, l))) * static_cast<Index>(number(b.view(l, j)));
        want(i, j) = static_cast<TC>(sum);
      }
    }
  }

  GuardedBuffer::Side random_side() { return rng.chance(0.5) ? GuardedBuffer::Side::end : GuardedBuffer::Side::begin; }

  void multiply(const Weights& weights, const std::string& what) {
    GuardedMatrix<TC> c(rng, want.rows(), want.cols(), random_side());
    GemmOptions options;
    options.threads = rng.pick({1, 2, 3, 7});
    gemm(weights, b.view, c.view, options);
    const Difference difference = compare_up_to_zero_sign(c.view, want.view());
    INFO(what << " of " << name(type_of<T>()) << " on " << std::string(target()) << ", threads " << options.threads
              << ", " << want.rows() << "x" << want.cols() << "x" << a.cols() << ": " << difference.text);
    CHECK(difference.equal);
    CHECK(c.slack_intact());
  }

  template <class I>
  void run() {
    const Pattern pattern = pattern_of(a.view());
    for_each_view<I>(rng, a.view(), block, random_side(), [&](const SparseView& view, const char* what) {
      multiply(view, what);
      for (const Format format : kFormats) {
        if (!rng.chance(0.25)) continue;
        const PackOptions packing = likely_packing(rng, format, pattern, 0);
        multiply(pack(view, packing), describe(packing) + " from " + what);
      }
    });
  }

  Rng& rng;
  BlockShape block;
  Storage<T> a;
  GuardedMatrix<T> b;
  Storage<TC> want;
};

template <class T, class TC>
void run_guarded(Rng& rng) {
  const BlockShape block = rng.pick<BlockShape>({{1, 1}, {3, 2}, {8, 1}, {1, 4}, {4, 4}, {5, 7}});
  const Index m = block.rows * rng.between(1, 40 / block.rows), k = block.cols * rng.between(1, 60 / block.cols);
  const Index n = rng.chance(0.7) ? rng.between(1, 70) : rng.pick<Index>({128, 129, 300});
  Guarded<T, TC> product(rng, m, n, k, block);
  rng.chance(0.5) ? product.template run<std::int32_t>() : product.template run<std::int64_t>();
}

}  // namespace

TEST_CASE("guard pages around the arrays of views, around B and around C") {
  MESSAGE("seeds from 53000000");
  for (int i = 0; i < problem_count(40); ++i) {
    const std::uint64_t seed = 53000000 + static_cast<std::uint64_t>(i);
    INFO("seed " << seed);
    Rng rng(seed);
    for (const std::string& target : all_targets()) {
      REQUIRE(set_target(target.c_str()).ok());
      switch (rng.below(6)) {
        case 0:
          run_guarded<double, double>(rng);
          break;
        case 1:
          run_guarded<bf16, float>(rng);
          break;
        case 2:
          run_guarded<std::int8_t, std::int32_t>(rng);
          break;
        case 3:
          run_guarded<std::int16_t, std::int32_t>(rng);
          break;
        default:
          run_guarded<float, float>(rng);
          break;
      }
    }
  }
  REQUIRE(set_target(nullptr).ok());
}

namespace {

// B's rows begin on cache lines, so that whole vectors of them are read where they lie.
void multiply_in_place(Rng& rng, Index m, Index n, Index k, Format format) {
  GuardedBuffer memory(static_cast<std::size_t>(k * n) * sizeof(float), GuardedBuffer::Side::end);
  const MatrixView<float> b = row_major(memory.as<float>(), k, n);
  fill_random(rng, b, ValueKind::mixed);
  memory.make_read_only();
  Storage<float> a(m, k), c(m, n), want(m, n);
  fill_pattern(rng, a.view(), make_pattern(rng, PatternKind::uniform, m, k, 0.4, {4, 4}), ValueKind::mixed);
  const Pattern pattern = pattern_of(a.view());
  const PackOptions packing = likely_packing(rng, format, pattern, 0);
  GemmOptions reference;
  reference.dataflow = Dataflow::csOS;
  reference_gemm(a.view(), b, want.view(), reference);
  const PackedMatrix packed = pack(a.view(), packing);
  for (const std::string& target : all_targets()) {
    REQUIRE(set_target(target.c_str()).ok());
    GemmOptions options;
    options.threads = rng.pick({1, 2, 3});
    gemm(packed, b, c.view(), options);
    // Of a first-fit csb nothing but the values is expected: its order is its own.
    if (packing.format == Format::csb && packing.combine.policy == CombinePolicy::first_fit) continue;
    const Difference difference = compare_up_to_zero_sign(c.view(), want.view());
    INFO(describe(packing) << " on " << target << " " << m << "x" << n << "x" << k << ": " << difference.text);
    CHECK(difference.equal);
  }
  REQUIRE(set_target(nullptr).ok());
}

}  // namespace

TEST_CASE("B is read in place: aligned rows, many columns, its last element before a guard page") {
  Rng rng(54000000);
  for (const Format format : kFormats) {
    for (const Index n : {16, 64, 112, 128, 144, 256, 512, 1536}) {
      if (is_sampled(rng)) multiply_in_place(rng, rng.between(1, 40), n, rng.between(1, 60), format);
    }
  }
}
