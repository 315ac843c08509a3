// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Files of one format (SEPTET_FUZZ_FORMAT), their frame made right, so that what is behind the checksum is reached:
// refused, or a matrix that can be used like any other.
#include "septet/septet.hpp"
#include "target.hpp"

#include <cstring>

namespace septet::fuzz {
namespace {

constexpr Format kFormat = Format::SEPTET_FUZZ_FORMAT;
// Memory follows the shape wherever a matrix is unpacked: the fuzzer's are small.
constexpr Index kMostRows = 300;

// Magic, version, length, checksum and the format, as they have to be.
void seal(Input& bytes) {
  constexpr std::size_t kHeader = 152;
  bytes.resize(std::max(kHeader, (bytes.size() + 7) / 8 * 8));
  std::memcpy(bytes.data(), "\x89SEPTET\n", 8);
  const std::uint32_t version = 1, header = kHeader;
  const std::uint64_t length = bytes.size();
  std::memcpy(bytes.data() + 8, &version, 4);
  std::memcpy(bytes.data() + 12, &header, 4);
  std::memcpy(bytes.data() + 16, &length, 8);
  bytes[32] = static_cast<std::uint8_t>(kFormat);
  std::uint64_t sum = 0xcbf29ce484222325;
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    if (at == 24) continue;
    sum = (sum ^ word) * 0x100000001b3;
    sum ^= sum >> 32;
  }
  std::memcpy(bytes.data() + 24, &sum, 8);
}

Index number_at(const Input& bytes, std::size_t at) {
  Index value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

// The same length again, as a call for the copy that sanitizers watch.
Status read(const Input& bytes, PackedMatrix& packed) {
  const Input exact(bytes);
  return try_deserialize(exact.data(), static_cast<Index>(exact.size()), packed);
}

void use(const PackedMatrix& packed) {
  const Index m = packed.rows(), k = packed.cols();
  std::vector<double> elements(static_cast<std::size_t>(m * k));
  const Matrix a(elements.data(), packed.type(), m, k, k, 1);
  unpack(packed, a);
  PackOptions csr;
  csr.format = Format::csr, csr.zero_point = packed.options().zero_point;
  for (const Index n : {Index{1}, Index{19}}) {
    const std::vector<double> b(static_cast<std::size_t>(k * n));
    std::vector<double> c(static_cast<std::size_t>(m * n));
    const ConstMatrix right(b.data(), packed.type(), k, n, n, 1);
    if (packed.options().side == Side::left)
      gemm(packed, right, Matrix(c.data(), accumulator_of(packed.type()), m, n, n, 1));
  }
  require(pack(packed, csr).nnz() == packed.nnz(), "as many non-zeros in another format");
  require(update_values(packed, ConstMatrix(a)).nnz() == packed.nnz(), "its own values fit");
  std::vector<std::byte> bytes;
  require(try_serialize(packed, bytes).ok(), "can be written");
  PackedMatrix again;
  require(try_deserialize(bytes.data(), static_cast<Index>(bytes.size()), again).ok(), "can be read again");
}

template <class T>
void append_seeds(Index m, Index k, Index step, const PackOptions& options, std::vector<Input>& all) {
  std::vector<T> a(static_cast<std::size_t>(m * k), static_cast<T>(options.zero_point));
  for (std::size_t i = 0; i < a.size(); i += static_cast<std::size_t>(step)) a[i] = static_cast<T>(1 + i % 100);
  PackedMatrix packed;
  if (!try_pack(row_major(a.data(), m, k), options, packed).ok()) return;
  std::vector<std::byte> bytes;
  require(try_serialize(packed, bytes).ok(), "seeds can be written");
  Input input(bytes.size());
  std::memcpy(input.data(), bytes.data(), bytes.size());
  all.push_back(input);
}

}  // namespace

std::vector<Input> seeds() {
  std::vector<Input> all;
  PackOptions options;
  options.format = kFormat, options.array = {3, 4}, options.block = {3, 2}, options.slice = {4, 8};
  options.group = {2, 3}, options.tile_cols = 5;
  append_seeds<float>(7, 9, 4, options, all);
  append_seeds<double>(20, 70, 7, options, all);
  append_seeds<std::int16_t>(1, 30, 3, options, all);
  append_seeds<float>(0, 5, 1, options, all);
  append_seeds<float>(270, 6, 50, options, all);
  if (kFormat == Format::tsb) {
    for (const Dataflow dataflow : {Dataflow::sWS, Dataflow::sIS}) {
      options.dataflow = dataflow;
      append_seeds<float>(7, 9, 4, options, all);
    }
    options.dataflow = Dataflow::automatic;
  }
  if (kFormat == Format::csb) {
    options.combine.policy = CombinePolicy::first_fit;
    append_seeds<float>(7, 30, 4, options, all);
  }
  options.zero_point = 3;
  append_seeds<std::uint8_t>(9, 12, 5, options, all);
  require(all.size() >= 5, "the format packs the seeds");
  return all;
}

}  // namespace septet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace septet;
  PackedMatrix packed;
  fuzz::Input bytes(data, data + size);
  static_cast<void>(fuzz::read(bytes, packed));  // as it is: mostly refused by the checksum
  fuzz::seal(bytes);
  const Index rows = fuzz::number_at(bytes, 40), cols = fuzz::number_at(bytes, 48);
  const Status status = fuzz::read(bytes, packed);
  if (!status.ok()) {
    fuzz::require(status.cause() == Cause::bad_file || status.cause() == Cause::out_of_memory, "another cause");
    return 0;
  }
  if (rows <= fuzz::kMostRows && cols <= fuzz::kMostRows) fuzz::use(packed);
  return 0;
}
