// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Memory images against an independent reader, and what the store units write against the page's own order.
#include "septet/septet.hpp"
#include "support/comparison.hpp"
#include "support/generators.hpp"
#include "support/image_reader.hpp"
#include "support/store_order.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <map>

namespace {

using namespace septet;
using namespace septet::support;

constexpr Dataflow kDataflows[] = {Dataflow::dOS, Dataflow::dWS, Dataflow::dIS, Dataflow::sOS,
                                   Dataflow::sWS, Dataflow::sIS, Dataflow::csOS};

Limits limits_of(Dataflow dataflow) {
  Limits limits;
  limits.dataflow = dataflow;
  limits.any_fold_depth = false;
  return limits;
}

template <class T>
std::uint64_t bits_of(T value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}

std::vector<std::uint8_t> bytes_of(const emulation::MemoryImage& image) {
  std::vector<std::uint8_t> bytes;
  for (const std::byte byte : image.a) bytes.push_back(static_cast<std::uint8_t>(byte));
  return bytes;
}

ImageSizes sizes_of(const emulation::MemoryImage& image) {
  return ImageSizes({image.sizes.begin(), image.sizes.end()});
}

template <class P>
void check_sizes(const P& p, Dataflow dataflow, const emulation::MemoryImage& image) {
  const ImageSizes s = sizes_of(image);
  CHECK(s.version == 1);
  CHECK(s.dataflow == static_cast<std::uint32_t>(dataflow));
  CHECK(s.m == p.m);
  CHECK(s.n == p.n);
  CHECK(s.k == p.k);
  CHECK(s.height == p.options.array.height);
  CHECK(s.width == p.options.array.width);
  CHECK(s.lanes == (dataflow == Dataflow::csOS ? p.options.combine.lanes : 1));
  CHECK(s.timing == static_cast<std::uint32_t>(p.array_options.timing));
  CHECK((s.accumulate == 1) == (p.options.accumulate == Accumulate::fold_then_add));
  CHECK((s.preload == 1) == (p.options.preload.data != nullptr || (p.options.alpha == 1 && p.options.beta != 0)));
  CHECK(s.a_bytes == static_cast<Index>(image.a.size()));
  CHECK(s.a_type == static_cast<std::uint32_t>(p.a_type));
  CHECK(s.b_type == static_cast<std::uint32_t>(p.b_type));
  CHECK(s.sum_type == static_cast<std::uint32_t>(accumulator_of(p.a_type)));
  CHECK(s.a_zero_point == p.options.a_zero_point);
  CHECK(s.b_zero_point == p.options.b_zero_point);
}

// Every element, bit for bit; of a sparse format zeros are +0.
template <class P>
void check_elements(const P& p, Dataflow dataflow, const emulation::MemoryImage& image) {
  using T = typename P::AType;
  const std::vector<std::uint64_t> read = read_a_image(sizes_of(image), bytes_of(image));
  Index differences = 0;
  for (Index m = 0; m < p.m; ++m) {
    for (Index k = 0; k < p.k; ++k) {
      const bool skipped = is_sparse(dataflow) && !p.a_pattern(m, k);
      const std::uint64_t wanted = !skipped         ? bits_of(p.a.view()(m, k))
                                   : sizeof(T) == 1 ? bits_of(static_cast<std::uint8_t>(p.options.a_zero_point))
                                                    : 0;
      differences += read[static_cast<std::size_t>(m * p.k + k)] != wanted;
    }
  }
  CHECK(differences == 0);
}

}  // namespace

TEST_CASE("memory image: an independent reader finds A in it, and the sizes say what it needs") {
  for (const Dataflow dataflow : kDataflows) {
    const int problems = problem_count(150);
    for (int i = 0; i < problems; ++i) {
      for_random_problem(0x1a6e + static_cast<std::uint64_t>(i), limits_of(dataflow), [&](const auto& p) {
        INFO(describe(p));
        emulation::MemoryImage image;
        const Status status = emulation::try_memory_image(p.a.view(), p.n, p.b_type, p.options, p.array_options, image);
        REQUIRE_MESSAGE(status.ok(), status.to_string());
        check_sizes(p, dataflow, image);
        check_elements(p, dataflow, image);
      });
    }
  }
}

TEST_CASE("memory image: the same from every form of A") {
  for (const Dataflow dataflow : {Dataflow::sOS, Dataflow::sWS, Dataflow::sIS, Dataflow::csOS, Dataflow::dIS}) {
    const int problems = problem_count(40);
    for (int i = 0; i < problems; ++i) {
      for_random_problem(0xf02 + static_cast<std::uint64_t>(i), limits_of(dataflow), [&](const auto& p) {
        INFO(describe(p));
        PackOptions packing;
        packing.dataflow = dataflow, packing.array = p.options.array, packing.combine = p.options.combine;
        packing.zero_point = p.options.a_zero_point;
        const auto of = [&](const Weights& a, const GemmOptions& options) {
          return emulation::memory_image(a, p.n, p.b_type, options, p.array_options);
        };
        const auto same = [](const emulation::MemoryImage& x, const emulation::MemoryImage& y) {
          return x.a == y.a && x.sizes == y.sizes;
        };
        emulation::MemoryImage want = of(p.a.view(), p.options);
        const PackedMatrix streamed = pack(p.a.view(), packing);
        CHECK(same(of(streamed, p.options), want));
        GemmOptions automatic = p.options;
        if (is_sparse(dataflow)) {  // the packed matrix brings dataflow, array and combining
          automatic.dataflow = Dataflow::automatic, automatic.array = {}, automatic.combine = {};
          if (automatic.accumulate == Accumulate::chained) CHECK(same(of(streamed, automatic), want));
        }
        if (dataflow == Dataflow::csOS && p.options.combine.policy == CombinePolicy::in_order) {
          packing.format = Format::csr;
          CHECK(same(of(pack(p.a.view(), packing), p.options), want));
        }
      });
    }
  }
}

TEST_CASE("memory image: automatic is what emulate() makes of it") {
  const std::vector<std::int8_t> a{1, 0, 0, 2, 3, 4};
  const auto view = row_major(a.data(), 2, 3);
  GemmOptions options;
  CHECK(emulation::memory_image(view, 1, Type::s8, options).sizes[emulation::kSizesDataflow] == 1);
  options.accumulate = Accumulate::fold_then_add;
  CHECK(emulation::memory_image(view, 1, Type::s8, options).sizes[emulation::kSizesDataflow] == 2);
  const std::vector<std::int32_t> offsets{0, 2, 4}, columns{0, 2, 1, 2};
  const std::vector<std::int8_t> values{1, 2, 3, 4};
  const SparseView sparse = csr(2, 3, offsets.data(), columns.data(), values.data());
  CHECK(emulation::memory_image(sparse, 1, Type::s8, options).sizes[emulation::kSizesDataflow] == 5);
  options.accumulate = Accumulate::chained;
  CHECK(emulation::memory_image(sparse, 1, Type::s8, options).sizes[emulation::kSizesDataflow] == 7);
}

// The matrix of formats.md, as docs/images.md shows it.
TEST_CASE("memory image: known bytes") {
  const std::vector<std::int8_t> a{1, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 4, 0, 0, 5};
  const auto image = [&](Dataflow dataflow, Index height, Index width) {
    GemmOptions options;
    options.dataflow = dataflow;
    options.array = {height, width};
    options.combine.lanes = 2;
    return bytes_of(emulation::memory_image(row_major(a.data(), 3, 5), 2, Type::s8, options));
  };
  using Bytes = std::vector<std::uint8_t>;
  CHECK(image(Dataflow::dOS, 2, 3) == Bytes{1, 0, 0, 0, 0, 0, 2, 3, 0, 0, 0, 4, 0, 0, 5});
  CHECK(image(Dataflow::dWS, 3, 2) == Bytes{1, 0, 0, 0, 0, 0, 2, 3, 0, 0, 0, 4, 0, 0, 5});
  CHECK(image(Dataflow::dIS, 2, 3) == Bytes{1, 0, 0, 0, 0, 4, 0, 2, 0, 3, 0, 0, 0, 0, 5});
  CHECK(image(Dataflow::sOS, 2, 3) == Bytes{0xa9, 0x01, 1, 2, 3, 0x72, 4, 5});
  CHECK(image(Dataflow::sWS, 3, 2) == Bytes{0xa9, 0x01, 1, 2, 3, 0x72, 4, 5});
  CHECK(image(Dataflow::sIS, 2, 3) == Bytes{0x4d, 1, 4, 0x53, 2, 3, 0x0c, 5});
  CHECK(image(Dataflow::csOS, 2, 3) == Bytes{2, 0, 0, 0, 0xa1, 0x01, 0x0d, 0x02, 0x08, 0x18, 0,  //
                                             2, 0, 0, 0, 0x25, 0x02, 0x03, 0x08, 0x14, 0});
}

TEST_CASE("store sink: every word at the page's place in the page's order, and what it writes last is C") {
  for (const Dataflow dataflow : kDataflows) {
    const int problems = problem_count(80);
    for (int i = 0; i < problems; ++i) {
      Limits limits = limits_of(dataflow);
      limits.any_accumulator = i % 2 == 1;
      for_random_problem(0x5702e + static_cast<std::uint64_t>(i), limits, [&](auto& p) {
        using P = std::remove_reference_t<decltype(p)>;
        using T = typename P::CType;
        if constexpr (std::is_same_v<T, NumberOf<T>>) {
          p.options.alpha = 1, p.options.beta = 0, p.options.strict_nonfinite = false;
          p.array_options.bandwidth = 0, p.array_options.memory = {};
          INFO(describe(p));
          const StoreOrder order =
              store_order({p.a_pattern, p.n, p.a_type, p.b_type, p.options, p.array_options, false});
          std::size_t next = 0;
          Index misplaced = 0;
          std::map<std::pair<Index, Index>, std::uint64_t> last;
          const auto sink = emulation::store_sink(
              p.options, [&](const emulation::StoredWord& word, const emulation::TraceFold& fold) {
                last[{word.m, word.n}] = word.bits;
                if (next >= order.words.size()) return void(++misplaced);
                const Stored& s = order.words[next++];
                const Fold& f = order.folds[static_cast<std::size_t>(s.fold)];
                misplaced += word.cycle != s.cycle || word.column != s.column || word.step != s.step || word.m != s.m ||
                             word.n != s.n || fold.number != s.fold || fold.steps != f.steps ||
                             fold.start != order.starts[static_cast<std::size_t>(s.fold)];
              });
          emulation::Trace trace{sink.get(), {}};
          if (i % 3 != 0) trace.window.rows = {0, 1};
          emulation::Report report;
          auto c = p.c;
          const Status status =
              emulation::try_emulate(p.a.view(), p.b.view(), c.view(), p.options, p.array_options, report, {}, trace);
          REQUIRE_MESSAGE(status.ok(), status.to_string());
          CHECK(misplaced == 0);
          CHECK(next == order.words.size());
          CHECK(static_cast<Index>(next) == report.writes_c_words - report.writes_without_fold);
          CHECK(static_cast<Index>(last.size()) == p.m * p.n - report.writes_without_fold);
          Index wrong = 0;
          for (const auto& [place, bits] : last) {
            T value;
            std::memcpy(&value, &bits, sizeof value);
            wrong += !same_bits(value, c.view()(place.first, place.second));
          }
          CHECK(wrong == 0);
        }
      });
    }
  }
}

TEST_CASE("store sink: partial sums and totals, one by one") {
  for (const Dataflow dataflow : kDataflows) {
    const int problems = problem_count(60);
    for (int i = 0; i < problems; ++i) {
      Limits limits = limits_of(dataflow);
      limits.a_type = i % 3 == 0 ? Type::u8 : i % 3 == 1 ? Type::s8 : Type::s16;
      for_random_problem(0xadd + static_cast<std::uint64_t>(i), limits, [&](auto& p) {
        using T = typename std::remove_reference_t<decltype(p)>::CType;
        if constexpr (std::is_same_v<T, std::int32_t>) {
          p.options.alpha = 1, p.options.beta = 0, p.options.strict_nonfinite = false;
          p.array_options.bandwidth = 0, p.array_options.memory = {};
          INFO(describe(p));
          const StoreOrder order =
              store_order({p.a_pattern, p.n, p.a_type, p.b_type, p.options, p.array_options, false});
          // Modulo 2^32 a chained partial sum and a total so far are the same number.
          std::vector<std::uint32_t> memory(static_cast<std::size_t>(p.m * p.n));
          if (p.options.preload.data != nullptr) {
            for (Index m = 0; m < p.m; ++m) {
              for (Index n = 0; n < p.n; ++n) {
                memory[static_cast<std::size_t>(m * p.n + n)] = static_cast<std::uint32_t>(p.preload.view()(m, n));
              }
            }
          }
          std::vector<std::uint32_t> want, got;
          for (const Stored& s : order.words) {
            std::uint32_t& sum = memory[static_cast<std::size_t>(s.m * p.n + s.n)];
            for (const Index k : order.ks[static_cast<std::size_t>(s.fold)]) {
              const auto x = static_cast<std::uint32_t>(int{p.a.view()(s.m, k)} - p.options.a_zero_point);
              const auto y = static_cast<std::uint32_t>(int{p.b.view()(k, s.n)} - p.options.b_zero_point);
              sum += x * y;
            }
            want.push_back(sum);
          }
          const auto sink =
              emulation::store_sink(p.options, [&](const emulation::StoredWord& word, const emulation::TraceFold&) {
                got.push_back(static_cast<std::uint32_t>(word.bits));
              });
          auto c = p.c;
          emulation::emulate(p.a.view(), p.b.view(), c.view(), p.options, p.array_options, {}, {sink.get(), {}});
          CHECK(got == want);
        }
      });
    }
  }
}

TEST_CASE("memory image: what is refused, and leaves the image alone") {
  const std::vector<std::int8_t> a(6, 1);
  const auto view = row_major(a.data(), 2, 3);
  emulation::MemoryImage image;
  image.sizes[0] = 77;
  const auto refused = [&](const Weights& weights, Index n, Type b_type, const GemmOptions& options,
                           const emulation::ArrayOptions& array, Cause cause, const std::string& argument) {
    const Status status = emulation::try_memory_image(weights, n, b_type, options, array, image);
    CHECK_MESSAGE(status.cause() == cause, status.to_string());
    CHECK(status.argument() == argument);
    CHECK(image.sizes[0] == 77);
    CHECK(image.a.empty());
  };
  const GemmOptions plain;
  refused(view, -1, Type::s8, plain, {}, Cause::bad_shape, "n");
  refused(view, 1, Type::f32, plain, {}, Cause::bad_type, "b_type");
  refused(PackedMatrix(), 1, Type::s8, plain, {}, Cause::bad_pointer, "a");
  refused(row_major(static_cast<const std::int8_t*>(nullptr), 2, 3), 1, Type::s8, plain, {}, Cause::bad_pointer, "a");
  refused(view, Index{1} << 32, Type::s8, plain, {}, Cause::bad_shape, "n");
  refused(view, std::numeric_limits<Index>::max(), Type::s8, plain, {}, Cause::bad_shape, "n");
  GemmOptions options;
  options.array.height = 0;
  refused(view, 1, Type::s8, options, {}, Cause::bad_option, "options.array");
  options = plain, options.accumulate = Accumulate::fold_then_add, options.dataflow = Dataflow::sOS;
  refused(view, 1, Type::s8, options, {}, Cause::bad_option, "options.accumulate");
  options = plain, options.a_zero_point = 200;
  refused(view, 1, Type::s8, options, {}, Cause::bad_option, "options.a_zero_point");
  options = plain, options.accumulate = Accumulate::fold_then_add, options.fold_depth = 3;
  refused(view, 1, Type::s8, options, {}, Cause::bad_option, "options.fold_depth");
  const float sums[2] = {};
  options = plain, options.preload = row_major(sums, 2, 1);
  refused(view, 1, Type::s8, options, {}, Cause::bad_type, "options.preload");
  refused(view, 1, Type::s8, plain, {static_cast<Timing>(9)}, Cause::bad_option, "array_options.timing");
  emulation::ArrayOptions nibbles;
  nibbles.a_word_bits = 4;
  refused(view, 1, Type::s8, plain, nibbles, Cause::bad_option, "array_options.a_word_bits");
  options = plain, options.beta = 1;
  CHECK_THROWS_AS(emulation::store_sink(options, {}), const Error&);
}
