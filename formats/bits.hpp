// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Fields of bits in a byte stream, least significant bit first: bit b of the stream is bit b % 8 of byte b / 8.
#pragma once

#include "septet/types.hpp"

#include <cstring>
#include <vector>

namespace septet::detail {

/// Appends fields to a byte vector.
class BitWriter {
 public:
  explicit BitWriter(std::vector<std::byte>& bytes) : bytes_(bytes) {}

  void put(std::uint64_t value, int bits) {
    for (int b = 0; b < bits; ++b) {
      if (used_ == 0) bytes_.push_back(std::byte{0});
      if ((value >> b) & 1) bytes_.back() |= std::byte{1} << used_;
      used_ = (used_ + 1) % 8;
    }
  }
  /// The next field starts on a byte.
  void align() { used_ = 0; }

 private:
  std::vector<std::byte>& bytes_;
  int used_ = 0;  // bits in use of the last byte; 0: it is full, or there is none
};

/// Reads fields back, from a bit offset on.
class BitReader {
 public:
  explicit BitReader(const std::byte* bytes, Index bit = 0) : bytes_(bytes), bit_(bit) {}

  std::uint64_t get(int bits) {
    std::uint64_t value = 0;
    int got = 0;
    while (got < bits) {
      const int offset = static_cast<int>(bit_ & 7);
      const int take = 8 - offset < bits - got ? 8 - offset : bits - got;
      const auto byte = static_cast<std::uint64_t>(bytes_[bit_ >> 3]);
      value |= ((byte >> offset) & ((1u << take) - 1)) << got;
      got += take;
      bit_ += take;
    }
    return value;
  }
  void align() { bit_ = (bit_ + 7) & ~Index{7}; }
  Index bit() const { return bit_; }

 private:
  const std::byte* bytes_;
  Index bit_;
};

/// Replaces the field of `bits` bits at bit `bit` of the stream.
inline void replace_field(std::byte* bytes, Index bit, std::uint64_t value, int bits) {
  for (int b = 0; b < bits; ++b, ++bit) {
    const std::byte one = std::byte{1} << (bit & 7);
    if ((value >> b) & 1) {
      bytes[bit >> 3] |= one;
    } else {
      bytes[bit >> 3] &= ~one;
    }
  }
}

/// Number of ones among bits [begin, end) of the stream.
inline Index count_ones(const std::byte* bytes, Index begin, Index end) {
  Index ones = 0;
  BitReader head(bytes, begin);
  const Index to_byte = (8 - begin % 8) % 8;
  if (end - begin <= to_byte) return __builtin_popcountll(head.get(static_cast<int>(end - begin)));
  ones += __builtin_popcountll(head.get(static_cast<int>(to_byte)));
  Index byte = (begin + to_byte) / 8;
  for (; (byte + 8) * 8 <= end; byte += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes + byte, sizeof(word));
    ones += __builtin_popcountll(word);
  }
  BitReader tail(bytes, byte * 8);
  return ones + __builtin_popcountll(tail.get(static_cast<int>(end - byte * 8)));
}

}  // namespace septet::detail
