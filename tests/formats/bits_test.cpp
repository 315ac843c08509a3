// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "formats/bits.hpp"
#include "support/storage.hpp"

#include <doctest/doctest.h>

using namespace septet;
using namespace septet::detail;

TEST_CASE("the layout is the documented one: least significant bit first") {
  std::vector<std::byte> bytes;
  BitWriter writer(bytes);
  writer.put(0b101, 3);
  writer.put(0x1FF, 9);
  writer.align();
  writer.put(1, 1);
  CHECK(bytes == std::vector<std::byte>{std::byte{0xFD}, std::byte{0x0F}, std::byte{0x01}});
}

TEST_CASE("fields come back as they were written, and ones are counted") {
  support::Rng rng(5);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::byte> bytes;
    std::vector<std::pair<std::uint64_t, int>> fields;
    BitWriter writer(bytes);
    std::vector<char> bits;
    for (Index i = rng.between(0, 40); i > 0; --i) {
      const int width = static_cast<int>(rng.between(0, 64));
      const std::uint64_t value = width == 64 ? rng.bits() : rng.bits() & ((std::uint64_t{1} << width) - 1);
      fields.emplace_back(value, width);
      writer.put(value, width);
      for (int b = 0; b < width; ++b) bits.push_back(static_cast<char>((value >> b) & 1));
    }
    BitReader reader(bytes.data());
    for (const auto& [value, width] : fields) CHECK(reader.get(width) == value);
    for (int i = 0; i < 20; ++i) {
      const Index begin = rng.below(static_cast<Index>(bits.size()) + 1);
      const Index end = rng.between(begin, static_cast<Index>(bits.size()));
      CHECK(count_ones(bytes.data(), begin, end) == std::count(bits.begin() + begin, bits.begin() + end, 1));
    }
  }
}
